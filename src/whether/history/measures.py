"""What is asked of a Network: a Measure is a number or a curve, said lazily as histories are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from whether import words
from whether.errors import RequestError, gather
from whether.history.checks import one_of, plain_options, whole_number
from whether.history.described import describe
from whether.history.network import Network
from whether.history.resolved import NAMES

SPLITS = ("train", "validation", "test")
STATISTICS = ("re-estimated", "interpolated")


@dataclass(frozen=True, eq=False)
class Measure:
    """A number (or a curve) asked of a network.

    Attributes:
        name: a word, or "module:function" that takes the module and the data's tensors and returns a number.
        network: of whom it is asked.
        split: "train", "validation" or "test"; None for the split that the answer's grade opens.
        options: further plain arguments.
        other: a second network, for measures that compare two.
        parts: by name, the measures that a derived one is computed of.
        kind: what its numbers mean.
    """

    name: str
    network: Network
    split: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    other: Network | None = None
    parts: Mapping[str, Measure] = field(default_factory=dict)
    kind: words.MeasureKind = field(default_factory=lambda: words.MeasureKind(""))

    def __repr__(self) -> str:
        return f"<Measure {self.name} of {describe(self.network.op, self.network.data.name)}>"


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


def barrier(
    a: Network,
    b: Network,
    *,
    split: str | None = None,
    points: int = 31,
    statistics: str = "re-estimated",
) -> Measure:
    """The error barrier between two networks, in points: how far the error rises on the straight line between them.

    sup over α of E((1 − α)·a + α·b) less the mean of both ends (Frankle et al., 2020).

    Args:
        a, b: of one architecture.
        split: see Measure.
        points: α on the line, both ends included; 31, so that ½ is among them.
        statistics: BatchNorm's running statistics on the way: "re-estimated" on the training split, or "interpolated".
    """
    return _between("barrier", a, b, split=split, points=points, statistics=statistics)


def loss_barrier(
    a: Network, b: Network, *, split: str | None = None, points: int = 31, statistics: str = "re-estimated"
) -> Measure:
    """The loss barrier between two networks, in nats; arguments as of `barrier`."""
    return _between("loss_barrier", a, b, split=split, points=points, statistics=statistics)


def path(
    a: Network, b: Network, *, split: str | None = None, points: int = 31, statistics: str = "re-estimated"
) -> Measure:
    """Error and loss along the straight line between two networks, by α; a curve, as `curve` is."""
    return _between("path", a, b, split=split, points=points, statistics=statistics)


def _between(name: str, a: Network, b: Network, *, split: str | None, points: int, statistics: str) -> Measure:
    gather(
        lambda: whole_number("points", points, 3),
        lambda: one_of("statistics", statistics, STATISTICS),
    )
    return measure(name, a, other=b, split=split, options={"points": points, "statistics": statistics})


def distance(network: Network, since: Network | None = None) -> Measure:
    """L2 distance of the prunable weights from an earlier state, by default the fresh one."""
    return measure("distance", network, other=since)


def disagreement(a: Network, b: Network, *, split: str | None = None) -> Measure:
    """Per cent of a split that two networks label differently."""
    return measure("disagreement", a, other=b, split=split)


def measure(
    name: str,
    network: Network,
    *,
    split: str | None = None,
    unit: str = "",
    better: str = "higher",
    worst: float | None = None,
    other: Network | None = None,
    options: Mapping[str, Any] | None = None,
) -> Measure:
    """Any measure by its name; one of your own is "module:function".

    Args:
        name: the word, or a function that takes (module, tensors, split, **options) and returns a float; by their
            parameters' names it is given `other`, `since`, `masks`, `seed` and `task`, too.
        network: of whom it is asked.
        split: see Measure.
        unit: of a measure of your own.
        better: "higher" or "lower", for a measure of your own.
        worst: of a measure of your own, what a network that diverged counts as.
        other: the second network of those that compare two; of "distance" and its like the earlier state.
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
        if name in words.MEASURES and "groups" in (whole := {**words.find("measure", name).options, **said}):
            words.find("grouping", str(whole["groups"]).partition("@")[0])  # sentences that are told have its hash

    def compared() -> None:
        if other is not None and not isinstance(other, Network):
            raise RequestError(f"{name}: compared with a {type(other).__name__}; expected a Network.")
        if not words.is_own_code(name):
            needs = words.find("measure", name).needs
            two = "other" in needs or ("since" in needs and other is not None)
            if two != (other is not None):
                raise RequestError(
                    f"the measure {name!r} compares {'two networks' if two else 'nothing'}: " + _say(two)
                )

    gather(
        lambda: gather(fits, compared),
        asked,
        lambda: one_of("split", split, SPLITS) if split is not None else None,
        lambda: one_of("better", better, ("higher", "lower")),
    )
    known = words.MEASURES.get(name)
    kind = replace(known, worst=worst) if known else words.MeasureKind(unit, better=better, split=True, worst=worst)
    word = words.find("measure", name)
    if other is None and "since" in word.needs:
        other = network.fresh
    return Measure(name, network, split, {**word.options, **said}, other, {}, kind)


def derived(
    name: str,
    parts: Mapping[str, Measure],
    *,
    unit: str = "",
    better: str | None = None,
    worst: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Measure:
    """A number computed of other measures of the same replicate, such as how well a law predicts what was held out.

    Args:
        name: a word (`whether list --words`), or "module:function" of your own that takes the parts' values by name
            (curves are dicts) and the options, and returns a number. It is pure: what it draws follows from them.
        parts: what it is computed of, one or more, in the order in which the function sees them.
        unit, better: as of a measure of your own; a word has its own, unless they are said.
        worst: what it counts as where a network of one of its parts diverged.
        options: plain keyword arguments for it.
    """
    said = dict(options or {})

    def whole() -> None:
        if not isinstance(parts, Mapping) or not parts or not all(isinstance(p, Measure) for p in parts.values()):
            raise RequestError(f"{name}: derived of {parts!r}; expected a dict of one Measure or more by name.")
        if strange := [part for part in parts if not isinstance(part, str)]:
            raise RequestError(f"{name}: a part is called {strange[0]!r}; expected text, by which it is told apart.")

    def taken() -> None:
        word = words.find("derivation", name)
        if NAMES in said:
            raise RequestError(f"{name}: an option is called {NAMES!r}, which is taken; give it another name.")
        if said:
            plain_options("derivation", word.name, said)

    gather(taken, whole, lambda: one_of("better", better, ("higher", "lower")) if better is not None else None)
    first = next(iter(parts.values()))
    known = words.DERIVED.get(name, words.MeasureKind(""))
    kind = words.MeasureKind(unit or known.unit, better=better or known.better, worst=worst)
    word = words.find("derivation", name)
    return Measure(name, first.network, None, {**word.options, **said}, None, dict(parts), kind)


def _say(two: bool) -> str:
    return "write other=network." if two else "leave other=… out."
