"""Runs that diverged or always failed: what the audit makes of them, and that honest labs have nothing to find."""

from __future__ import annotations

import pytest
from frozen_cases import ANSWER, WHY, asking, found, rewrite_answer, rewrite_record, run_of

from whether import Lab, not_worse


class TestFailedRuns:
    """Of runs that always failed nobody knows what they would have been: a look is taken in every way at once."""

    QUESTION = asking(
        claims=[not_worse("trained", "again", by=1, because=WHY)],
        controls=[],
        looks=(3, 5, 7),
        replicates=None,
        spending="pocock",
    )

    @pytest.fixture
    def lost(self, lab: Lab) -> Lab:
        """A lab in which everything stands and one run always failed, so that at the worst it is decided early."""
        lab.run(asking(name="before", replicates=7))
        asked = lab.ask(self.QUESTION)
        for index, row in enumerate(asked.arms):
            for arm, fact in row:
                value = {"trained": 50.0, "again": 90.0, "fresh": 10.0}[arm.name] + 0.01 * index**2
                rewrite_record(lab, fact.digest, lambda said, value=value: said.update(value=value))
        lost = asked.arms[1][0][1]
        rewrite_record(lab, lost.digest, lambda said: said.update(value=None, outcome="failed", note="failed"))
        return lab

    def test_looks_and_answer_agree(self, lost: Lab) -> None:
        answer = lost.run(self.QUESTION)
        looks = [(body["n"], body["verdict"]) for body in lost.store.ledger.said("looked")]
        assert looks == [(item.n, item.verdict) for item in answer.looks]
        assert len(looks) > 1
        assert len([run for run in answer.table if run.arm == "trained"]) == answer.replicates == looks[-1][0]
        assert [item for item in found(lost) if ANSWER in item] == []

    def test_it_ends_where_every_way_has_its_verdict_though_they_differ(self, lost: Lab) -> None:
        asked = lost.ask(self.QUESTION)
        for row in asked.arms:
            rewrite_record(
                lost, row[0][1].digest, lambda said: said.update(value=None, outcome="failed", note="failed")
            )
        answer = lost.run(self.QUESTION)
        assert (answer.verdict, answer.replicates, answer.planned) == ("inconclusive", 3, 7)
        assert [item for item in found(lost) if ANSWER in item] == []

    def test_what_was_done_again_may_have_been_looked_at_twice(self, lost: Lab) -> None:
        lost.run(self.QUESTION)
        failed = lost.ask(self.QUESTION).arms[1][0][1]
        rewrite_record(lost, failed.digest, lambda said: said.update(value=50.02, outcome="done", note=""))
        answer = lost.run(self.QUESTION)
        assert answer.failed == 0
        assert len(lost.store.ledger.said("looked")) > len(answer.looks)
        assert [item for item in found(lost) if ANSWER in item] == []


def test_a_diverged_run_has_the_worst_value_and_no_other(lab: Lab) -> None:
    question = asking(controls=[], claims=[not_worse("trained", "again", by=60, because=WHY)])
    lab.run(asking(name="before"))
    measure = lab.ask(question).arms[1][0][1]
    rewrite_record(lab, measure.digest, lambda said: said.update(value=None, outcome="diverged", note="diverged"))
    answer = lab.run(question)
    assert answer.diverged == 1
    assert [item for item in found(lab) if ANSWER in item] == []
    rewrite_answer(lab, lambda said: run_of(said, "trained", 1).update(value=90.0))
    assert any("is said to be 90.0; a run that diverged counts as 10.0" in item for item in found(lab))
