"""The whole way on tiny questions: what stands is used, and nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tiny import RECIPE, WHY, Ear, asking, network, two_of, without_circumstances

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
    early_stop,
    exceeds,
    loss,
    not_worse,
    question,
    sgd,
    solved,
)
from whether.answer import Run
from whether.data.cards import DIGITS
from whether.errors import RequestError, WorkError
from whether.execute.progress import Finished, Planned, Training
from whether.seeds import Seed
from whether.store.verify import verify


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


def test_an_answer_about_a_measure_of_which_less_is_better_stands(lab: Lab) -> None:
    claim = not_worse(at("ticket", 50), "dense", by=5, unit="nats", because=WHY)
    question = asking(metric="loss", claims=[claim])
    answer = lab.run(question)
    assert "is not higher than" in answer.claims[0].said
    assert lab.answered(question) == answer, "it would be told anew with every command"
