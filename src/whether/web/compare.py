"""Two answers side by side, in plain values: what differs, what both have, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from whether.answer import Answer, ArmSummary, ClaimResult
from whether.history.difference import Difference
from whether.report.axis_view import BOUNDS
from whether.report.numbers import amount, confidence, listed, plural, unit_name

_SEEDS = ("seed", "order")
_UNTOLD = "history"
"""Where a difference lies that nobody can tell (`contrast.designs`)."""


@dataclass(frozen=True)
class Both:
    """One thing that is said of both answers; `differs` where it is not the same."""

    name: str
    a: str
    b: str

    @property
    def differs(self) -> bool:
        """Whether the two say something else."""
        return self.a != self.b


@dataclass(frozen=True)
class Claims:
    """A claim as each of two answers has it, None where it has none.

    Attributes:
        said: in words.
        role: "decides", "control" or "secondary", as the first that has it uses it.
    """

    said: str
    role: str
    a: ClaimResult | None
    b: ClaimResult | None

    @property
    def one(self) -> ClaimResult:
        """The claim of whichever has it."""
        found = self.a or self.b
        assert found is not None
        return found

    @property
    def shares_axis(self) -> bool:
        """Whether both effects have a place on one axis: they are of one unit, and both differences or both means."""
        if self.a is None or self.b is None:
            return False
        return axis_of(self.a) == axis_of(self.b)


@dataclass(frozen=True)
class Arms:
    """An arm that both answers have."""

    name: str
    a: ArmSummary
    b: ArmSummary

    @property
    def shares_axis(self) -> bool:
        """Whether both means are of one measure in one unit."""
        return (self.a.measure, self.a.unit) == (self.b.measure, self.b.unit)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a page of two answers shows.

    Attributes:
        options: each option of either.
        rule: how each was decided: verdict, grade, replicates and so on.
        claims: of either, those that both have first.
        arms: that both have; `only_a`, `only_b` those that one has.
        histories: in what the networks of arms that both have differ, what merely follows from other seeds left out.
        untold: networks that differ in what nobody can tell, as their records are not there.
        cautions: what cannot be compared, or only with care, in sentences.
    """

    same_question: bool
    options: Sequence[Both]
    rule: Sequence[Both]
    claims: Sequence[Claims]
    arms: Sequence[Arms]
    only_a: Sequence[str] = ()
    only_b: Sequence[str] = ()
    histories: Sequence[Difference] = field(default_factory=list)
    untold: int = 0
    cautions: Sequence[str] = ()


def panels(claims: Sequence[Claims]) -> list[list[Claims]]:
    """Claims by the axis that they have a place on; a claim that has two is in both, with one side in each."""
    found: dict[tuple[str, bool], list[Claims]] = {}
    for item in claims:
        apart = (Claims(item.said, item.role, item.a, None), Claims(item.said, item.role, None, item.b))
        both = item.a is not None and item.b is not None
        for side in apart if both and not item.shares_axis else (item,):
            found.setdefault(axis_of(side.one), []).append(side)
    return list(found.values())


def axis_of(claim: ClaimResult) -> tuple[str, bool]:
    """The axis on which an effect has a place: its unit, and whether it is a mean and no difference."""
    return claim.unit, claim.kind in BOUNDS


def compared(a: Answer, b: Answer, differences: Sequence[Difference] = ()) -> Comparison:
    """Set two answers side by side.

    Args:
        a, b: the answers, of one question or of two.
        differences: of their designs (`contrast.designs`).
    """
    claims = _claims(a, b)
    ours, others = ({arm.arm: arm for arm in answer.arms} for answer in (a, b))
    arms = [Arms(name, ours[name], others[name]) for name in ours if name in others]
    untold = sum(item.path.rpartition(" › ")[2] == _UNTOLD for item in differences)
    return Comparison(
        same_question=a.name == b.name,
        options=_options(a, b),
        rule=_rule(a, b),
        claims=claims,
        arms=arms,
        only_a=[name for name in ours if name not in others],
        only_b=[name for name in others if name not in ours],
        histories=_histories(differences, other_seeds=a.seed != b.seed),
        untold=untold,
        cautions=list(_cautions(a, b, claims, arms, untold)),
    )


def _options(a: Answer, b: Answer) -> list[Both]:
    names = sorted({*a.options, *b.options})
    both = [Both(name, *(str(side.options.get(name, "not given")) for side in (a, b))) for name in names]
    return sorted(both, key=lambda item: not item.differs)


def _rule(a: Answer, b: Answer) -> list[Both]:
    sides = (a, b)
    rows = [
        Both("grade", *(side.grade for side in sides)),
        Both("replicates", *(_replicates(side) for side in sides)),
        Both("claims combined by", *(_combined(side) for side in sides)),
        Both("α", *(f"{side.alpha:g}" for side in sides)),
        Both("pairing", *(side.pairing for side in sides)),
        Both("looks", *(_looks(side) for side in sides)),
        Both("data", *(str(side.data.get("name", "—")) for side in sides)),
        Both("split", *(side.split for side in sides)),
        Both("root seed", *(str(side.seed) for side in sides)),
        Both("runs", *(plural(len(side.table), "run") for side in sides)),
        Both("diverged", *(str(side.diverged) for side in sides)),
        Both("always failed", *(str(side.failed) for side in sides)),
    ]
    return sorted(rows, key=lambda item: not item.differs)


