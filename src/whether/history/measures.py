"""What is asked of a Network: a Measure is a number or a curve, said lazily as histories are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whether import words
from whether.errors import RequestError, gather
from whether.history.network import Network, describe, one_of, plain_options

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Measure:
    """A number (or a curve) asked of a network.

    Attributes:
        name: a word, or "module:function" that takes the module and the data's tensors and returns a number.
        network: of whom it is asked.
        split: "train", "validation" or "test"; None for the split that the answer's grade opens.
        options: further plain arguments.
        kind: what its numbers mean.
    """

    name: str
    network: Network
    split: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: words.MeasureKind = field(default_factory=lambda: words.MeasureKind(""))

    def __repr__(self) -> str:
        return f"<Measure {self.name} of {describe(self.network)}>"


def accuracy(network: Network, *, split: str | None = None) -> Measure:
    """Share of a split that is classified rightly, in per cent."""
    return measure("accuracy", network, split=split)


def loss(network: Network, *, split: str | None = None) -> Measure:
    """Mean cross-entropy on a split, in nats."""
    return measure("loss", network, split=split)


def solved(network: Network, *, split: str | None = None) -> Measure:
    """Whether every example of a split is classified rightly: 100 or 0, so that a mean is a share in per cent."""
    return measure("solved", network, split=split)


def density(network: Network) -> Measure:
    """Per cent of the prunable weights that exist."""
    return measure("density", network)


def early_stop(network: Network) -> Measure:
    """The recorded step with the lowest validation loss, in iterations; censored when it is the last one."""
    return measure("early_stop", network)


def curve(network: Network, name: str = "validation accuracy") -> Measure:
    """A curve as it was recorded in training: values by step."""
    return measure("curve", network, options={"name": name})


def measure(
    name: str,
    network: Network,
    *,
    split: str | None = None,
    unit: str = "",
    better: str = "higher",
    worst: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Measure:
    """Any measure by its name; one of your own is "module:function".

    Args:
        name: the word, or a function that takes (module, tensors, split, **options) and returns a float.
        network: of whom it is asked.
        split: see Measure.
        unit: of a measure of your own.
        better: "higher" or "lower", for a measure of your own.
        worst: of a measure of your own, what a network that diverged counts as.
        options: plain keyword arguments for it, which it gets as `Network` says of its own.
    """
    said = dict(options or {})

    def asked() -> None:
        if not isinstance(network, Network):
            raise RequestError(f"{name}: asked of a {type(network).__name__}; expected a Network.")

    def fits() -> None:
        words.find("measure", name)
        if name == "curve":
            one_of("curve", said.setdefault("name", "validation accuracy"), words.CURVES)
        elif said:
            plain_options("measure", name, said)

    gather(
        fits,
        asked,
        lambda: one_of("split", split, SPLITS) if split is not None else None,
        lambda: one_of("better", better, ("higher", "lower")),
    )
    kind = words.MEASURES.get(name) or words.MeasureKind(unit, better=better, split=True, worst=worst)
    return Measure(name, network, split, said, kind)
