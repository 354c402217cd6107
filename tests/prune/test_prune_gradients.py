"""Scores from gradients: against explicit derivatives in float64, on tied, frozen and normed networks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
import torch
from prune_nets import KINDS, Named, entropy, examples, net, raw, scattered
from torch import Tensor, nn
from torch.func import functional_call

import foreign
from whether.errors import RequestError
from whether.models import prunable
from whether.models.alone import alone
from whether.prune import full, grasp, select, snip, synflow, taylor

X, Y = examples()
Score = Callable[..., Named]
Loss = Callable[[Tensor, Tensor], Tensor]


def parts(module: nn.Module) -> tuple[Named, Named]:
    weights = {name: dict(module.named_parameters())[name].detach().clone() for name in prunable(module)}
    return weights, full(weights, tuple(weights))


def loss_of(module: nn.Module, row: Tensor, names: list[str], loss: Loss = entropy) -> Tensor:
    """The loss as a function of all prunable weights in one row; on a copy, so that nothing is changed."""
    twin, at, given = copy.deepcopy(module).requires_grad_(False), 0, {}
    for name in names:
        shape = dict(twin.named_parameters())[name].shape
        given[name] = row[at : at + shape.numel()].view(shape)
        at += shape.numel()
    return loss(functional_call(twin, given, (X,)), Y)


def flat(values: Named) -> Tensor:
    return torch.cat([value.reshape(-1) for value in values.values()])


@pytest.mark.parametrize("kind", KINDS)
def test_snip_and_taylor_are_those_of_differences(kind: str) -> None:
    module = net(kind)
    weights, masks = parts(module)
    row, far = flat(weights), 1e-6
    slopes = []
    for place in range(len(row)):
        step = torch.zeros_like(row)
        step[place] = far
        ahead, behind = (loss_of(module, row + sign * step, list(weights)) for sign in (1, -1))
        slopes.append(float((ahead - behind) / (2 * far)))
    expected = (torch.tensor(slopes, dtype=torch.float64) * row).abs()
    found = flat(snip(weights, masks, module=module, x=X, y=Y, loss=entropy))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)
    squares = flat(taylor(weights, masks, module=module, x=X, y=Y, loss=entropy))
    torch.testing.assert_close(squares, found**2, rtol=1e-12, atol=0)
    assert found.count_nonzero() > len(row) / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [1.0, 200.0])
def test_grasp_is_the_hessian_times_the_gradient(kind: str, temperature: float) -> None:
    module = net(kind)
    weights, masks = parts(module)

    def cooled(out: Tensor, y: Tensor) -> Tensor:
        return entropy(out / temperature, y)

    def value(row: Tensor) -> Tensor:
        return loss_of(module, row, list(weights), cooled)

    row = flat(weights)
    slope = torch.autograd.functional.jacobian(value, row)
    hessian = torch.autograd.functional.hessian(value, row)
    found = flat(grasp(weights, masks, module=module, x=X, y=Y, loss=entropy, temperature=temperature))
    expected = (hessian @ slope) * row
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-14)
    assert bool((found < 0).any())
    assert bool((found > 0).any())


@pytest.mark.parametrize("kind", KINDS)
def test_grasp_under_a_mask_is_that_of_the_network_that_wears_it(kind: str) -> None:
    """Flow is of the weights that are there: H and g of a loss of those alone, the others are no variables."""
    module = net(kind)
    weights, masks = parts(module)
    for place, name in enumerate(masks):
        drawn = torch.rand(masks[name].shape, generator=torch.Generator().manual_seed(place))
        masks[name] = drawn < 0.6
    there = flat(masks)
    worn = flat(weights).where(there, 0.0)

    def value(row: Tensor) -> Tensor:
        return loss_of(module, torch.zeros_like(worn).masked_scatter(there, row), list(weights))

    row = worn[there]
    slope = torch.autograd.functional.jacobian(value, row)
    hessian = torch.autograd.functional.hessian(value, row)
    found = flat(grasp(weights, masks, module=module, x=X, y=Y, loss=entropy, temperature=1.0))
    torch.testing.assert_close(found[there], (hessian @ slope) * row, rtol=1e-9, atol=1e-14)
    assert found[there].count_nonzero() > len(row) / 2
    whole = flat(grasp(weights, full(weights, tuple(weights)), module=module, x=X, y=Y, loss=entropy, temperature=1.0))
    assert not torch.allclose(found[there], whole[there], rtol=1e-3)


class Attention(nn.Module):
    """One causal head, by the fused function or as it is written."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.into, self.answer, self.fused = nn.Linear(4, 12), nn.Linear(4, 3), fused

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.into(x).chunk(3, -1)
        if self.fused:
            heads = (part.unsqueeze(1) for part in (query, key, value))
            seen = nn.functional.scaled_dot_product_attention(*heads, is_causal=True).squeeze(1)
        else:
            later = torch.ones(4, 4).triu(1).bool()
            seen = (query @ key.mT / 2).masked_fill(later, -torch.inf).softmax(-1) @ value
        result: Tensor = self.answer(seen.mean(1))
        return result


