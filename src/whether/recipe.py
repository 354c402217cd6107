"""A Recipe says how training goes: optimiser, schedule, length, batches, task. It is a value, and has a digest.

A recipe is written in the units of people (`total="2ep"`); `resolve` in `history/` turns it into facts (integers)
with the data set's card. Nothing here imports torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from whether.data.cards import Data
from whether.digest import canonical
from whether.errors import RequestError, gather, unknown
from whether.sparsify import Sparsify
from whether.steps import Steps
from whether.words import is_own_code

if TYPE_CHECKING:
    from collections.abc import Callable

Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How weights follow gradients. Make one with `sgd`, `adam` or `adamw`; units are those of the papers."""

    name: str
    lr: float
    momentum: float = 0.0
    nesterov: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def number(name: str, low: float, high: float) -> Callable[[], None]:
            value = getattr(self, name)

            def check() -> None:
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value < high:
                    span = f"{low:g} or more" if high == math.inf else f"in [{low:g}, {high:g})"
                    raise RequestError(f"{self.name}: {name} is {value!r}; expected a number, {span}.")

            return check

        gather(
            lambda: None if is_own_code(self.name) else _known("optimizer", self.name, OPTIMIZERS),
            number("lr", 0.0, math.inf),
            number("momentum", 0.0, 1.0),
            number("eps", 1e-30, math.inf),  # with none at all, a weight without gradient would be 0/0
            number("weight_decay", 0.0, math.inf),
            self._check_betas,
        )
        if self.nesterov and self.momentum == 0:
            raise RequestError("sgd: nesterov needs momentum; write sgd(lr, momentum=0.9, nesterov=True)")

    def _check_betas(self) -> None:
        two = isinstance(self.betas, (tuple, list)) and len(self.betas) == 2
        if not two or not all(isinstance(beta, (int, float)) and 0 <= beta < 1 for beta in self.betas):
            raise RequestError(
                f"{self.name}: betas are {self.betas!r}; expected two numbers in [0, 1), such as (0.9, 0.999)"
            )

    def facts(self) -> Plain:
        """The fields that this optimiser reads, for identity; none is below zero, so 0, 0.0 and -0.0 are one."""
        said: Plain = {"name": self.name, "lr": abs(float(self.lr)), "weight_decay": abs(float(self.weight_decay))}
        if is_own_code(self.name):
            return said | {"options": dict(self.options)}
        if self.name == "sgd":
            return said | {"momentum": abs(float(self.momentum)), "nesterov": bool(self.nesterov)}
        return said | {"betas": tuple(abs(float(beta)) for beta in self.betas), "eps": float(self.eps)}


def sgd(lr: float, *, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0) -> Optimizer:
    """Stochastic gradient descent; momentum in PyTorch's form of Sutskever et al. (2013): v ← μv + g, w ← w − lr·v."""
    return Optimizer(name="sgd", lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)


