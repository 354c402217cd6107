"""Facts: what a sentence says once data sets are known, steps are integers and code is hashed.

A fact is immutable and has a digest, computed when it is made from those of its parents; equal digests are one node of
work. Facts are plain values: nothing here imports torch or touches a disk.

States are `Start`, `Redrawn`, `Wearing` and `Point`; a `Point` is named by its trajectory and its step, and a
`Trajectory` by the state it begins from, the resolved recipe and its streams. So two histories that train the same way
are on one trajectory, wherever they stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from whether.data.cards import Data
from whether.errors import RequestError
from whether.history.fact import Fact
from whether.history.resolved import Model, Training, usual_gap
from whether.seeds import Seed

__all__ = [
    "Clocked",
    "Fact",
    "FullMask",
    "GrownMask",
    "Holding",
    "InvertedMask",
    "Loaded",
    "MaskFact",
    "MeasureFact",
    "Model",
    "Perturbed",
    "Point",
    "PrunedMask",
    "Redrawn",
    "ShuffledMask",
    "Start",
    "State",
    "Training",
    "Trajectory",
    "Wearing",
    "has_moments",
    "reach",
    "usual_gap",
]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class State(Fact):
    """The weights of a network at one point of its history.

    What it says of itself is looked up behind it without recursion, since histories may be thousands of states deep.
    """

    @property
    def before(self) -> State | None:
        """The state whose weights these come of; None for fresh ones."""
        raise NotImplementedError(f"{type(self).__name__} comes of nothing")

    @property
    def step(self) -> int:
        """Iterations of training behind these weights, counted from the beginning of the history."""
        state: State | None = self
        while state is not None and not isinstance(state, Point | Clocked):
            state = state.before
        return state.at if state is not None else 0

    @property
    def model(self) -> Model:
        """The architecture that these weights fill."""
        state: State = self
        while (before := state.before) is not None:
            state = before
        assert isinstance(state, Start | Loaded)
        return state.architecture

    @property
    def mask(self) -> MaskFact | None:
        """The mask that these weights wear, None for every weight: training and drawing again keep it."""
        state: State | None = self
        while state is not None and not isinstance(state, Wearing):
            if isinstance(state, Point) and state.trajectory.training.sparsify is not None:
                return GrownMask(state=state)
            state = state.before
        return state.worn if state is not None else None

    @property
    def held(self) -> Holding | None:
        """What says which parameters are trained from here on, None for all of them."""
        state: State | None = self
        while state is not None and not isinstance(state, Holding):
            state = state.before
        return None if state is None or state.trains == "all" else state


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Start(State):
    """Fresh weights: step 0."""

    tag = "start"
    architecture: Model
    init: str
    seed: Seed

    @property
    def before(self) -> None:
        """Fresh weights come of nothing."""
        return None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Redrawn(State):
    """A state drawn again by its model's initialiser, its mask kept."""

    tag = "redrawn"
    origin: State
    init: str
    seed: Seed
    keep: str

    @property
    def before(self) -> State:
        """The network that was drawn again."""
        return self.origin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Wearing(State):
    """A state under a mask: zero where the mask says so. Training goes on from the step whose weights were taken."""

    tag = "wearing"
    neutral: ClassVar[Mapping[str, Any]] = {"keep_optimizer": False}
    origin: State
    worn: MaskFact
    keep_optimizer: bool

    @property
    def before(self) -> State:
        """The network whose weights were taken."""
        return self.origin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Loaded(State):
    """Weights from a file, named by its content: step 0."""

    tag = "loaded"
    aside = ("path",)
    architecture: Model
    content: str
    init: str
    path: str

    @property
    def before(self) -> None:
        """How they came to be is not known."""
        return None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Perturbed(State):
    """A state with its weights changed, its mask kept; `data` and `examples` say on what, for changes that look."""

    tag = "perturbed"
    neutral: ClassVar[Mapping[str, Any]] = {
        "code": "",
        "data": None,
        "data_name": None,
        "examples": None,
        "options": {},
        "other": None,
        "seed": None,
    }
    aside = ("data_name",)
    origin: State
    how: str
    seed: Seed | None
    other: State | None
    data: Mapping[str, Any] | None
    data_name: Data | None
    examples: int | None
    options: Mapping[str, Any]
    code: str = ""

    @property
    def before(self) -> State:
        """The network whose weights were changed."""
        return self.origin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Holding(State):
    """A state of which only some parameters are trained from here on."""

    tag = "holding"
    neutral: ClassVar[Mapping[str, Any]] = {"code": "", "seed": None}
    origin: State
    trains: str
    seed: Seed | None
    code: str = ""

    @property
    def before(self) -> State:
        """The network of whose parameters some are held."""
        return self.origin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Clocked(State):
    """A state at another step: schedule, order of the data and what is left to train are that step's."""

    tag = "clocked"
    origin: State
    at: int

    @property
    def before(self) -> State:
        """The network whose weights these are."""
        return self.origin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Trajectory(Fact):
    """One course of training: from a state, by a resolved recipe, in an order of the data."""

    tag = "trajectory"
    begin: State
    training: Training
    order: Seed

    @property
    def resumes(self) -> Point | None:
        """The point whose optimiser state this training goes on with, if any."""
        state: State = self.begin
        while isinstance(state, Wearing) and state.keep_optimizer:
            state = state.origin
        if isinstance(state, Point) and _same_moments(state.trajectory.training, self.training):
            return state
        return None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Point(State):
    """A trained state: (trajectory, step). Made by `reach`, which sees to it that a trajectory is never cut in two."""

    tag = "point"
    trajectory: Trajectory
    at: int

    @property
    def before(self) -> State:
        """The state that its training began from."""
        return self.trajectory.begin


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MaskFact(Fact):
    """Which weights exist."""

    tag = "mask"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FullMask(MaskFact):
    """Every prunable weight."""

    tag = "mask-full"
    model: Model


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PrunedMask(MaskFact):
    """What pruning leaves of a state."""

    tag = "mask-pruned"
    neutral: ClassVar[Mapping[str, Any]] = {
        "code": "",
        "data": None,
        "data_name": None,
        "examples": None,
        "layers": {},
        "options": {},
        "rounds": 1,
        "seed": None,
        "since": None,
        "structure": "weight",
    }
    aside = ("data_name",)
    state: State
    by: str
    fraction: Fraction
    scope: str
    structure: str
    layers: Mapping[str, Fraction]
    code: str = ""
    since: State | None = None
    seed: Seed | None = None
    data: Mapping[str, Any] | None = None
    data_name: Data | None = None
    examples: int | None = None
    rounds: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ShuffledMask(MaskFact):
    """A mask with its places permuted."""

    tag = "mask-shuffled"
    origin: MaskFact
    seed: Seed
    scope: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InvertedMask(MaskFact):
    """What a mask leaves out."""

    tag = "mask-inverted"
    origin: MaskFact


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GrownMask(MaskFact):
    """The mask that a training which changes masks has reached at a point."""

    tag = "mask-grown"
    state: Point


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MeasureFact(Fact):
    """A number asked of a state; `data` and `split` say on which examples, for measures that need any.

    `other` is the second state of those that compare two; `machine` is where a time was taken; `parts` are the measures
    that a derived one is computed of, the first of the same state.
    """

    tag = "measure"
    neutral: ClassVar[Mapping[str, Any]] = {
        "code": "",
        "data": None,
        "machine": "",
        "options": {},
        "other": None,
        "parts": (),
        "split": None,
    }
    aside = ("data_name",)
    name: str
    state: State
    split: str | None
    data: Mapping[str, Any] | None
    data_name: Data
    options: Mapping[str, Any]
    code: str = ""
    other: State | None = None
    machine: str = ""
    parts: tuple[MeasureFact, ...] = ()

    @property
    def taken_on(self) -> str:
        """The machine that it, or a measure that it is computed of, is a time of; empty where nothing is timed."""
        return self.machine or next((part.taken_on for part in self.parts if part.taken_on), "")


def reach(begin: State, training: Training, order: Seed, until: int) -> State:
    """The state at step `until` of training `begin` on: fused with the trajectory that `begin` lies on, if it is one.

    Raises:
        RequestError: when `until` lies before the state it starts from.
    """
    if until < begin.step:
        raise RequestError(
            f"train(until='{until}it') lies before the {begin.step} iterations that this network already has; "
            "take the earlier point of its history instead."
        )
    if until == begin.step:
        return begin
    if isinstance(begin, Point):
        on = begin.trajectory
        if on.training.digest == training.digest and on.order == order:
            return Point(trajectory=on, at=until)
    return Point(trajectory=Trajectory(begin=begin, training=training, order=order), at=until)


def has_moments(state: State) -> bool:
    """Whether training could go on from a state with the optimiser state that led to it."""
    return isinstance(state, Point) or (isinstance(state, Wearing) and state.keep_optimizer)


def _same_moments(before: Training, after: Training) -> bool:
    said = before.optimizer, after.optimizer
    kept = [(one["name"], one.get("code"), one.get("momentum") != 0.0) for one in said]
    return kept[0] == kept[1]