def test_grasp_of_fused_attention_is_that_of_the_written_one() -> None:
    fused, written = Attention(True), Attention(False)
    for module in (fused, written):
        drawn = scattered({name: tuple(value.shape) for name, value in module.named_parameters()})
        module.load_state_dict(drawn)
    x = X.float().squeeze(1)
    found, expected = (
        grasp(*parts(module), module=module, x=x, y=Y, loss=entropy, temperature=0.1) for module in (fused, written)
    )
    torch.testing.assert_close(flat(found), flat(expected), rtol=1e-3, atol=1e-5)
    assert float(flat(expected).abs().max()) > 1e-2


def gradient_flow(module: nn.Module, weights: Named, masks: Named) -> float:
    row = flat({name: weights[name].where(masks[name], 0.0) for name in weights}).requires_grad_()
    (slope,) = torch.autograd.grad(loss_of(module, row, list(weights)), row)
    return float(slope.square().sum())


def test_grasp_keeps_more_gradient_flow_than_the_whole_network_has() -> None:
    """The sign: pruning what GraSP names raises |g|², pruning the other end lowers it; in a net of small weights."""
    for seed in range(5):
        module = net("plain", seed)
        weights, masks = parts(module)
        scores = grasp(weights, masks, module=module, x=X, y=Y, loss=entropy)
        kept = select(scores, masks, fraction=Fraction(1, 20))
        turned = select({name: -score for name, score in scores.items()}, masks, fraction=Fraction(1, 20))
        whole = gradient_flow(module, weights, masks)
        assert gradient_flow(module, weights, kept) > 1.02 * whole
        assert gradient_flow(module, weights, turned) < 0.98 * whole


def test_grasp_foretells_what_the_flow_does_when_a_little_of_a_weight_goes() -> None:
    module = net("normed")
    weights, masks = parts(module)
    scores = flat(grasp(weights, masks, module=module, x=X, y=Y, loss=entropy))
    whole, part = gradient_flow(module, weights, masks), 1e-5
    for place in (int(scores.argmax()), int(scores.argmin()), 3):
        less = flat(weights)
        less[place] *= 1 - part
        there = {
            name: piece.view(weights[name].shape)
            for name, piece in zip(weights, less.split([value.numel() for value in weights.values()]), strict=True)
        }
        change = (gradient_flow(module, there, masks) - whole) / part
        assert change == pytest.approx(-2 * float(scores[place]), rel=1e-2)


def state(module: nn.Module) -> tuple[Any, Any, Any]:
    requires = [value.requires_grad for value in module.parameters()]
    held = {name: value.clone() for name, value in module.state_dict().items()}
    return raw(held), [layer.training for layer in module.modules()], requires


ASKED: dict[str, Score] = {
    "snip": partial(snip, y=Y, loss=entropy),
    "grasp": partial(grasp, y=Y, loss=entropy),
    "taylor": partial(taylor, y=Y, loss=entropy),
    "synflow": synflow,
}


@pytest.mark.parametrize("word", ASKED)
@pytest.mark.parametrize("kind", KINDS)
def test_the_module_stays_as_it_was(word: str, kind: str) -> None:
    module = net(kind)
    module[1].eval() if isinstance(module, nn.Sequential) else module.answer.eval()
    weights, masks = parts(module)
    before, given = state(module), raw(weights)
    parameters = list(map(id, module.parameters())) + list(map(id, module.buffers()))
    with torch.no_grad():  # whatever the caller's mode
        found = ASKED[word](weights, masks, module=module, x=X)
    assert state(module) == before
    assert raw(weights) == given
    assert parameters == list(map(id, module.parameters())) + list(map(id, module.buffers()))
    assert all(value.grad is None for value in module.parameters())
    assert {name: score.shape for name, score in found.items()} == {name: mask.shape for name, mask in masks.items()}
    assert not any(score.requires_grad for score in found.values())


@pytest.mark.parametrize("word", ASKED)
def test_modules_that_bind_new_buffers_stay_as_they_were(word: str) -> None:
    module = foreign.odd(3)
    weights, masks = parts(module)
    x = torch.randn(6, 64, generator=torch.Generator().manual_seed(1))
    before, seen = state(module), id(module.seen)
    with alone(1):
        found = ASKED[word](weights, masks, module=module, x=x, **({} if word == "synflow" else {"y": Y[:6]}))
    assert state(module) == before
    assert id(module.seen) == seen
    assert found["fixed.weight"].any(), "a frozen weight has a score, too"


@pytest.mark.parametrize("word", ASKED)
def test_the_weights_given_are_scored_not_those_the_module_holds(word: str) -> None:
    module, other = net("plain", 1), net("plain", 2)
    weights, masks = parts(module)
    biases = {name: value for name, value in module.state_dict().items() if name.endswith("bias")}
    other.load_state_dict(biases, strict=False)
    here, there = (ASKED[word](weights, masks, module=item, x=X) for item in (module, other))
    assert raw(here) == raw(there)


