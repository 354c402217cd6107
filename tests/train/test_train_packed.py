"""Packed forms of our own layers: held to one network at a time, over the zoo and over layers one by one."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from whether.data.cards import Data
from whether.history.facts import Training
from whether.history.resolve import settle
from whether.models import conv, gpt, mlp, resnet, vgg
from whether.models.conv import lenet_5
from whether.models.init import draw
from whether.recipe import default_recipe
from whether.seeds import Seed, Stream
from whether.tasks.task import find
from whether.train import packed_layers
from whether.train.module import Modules
from whether.train.packed import Packed, losses_of, right_of, why_not
from whether.train.packed_layers import FORMS, lacks
from whether.train.replica import Named

TRAINING = settle(default_recipe("digits"), Data(name="digits"))
SMOOTH = dataclasses.replace(TRAINING, smoothing=0.1)
LANGUAGE = dataclasses.replace(TRAINING, task="language-modelling")
REGRESSION = dataclasses.replace(TRAINING, task="regression")
RATE, STEPS, ROWS, REPLICAS = 0.05, 3, 6, 3
SIDE = 12

Batches = Callable[[int, int], tuple[Tensor, Tensor]]


def normal(*shape: int, at: int = 0) -> Tensor:
    count = int(torch.tensor(shape).prod())
    return torch.from_numpy(Stream(Seed(5), "numbers").normal(count, at=at)).float().view(shape)


def whole(most: int, *shape: int, at: int = 0) -> Tensor:
    count = int(torch.tensor(shape).prod())
    return torch.from_numpy(Stream(Seed(5), "whole").permutation(count, at=at) % most).view(shape)


def images(replicas: int, step: int) -> tuple[Tensor, Tensor]:
    return normal(replicas, ROWS, 2, SIDE, SIDE, at=step), whole(10, replicas, ROWS, at=step)


def tokens(replicas: int, step: int) -> tuple[Tensor, Tensor]:
    x = whole(11, replicas, ROWS, 6, at=step)
    y = x[..., 1:].clone()
    y[:, ::2, 0] = -100
    return x[..., :-1].contiguous(), y


def numbers(replicas: int, step: int) -> tuple[Tensor, Tensor]:
    return normal(replicas, ROWS, 7, at=step), normal(replicas, ROWS, 2, at=step + 50)


SHAPE = (2, SIDE, SIDE)
ZOO: dict[str, tuple[Callable[[], nn.Module], Batches, Training]] = {
    "mlp": (lambda: mlp.mlp("mlp-12-7", SHAPE, 10), images, SMOOTH),
    "lenet-5": (lambda: lenet_5(SHAPE, 10), images, TRAINING),
    "conv-2": (lambda: conv.conv("conv-2", SHAPE, 10), images, TRAINING),
    "vgg": (lambda: vgg.vgg("vgg-11-w2", SHAPE, 10), images, TRAINING),
    "resnet": (lambda: resnet.resnet("resnet-8-w4", SHAPE, 10), images, SMOOTH),
    "resnet, group norm": (lambda: resnet.resnet("resnet-8-w8-gn", SHAPE, 10), images, TRAINING),
    "resnet, layer norm": (lambda: resnet.resnet("resnet-8-w4-ln", SHAPE, 10), images, TRAINING),
    "gpt": (lambda: gpt.gpt("gpt-2-32", (5,), 11, heads=2), tokens, LANGUAGE),
    "gpt, longer table": (lambda: gpt.gpt("gpt-1-32-relu", (9,), 11), tokens, LANGUAGE),
    "gpt, tied": (lambda: gpt.gpt("gpt-1-32", (5,), 11, tied=True), tokens, LANGUAGE),
    "regression": (lambda: nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2)), numbers, REGRESSION),
}
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "convolutions": lambda: nn.Sequential(
        *(nn.Conv2d(2, 4, 3, stride=2, padding=(1, 0), groups=2), nn.GELU(), nn.Conv2d(4, 4, (3, 1), dilation=2)),
        *(nn.Conv2d(4, 6, 1, padding="same", bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 10)),
    ),
    "norms": lambda: nn.Sequential(
        *(nn.BatchNorm2d(2, affine=False), nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        *(nn.GroupNorm(2, 4, affine=False), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(100, 8), nn.BatchNorm1d(8)),
        *(nn.LayerNorm(8), nn.LayerNorm(8, bias=False), nn.LayerNorm(8, elementwise_affine=False), nn.Linear(8, 10)),
    ),
    "a norm of means": lambda: nn.Sequential(
        *(nn.Conv2d(2, 5, 3), vgg.Mean(), nn.BatchNorm1d(5, momentum=0.3), nn.ReLU(), nn.Linear(5, 10)),
    ),
    "dropout of nothing": lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.0), nn.Linear(2 * SIDE**2, 10)),
}
CASES = ZOO | {name: (make, images, TRAINING) for name, make in LAYERS.items()}
each_case = pytest.mark.parametrize("name", CASES)


def made(name: str) -> nn.Module:
    module = CASES[name][0]()
    module.load_state_dict(draw(module, "pytorch", Seed(77)), strict=False)
    return module


def state_of(module: nn.Module, seed: int) -> Named:
    """Weights and running statistics of a network of its own."""
    kept = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
    state = {name: value.clone() for name, value in module.state_dict().items() if name in kept}
    for place, (name, value) in enumerate(state.items()):
        if value.is_floating_point():
            noise = Stream(Seed(seed), f"state {place}").normal(value.numel()) if value.numel() else []
            value += 0.1 * torch.as_tensor(noise).float().view(value.shape).abs()
            if value.dim() > 1 and name.endswith("weight"):
                value -= 0.1 * torch.as_tensor(Stream(Seed(seed), f"{name}").normal(value.numel())).float().view_as(
                    value
                )
    return state


def loaded(program: Modules | Packed, module: nn.Module, seeds: list[int]) -> Tensor:
    weights = torch.zeros(len(seeds), program.layout.size)
    trained = {slot.name for slot in program.layout.slots}
    for place, seed in enumerate(seeds):
        state = state_of(module, seed)
        program.layout.fill(weights[place], {name: state[name] for name in trained})
        program.set_buffers(place, {name: value for name, value in state.items() if name not in trained})
    return weights


def trained(
    program: Modules | Packed, module: nn.Module, batches: Batches, seeds: list[int]
) -> tuple[list[Named], list[Tensor]]:
    """States at the end, and what each step and a look said."""
    weights, said = loaded(program, module, seeds), []
    slopes = torch.zeros_like(weights)
    for step in range(STEPS):
        x, y = batches(9, step)
        said += list(program.gradient(weights, slopes, x[seeds], y[seeds], step))
        said.append(slopes.clone())
        weights -= RATE * slopes
    x, y = batches(1, 99)
    said += list(program.evaluate(weights, x[0], y[0]))
    return [program.layout.take(weights[place]) | program.buffers(place) for place in range(len(seeds))], said


def one_by_one(module: nn.Module, training: Training, count: int = REPLICAS) -> Modules:
    return Modules(module, [Stream(Seed(place), "noise") for place in range(count)], training)


def close(found: Named, expected: Named, wide: float = 1.0) -> None:
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-4 * wide, atol=3e-6 * wide, msg=lambda said, at=name: f"{at}: {said}"
        )


@contextmanager
def rows_at_once(count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr("whether.train.packed.ROWS_AT_ONCE", count)
        yield


class TestAgainstOneAtATime:
    @each_case
    def test_steps_statistics_and_looks(self, name: str) -> None:
        _, batches, training = CASES[name]
        module = made(name)
        found, said = trained(Packed(module, REPLICAS, training), module, batches, [0, 1, 2])
        expected, told = trained(one_by_one(module, training), module, batches, [0, 1, 2])
        for one, other in zip(found, expected, strict=True):
            close(one, other)
        for place, (mine, theirs) in enumerate(zip(said, told, strict=True)):
            apart = float((mine - theirs).double().norm()) / max(1e-9, float(theirs.double().norm()))
            assert apart < 2e-5, f"what was said at {place} is {apart} of its size away"
        assert len({str(one) for one in found}) == REPLICAS, "the networks are not told apart"

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ["lenet-5", "resnet", "convolutions"])
    def test_every_form_of_a_convolution(self, name: str, form: str) -> None:
        _, batches, training = CASES[name]
        module = made(name)
        program = Packed(module, REPLICAS, training, form)
        found, _ = trained(program, module, batches, [0, 1, 2])
        expected, _ = trained(one_by_one(module, training), module, batches, [0, 1, 2])
        for one, other in zip(found, expected, strict=True):
            close(one, other)

    @pytest.mark.parametrize("name", ["mlp", "resnet", "gpt", "vgg", "norms"])
    def test_in_bf16_as_near_as_its_eight_bits(self, name: str) -> None:
        _, batches, training = CASES[name]
        coarse, module = dataclasses.replace(training, precision="bf16"), made(name)
        weights = loaded(packed := Packed(module, REPLICAS, coarse), module, [0, 1, 2])
        loaded(single := one_by_one(module, coarse), module, [0, 1, 2])
        found, expected = torch.zeros_like(weights), torch.zeros_like(weights)
        losses, _ = packed.gradient(weights, found, *batches(REPLICAS, 0), 0)
        told, _ = single.gradient(weights, expected, *batches(REPLICAS, 0), 0)
        torch.testing.assert_close(losses, told, rtol=2e-2, atol=2e-2)
        for mine, theirs in zip(found, expected, strict=True):
            assert float((mine - theirs).norm() / theirs.norm()) < 0.1
        exact = torch.zeros_like(weights)
        loaded(plain := Packed(module, REPLICAS, training), module, [0, 1, 2])
        plain.gradient(weights, exact, *batches(REPLICAS, 0), 0)
        assert not torch.allclose(exact, found, rtol=1e-4, atol=1e-7), "bf16 was not used"
        assert found.dtype == torch.float32

    @pytest.mark.parametrize("name", ["resnet", "gpt"])
    def test_looks_in_parts_are_looks(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _, batches, training = CASES[name]
        module = made(name)
        program = Packed(module, REPLICAS, training)
        weights = loaded(program, module, [0, 1, 2])
        x, y = batches(1, 3)
        expected = program.evaluate(weights, x[0], y[0])
        with rows_at_once(4 * REPLICAS, monkeypatch):
            found = program.evaluate(weights, x[0], y[0])
        torch.testing.assert_close(found, expected)


class TestAPack:
    @each_case
    def test_permuting_networks_permutes_results(self, name: str) -> None:
        _, batches, training = CASES[name]
        module = made(name)
        found, _ = trained(Packed(module, REPLICAS, training), module, batches, [0, 1, 2])
        turned, _ = trained(Packed(module, REPLICAS, training), module, batches, [2, 0, 1])
        alone, _ = trained(Packed(module, 1, training), module, batches, [1])
        for place, seed in enumerate([2, 0, 1]):
            close(turned[place], found[seed], 0.1)
        close(alone[0], found[1])

    @each_case
    def test_a_network_that_diverges_stays_alone(self, name: str) -> None:
        _, batches, training = CASES[name]
        module = made(name)
        program = Packed(module, REPLICAS, training)
        weights = loaded(program, module, [0, 1, 2])
        x, y = batches(REPLICAS, 0)
        fine, slopes = torch.zeros_like(weights), torch.zeros_like(weights)
        program.gradient(weights, fine, x, y, 0)
        kept = [program.buffers(place) for place in range(REPLICAS)]
        loaded(program, module, [0, 1, 2])
        weights[1] = torch.nan
        losses, _ = program.gradient(weights, slopes, x, y, 0)
        assert torch.isfinite(losses).tolist() == [True, False, True]
        for place in (0, 2):
            torch.testing.assert_close(slopes[place], fine[place])
            close(program.buffers(place), kept[place], 0.1)

    def test_networks_that_are_let_go_leave_the_others_as_they_were(self) -> None:
        _, batches, training = CASES["resnet"]
        module = made("resnet")
        program = Packed(module, REPLICAS, training)
        weights = loaded(program, module, [0, 1, 2])
        before = [program.buffers(place) for place in range(REPLICAS)]
        x, y = batches(REPLICAS, 0)
        expected, slopes = torch.zeros_like(weights), torch.zeros(2, program.layout.size)
        program.gradient(weights, expected, x, y, 0)
        loaded(program, module, [0, 1, 2])
        program.keep([2, 0])
        assert all(torch.equal(program.buffers(0)[name], value) for name, value in before[2].items())
        program.gradient(weights[[2, 0]], slopes, x[[2, 0]], y[[2, 0]], 1)
        torch.testing.assert_close(slopes, expected[[2, 0]], rtol=1e-4, atol=1e-6)

    def test_what_a_step_changes_stays_where_it_is(self) -> None:
        _, batches, training = CASES["resnet"]
        module = made("resnet")
        program = Packed(module, REPLICAS, training)
        weights = loaded(program, module, [0, 1, 2])
        before = {name: value.data_ptr() for name, value in program._buffers.items()}
        program.gradient(weights, torch.zeros_like(weights), *batches(REPLICAS, 0), 0)
        assert {name: value.data_ptr() for name, value in program._buffers.items()} == before
        assert int(program.buffers(1)["norm.num_batches_tracked"]) == 1

    def test_the_module_is_left_as_it_was(self) -> None:
        _, batches, training = CASES["resnet"]
        module = made("resnet")
        before, text = copy.deepcopy(module.state_dict()), str(module)
        trained(Packed(module, REPLICAS, training), module, batches, [0, 1, 2])
        assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
        assert str(module) == text

    def test_frozen_parameters_are_each_networks_own_and_stay(self) -> None:
        module = nn.Sequential(nn.Flatten(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
        module[1].requires_grad_(False)
        program = Packed(module, 2, TRAINING)
        assert {slot.name for slot in program.layout.slots} == {"3.weight", "3.bias"}
        weights = loaded(program, module, [0, 1])
        x, y = normal(2, 4, 8), whole(3, 2, 4)
        found, expected = torch.zeros_like(weights), torch.zeros_like(weights)
        loaded(single := one_by_one(module, TRAINING, 2), module, [0, 1])
        program.gradient(weights, found, x, y, 0)
        single.gradient(weights, expected, x, y, 0)
        torch.testing.assert_close(found, expected)
        assert not torch.equal(program.buffers(0)["1.weight"], program.buffers(1)["1.weight"])


class TestLosses:
    @pytest.mark.parametrize("smoothing", [0.0, 0.2])
    def test_they_are_the_tasks_own(self, smoothing: float) -> None:
        for name, batches, shape in (("classification", images, (10,)), ("language-modelling", tokens, (5, 11))):
            outputs, (_, y) = normal(REPLICAS, ROWS, *shape), batches(REPLICAS, 0)
            task = find(name)
            expected = torch.stack([task.loss(outputs[k], y[k], smoothing=smoothing) for k in range(REPLICAS)])
            torch.testing.assert_close(losses_of(name, outputs, y, smoothing), expected)
            right = torch.stack([task.right(outputs[k], y[k]) for k in range(REPLICAS)])
            assert torch.equal(right_of(name, outputs, y), right)

    def test_numbers_are_neither_right_nor_wrong(self) -> None:
        outputs, (_, y) = normal(REPLICAS, ROWS, 2), numbers(REPLICAS, 0)
        expected = torch.stack([find("regression").loss(outputs[k], y[k]) for k in range(REPLICAS)])
        torch.testing.assert_close(losses_of("regression", outputs, y, 0.0), expected)
        assert right_of("regression", outputs, y).tolist() == [0] * REPLICAS


class Doubling(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def hooked() -> nn.Module:
    layer = nn.Linear(3, 3)
    layer.register_forward_hook(lambda _layer, _given, out: 2 * out)
    return layer


def with_parameter() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3))
    module.register_parameter("spare", nn.Parameter(torch.ones(3)))
    return module


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "a subclass": (lambda: Doubling(3, 3), "a Doubling has no packed form"),
    "a hook": (hooked, "a Linear runs code of one's own"),
    "a parameter": (with_parameter, "a Sequential has parameters beside its layers"),
    "dropout": (lambda: nn.Dropout(0.1), r"it draws random numbers \(Dropout\)"),
    "momentum": (lambda: nn.BatchNorm2d(2, momentum=None), "a BatchNorm2d with momentum=None has no packed form"),
    "padding": (lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), "a Conv2d with padding_mode has no"),
    "index": (lambda: nn.Embedding(3, 2, padding_idx=0), "an? Embedding with padding_idx, max_norm or scaled"),
    "flatten": (lambda: nn.Flatten(0), "a Flatten with start_dim or end_dim has no packed form"),
    "pool": (lambda: nn.MaxPool2d(2, return_indices=True), "a MaxPool2d with indices has no packed form"),
    "inside": (lambda: nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Bilinear(1, 1, 1))), "a Bilinear has no packed"),
}


class TestWhyNot:
    @each_case
    def test_nothing_is_said_against_these(self, name: str) -> None:
        _, batches, training = CASES[name]
        x, y = batches(1, 0)
        assert why_not(made(name), x[0], y[0], training) == ""

    @pytest.mark.parametrize("name", REFUSED)
    def test_what_has_no_packed_form_says_why(self, name: str) -> None:
        make, said = REFUSED[name]
        with pytest.raises(AssertionError, match=said):
            raise AssertionError(lacks(make()))

    def test_layers_that_do_not_fit_together_are_found_by_the_trial(self) -> None:
        """A linear layer over the columns of an image takes maps for what they are not."""
        odd = nn.Sequential(nn.Conv2d(2, 2, 1), nn.Linear(SIDE, 3), nn.Flatten(), nn.Linear(2 * SIDE * 3, 10))
        x, y = images(1, 0)
        with pytest.raises(AssertionError, match=r"it cannot be packed|packed, its .* is .* of its size away"):
            raise AssertionError(why_not(odd, x[0], y[0], TRAINING))

    def test_a_loss_of_ones_own_and_nothing_to_train_are_told(self) -> None:
        x, y = images(1, 0)
        own = dataclasses.replace(TRAINING, loss="foreign:hinge")
        assert why_not(made("mlp"), x[0], y[0], own) == "a loss of one's own has no packed form"
        assert why_not(nn.Sequential(nn.Flatten()), x[0], y[0], TRAINING) == "nothing of it is trained"

    def test_a_wrong_form_is_found_and_the_answer_is_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        x, y = images(1, 0)
        right, module = packed_layers.Linear.forward, made("mlp")
        monkeypatch.setattr(packed_layers.Linear, "forward", lambda self, x: 1.01 * right(self, x))
        said = why_not(module, x[0], y[0], TRAINING)
        assert "packed, its loss at step 1 is" in said
        monkeypatch.undo()
        assert why_not(module, x[0], y[0], TRAINING) == said
        assert why_not(module, x[0], y[0], SMOOTH) == ""
