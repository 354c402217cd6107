"""How weights are drawn: pure functions of a shape and a stream of random words.

Only the weights of linear and convolution layers are drawn; their biases start at zero (but for `pytorch`), and
everything else keeps what its module gives it, but for two things: the embeddings of a GPT of the table are N(0, .02²),
and "…+bn-uniform" draws the scales of BatchNorm. Each tensor has a stream of its own, so that adding a layer leaves the
others as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether import words
from whether.errors import CODE_RAISES, RequestError
from whether.models.alone import alone
from whether.models.gpt import GPT
from whether.seeds import Seed, Stream

Draw = Callable[[tuple[int, ...], Stream], npt.NDArray[np.float64]]

BN_UNIFORM = "+bn-uniform"
EMBEDDED = 0.02  # deviation of a GPT's embeddings


def kaiming_normal(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """N(0, 2/fan_in): He et al., "Delving deep into rectifiers" (2015), for ReLU."""
    return stream.normal(math.prod(shape)).reshape(shape) * math.sqrt(2.0 / fans(shape)[0])


def kaiming_uniform(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """U(−b, b) with b = √(6/fan_in): He et al. (2015), for ReLU."""
    return _uniform(shape, stream, math.sqrt(6.0 / fans(shape)[0]))


def xavier_normal(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """N(0, 2/(fan_in + fan_out)): Glorot & Bengio (2010). The ticket paper cuts the tails at 2σ, this does not."""
    return stream.normal(math.prod(shape)).reshape(shape) * math.sqrt(2.0 / sum(fans(shape)))


def xavier_uniform(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """U(−b, b) with b = √(6/(fan_in + fan_out)): Glorot & Bengio (2010)."""
    return _uniform(shape, stream, math.sqrt(6.0 / sum(fans(shape))))


def pytorch(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """U(−b, b) with b = 1/√fan_in: what PyTorch gives linear and convolution layers, weights and biases."""
    return _uniform(shape, stream, 1.0 / math.sqrt(fans(shape)[0]))


def orthogonal(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """√2·Q, with Q drawn evenly among the matrices [out, in·kernel] whose shorter sides are orthonormal.

    Saxe et al., "Exact solutions to the nonlinear dynamics of learning" (2014); the gain of √2 is for ReLU. Q is that
    of a QR decomposition of normal numbers with the signs of R's diagonal, without which it is not even (Mezzadri,
    2007).
    """
    rows, columns = shape[0], math.prod(shape[1:])
    normal = stream.normal(rows * columns).reshape(rows, columns)
    q, r = np.linalg.qr(normal if rows >= columns else normal.T)
    q = q * np.sign(np.diagonal(r))
    return np.asarray(math.sqrt(2.0) * (q if rows >= columns else q.T), dtype=np.float64).reshape(shape)


def signed_constant(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """+σ or −σ with σ = √(2/fan_in), both as likely: Ramanujan et al., "What's hidden in a random network?" (2020)."""
    return np.where(stream.uniform(math.prod(shape)) < 0.5, -1.0, 1.0).reshape(shape) * math.sqrt(2.0 / fans(shape)[0])


def gpt(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    """N(0, .02²): Radford et al. (2019), GPT-2. Where a GPT adds to its stream, `draw` divides by √(2·layers)."""
    return EMBEDDED * stream.normal(math.prod(shape)).reshape(shape)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of one unit: for a weight [out, in, *kernel], (in·kernel, out·kernel)."""
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def draw(module: nn.Module, init: str, seed: Seed) -> dict[str, Float[Tensor, "..."]]:
    """Fresh weights for a module, by name: parameters and buffers, float32 on the host.

    Args:
        module: gives shapes, and the values of whatever is not drawn.
        init: a word of the table, "own" to keep every value that the module has, or "module:function@hash"; a word with
            "+bn-uniform" behind it draws BatchNorm's scales from U(0, 1) and puts its shifts to zero.
        seed: each tensor's stream is named after it.

    Raises:
        RequestError: when an initialiser of one's own fails, or gives no finite numbers of the shape that was asked;
            when there is no BatchNorm to draw.
    """
    kept = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}  # a shared tensor has one name
    state = {name: value.detach().clone() for name, value in module.state_dict().items() if name in kept}
    init, scaled = init.removesuffix(BN_UNIFORM), init.endswith(BN_UNIFORM)
    if scaled:
        _scale_norms(module, state, seed)
    if init == "own":
        return state
    word = words.find("initialiser", init.partition("@")[0])
    function: Draw = words.load(word)
    if words.is_own_code(word.name):
        function = partial(_own, word.name, function)
    for name, layer in module.named_modules():
        if not isinstance(layer, (nn.Linear, nn.modules.conv._ConvNd)):
            continue
        prefix = f"{name}." if name else ""
        if f"{prefix}weight" not in state:
            continue  # another layer's weight, or one that is computed from parameters
        shape = tuple(layer.weight.shape)
        drawn = function(shape, Stream(seed, f"weights/{prefix}weight"))
        state[f"{prefix}weight"] = torch.from_numpy(drawn).to(torch.float32)
        if layer.bias is not None:
            bias = torch.zeros(layer.bias.shape, dtype=torch.float32)
            if init == "pytorch":
                bound = 1.0 / math.sqrt(fans(shape)[0])
                values = Stream(seed, f"weights/{prefix}bias").uniform(bias.numel())
                bias = torch.from_numpy((2.0 * values - 1.0) * bound).to(torch.float32)
            state[f"{prefix}bias"] = bias
    if isinstance(module, GPT):
        _embed(module, state, seed, smaller=init == "gpt")
    return state