@pytest.mark.parametrize("word", ASKED)
def test_what_is_masked_plays_no_part(word: str) -> None:
    module = net("plain")
    weights, masks = parts(module)
    masks = {name: scattered({name: tuple(mask.shape)})[name] > 0 for name, mask in masks.items()}
    worn = {name: value.where(masks[name], 0.0) for name, value in weights.items()}
    spoilt = {name: value.where(masks[name], float("nan")) for name, value in weights.items()}
    clean, found = (ASKED[word](given, masks, module=module, x=X) for given in (worn, spoilt))
    assert raw(clean) == raw(found)
    assert not any(bool(score[~masks[name]].any()) for name, score in found.items())


def test_networks_in_float32_are_scored_in_float32() -> None:
    exact, rough = net("normed"), net("normed", dtype=torch.float32)
    x = X.float()
    for word in ("snip", "grasp"):
        fine = ASKED[word](*parts(exact), module=exact, x=X)
        found = ASKED[word](*parts(rough), module=rough, x=x)
        assert all(score.dtype == torch.float32 for score in found.values())
        torch.testing.assert_close(flat(found).double(), flat(fine), rtol=1e-3, atol=1e-5)


def test_a_temperature_is_above_zero() -> None:
    module = net("plain")
    with pytest.raises(RequestError, match=r"grasp's temperature is 0\.0; expected a number above zero, such as 1 or"):
        grasp(*parts(module), module=module, x=X, y=Y, loss=entropy, temperature=0.0)


# SynFlow.


def chain(depth: int, width: int = 6, *, bias: bool = False) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(16, width, bias=bias), nn.ReLU()]
    for _ in range(depth):
        layers += [nn.Linear(width, width, bias=bias), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 3, bias=bias)).double()


def test_synflow_conserves_the_flow_from_layer_to_layer() -> None:
    module = chain(4)
    weights, masks = parts(module)
    x = X.float()
    totals = [float(score.sum()) for score in synflow(weights, masks, module=module, x=x).values()]
    assert len(totals) == 6
    assert totals == pytest.approx([totals[0]] * 6, rel=1e-12)
    masks["3.weight"][1:, ::2] = False
    totals = [float(score.sum()) for score in synflow(weights, masks, module=module, x=x).values()]
    assert totals == pytest.approx([totals[0]] * 6, rel=1e-12)


def test_synflow_of_two_layers_by_hand() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    weights, masks = parts(module)
    first, second = weights["1.weight"].abs(), weights["3.weight"].abs()
    bias = module[1].bias.detach().abs()  # type: ignore[union-attr,operator]
    found = synflow(weights, masks, module=module, x=X)
    for unit in range(5):
        out = sum(float(second[k, unit]) for k in range(3))
        for source in range(16):
            assert float(found["1.weight"][unit, source]) == pytest.approx(float(first[unit, source]) * out, rel=1e-12)
        into = sum(float(first[unit, source]) for source in range(16)) + float(bias[unit])
        for k in range(3):
            assert float(found["3.weight"][k, unit]) == pytest.approx(float(second[k, unit]) * into, rel=1e-12)


def test_synflow_reads_neither_data_nor_signs_nor_running_means() -> None:
    module = chain(2)
    weights, masks = parts(module)
    expected = synflow(weights, masks, module=module, x=X)
    module[4].running_mean.fill_(1e3)  # type: ignore[union-attr,operator]
    turned = {name: -value for name, value in weights.items()}
    assert raw(synflow(turned, masks, module=module, x=100 * X[:1])) == raw(expected)


def test_synflow_of_deep_networks_does_not_overflow() -> None:
    module = chain(100, width=40)
    with torch.no_grad():
        for value in module.parameters():
            value.mul_(10 if value.dim() > 1 else 1)
    weights, masks = parts(module.float())
    found = synflow(weights, masks, module=module, x=X.float())
    assert all(score.dtype == torch.float64 for score in found.values())
    assert float(found["1.weight"].sum()) > 1e100
    assert all(bool(torch.isfinite(score).all()) for score in found.values())


def test_synflow_refuses_what_it_cannot_score() -> None:
    module = foreign.ones(3)
    with pytest.raises(RequestError, match="synflow found no weights to score: the network has no linear or"):
        synflow({}, {}, module=module, x=X)
    module = nn.Sequential(nn.Flatten(), nn.LayerNorm(16), nn.Linear(16, 3, bias=False))
    with pytest.raises(RequestError, match="synflow finds no flow from the inputs to the outputs of this network"):
        synflow(*parts(module), module=module, x=X.float())
    module = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 3))
    with pytest.raises(RequestError, match=r"inputs of type torch\.int64 are names, not numbers"):
        synflow(*parts(module), module=module, x=Y)


def test_synflow_of_a_collapsed_layer_is_zero() -> None:
    module = chain(1)
    weights, masks = parts(module)
    masks["3.weight"][:] = False
    found = synflow(weights, masks, module=module, x=X)
    assert not found["1.weight"].any()
