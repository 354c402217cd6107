"""How much each weight is worth keeping: higher scores stay."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Bool, Float
from torch import Tensor


def magnitude(
    weights: Mapping[str, Float[Tensor, "..."]], masks: Mapping[str, Bool[Tensor, "..."]]
) -> dict[str, Float[Tensor, "..."]]:
    """|w|: a weight is worth what it is large (Han et al., 2015; Frankle & Carbin, 2019).

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is never read.
    """
    return {name: weights[name].abs() for name in masks}
