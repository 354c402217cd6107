"""The Dealer: what a free slot is given next. Packs by urgency, claims, the budget, and what others do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whether.digest import digest as name_of
from whether.execute.contract import Failure, Job, Slot
from whether.execute.progress import Listener, Note
from whether.execute.tally import Tally
from whether.history.facts import MeasureFact
from whether.plan.board import Board, Task
from whether.plan.path import chain_lengths
from whether.plan.plan import Piece
from whether.plan.width import networks_at_once
from whether.words import is_own_code

MEASURES_AT_ONCE = 64
LAST = 1_000_000  # the rank of what is done ahead of its time


class Shelf(Protocol):
    """What a driver needs to know of the lab, and what it leaves there itself."""

    def stands(self, piece: Piece) -> bool:
        """Whether everything that is wanted of a piece stands."""

    def fail(self, piece: Piece, failure: Failure, tries: int) -> None:
        """Record that a piece was given up."""

    def fail_measure(self, fact: MeasureFact, failure: Failure) -> None:
        """Record that a measure was given up, or cannot be taken since its network was."""

    def pace(self, pack: Sequence[Piece], seconds: float, steps: int, slot: Slot) -> None:
        """Take down how fast a pack trained."""


class Claimant(Protocol):
    """A driver's name at pieces, so that other commands in the lab do others meanwhile."""

    def claim(self, digest: str) -> bool:
        """Whether the piece is ours to do."""

    def release(self, digest: str) -> None:
        """It is nobody's any more."""

    def beat(self, status: Mapping[str, object] | None = None) -> None:
        """Be alive, and tell what goes on."""


@dataclass(eq=False)
class Going:
    """A job in a slot: what of it is not done yet."""

    job: Job
    tasks: dict[str, Task]
    measures: dict[str, MeasureFact]
    owed: dict[str, str]  # measure to the piece that it goes with
    cost: float
    clock: str = ""  # the claim at the machine's quiet, of a job that takes a time
    advanced: int = 0
    ended_steps: int = 0


@dataclass(frozen=True)
class Wish:
    """How a driver shall work.

    Attributes:
        ranks: by trajectory, which pieces go first whatever hangs on them.
        seconds: what a piece takes, for the critical path and the budget; by default its steps.
        width: the widest pack for a piece.
        budget: device-seconds that may be spent; what would go beyond is not begun.
        mixed: let slots of different profiles work together.
        worked: whether a network of a kind (`doubts`) ended well on another day: what always fails is then recorded,
            even when nothing of its kind works today.
        measured: is told the digests of measures as they come to stand.
        about: what else people who watch are to know, in plain values.
    """

    ranks: Mapping[str, int] = field(default_factory=dict)
    seconds: Callable[[Piece], float] = lambda piece: float(piece.steps)
    width: Callable[[Piece], int] = lambda piece: networks_at_once(piece.trajectory.begin.model)
    budget: float | None = None
    mixed: bool = False
    worked: Callable[[str], bool] = lambda _kind: False
    measured: Callable[[Collection[str]], None] = lambda _digests: None
    about: Mapping[str, object] = field(default_factory=dict)


