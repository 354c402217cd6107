"""How many dimensions are used."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import RequestError
from whether.probe import layers
from whether.probe.measures import AT_ONCE, evaluating, examples


def effective_rank(module: nn.Module, data: Tensors, split: str, *, layer: str | None = None) -> float:
    """The effective rank of what the last linear layer is given on a split, or of one layer's weights; see `rank_of`.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test"; the rank is at most its number of examples.
        layer: the weights of this layer instead, as a matrix [out, in·kernel]: a weight's or layer's name, or "output".

    Raises:
        RequestError: for a layer that is not there, or a network whose outputs are no linear layer's.
    """
    if layer is not None:
        (weight,) = layers.weights(module, layer).values()
        return rank_of(weight.detach().flatten(1))
    linear = [part for part in module.modules() if isinstance(part, nn.Linear)]
    if not linear:
        raise RequestError(
            "effective_rank is of what the last linear layer is given, and this network has none; name a layer=… whose "
            "weights it is to be of."
        )
    given: list[Tensor] = []
    handle = linear[-1].register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach().flatten(0, -2)))
    try:
        with evaluating(module), torch.no_grad():
            for part in torch.split(examples(data, split)[0], AT_ONCE):
                module(part)
    finally:
        handle.remove()
    return rank_of(torch.cat(given))


def rank_of(matrix: Float[Tensor, "row column"]) -> float:
    """exp(−Σ p·ln p), with p the singular values over their sum; 0 for a matrix of zeros.

    Roy & Vetterli, "The Effective Rank" (EUSIPCO 2007). Between 1 and the rank; nothing is centred.

    Example:
        >>> round(rank_of(torch.diag(torch.tensor([2.0, 2.0, 0.0]))), 6)
        2.0
    """
    matrix = matrix.double()
    if matrix.shape[0] > matrix.shape[1]:
        matrix = torch.linalg.qr(matrix, mode="r").R  # the same singular values, of a square
    values = torch.linalg.svdvals(matrix)
    if not float(values.sum()):
        return 0.0
    return float(torch.special.entr(values / values.sum()).sum().exp())
