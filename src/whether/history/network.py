"""The history language: a Network is how it came to be, a Mask is which weights exist.

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
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.digest import canonical
from whether.errors import RequestError, gather, unknown
from whether.recipe import Recipe, default_recipe
from whether.seeds import Seed, as_seed
from whether.steps import Steps

SCOPES = ("global", "layer")
STRUCTURES = ("weight", "unit")
SHUFFLES = ("layer", "global", "unit")
KEEPS = ("nothing", "signs", "magnitudes")


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
        options: plain keyword arguments for a model of your own; it gets them as their identity has them, with lists
            for tuples and the keys of mappings sorted.

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
        if recipe is not None:
            checks.append(lambda: _recipe(recipe, "Network()"))
        if options:
            checks.append(lambda: plain_options("model", model, options))
        gather(*checks)
        parsed, root = Data.parse(data), as_seed(seed)
        drawn = init or ("own" if words.is_own_code(model) else "xavier-normal")
        op = Start(model, dict(options or {}), drawn, root.seed("weights"))
        self._say(op, parsed, recipe or default_recipe(parsed.name), root.seed("order"))

    def _say(self, op: Start | Trained | Masked | Redrawn, data: Data, recipe: Recipe, order: Seed) -> None:
        for name, value in (("op", op), ("data", data), ("recipe", recipe), ("order", order)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Network never changes; {name} is said in a new sentence, such as train(recipe)")

    @classmethod
    def _of(cls, op: Trained | Masked | Redrawn, *, recipe: Recipe | None = None, order: Seed | None = None) -> Network:
        made, origin = cls.__new__(cls), op.origin
        made._say(op, origin.data, recipe or origin.recipe, order or origin.order)
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
        if recipe is not None:
            _recipe(recipe, "train()")
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
            lambda: one_of("scope", scope, SCOPES),
            lambda: one_of("structure", structure, STRUCTURES),
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
        one_of("optimizer", optimizer, ("reset", "keep"))
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
        one_of("keep", keep, KEEPS)
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
        one_of("scope", scope, SHUFFLES)
        return Mask(Shuffled(self, as_seed(seed), scope))

    def inverted(self) -> Mask:
        """The mask of the weights that this one leaves out."""
        return Mask(Inverted(self))

    def __repr__(self) -> str:
        return f"<Mask {describe(self)}>"


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


def _recipe(given: Recipe, what: str) -> None:
    if not isinstance(given, Recipe):
        hint = (
            "for a step write train(until='500it')" if what == "train()" else "write Recipe(optimizer=adam(0.001), …)"
        )
        raise RequestError(f"{what} got {given!r} as its recipe; {hint}.")


def plain_options(kind: str, word: str, given: Mapping[str, Any]) -> None:
    """Refuse options of a word that takes none, and such as have no identity."""
    if not words.is_own_code(word):
        raise RequestError(f"the {kind} {word!r} takes no options, got {', '.join(given)}; only code of your own does.")
    for name, value in given.items():
        try:
            canonical(value)
        except (TypeError, ValueError) as error:
            raise RequestError(f"the option {name!r} of {word!r} cannot be part of an identity: {error}.") from error


def one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not one of a few, with the nearest ones."""
    if value not in known:
        raise unknown(what, value, known)
