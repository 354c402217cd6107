"""The driver while it does not listen, and when those that it waits for are gone."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from test_execute_driver import SAME, Remembering, Result, Scripted, goes_well

from whether.execute.contract import Event, Gone, Job
from whether.execute.dealer import Wish
from whether.execute.driver import Driver


def test_nobody_was_silent_while_we_did_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    """To conclude and draw an answer takes long, and a whole job may be stopped and go on: what was told waits."""
    monkeypatch.setenv("WHETHER_HUNG_SECONDS", "30")
    executor = Scripted(slots=3)
    busy: list[str] = []

    def answer(digests: Collection[str]) -> None:
        busy.extend(digests)
        executor.clock += 100.0

    tally = Driver(executor, Remembering()).carry_out(
        SAME.pieces, SAME.missing, Wish(width=lambda _piece: 1, measured=answer)
    )
    assert executor.dropped == []
    assert (tally.lost, len(busy)) == (0, len(SAME.missing))


def test_when_all_of_the_first_profile_are_gone_people_hear_what_is_waited_for() -> None:
    lost: list[str] = []

    def happens(slot: str, job: Job) -> list[Event]:
        if not lost:
            lost.append(slot)
            return [Gone(slot, "power cut")]
        return goes_well(slot, job)

    result = Result(SAME, Scripted(happens, slots=2, profiles=("p", "q"))).whole()
    assert "every slot of the first profile is gone, and 1 of another are idle: the run waits" in result.notes
    assert {slot for slot, _ in result.executor.given} == {"s1", "s3"}
