"""The words of two networks, as the language calls them: measures of a path, and states on it or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from jaxtyping import Shaped
from torch import Tensor, nn

from whether.connect import align
from whether.connect import path as line
from whether.connect.distance import cosine
from whether.connect.distance import disagreement as differently
from whether.connect.groups import Groups
from whether.connect.statistics import reestimate, tracking
from whether.data.tensors import Tensors
from whether.models.build import prunable
from whether.probe.measures import examples, logits
from whether.seeds import Seed
from whether.tasks.task import Task

Named = dict[str, Tensor]


def path(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    other: Named,
    task: Task,
    points: int = 31,
    statistics: str = "re-estimated",
) -> dict[str, list[float]]:
    """Error and loss on the straight line from this network to another.

    Args:
        module: with this network's weights, those of α = 0.
        data: of which a split is evaluated.
        split: "train", "validation" or "test".
        other: the weights of α = 1.
        task: says what the loss is, and what is right.
        points: how many α, both ends included.
        statistics: BatchNorm's running statistics at every α: "re-estimated" on the training split, or "interpolated".

    Returns:
        "steps" (the α), "error" in per cent and "loss", by α; and the same of the other way to have statistics, as
        "stale error" and "stale loss" when they are re-estimated.
    """
    found = _walk(module, data, split, other=other, task=task, points=points, statistics=statistics, both=True)
    told = {"steps": [point.alpha for point in found]}
    for name in ("error", "loss"):
        told[name] = [point.values[name] for point in found]
        if statistics == "re-estimated":
            told[f"stale {name}"] = [point.stale[name] for point in found]
    return told


def barrier(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    other: Named,
    task: Task,
    points: int = 31,
    statistics: str = "re-estimated",
) -> float:
    """The error barrier in points (Frankle et al., 2020): sup over α of the error, less the mean of both ends."""
    found = _walk(module, data, split, other=other, task=task, points=points, statistics=statistics)
    return line.barrier([point.values["error"] for point in found])


def loss_barrier(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    other: Named,
    task: Task,
    points: int = 31,
    statistics: str = "re-estimated",
) -> float:
    """The loss barrier in nats: sup over α of the loss, less the mean of both ends."""
    found = _walk(module, data, split, other=other, task=task, points=points, statistics=statistics)
    return line.barrier([point.values["loss"] for point in found])


def disagreement(module: nn.Module, data: Tensors, split: str, *, other: Named) -> float:
    """Per cent of a split's predictions that two networks make differently."""
    x, _ = examples(data, split)
    ours = logits(module, x)
    module.load_state_dict(other, strict=False)
    return differently(ours, logits(module, x))


def cosine_distance(module: nn.Module, *, since: Named) -> float:
    """Cosine distance over the prunable weights."""
    return cosine(dict(module.named_parameters()), since, prunable(module))


def interpolate(weights: Named, *, other: Named, at: float = 0.5) -> Named:
    """A point of the straight line: (1 − at)·weights + at·other."""
    return line.interpolate(weights, other, at)


def align_weights(weights: Named, *, units: Groups, other: Named, seed: Seed) -> Named:
    """The same function with units matched to another network's by their weights (Ainsworth et al., 2023)."""
    return align.permute(weights, units, align.match_weights(units, other, weights, seed=seed))


def align_activations(
    weights: Named, *, module: nn.Module, units: Groups, other: Named, x: Shaped[Tensor, "row *shape"]
) -> Named:
    """The same function with units matched to another network's by what they do on examples (Li et al., 2015)."""
    return align.permute(weights, units, align.match_activations(module, units, other, weights, x))


def permute_units(weights: Named, *, units: Groups, seed: Seed) -> Named:
    """The same function with its units in a random order."""
    return align.permute(weights, units, align.random_permutations(units, seed))


def re_estimate(weights: Named, *, module: nn.Module, x: Shaped[Tensor, "row *shape"]) -> Named:
    """The same weights with BatchNorm's running statistics taken anew."""
    return dict(reestimate(module, weights, x))


def _walk(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    other: Named,
    task: Task,
    points: int,
    statistics: str,
    both: bool = False,
) -> list[line.Point]:
    x, y = examples(data, split)
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}  # a shared tensor has one name
    weights = {name: value.detach().clone() for name, value in named.items()}
    seen = examples(data, "train")[0] if statistics == "re-estimated" and tracking(module) else None
    return line.walk(
        module,
        weights,
        other,
        alphas=line.alphas(points),
        evaluate=partial(_evaluate, task, x, y),
        reestimate=None if seen is None else partial(_again, module, seen),
        both=both,
    )


def _again(module: nn.Module, x: Tensor, weights: Mapping[str, Tensor]) -> Named:
    return dict(reestimate(module, weights, x))


def _evaluate(task: Task, x: Tensor, y: Tensor, module: nn.Module) -> dict[str, float]:
    """Error in per cent and mean loss, rows at a time."""
    outputs = logits(module, x)
    counted = float(task.counted(y))
    return {
        "error": 100.0 - 100.0 * float(task.right(outputs, y)) / counted,
        "loss": float(task.loss(outputs.double(), y)),
    }
