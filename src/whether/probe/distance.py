"""How far a network has gone."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from whether.connect.distance import l2, parameters
from whether.data.tensors import Tensors
from whether.errors import RequestError, unknown
from whether.models.build import prunable

OVER = ("prunable", "all")


def distance(
    module: nn.Module,
    data: Tensors,  # noqa: ARG001
    split: str | None,  # noqa: ARG001
    *,
    since: Mapping[str, Float[Tensor, "..."]],
    over: str = "prunable",
) -> float:
    """L2 distance from an earlier state, √Σ (w − w₀)², summed in float64.

    Under a mask the weights that are gone count as they went: from their first value to zero.

    Args:
        module: its weights are the network's.
        data, split: not asked.
        since: weights of the earlier state by name, such as those that the history began from.
        over: "prunable" weights, or "all" parameters; buffers such as running statistics never count.

    Raises:
        RequestError: for another word, or a state of another architecture.
    """
    if over not in OVER:
        raise unknown("set of weights", over, OVER)
    names = prunable(module) if over == "prunable" else parameters(module)
    here = dict(module.named_parameters())
    for name in names:
        there = since.get(name)
        if there is None or there.shape != here[name].shape:
            got = "none" if there is None else str(tuple(there.shape))
            raise RequestError(
                f"distance needs the weight {name!r} {tuple(here[name].shape)} of the earlier state, which has {got}; "
                "expected a network of the same architecture."
            )
    return l2(here, since, names)
