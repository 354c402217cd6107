"""The Plan: the unique work that measures need, less what the lab has.

Trajectories are the pieces. One is trained once, through all the stops that anybody wants, by whoever wants it.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol

from whether.errors import RequestError, gather
from whether.history.facts import Fact, MeasureFact, Point, Trajectory
from whether.history.resolve import Resolver
from whether.plan.lineage import Lineage, demand
from whether.plan.width import networks_at_once
from whether.question import Arm, Question
from whether.seeds import Seed


class Stock(Protocol):
    """What a lab has, told from directory listings."""

    @property
    def measures(self) -> Collection[str]:
        """Digests of the measures that stand."""

    @property
    def points(self) -> Collection[str]:
        """Digests of the trained points that stand."""

    @property
    def resumable(self) -> Collection[str]:
        """Digests of those that training can go on from: their optimiser state stands too."""


@dataclass(frozen=True)
class Nothing:
    """An empty lab."""

    measures: Collection[str] = ()
    points: Collection[str] = ()
    resumable: Collection[str] = ()


@dataclass(frozen=True, eq=False)
class Asked:
    """A question with its arms resolved: for each replicate, each arm and the fact that it asks for.

    Attributes:
        own_code: the names of code of one's own in its sentences.
        upto: of how many replicates each arm is asked, where not of all: the looks of a question decide.
        grade, study: of a registered question, its grade and what is told of its registration.
    """

    question: Question
    seed: Seed
    seeds: Sequence[Seed]
    arms: Sequence[Sequence[tuple[Arm, MeasureFact]]]
    split: str
    own_code: frozenset[str] = frozenset()
    upto: Mapping[str, int] = field(default_factory=dict)
    grade: str = "exploratory"
    study: Mapping[str, Any] = field(default_factory=dict)

    def column(self, place: int) -> list[tuple[Arm, MeasureFact]]:
        """The arm at a place in every replicate that is asked of it."""
        name = self.arms[0][place][0].name
        return [row[place] for row in self.arms[: self.upto.get(name)]]

    @property
    def columns(self) -> list[list[tuple[Arm, MeasureFact]]]:
        """Every arm's column."""
        return [self.column(place) for place in range(len(self.arms[0]))]

    @property
    def wanted(self) -> list[MeasureFact]:
        """The measures that are asked, replicate by replicate."""
        rows = enumerate(self.arms)
        return [fact for index, row in rows for arm, fact in row if index < self.upto.get(arm.name, len(self.arms))]


@dataclass(frozen=True, eq=False)
class Piece:
    """A trajectory to train: from its beginning, through stops; points in the order of steps."""

    trajectory: Trajectory
    points: tuple[Point, ...]
    keep_optimizer: frozenset[int]
    waits_for: tuple[Point, ...]

    @cached_property
    def steps(self) -> int:
        """Iterations to train."""
        return self.points[-1].at - self.trajectory.begin.step


