"""Which model fits which data, and what the names of models say: told before anything is built, and without torch.

A name of the table is a family and its sizes ("resnet-20-w8-gn": depth 20, width 8, GroupNorm). Here it is taken apart
and its mistakes are told; `models/` builds the network and `plan/size.py` counts its operations from the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from whether.errors import RequestError

VGG_LAYERS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions in each of the five stages (Simonyan & Zisserman, 2015, table 1: A, B, D, E)."""

TOKENS = "language-modelling"
HEAD_WIDTH = 32


@dataclass(frozen=True)
class Vgg:
    """A VGG: convolutions of each stage, and channels of the first; the later ones have 2, 4, 8, 8 times as many."""

    layers: tuple[int, ...]
    width: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width * times for times in (1, 2, 4, 8, 8))


@dataclass(frozen=True)
class Resnet:
    """A CIFAR ResNet: blocks in each of its three stages, channels of the first, and "bn", "gn" or "ln"."""

    blocks: int
    width: int
    norm: str

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return (self.width, 2 * self.width, 4 * self.width)


@dataclass(frozen=True)
class Gpt:
    """A GPT: blocks, width of its stream, and whether its perceptrons have ReLU in the place of GELU."""

    layers: int
    width: int
    relu: bool = False

    @property
    def heads(self) -> int:
        """As many of about 32 numbers as divide the width, at least one."""
        return next(heads for heads in range(max(1, self.width // HEAD_WIDTH), 0, -1) if self.width % heads == 0)


def conv(name: str) -> int:
    """The convolutions of a "conv-2", "conv-4" or "conv-6".

    Raises:
        RequestError: for any other number.
    """
    found = re.fullmatch(r"conv-([246])", name)
    if found is None:
        raise _unread(name, "conv-2, conv-4 or conv-6: two, four or six convolutions")
    return int(found[1])


def vgg(name: str) -> Vgg:
    """What "vgg-<depth>[-w<width>]" says.

    Raises:
        RequestError: for another form, or a depth that VGG does not have.

    Example:
        >>> vgg("vgg-11-w8").widths
        (8, 16, 32, 64, 64)
    """
    found = re.fullmatch(r"vgg-(\d+)(?:-w([1-9]\d*))?", name)
    if found is None or int(found[1]) not in VGG_LAYERS:
        raise _unread(name, "vgg-11, vgg-13, vgg-16 or vgg-19, and -w8 for a first width of 8 instead of 64")
    return Vgg(VGG_LAYERS[int(found[1])], int(found[2] or 64))


def resnet(name: str) -> Resnet:
    """What "resnet-<depth>[-w<width>][-gn|-ln]" says; a depth is 6n + 2.

    Raises:
        RequestError: for another form, or another depth; with the nearest ones.

    Example:
        >>> resnet("resnet-20-w8-gn")
        Resnet(blocks=3, width=8, norm='gn')
    """
    found = re.fullmatch(r"resnet-([1-9]\d*)(?:-w([1-9]\d*))?(?:-(bn|gn|ln))?", name)
    if found is None:
        raise _unread(
            name, "resnet-20, then -w8 for a first width of 8 instead of 16, then -gn or -ln for another norm"
        )
    depth = int(found[1])
    blocks, over = divmod(depth - 2, 6)
    if over or not blocks:
        below = [str(6 * blocks + 2)] if blocks > 0 else []
        near = " or ".join(f"resnet-{near}" for near in [*below, str(6 * max(blocks + 1, 1) + 2)])
        raise RequestError(f"the model {name!r}: a residual network for small images has 6n + 2 layers; write {near}.")
    return Resnet(blocks, int(found[2] or 16), found[3] or "bn")


def gpt(name: str) -> Gpt:
    """What "gpt-<layers>-<width>[-relu]" says.

    Raises:
        RequestError: for another form.

    Example:
        >>> gpt("gpt-2-64").heads
        2
    """
    found = re.fullmatch(r"gpt-([1-9]\d*)-([1-9]\d*)(-relu)?", name)
    if found is None:
        raise _unread(name, "gpt-2-64: two blocks of width 64; gpt-2-64-relu has ReLU in the place of GELU")
    return Gpt(int(found[1]), int(found[2]), bool(found[3]))


def lenet_5_borders(height: int, width: int) -> tuple[int, int]:
    """The borders that LeNet-5's two convolutions put around images of this size.

    The original takes 32 × 32 and puts digits of 28 × 28 on such a canvas: a border of 2. Below 12 the second
    convolution has one too, so that something is left.

    Example:
        >>> lenet_5_borders(32, 32), lenet_5_borders(28, 28), lenet_5_borders(8, 8)
        ((0, 0), (2, 0), (2, 2))
    """
    side = min(height, width)
    return 2 if side < 32 else 0, 2 if side < 12 else 0


def fits(name: str, shape: tuple[int, ...], task: str = "classification", *, data: str = "") -> None:
    """See that a model of the table is spelt right and takes data of this kind. Nothing is said of code of one's own.

    Args:
        name: the model.
        shape: of one example: (channels, height, width) for images, (places,) for a sequence of tokens.
        task: "language-modelling" has sequences of tokens; any other has numbers.
        data: the name of the data set, for what is told.

    Raises:
        RequestError: says what the model takes and which models fit this data.

    Example:
        >>> fits("conv-2", (1, 8, 8))
        >>> fits("gpt-2-64", (1, 8, 8))
        Traceback (most recent call last):
            ...
        whether.errors.RequestError: the model 'gpt-2-64' does not fit the data: it takes sequences of tokens, and ...
    """
    kind = _kind(shape, task)
    found = next((family for start, family in _FAMILIES.items() if name.startswith(start)), None)
    if found is None:
        return
    wanted, smallest = found
    side = smallest(name)  # tells a wrong spelling first
    given = " × ".join(map(str, shape))
    refused = f"the model {name!r} does not fit the data{f' set {data!r}' if data else ''}: "
    if wanted != kind and not (wanted == "numbers" and kind == "images"):
        raise RequestError(
            f"{refused}it takes {_SAID[wanted]}, and examples are {_SAID[kind]}, {given}. What fits them: "
            f"{_FITTING[kind]}."
        )
    if name == "lenet-300-100" and tuple(shape) != (1, 28, 28):
        raise RequestError(
            f"{refused}it takes 1 × 28 × 28 = 784 values, {data or 'the data'} has {given}. The same layers for any "
            "input are 'mlp-300-100'."
        )
    if kind == "images" and min(shape[1:]) < side:
        raise RequestError(
            f"{refused}images of {given.partition(' × ')[2]} are too small for it, the smallest are {side} × {side}. "
            f"What fits them: {_FITTING[kind]}."
        )


def _kind(shape: tuple[int, ...], task: str) -> str:
    if task == TOKENS:
        return "tokens"
    return "images" if len(shape) == 3 else "numbers"


def _lenet(name: str) -> int:
    if name != "lenet-5":
        raise _unread(name, "lenet-5")
    return 4


def _mlp(name: str) -> int:
    if name != "lenet-300-100" and not re.fullmatch(r"mlp(-[1-9]\d*)+", name):
        raise _unread(name, "mlp-300-100: hidden layers of 300 and 100 units")
    return 0


def _no_limit(parse: Callable[[str], object]) -> Callable[[str], int]:
    def smallest(name: str) -> int:
        parse(name)
        return 1

    return smallest


_SAID = {
    "images": "images (channels × height × width)",
    "tokens": "sequences of tokens",
    "numbers": "numbers that are neither images nor tokens",
}
_FITTING = {
    "images": "mlp-300-100, lenet-5, conv-2, vgg-11, resnet-20, and others of these families",
    "tokens": "gpt-2-64, and others of this family",
    "numbers": "mlp-300-100, and others of this family",
}
# By how a name begins: what its family takes, and the smallest side of an image, which a name may be needed for.
_FAMILIES: dict[str, tuple[str, Callable[[str], int]]] = {
    "lenet-300-100": ("numbers", _mlp),
    "mlp-": ("numbers", _mlp),
    "lenet-5": ("images", _lenet),
    "conv-": ("images", lambda name: 2 ** (conv(name) // 2)),
    "vgg-": ("images", _no_limit(vgg)),
    "resnet-": ("images", _no_limit(resnet)),
    "torchvision/": ("images", _no_limit(str)),
    "timm/": ("images", _no_limit(str)),
    "gpt-": ("tokens", _no_limit(gpt)),
}


def _unread(name: str, forms: str) -> RequestError:
    return RequestError(f"the model {name!r} is not spelt as its family is: write {forms}.")