def _replicates(answer: Answer) -> str:
    return (
        str(answer.replicates)
        if answer.replicates == answer.planned
        else f"{answer.replicates} of at most {answer.planned}"
    )


def _combined(answer: Answer) -> str:
    return answer.combine if answer.hold_to is None else f"{answer.combine}, to {answer.hold_to}"


def _looks(answer: Answer) -> str:
    return f"{len(answer.looks)} of at most {len(answer.schedule)}" if len(answer.schedule) > 1 else "one"


def _claims(a: Answer, b: Answer) -> list[Claims]:
    ours, others = _named(a), _named(b)
    found = []
    for name in {**ours, **others}:
        one, other = ours.get(name), others.get(name)
        role, claim = one or other or ("", None)
        assert claim is not None
        found.append(Claims(claim.said, role, one[1] if one else None, other[1] if other else None))
    roles = ("decides", "control", "secondary")
    return sorted(found, key=lambda item: (item.a is None or item.b is None, roles.index(item.role)))


def _named(answer: Answer) -> dict[tuple[str, str, str], tuple[str, ClaimResult]]:
    """Every claim by what it compares and how: then it is the same in two answers."""
    ladders = [claim for ladder in answer.ladders for claim in ladder.claims]
    groups = (("decides", answer.claims), ("control", [one.claim for one in answer.controls]))
    found: dict[tuple[str, str, str], tuple[str, ClaimResult]] = {}
    for role, claims in (*groups, ("secondary", [*answer.secondary, *ladders])):
        for claim in claims:
            found.setdefault((claim.left, claim.kind, claim.right or ""), (role, claim))
    return found


def _histories(differences: Sequence[Difference], *, other_seeds: bool) -> list[Difference]:
    """What lies in the networks' histories; other seeds of theirs follow from another root seed."""
    inside = [item for item in differences if " › " in item.path and not item.path.startswith("claim ")]
    left_out = {_UNTOLD, *(_SEEDS if other_seeds else ())}
    return [item for item in inside if item.path.rpartition(" › ")[2] not in left_out]


def _cautions(a: Answer, b: Answer, claims: Sequence[Claims], arms: Sequence[Arms], untold: int) -> Iterator[str]:
    if a.name != b.name:
        yield (
            "They ask different questions. What stands in one row compares arms of the same names in the same way; "
            "whether these arms mean the same is for you to judge."
        )
    if a.data.get("content") != b.data.get("content"):
        names = dict.fromkeys(str(side.data.get("name", "no name")) for side in (a, b))
        which = " and ".join(names) if len(names) > 1 else f"both are called {listed([*names])}"
        yield f"Their data differ ({which}), so means of arms are of other examples."
    elif a.split != b.split:
        yield f"They look at different splits ({a.split} and {b.split}), so means of arms are of other examples."
    yield from _about_claims(claims)
    unlike = [item.name for item in arms if not item.shares_axis]
    if unlike:
        yield f"In {listed(unlike[:4])} another measure was taken, so their means have no common axis."
    if untold:
        lost = plural(untold, "network")
        yield f"Records of {lost} are not in this lab, or cannot be read: how these differ is not told."
    if confidence(a.alpha) != confidence(b.alpha):
        yield f"Their intervals are at different levels ({confidence(a.alpha)} and {confidence(b.alpha)})."
    common = {run.measure for run in a.table} & {run.measure for run in b.table}
    if common:
        yield f"{plural(len(common), 'run')} are the same in both: the two are no independent evidence."


def _about_claims(claims: Sequence[Claims]) -> Iterator[str]:
    if all(item.a is None or item.b is None for item in claims):
        yield "No claim of the one is a claim of the other: their effects are shown, each in its own row."
    for item in claims:
        one, other = item.a, item.b
        if one is None or other is None:
            continue
        if not item.shares_axis:
            units = (unit_name(claim.unit) or "no unit" for claim in (one, other))
            yield f"“{item.said}” is told in {' and in '.join(units)}: it has no common axis."
        elif one.size != other.size:
            sizes = (amount(claim.size, claim.unit) for claim in (one, other))
            yield f"“{item.said}”: its smallest size of interest is {' in A and '.join(sizes)} in B: two demands."


def label(answer: Answer, options: Mapping[str, Sequence[str]]) -> str:
    """An answer in a list to pick from: its question, the options in which it differs, its verdict and grade."""
    apart = " ".join(options.get(answer.digest, ()))
    told = f"{answer.verdict}, {answer.grade}, {plural(answer.replicates, 'replicate')}"
    return f"{answer.name}{f' {apart}' if apart else ''}: {told}"
