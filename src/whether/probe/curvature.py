"""The largest eigenvalue of the loss's Hessian."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from whether.data.tensors import Tensors
from whether.errors import RequestError, WorkError
from whether.probe.measures import evaluating, examples
from whether.seeds import Seed, Stream
from whether.tasks.kinds import Classification
from whether.tasks.task import Task

Vector = Float[Tensor, " flat"]


def hessian_eigenvalue(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    rows: int = 200,
    masks: Mapping[str, Bool[Tensor, "..."]] | None = None,
    task: Task | None = None,
) -> float:
    """The largest eigenvalue of the Hessian of the mean loss, in loss per squared weight.

    Of all parameters that ask for a gradient, in evaluation mode; under masks, of the weights that exist. Products with
    the Hessian have the network's own precision, all else is float64: the value is right to about one in a thousand,
    or better. It takes ten to fifty products, of which each costs about two steps of training on so many rows.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        rows: how many examples: the first of one fixed permutation of the split, the same for all networks. All of the
            split when it has fewer.
        masks: where prunable weights exist.
        task: whose loss; classification when None.

    Raises:
        RequestError: for a number of rows that is none.
        WorkError: when the loss is not finite, or the iteration does not converge.
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise RequestError(f"hessian_eigenvalue takes a whole number of rows, at least 1; got rows={rows!r}.")
    x, y = examples(data, split)
    chosen = torch.from_numpy(Stream(Seed(0), "hessian/rows").permutation(len(y))[:rows].copy()).to(y.device)
    x, y = x[chosen], y[chosen]
    named = {name: value for name, value in module.named_parameters() if value.requires_grad}
    exists = torch.cat(
        [(masks or {}).get(name, torch.ones_like(value, dtype=torch.bool)).flatten() for name, value in named.items()]
    )
    # The fused kernels of attention have no second derivative.
    with evaluating(module), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        loss = (task or Classification()).loss(module(x), y)
        if not bool(torch.isfinite(loss)):
            raise WorkError(f"the loss is {float(loss.detach())}; the network that was measured has diverged.")
        product = hessian_product(loss, list(named.values()))
    size = len(exists)
    start = torch.from_numpy(Stream(Seed(0), "hessian/start").normal(size)).to(exists.device)
    return largest_eigenvalue(lambda vector: product(vector * exists) * exists, start * exists)


def hessian_product(loss: Float[Tensor, ""], parameters: list[Tensor]) -> Callable[[Vector], Vector]:
    """A function from v to H·v, with H the Hessian of the loss by all parameters, one behind the other.

    By differentiating ∇loss·v (Pearlmutter, 1994); the graph of the gradient is made once.
    """
    found = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
    gradient = _row(found, parameters)

    def product(vector: Vector) -> Vector:
        if not gradient.requires_grad:
            return torch.zeros_like(vector)  # a loss that is linear in every parameter
        along = vector.to(gradient.dtype)
        parts = torch.autograd.grad(gradient, parameters, along, retain_graph=True, allow_unused=True)
        return _row(parts, parameters).to(vector.dtype)

    return product


def _row(parts: Sequence[Tensor | None], like: Sequence[Tensor]) -> Vector:
    """Tensors one behind the other; zeros for what a loss does not depend on."""
    pairs = zip(parts, like, strict=True)
    return torch.cat([(torch.zeros_like(value) if part is None else part).flatten() for part, value in pairs])


def largest_eigenvalue(
    product: Callable[[Vector], Vector], start: Vector, *, tolerance: float = 1e-3, at_most: int = 500
) -> float:
    """The algebraically largest eigenvalue of a symmetric matrix that is given by its products.

    Lanczos (1950) with the three-term recurrence. Vectors are not orthogonalised again: lost orthogonality repeats
    eigenvalues that have converged, which leaves the largest as it is, and three vectors are all that is kept.

    Args:
        product: from v to A·v.
        start: a vector that has a part in every direction, float64; a random one.
        tolerance: of the residual ‖A·v − λ·v‖, relative to the largest |λ| that was seen. The eigenvalue is nearer.
        at_most: products.

    Raises:
        WorkError: when it has not converged by then.

    Example:
        >>> values = torch.tensor([-9.0, 1.0, 4.0], dtype=torch.float64)
        >>> round(largest_eigenvalue(lambda vector: values * vector, torch.ones(3, dtype=torch.float64)), 6)
        4.0
    """
    if not float(start.norm()):
        return 0.0  # nothing exists
    before, vector, beta = torch.zeros_like(start), start / start.norm(), 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    for count in range(1, at_most + 1):
        following = product(vector) - beta * before
        diagonal.append(float(following @ vector))
        following = following - diagonal[-1] * vector
        beta = float(following.norm())
        values, vectors = torch.linalg.eigh(_tridiagonal(diagonal, beside))
        scale = float(values.abs().max())
        if not math.isfinite(scale):
            break
        residual = beta * abs(float(vectors[-1, -1]))
        if residual <= tolerance * scale or beta <= 1e-14 * scale or count == len(start):
            return float(values[-1])
        before, vector = vector, following / beta
        beside.append(beta)
    raise WorkError(
        f"the largest eigenvalue had not converged after {at_most} products with the Hessian; look "
        "whether the network has diverged."
    )


def _tridiagonal(diagonal: list[float], beside: list[float]) -> Float[Tensor, "size size"]:
    made = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    if beside:
        off = torch.tensor(beside, dtype=torch.float64)
        made = made + torch.diag(off, 1) + torch.diag(off, -1)
    return made
