"""All networks of a pack as one computation: held to one network at a time, and what cannot be stacked is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from whether.data.cards import Data
from whether.history.facts import Training
from whether.history.resolve import settle
from whether.models.conv import conv
from whether.models.gpt import gpt
from whether.models.init import draw
from whether.models.mlp import mlp
from whether.models.resnet import resnet
from whether.recipe import default_recipe
from whether.seeds import Seed, Stream
from whether.train.layout import Layout
from whether.train.module import Modules
from whether.train.replica import Named
from whether.train.stacked import TOLERANCE, Stacked, why_not

TRAINING = settle(default_recipe("digits"), Data(name="digits"))
LANGUAGE = dataclasses.replace(TRAINING, task="language-modelling")
RATE, STEPS, ROWS = 0.05, 3, 8

pytestmark = pytest.mark.filterwarnings("ignore:.*batching rule.*")


def images(replicas: int, step: int) -> tuple[Tensor, Tensor]:
    drawn = torch.from_numpy(Stream(Seed(5), "images").normal(replicas * ROWS * 64, at=step)).float()
    labels = torch.from_numpy(Stream(Seed(5), "labels").permutation(replicas * ROWS, at=step) % 10)
    return drawn.view(replicas, ROWS, 1, 8, 8), labels.view(replicas, ROWS)


def tokens(replicas: int, step: int) -> tuple[Tensor, Tensor]:
    words = torch.from_numpy(Stream(Seed(5), "tokens").permutation(replicas * ROWS * 6, at=step) % 11)
    x = words.view(replicas, ROWS, 6)
    return x[..., :-1].contiguous(), x[..., 1:].contiguous()


Batches = Callable[[int, int], tuple[Tensor, Tensor]]
CASES: dict[str, tuple[Callable[[], nn.Module], Batches, Training]] = {
    "mlp": (lambda: mlp("mlp-12-7", (1, 8, 8), 10), images, TRAINING),
    "conv-2": (lambda: conv("conv-2", (1, 8, 8), 10), images, TRAINING),
    "resnet": (lambda: resnet("resnet-8-w4", (1, 8, 8), 10), images, TRAINING),
    "resnet-gn": (lambda: resnet("resnet-8-w4-gn", (1, 8, 8), 10), images, TRAINING),
    "gpt": (lambda: gpt("gpt-2-32", (5,), 11), tokens, LANGUAGE),
    "gpt, relu": (lambda: gpt("gpt-1-32-relu", (5,), 11), tokens, LANGUAGE),
    "gpt, tied": (lambda: gpt("gpt-2-32", (5,), 11, tied=True), tokens, LANGUAGE),
}


def split(program: Modules | Stacked, state: Named) -> tuple[Named, Named]:
    """A network's state: what is trained, and what is not."""
    trained = {slot.name for slot in program.layout.slots}
    return (
        {name: value for name, value in state.items() if name in trained},
        {name: value for name, value in state.items() if name not in trained},
    )


def loaded(program: Modules | Stacked, module: nn.Module, replicas: int) -> Tensor:
    weights = torch.zeros(replicas, program.layout.size)
    for place in range(replicas):
        trained, held = split(program, draw(module, "kaiming-normal", Seed(place)))
        program.layout.fill(weights[place], trained)
        program.set_buffers(place, held)
    return weights


def trained(
    program: Modules | Stacked, module: nn.Module, batches: Batches, replicas: int = 3
) -> tuple[list[Named], list[Tensor], Tensor]:
    """States at the end, what each step and look said, and the weights."""
    weights, said = loaded(program, module, replicas), []
    slopes = torch.zeros_like(weights)
    for step in range(STEPS):
        said += list(program.gradient(weights, slopes, *batches(replicas, step), step))
        weights -= RATE * slopes
    x, y = batches(1, 99)
    said += list(program.evaluate(weights, x[0], y[0]))
    states = [program.layout.take(weights[place]) | program.buffers(place) for place in range(replicas)]
    return states, said, weights


