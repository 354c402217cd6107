"""Groups of units: what moves together, that nothing else does, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from symmetric import SYMMETRIC, Residual, Symmetric, Tokens, mlp, outputs
from torch import Tensor, nn
from torch.nn import functional as F

from whether.connect import permute, random_permutations
from whether.connect.groups import groups
from whether.errors import RequestError
from whether.history.facts import Model
from whether.models import build
from whether.models.gpt import gpt
from whether.seeds import Seed


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_permutation_never_changes_what_a_network_computes(case: Symmetric, seed: int) -> None:
    module, weights, x = case.module(), case.weights(seed), case.examples(6)
    found = groups(module, case.shape)
    assert tuple(group.size for group in found.groups) == case.sizes
    before = outputs(module, weights, x)
    assert float(before.std(0).min()) > 1e-3, "a network that says the same of everything would show nothing"
    for group, permutation in random_permutations(found, Seed(seed)).items():
        moved = permute(weights, found, {group: permutation})  # group by group: one alone must be right, too
        torch.testing.assert_close(outputs(module, moved, x), before, rtol=1e-10, atol=1e-10)
        assert any(not torch.equal(moved[name], value) for name, value in weights.items())
    moved = permute(weights, found, random_permutations(found, Seed(seed)))
    torch.testing.assert_close(outputs(module, moved, x), before, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_every_slot_is_needed(case: Symmetric) -> None:
    """With any one axis left behind the network computes something else."""
    module, weights, x = case.module(), case.weights(3), case.examples(6)
    found = groups(module, case.shape)
    before = outputs(module, weights, x)
    permutations = random_permutations(found, Seed(3))
    for name, axes in found.by_tensor.items():
        moved = permute(weights, found, permutations)
        for group, slot in axes:
            back = torch.argsort(permutations[group.name]).unsqueeze(1) * slot.each + torch.arange(slot.each)
            left = moved | {name: moved[name].index_select(slot.axis, back.reshape(-1))}
            assert float((outputs(module, left, x) - before).abs().max()) > 1e-6, (name, slot)


def test_the_groups_of_a_perceptron() -> None:
    found = groups(mlp(), (3, 4))
    listed = [(group.name, [(slot.tensor, slot.axis, slot.each) for slot in group.slots]) for group in found.groups]
    assert listed == [
        ("1.weight", [("1.weight", 0, 1), ("1.bias", 0, 1), ("3.weight", 1, 1)]),
        ("3.weight", [("3.weight", 0, 1), ("3.bias", 0, 1), ("5.weight", 1, 1)]),
    ]


def test_a_residual_stream_is_one_group_and_statistics_are_not_learned() -> None:
    stream = groups(Residual(), (2, 8, 8)).groups[0]
    assert {(slot.tensor, slot.axis) for slot in stream.slots} == {
        *(("stem.0.weight", 0), ("blocks.0.first.weight", 1), ("blocks.0.second.weight", 0)),
        *(("blocks.1.first.weight", 1), ("blocks.1.shortcut.0.weight", 1)),
        *((f"{norm}.{kind}", 0) for norm in ("stem.1", "blocks.0.two") for kind in ("weight", "bias")),
        *((f"{norm}.running_{kind}", 0) for norm in ("stem.1", "blocks.0.two") for kind in ("mean", "var")),
    }
    assert {slot.tensor for slot in stream.slots if not slot.learned} == {
        f"{norm}.running_{kind}" for norm in ("stem.1", "blocks.0.two") for kind in ("mean", "var")
    }
    assert len(stream.reads) == 3


def test_what_is_added_to_the_input_or_the_output_stays() -> None:
    class Added(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.hidden, self.last = nn.Linear(4, 4), nn.Linear(4, 6), nn.Linear(6, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.first(x).relu()
            return x + self.last(self.hidden(x).relu())

    assert [(group.name, group.size) for group in groups(Added(), (4,)).groups] == [("hidden.weight", 6)]


def test_the_module_stays_as_it_was() -> None:
    module = Residual().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    groups(module, (2, 8, 8))
    assert all(layer.training and not layer._forward_hooks for layer in module.modules())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_masks_move_as_weights_do() -> None:
    found = groups(mlp(), (3, 4))
    weights = SYMMETRIC[0].weights(1)
    masks = {"3.weight": weights["3.weight"] > 0}
    permutations = random_permutations(found, Seed(1))
    moved = permute(masks, found, permutations)
    assert list(moved) == ["3.weight"]
    assert torch.equal(moved["3.weight"], permute(weights, found, permutations)["3.weight"] > 0)


def test_of_a_transformer_the_mlps_move_where_attention_is_held() -> None:
    module = Tokens()
    found = groups(module, (5,), tokens=True, hold=True)
    assert [(group.name, group.size) for group in found.groups] == [("mlp.0.weight", 12)]
    weights = {name: torch.randn_like(value) for name, value in module.named_parameters()}
    x = torch.tensor([[1, 2, 3, 0, 6]])
    module.eval()
    moved = permute(weights, found, random_permutations(found, Seed(1)))
    assert not torch.equal(moved["mlp.0.weight"], weights["mlp.0.weight"])
    torch.testing.assert_close(outputs(module, moved, x), outputs(module, weights, x), rtol=1e-4, atol=1e-4)
    with pytest.raises(
        RequestError, match=r"cannot follow hidden units through chunk in the module \(Tokens\)\. .* hold"
    ):
        groups(module, (5,), tokens=True)


SHIPPED = [
    ("mlp-9-7", (1, 8, 8), [9, 7]),
    ("lenet-5", (1, 28, 28), [6, 16, 120, 84]),
    ("conv-2", (1, 8, 8), [64, 64, 256, 256]),
    ("resnet-8-w4", (3, 8, 8), [4, 4, 8, 8, 16, 16]),
    ("resnet-8-w4-ln", (3, 8, 8), [4, 4, 8, 8, 16, 16]),
    ("gpt-2-8", (5,), [32, 32]),
]


@pytest.mark.parametrize(("name", "shape", "sizes"), SHIPPED, ids=[name for name, _, _ in SHIPPED])
def test_our_own_architectures_can_be_aligned(name: str, shape: tuple[int, ...], sizes: list[int]) -> None:
    tokens = name.startswith("gpt")
    model = Model(name=name, shape=shape, classes=10, options={})
    module = (gpt(name, shape, 10, heads=2, tied=True) if tokens else build(model)).double().eval()
    found = groups(module, shape, tokens=tokens, hold=tokens)
    assert [group.size for group in found.groups] == sizes
    generator = torch.Generator().manual_seed(1)
    weights = {
        key: torch.randn(value.shape, generator=generator, dtype=torch.float64) / (value[0].numel() ** 0.5)
        if value.dim() > 1
        else torch.rand(value.shape, generator=generator, dtype=torch.float64) + 0.5
        for key, value in (*module.named_parameters(), *module.named_buffers())
        if value.is_floating_point()
    }
    x = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    x = x.argsort(-1) if tokens else x
    moved = permute(weights, found, random_permutations(found, Seed(1)))
    torch.testing.assert_close(outputs(module, moved, x), outputs(module, weights, x), rtol=1e-10, atol=1e-10)


class Through(nn.Module):
    """A linear or convolution layer, something, and another layer."""

    def __init__(self, between: object, *, image: bool = False, before: nn.Module | None = None) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1) if image else nn.Linear(3, 4)
        self.inner = before or nn.Identity()
        self.between = between
        self.last = nn.LazyConv2d(2, 1) if image else nn.LazyLinear(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self.inner(self.first(x))))  # type: ignore[operator]


def through(between: object, *, image: bool = False, before: nn.Module | None = None) -> nn.Module:
    module = Through(between, image=image, before=before)
    module(torch.zeros(2, 1, 4, 4) if image else torch.zeros(2, 3))
    return module


REFUSED = [
    (through(lambda x: F.pad(x, (0, 0, 0, 0, 1, 1)), image=True), "through pad in the module .*option A of He"),
    (through(lambda x: torch.cat([x, x], 1)), r"through cat in the module \(Through\)\. It reads from"),
    (through(lambda x: x[:, :2]), "through __getitem__ in the module"),
    (through(lambda x: x.cumsum(1)), "through cumsum in"),
    (through(lambda x: x if x.sum() > -math.inf else -x), "through sum in .*: it sums over the units themselves"),
    (through(lambda x: x * (1.0 if bool(x.relu_().isfinite().all()) else 0.0)), "through isfinite in"),
    (through(lambda x: torch.from_numpy(np.asarray(x.detach()))), "through (numpy|__array__) in"),
    (through(lambda x: x.view(-1, 2, 2).sum(2)), r"takes units apart: \(2, 4\) becomes \(2, 2, 2\)"),
    (through(lambda x: F.max_pool1d(x.unsqueeze(1), 2).squeeze(1)), "through max_pool1d in .*pools over the units"),
    (through(lambda x: x.unsqueeze(2) * x.unsqueeze(1)), "through mul in .*units that lie along different axes"),
    (through(nn.Identity(), image=True, before=nn.GroupNorm(2, 4)), r"inner \(GroupNorm\): it norms 4 channels in 2"),
    (through(nn.Identity(), image=True, before=nn.Conv2d(4, 4, 1, groups=2)), r"in inner \(Conv2d\): its 2 groups"),
    (through(nn.Identity(), image=True, before=nn.LocalResponseNorm(2)), r"through \w+ in inner \(LocalResponseNorm\)"),
    (
        through(nn.Identity(), before=nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))),
        r"through linear in inner \(ParametrizedLinear\): one of its tensors is no parameter",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("module", "said"), REFUSED, ids=[said[:24] for _, said in REFUSED])
def test_what_units_cannot_be_followed_through_is_refused_or_held(module: nn.Module, said: str) -> None:
    image = isinstance(module.first, nn.Conv2d)
    shape = (1, 4, 4) if image else (3,)
    with pytest.raises(RequestError, match=said):
        groups(module, shape)
    held = groups(module, shape, hold=True)
    weights = {name: torch.randn_like(value) for name, value in module.state_dict().items()}
    moved = permute(weights, held, random_permutations(held, Seed(1)))
    assert all(slot.tensor.partition(".")[0] != "first" or slot.axis for group in held.groups for slot in group.slots)
    x = torch.randn(3, *shape)
    torch.testing.assert_close(outputs(module.eval(), moved, x), outputs(module, weights, x))


@pytest.mark.parametrize("parts", [1, 4])
def test_group_norms_with_one_group_or_as_many_as_channels_can_move(parts: int) -> None:
    assert len(groups(through(nn.ReLU(), image=True, before=nn.GroupNorm(parts, 4)), (1, 4, 4)).groups) == 1


def test_a_module_that_fails_says_what_happened() -> None:
    with pytest.raises(RequestError, match=r"Sequential failed on two examples of 3 × 5: RuntimeError: mat1 and mat2"):
        groups(mlp(), (3, 5))


def test_an_output_that_comes_about_unseen_is_refused() -> None:
    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.first(x), x

    with pytest.raises(RequestError, match="cannot see how this one comes about: it is of type tuple"):
        groups(Twin(), (3,))


def test_weights_of_another_width_are_refused() -> None:
    found = groups(mlp(), (3, 4))
    narrow = nn.Sequential(nn.Flatten(), nn.Linear(12, 15), nn.ReLU(), nn.Linear(15, 9), nn.Tanh(), nn.Linear(9, 4))
    with pytest.raises(RequestError, match=r"one architecture: '1.weight' is \(15, 12\), expected 16 along axis 0"):
        permute(narrow.state_dict(), found, random_permutations(found, Seed(1)))
