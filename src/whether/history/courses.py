"""Two courses of events beside one another: what stands in both, and what in one only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from whether.history.fact import Fact

F = TypeVar("F", bound=Fact)


def aligned(
    ours: Sequence[F], others: Sequence[F], *tokens: Callable[[F], Hashable]
) -> Iterator[tuple[Sequence[F], Sequence[F]]]:
    """Two sequences beside one another, without what they begin with in common.

    Args:
        ours, others: facts, each after those that it comes of.
        tokens: what makes two of them fit, the finest first; the next one is for what the first left over.

    Yields:
        Pairs of one each of the same kind, and what does not fit: a run of some, and of others or nothing.
    """
    start = 0
    while start < min(len(ours), len(others)) and ours[start].digest == others[start].digest:
        start += 1
    ours, others = ours[start:], others[start:]
    finest, *coarser = tokens
    left, right = [finest(item) for item in ours], [finest(item) for item in others]
    for what, i, j, k, m in _codes(left, right):
        if what == "equal":
            yield from (((one,), (other,)) for one, other in zip(ours[i:j], others[k:m], strict=True))
        elif what == "replace" and coarser:
            yield from aligned(ours[i:j], others[k:m], *coarser)
        else:
            yield ours[i:j], others[k:m]


def _codes(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[str, int, int, int, int]]:
    """How one sequence becomes the other, the same both ways: the matcher by itself is not."""
    if (len(left), repr(left)) <= (len(right), repr(right)):
        return list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())
    codes = SequenceMatcher(None, right, left, autojunk=False).get_opcodes()
    return [(what, k, m, i, j) for what, i, j, k, m in codes]


def fit(ours: Sequence[Fact], others: Sequence[Fact]) -> bool:
    """Whether these are one event each, of the same kind."""
    return len(ours) == len(others) == 1 and ours[0].tag == others[0].tag


def course(last: F, before: Callable[[F], F | None]) -> list[F]:
    """The events that led to a fact, the first one first."""
    found: list[F] = []
    at: F | None = last
    while at is not None:
        found.append(at)
        at = before(at)
    return found[::-1]
