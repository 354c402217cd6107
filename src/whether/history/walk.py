"""Walks over histories: without recursion, however deep they are, and each fact once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from whether.history.facts import Fact, GrownMask, InvertedMask, MaskFact, MeasureFact, PrunedMask, ShuffledMask, State


def closure(roots: Iterable[Fact], stop: Callable[[Fact], bool] | None = None) -> Iterator[Fact]:
    """Every fact that the roots are said of, themselves included, each once.

    Args:
        roots: where to begin.
        stop: do not look behind a fact for which this is true (it is still given).
    """
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        fact = waiting.pop()
        if fact.digest in seen:
            continue
        seen.add(fact.digest)
        yield fact
        if stop is None or not stop(fact):
            waiting.extend(fact.parents())


def parents_first(roots: Iterable[Fact], stop: Callable[[Fact], bool] | None = None) -> Iterator[Fact]:
    """The facts of `closure`, each after all that it is said of."""
    given: set[str] = set()
    waiting = list(roots)[::-1]
    while waiting:
        fact = waiting[-1]
        behind = () if stop is not None and stop(fact) else fact.parents()
        missing = [parent for parent in behind if parent.digest not in given]
        if missing and fact.digest not in given:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if fact.digest not in given:
            given.add(fact.digest)
            yield fact


def measured(fact: MeasureFact) -> list[State]:
    """The states that a measure is asked of: its own, or where it is derived those of its parts."""
    return [state for part in fact.parts for state in measured(part)] if fact.parts else [fact.state]


def mask_before(mask: MaskFact) -> MaskFact | None:
    """The mask that a mask came of, None when it is the first: what was pruned wore the one before."""
    match mask:
        case PrunedMask(state=state):
            return state.mask
        case ShuffledMask(origin=origin) | InvertedMask(origin=origin):
            return origin
        case GrownMask(state=point):
            return point.trajectory.begin.mask
    return None


def generations(mask: MaskFact | None) -> list[MaskFact]:
    """A mask and those that it came of, the first one first."""
    found: list[MaskFact] = []
    while mask is not None:
        found.append(mask)
        mask = mask_before(mask)
    return found[::-1]
