"""The lab, the whole way on tiny questions: what stands is used, what is damaged is made again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from whether import (
    Answer,
    Lab,
    Measure,
    Network,
    Question,
    Recipe,
    Replicate,
    accuracy,
    adam,
    at,
    curve,
    density,
    early_stop,
    exceeds,
    loss,
    not_worse,
    question,
    sgd,
    solved,
)
from whether.answer import Run
from whether.data.cards import DIGITS, Data
from whether.data.tensors import tensors
from whether.errors import DamageError, RequestError, WorkError
from whether.execute.progress import Event, Finished, Note, Planned, Training
from whether.history.resolve import Resolver
from whether.probe import measures
from whether.seeds import Seed
from whether.store.verify import verify

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"
Arms = Mapping[str, Any]


def network(rep: Any = 1, **changes: Any) -> Network:
    said: dict[str, Any] = {"data": "digits", "seed": rep, "recipe": RECIPE} | changes
    return Network(said.pop("model", "mlp-8"), **said)


def arms_of(rep: Replicate) -> Arms:
    start = network(rep)
    dense = start.train()
    return {"dense": dense, "ticket": {50.0: start.masked(dense.prune(fraction=0.5)).train()}}


def asking(arms: Callable[[Replicate], Arms] = arms_of, **changes: Any) -> Question:
    claims = [not_worse(at("ticket", 50), "dense", by=30, because=WHY)]
    said: dict[str, Any] = {"claims": claims, "if_yes": "this", "if_no": "that", "replicates": 2, "name": "tiny"}
    return Question(arms, **(said | changes))


def two_of(a: Callable[[Replicate], Any], b: Callable[[Replicate], Any], **changes: Any) -> Question:
    claims = [exceeds("a", "b", by=1, unit=changes.pop("unit", "points"), because=WHY)]
    return asking(lambda rep: {"a": a(rep), "b": b(rep)}, **({"claims": claims} | changes))


class Ear:
    """Hears what a lab tells."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def heard(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def trained(self) -> int:
        return int(self.heard(Planned)[0].plan.steps_to_train) if self.heard(Planned) else 0


@pytest.fixture(autouse=True)
def _no_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and are looked at elsewhere."""
    if "pages" not in request.fixturenames:
        monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})


@pytest.fixture
def pages() -> None:
    """Write them after all."""


@pytest.fixture(scope="session")
def _answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab in which the tiny question was answered, made once and copied."""
    root = tmp_path_factory.mktemp("answered") / "lab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        Lab(root).run(asking())
    return root


@pytest.fixture
def stood(_answered: Path, tmp_path: Path) -> Lab:
    """The lab in which the tiny question was answered."""
    return Lab(shutil.copytree(_answered, tmp_path / "stood"))


@pytest.fixture
def ear() -> Ear:
    return Ear()


def without_circumstances(answer: Answer) -> dict[str, Any]:
    said = json.loads(answer.to_json())
    return {name: value for name, value in said.items() if name not in ("circumstances", "ledger")}


