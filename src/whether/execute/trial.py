"""Trials: training for a moment, to see how fast it goes. For `whether bench` and `whether plan --calibrate`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

import torch
from torch import nn

from whether.data.tensors import Tensors, tensors
from whether.execute import memory
from whether.history import Network
from whether.history.facts import Point, Training, Trajectory
from whether.history.resolve import Resolver
from whether.models import build, draw
from whether.plan.cost import kind_of
from whether.plan.plan import Piece
from whether.plan.size import weights_stored
from whether.plan.width import MOST, networks_at_once
from whether.prune.masks import wear
from whether.recipe import Recipe, adam
from whether.seeds import Seed
from whether.store.paces import Paces
from whether.train.pack import Watch, train_pack
from whether.train.profile import SHIPPED, Settings
from whether.train.replica import Named, Replica

SECONDS = 0.4  # of each trial
SHAPES = (("mlp-10", "xor"), ("mlp-32-16", "digits"), ("mlp-100-50", "digits"), ("mlp-300-100", "digits"))
WIDTHS = (1, 4, 16, 64, 256)
WORTH = 0.03  # by how much other settings must be faster, on average, to be taken


@dataclass(frozen=True)
class Trial:
    """How fast networks of one shape train.

    Attributes:
        plain: steps a second of a plain PyTorch loop, one network at a time, on one core or all, whichever is faster.
        packed: network-steps a second by pack width, on one core.
        lanes: the same with the best width on every core at once.
        together: the same with one such pack on all cores.
    """

    model: str
    data: str
    weights: int
    plain: float
    packed: dict[int, float]
    lanes: float
    together: float

    @property
    def best(self) -> int:
        """The width at which networks train fastest."""
        return max(self.packed, key=lambda width: self.packed[width])

    @property
    def gain(self) -> float:
        """How many times more networks train in a second than by the plain loop."""
        return max(self.lanes, self.together) / self.plain


def trials(tell: Callable[[str], None]) -> Iterator[Trial]:
    """Try every shape; about ten seconds in all.

    Args:
        tell: hears which one is tried.
    """
    cores = memory.cores()
    for model, data in SHAPES:
        tell(f"{model} on {data}")
        trajectory = _trajectory(model, data)
        sets = tensors(trajectory.training.data_name)
        packed = {width: _pace(trajectory, sets, width, threads=1) for width in WIDTHS}
        best = max(packed, key=lambda width: packed[width])
        with ThreadPoolExecutor(cores) as pool:
            beside = [pool.submit(_pace, trajectory, sets, best, threads=1) for _ in range(cores)]
            lanes = sum(pace.result() for pace in beside)
        yield Trial(
            model=model,
            data=data,
            weights=weights_stored(trajectory.begin.model) or 0,
            plain=max(_plain(trajectory, sets, threads) for threads in {1, cores}),
            packed=packed,
            lanes=lanes,
            together=_pace(trajectory, sets, best, threads=cores),
        )


def choose(found: Sequence[Trial], now: Settings, when: str) -> Settings:
    """The settings that trained fastest; those of now unless others are clearly better.

    Args:
        found: trials.
        now: the settings that are frozen.
        when: the day, for whoever reads the profile.
    """

    def score(weights_at_once: int) -> float:
        """The mean logarithm of what the shapes reach with packs of so many weights."""
        reached = []
        for trial in found:
            allowed = max(1, min(MOST, weights_at_once // max(1, trial.weights)))
            width = max(width for width in trial.packed if width <= allowed)
            reached.append(math.log(trial.packed[width]))
        return sum(reached) / len(reached)

    best = max((2**power for power in range(14, 23)), key=score)
    if score(best) - score(now.weights_at_once) < WORTH:
        best = now.weights_at_once
    lanes_pay = sum(math.log(trial.lanes / trial.together) for trial in found) > -WORTH * len(found)
    chosen = replace(now, weights_at_once=best, workers=0 if lanes_pay else 1)
    return chosen if chosen == now else replace(chosen, source=f"measured {when}")


def calibrate(pieces: Sequence[Piece], paces: Paces, tell: Callable[[str], None]) -> int:
    """Train a moment of each kind of piece in a plan, so that its cost is measured and not counted.

    Returns:
        How many kinds there were.
    """
    kinds: dict[str, list[Piece]] = {}
    for piece in pieces:
        kinds.setdefault(kind_of(piece), []).append(piece)
    for kind, alike in kinds.items():
        trajectory = alike[0].trajectory
        model = trajectory.begin.model
        tell(f"{model.name} on {trajectory.training.data_name.name}")
        width = min(len(alike), networks_at_once(model))
        paces.note(kind, 1.0 / pace_of(alike, SHIPPED), width, "cpu")
    return len(kinds)


def pace_of(alike: Sequence[Piece], settings: Settings) -> float:
    """Network-steps a second of pieces of one kind, as many at once as a profile says, on one thread."""
    trajectory = alike[0].trajectory
    width = min(len(alike), networks_at_once(trajectory.begin.model, settings.weights_at_once))
    return _pace(trajectory, tensors(trajectory.training.data_name), width, threads=1)


class _EnoughError(Exception):
    """The moment is over."""


def _pace(trajectory: Trajectory, data: Tensors, width: int, *, threads: int) -> float:
    """Network-steps a second of a pack of fresh networks of a trajectory."""
    module = build(trajectory.begin.model)
    return pace(module, fresh(module, trajectory.training, width), data, threads=threads)


def fresh(module: nn.Module, training: Training, width: int, masks: Named | None = None) -> list[Replica]:
    """So many networks as they are drawn, each to be trained to the end; masked where masks are given."""
    found = []
    for number in range(width):
        seed = Seed(number)
        weights, stops = wear(draw(module, "pytorch", seed), masks or {}), (training.total,)
        found.append(Replica(training=training, order=seed, step=0, stops=stops, weights=weights, masks=masks))
    return found


def pace(
    module: nn.Module, replicas: Sequence[Replica], data: Tensors, *, threads: int, settings: Settings = SHIPPED
) -> float:
    """Network-steps a second of a pack that trains for a moment, after a first step that does not count.

    Args:
        module: the architecture, which the pack may write into.
        replicas, data, settings: as of `train_pack`.
        threads: that the pack may use.
    """
    seen: list[tuple[float, int]] = []

    def progress(steps: int) -> None:
        now = time.perf_counter()
        seen.append((now, steps))
        if now - seen[0][0] >= SECONDS and len(seen) > 2:
            raise _EnoughError

    watch = Watch(stop=lambda *_: None, progress=progress, threads=lambda: threads)
    with suppress(_EnoughError):
        train_pack(module, replicas, data, watch, settings)
    spent = seen[-1][0] - seen[0][0]
    return sum(steps for _, steps in seen[1:]) / spent if spent > 0 else float(len(replicas))


def _plain(trajectory: Trajectory, data: Tensors, threads: int) -> float:
    """Steps a second of the loop that a good user writes, with Adam."""
    module = build(trajectory.begin.model)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    return plain_pace(module, optimizer, data, batch=trajectory.training.batch, threads=threads)


def plain_pace(
    module: nn.Module, optimizer: torch.optim.Optimizer, data: Tensors, *, batch: int, threads: int
) -> float:
    """Steps a second of a plain PyTorch loop that trains for a moment, after a first step that does not count."""
    rows, before = data.train_index, torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        steps, began = -1, 0.0
        order = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
        while steps < 2 or time.perf_counter() - began < SECONDS:
            place = (steps + 1) % max(1, len(order) // batch)
            index = order[place * batch : (place + 1) * batch]
            loss = nn.functional.cross_entropy(module(data.x_train[index]), data.y_train[index])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            steps += 1
            began = began or time.perf_counter()
        return steps / (time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)


def _trajectory(model: str, data: str) -> Trajectory:
    recipe = Recipe(optimizer=adam(1e-3), total="1000000it", batch=4 if data == "xor" else 60, evaluate="1000000it")
    state = Resolver().state(Network(model, data=data, seed=0, recipe=recipe, init="pytorch").train())
    assert isinstance(state, Point)
    return state.trajectory
