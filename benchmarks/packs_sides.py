"""The sides of `packs_gpu.py`: trainings, one network at a time by a plain and a captured loop, and packs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from whether.data import augment
from whether.data.cards import Data
from whether.data.tensors import Tensors, black
from whether.history.facts import Model, Training
from whether.history.resolve import settle
from whether.models import build, draw
from whether.recipe import Recipe, adamw, sgd
from whether.seeds import Seed
from whether.train.pack import Watch, train_pack
from whether.train.replica import Replica

LONG = 10**6  # steps: longer than anything here trains


@dataclass(frozen=True, kw_only=True)
class Work:
    """One training.

    Attributes:
        plain, captured: how many times more network-steps a second than each loop are aimed at.
        widths: of packs.
    """

    name: str
    model: str
    shape: tuple[int, ...]
    classes: int
    rows: int
    recipe: Recipe
    task: str = "classification"
    plain: float
    captured: float
    widths: tuple[int, ...]


def works(*, smoke: bool) -> list[Work]:
    """The trainings; tiny ones for a smoke test."""
    momentum = sgd(0.1, momentum=0.9, weight_decay=1e-4)
    lenet = Recipe(optimizer=sgd(0.1), total="1it", batch=128)
    images = Recipe(optimizer=momentum, total="1it", batch=128, augment=("crop-4", "flip"), precision="bf16")
    text = Recipe(optimizer=adamw(1e-3, weight_decay=0.1), total="1it", batch=32, precision="bf16")
    found = [
        Work(name="lenet", model="lenet-300-100", shape=(1, 28, 28), classes=10, rows=60_000, recipe=lenet,
             plain=50, captured=12, widths=(1, 16, 64, 256)),
        Work(name="lenet-tf32", model="lenet-300-100", shape=(1, 28, 28), classes=10, rows=60_000,
             recipe=lenet.but(precision="tf32"), plain=50, captured=12, widths=(1, 16, 64, 256)),
        Work(name="resnet", model="resnet-20", shape=(3, 32, 32), classes=10, rows=50_000, recipe=images,
             plain=8, captured=2, widths=(1, 8, 32, 64)),
        Work(name="gpt", model="gpt-4-128", shape=(64,), classes=65, rows=20_000, recipe=text,
             task="language-modelling", plain=8, captured=2, widths=(1, 8, 32, 64)),
    ]  # fmt: skip
    if not smoke:
        return found
    small: dict[str, dict[str, Any]] = {
        "lenet": {"model": "mlp-12", "shape": (1, 8, 8)},
        "lenet-tf32": {"model": "mlp-9", "shape": (1, 8, 8), "recipe": lenet.but(precision="fp32", batch=16)},
        "resnet": {"model": "resnet-8-w4", "shape": (3, 8, 8), "recipe": images.but(batch=8)},
        "gpt": {"model": "gpt-1-32", "shape": (6,), "recipe": text.but(batch=4)},
    }  # fmt: skip
    return [replace(work, rows=300, widths=(1, 3), **small[work.name]) for work in found]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A training made ready on a device."""

    work: Work
    training: Training
    module: nn.Module
    weights: dict[str, Tensor]
    data: Tensors
    device: torch.device

    @staticmethod
    def of(work: Work, device: torch.device) -> Bench:
        """Draw data and weights."""
        text = work.task == "language-modelling"
        named = Data(name="modular-addition-23" if text else "digits")
        training = replace(
            settle(work.recipe.but(total=f"{LONG}it", evaluate=f"{LONG}it"), named),
            per_epoch=work.rows // work.recipe.batch,
        )
        model = Model(name=work.model, shape=work.shape, classes=work.classes, options={}, task=work.task)
        module = build(model)
        return Bench(
            work=work,
            training=training,
            module=module,
            weights=draw(module, "kaiming-normal", Seed(0)),
            data=_drawn(work, named, device),
            device=device,
        )

    def replicas(self, count: int, **changes: Any) -> list[Replica]:
        """Networks that differ in their order of the data; their weights may be alike, since speed is."""
        training = replace(self.training, **changes)
        return [
            Replica(
                training=training,
                order=Seed(number),
                step=0,
                stops=(training.total,),
                weights=self.weights,
                fresh=False,
            )
            for number in range(count)
        ]


def _drawn(work: Work, named: Data, device: torch.device) -> Tensors:
    """Data of the right shape; text is followed by itself."""
    generator = torch.Generator().manual_seed(0)
    card = replace(named.card, shape=work.shape, classes=work.classes, train_rows=work.rows)
    if work.task == "language-modelling":
        x = torch.randint(work.classes, (work.rows, *work.shape), generator=generator)
        y = x.roll(-1, 1)
    else:
        colours = work.shape[0]
        card = replace(card, mean=(0.5,) * colours, std=(0.25,) * colours)
        x = torch.randn(work.rows, *work.shape, generator=generator)
        y = torch.randint(work.classes, (work.rows,), generator=generator)
    x, y, none = x.to(device), y.to(device), torch.zeros(0, dtype=torch.int64, device=device)
    index = torch.arange(work.rows, device=device)
    return Tensors(
        card=card, x_train=x, y_train=y, x_test=x[:0], y_test=y[:0], train_index=index, validation_index=none
    )