def adam(
    lr: float, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0
) -> Optimizer:
    """Adam (Kingma & Ba, 2015); weight decay is L2, added to the gradient."""
    return Optimizer(name="adam", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


def adamw(
    lr: float, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2
) -> Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019): w ← w − lr·λ·w beside Adam's step."""
    return Optimizer(name="adamw", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


def own_optimizer(name: str, lr: float, **options: Any) -> Optimizer:
    """An optimiser of your own: "module:function" that takes (tensors, lr, **options), gives a `torch.optim.Optimizer`.

    The tensors are the parameters of one network, in the order of the module. The schedule sets the rate of its groups.
    """
    if not is_own_code(name):
        raise RequestError(f"own_optimizer() got {name!r}; expected 'module:function', or write sgd(0.1), adam(0.001).")
    for option, value in options.items():
        try:
            canonical(value)
        except (TypeError, ValueError) as error:
            raise RequestError(f"the option {option!r} of {name!r} cannot be part of an identity: {error}.") from error
    return Optimizer(name=name, lr=lr, options=options)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": sgd, "adam": adam, "adamw": adamw}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate changes over the total. Make one with `constant`, `drops`, `cosine` or `linear`."""

    name: str = "constant"
    at: tuple[Steps, ...] = ()
    factor: float = 0.1
    warmup: Steps = field(default_factory=lambda: Steps.parse("0it"))

    def __post_init__(self) -> None:
        def factor() -> None:
            if not isinstance(self.factor, (int, float)) or not 0 < self.factor < 1:
                raise RequestError(f"a schedule's factor is {self.factor!r}; expected a number in (0, 1), such as 0.1")

        gather(lambda: _known("schedule", self.name, SCHEDULES), factor)


def constant(*, warmup: Steps | str = "0it") -> Schedule:
    """The rate stays, after a linear warm-up."""
    return Schedule(warmup=Steps.parse(warmup, "warmup"))


def drops(at: tuple[Steps | str, ...] | list[str], *, factor: float = 0.1, warmup: Steps | str = "0it") -> Schedule:
    """The rate is multiplied by `factor` at each of the given steps."""
    if not isinstance(at, (tuple, list)):
        raise RequestError(f"drops(at) is {at!r}; expected a list of steps, such as ['80ep', '120ep'].")
    stops = tuple(Steps.parse(stop, "a drop of the rate") for stop in at)
    return Schedule(name="drops", at=stops, factor=factor, warmup=Steps.parse(warmup, "warmup"))


def cosine(*, warmup: Steps | str = "0it") -> Schedule:
    """Half a cosine from the rate to zero over the total (Loshchilov & Hutter, 2017, without restarts)."""
    return Schedule(name="cosine", warmup=Steps.parse(warmup, "warmup"))


def linear(*, warmup: Steps | str = "0it") -> Schedule:
    """A straight line from the rate to zero over the total."""
    return Schedule(name="linear", warmup=Steps.parse(warmup, "warmup"))


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "drops": drops,
    "cosine": cosine,
    "linear": linear,
}
TASKS = ("classification", "language-modelling", "regression")
PRECISIONS = ("fp32", "tf32", "bf16")
AUGMENT = re.compile(r"flip|(crop|cutout)-[1-9]\d*")
LAST_BATCH = ("drop", "keep")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How training goes, from the first step to the last.

    Attributes:
        optimizer: with its learning rate.
        total: the length of training, in iterations or epochs; stops (`until`) never change it.
        batch: examples a step.
        schedule: of the learning rate.
        last_batch: "drop" an epoch's incomplete last batch, or "keep" it.
        task: what is minimised and counted; by default what the data are for.
        loss: a loss of your own in its place, "module:function" that takes (outputs, targets) and returns their mean.
        label_smoothing: share of each target that is spread over all classes, in [0, 1) (Szegedy et al., 2016).
        clip: the largest L2 norm of a step's gradient; larger ones are scaled down to it.
        augment: how training images change every epoch, each network by draws of its own: "flip", "crop-4".
        precision: "fp32", "tf32" (products on a GPU), "bf16" (autocast: weights stay float32).
        sparsify: how the mask changes inside training: `gradual(…)`, `set_(…)`, `rigl(…)`.
        data: train on this instead of the network's own data set (pre-training on another task).
        evaluate: how often the validation split is looked at; None stands for a fiftieth of the total.
        asserts: checks of one's own beside the built-in ones, as "module:function".
    """

    optimizer: Optimizer
    total: Steps | str
    batch: int
    schedule: Schedule = field(default_factory=Schedule)
    last_batch: str = "drop"
    task: str | None = None
    data: Data | str | None = None
    evaluate: Steps | str | None = None
    asserts: tuple[str, ...] = ()
    loss: str | None = None
    label_smoothing: float = 0.0
    clip: float | None = None
    augment: tuple[str, ...] = ()
    precision: str = "fp32"
    sparsify: Sparsify | None = None

    def __post_init__(self) -> None:
        gather(
            self._check_kinds,
            self._read_total,
            self._check_batch,
            self._read_evaluate,
            self._read_asserts,
            self._read_data,
            self._check_learning,
            self._read_augment,
            lambda: None if self.task is None else _known("task", self.task, TASKS),
            lambda: _known("precision", self.precision, PRECISIONS),
            lambda: _known("rule for the last batch", self.last_batch, LAST_BATCH),
        )

    def _check_kinds(self) -> None:
        if not isinstance(self.optimizer, Optimizer):
            raise RequestError(f"a recipe's optimizer is {self.optimizer!r}; write sgd(0.1) or adam(0.001).")
        if not isinstance(self.schedule, Schedule):
            raise RequestError(f"a recipe's schedule is {self.schedule!r}; write constant() or cosine().")

    def _read_total(self) -> None:
        steps = Steps.parse(self.total, "a recipe's total")
        if steps.unit == "%" or steps.amount <= 0:
            raise RequestError(f"a recipe's total is '{steps}'; expected more than nothing, in 'it' or 'ep'.")
        object.__setattr__(self, "total", steps)

    def _check_batch(self) -> None:
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise RequestError(f"a recipe's batch is {self.batch!r}; expected a whole number of examples, 1 or more.")

    def _read_evaluate(self) -> None:
        if self.evaluate is not None:
            steps = Steps.parse(self.evaluate, "evaluate")
            if steps.amount <= 0:
                raise RequestError(f"evaluate is '{steps}'; expected a step above zero, such as '100it'.")
            object.__setattr__(self, "evaluate", steps)

    def _check_learning(self) -> None:
        if self.loss is not None and not is_own_code(self.loss):
            raise RequestError(
                f"a recipe's loss is {self.loss!r}; expected 'module:function'; left out, the task has one."
            )
        smoothing, clip = self.label_smoothing, self.clip
        if isinstance(smoothing, bool) or not isinstance(smoothing, (int, float)) or not 0 <= smoothing < 1:
            raise RequestError(f"label_smoothing is {smoothing!r}; expected a number in [0, 1), such as 0.1.")
        if smoothing and self.loss is not None:
            raise RequestError(
                f"label_smoothing is the task's own; {self.loss!r} is another loss. Leave one of them out."
            )
        wrong = isinstance(clip, bool) or not isinstance(clip, (int, float)) or not 0 < clip < math.inf
        if clip is not None and wrong:
            raise RequestError(f"clip is {clip!r}; expected a norm above zero, such as 1.0.")
        if self.sparsify is not None and not isinstance(self.sparsify, Sparsify):
            raise RequestError(f"sparsify is {self.sparsify!r}; write gradual(density=0.1) or rigl(density=0.1).")

    def _read_augment(self) -> None:
        given = (self.augment,) if isinstance(self.augment, str) else self.augment
        if not isinstance(given, (tuple, list)):
            raise RequestError(f"augment is {given!r}; expected words, such as ('flip', 'crop-4').")
        for word in given:
            if not isinstance(word, str) or not AUGMENT.fullmatch(word):
                known = ("flip", "crop-4", "cutout-8")
                raise unknown("augmentation", word, known, "The numbers are pixels, and may be others.")
        object.__setattr__(self, "augment", tuple(given))

    def _read_asserts(self) -> None:
        if not isinstance(self.asserts, (tuple, list)) or not all(is_own_code(name) for name in self.asserts):
            raise RequestError(f"a recipe's asserts are {self.asserts!r}; expected a tuple of 'module:function'.")
        object.__setattr__(self, "asserts", tuple(self.asserts))

    def _read_data(self) -> None:
        if self.data is not None:
            object.__setattr__(self, "data", Data.parse(self.data))

    def but(self, **changes: Any) -> Recipe:
        """The same recipe with some fields changed; `lr` reaches into the optimiser.

        Example:
            >>> Recipe(optimizer=sgd(0.1), total="2ep", batch=128).but(lr=0.01).optimizer.lr
            0.01
        """
        if "lr" in changes:
            changes["optimizer"] = replace(changes.get("optimizer", self.optimizer), lr=changes.pop("lr"))
        names = [item.name for item in fields(self)]
        for name in changes:
            if name not in names:
                raise unknown("field of a recipe", name, [*names, "lr"])
        return replace(self, **changes)


def default_recipe(data: str) -> Recipe:
    """The recipe that a network has when none is given: small enough for a laptop, good enough to be asked about.

    Digits and MNIST follow the ticket paper's optimiser and batch (Frankle & Carbin, 2019); XOR takes all four points
    as its batch.
    """
    if data == "xor":
        return Recipe(optimizer=adam(0.02), total="1000it", batch=4)
    if data == "digits":
        return Recipe(optimizer=adam(1.2e-3), total="400it", batch=60)
    if data.startswith(("modular-addition", "grammar")):
        return Recipe(optimizer=adamw(2e-3, weight_decay=0.1), total="1000it", batch=64)
    return Recipe(optimizer=adam(1.2e-3), total="10ep", batch=60)


def ticket_paper_mnist() -> Recipe:
    """LeNet-300-100 on MNIST as in Frankle & Carbin (2019): Adam, batch 60, 50,000 iterations, a look every 100."""
    return Recipe(optimizer=adam(1.2e-3), total="50000it", batch=60, evaluate="100it")


def _known(kind: str, name: str, table: Any) -> None:
    if name not in table:
        raise unknown(kind, name, table)
