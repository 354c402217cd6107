"""Where compressed rows pay: LeNet-300-100 trained for a moment with every weight, and with few of them.

What it is given are the digits, enlarged to 28 × 28 and repeated until there are as many rows as in MNIST, so that
gathering a batch costs what it costs there. The step is that of OpenLTH's protocol: batch 128, SGD, on one thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from whether.data.tensors import Tensors, tensors
from whether.execute.trial import WORTH, fresh, pace, plain_pace
from whether.history import Network
from whether.history.facts import Point, Training
from whether.history.resolve import Resolver
from whether.models.build import prunable
from whether.models.mlp import mlp
from whether.plan.width import sparse_pays
from whether.recipe import Recipe, sgd
from whether.seeds import Seed, Stream
from whether.train.compressed import available, existing
from whether.train.profile import Settings
from whether.train.replica import Named

LENET, SMALL = "mlp-300-100", "mlp-100-100"
ROWS, BATCH, RATE = 60_000, 128, 0.1
DENSITIES = (0.5, 0.3, 0.15, 0.07, 0.036, 0.01)
ALWAYS = Settings(kernels="sparse", sparse_below=1e9, sparse_overhead=0.0)
NEVER = Settings(kernels="dense")
LEAST, MOST = 0.001, 1.0  # what a density may be below which compressed rows are used


@dataclass(frozen=True)
class SparseTrial:
    """How fast one network trains on one thread, dense and in compressed rows.

    Attributes:
        weights: how many parameters it has.
        batch: examples a step.
        plain: steps a second of a plain PyTorch loop.
        dense: of the pack code, with every weight.
        small: parameters and steps a second of a smaller network of as many layers, with every weight.
        sparse: steps a second in compressed rows, by how many parameters exist; empty where this PyTorch has no such
            products.
    """

    weights: int
    batch: int
    plain: float
    dense: float
    small: tuple[int, float]
    sparse: Mapping[int, float]


def sparse_trial(tell: Callable[[str], None]) -> SparseTrial:
    """Try LeNet-300-100 at every density; about five seconds in all.

    Args:
        tell: hears what is tried.
    """
    training, data = _training(), _enlarged()
    module, looped, less = (mlp(name, data.card.shape, 10) for name in (LENET, LENET, SMALL))
    tell("LeNet-300-100 with every weight")
    dense = pace(module, fresh(module, training, 1), data, threads=1, settings=NEVER)
    plain = plain_pace(looped, torch.optim.SGD(looped.parameters(), lr=RATE), data, batch=BATCH, threads=1)
    small = pace(less, fresh(less, training, 1), data, threads=1, settings=NEVER)
    sparse: dict[int, float] = {}
    for density in DENSITIES if available() else ():
        tell(f"LeNet-300-100 with {100 * density:g} % of its weights")
        masks = masks_of(module, density)
        replicas = fresh(module, training, 1, masks)
        sparse[existing(module, masks)] = pace(module, replicas, data, threads=1, settings=ALWAYS)
    whole = (existing(module, {}), existing(less, {}))
    return SparseTrial(weights=whole[0], batch=BATCH, plain=plain, dense=dense, small=(whole[1], small), sparse=sparse)


def masks_of(module: nn.Module, density: float) -> Named:
    """Masks that leave a part of each layer's weights, at places that are drawn."""
    named, found = dict(module.named_parameters()), {}
    for name in prunable(module):
        count = named[name].numel()
        kept = torch.from_numpy(Stream(Seed(0), f"trial/{name}").permutation(count)) < max(1, round(density * count))
        found[name] = kept.reshape(named[name].shape)
    return found


def is_sparse(left: float, weights: int, batch: int, settings: Settings) -> bool:
    """Whether a profile has a network computed in compressed rows: k / d + c / b < w.

    Args:
        left: k, the parameters that exist.
        weights: w, all of them.
        batch: b.
        settings: d is `sparse_below`, c is `sparse_overhead`.
    """
    rule = {"below": settings.sparse_below, "overhead": settings.sparse_overhead}
    return settings.kernels == "sparse" and sparse_pays(left, weights, batch, **rule)


