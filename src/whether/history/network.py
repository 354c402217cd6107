"""The history language: a Network is how it came to be, a Mask is which weights exist, a Measure is what one asks.

Sentences are lazy and immutable. Writing one is free: no torch, no disk, no network. `resolve` (next door) turns a
sentence into facts with digests; only then can two sentences be compared.

    start  = Network("lenet-300-100", data="mnist", seed=rep)
    early  = start.train(until="500it")
    dense  = early.train()
    mask   = dense.prune(fraction=0.2)
    ticket = early.masked(mask).train()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.errors import RequestError, gather, unknown
from whether.recipe import Recipe, default_recipe
from whether.seeds import Seed, as_seed
from whether.steps import Steps

SCOPES = ("global", "layer")
STRUCTURES = ("weight", "unit")
SHUFFLES = ("layer", "global", "unit")
KEEPS = ("nothing", "signs", "magnitudes")
SPLITS = ("train", "validation", "test")


# What can be said of a network. Each is one word; the classes below are how people say them.


@dataclass(frozen=True, eq=False)
class Start:
    """Fresh weights."""

    model: str
    options: Mapping[str, Any]
    init: str
    seed: Seed


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights after training on from another network's."""

    origin: Network
    until: Steps | None


@dataclass(frozen=True, eq=False)
class Masked:
    """Another network's weights, zero where a mask says so."""

    origin: Network
    mask: Mask
    keep_optimizer: bool


@dataclass(frozen=True, eq=False)
class Redrawn:
    """Another network with its weights drawn again, wholly or but for their signs or magnitudes."""

    origin: Network
    seed: Seed
    keep: str


@dataclass(frozen=True, eq=False)
class Pruned:
    """The mask of what pruning leaves of a network."""

    network: Network
    by: str
    fraction: Fraction
    scope: str
    structure: str
    layers: Mapping[str, Fraction]


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Another mask with its places permuted."""

    mask: Mask
    seed: Seed
    scope: str


@dataclass(frozen=True, eq=False)
class Inverted:
    """What another mask leaves out."""

    mask: Mask


@dataclass(frozen=True, eq=False)
class WornBy:
    """The mask that a network wears."""

    network: Network


class Network:
    """A network, said by its history.

    Args:
        model: a name (`whether list --words` shows them), or "module:function" of your own that returns an `nn.Module`.
        data: the name of a data set, a path to one, or `Data(...)` with its own split.
        seed: the root of all this network's randomness: a replicate, a Seed or an integer.
        recipe: how it trains; by default the data set's (`default_recipe`).
        init: how its weights are drawn; by default Xavier's normal, and for code of one's own what it draws itself.
        options: keyword arguments for a model of your own.

    Raises:
        RequestError: for unknown names and wrong types, all together.
    """

    __slots__ = ("data", "op", "order", "recipe")

    op: Start | Trained | Masked | Redrawn
    data: Data
    recipe: Recipe
    order: Seed

    def __init__(
        self,
        model: str,
        *,
        data: str | Data,
        seed: Seed | int,
        recipe: Recipe | None = None,
        init: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        checks = [lambda: words.find("model", model), lambda: Data.parse(data), lambda: as_seed(seed)]
        if init is not None:
            checks.append(lambda: words.find("initialiser", init))
        gather(*checks)
        parsed, root = Data.parse(data), as_seed(seed)
        own = words.is_own_code(model)
        self.op = Start(model, dict(options or {}), init or ("own" if own else "xavier-normal"), root.seed("weights"))
        self.data = parsed
        self.recipe = recipe or default_recipe(parsed.name)
        self.order = root.seed("order")

    @classmethod
    def _of(cls, op: Trained | Masked | Redrawn, **changed: Any) -> Network:
        made = cls.__new__(cls)
        origin = op.origin
        made.op, made.data = op, origin.data
        made.recipe = changed.get("recipe") or origin.recipe
        made.order = changed.get("order") or origin.order
        return made

    def train(
        self, recipe: Recipe | None = None, *, until: Steps | str | None = None, order: Seed | int | None = None
    ) -> Network:
        """Train on: from this network's step to `until`, or to the end of the recipe.

        `until` never changes the recipe's total: `x.train(until=a).train()` is `x.train()`. Training a trained network
        on keeps its optimiser state, also when the order of the data changes.

        Args:
            recipe: from here on; by default the one that this network has.
            until: the step to stop at, counted from the beginning of the history ("500it", "2ep", "10%").
            order: the seed of the order of the data; by default as before.
        """
        if recipe is not None and not isinstance(recipe, Recipe):
            raise RequestError(f"train() got {recipe!r} as its recipe; for a step write train(until='500it').")
        stop = None if until is None else Steps.parse(until, "until")
        return Network._of(Trained(self, stop), recipe=recipe, order=None if order is None else as_seed(order))

    def prune(
        self,
        *,
        fraction: float,
        by: str = "magnitude",
        scope: str = "global",
        structure: str = "weight",
        layer_fractions: Mapping[str, float] | None = None,
    ) -> Mask:
        """The mask that is left when a fraction of what remains in this network is pruned, lowest scores first.

        Args:
            fraction: of the weights (or units) that this network still has, in (0, 1).
            by: the score: a word, or "module:function" that takes weights and masks by name and returns scores.
            scope: compare scores over the whole network ("global") or within each layer ("layer").
            structure: prune single weights, or whole "unit"s of the hidden layers (rows of their weights).
            layer_fractions: layers with a fraction of their own: a weight's name, or "output" for the last one.
        """
        parts = dict(layer_fractions or {})
        gather(
            lambda: _fraction("fraction", fraction),
            lambda: words.find("score", by),
            lambda: _one_of("scope", scope, SCOPES),
            lambda: _one_of("structure", structure, STRUCTURES),
            *(lambda name=name: _fraction(f"layer_fractions[{name!r}]", parts[name], closed=True) for name in parts),
        )
        exact = {name: _fraction(name, value, closed=True) for name, value in parts.items()}
        return Mask(Pruned(self, by, _fraction("fraction", fraction), scope, structure, exact))

    def mask(self) -> Mask:
        """The mask that this network wears (every weight, when it wears none)."""
        return Mask(WornBy(self))

    def masked(self, mask: Mask, *, optimizer: str = "reset") -> Network:
        """These weights, and the step they are from, under a mask: `early.masked(mask)` rewinds to `early`."""
        if not isinstance(mask, Mask):
            raise RequestError(
                f"masked() got a {type(mask).__name__}; expected a Mask, such as network.prune(fraction=0.2)."
            )
        _one_of("optimizer", optimizer, ("reset", "keep"))
        return Network._of(Masked(self, mask, optimizer == "keep"))

    def rewound(self, to: Network) -> Network:
        """The weights and the step of another point of a history, under the mask that this network wears."""
        return to.masked(self.mask())

    def reinit(self, seed: Seed | int, *, keep: str = "nothing") -> Network:
        """The same network drawn again, its mask kept.

        Args:
            seed: of the new draw.
            keep: "nothing", the old "signs" (magnitudes are new), or the old "magnitudes" (signs are new).
        """
        _one_of("keep", keep, KEEPS)
        return Network._of(Redrawn(self, as_seed(seed), keep))

    def __repr__(self) -> str:
        return f"<Network {describe(self)}>"


class Mask:
    """Which weights exist, said lazily. Made by `Network.prune` and `Network.mask`."""

    __slots__ = ("op",)

    def __init__(self, op: Pruned | Shuffled | Inverted | WornBy) -> None:
        self.op = op

    def shuffled(self, seed: Seed | int, *, scope: str = "layer") -> Mask:
        """A random mask of the same density: places permuted within each "layer", over the whole network ("global"), or
        whole rows within each layer ("unit")."""
        _one_of("scope", scope, SHUFFLES)
        return Mask(Shuffled(self, as_seed(seed), scope))

    def inverted(self) -> Mask:
        """The mask of the weights that this one leaves out."""
        return Mask(Inverted(self))

    def __repr__(self) -> str:
        return f"<Mask {describe(self)}>"


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
    _one_of("curve", name, words.CURVES)
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
        options: plain keyword arguments for it.
    """
    words.find("measure", name)
    if not isinstance(network, Network):
        raise RequestError(f"{name}: asked of a {type(network).__name__}; expected a Network.")
    if split is not None:
        _one_of("split", split, SPLITS)
    _one_of("better", better, ("higher", "lower"))
    kind = words.MEASURES.get(name) or words.MeasureKind(unit, better=better, split=True, worst=worst)
    return Measure(name, network, split, dict(options or {}), kind)


