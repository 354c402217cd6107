"""From records back to a history: each has a part of it, and together they have all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from histories import network, operations

from whether import accuracy, tickets
from whether.errors import RequestError
from whether.history import wire
from whether.history.facts import Fact, MeasureFact, Point
from whether.history.recorded import collect
from whether.history.resolve import Resolver
from whether.history.walk import closure

Records = dict[str, dict[str, Any]]


def records(*roots: Fact) -> Records:
    """What the points and measures behind facts would leave in a lab."""
    return {
        fact.digest: {"history": json.loads(json.dumps(_part(fact)))}
        for fact in closure(roots)
        if isinstance(fact, Point | MeasureFact)
    }


def _part(fact: Fact) -> dict[str, Any]:
    return wire.written([fact], stop=lambda found: isinstance(found, Point) and found is not fact)


LAST = Resolver().measure(accuracy(tickets(network(), rounds=6, rewind="30it")[-1]))


class TestCollecting:
    @pytest.mark.parametrize(
        "fact",
        [LAST, *(fact for fact in operations().values() if isinstance(fact, Point | MeasureFact))],
        ids=lambda fact: repr(fact),
    )
    def test_the_parts_make_the_whole(self, fact: Fact) -> None:
        found = wire.read(collect(fact.digest, records(fact).get))
        assert found.keys() == {item.digest for item in closure([fact])}

    def test_each_record_has_its_own_part_only(self) -> None:
        whole = len(wire.written([LAST]))
        parts = [len(said["history"]) for said in records(LAST).values()]
        assert len(parts) == 1 + 1 + 7  # the measure, the rewind point, and each round with the dense one
        assert max(parts) < whole / 2

    def test_a_record_is_read_once(self) -> None:
        read: list[str] = []

        def record(digest: str) -> Any:
            read.append(digest)
            return told[digest]

        told = records(LAST)
        collect(LAST.digest, record)
        assert sorted(read) == sorted(told)

    def test_of_many_trainings_one_after_another(self) -> None:
        going = network()
        for step in range(1, 100):
            going = going.train(until=f"{step}it", order=step)
        fact = Resolver().state(going)
        assert wire.read(collect(fact.digest, records(fact).get))[fact.digest].digest == fact.digest


class TestWhatIsMissing:
    def test_nothing_at_all(self) -> None:
        with pytest.raises(RequestError, match="there is no record abc in this lab"):
            collect("abc", {}.get)

    def test_a_record_on_the_way(self) -> None:
        told = records(LAST)
        dense = next(
            fact for fact in closure([LAST]) if isinstance(fact, Point) and fact.mask is None and fact.at == 100
        )
        del told[dense.digest]
        with pytest.raises(
            RequestError, match=rf"the record {dense.digest[:12]}, which [0-9a-f]{{12}} came of, is not"
        ):
            collect(LAST.digest, told.get)

    @pytest.mark.parametrize("history", [None, {}, {"0" * 64: {"type": "start"}}])
    def test_a_record_of_an_earlier_version(self, history: Any) -> None:
        told = records(LAST)
        told[LAST.digest] = {} if history is None else {"history": history}
        with pytest.raises(
            RequestError, match=r"does not say how it came to be: an earlier version.*why [0-9a-f]{12} NAME"
        ):
            collect(LAST.digest, told.get)