@dataclass(frozen=True)
class Lines:
    """Seconds of a step: `start` + `slope` · k in compressed rows, `dense_start` + `dense_slope` · w with every weight.

    k are the parameters that exist, w all of them.
    """

    start: float
    slope: float
    dense_start: float
    dense_slope: float

    @property
    def below(self) -> float:
        """The density at which a large network takes as long either way: d = dense_slope / slope."""
        return min(max(self.dense_slope / self.slope, LEAST), MOST)

    def overhead(self, batch: int) -> float:
        """What a step in compressed rows costs beside its products and above a dense one, in weights × examples."""
        return max(0.0, (self.start - self.dense_start) / self.dense_slope * batch)

    def sparse(self, left: float) -> float:
        """Seconds of a step in compressed rows with so many parameters."""
        return self.start + self.slope * left

    def even(self, weights: int) -> float:
        """The density at which a network of so many parameters takes as long either way; 0 where it never does."""
        dense = self.dense_start + self.dense_slope * weights
        return min(max(0.0, (dense - self.start) / self.slope / weights), 1.0)


def lines(trial: SparseTrial) -> Lines | None:
    """The lines through what a trial saw: of compressed rows that of least squares of relative errors.

    Returns:
        None where less than two densities were seen, or where more weights took less time.

    Example:
        >>> seen = {1000: 1 / 0.003, 2000: 1 / 0.005, 8000: 1 / 0.017}
        >>> trial = SparseTrial(weights=10_000, batch=100, plain=1.0, dense=200.0, small=(5000, 1 / 0.003), sparse=seen)
        >>> found = lines(trial)
        >>> round(found.below, 6), round(found.even(10_000), 6), round(found.overhead(100), 3)
        (0.2, 0.2, 0.0)
    """
    if len(trial.sparse) < 2:
        return None
    left, seconds = np.array(list(trial.sparse), float), 1 / np.array(list(trial.sparse.values()))
    columns = np.stack([1 / seconds, left / seconds], axis=1)
    (start, slope), *_ = np.linalg.lstsq(columns, np.ones(len(left)), rcond=None)
    weights, pace_there = trial.small
    dense_slope = (1 / trial.dense - 1 / pace_there) / (trial.weights - weights)
    if slope <= 0 or dense_slope <= 0:
        return None
    return Lines(float(start), float(slope), 1 / trial.dense - dense_slope * trial.weights, dense_slope)


def choose_sparse(trial: SparseTrial, now: Settings, when: str) -> Settings:
    """The settings under which what was tried trains fastest; those of now unless others are clearly better.

    Args:
        trial: dense and at several densities.
        now: the settings that are frozen, or chosen so far.
        when: the day, for whoever reads the profile.
    """
    found = lines(trial)
    if found is None:
        return now
    overhead = float(f"{found.overhead(trial.batch):.2g}")
    other = replace(now, sparse_below=round(found.below, 3), sparse_overhead=overhead)
    if lost(trial, now) - lost(trial, other) < WORTH:
        return now
    return replace(other, source=f"measured {when}")


def lost(trial: SparseTrial, settings: Settings) -> float:
    """By how much steps are longer under some settings than the quicker way: the mean logarithm over what was tried."""
    found = [0.0]
    for left, pace_there in trial.sparse.items():
        taken = pace_there if is_sparse(left, trial.weights, trial.batch, settings) else trial.dense
        found.append(math.log(max(pace_there, trial.dense) / taken))
    return sum(found) / max(1, len(trial.sparse))


def seconds_at(trial: SparseTrial, left: float, settings: Settings) -> float:
    """Seconds of a step of the tried network with so many parameters, under some settings, on the fitted line.

    Args:
        trial: dense and at several densities.
        left: parameters that exist.
        settings: say which way it is computed.
    """
    found = lines(trial)
    if found is None or not is_sparse(left, trial.weights, trial.batch, settings):
        return 1 / trial.dense
    return found.sparse(left)


def _training() -> Training:
    """The course of OpenLTH's protocol on as many rows as MNIST has."""
    recipe = Recipe(optimizer=sgd(RATE), total="1000000it", batch=BATCH, evaluate="1000000it")
    state = Resolver().state(Network("mlp-10", data="digits", seed=0, recipe=recipe, init="pytorch").train())
    assert isinstance(state, Point)
    training = state.trajectory.training
    return replace(training, per_epoch=-(-ROWS // BATCH), data={**training.data, "train": ROWS, "validation": 0})


def _enlarged() -> Tensors:
    """The digits as 28 × 28 images, again and again until there are as many as in MNIST."""
    digits = tensors("digits")
    large = nn.functional.interpolate(digits.x_train, size=(28, 28), mode="nearest")
    times = -(-ROWS // len(large))
    return replace(
        digits,
        card=replace(digits.card, shape=(1, 28, 28)),
        x_train=large.repeat(times, 1, 1, 1)[:ROWS],
        y_train=digits.y_train.repeat(times)[:ROWS],
        train_index=torch.arange(ROWS),
        validation_index=torch.arange(0),
    )