class TestRunning:
    def test_a_question_is_answered(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        assert answer.verdict == "yes"
        assert [(run.arm, run.replicate, run.outcome, run.steps) for run in answer.table] == [
            (name, place, "done", 20) for name in ("dense", "ticket at 50") for place in (0, 1)
        ]
        assert answer.data == {
            "name": "digits",
            "split": "validation",
            "rows": 300,
            "classes": 10,
            "one_split": False,
            "content": DIGITS.digest,
        }
        assert set(answer.curves) == {"dense", "ticket at 50"}
        assert answer.curves["dense"]["step"][-1] == 20
        assert answer.ledger["count"] >= 0
        assert [run.seed for run in answer.table[:2]] == [Seed(0).seed("replicate", place).hex for place in (0, 1)]

    def test_again_it_trains_nothing_and_says_the_same(self, stood: Lab, ear: Ear) -> None:
        before = stood.latest()
        assert stood.run(asking(), progress=ear) == before
        assert [type(event) for event in ear.events] == [Finished]
        assert stood.answered(asking()) == before

    def test_what_it_returns_at_first_is_what_stands(self, lab: Lab, ear: Ear) -> None:
        first = lab.run(asking(replicates=1), progress=ear)
        assert first == lab.run(asking(replicates=1)) == lab.latest()
        assert ear.heard(Finished)[-1].answer == first
        assert ear.heard(Training)
        assert ear.trained == 2 * 20

    def test_more_replicates_train_the_new_ones_only(self, stood: Lab, ear: Ear) -> None:
        few = stood.latest()
        many = stood.run(asking(replicates=3), progress=ear)
        assert ear.trained == 2 * 20
        assert few is not None

        def of(answer: Answer) -> dict[tuple[str, int], Run]:
            return {(run.arm, run.replicate): run for run in answer.table}

        assert of(few).items() <= of(many).items()

    def test_another_question_shares_what_stands(self, stood: Lab, ear: Ear) -> None:
        other = two_of(
            lambda rep: loss(network(rep).train()), lambda rep: loss(network(rep)), unit="nats", name="other"
        )
        stood.run(other, progress=ear)
        assert ear.trained == 0
        assert ear.heard(Planned)[0].plan.steps_stored == 2 * 20

    def test_another_root_of_seeds_is_another_answer(self, stood: Lab, ear: Ear) -> None:
        one, other = stood.latest(), stood.run(asking(), seed=7, progress=ear)
        assert one is not None
        assert ear.trained == 4 * 20
        assert {run.value for run in one.table} != {run.value for run in other.table}
        assert {run.state for run in one.table}.isdisjoint(run.state for run in other.table)

    def test_two_labs_say_the_same_but_for_circumstances(self, stood: Lab, lab: Lab) -> None:
        one, other = stood.latest(), lab.run(asking())
        assert one is not None
        assert without_circumstances(one) == without_circumstances(other)

    def test_changed_words_are_told_anew_and_nothing_is_trained(self, stood: Lab, ear: Ear) -> None:
        claim = not_worse(at("ticket", 50), "dense", by=30, because="another reason", if_no="a no of its own")
        for changed in ({"if_yes": "these"}, {"text": "Is it?"}, {"claims": [claim]}):
            assert stood.answered(asking(**changed)) is None
            answer = stood.run(asking(**changed), progress=ear)
            assert (answer.if_yes, answer.text) == (changed.get("if_yes", "this"), changed.get("text", ""))
            assert stood.run(asking(**changed)) == answer
        assert answer.claims[0].because == "another reason"
        assert ear.trained == 0
        assert len(stood.answers()) == 1
        assert not verify(stood.store)

    def test_another_rule_is_another_answer(self, stood: Lab) -> None:
        claims = [
            not_worse(at("ticket", 50), "dense", by=30, because=WHY),
            exceeds("dense", at("ticket", 50), by=30, because=WHY),
        ]
        ways: list[dict[str, Any]] = [
            {"claims": claims},
            {"claims": claims, "combine": "any"},
            {"claims": claims[:1], "secondary": claims[1:]},
            {"claims": claims[:1], "alpha": 0.1},
            {"claims": claims[:1], "pairing": "none"},
            {"claims": [not_worse(at("ticket", 50), "dense", by=31, because=WHY)]},
            {"claims": claims, "combine": "ordered"},
            {"claims": claims, "combine": "ordered", "hold_to": 1},
        ]
        answers = [stood.run(asking(**way)) for way in ways]
        assert len({answer.digest for answer in answers}) == len(ways)
        assert [answer.verdict for answer in answers[:3]] == ["no", "yes", "yes"]

    @pytest.mark.usefixtures("pages")
    def test_the_page_and_the_table_are_written_beside_it(self, stood: Lab) -> None:
        answer = stood.run(asking(text="Is a page written?"))
        folder = stood.folder(answer)
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "Is a page written?" in page
        assert (folder / "runs.csv").read_text(encoding="utf-8").count("\n") == 1 + 4
        assert {path.suffix for path in (folder / "figures").iterdir()} == {".svg", ".png"}

    @pytest.mark.parametrize("given", [lambda: asking, lambda: "tiny", lambda: question()(doubtful)])
    def test_what_is_no_question(self, lab: Lab, given: Callable[[], Any]) -> None:
        with pytest.raises(
            RequestError, match=r"got a \w+; expected a Question: call the template, as in lottery_ticket"
        ):
            lab.run(given())


def doubtful(width: int = 3) -> Question:
    """Is it?"""
    return asking()


class TestXor:
    def test_shares_get_their_intervals(self, lab: Lab) -> None:
        recipe = Recipe(optimizer=adam(0.1), total="60it", batch=4)

        def net(rep: Replicate, width: int) -> Measure:
            return solved(network(rep, model=f"mlp-{width}", data="xor", recipe=recipe).train())

        asked = two_of(lambda rep: net(rep, 12), lambda rep: net(rep, 1), replicates=8)
        answer = lab.run(asked)
        assert answer.claims[0].method == "Newcombe paired"
        assert {run.value for run in answer.table} <= {0.0, 100.0}
        assert answer.claims[0].estimate > 25
        assert answer.data["one_split"]


class TestWhatIsAsked:
    def test_a_value(self, stood: Lab, ear: Ear) -> None:
        answer = stood.latest()
        assert answer is not None
        rep = Seed(0).seed("replicate", 0)
        value = stood.value(accuracy(network(rep).train()), progress=ear)
        assert value == next(run.value for run in answer.table if run.arm == "dense")
        assert ear.events == []

    def test_values_of_every_kind(self, stood: Lab) -> None:
        dense = network(Seed(0).seed("replicate", 0)).train()
        ticket = network(Seed(0).seed("replicate", 0)).masked(dense.prune(fraction=0.5)).train()
        assert stood.value(density(dense)) == 100.0
        assert stood.value(density(ticket)) == 50.0
        assert stood.value(loss(dense)) == pytest.approx(
            stood.value(curve(dense, "validation loss"))["values"][-1], rel=1e-4
        )
        assert 0 < stood.value(early_stop(dense)) <= 20
        told = stood.value(curve(dense))
        assert told["values"][-1] == pytest.approx(stood.value(accuracy(dense)))
        assert len(told["steps"]) == len(told["values"])

    def test_a_network_as_a_module(self, lab: Lab) -> None:
        dense = network(5).train(until="10it")
        module = lab.load(dense)
        assert isinstance(module, nn.Module)
        assert not module.training
        assert measures.accuracy(module, tensors(Data(name="digits")), "validation") == lab.value(accuracy(dense))
        fresh = lab.load(network(5))
        assert any((a != b).any() for a, b in zip(module.parameters(), fresh.parameters(), strict=True))

    def test_values_do_not_depend_on_what_the_lab_happens_to_hold(self, tmp_path: Path) -> None:
        """Going on from a point needs its optimiser state, also when the point was stored before anybody went on."""
        early = network(3).train(until="10it")
        forked = loss(early.train(order=9))
        longer = loss(network(3).train().train(RECIPE.but(total="30it")))
        fresh = [Lab(tmp_path / f"fresh{place}").value(asked) for place, asked in enumerate((forked, longer))]
        used = Lab(tmp_path / "used")
        used.run(two_of(lambda rep: network(3).train(), lambda rep: early, replicates=1))
        assert [used.value(forked), used.value(longer)] == fresh
        assert not verify(used.store)

    def test_a_plan_tells_what_stands(self, stood: Lab, lab: Lab) -> None:
        assert lab.plan(asking()).steps_to_train == 4 * 20
        assert stood.plan(asking()).steps_to_train == 0
        assert stood.plan(asking(replicates=3)).steps_to_train == 2 * 20
        both = lab.plan(asking(), asking(replicates=3, name="more"))
        assert (both.steps_to_train, both.questions) == (6 * 20, ["tiny", "more"])


class TestDivergence:
    WILD = RECIPE.but(optimizer=sgd(1e38), total="10it")

    def test_it_is_an_outcome_at_the_worst_value(self, lab: Lab) -> None:
        def wild(rep: Replicate) -> Network:
            return network(rep, recipe=self.WILD).train()

        answer = lab.run(two_of(lambda rep: network(rep).train(), wild))
        lost = [run for run in answer.table if run.arm == "b"]
        assert [(run.outcome, run.value) for run in lost] == [("diverged", 10.0)] * 2
        assert all("diverged" in run.note for run in lost)
        assert (answer.diverged, [arm.diverged for arm in answer.arms]) == (2, [0, 2])
        assert {run.outcome for run in answer.table if run.arm == "a"} == {"done"}

    @pytest.mark.parametrize(
        ("ask", "unit", "value"), [(loss, "nats", 2.302585), (early_stop, "it", 10.0), (solved, "points", 0.0)]
    )
    def test_each_measure_has_a_worst_value(self, lab: Lab, ask: Any, unit: str, value: float) -> None:
        def wild(rep: Replicate) -> Measure:
            found: Measure = ask(network(rep, recipe=self.WILD).train())
            return found

        answer = lab.run(two_of(lambda rep: ask(network(rep).train(until="10it")), wild, unit=unit, replicates=1))
        assert [run.value for run in answer.table if run.arm == "b"] == [pytest.approx(value)]

    def test_there_is_nothing_to_measure_or_load(self, lab: Lab) -> None:
        lost = network(recipe=self.WILD).train()
        with pytest.raises(WorkError, match=r"the network [0-9a-f]{12} diverged; there are no weights to go on from"):
            lab.value(accuracy(lost))
        with pytest.raises(WorkError, match="diverged; there are no weights to go on from"):
            lab.load(lost)


class TestTestSplit:
    def entries(self, lab: Lab) -> list[Mapping[str, Any]]:
        return [entry.body for entry in lab.store.ledger.entries() if entry.kind == "opened"]

    def test_it_is_opened_when_told_and_counted_once(self, stood: Lab) -> None:
        assert self.entries(stood) == []
        answer = stood.run(asking(), open_test=True)
        assert (answer.split, answer.data["rows"]) == ("test", 597)
        stood.run(asking(), open_test=True)
        assert self.entries(stood) == [{"question": "tiny", "design": answer.digest, "data": DIGITS.digest}]

    def test_naming_it_is_opening_it(self, lab: Lab) -> None:
        lab.run(two_of(lambda rep: accuracy(network(rep), split="test"), lambda rep: network(rep), replicates=1))
        assert [body["question"] for body in self.entries(lab)] == ["tiny"]

    def test_so_is_a_single_value(self, lab: Lab) -> None:
        asked = accuracy(network(), split="test")
        lab.value(asked)
        lab.value(asked)
        lab.value(accuracy(network()))
        assert self.entries(lab) == [
            {"question": "", "design": Resolver().measure(asked).digest, "data": DIGITS.digest}
        ]


def bent(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(raw))


class TestDamage:
    def first(self, lab: Lab, arm: str = "dense") -> Run:
        answer = lab.latest()
        assert answer is not None
        return next(run for run in answer.table if run.arm == arm)

    def test_a_bent_state_is_made_again_to_the_bit(self, stood: Lab, ear: Ear) -> None:
        state = self.first(stood).state
        path = stood.store.states.path(state)
        before = path.read_bytes()
        bent(path)
        dense = network(Seed(0).seed("replicate", 0)).train()
        stood.value(loss(dense), progress=ear)
        assert path.read_bytes() == before
        assert "It is set aside in work/damaged and made again" in ear.heard(Note)[0].text
        assert not verify(stood.store)

    @pytest.mark.parametrize("kind", ["state", "measure"])
    @pytest.mark.parametrize("how", ["bent", "removed"])
    def test_so_is_a_record(self, stood: Lab, kind: str, how: str) -> None:
        before = stood.latest()
        assert before is not None
        path = stood.store.records.path(getattr(self.first(stood), kind))
        bent(path) if how == "bent" else path.unlink()
        again = stood.run(asking(if_yes="said anew"))
        assert [run.value for run in again.table] == [run.value for run in before.table]
        assert again.curves == before.curves
        assert not verify(stood.store)

    def test_an_edited_answer_is_refused(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        path = stood.folder(answer) / "answer.json"
        path.chmod(0o644)
        path.write_text(
            path.read_text(encoding="utf-8").replace('"verdict": "yes"', '"verdict": "no"'), encoding="utf-8"
        )
        for read in (lambda: stood.run(asking()), stood.latest, lambda: stood.answered(asking()), stood.answers):
            with pytest.raises(
                DamageError, match=r"answer\.json is not what the ledger says was answered\. It is not used"
            ):
                read()

    def test_and_once_removed_it_is_given_again(self, stood: Lab, ear: Ear) -> None:
        answer = stood.latest()
        assert answer is not None
        shutil.rmtree(stood.folder(answer))
        again = stood.run(asking(), progress=ear)
        assert without_circumstances(again) == without_circumstances(answer)
        assert ear.trained == 0

    def test_an_answer_that_was_not_entered_is_given_again(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(type(lab.store.ledger), "append", killed)
            with pytest.raises(KeyboardInterrupt):
                lab.run(asking(replicates=1))
        assert lab.answered(asking(replicates=1)) is None
        assert lab.run(asking(replicates=1)).verdict == "inconclusive"
        assert not verify(lab.store)


class TestFinding:
    def test_answers_by_name_and_time(self, stood: Lab) -> None:
        first = stood.latest()
        second = stood.run(two_of(lambda rep: network(rep), lambda rep: network(rep).train(), name="other"))
        assert {answer.name for _, answer in stood.answers()} == {"tiny", "other"}
        assert stood.find("tiny") == first
        assert stood.find("other") == stood.latest() == second
        assert stood.find("nobody") is None
        assert stood.run(asking()) == stood.latest()  # the last one asked for is the last one

    def test_an_empty_lab_has_none(self, lab: Lab) -> None:
        assert (lab.latest(), lab.answers(), lab.find("tiny"), lab.answered(asking())) == (None, [], None, None)

    def test_why(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        told = stood.why(answer.table[0].state[:12])
        assert told["kind"] == "point"
        assert told["state_stands"]
        assert "another history" in told["would_train_again_for"][0]
        assert stood.why(answer.table[0].measure.upper()[:12])["value"] == answer.table[0].value
        stood.store.states.path(answer.table[0].state).unlink()
        assert "its state was dropped" in stood.why(answer.table[0].state)["would_train_again_for"][0]

    def test_why_of_nothing_and_of_too_much(self, stood: Lab) -> None:
        with pytest.raises(
            RequestError, match=r"unknown digest 'zz'\. No record of this lab begins so; `whether status`"
        ):
            stood.why("zz")
        with pytest.raises(RequestError, match=r"\d+ records begin with '' \(.*, …\); give more of the digest"):
            stood.why("")

    def test_repr(self, lab: Lab) -> None:
        assert repr(lab) == f"Lab({str(lab.root)!r})"


PLANNING = """
import sys
from whether import Lab, Network, Question, Recipe, adam, at, not_worse
sys.path.insert(0, {tests!r})
def arms(rep):
    start = Network("mlp-8", data="digits", seed=rep, recipe=Recipe(optimizer=adam(0.01), total="20it", batch=60))
    dense = start.train()
    return {{"dense": dense, "ticket": {{50.0: start.masked(dense.prune(fraction=0.5)).train()}}}}
claim = not_worse(at("ticket", 50), "dense", by=30, because="less is noise")
asked = Question(arms, claims=[claim], if_yes="this", if_no="that", replicates=2, name="tiny")
lab = Lab({root!r}, create=False)
print(lab.answered(asked).verdict, lab.run(asked).verdict, lab.plan(asked).steps_to_train, lab.latest().verdict)
print(sorted({{"torch", "pandas", "matplotlib"}} & set(sys.modules)))
"""


def test_what_stands_is_told_without_torch(stood: Lab) -> None:
    code = PLANNING.format(tests=str(Path(__file__).parent), root=str(stood.root))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "yes yes 0 yes\n[]\n"