@dataclass(frozen=True)
class Course:
    """One trajectory of a plan, for people."""

    digest: str
    label: str
    model: str
    data: str
    begin: int
    end: int
    stops: tuple[int, ...]
    steps: int
    stored: bool
    wanted_by: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What would run and why.

    Attributes:
        steps_alone: iterations if every arm of every replicate were trained on its own, sharing nothing with another.
        steps_unique: iterations when each trajectory is trained once.
        steps_stored: of these, what the lab has already.
        steps_to_train: what is left to do.
        width: how many networks are trained at once, at most.
        pieces: what is left to train, each piece after those that it waits for.
        missing: the measures that are left to take.
        needs: by the place of a question in `asked`, the digests of the measures that it needs.
    """

    questions: list[str]
    replicates: int
    arms: int
    measures: int
    measures_stored: int
    steps_alone: int
    steps_unique: int
    steps_stored: int
    steps_to_train: int
    width: int
    trajectories: list[Course] = field(repr=False)
    asked: Sequence[Asked] = field(repr=False)
    pieces: Sequence[Piece] = field(repr=False)
    missing: Sequence[MeasureFact] = field(repr=False)
    needs: Mapping[int, frozenset[str]] = field(repr=False)

    @property
    def sharing(self) -> float:
        """How many times the work would be if arms shared nothing."""
        return self.steps_alone / self.steps_unique if self.steps_unique else 1.0

    def plain(self) -> dict[str, Any]:
        """For `--json`: numbers and trajectories."""
        hidden = ("asked", "pieces", "missing", "needs", "trajectories")
        told = {name: value for name, value in self.__dict__.items() if name not in hidden}
        return told | {"sharing": self.sharing, "trajectories": [asdict(course) for course in self.trajectories]}

    def _repr_html_(self) -> str:
        from whether.report.notebook import plan_html

        return plan_html(self)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let Python's collector of cycles wait: facts make none, and it would look through all of them again and again.

    Measured at 100,000 pieces: it takes half of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def ask(question: Question, *, seed: Seed, open_test: bool) -> Asked:
    """Resolve the arms of every replicate.

    Raises:
        RequestError: with all that is wrong in a replicate's sentences; when replicates have other arms.
    """
    split = "test" if open_test else "validation"
    resolver = Resolver(split=split)
    arms, seeds = [], []
    for index in range(question.replicates):
        row = question.replicate(index, seed)
        found: list[MeasureFact] = []

        def resolve(arm: Arm, found: list[MeasureFact] = found) -> None:
            found.append(resolver.measure(arm.measure))

        gather(*(partial(resolve, arm) for arm in row))  # tells what is wrong with all arms at once
        arms.append(list(zip(row, found, strict=True)))
        seeds.append(seed.seed("replicate", index))
        first, here = ([arm.name for arm, _ in found] for found in (arms[0], arms[-1]))
        if here != first:
            raise RequestError(
                f"replicate {index} has the arms {', '.join(here)}, replicate 0 has {', '.join(first)}; expected the "
                "same arms in the same order: only seeds may depend on the replicate."
            )
    return Asked(question, seed, seeds, arms, split, resolver.own_code)


def make_plan(asked: Sequence[Asked], stock: Stock | None = None) -> Plan:
    """Plan the work of questions together.

    Args:
        asked: resolved questions.
        stock: what the lab has; by default nothing.
    """
    have = stock or Nothing()
    wanted = [fact for item in asked for fact in item.wanted]
    return _assemble(asked, wanted, have)


def plan_measures(wanted: Sequence[MeasureFact], stock: Stock | None = None) -> Plan:
    """Plan the work of single measures."""
    return _assemble((), wanted, stock or Nothing())


def plan_states(states: Sequence[Fact], stock: Stock | None = None) -> list[Piece]:
    """The pieces that have to be trained before these states can be made."""
    return _pieces(states, stock or Nothing(), Lineage())


@_uncollected()
def _assemble(asked: Sequence[Asked], wanted: Sequence[MeasureFact], have: Stock) -> Plan:
    lineage = Lineage()
    unique = {fact.digest: fact for fact in wanted}
    missing = [fact for digest, fact in unique.items() if digest not in have.measures]
    standing = len(unique) - len(missing)
    missing = sorted([*_parts(missing, unique, have.measures), *missing], key=_height)  # so that none is taken twice
    pieces = _pieces(missing, have, lineage)
    to_train = {piece.trajectory.digest: piece.steps for piece in pieces}
    needed_by, alone = demand(wanted, lineage)
    courses = [
        _course(trajectory, stops, stored=digest not in to_train, wanted_by=needed_by[digest])
        for digest, (trajectory, stops) in lineage.stops(unique.values()).items()
    ]
    steps_unique = sum(course.steps for course in courses)
    steps_to_train = sum(to_train.values())
    models = {piece.trajectory.begin.model.digest: piece.trajectory.begin.model for piece in pieces}
    return Plan(
        questions=[item.question.name for item in asked],
        replicates=sum(item.question.replicates for item in asked),
        arms=sum(len(item.arms[0]) for item in asked),
        measures=len(unique),
        measures_stored=standing,
        steps_alone=alone,
        steps_unique=steps_unique,
        steps_stored=max(0, steps_unique - steps_to_train),
        steps_to_train=steps_to_train,
        width=max(map(networks_at_once, models.values()), default=1),
        trajectories=sorted(courses, key=lambda course: (-course.wanted_by, course.begin, course.digest)),
        asked=asked,
        pieces=pieces,
        missing=missing,
        needs={place: frozenset(fact.digest for fact in item.wanted) for place, item in enumerate(asked)},
    )


def _parts(
    missing: Iterable[MeasureFact], unique: Mapping[str, MeasureFact], stands: Collection[str]
) -> list[MeasureFact]:
    """The measures that missing derived ones are computed of and nobody asked for: they are taken and recorded, too."""
    found: dict[str, MeasureFact] = {}
    waiting = [part for fact in missing for part in fact.parts]
    while waiting:
        part = waiting.pop()
        if part.digest in found or part.digest in unique or part.digest in stands:
            continue
        found[part.digest] = part
        waiting.extend(part.parts)
    return list(found.values())


def _height(fact: MeasureFact) -> int:
    """How deep a measure is computed of others; 0 for one that is taken of a network."""
    return 1 + max(map(_height, fact.parts), default=-1)


def _course(trajectory: Trajectory, stops: Collection[int], *, stored: bool, wanted_by: int) -> Course:
    begin, end, model = trajectory.begin.step, max(stops), trajectory.begin.model.name
    return Course(
        digest=trajectory.digest,
        label=f"{model} from step {begin}",
        model=model,
        data=trajectory.training.data_name.name,
        begin=begin,
        end=end,
        stops=tuple(sorted(stops)),
        steps=end - begin,
        stored=stored,
        wanted_by=wanted_by,
    )


def _pieces(wanted: Sequence[Fact], have: Stock, lineage: Lineage) -> list[Piece]:
    there = _Remembered(have.points)
    lacking = _lacking(wanted, there, have.resumable, lineage)

    def stands(point: Point) -> bool:
        return there[point.digest] and point.digest not in lacking

    needed = lineage.stops(wanted, stands)
    resumed = {point.digest for trajectory, _ in needed.values() if (point := trajectory.resumes) is not None}
    pieces = []
    for trajectory, stops in needed.values():
        last = max(stops)
        kept = {step for step, point in stops.items() if point.digest in resumed}
        if last < trajectory.training.total:
            kept.add(last)  # somebody may go on from here another day
        points = tuple(stops[step] for step in sorted(stops))
        waits = tuple(point for point in lineage.behind(trajectory) if not stands(point))
        pieces.append(Piece(trajectory, points, frozenset(kept), waits))
    return pieces


def _lacking(
    wanted: Iterable[Fact], there: Mapping[str, bool], resumable: Collection[str], lineage: Lineage
) -> set[str]:
    """Points that stand without the optimiser state that something to be trained goes on with."""
    lacking: set[str] = set()
    seen: set[str] = set()
    waiting = [point for fact in wanted for point in lineage.nearest(fact)]
    while waiting:
        point = waiting.pop()
        trajectory = point.trajectory
        if trajectory.digest in seen or (there[point.digest] and point.digest not in lacking):
            continue
        seen.add(trajectory.digest)
        resumed = trajectory.resumes
        if resumed is not None and there[resumed.digest] and resumed.digest not in resumable:
            lacking.add(resumed.digest)
        waiting.extend(lineage.behind(trajectory))
    return lacking


class _Remembered(dict[str, bool]):
    """What a collection has, asked of it once for each name: a lab may have to open a file to tell."""

    def __init__(self, collection: Collection[str]) -> None:
        super().__init__()
        self._collection = collection

    def __missing__(self, name: str) -> bool:
        found = self[name] = name in self._collection
        return found