class Dealer:
    """Deals the work of a plan out.

    Args:
        pieces: to train.
        measures: to take.
        wish: how to work.
        shelf: the lab.
        claimant: this command's name at pieces; None where nobody else can be at work.
        alone: whether code of one's own must be alone in its executor.
        tell: hears of what is worth a line.
        tally: counts what others did.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        measures: Sequence[MeasureFact],
        *,
        wish: Wish,
        shelf: Shelf,
        claimant: Claimant | None,
        alone: bool,
        tell: Listener,
        tally: Tally,
    ) -> None:
        self.wish, self.shelf, self.claimant, self.alone = wish, shelf, claimant, alone
        self.tell, self.tally = tell, tally
        heights = chain_lengths(pieces, wish.seconds)
        self.board = Board(pieces, measures, heights=heights, width=wish.width, ranks=wish.ranks)
        self.elsewhere: dict[str, Task] = {}
        self.doubted: dict[str, int] = {}  # measures that did not come back, and how often alone
        self.spent = self.promised = 0.0
        self.exhausted = False
        self._jobs = 0
        self._told_of_others = False

    def add(self, pieces: Sequence[Piece], measures: Sequence[MeasureFact], *, last: bool = False) -> bool:
        """More work, while the rest goes on; false when it clashes with what goes on, and then nothing was added.

        Args:
            pieces, measures: of a further plan.
            last: they are done only while nothing else is ready.
        """
        heights = chain_lengths(pieces, self.wish.seconds)
        ranks = dict.fromkeys((piece.trajectory.digest for piece in pieces), LAST if last else 0)
        return self.board.add(pieces, measures, heights=heights, ranks=ranks)

    def next(self, free: int, running: Collection[Going]) -> Going | None:
        """A job for one of `free` slots; None when there is none for now.

        A measure of time is dealt when nothing else is left to do now, alone, and while it is taken nothing is dealt.

        Args:
            free: slots without a job.
            running: what the others do.
        """
        if any(going.clock for going in running):
            return None
        quiet = bool(self.board.timed) and all(task.urgency[0] >= LAST for task in self.board.tasks.values())
        found = self._measures(free) or (None if quiet else self._pack(free, running))
        found = found or self._measures(free)  # of what others did
        return found or (self._time() if not running and (quiet or self.exhausted) else None)

    def back(self, going: Going, seconds: float) -> None:
        """A job has left its slot, which it held for so long."""
        self.promised -= going.cost
        self.spent += seconds
        if going.clock:
            self.release(going.clock)

    def ended(self, task: Task, taken_care_of: Collection[str] = ()) -> None:
        """A piece has ended, here or elsewhere.

        Args:
            task: the piece.
            taken_care_of: measures that go with it and that somebody is about to take.
        """
        self.release(task.digest)
        self.tally.trained += 1
        for fact in self.board.ended(task.digest):
            if fact.digest not in taken_care_of:
                self.board.due([fact])

    def look(self) -> None:
        """See what others have done, and take over what nobody does any more."""
        for digest, task in list(self.elsewhere.items()):
            assert self.claimant is not None
            if self.shelf.stands(task.piece):
                del self.elsewhere[digest]
                self._done_elsewhere(task)
            elif self.claimant.claim(digest):
                del self.elsewhere[digest]
                self.board.put_back(task)

    def release(self, digest: str) -> None:
        """A piece is nobody's any more."""
        if self.claimant is not None:
            self.claimant.release(digest)

    def _measures(self, free: int) -> Going | None:
        share = -(-len(self.board.measures) // free)
        taken = self.board.take_measures(max(1, min(MEASURES_AT_ONCE, share)))
        if any(fact.digest in self.doubted for fact in taken):  # one of them may take its slot with it
            self.board.due(taken[1:], soon=True)
            taken = taken[:1]
        return self._going([], taken) if taken else None

    def _time(self) -> Going | None:
        """The next measure of time; none while another command of this lab takes one on the same machine."""
        if not self.board.timed:
            return None
        clock = name_of({"times of": self.board.timed[0].taken_on})
        if self.claimant is not None and not self.claimant.claim(clock):
            return None
        going = self._going([], [self.board.timed.pop(0)])
        going.clock = clock
        return going

    def _pack(self, free: int, running: Collection[Going]) -> Going | None:
        while (first := self.board.first()) is not None:
            if self.alone and _must_wait(first, running):
                return None
            if self._beyond_budget(first):
                return None
            pack = [task for task in self._within_budget(self.board.take(free)) if self._is_ours(task)]
            if pack:
                return self._going(pack, [fact for task in pack for fact in task.measures])
        return None

    def _beyond_budget(self, first: Task) -> bool:
        if self.wish.budget is None:
            return False
        self.exhausted = self.spent + self.promised + self.wish.seconds(first.piece) > self.wish.budget
        return self.exhausted

    def _within_budget(self, pack: Sequence[Task]) -> list[Task]:
        """Those of a pack that can be paid; the first can."""
        if self.wish.budget is None:
            return list(pack)
        room = self.wish.budget - self.spent - self.promised
        found: list[Task] = []
        for task in pack:
            room -= self.wish.seconds(task.piece)
            if room >= 0:
                found.append(task)
            else:
                self.board.put_back(task)
        return found

    def _is_ours(self, task: Task) -> bool:
        """Whether we do this piece now; not when another command is at it, or has done it since we planned."""
        if self.claimant is None:
            return True
        if not self.claimant.claim(task.digest):
            if not self._told_of_others:
                self._told_of_others = True
                self.tell(Note("another command is at work in this lab; its pieces are left to it"))
            self.elsewhere[task.digest] = task
            return False
        if self.shelf.stands(task.piece):
            self._done_elsewhere(task)
            return False
        return True

    def _done_elsewhere(self, task: Task) -> None:
        self.tally.done += task.piece.steps
        self.ended(task)

    def _going(self, pack: Sequence[Task], measures: Sequence[MeasureFact]) -> Going:
        self._jobs += 1
        job = Job(self._jobs, tuple(task.piece for task in pack), tuple(measures))
        cost = sum(self.wish.seconds(task.piece) for task in pack)
        self.promised += cost
        owed = {fact.digest: task.digest for task in pack for fact in task.measures}
        return Going(job, {task.digest: task for task in pack}, {f.digest: f for f in measures}, owed, cost)


def _must_wait(first: Task, running: Collection[Going]) -> bool:
    """Code of one's own may read the global generators, so it is alone in its process."""
    if _own(first.piece):
        return bool(running)
    return any(_own(piece) for going in running for piece in going.job.pieces)


def _own(piece: Piece) -> bool:
    return is_own_code(piece.trajectory.begin.model.name)
