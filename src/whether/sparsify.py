"""Masks that change inside training, as values: gradual pruning and dynamic sparse training. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from whether.errors import RequestError, gather, unknown
from whether.steps import Steps


@dataclass(frozen=True, kw_only=True)
class Sparsify:
    """How a network's mask changes inside training. Make one with `gradual`, `set_` or `rigl`."""

    name: str
    density: float
    every: Steps
    begin: Steps
    end: Steps
    fraction: float = 0.0
    layers: str = "global"

    def __post_init__(self) -> None:
        if self.name not in LAYERS:
            raise unknown("course of sparsity", self.name, LAYERS)
        gather(
            lambda: self._check_part("density", self.density),
            lambda: self._check_part("fraction", self.fraction) if self.name != "gradual" else None,
            self._check_every,
            self._check_layers,
        )

    def _check_part(self, what: str, value: float) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            raise RequestError(f"{self.name}: {what} is {value!r}; expected a number in (0, 1), such as 0.1.")

    def _check_every(self) -> None:
        if self.every.amount <= 0:
            raise RequestError(f"{self.name}: every is '{self.every}'; expected a step above zero, such as '100it'.")

    def _check_layers(self) -> None:
        if self.layers not in LAYERS[self.name]:
            what = "scope of gradual" if self.name == "gradual" else f"rule of {self.name} for the layers"
            raise unknown(what, self.layers, LAYERS[self.name])


LAYERS = {
    "gradual": ("global", "layer"),
    "set": ("erk", "erdos-renyi", "uniform"),
    "rigl": ("erk", "erdos-renyi", "uniform"),
}


def gradual(
    density: float,
    *,
    begin: Steps | str = "0%",
    end: Steps | str = "60%",
    every: Steps | str = "1%",
    scope: str = "global",
) -> Sparsify:
    """Prune by magnitude along a cubic course: d + (1 − d)·(1 − (t − begin)/(end − begin))³ (Zhu & Gupta, 2017).

    Args:
        density: what is left from `end` on.
        begin, end, every: when pruning begins and ends, and how often it happens.
        scope: compare magnitudes over the whole network ("global") or within each "layer".
    """
    return _sparsify("gradual", density, begin=begin, end=end, every=every, layers=scope)


def set_(
    density: float,
    *,
    fraction: float = 0.3,
    every: Steps | str = "1ep",
    end: Steps | str = "100%",
    layers: str = "erdos-renyi",
) -> Sparsify:
    """Sparse evolutionary training: the smallest weights make room for random others (Mocanu et al., 2018).

    We differ: the paper drops the smallest positive and the largest negative weights apart and draws values for those
    that come; here the smallest magnitudes go, and what comes begins at zero.

    Args:
        density: of the network from its first step to its last.
        fraction: of the weights that exist, exchanged each time.
        every, end: how often, and until when.
        layers: how density is shared out: "erdos-renyi", "erk" (kernels counted, too) or "uniform".
    """
    return _sparsify("set", density, begin="0it", end=end, every=every, layers=layers, fraction=fraction)


def rigl(
    density: float,
    *,
    fraction: float = 0.3,
    every: Steps | str = "100it",
    end: Steps | str = "75%",
    layers: str = "erk",
) -> Sparsify:
    """The rigged lottery: the smallest weights make room where gradients are largest (Evci et al., 2020).

    The exchanged fraction falls along half a cosine to zero at `end`. We differ: the optimiser's step is taken at a
    change, too, where the paper exchanges weights in its place. Arguments as of `set_`.
    """
    return _sparsify("rigl", density, begin="0it", end=end, every=every, layers=layers, fraction=fraction)


def _sparsify(
    name: str,
    density: float,
    *,
    begin: Steps | str,
    end: Steps | str,
    every: Steps | str,
    layers: str,
    fraction: float = 0.0,
) -> Sparsify:
    return Sparsify(
        name=name,
        density=density,
        every=Steps.parse(every, f"{name}(every)"),
        begin=Steps.parse(begin, f"{name}(begin)"),
        end=Steps.parse(end, f"{name}(end)"),
        fraction=fraction,
        layers=layers,
    )
