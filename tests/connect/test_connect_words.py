"""The words of connections as measures of a module: a line is walked once, and nothing is computed for nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cases import XOR
from whether.connect import path as line
from whether.connect import reestimate, words
from whether.data.tensors import Tensors, tensors
from whether.tasks.task import find

TASK = find("classification")


class Normed(nn.Module):
    """Two layers with a norm in between, or without."""

    def __init__(self, norm: bool) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(2, 6), nn.Linear(6, 2)
        self.norm: nn.Module = nn.BatchNorm1d(6) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x.flatten(1))
        answer: Tensor = self.last(torch.relu(self.norm(h)))
        return answer


def drawn(module: nn.Module, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    found = {name: torch.randn(value.shape, generator=generator) for name, value in module.named_parameters()}
    for name, value in module.named_buffers():
        found[name] = value.clone() if not value.is_floating_point() else torch.rand(value.shape, generator=generator)
    return found


@pytest.fixture
def data() -> Tensors:
    return tensors(XOR)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often lines were walked, networks evaluated and statistics taken."""
    seen = dict.fromkeys(("walk", "_evaluate", "reestimate"), 0)

    def spy(home: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(home, name)

        def called(*given: Any, **how: Any) -> Any:
            seen[name] += 1
            return real(*given, **how)

        monkeypatch.setattr(home, name, called)

    spy(line, "walk")
    spy(words, "_evaluate")
    spy(words, "reestimate")
    return seen


def ask(word: Callable[..., Any], data: Tensors, *, norm: bool = True, statistics: str = "re-estimated") -> Any:
    module = Normed(norm)
    module.load_state_dict(drawn(module, 1))
    return word(module, data, "train", other=drawn(module, 2), task=TASK, points=5, statistics=statistics)


@pytest.mark.parametrize("word", [words.barrier, words.loss_barrier])
def test_a_barrier_walks_once_and_evaluates_each_point_once(
    data: Tensors, counted: dict[str, int], word: Callable[..., Any]
) -> None:
    ask(word, data)
    assert counted == {"walk": 1, "_evaluate": 5, "reestimate": 5}


def test_a_path_has_stale_ones_too(data: Tensors, counted: dict[str, int]) -> None:
    told = ask(words.path, data)
    assert counted == {"walk": 1, "_evaluate": 10, "reestimate": 5}
    assert set(told) == {"steps", "error", "stale error", "loss", "stale loss"}
    assert told["loss"] != told["stale loss"]


@pytest.mark.parametrize(("norm", "statistics"), [(True, "interpolated"), (False, "re-estimated")])
@pytest.mark.parametrize("word", [words.path, words.barrier])
def test_where_no_statistics_are_taken_there_is_one_network_a_point(
    data: Tensors, counted: dict[str, int], word: Callable[..., Any], norm: bool, statistics: str
) -> None:
    told = ask(word, data, norm=norm, statistics=statistics)
    assert counted == {"walk": 1, "_evaluate": 5, "reestimate": 0}
    if word is words.path and statistics == "re-estimated":
        assert told["stale loss"] == told["loss"]


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("statistics", ["re-estimated", "interpolated"])
def test_numbers_are_those_of_networks_that_are_built_point_by_point(
    data: Tensors, norm: bool, statistics: str
) -> None:
    own = Normed(norm)
    a, b = drawn(own, 1), drawn(own, 2)
    x, y = data.x_train[data.train_index], data.y_train[data.train_index]
    errors, losses = [], []
    for step in range(5):
        at = step / 4
        weights = {name: a[name] if not a[name].is_floating_point() else torch.lerp(a[name], b[name], at) for name in a}
        if norm and statistics == "re-estimated":
            weights = dict(reestimate(own, weights, x))
        own.load_state_dict(weights)
        with torch.no_grad():
            out = own.eval()(x)
        losses.append(float(nn.functional.cross_entropy(out.double(), y)))
        errors.append(100 * float((out.argmax(1) != y).double().mean()))
    told = ask(words.path, data, norm=norm, statistics=statistics)
    assert told["error"] == pytest.approx(errors)
    assert told["loss"] == pytest.approx(losses, rel=1e-5)
    assert ask(words.barrier, data, norm=norm, statistics=statistics) == pytest.approx(
        max(errors) - (errors[0] + errors[-1]) / 2
    )
    assert ask(words.loss_barrier, data, norm=norm, statistics=statistics) == pytest.approx(
        max(losses) - (losses[0] + losses[-1]) / 2, rel=1e-4
    )
