"""Looking more than once: by index, only while the verdict is open, in the ledger, never beyond what was named."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tiny import WHY, Ear, arms_of, asking, network, without_circumstances

from whether import Lab, Question, Replicate, accuracy, at, exceeds, not_worse
from whether.audit import audit
from whether.campaign import Means
from whether.conclude import conclude, look, needed
from whether.errors import RequestError
from whether.execute.progress import Note, Planned

LOOKS = (2, 4, 6)
EASY = not_worse(at("ticket", 50), "dense", by=90, because=WHY)
HARD = not_worse(at("ticket", 50), "dense", by=0.5, because=WHY)


def looking(claims: Any = (EASY,), **changes: Any) -> Question:
    said: dict[str, Any] = {"claims": list(claims), "replicates": None, "looks": LOOKS, "spending": "pocock"} | changes
    return asking(**said)


def looked(lab: Lab) -> list[tuple[int, str]]:
    return [(body["n"], body["verdict"]) for body in lab.store.ledger.said("looked")]


def test_it_stops_at_the_look_that_decides(lab: Lab, ear: Ear) -> None:
    answer = lab.run(looking(), progress=ear)
    assert (answer.verdict, answer.planned, list(answer.schedule)) == ("yes", 6, [2, 4, 6])
    assert answer.replicates == answer.looks[-1].n < 6
    assert Counter(run.arm for run in answer.table) == dict.fromkeys(["dense", "ticket at 50"], answer.replicates)
    assert {run.replicate for run in answer.table} == set(range(answer.replicates))
    assert looked(lab) == [(item.n, item.verdict) for item in answer.looks]
    trained = sum(1 for name in lab.store.records.listing() if lab.store.records.read(name)["kind"] == "point")
    assert trained == 2 * answer.replicates, "nothing was trained for a later look"
    assert audit(lab.store) == []


def test_it_goes_on_while_the_verdict_is_open(lab: Lab, ear: Ear) -> None:
    answer = lab.run(looking([HARD]), progress=ear)
    assert answer.replicates == answer.looks[-1].n
    assert [item.n for item in answer.looks] == list(LOOKS[: len(answer.looks)])
    assert all(item.verdict == "inconclusive" for item in answer.looks[:-1])
    told = [note.text for note in ear.heard(Note) if "still open" in note.text]
    assert len(told) == len(answer.looks) - 1 >= 1
    assert len(ear.heard(Planned)) == 1, "what a look asks for is added to the work that goes on"
    assert audit(lab.store) == []


def test_asked_again_it_trains_nothing_and_looks_no_more(lab: Lab) -> None:
    first = lab.run(looking([HARD]))
    before = looked(lab)
    again = lab.run(looking([HARD]))
    assert without_circumstances(again) == without_circumstances(first)
    assert looked(lab) == before


def test_stopped_after_a_look_it_goes_on_there(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = Lab(lab.root.parent / "other").run(looking([HARD]))

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("whether.looking.Looking._go_on", stop)
        with pytest.raises(KeyboardInterrupt):
            lab.run(looking([HARD]))
    assert len(looked(lab)) == 1
    answer = lab.run(looking([HARD]))
    ours, theirs = without_circumstances(answer), without_circumstances(undisturbed)
    assert ours == theirs
    assert looked(lab) == [(item.n, item.verdict) for item in answer.looks], "no look was entered twice"


def test_questions_go_on_beside_one_another(lab: Lab) -> None:
    ear = Ear()
    hard = looking([HARD], name="hard")
    easy = looking(name="easy")
    several = lab.run_all([hard, easy, asking(name="plain")], progress=ear)
    alone = [Lab(lab.root.parent / item.name).run(item) for item in (hard, easy)]
    for one, other in zip(several, alone, strict=False):
        assert one is not None
        assert without_circumstances(one) | {"overrun": []} == without_circumstances(other) | {"overrun": []}


def three_arms(rep: Replicate) -> dict[str, Any]:
    start = network(rep)
    return {"dense": start.train(), "fresh": start, "other": network(rep.seed("other")).train()}


def test_an_arm_stops_when_no_open_claim_needs_it(lab: Lab) -> None:
    claims = [
        exceeds("dense", "fresh", by=1, because=WHY),
        not_worse("dense", "other", by=0.2, because=WHY),
    ]
    answer = lab.run(looking(claims, arms=three_arms, looks=(3, 6, 9), alpha=0.2))
    settled = answer.claims[0]
    assert (settled.verdict, settled.look, settled.n) == ("yes", 3, 3)
    assert answer.replicates > 3
    runs = Counter(run.arm for run in answer.table)
    assert runs == {"dense": answer.replicates, "other": answer.replicates, "fresh": 3}
    assert answer.looks[-1].estimates[0] is None, "it was decided before, and is not read again"
    assert audit(lab.store) == []


def test_what_is_trained_ahead_is_overrun_and_not_analysed(lab: Lab) -> None:
    ahead = lab.run_all([looking([HARD])], means=Means(ahead=True))[0]
    calm = Lab(lab.root.parent / "calm").run(looking([HARD]))
    assert ahead is not None
    ours, theirs = (without_circumstances(answer) | {"overrun": 0} for answer in (ahead, calm))
    assert ours == theirs
    easy = Lab(lab.root.parent / "easy")
    early = easy.run_all([looking()], means=Means(ahead=True))[0]
    assert early is not None
    assert early.replicates < 6
    assert {run.outcome for run in early.overrun} <= {"overrun"}
    assert {run.replicate for run in early.overrun} & set(range(early.replicates)) == set()
    assert audit(easy.store) == []


def test_runs_of_another_question_beyond_the_look_are_overrun(lab: Lab) -> None:
    lab.run(asking(replicates=6, claims=[EASY]))
    answer = lab.run(looking())
    assert {run.replicate for run in answer.overrun} == set(range(answer.replicates, 6))
    assert {run.outcome for run in answer.overrun} == {"overrun"}
    assert all(run.note.startswith("done") for run in answer.overrun)


def test_a_budget_ends_between_looks(lab: Lab) -> None:
    assert lab.run_all([looking([HARD])], means=Means(budget=1e-9)) == [None]
    answer = lab.run(looking([HARD]))
    assert answer.looks[-1].n == answer.replicates


class TestPure:
    """The same from numbers alone."""

    @staticmethod
    def columns(lab: Lab, question: Question) -> Any:
        from whether.evidence import columns

        return columns(
            lab.ask(dataclasses.replace(question, looks=LOOKS)), lambda digest: lab.store.records.read(digest)
        )

    def test_conclude_reads_no_further_than_the_look_that_decides(self, lab: Lab) -> None:
        lab.run(asking(replicates=6, claims=[EASY]))
        columns = self.columns(lab, looking())
        found = conclude(looking(), columns, digest="", grade="", split="", data={})
        assert found.replicates == look(looking(), columns).looks[-1].n < 6
        assert max(run.replicate for run in found.table) == found.replicates - 1

    def test_no_other_look_is_taken(self, lab: Lab) -> None:
        lab.run(asking(replicates=6, claims=[EASY]))
        columns = [column.first(1) for column in self.columns(lab, looking())]
        with pytest.raises(
            RequestError, match=r"tiny is looked at with 2, 4, 6 replicates, and an arm has 1; no other"
        ):
            look(looking(), columns)
        columns = [column.first(5) for column in self.columns(lab, looking([HARD]))]
        assert [item.n for item in look(looking([HARD]), columns).looks] == [2, 4], "at 5 nothing is read"

    def test_arms_that_no_claim_names_stay_with_it(self, lab: Lab) -> None:
        lab.run(asking(replicates=6, claims=[EASY]))
        columns = self.columns(lab, looking())
        found = look(looking([HARD]), [column.first(2) for column in columns])
        assert needed(looking([HARD]), columns, found) == {"dense", "ticket at 50"}


def test_the_page_of_a_question_with_looks(lab: Lab, pages: None) -> None:
    answer = lab.run(looking([HARD]))
    page = (lab.folder(answer) / "report.html").read_text()
    assert "look" in page.lower()
    assert Path(lab.folder(answer) / "runs.csv").is_file()


def test_accuracy_of_a_stopped_arm_can_still_be_asked(lab: Lab) -> None:
    lab.run(looking())
    assert isinstance(lab.value(accuracy(arms_of(Replicate(7))["dense"])), float)


class TestAhead:
    """What is trained ahead for one question, beside another that is open."""

    class Driver:
        """Takes everything and does nothing."""

        def __init__(self) -> None:
            self.hastened, self.withdrawn = set[str](), set[str]()

        def add(self, pieces: Any, measures: Any, *, last: bool = False) -> bool:
            return True

        def hasten(self, pieces: Any) -> None:
            self.hastened |= set(pieces)

        def withdraw(self, pieces: Any, measures: Any) -> None:
            self.withdrawn |= set(pieces)

    def test_it_is_not_taken_from_another_that_needs_it_now(self, lab: Lab) -> None:
        from whether.campaign import Campaign
        from whether.execute.progress import nobody
        from whether.execute.workshop import Workshop
        from whether.looking import Looking

        lab.run(asking(name="before"))
        asked = [lab.ask(item) for item in (looking([HARD], name="hard"), looking(name="easy", looks=(2, 6)))]
        found = Looking(Campaign(lab.store, nobody, Means(ahead=True)), asked)
        found._workshop, found._waiting = Workshop(lab.store, nobody), {0: set(), 1: set()}
        plan = found._planned([course.now for course in found.courses])
        driver = found._driver = self.Driver()
        batches = [
            {fact.state.trajectory.digest for row in asked[0].arms[first:last] for _, fact in row}
            for first, last in ((2, 4), (4, 6))
        ]
        found._now, found._early = {}, {}
        found._with_what_follows([0, 1], plan)
        assert (found._early[0], found._early[1]) == (batches[0], batches[0] | batches[1])
        found._look(0)
        assert found.answers[0] is None
        assert driver.hastened == batches[0]
        found._look(1)
        assert found.answers[1] is not None
        assert driver.withdrawn == set(), "all of it is what the other waits for, or will"
