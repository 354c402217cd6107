"""Whether a network's confidence says how often it is right."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import RequestError
from whether.probe.classes import labelled

BINS = 15


def calibration(module: nn.Module, data: Tensors, split: str, *, bins: int = BINS) -> float:
    """Expected calibration error on a split, in points; see `expected_calibration_error`.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        bins: how many; 15 in the paper.
    """
    return expected_calibration_error(*labelled(module, data, split), bins=bins)


def expected_calibration_error(
    logits: Float[Tensor, "row class"], y: Int[Tensor, " row"], *, bins: int = BINS
) -> float:
    """Σ |B|/n · |accuracy(B) − confidence(B)| over bins of equal width, in points.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), section 2: confidence is the largest softmax
    output, bin m of M holds those in ((m−1)/M, m/M]. It is biased upwards on few examples: compare on the same split.

    Args:
        logits: of the classes.
        y: labels.
        bins: M, at least 1.

    Raises:
        RequestError: for a number of bins that is none, and without examples.

    Example:
        >>> round(expected_calibration_error(torch.tensor([[9.0, -9.0], [9.0, -9.0]]), torch.tensor([0, 1])), 3)
        50.0
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise RequestError(f"calibration takes a whole number of bins, at least 1; got bins={bins!r}.")
    if not len(y):
        raise RequestError("calibration needs examples, and this split has none.")
    confidence, said = torch.softmax(logits.double(), 1).max(1)
    upper = torch.arange(1, bins, dtype=torch.float64, device=confidence.device) / bins
    place = torch.bucketize(confidence, upper)  # of the first edge that is not below
    # Per bin, |Σ right − Σ confidence| is |B|·|accuracy − confidence|.
    over = (said == y).double() - confidence
    gaps = torch.zeros(bins, dtype=torch.float64, device=over.device).index_add(0, place, over)
    return 100.0 * float(gaps.abs().sum()) / len(y)
