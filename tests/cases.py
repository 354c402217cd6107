"""One table of toy cases, which every property of training walks, and short ways to train them."""

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
from whether.recipe import Recipe, adam, adamw, cosine, drops, linear, sgd
from whether.recipe import constant as steady
from whether.seeds import Seed
from whether.train.pack import Watch, train_pack
from whether.train.replica import Curves, Named, Replica, Snapshot


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its data, how it trains, and what part of its weights exists."""

    name: str
    model: str
    data: Data
    recipe: Recipe
    density: float | None = None
    init: str = "kaiming-normal"
    options: dict[str, Any] = field(default_factory=dict)

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
        return Model(name=self.model, shape=card.shape, classes=card.classes, options=self.options)

    @property
    def own_code(self) -> bool:
        return words.is_own_code(self.model)

    def module(self) -> nn.Module:
        """The module of this architecture, made once."""
        return _module(self)

    def but(self, **changes: Any) -> Case:
        """The same case with some fields of its recipe changed."""
        return replace(self, recipe=self.recipe.but(**changes))

    def replica(self, seed: int, *, stops: Sequence[int] | None = None, **changes: Any) -> Replica:
        """A network of this case; `changes` reach into its recipe."""
        root = Seed(seed)
        init = "own" if self.own_code and self.init == "kaiming-normal" else self.init
        module = build(self.architecture, root) if self.own_code else self.module()
        weights = draw(module, init, root.seed("weights"))
        masks: Named | None = None
        if self.density is not None:
            everything = full(weights, prunable(module))
            scores = magnitude(weights, everything)
            masks = select(scores, everything, fraction=1 - Fraction(str(self.density)), scope="layer")
        training = self.but(**changes).training if changes else self.training
        return Replica(
            training=training,
            order=root.seed("order"),
            step=0,
            stops=tuple(stops or (training.total,)),
            weights=weights,
            masks=masks,
        )

    def replicas(self, count: int = 3, *, stops: Sequence[int] | None = None) -> list[Replica]:
        """Networks with seeds, masks, learning rates and weight decays of their own."""
        base = self.recipe.optimizer
        made = []
        for index in range(count):
            own = replace(base, lr=base.lr * (1 - index / 5), weight_decay=base.weight_decay * index)
            made.append(self.replica(index + 1, stops=stops, optimizer=own))
        return made


@lru_cache(maxsize=64)
def _built(model: str, data: Data, options: tuple[tuple[str, Any], ...]) -> nn.Module:
    card = data.card
    return build(Model(name=model, shape=card.shape, classes=card.classes, options=dict(options)))


def _module(case: Case) -> nn.Module:
    return _built(case.model, case.data, tuple(case.options.items()))


XOR = Data(name="xor")
DIGITS = Data(name="digits")
FEW = Data(name="digits", validation=1007)  # 193 rows to train on, and a last part of 7 rows to look at
ALL = Data(name="digits", validation=0)

CASES = (
    Case(
        name="one-unit-whole-set",
        model="mlp-1",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1), total="6it", batch=1000, last_batch="keep"),
    ),
    Case(
        name="narrow-waist",
        model="mlp-3-1-5",
        data=XOR,
        recipe=Recipe(optimizer=adam(0.02), total="9it", batch=3, last_batch="keep", schedule=linear(warmup="2it")),
        init="xavier-uniform",
    ),
    Case(
        name="one-example",
        model="mlp-2",
        data=XOR,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, nesterov=True), total="9it", batch=1, evaluate="2it"),
        init="pytorch",
    ),
    Case(
        name="seven-rows",  # of which two threads make other sums than one
        model="mlp-40-20",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9), total="5it", batch=7, evaluate="2it"),
    ),
    Case(
        name="plain-sgd",
        model="mlp-17-9",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1), total="8it", batch=60, schedule=steady(warmup="3it"), evaluate="3it"),
    ),
    Case(
        name="momentum-keeps-the-last-batch",
        model="mlp-33",
        data=DIGITS,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-2),
            total="10it",
            batch=128,
            last_batch="keep",
            schedule=drops(["4it", "8it"], factor=0.5, warmup="2it"),
            evaluate="4it",
        ),
        density=0.6,
    ),
    Case(
        name="nesterov-drops-the-last-batch",
        model="mlp-20-1-6",
        data=DIGITS,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.8, nesterov=True, weight_decay=1e-3),
            total="5it",
            batch=400,
            schedule=cosine(warmup="1it"),
            evaluate="2it",
        ),
        density=0.3,
        init="xavier-normal",
    ),
    Case(
        name="adam-at-five-per-cent",
        model="mlp-64-32",
        data=DIGITS,
        recipe=Recipe(optimizer=adam(2e-3), total="8it", batch=64, schedule=linear(), evaluate="3it"),
        density=0.05,
    ),
    Case(
        name="adamw-whole-set",
        model="mlp-12",
        data=DIGITS,
        recipe=Recipe(
            optimizer=adamw(2e-3, weight_decay=0.1), total="6it", batch=900, schedule=cosine(), evaluate="2it"
        ),
        density=0.5,
        init="kaiming-uniform",
    ),
    Case(
        name="deep",
        model="mlp-7-7-7-7-7-7",
        data=DIGITS,
        recipe=Recipe(optimizer=adam(1e-3, weight_decay=1e-2), total="6it", batch=63, evaluate="2it"),
        density=0.6,
    ),
    Case(
        name="nothing-held-out",
        model="mlp-9",
        data=ALL,
        recipe=Recipe(optimizer=adam(1e-3, betas=(0.8, 0.95), eps=1e-6), total="6it", batch=450, evaluate="2it"),
    ),
    Case(
        name="much-held-out",
        model="mlp-31",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.5), total="8it", batch=93, last_batch="keep", evaluate="3it"),
    ),
    Case(
        name="own-perceptron",
        model="foreign:perceptron",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9), total="6it", batch=50, evaluate="2it"),
        density=0.4,
        options={"width": 13},
    ),
    Case(
        name="conv-batchnorm",
        model="foreign:conv_batchnorm",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-3), total="5it", batch=32, evaluate="2it"),
        density=0.5,
        init="kaiming-uniform",
    ),
    Case(
        name="dropout",
        model="foreign:dropout",
        data=FEW,
        recipe=Recipe(optimizer=adam(1e-3), total="5it", batch=32, evaluate="2it"),
        density=0.3,
    ),
    Case(
        name="odd-module",
        model="foreign:odd",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-2), total="5it", batch=32, evaluate="2it"),
        density=0.5,
    ),
)
BY_NAME = {case.name: case for case in CASES}

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
    train_pack(case.module(), replicas, case.tensors, watch)
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