class Loop:
    """One network at a time, as a user writes it; with `tuned` as one writes it who knows the device.

    A step is the same work for both: the batch is gathered by the epoch's order at a place that lies on the device.
    """

    def __init__(self, bench: Bench, *, tuned: bool) -> None:
        self.training, self.data, self.device = bench.training, bench.data, bench.device
        self.tuned = tuned
        self.model = copy.deepcopy(bench.module).to(self.device)
        self.images = len(bench.work.shape) == 3 and bench.work.model.startswith("resnet")
        if tuned and self.images:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = self._optimizer()
        self.black = black(bench.data.card).to(self.device) if self.training.augment else None
        self.order = torch.randperm(len(self.data.x_train), device=self.device)
        self.place = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.rows = torch.arange(self.training.batch, device=self.device)
        self.loss = torch.zeros((), device=self.device)
        self.done = 0
        self.replay: Callable[[], None] | None = None

    def run(self, steps: int) -> None:
        """So many steps."""
        for _ in range(steps):
            if self.done % self.training.per_epoch == 0:
                self.order.copy_(torch.randperm(len(self.order), device=self.device))
                self.place.zero_()
            (self.replay or self._step)()
            self.done += 1

    def capture(self) -> None:
        """Record the step, on a GPU."""
        if self.device.type != "cuda":
            self.run(3)
            return
        side = torch.cuda.Stream()  # the same for warming up and recording, as gradients are bound to it
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.run(5)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side):
            self._step()
        self.replay = graph.replay

    def _step(self) -> None:
        index = self.order[self.place * self.training.batch + self.rows]
        x, y = self.data.x_train[index], self.data.y_train[index]
        if self.black is not None:
            x = augment.apply(x, self._draws(x), self.training.augment, self.black)
        if self.tuned and self.images:
            x = x.contiguous(memory_format=torch.channels_last)
        coarse = self.training.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16) if coarse else nullcontext():
            outputs = self.model(x)
        loss = nn.functional.cross_entropy(outputs.float().flatten(0, -2), y.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.loss += loss.detach()
        self.place += 1

    def _draws(self, x: Tensor) -> dict[str, Tensor]:
        """Crops and flips, drawn on the device."""
        found = {}
        for kind, size in augment.parse(self.training.augment, x.shape[1:]):
            most = 2 if kind == "flip" else 2 * size + 1
            found[kind] = torch.randint(most, (len(x), 2), device=self.device)
        return found

    def _optimizer(self) -> torch.optim.Optimizer:
        said = self.training.optimizer
        if said["name"] == "sgd":
            return torch.optim.SGD(
                self.model.parameters(),
                lr=said["lr"],
                momentum=said["momentum"],
                weight_decay=said["weight_decay"],
                fused=True,
            )
        capturable = self.tuned and self.device.type == "cuda"
        return torch.optim.AdamW(
            self.model.parameters(),
            lr=said["lr"],
            weight_decay=said["weight_decay"],
            fused=True,
            capturable=capturable,
        )


class EnoughError(Exception):
    """The moment is over."""


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def pace_of_loop(loop: Loop, seconds: float) -> float:
    """Steps a second."""
    loop.run(10)
    wait(loop.device)
    began, steps = time.perf_counter(), 0
    while True:
        loop.run(20)
        steps += 20
        wait(loop.device)  # every twenty steps: the host would run ahead by a thousand
        spent = time.perf_counter() - began
        if spent >= seconds:
            return steps / spent


def pace_of_pack(bench: Bench, width: int, seconds: float, notes: set[str]) -> float:
    """Network-steps a second of `train_pack`, from its tenth step on."""
    seen: list[int] = []
    times: list[float] = []

    def progress(steps: int) -> None:
        seen.append(steps)
        if len(seen) == 10 or (len(seen) > 10 and len(seen) % 20 == 0):
            wait(bench.device)
            times.append(time.perf_counter())
            if times[-1] - times[0] >= seconds and len(times) > 1:
                raise EnoughError

    watch = Watch(stop=lambda *_: None, progress=progress, checkpoint_every=1e9, note=notes.add)
    with suppress(EnoughError):
        train_pack(bench.module, bench.replicas(width), bench.data, watch)
    if seen[0] != width:
        notes.add(f"a pack of {width} was trained as packs of {seen[0]}: more do not fit into memory")
    return sum(seen[10:]) / (times[-1] - times[0])
