"""A toy case of training, and short ways to train it; `cases.py` is the table of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from whether import words
from whether.data.cards import Data
from whether.data.tensors import Tensors, tensors
from whether.history.facts import Model, Training
from whether.history.resolve import settle
from whether.models import build, draw, prunable
from whether.prune import full, magnitude, select
from whether.recipe import Recipe, sgd
from whether.seeds import Seed
from whether.train.freeze import trainable
from whether.train.pack import Watch, train_pack
from whether.train.profile import Settings
from whether.train.replica import Curves, Named, Replica, Snapshot


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its data, how it trains, what part of its weights exists, and which of them train."""

    name: str
    model: str
    data: Data
    recipe: Recipe
    density: float | None = None
    init: str = "kaiming-normal"
    options: dict[str, Any] = field(default_factory=dict)
    held: str | None = None
    kernels: str = "dense"  # "sparse": whatever has a mask is computed in compressed rows, whether that pays or not
    close: float = 1e-6  # to the plain loop after a few steps, in the largest difference of a weight

    def __str__(self) -> str:
        return self.name

    @property
    def training(self) -> Training:
        return settle(self.recipe, self.data)

    @property
    def total(self) -> int:
        return self.training.total

    @property
    def tensors(self) -> Tensors:
        return tensors(self.data)

    @property
    def architecture(self) -> Model:
        card = self.data.card
        return Model(name=self.model, shape=card.shape, classes=card.classes, options=self.options, task=card.task)

    @property
    def own_code(self) -> bool:
        return words.is_own_code(self.model)

    @property
    def settings(self) -> Settings:
        return Settings(
            kernels=self.kernels,
            sparse_below=1e9,
            sparse_overhead=0.0,
            layers_below=1e9,
            layers_turning=0.0,
            layers_overhead=0.0,
            convs_below=1e9,
            convs_turning=0.0,
            convs_lines=0.0,
        )

    def module(self) -> nn.Module:
        """The module of this architecture, made once."""
        return _module(self)

    def but(self, **changes: Any) -> Case:
        """The same case with some fields of its recipe changed."""
        return replace(self, recipe=self.recipe.but(**changes))

    def replica(self, seed: int, *, stops: Sequence[int] | None = None, **changes: Any) -> Replica:
        """A network of this case; `changes` reach into its recipe."""
        root = Seed(seed)
        module, weights, masks = _drawn(replace(self, recipe=_ANY), seed)
        training = self.but(**changes).training if changes else self.training
        return Replica(
            training=training,
            order=root.seed("order"),
            step=0,
            stops=tuple(stops or (training.total,)),
            weights={name: value.clone() for name, value in weights.items()},
            masks=masks,
            trains=None if self.held is None else trainable(module, self.held, seed=root.seed("held")),
            prunable=prunable(module) if training.sparsify is not None else (),
        )

    def replicas(self, count: int = 3, *, stops: Sequence[int] | None = None) -> list[Replica]:
        """Networks with seeds, masks, learning rates and weight decays of their own."""
        base = self.recipe.optimizer
        made = []
        for index in range(count):
            own = replace(base, lr=base.lr * (1 - index / 5), weight_decay=base.weight_decay * index)
            made.append(self.replica(index + 1, stops=stops, optimizer=own))
        return made


_ANY = Recipe(optimizer=sgd(0.1), total="1it", batch=1)
_KNOWN: dict[str, tuple[nn.Module, Named, Named | None]] = {}


def _drawn(case: Case, seed: int) -> tuple[nn.Module, Named, Named | None]:
    """A module, fresh weights and the mask that they wear, drawn once."""
    key = f"{replace(case, name='')!r} {seed}"
    if key not in _KNOWN:
        root = Seed(seed)
        init = "own" if case.own_code and case.init == "kaiming-normal" else case.init
        module = build(case.architecture, root) if case.own_code else case.module()
        weights = draw(module, init, root.seed("weights"))
        masks: Named | None = None
        if case.density is not None:
            everything = full(weights, prunable(module))
            scores = magnitude(weights, everything)
            masks = select(scores, everything, fraction=1 - Fraction(str(case.density)), scope="layer")
        _KNOWN[key] = module, weights, masks
    return _KNOWN[key]


@lru_cache(maxsize=64)
def _built(model: str, data: Data, options: tuple[tuple[str, Any], ...]) -> nn.Module:
    card = data.card
    return build(Model(name=model, shape=card.shape, classes=card.classes, options=dict(options), task=card.task))


def _module(case: Case) -> nn.Module:
    return _built(case.model, case.data, tuple(case.options.items()))


def sparser(replica: Replica, fraction: float) -> Replica:
    """The same network without a fraction of its weights, chosen across layers: they have unequally many then."""
    assert replica.masks is not None
    everything = full(replica.weights, tuple(replica.masks))
    scores = magnitude(replica.weights, everything)
    return replace(replica, masks=select(scores, everything, fraction=Fraction(str(fraction)), scope="global"))


Snapshots = dict[tuple[int, int], Snapshot]


def train(
    case: Case, replicas: Sequence[Replica], *, kept: Snapshots | None = None, every_step: bool = False
) -> Snapshots:
    """Train replicas as one pack; snapshots by place in the pack and step. `kept` collects checkpoints."""
    found: Snapshots = {}
    store = {} if kept is None else kept
    watch = Watch(
        stop=lambda place, snapshot: found.__setitem__((place, snapshot.step), snapshot),
        checkpoint=lambda place, snapshot: store.__setitem__((place, snapshot.step), snapshot),
        checkpoint_every=0.0 if every_step or kept is not None else math.inf,
    )
    train_pack(case.module(), replicas, case.tensors, watch, case.settings)
    return found


def resumed(replica: Replica, snapshot: Snapshot) -> Replica:
    """The replica that goes on from a snapshot."""
    return replace(
        replica,
        step=snapshot.step,
        weights=snapshot.weights,
        masks=snapshot.masks,
        optimizer=snapshot.optimizer,
        curves=snapshot.curves,
        checks=snapshot.checks,
        stops=tuple(stop for stop in replica.stops if stop > snapshot.step),
    )


def bits(snapshot: Snapshot) -> dict[str, Any]:
    """Everything of a snapshot but its time, as comparable plain values: equal when the bits are."""
    return {
        "step": snapshot.step,
        "outcome": snapshot.outcome,
        "weights": raw(snapshot.weights),
        "masks": raw(snapshot.masks or {}),
        "optimizer": raw(snapshot.optimizer),
        "curves": plain(snapshot.curves),
        "checks": snapshot.checks,
        "said": snapshot.said,
    }


def raw(tensors: Named) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in sorted(tensors.items())}


def plain(curves: Curves) -> tuple[Any, ...]:
    return (curves.steps, curves.values, curves.gathered, curves.batches)


def distance(one: Named, other: Named) -> float:
    """The largest difference of two networks' tensors, which have the same names."""
    assert set(one) == set(other)
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def zero_bits(value: Tensor) -> bool:
    """Whether every number is +0.0, not merely equal to zero."""
    return not bool(value.contiguous().view(torch.int32).any())
