"""What a sheet says in few words: what had been seen, how long it took, what arms share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cover_labs import the_answer

from whether import Lab
from whether.cover.filled_evidence import gather
from whether.cover.filled_rests import compute
from whether.cover.filled_words import registration


def test_what_was_seen_before_is_counted(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))
    seen = [f"an exploratory answer tiny-{place}: yes with {place} replicates" for place in range(5)]
    for some, said in (
        (seen, "Seen before: 5 things, the last an exploratory answer tiny-4 with 4 replicates."),
        (seen[:1], "Seen before: an exploratory answer tiny-0 with 0 replicates."),
        (["the test split was opened 2 times in this lab (a, b)"], "opened 2 times in this lab."),
        ([], "no amendments."),
    ):
        answer = replace(evidence.answer, study={**evidence.answer.study, "exposure": some})
        assert registration(replace(evidence, answer=answer)).text.endswith(said)


def test_time_is_told_once_unless_some_was_spent_waiting(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))

    def told(seconds: float, **more: Any) -> str:
        happened = {**evidence.answer.circumstances, "device_seconds": seconds}
        return compute(replace(evidence, answer=replace(evidence.answer, circumstances=happened, **more))).text

    trained = sum(compute(evidence).value["training_seconds"].values())
    assert "waiting" not in told(trained)
    assert "1.9 h with waiting." in told(7000.0)
    table = [replace(run, outcome="failed") for run in evidence.answer.table]
    assert "1.9 h with waiting and failed attempts." in told(7000.0, table=table)


def test_networks_that_arms_share_are_said_to_be(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))
    assert len(evidence.answer.table) == 9
    assert compute(evidence).text.startswith("6 networks trained (arms share some) in ")
    own = replace(evidence.answer, table=evidence.answer.table[:6])
    assert compute(replace(evidence, answer=own)).text.startswith("6 networks trained in ")
