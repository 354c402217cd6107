"""In what the designs of two answers differ: options, data, the rule, claims with their sizes, and arms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from whether.answer import Answer, ClaimResult, Run
from whether.errors import DamageError, RequestError
from whether.history.difference import Difference, differences
from whether.history.facts import Fact

RULE = ("name", "grade", "seed", "replicates", "split", "combine", "hold_to", "alpha", "pairing")
CLAIM = ("size", "unit", "because")
NONE = "—"


def designs(a: Answer, b: Answer, fact_of: Callable[[str], Fact]) -> list[Difference]:
    """What two answers asked differently, the verdicts last.

    Args:
        a, b: the answers.
        fact_of: from the digest of a run's measure to the measure with its history.
    """
    return [
        item
        for item in (
            *(_difference(name, getattr(a, name), getattr(b, name)) for name in RULE[:1]),
            *_mappings("option", a.options, b.options),
            *(_difference(name, getattr(a, name), getattr(b, name)) for name in RULE[1:]),
            _difference("data", *(f"{item.data.get('name')} ({str(item.data.get('content'))[:8]})" for item in (a, b))),
            *_claims(a, b),
            *_arms(a, b, fact_of),
            _difference("verdict", a.verdict, b.verdict),
        )
        if item.a != item.b
    ]


def _claims(a: Answer, b: Answer) -> Iterator[Difference]:
    """Claims are the same when they compare the same arms in the same way; what they say beside that may differ."""
    ours, others = ({_compared(claim): claim for claim in answer.claims} for answer in (a, b))
    for name in {**ours, **others}:
        one, other = ours.get(name), others.get(name)
        if one is None or other is None:
            yield Difference(f"claim {name}", *("asked" if claim else NONE for claim in (one, other)))
            continue
        yield from (_difference(f"claim {name} › {item}", getattr(one, item), getattr(other, item)) for item in CLAIM)


def _compared(claim: ClaimResult) -> str:
    return " ".join(filter(None, [claim.left, claim.kind, claim.right]))


def _arms(a: Answer, b: Answer, fact_of: Callable[[str], Fact]) -> Iterator[Difference]:
    """Arms of one answer only; of the others, in what the first replicates' networks and measures differ."""
    ours, others = ({run.arm: run for run in answer.table if run.replicate == 0} for answer in (a, b))
    only = [name for name in {**ours, **others} if name not in ours or name not in others]
    yield from (
        Difference(f"arm {name}", *("there" if name in arms else NONE for arms in (ours, others))) for name in only
    )
    common = [name for name in ours if name in others]
    found: dict[Difference, list[str]] = {}
    for name in common:
        for item in _histories(ours[name], others[name], fact_of):
            found.setdefault(_known(item, found), []).append(name)
    for item, names in found.items():
        families = ", ".join(dict.fromkeys(ours[name].family for name in names))
        yield Difference(f"{'all arms' if names == common else families} › {item.path}", item.a, item.b)


def _known(item: Difference, found: Iterable[Difference]) -> Difference:
    """The same difference as another arm has it, where here it only lies deeper in the history."""
    for other in found:
        if (other.a, other.b) == (item.a, item.b) and item.path.endswith(f" › {other.path}"):
            return other
    return item


def _histories(one: Run, other: Run, fact_of: Callable[[str], Fact]) -> list[Difference]:
    if one.measure == other.measure:
        return []
    try:
        return differences(fact_of(one.measure), fact_of(other.measure))
    except (RequestError, DamageError):  # a record is gone, or of an earlier version: that they differ is all we know
        return [Difference("history", one.measure[:12], other.measure[:12])]


def _mappings(path: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    yield from (_difference(f"{path} {name}", a.get(name), b.get(name)) for name in {**a, **b})


def _difference(path: str, a: object, b: object) -> Difference:
    return Difference(path, *(NONE if said is None else str(said) for said in (a, b)))