def by_hand(module: nn.Module, state: Named, batches: Batches, place: int) -> Named:
    """One network, PyTorch's modules and loss, the update written out."""
    module.load_state_dict(state, strict=False)
    module.train()
    for step in range(STEPS):
        x, y = batches(3, step)
        outputs = module(x[place])
        loss = nn.functional.cross_entropy(outputs.flatten(0, -2), y[place].flatten())
        module.zero_grad()
        torch.autograd.backward(loss)
        with torch.no_grad():
            for value in module.parameters():
                assert value.grad is not None
                value -= RATE * value.grad
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def close(found: Named, expected: Named) -> None:
    for name, value in found.items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-4, atol=2e-6, msg=lambda said, at=name: f"{at}: {said}"
        )


@pytest.mark.parametrize("name", CASES)
def test_stacked_is_what_modules_is(name: str) -> None:
    make, batches, training = CASES[name]
    module = make()
    stacked, said, _ = trained(Stacked(module, 3, training), module, batches)
    single, told, _ = trained(
        Modules(module, [Stream(Seed(place), "noise") for place in range(3)], training), module, batches
    )
    for one, other in zip(stacked, single, strict=True):
        assert one.keys() == other.keys()
        close(one, other)
    for one_said, other_said in zip(said, told, strict=True):
        torch.testing.assert_close(one_said, other_said, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_stacked_is_a_plain_loop(name: str) -> None:
    make, batches, training = CASES[name]
    module = make()
    states, _, _ = trained(Stacked(module, 3, training), module, batches)
    for place in range(3):
        close(states[place], by_hand(make(), draw(module, "kaiming-normal", Seed(place)), batches, place))


def test_running_statistics_are_each_networks_own() -> None:
    make, batches, training = CASES["resnet"]
    module = make()
    states, _, _ = trained(Stacked(module, 3, training), module, batches)
    means = [state["norm.running_mean"] for state in states]
    assert all(bool(mean.any()) for mean in means)
    assert not torch.allclose(means[0], means[1])
    assert [int(state["norm.num_batches_tracked"]) for state in states] == [STEPS] * 3
    assert int(module.state_dict()["norm.num_batches_tracked"]) == 0, "the module itself is left as it was"


def test_networks_that_are_let_go_leave_the_others_as_they_were() -> None:
    make, batches, training = CASES["resnet"]
    module = make()
    program = Stacked(module, 3, training)
    _, _, weights = trained(program, module, batches)
    before = [program.buffers(place) for place in range(3)]
    program.keep([2, 0])
    assert all(torch.equal(program.buffers(0)[name], value) for name, value in before[2].items())
    assert all(torch.equal(program.buffers(1)[name], value) for name, value in before[0].items())
    x, y = batches(2, 7)
    losses, _ = program.gradient(weights[[2, 0]], torch.zeros(2, program.layout.size), x, y, 7)
    assert losses.shape == (2,)


def test_a_network_that_diverges_stays_alone() -> None:
    make, batches, training = CASES["conv-2"]
    module = make()
    program = Stacked(module, 2, training)
    weights = loaded(program, module, 2)
    x, y = batches(2, 0)
    fine, slopes = torch.zeros_like(weights), torch.zeros_like(weights)
    program.gradient(weights, fine, x, y, 0)
    weights[0, 5] = torch.inf
    losses, _ = program.gradient(weights, slopes, x, y, 0)
    assert not bool(torch.isfinite(losses[0]))
    torch.testing.assert_close(slopes[1], fine[1])


def test_what_is_frozen_or_unused_has_no_gradient() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    module[1].bias.requires_grad_(False)
    module.register_parameter("spare", nn.Parameter(torch.ones(3)))
    program = Stacked(module, 2, TRAINING)
    assert {slot.name for slot in program.layout.slots} == {"1.weight", "spare"}
    weights, slopes = torch.ones(2, program.layout.size), torch.ones(2, program.layout.size)
    program.set_buffers(1, {"1.bias": torch.full((10,), 2.0)})
    program.gradient(weights, slopes, *images(2, 0), 0)
    assert not bool(program.layout.view(slopes, "spare").any())
    assert bool(program.layout.view(slopes, "1.weight").any())
    assert program.buffers(1)["1.bias"].tolist() == [2.0] * 10


class Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.linear(x.flatten(1))
        result: Tensor = h if bool(h.sum() > 0) else 2 * h
        return result


class InPlace(Branch):
    def forward(self, x: Tensor) -> Tensor:
        result = torch.zeros(len(x), 10)
        result += self.linear(x.flatten(1))
        return result


class Counting(Branch):
    """Counts its calls outside of its state: the second network of a loop sees another number."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        result: Tensor = self.linear(x.flatten(1)) * self.calls
        return result


class Drawing(Branch):
    def forward(self, x: Tensor) -> Tensor:
        h = self.linear(x.flatten(1))
        return h + torch.randn_like(h)


def classifier(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 10))


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "dropout": (lambda: classifier(nn.Dropout(0.1)), r"it draws random numbers \(Dropout\)"),
    "momentum": (lambda: classifier(nn.BatchNorm2d(1, momentum=None)), "its BatchNorm2d has momentum=None"),
    "branch": (Branch, "torch.func.vmap does not map it over networks: RuntimeError: .*data-dependent"),
    "in place": (InPlace, "torch.func.vmap does not map it over networks: RuntimeError: output with shape"),
    "drawing": (Drawing, "it draws random numbers, and"),
    "counting": (Counting, "stacked, its loss at step 1 is .* of its size away"),
    "broken": (lambda: nn.Linear(3, 3), "it does not train: RuntimeError"),
}


class TestWhyNot:
    @pytest.mark.parametrize("name", CASES)
    def test_nothing_is_said_against_the_models_of_the_table(self, name: str) -> None:
        make, batches, training = CASES[name]
        x, y = batches(1, 0)
        assert why_not(make(), x[0], y[0], training) == ""

    @pytest.mark.parametrize("name", REFUSED)
    def test_what_cannot_be_stacked_says_why(self, name: str) -> None:
        make, said = REFUSED[name]
        x, y = images(1, 0)
        with pytest.raises(AssertionError, match=said):
            raise AssertionError(why_not(make(), x[0], y[0], TRAINING))

    def test_dropout_of_nothing_is_no_dropout(self) -> None:
        x, y = images(1, 0)
        assert why_not(classifier(nn.Dropout(0.0)), x[0], y[0], TRAINING) == ""

    def test_it_leaves_no_trace(self) -> None:
        module = resnet("resnet-8-w4", (1, 8, 8), 10)
        before = {name: value.clone() for name, value in module.state_dict().items()}
        world = torch.get_rng_state()
        x, y = images(1, 0)
        why_not(module, x[0], y[0], TRAINING)
        assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
        assert torch.equal(torch.get_rng_state(), world)
        assert module.training

    def test_the_tolerance_finds_a_wrong_stack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Statistics that a step forgets, and a gradient that is a hundredth too large."""
        module, (x, y) = resnet("resnet-8-w4", (1, 8, 8), 10), images(1, 0)
        right = Stacked.gradient

        def forgets(self: Stacked, *given: object) -> object:
            held = {name: value.clone() for name, value in self._buffers.items()}
            said = right(self, *given)  # type: ignore[arg-type]
            self._buffers = held
            return said

        monkeypatch.setattr(Stacked, "gradient", forgets)
        assert "norm" in why_not(module, x[0], y[0], TRAINING) or "evaluation" in why_not(module, x[0], y[0], TRAINING)

        def larger(self: Stacked, weights: Tensor, into: Tensor, *given: object) -> object:
            said = right(self, weights, into, *given)  # type: ignore[arg-type]
            into *= 1 + 10 * TOLERANCE
            return said

        monkeypatch.setattr(Stacked, "gradient", larger)
        assert "its gradient at step 1 is 0.01 of its size away" in why_not(module, x[0], y[0], TRAINING)


def test_layouts_are_those_of_modules() -> None:
    module = resnet("resnet-8-w4", (1, 8, 8), 10)
    stacked: Layout = Stacked(module, 2, TRAINING).layout
    assert stacked == Modules(module, [Stream(Seed(1), "noise")], TRAINING).layout
