"""Scores that ask how the network answers: SNIP, GraSP, Taylor and SynFlow.

All take a module and leave it as it was: its parameters are replaced for one pass (`functional_call`), its buffers by
copies, which a batch norm may then update. The weights that are scored are those of `weights` under `masks`, whatever
the module holds for them, and whether or not they ask for a gradient; a weight that several layers share has one score.
Sums are taken in the module's own type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from whether.errors import RequestError, WorkError

Loss = Callable[..., Tensor]


def snip(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    module: nn.Module,
    x: Shaped[Tensor, "example *shape"],
    y: Shaped[Tensor, "example *label"],
    loss: Loss,
) -> dict[str, Float[Tensor, "..."]]:
    """|g·w|: how much the loss would change, to first order, if a weight were gone.

    g is ∂L/∂w of the mean loss L over the examples. Lee et al., "SNIP: single-shot network pruning based on connection
    sensitivity" (2019), equation 5; their division by the sum of all scores is left out, since it changes no order.

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is zero.
        module: computes in the mode it is in.
        x: examples of the training split.
        y: their labels.
        loss: of outputs and labels, the mean over examples.

    Example:
        >>> net, one = nn.Linear(2, 1, bias=False), torch.ones(2).bool()
        >>> squares = lambda out, y: (out - y).square().mean()
        >>> snip({"weight": torch.tensor([[1.0, -2.0]])}, {"weight": torch.ones(1, 2).bool()}, module=net,
        ...      x=torch.tensor([[3.0, 1.0]]), y=torch.zeros(1, 1), loss=squares)
        {'weight': tensor([[6., 4.]])}
    """
    leaves = _leaves(weights, masks, module)
    slopes = _gradients(_loss(module, leaves, x, y, loss), leaves)
    return _at_home({name: (slopes[name] * leaf.detach()).abs() for name, leaf in leaves.items()}, weights)


def taylor(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    module: nn.Module,
    x: Shaped[Tensor, "example *shape"],
    y: Shaped[Tensor, "example *label"],
    loss: Loss,
) -> dict[str, Float[Tensor, "..."]]:
    """(g·w)²: the squared change of the loss, to first order, if a weight were gone.

    Molchanov et al., "Importance estimation for neural network pruning" (2019), equation 6. They average the squares
    over batches while a network is trained; here the examples are one batch, so that single weights come in the order
    of `snip`, and only sums over structures differ.

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is zero.
        module: computes in the mode it is in.
        x: examples of the training split.
        y: their labels.
        loss: of outputs and labels, the mean over examples.
    """
    found = snip(weights, masks, module=module, x=x, y=y, loss=loss)
    return {name: score.double().square() for name, score in found.items()}  # a float32 of 1e-23 has no square


def grasp(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    module: nn.Module,
    x: Shaped[Tensor, "example *shape"],
    y: Shaped[Tensor, "example *label"],
    loss: Loss,
    temperature: float = 1.0,
) -> dict[str, Float[Tensor, "..."]]:
    """(Hg)·w: prune what, when it goes, raises the gradient flow |g|² the most.

    Wang et al., "Picking winning tickets before training by preserving gradient flow" (2020), equation 8: without a
    weight the flow changes by −2(Hg)·w, to first order, and the highest −(Hg)·w are pruned. Here as everywhere the
    highest stay, so what is returned is +(Hg)·w. H and g are of the mean loss over the examples, with respect to the
    prunable weights only. The authors' code divides the outputs by a temperature of 200, which their equations do
    not; here it is one unless asked for.

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is zero.
        module: computes in the mode it is in.
        x: examples of the training split.
        y: their labels.
        loss: of outputs and labels, the mean over examples.
        temperature: outputs are divided by it.

    Returns:
        Scores, which may be below zero.
    """
    if not temperature > 0:
        raise RequestError(f"grasp's temperature is {temperature!r}; expected a number above zero, such as 1 or 200.")
    leaves = _leaves(weights, masks, module)
    with sdpa_kernel(SDPBackend.MATH), torch.enable_grad():  # fused attention has no second derivative
        cooled = _loss(module, leaves, x, y, lambda out, labels: loss(out / temperature, labels))
        slopes = _gradients(cooled, leaves, again=True)
        there = {name: slope.where(masks[name].to(slope.device), 0.0) for name, slope in slopes.items()}
        flow = torch.stack([slope.square().sum() for slope in there.values()]).sum() / 2
        turned = _gradients(flow, leaves)  # half the gradient of |g|² is Hg
    return _at_home({name: turned[name] * leaf.detach() for name, leaf in leaves.items()}, weights)


def synflow(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    module: nn.Module,
    x: Shaped[Tensor, "example *shape"],
) -> dict[str, Float[Tensor, "..."]]:
    """|w|·∂R/∂|w|: how much of the flow R from inputs to outputs goes through a weight. Needs no data.

    R is the sum of the outputs when every parameter is made positive and the input is all ones. The scores of each
    layer of a chain without biases sum to R. Tanaka et al., "Pruning neural networks without any data by iteratively
    conserving synaptic flow" (2020), equation 2; meant for many rounds (`iterate`).

    Computed in float64, in which deep networks do not overflow. Batch norms are evaluated with their running variances
    and means of zero, which is what means are before training: one taken off later could turn flow negative.

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is zero.
        module: any mode; it is evaluated.
        x: only the shape of one example counts.

    Returns:
        Scores in float64.

    Raises:
        RequestError: without weights to score, for inputs that are no numbers, or when no flow reaches the outputs.
        WorkError: when R is beyond float64.
    """
    if not masks or not any(mask.numel() for mask in masks.values()):
        raise RequestError("synflow found no weights to score: the network has no linear or convolution layer.")
    if not x.is_floating_point():
        raise RequestError(f"synflow sends ones through the network; inputs of type {x.dtype} are names, not numbers.")
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    given = {name: _positive(value.detach()) for name, value in tensors.items()}
    given |= {name: torch.zeros_like(given[name]) for name in _running_means(module) if name in given}
    leaves = {
        name: _worn(weights[name], mask).to(tensors[name].device).double().abs().requires_grad_()
        for name, mask in masks.items()
    }
    ones = torch.ones((1, *x.shape[1:]), dtype=torch.float64, device=x.device)
    with _evaluating(module), torch.enable_grad():
        flow = functional_call(module, given | leaves, (ones,)).sum()
    found = {name: slope * leaves[name].detach() for name, slope in _gradients(flow, leaves).items()}
    _check_flow(flow.detach(), found, masks)
    return _at_home(found, weights)


def _positive(value: Tensor) -> Tensor:
    return value.double().abs() if value.is_floating_point() else value.clone()


def _check_flow(flow: Tensor, found: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    if not bool(torch.isfinite(flow)) or not all(bool(torch.isfinite(score).all()) for score in found.values()):
        raise WorkError("synflow's flow is beyond float64: the network is too deep, or its weights are no numbers.")
    # With weights gone, a layer may have collapsed: then nothing is worth keeping, and ties go by place.
    if all(bool(mask.all()) for mask in masks.values()) and not any(bool(score.any()) for score in found.values()):
        raise RequestError(
            "synflow finds no flow from the inputs to the outputs of this network, although no weight is pruned. "
            "Norms that an example computes of itself (LayerNorm, GroupNorm) take an input of ones to zero, and so do "
            "branches that begin at zero; use snip or magnitude there."
        )


def _leaves(weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """The weights as they are worn, where and in the type that the module computes, each a leaf of its own."""
    own = dict(module.named_parameters())
    return {name: _worn(weights[name], mask).to(own[name]).requires_grad_() for name, mask in masks.items()}


def _worn(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.detach().where(mask.to(weight.device), 0.0)


def _loss(module: nn.Module, leaves: Mapping[str, Tensor], x: Tensor, y: Tensor, loss: Loss) -> Tensor:
    # Copies, into which a batch norm writes; new ones that a module binds are put back by `functional_call`.
    buffers = {name: value.detach().clone() for name, value in module.named_buffers()}
    with torch.enable_grad():
        return loss(functional_call(module, {**buffers, **leaves}, (x,)), y)


def _gradients(value: Tensor, leaves: Mapping[str, Tensor], *, again: bool = False) -> dict[str, Tensor]:
    """Of a scalar, by name; zero for what it does not depend on."""
    if not value.requires_grad:
        return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    asked = list(leaves.values())
    found = torch.autograd.grad(value, asked, create_graph=again, allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def _at_home(scores: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: score.detach().to(weights[name].device) for name, score in scores.items()}


def _running_means(module: nn.Module) -> list[str]:
    return [
        f"{name}.running_mean" if name else "running_mean"
        for name, layer in module.named_modules()
        if isinstance(layer, nn.modules.batchnorm._NormBase)
    ]


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode
