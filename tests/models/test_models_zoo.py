"""Models of torchvision and timm, by stand-ins of those libraries; and functions that are written as theirs are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from whether.errors import RequestError
from whether.history.facts import Model
from whether.models import build
from whether.models.build import check_fit

STAND_IN = """
from torch import nn

def small(*, weights=None, progress=True, **kwargs):
    return net(**kwargs)

def net(num_classes=1000, in_chans=3, width=4):
    conv, linear = nn.Conv2d(in_chans, width, 3), nn.Linear(width, num_classes)
    return nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)

def anything(shape, **kwargs):
    assert not kwargs
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

def list_models(module=None):
    return ["small"]

def get_model(name, **config):
    assert config["weights"] is None
    return small(**config)

def create_model(name, pretrained=False, **kwargs):
    assert pretrained is False
    return net(**kwargs)
"""


def model(name: str, shape: tuple[int, ...] = (3, 8, 8), classes: int = 10, **options: Any) -> Model:
    return Model(name=name, shape=shape, classes=classes, options=options)


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A torchvision and a timm that have one small network."""
    for name in ("torchvision", "timm"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(STAND_IN, encoding="utf-8")
        (tmp_path / name / "models.py").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "plain_functions.py").write_text(STAND_IN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("torchvision", "timm", "plain_functions"):
            del sys.modules[name]


def ends(module: nn.Module) -> tuple[int, int]:
    """Channels that go in and numbers that come out."""
    layers = [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    first, last = layers[0], layers[-1]
    assert isinstance(first, nn.Conv2d)
    assert isinstance(last, nn.Linear)
    return first.in_channels, last.out_features


@pytest.mark.usefixtures("libraries")
class TestInstalled:
    @pytest.mark.parametrize("name", ["torchvision/small", "timm/small", "torchvision.models:small", "timm.models:net"])
    def test_classes_are_those_of_the_data(self, name: str) -> None:
        module = build(model(name, classes=7))
        assert ends(module) == (3, 7)
        assert module(torch.zeros(2, 3, 8, 8)).shape == (2, 7)

    @pytest.mark.parametrize("name", ["timm/small", "timm.models:net", "plain_functions:net"])
    def test_channels_are_those_of_the_data_where_they_can_be_told(self, name: str) -> None:
        assert ends(build(model(name, (1, 8, 8)))) == (1, 10)

    def test_options_are_handed_on_and_win(self) -> None:
        assert ends(build(model("torchvision/small", (1, 8, 8), in_chans=1))) == (1, 10)
        assert build(model("timm/small", width=6))[0].out_channels == 6
        assert ends(build(model("plain_functions:net", (1, 8, 8), classes=5, num_classes=5))) == (1, 5)

    @pytest.mark.parametrize("name", ["torchvision/small", "torchvision.models:small"])
    def test_other_channels_are_told(self, name: str) -> None:
        said = r"Its first convolution takes 3 channels, and the images have 1: models of timm take options="
        with pytest.raises(RequestError, match=said):
            build(model(name, (1, 8, 8)))

    def test_images_that_are_too_small_are_told(self) -> None:
        with pytest.raises(RequestError, match=r"'timm/small' does not fit the data: examples are 3 × 2 × 2, and"):
            build(model("timm/small", (3, 2, 2)))

    def test_functions_that_take_anything_are_given_what_they_name(self) -> None:
        assert isinstance(build(model("plain_functions:anything", (1, 8, 8))), nn.Module)

    def test_unknown_names_are_told(self) -> None:
        with pytest.raises(RequestError, match=r"unknown model of torchvision 'smal'; did you mean 'small'"):
            build(model("torchvision/smal"))
        with pytest.raises(RequestError, match=r"unknown model of timm 'smal'; did you mean 'small'"):
            build(model("timm/smal"))


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_what_is_not_installed_is_told(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, f"{library}.models", None)
    with pytest.raises(RequestError, match=f"which is not installed here .*: pip install {library}"):
        build(model(f"{library}/resnet18"))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Tasked(Model):
    """A model that is told what it is for."""

    task: str


def tasked(shape: tuple[int, ...], classes: int, task: str) -> Tasked:
    return Tasked(name="nets:make", shape=shape, classes=classes, options={}, task=task)


class TestTasks:
    def test_language_models_are_sent_tokens(self) -> None:
        facts = tasked((5,), 7, "language-modelling")
        check_fit(nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 7)), facts)
        with pytest.raises(
            RequestError, match=r"it gives \(2, 5, 6\); expected \(2, 5, 7\), at each place a logit for"
        ):
            check_fit(nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 6)), facts)
        with pytest.raises(RequestError, match="examples are 5, and it says RuntimeError"):
            check_fit(nn.Linear(5, 7), facts)

    def test_regressions_give_numbers(self) -> None:
        facts = tasked((5,), 2, "regression")
        check_fit(nn.Linear(5, 2), facts)
        with pytest.raises(RequestError, match=r"it gives \(2, 3\); expected \(2, 2\), 2 numbers for each"):
            check_fit(nn.Linear(5, 3), facts)

    @pytest.mark.parametrize(
        ("name", "shape", "said"),
        [
            ("gpt-2-64", (1, 8, 8), "it takes sequences of tokens"),
            ("conv-2", (2,), "it takes images"),
            ("resnet-21", (1, 8, 8), "write resnet-20 or resnet-26"),
        ],
    )
    def test_models_of_the_table_are_told_before_they_are_built(
        self, name: str, shape: tuple[int, ...], said: str
    ) -> None:
        with pytest.raises(RequestError, match=said):
            build(model(name, shape))
