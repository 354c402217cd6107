"""What all perturbations share: some weights change, the others stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from whether.errors import RequestError, unknown

Weights = Mapping[str, Float[Tensor, "..."]]
Redraw = Callable[[str], Float[Tensor, "..."]]


def change(
    weights: Mapping[str, Tensor], names: Sequence[str], become: Callable[[str, Tensor], Tensor]
) -> dict[str, Tensor]:
    """New weights: those of `names` are what `become(name, weight)` gives, in their own kind; the others are as before.

    Raises:
        RequestError: for a name that is not there.
    """
    changed = dict(weights)
    for name in names:
        if name not in weights:
            raise unknown("weight to perturb", name, weights)
        changed[name] = become(name, weights[name]).to(weights[name].dtype)
    return changed


def fitting(found: Tensor | None, name: str, weight: Tensor, source: str) -> Tensor:
    """Another tensor for the place of a weight.

    Raises:
        RequestError: when there is none, or it has another shape.
    """
    if found is None:
        raise RequestError(f"{source} has no weight {name!r}; expected a network of the same architecture.")
    if found.shape != weight.shape:
        raise RequestError(
            f"{source} has {tuple(found.shape)} for the weight {name!r}, which is {tuple(weight.shape)}; expected a "
            "network of the same architecture."
        )
    return found
