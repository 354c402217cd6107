"""Masks that change while a network trains: gradual pruning, SET and RigL.

A plan is a plain mapping; its steps are counted from the beginning of training, and a change belongs to the state after
so many steps:

    {"name": "gradual", "density": d, "begin": b, "end": e, "every": k, "scope": "global" | "layer"}
    {"name": "set" | "rigl", "density": d, "layers": "erk" | "erdos-renyi" | "uniform", "every": k, "end": e,
     "fraction": alpha}

Everything is a function of plan, step and tensors, so that training that was stopped goes on as it would have. What is
drawn follows from the stream's seed and name, the tensor's name, and the step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.errors import RequestError, unknown
from whether.prune.densities import Number, Shapes, by_layer, exactly
from whether.prune.scores import magnitude
from whether.prune.select import keep_highest, select
from whether.seeds import Stream

Plan = Mapping[str, Any]
Weights = Mapping[str, Float[Tensor, "..."]]
Masks = Mapping[str, Bool[Tensor, "..."]]
NAMES = ("gradual", "set", "rigl")


def begin(plan: Plan, masks: Masks | None, shapes: Shapes, stream: Stream) -> dict[str, Bool[Tensor, "..."]]:
    """The masks of step 0.

    Args:
        plan: see above.
        masks: what the network wears already, which then stays; None when it wears nothing.
        shapes: of the prunable weights by name, in the order of layers.
        stream: where random places are drawn from.

    Returns:
        For a gradual plan every weight. For the others exactly as many as the plan's density leaves, by layer as
        its rule says, at random places.

    Raises:
        RequestError: for an unknown plan or rule.

    Example:
        >>> from whether.seeds import Seed
        >>> plan = {"name": "rigl", "density": 0.25, "layers": "uniform"}
        >>> int(begin(plan, None, {"w": (4, 6)}, Stream(Seed(1), "sparsify"))["w"].sum())
        6
    """
    name = _named(plan)
    if masks is not None:
        return {name: mask.clone() for name, mask in masks.items()}
    if name == "gradual":
        return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}
    found = {}
    for name, count in by_layer(plan["layers"], shapes, plan["density"]).items():
        flat = torch.zeros(math.prod(shapes[name]), dtype=torch.bool)
        flat[torch.from_numpy(_own(stream, name).permutation(len(flat))[:count])] = True
        found[name] = flat.reshape(shapes[name])
    return found


def changes_at(plan: Plan, step: int) -> bool:
    """Whether a plan may change masks at a step: then `change` is to be asked, and for "rigl" needs gradients.

    Gradual plans change from `begin` to `end` in strides of `every`, and at `end`, where their density is reached. SET
    and RigL change after each `every` steps as long as `end` lies ahead.

    Example:
        >>> plan = {"name": "gradual", "density": 0.1, "begin": 2, "end": 7, "every": 2}
        >>> [step for step in range(10) if changes_at(plan, step)]
        [2, 4, 6, 7]
    """
    every, end = int(plan["every"]), int(plan["end"])
    if _named(plan) == "gradual":
        first = int(plan["begin"])
        return step == end or (first <= step < end and (step - first) % every == 0)
    return 0 < step < end and step % every == 0


def change(
    plan: Plan, step: int, *, weights: Weights, gradients: Weights | None, masks: Masks, stream: Stream
) -> dict[str, Bool[Tensor, "..."]] | None:
    """The masks from a step on; None when they stay.

    Where a new mask is true and the old one was not, a weight begins: at zero, with moments of zero, which is for the
    caller to see to.

    Args:
        plan: see above.
        step: how many steps have been taken.
        weights: prunable weights by name.
        gradients: of the loss, for the places where no weight is, too; only "rigl" reads them.
        masks: until now.
        stream: where "set" draws new places from.

    Raises:
        RequestError: for an unknown plan, or "rigl" without gradients.
        WorkError: when a weight or a gradient that is compared is not a finite number.
    """
    if not changes_at(plan, step):
        return None
    if plan["name"] == "gradual":
        return _pruned(plan, step, weights, masks)
    part = exactly(plan["fraction"])
    if plan["name"] == "rigl":
        part = annealed(step, plan["end"], part)
    found = {}
    for name, mask in masks.items():
        if plan["name"] == "set":
            drawn = torch.from_numpy(_own(stream, name).uniform(mask.numel(), at=step))
            promise = drawn.reshape(mask.shape).to(mask.device)
        elif gradients is None:
            raise RequestError("rigl grows weights where gradients are largest: change() needs gradients by name.")
        else:
            promise = gradients[name].abs()
        found[name] = exchanged(weights[name].abs(), promise, mask, part)
    return None if all(torch.equal(found[name], masks[name]) for name in masks) else found


def exchanged(
    worth: Float[Tensor, "..."], promise: Float[Tensor, "..."], mask: Bool[Tensor, "..."], fraction: Number
) -> Bool[Tensor, "..."]:
    """Drop a fraction of a layer's weights, those worth least, and grow as many where most is promised.

    Dropped are round(fraction·count) weights, or as many as there are free places, so that the count stays. What is
    dropped is not grown again in the same change; in Evci et al. (2020) it may be. Ties go by position.

    Example:
        >>> there, promise = torch.tensor([True, True, False, False]), torch.tensor([9.0, 9.0, 1.0, 2.0])
        >>> exchanged(torch.tensor([3.0, 1.0, 0.0, 0.0]), promise, there, Fraction(1, 2)).tolist()
        [True, False, False, True]
    """
    count = int(mask.sum())
    free = mask.numel() - count
    moved = min(round(fraction * count), free)
    if not moved:
        return mask.clone()
    flat = mask.reshape(-1)
    stay = keep_highest(worth.reshape(-1), flat, Fraction(moved, count))
    grown = keep_highest(promise.reshape(-1), ~flat, 1 - Fraction(moved, free))
    return (stay | grown).reshape(mask.shape)


def annealed(step: int, end: int, fraction: Number) -> Fraction:
    """The part that RigL exchanges: α/2·(1 + cos(π·step/end)), Evci et al. (2020), section 3.

    Example:
        >>> float(annealed(0, 100, 0.3)), round(float(annealed(50, 100, 0.3)), 9)
        (0.3, 0.15)
    """
    return exactly(fraction) * Fraction((1.0 + math.cos(math.pi * step / end)) / 2.0)


def cubic_density(step: int, begin: int, end: int, final: Number) -> Fraction:
    """The density that gradual pruning has at a step: d + (1 − d)·(1 − (step − begin)/(end − begin))³.

    One until `begin`, d from `end` on. Zhu & Gupta, "To prune, or not to prune" (2017), equation 1, from a dense start.

    Example:
        >>> [float(cubic_density(step, 10, 20, 0.2)) for step in (0, 10, 15, 20, 30)]
        [1.0, 1.0, 0.3, 0.2, 0.2]
    """
    if step >= end:
        return exactly(final)
    if step <= begin:
        return Fraction(1)
    left = 1 - Fraction(step - begin, end - begin)
    return exactly(final) + (1 - exactly(final)) * left**3


def _pruned(plan: Plan, step: int, weights: Weights, masks: Masks) -> dict[str, Tensor] | None:
    """By magnitude, to the density of a step: of all places, whatever the masks left when training began."""
    density = cubic_density(step, plan["begin"], plan["end"], plan["density"])
    counts = {name: int(mask.sum()) for name, mask in masks.items()}
    if plan.get("scope", "global") == "layer":
        parts = {name: _too_many(counts[name], masks[name].numel(), density) for name in masks}
        whole = Fraction(0)
    else:
        parts, whole = {}, _too_many(sum(counts.values()), sum(mask.numel() for mask in masks.values()), density)
    if not whole and not any(parts.values()):
        return None
    return select(magnitude(weights, masks), masks, fraction=whole, layers=parts)


def _too_many(count: int, places: int, density: Fraction) -> Fraction:
    """The part of what exists that has to go so that round(density·places) stay; none when there are fewer."""
    return max(1 - Fraction(round(density * places), count), Fraction(0)) if count else Fraction(0)


def _own(stream: Stream, name: str) -> Stream:
    return Stream(stream.seed, f"{stream.name}/{name}")


def _named(plan: Plan) -> str:
    if plan["name"] not in NAMES:
        raise unknown("plan of masks that change", plan["name"], NAMES)
    return str(plan["name"])
