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
from pathlib import Path
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.errors import RequestError, gather
from whether.history.checks import (
    check_recipe,
    fraction_of,
    heeded,
    in_rounds,
    needed,
    one_of,
    plain_options,
    share,
    told_freezing,
    whole_number,
)
from whether.history.described import describe
from whether.history.ops import (
    KEEPS,
    SCOPES,
    SHUFFLES,
    Inverted,
    Loaded,
    Masked,
    MaskOp,
    NetworkOp,
    Only,
    Perturbed,
    Pruned,
    RateRewound,
    Redrawn,
    Shuffled,
    Start,
    Trained,
    WornBy,
)
from whether.recipe import Recipe, default_recipe
from whether.seeds import Seed, as_seed
from whether.sparsify import Sparsify
from whether.steps import Steps


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

    op: NetworkOp
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
            checks.append(lambda: check_recipe(recipe, "Network()"))
        if options:
            checks.append(lambda: plain_options("model", model, options))
        gather(*checks)
        parsed, root = Data.parse(data), as_seed(seed)
        drawn = init or ("own" if words.draws_itself(model) else "xavier-normal")
        op = Start(model, dict(options or {}), drawn, root.seed("weights"))
        self._say(op, parsed, recipe or default_recipe(parsed.name), root.seed("order"))

    def _say(self, op: NetworkOp, data: Data, recipe: Recipe, order: Seed) -> None:
        for name, value in (("op", op), ("data", data), ("recipe", recipe), ("order", order)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Network never changes; {name} is said in a new sentence, such as train(recipe)")

    @classmethod
    def _of(
        cls,
        op: Trained | Masked | Redrawn | Perturbed | Only | RateRewound,
        *,
        recipe: Recipe | None = None,
        order: Seed | None = None,
    ) -> Network:
        made, origin = cls.__new__(cls), op.origin
        made._say(op, origin.data, recipe or origin.recipe, order or origin.order)
        return made

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        model: str,
        data: str | Data,
        seed: Seed | int = 0,
        recipe: Recipe | None = None,
        init: str = "own",
        options: Mapping[str, Any] | None = None,
    ) -> Network:
        """A network whose weights are in a safetensors file; its content is its identity, not where it lies.

        Args:
            path: of the file; names and shapes in it are those of the model's parameters and buffers.
            model, data, recipe, options: as of a Network.
            seed: of the order of the data, should it be trained on.
            init: how `reinit` draws it again; "own" leaves what the module itself draws.
        """
        gather(
            lambda: words.find("model", model),
            lambda: Data.parse(data),
            lambda: as_seed(seed),
            lambda: words.find("initialiser", init) if init != "own" else None,
            lambda: check_recipe(recipe, "from_file()") if recipe is not None else None,
            lambda: plain_options("model", model, options) if options else None,
        )
        made, parsed = cls.__new__(cls), Data.parse(data)
        op = Loaded(model, dict(options or {}), init, str(path))
        made._say(op, parsed, recipe or default_recipe(parsed.name), as_seed(seed).seed("order"))
        return made

    def train(
        self,
        recipe: Recipe | None = None,
        *,
        until: Steps | str | None = None,
        order: Seed | int | None = None,
        sparsify: Sparsify | None = None,
    ) -> Network:
        """Train on: from this network's step to `until`, or to the end of the recipe.

        `until` never changes the recipe's total: `x.train(until=a).train()` is `x.train()`. Training a trained network
        on keeps its optimiser state, also when the order of the data changes.

        Args:
            recipe: from here on; by default the one that this network has.
            until: the step to stop at, counted from the beginning of the history ("500it", "2ep", "10%").
            order: the seed of the order of the data, and of its augmentation; by default as before.
            sparsify: how the mask changes inside training: `gradual(…)`, `set_(…)`, `rigl(…)`; a field of the recipe.
        """
        if recipe is not None:
            check_recipe(recipe, "train()")
        if sparsify is not None:
            recipe = (recipe or self.recipe).but(sparsify=sparsify)
        stop = None if until is None else Steps.parse(until, "until")
        return Network._of(Trained(self, stop), recipe=recipe, order=None if order is None else as_seed(order))

    def prune(
        self,
        *,
        fraction: float | None = None,
        by: str = "magnitude",
        scope: str = "global",
        structure: str = "weight",
        layer_fractions: Mapping[str, float] | None = None,
        since: Network | None = None,
        seed: Seed | int | None = None,
        examples: int | None = None,
        rounds: int = 1,
        options: Mapping[str, Any] | None = None,
    ) -> Mask:
        """The mask that is left when a fraction of what remains in this network is pruned, lowest scores first.

        Args:
            fraction: of the weights (or groups of them) that this network still has, in (0, 1); of "2:4" and its like
                it need not be said.
            by: the score: a word, or "module:function" that takes weights and masks by name, and by its parameters'
                names whatever else `whether list --words` names (`module`, `x`, `y`, `loss`, `since`, `seed`), and
                returns scores.
            scope: compare scores over the whole network ("global") or within each layer ("layer").
            structure: prune single weights ("weight"), whole "unit"s of the hidden layers of a perceptron, "channel"s,
                "block-4x4", or so that "2:4" are left of every four inputs.
            layer_fractions: layers with a fraction of their own: a weight's name, or "output" for the last one.
            since: an earlier state, for scores that compare with it; by default the fresh network.
            seed: for scores that draw (also which examples): by default one that follows from this network's order.
            examples: how many of the training split the score sees; by default ten a class.
            rounds: score and prune so many times, so that what is left shrinks by the same factor each time.
            options: further plain arguments of a score of your own.
        """
        parts = dict(layer_fractions or {})
        gather(
            lambda: None if fraction is None else fraction_of("fraction", fraction),
            lambda: words.find("score", by),
            lambda: one_of("scope", scope, SCOPES),
            lambda: share(fraction, structure),
            lambda: in_rounds(by, structure, rounds),
            lambda: None if examples is None else whole_number("examples", examples),
            lambda: plain_options("score", by, options) if options else None,
            lambda: heeded("score", by, {"since": since, "seed": seed, "examples": examples}),
            lambda: None if since is None else expect_network("since", since),
            *(lambda name=name: fraction_of(f"layer_fractions[{name!r}]", parts[name], closed=True) for name in parts),
        )
        exact = {name: fraction_of(name, value, closed=True) for name, value in parts.items()}
        needs = words.find("score", by).needs
        if since is None and "since" in needs:
            since = self.fresh
        drawn = self.order.seed("score") if seed is None and {"seed", "examples"} & {*needs} else seed
        return Mask(
            Pruned(
                self,
                by,
                share(fraction, structure),
                scope,
                structure,
                exact,
                since=since,
                seed=None if drawn is None else as_seed(drawn),
                examples=examples,
                rounds=rounds,
                options=dict(options or {}),
            )
        )

    @property
    def fresh(self) -> Network:
        """The network that these weights began as: fresh, drawn again, or from a file."""
        net = self
        while not isinstance(net.op, (Start, Loaded, Redrawn)):
            net = net.op.origin
        return net

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
        expect_network("rewound(to)", to)
        return to.masked(self.mask())

    def rate_rewound(self, to: Steps | str) -> Network:
        """These weights at an earlier step: the schedule, the data's order and what is left to train are that step's.

        Learning-rate rewinding (Renda, Frankle & Carbin, 2020): `dense.masked(mask).rate_rewound("500it").train()`.
        The optimiser begins afresh.

        Args:
            to: the step, counted from the beginning of the history.
        """
        return Network._of(RateRewound(self, Steps.parse(to, "rate_rewound(to)")))

    def reinit(self, seed: Seed | int, *, keep: str = "nothing") -> Network:
        """The same network drawn again, its mask kept.

        Args:
            seed: of the new draw.
            keep: "nothing", the old "signs" (magnitudes are new), or the old "magnitudes" (signs are new).
        """
        one_of("keep", keep, KEEPS)
        return Network._of(Redrawn(self, as_seed(seed), keep))

    def only(self, trains: str, *, seed: Seed | int | None = None) -> Network:
        """The same network, of which only some parameters are trained from here on; its optimiser begins afresh.

        Args:
            trains: "batchnorm", "output", "biases", "nothing", "random-as-batchnorm", several joined by "+", "all", or
                "module:function" of your own that takes the module and returns names or masks by name.
            seed: for what is drawn.
        """
        told_freezing(trains, seed)
        return Network._of(Only(self, trains, None if seed is None else as_seed(seed)))

    def perturbed(
        self,
        how: str,
        seed: Seed | int | None = None,
        *,
        other: Network | None = None,
        examples: int | None = None,
        options: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> Network:
        """The same network with its weights changed; its mask stays, its optimiser begins afresh.

        Args:
            how: a word (`whether list --words`), or "module:function" of your own that takes weights by name, and by
                its parameters' names `names`, `masks`, `seed`, `other`, `module`, `init`, `x`, `y`; returns weights.
            seed: of what it draws.
            other: the second network, for words that take one.
            examples: how many of the training split it sees.
            options, given: plain arguments: perturbed("noise", seed, scale=2.0).
        """
        said = dict(options or {}) | given
        gather(
            lambda: words.find("perturbation", how),
            lambda: plain_options("perturbation", how, said) if said else None,
            lambda: needed("perturbation", how, "seed", seed, f"perturbed({how!r}, rep.seed('again'))"),
            lambda: needed("perturbation", how, "other", other, f"perturbed({how!r}, other=network)"),
            lambda: heeded("perturbation", how, {"seed": seed, "other": other, "examples": examples}),
            lambda: None if other is None else expect_network("other", other),
            lambda: None if examples is None else whole_number("examples", examples),
        )
        drawn = None if seed is None else as_seed(seed)
        return Network._of(Perturbed(self, how, drawn, other, examples, said))

    def aligned(self, to: Network, *, by: str = "weights", examples: int | None = None) -> Network:
        """The same function with its units reordered, so that they match another network's.

        Args:
            to: the network to match, of the same architecture.
            by: "weights" (Ainsworth et al., 2023) or "activations" on the training split (Li et al., 2015).
            examples: how many of these.
        """
        one_of("by", by, ("weights", "activations"))
        expect_network("aligned(to)", to)
        seed = self.order.seed("align") if by == "weights" else None
        return self.perturbed(f"align-{by}", seed, other=to, examples=examples)

    def mixed(self, other: Network, *, at: float = 0.5) -> Network:
        """A point of the straight line to another network: (1 − at) of these weights and `at` of the other's."""
        expect_network("mixed(other)", other)
        return self.perturbed("interpolate", other=other, at=at)

    def __repr__(self) -> str:
        return f"<Network {describe(self.op, self.data.name)}>"


class Mask:
    """Which weights exist, said lazily. Made by `Network.prune` and `Network.mask`."""

    __slots__ = ("op",)

    def __init__(self, op: MaskOp) -> None:
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
        return f"<Mask {describe(self.op, '')}>"


def expect_network(what: str, given: object) -> None:
    """Refuse what is no Network."""
    if not isinstance(given, Network):
        raise RequestError(f"{what} is a {type(given).__name__}; expected a Network.")
