"""Measures that derived ones are computed of: taken and recorded, counted as nobody's question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from whether import Measure, Network, Recipe, accuracy, adam, derived, loss
from whether.history.facts import MeasureFact
from whether.history.resolve import Resolver
from whether.plan import Plan, plan_measures

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)


@dataclass
class Shelf:
    """A lab's listings, as a test likes them."""

    measures: Collection[str] = ()
    points: Collection[str] = ()
    resumable: Collection[str] = ()


def net(seed: int) -> Network:
    return Network("mlp-2", data="xor", seed=seed, recipe=RECIPE)


EARLY, LATE, OTHER = accuracy(net(1).train(until="30it")), accuracy(net(1).train()), loss(net(2).train())
INNER = derived("law_margin", {"early": EARLY, "late": LATE})
OUTER = derived("law_margin", {"inner": INNER, "other": OTHER})


def fact(measure: Measure) -> MeasureFact:
    return Resolver().measure(measure)


def plan(*wanted: Measure, stands: Collection[Measure] = ()) -> Plan:
    return plan_measures([fact(item) for item in wanted], Shelf(measures=[fact(item).digest for item in stands]))


def missing(found: Plan) -> list[str]:
    return [item.digest for item in found.missing]


def digests(*measures: Measure) -> list[str]:
    return [fact(item).digest for item in measures]


def test_parts_of_parts_are_missing_once_and_before_what_is_computed_of_them() -> None:
    found = plan(OUTER)
    assert sorted(missing(found)) == sorted(digests(EARLY, LATE, OTHER, INNER, OUTER))
    order = missing(found)
    for whole, parts in ((INNER, (EARLY, LATE)), (OUTER, (INNER, OTHER))):
        assert all(order.index(fact(part).digest) < order.index(fact(whole).digest) for part in parts)


def test_a_part_that_is_asked_for_last_is_taken_first() -> None:
    shared = derived("law_margin", {"inner": INNER, "early": EARLY})
    order = missing(plan(shared, OUTER, INNER, LATE, EARLY))
    for whole, parts in ((INNER, (EARLY, LATE)), (OUTER, (INNER, OTHER)), (shared, (INNER, EARLY))):
        assert all(order.index(fact(part).digest) < order.index(fact(whole).digest) for part in parts)


def test_who_asks_for_a_part_too_has_it_once() -> None:
    found = plan(OUTER, LATE, INNER)
    assert sorted(missing(found)) == sorted(digests(EARLY, LATE, OTHER, INNER, OUTER))
    assert (found.measures, found.measures_stored) == (3, 0)


def test_parts_are_not_counted_among_what_was_asked() -> None:
    found = plan(OUTER)
    assert (found.measures, found.measures_stored) == (1, 0)
    found = plan(OUTER, LATE, stands=[LATE, EARLY])
    assert (found.measures, found.measures_stored) == (2, 1)
    assert sorted(missing(found)) == sorted(digests(OTHER, INNER, OUTER))


def test_what_stands_needs_no_parts() -> None:
    found = plan(OUTER, stands=[OUTER])
    assert (found.missing, found.pieces, found.measures_stored) == ([], [], 1)
    found = plan(OUTER, stands=[INNER])
    assert sorted(missing(found)) == sorted(digests(OTHER, OUTER))


def test_networks_are_trained_for_parts_once() -> None:
    alone, together = plan(OUTER), plan(OUTER, EARLY, LATE, OTHER)
    assert alone.steps_to_train == together.steps_to_train == 200
    assert len(alone.pieces) == len(together.pieces) == 2