def _scale_norms(module: nn.Module, state: dict[str, Tensor], seed: Seed) -> None:
    """BatchNorm's scales from U(0, 1), its shifts zero: as in Frankle et al., "The early phase" (2020).

    Raises:
        RequestError: when there is none.
    """
    norms = {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine
    }
    if not norms:
        raise RequestError(
            f"'{BN_UNIFORM}' draws the scales of BatchNorm, and this model has no such norm; leave it out."
        )
    for name, layer in norms.items():
        prefix = f"{name}." if name else ""
        values = Stream(seed, f"weights/{prefix}weight").uniform(layer.num_features)
        state[f"{prefix}weight"] = torch.from_numpy(values).to(torch.float32)
        state[f"{prefix}bias"] = torch.zeros(layer.num_features, dtype=torch.float32)


def _embed(module: GPT, state: dict[str, Tensor], seed: Seed, *, smaller: bool) -> None:
    """A GPT's embeddings, N(0, .02²); `smaller` divides what it adds to its stream by √(2·layers)."""
    for name in ("tokens.weight", "places.weight"):
        drawn = gpt(tuple(state[name].shape), Stream(seed, f"weights/{name}"))
        state[name] = torch.from_numpy(drawn).to(torch.float32)
    if smaller:
        for name in module.residual:
            state[name] = state[name] / math.sqrt(len(module.residual))


def _own(name: str, function: Draw, shape: tuple[int, ...], stream: Stream) -> npt.NDArray[np.float64]:
    try:
        with alone(int(stream.words(1)[0])):
            drawn = np.asarray(function(shape, stream), dtype=np.float64)
    except CODE_RAISES as error:
        said = f"{type(error).__name__}: {error}"
        raise RequestError(f"the initialiser {name!r} failed on a weight of {shape}: {said}") from error
    if drawn.shape != shape or not np.isfinite(drawn).all():
        raise RequestError(f"the initialiser {name!r} gave {drawn.shape} for a weight; expected {shape}, all finite.")
    return drawn


def _uniform(shape: tuple[int, ...], stream: Stream, bound: float) -> npt.NDArray[np.float64]:
    return ((2.0 * stream.uniform(math.prod(shape)) - 1.0) * bound).reshape(shape)
