"""Which model fits which data, and what is told of names that are not spelt as their family is."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether import fit
from whether.errors import RequestError

IMAGE, FLAT, PLACES = (3, 32, 32), (5,), (16,)


@pytest.mark.parametrize("name", ["lenet-5", "conv-2", "conv-6", "vgg-16", "vgg-11-w8", "resnet-20-w8-gn", "timm/any"])
def test_convolutions_take_images(name: str) -> None:
    fit.fits(name, IMAGE)
    fit.fits(name, IMAGE, "regression")
    with pytest.raises(RequestError, match=rf"{name}' does not fit.* it takes images .* are numbers .*, 5\. .*: mlp-"):
        fit.fits(name, FLAT)
    with pytest.raises(RequestError, match=r"it takes images .* sequences of tokens, 16\. What fits them: gpt-2-64"):
        fit.fits(name, PLACES, "language-modelling")


def test_perceptrons_take_anything_but_tokens() -> None:
    for shape in (IMAGE, FLAT):
        fit.fits("mlp-3", shape)
    for name in ("mlp-3", "lenet-300-100"):
        with pytest.raises(RequestError, match=r"it takes numbers .* What fits them: gpt-2-64"):
            fit.fits(name, PLACES, "language-modelling")


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (784,)])
def test_lenet_300_100_has_the_inputs_of_its_paper(shape: tuple[int, ...]) -> None:
    fit.fits("lenet-300-100", (1, 28, 28))
    said = r"data set 'digits': it takes 1 × 28 × 28 = 784 values, digits has .* any input are 'mlp-300-100'"
    with pytest.raises(RequestError, match=said):
        fit.fits("lenet-300-100", shape, data="digits")


def test_a_gpt_takes_tokens() -> None:
    fit.fits("gpt-2-64", PLACES, "language-modelling")
    with pytest.raises(RequestError, match=r"it takes sequences of tokens, and .* images .*, 3 × 32 × 32.*resnet-20"):
        fit.fits("gpt-2-64", IMAGE)
    with pytest.raises(RequestError, match=r"it takes sequences of tokens, and .* numbers .*, 16\. .* mlp-300-100"):
        fit.fits("gpt-2-64", PLACES, "regression")


@pytest.mark.parametrize(("name", "smallest"), [("lenet-5", 4), ("conv-2", 2), ("conv-4", 4), ("conv-6", 8)])
def test_the_smallest_image_is_told(name: str, smallest: int) -> None:
    fit.fits(name, (1, smallest, smallest))
    with pytest.raises(RequestError, match=f"too small for it, the smallest are {smallest} × {smallest}"):
        fit.fits(name, (1, smallest + 3, smallest - 1))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet-19", "6n \\+ 2 layers; write resnet-14 or resnet-20"),
        ("resnet-21-w8-gn", "write resnet-20 or resnet-26"),
        ("resnet-2", "write resnet-8"),
        ("resnet-1", "write resnet-8"),
        ("resnet-20-gn-w8", "then -w8 for a first width of 8 .* then -gn or -ln"),
        ("resnet-20-w0", "then -w8"),
        ("resnet-18x", "then -w8"),
        ("vgg-12", "write vgg-11, vgg-13, vgg-16 or vgg-19"),
        ("vgg-11-w", "and -w8 for a first width of 8"),
        ("conv-3", "write conv-2, conv-4 or conv-6"),
        ("lenet-55", "write lenet-5"),
        ("lenet-300-1000", "write mlp-300-100"),
        ("mlp-3-0", "hidden layers of 300 and 100 units"),
        ("gpt-2", "write gpt-2-64: two blocks of width 64"),
        ("gpt-0-64", "write gpt-2-64"),
    ],
)
def test_what_is_not_spelt_as_its_family_is(name: str, said: str) -> None:
    with pytest.raises(RequestError, match=f"the model '{name}'.*{said}"):
        fit.fits(name, IMAGE)


@given(st.integers(1, 2000))
def test_depths_are_told_by_the_nearest_that_exist(depth: int) -> None:
    if depth > 2 and (depth - 2) % 6 == 0:
        assert 6 * fit.resnet(f"resnet-{depth}").blocks + 2 == depth
        return
    with pytest.raises(RequestError, match="write resnet-") as caught:
        fit.resnet(f"resnet-{depth}")
    near = [int(found) for found in re.findall(r"resnet-(\d+)", str(caught.value))[1:]]
    assert near
    assert all(abs(other - depth) < 8 for other in near)
    for other in near:
        fit.resnet(f"resnet-{other}")


@given(st.integers(1, 999), st.integers(1, 999), st.sampled_from(["bn", "gn", "ln"]))
def test_names_of_residual_networks_say_what_they_are(blocks: int, width: int, norm: str) -> None:
    suffix = "" if norm == "bn" else f"-{norm}"
    assert fit.resnet(f"resnet-{6 * blocks + 2}-w{width}{suffix}") == fit.Resnet(blocks, width, norm)


@pytest.mark.parametrize(("width", "heads"), [(1, 1), (32, 1), (48, 1), (64, 2), (100, 2), (128, 4), (97, 1)])
def test_heads_divide_the_width(width: int, heads: int) -> None:
    assert fit.gpt(f"gpt-1-{width}").heads == heads
    assert fit.gpt(f"gpt-1-{width}-relu") == fit.Gpt(1, width, relu=True)


def test_code_of_ones_own_is_left_alone() -> None:
    fit.fits("nets:make", FLAT)
    fit.fits("torchvision.models:resnet18", IMAGE)


def test_nothing_heavy_is_loaded() -> None:
    code = "import sys, whether.fit; print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