def describe(item: Network | Mask) -> str:
    """A short reading of a sentence: at most its last few words, however long the history is."""
    said: list[str] = []
    current: Network | Mask = item
    while len(said) < 4:
        match current.op:
            case Start(model=model):
                return " ← ".join([*said, f"{model} on {_data(current)}"])
            case Trained(origin=origin, until=until):
                said.append(f"trained to {until or 'the end'}")
                current = origin
            case Masked(origin=origin, mask=mask):
                said.append(f"masked ({type(mask.op).__name__.lower()})")
                current = origin
            case Redrawn(origin=origin, keep=keep):
                said.append("redrawn" + ("" if keep == "nothing" else f", {keep} kept"))
                current = origin
            case Pruned(network=network, fraction=part):
                said.append(f"pruned by {float(part):.3g}")
                current = network
            case Shuffled(mask=mask, scope=scope):
                said.append(f"shuffled ({scope})")
                current = mask
            case Inverted(mask=mask):
                said.append("inverted")
                current = mask
            case WornBy(network=network):
                said.append("mask")
                current = network
    return " ← ".join([*said, "…"])


def _data(item: Network | Mask) -> str:
    return item.data.name if isinstance(item, Network) else ""


def _fraction(what: str, value: float, *, closed: bool = False) -> Fraction:
    wrong = isinstance(value, bool) or not isinstance(value, (int, float, Fraction))
    if wrong or not (0 <= value < 1 if closed else 0 < value < 1):
        where = "[0, 1)" if closed else "(0, 1)"
        raise RequestError(
            f"{what} is {value!r}; expected a number in {where}: the part that goes, such as 0.2 for a fifth."
        )
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise unknown(what, value, known)
