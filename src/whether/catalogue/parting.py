"""What questions about the line between networks share: copies that part at a step, pairs of networks, twins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from whether.catalogue.settings import iterations
from whether.claim import Claim, Control, above, below
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history import Measure, Network, derived
from whether.question import Replicate, at
from whether.recipe import Recipe

Between = Callable[[Network, Network], Measure]


def rungs(after: Sequence[str], stable_from: str, recipe: Recipe, data: Data) -> tuple[list[int], int]:
    """The steps at which copies part, latest first, and how many of them are from the named one on.

    Raises:
        RequestError: for no steps or one twice, for a named step that is none of them, and for one at which nothing is
            left to train.

    Example:
        >>> from whether.recipe import default_recipe
        >>> rungs(["0it", "50it", "50%"], "50it", default_recipe("digits"), Data(name="digits"))
        ([200, 50, 0], 2)
    """
    total, named = (iterations(recipe, data, of=step) for step in ("100%", stable_from))
    steps = sorted((iterations(recipe, data, of=step) for step in after), reverse=True)
    told = ", ".join(f"{step}it" for step in reversed(steps))
    if len(set(steps)) < max(1, len(steps)):
        raise RequestError(f"after is {list(after)!r}; expected one step or more, each once, such as after=[0it,50it].")
    if steps[0] >= total:
        raise RequestError(f"copies part at {steps[0]}it, where training ends ({total}it); name earlier steps.")
    if named not in steps:
        raise RequestError(f"stable_from is {stable_from!r}; expected one of the steps in after: {told}.")
    return steps, steps.index(named) + 1


def apart(start: Network, rep: Replicate, step: int, copies: int, between: Between, *, worst: float) -> Measure:
    """How far copies end from each other that part at a step, averaged over all pairs of them.

    All go on with the optimiser's state of that step. One keeps the order of the data (and its augmentation), so that
    it is the same network whatever the step; every other copy has an order of its own.

    Args:
        start: fresh.
        copies: 2 or more.
        between: what is measured of two.
        worst: what it counts as where a copy diverged.

    Raises:
        RequestError: for fewer than two copies.
    """
    if isinstance(copies, bool) or not isinstance(copies, int) or copies < 2:
        raise RequestError(f"copies is {copies!r}; expected a whole number, 2 or more: a pair is compared.")
    early = start.train(until=f"{step}it")
    ends = [early.train(), *(early.train(order=rep.seed("order", number)) for number in range(1, copies))]
    return average(pairs(ends, between), worst=worst)


def pairs(networks: Sequence[Network], between: Between) -> dict[str, Measure]:
    """A measure of every two networks, named by their numbers."""
    return {f"{i + 1} and {j + 1}": between(networks[i], networks[j]) for i, j in combinations(range(len(networks)), 2)}


def average(parts: Mapping[str, Measure], *, worst: float) -> Measure:
    """The mean of measures of one kind; `worst` where a network diverged."""
    kind = next(iter(parts.values())).kind
    return derived(f"{__name__}:mean", parts, unit=kind.unit, better=kind.better, worst=worst)


def mean(values: Mapping[str, float]) -> float:
    """The mean of values by name."""
    return fmean(values.values())


def removed(before: Mapping[str, Measure], after: Mapping[str, Measure]) -> Measure:
    """Per cent of the barriers of all pairs together that is gone; nothing where a network diverged."""
    parts = {f"{when} {name}": item for when, of in (("before", before), ("after", after)) for name, item in of.items()}
    return derived(f"{__name__}:share_removed", parts, unit="%", worst=0.0)


def share_removed(values: Mapping[str, float]) -> float:
    """Per cent that what is named "after …" is less than what is named "before …"; 0 where there was nothing before.

    Example:
        >>> share_removed({"before 1 and 2": 15.0, "before 1 and 3": 5.0, "after 1 and 2": 1.0, "after 1 and 3": 0.0})
        95.0
    """
    before, after = (sum(values[name] for name in values if name.startswith(when)) for when in ("before", "after"))
    return 100.0 * (1.0 - after / before) if before > 0 else 0.0


def twin(start: Network, rep: Replicate, step: int, between: Between) -> Measure:
    """The same of two that see the same data from a step on, and differ there by a rounding: one in ten million.

    Both begin their optimiser afresh at that step, for changed weights do.
    """
    early, seed = start.train(until=f"{step}it"), rep.seed("rounding")
    same, other = (early.perturbed("noise", seed, scale=scale).train() for scale in (0.0, 1e-7))
    return between(same, other)


def ladder(
    family: str, steps: Sequence[int], s: float, unit: str, because: str, sds: Mapping[int, float]
) -> list[Claim]:
    """What is claimed of copies that part at each step: that they end less than s from each other.

    Planned for are half of s, and twice as much as s.
    """
    return [
        below(
            at(family, step),
            s,
            unit=unit,
            because=because,
            if_no=f"Copies that part at {step} end in different regions.",
            delta_yes=s / 2,
            delta_no=2 * s,
            sd=sds.get(step),
        )
        for step in steps
    ]


def there_is(size: float, sd: float | None) -> Claim:
    """That there is a barrier."""
    return above(
        "barrier",
        size,
        because="a fifth of it is what two points are, and less than that is noise",
        if_no="There is no barrier here to speak of.",
        delta_yes=2 * size,
        delta_no=size / 4,
        sd=sd,
    )


def goes(width: int, share: float, sd: float | None = None) -> Claim:
    """That more than a share of it, in per cent, goes by aligning."""
    return above(
        at("removed", width),
        share,
        unit="%",
        because="what is left of a barrier is then small beside it: most of it was the order of units",
        if_no="More than the order of units keeps these networks apart.",
        delta_yes=(100.0 + share) / 2,
        delta_no=share - 20.0,
        sd=sd,
    )


def of_alignment(size: float, share: float) -> list[Control]:
    """What aligning is known to do to a shuffled copy, and a random order to any network."""
    return [
        Control(
            above("shuffled copy", size, because="the same size as the claim"),
            expect="yes",
            because="a copy whose units are shuffled computes the same and lies elsewhere: the line leaves both",
        ),
        Control(
            below("shuffled copy, aligned", size / 10, because="a tenth of the claim's size"),
            expect="yes",
            because="its order is known to be wrong and nothing else is, so aligning has to find it",
        ),
        Control(
            above("removed at random", share, unit="%", because="the same size as the claim"),
            expect="no",
            because="another order that nobody chose is no better than the one that the network has",
        ),
    ]
