"""Facts: what a sentence says once data sets are known, steps are integers and code is hashed.

A fact is immutable and has a digest, computed when it is made from those of its parents; equal digests are one node of
work. Facts are plain values: nothing here imports torch or touches a disk.

States are `Start`, `Redrawn`, `Wearing` and `Point`; a `Point` is named by its trajectory and its step, and a
`Trajectory` by the state it begins from, the resolved recipe and its streams. So two histories that train the same way
are on one trajectory, wherever they stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar

from whether.data.cards import Data
from whether.digest import digest
from whether.errors import RequestError
from whether.seeds import Seed

_ATOMS = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact:
    """The base: a type tag with a version of its own, coerced fields, digests of parents.

    `version` is raised when the numbers of an operation change, and of that operation only. A field whose value is its
    declared neutral one is left out, so that fields added later change no digest.
    """

    tag: ClassVar[str]
    version: ClassVar[int] = 1
    neutral: ClassVar[Mapping[str, Any]] = {}
    aside: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_digest", digest(self.plain()))

    @property
    def digest(self) -> str:
        """64 hexadecimal digits."""
        value: str = self.__dict__["_digest"]
        return value

    def plain(self) -> dict[str, Any]:
        """What is hashed: this fact's own fields, parents by digest."""
        said: dict[str, Any] = {"type": self.tag, "version": self.version}
        for name in _said_fields(type(self)):
            value = getattr(self, name)
            if not self._is_neutral(name, value):
                said[name] = _coerce(value)
        return said

    def parents(self) -> Iterator[Fact]:
        """The facts that this one is said of."""
        return (value for value in self.__dict__.values() if isinstance(value, Fact))

    def _is_neutral(self, name: str, value: Any) -> bool:
        return name in self.neutral and value == self.neutral[name]

    def __repr__(self) -> str:
        return f"<{self.tag} {self.digest[:8]}>"


_SAID: dict[type, tuple[str, ...]] = {}


def _said_fields(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of a kind of fact that are hashed, looked up once."""
    found = _SAID.get(kind)
    if found is None:
        found = _SAID[kind] = tuple(item.name for item in fields(kind) if item.name not in kind.aside)
    return found


def _coerce(value: Any) -> Any:
    if type(value) in _ATOMS:  # most are
        return value
    match value:
        case Fact():
            return value.digest
        case Seed():
            return value.hex
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Mapping():
            return {str(key): _coerce(item) for key, item in value.items()}
        case list() | tuple():
            return [_coerce(item) for item in value]
        case _:
            return value


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Model(Fact):
    """An architecture for examples of one shape: name, shape, classes; the hash of its code when it is the user's."""

    tag = "model"
    neutral: ClassVar[Mapping[str, Any]] = {"code": "", "options": {}}
    name: str
    shape: tuple[int, ...]
    classes: int
    code: str = ""
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Training(Fact):
    """A resolved recipe: every length in iterations, the data by digest.

    `data` is the resolved split of the data set (`Data.resolve`), `total`, `evaluate` and what is in `schedule` are
    iterations, `per_epoch` is iterations an epoch.
    """

    tag = "training"
    neutral: ClassVar[Mapping[str, Any]] = {"asserts": (), "evaluate": None, "task": "classification"}
    aside = ("data_name",)
    optimizer: Mapping[str, Any]
    schedule: Mapping[str, Any]
    total: int
    batch: int
    last_batch: str
    per_epoch: int
    data: Mapping[str, Any]
    data_name: Data
    task: str
    evaluate: int | None
    asserts: tuple[str, ...]

    @property
    def grid(self) -> tuple[int, ...]:
        """The steps at which the validation split is looked at: both ends and every `evaluate` steps between."""
        every = self.evaluate or usual_gap(self.total)
        return (*range(0, self.total, every), self.total)


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
        while state is not None and not isinstance(state, Point):
            state = state.before
        return state.at if state is not None else 0

    @property
    def model(self) -> Model:
        """The architecture that these weights fill."""
        state: State = self
        while (before := state.before) is not None:
            state = before
        assert isinstance(state, Start)
        return state.architecture

    @property
    def mask(self) -> MaskFact | None:
        """The mask that these weights wear, None for every weight: training and drawing again keep it."""
        state: State | None = self
        while state is not None and not isinstance(state, Wearing):
            state = state.before
        return state.worn if state is not None else None


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
    neutral: ClassVar[Mapping[str, Any]] = {"code": "", "structure": "weight", "layers": {}}
    state: State
    by: str
    fraction: Fraction
    scope: str
    structure: str
    layers: Mapping[str, Fraction]
    code: str = ""


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
class MeasureFact(Fact):
    """A number asked of a state; `data` and `split` say on which examples, for measures that need any."""

    tag = "measure"
    neutral: ClassVar[Mapping[str, Any]] = {"code": "", "options": {}, "split": None, "data": None}
    aside = ("data_name",)
    name: str
    state: State
    split: str | None
    data: Mapping[str, Any] | None
    data_name: Data
    options: Mapping[str, Any]
    code: str = ""


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


def usual_gap(total: int) -> int:
    """Iterations between two looks at the validation split, when a recipe does not say: a fiftieth of the total."""
    return max(1, round(total / 50))


def has_moments(state: State) -> bool:
    """Whether training could go on from a state with the optimiser state that led to it."""
    return isinstance(state, Point) or (isinstance(state, Wearing) and state.keep_optimizer)


def _same_moments(before: Training, after: Training) -> bool:
    kept = [(said["name"], said.get("momentum") != 0.0) for said in (before.optimizer, after.optimizer)]
    return kept[0] == kept[1]
