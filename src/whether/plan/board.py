"""The Board: which pieces are ready, which packs they make, what waits for what. Pure bookkeeping, without a clock.

A piece is ready when every trained state that it begins from stands. Ready pieces that may be trained as one
computation (`pack_key`) stand in one queue, the most urgent first; `take` cuts a pack from the most urgent queue. Every
operation costs a few comparisons, whatever the number of pieces.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from whether.history.facts import MeasureFact
from whether.plan.demand import nearest_points
from whether.plan.plan import Piece
from whether.plan.width import pack_key, shares

Urgency = tuple[float, float, str]


@dataclass(eq=False)
class Task:
    """A piece on the board.

    Attributes:
        urgency: lower goes first: rank of its question, then the longer chain that hangs on it, then its name.
        missing: how many of the states that it begins from do not stand yet.
        measures: that need no other piece than this one.
        most: the widest pack that it may be in; halved when one failed.
        tries: how often a job with it failed.
    """

    piece: Piece
    urgency: Urgency
    group: tuple[object, ...]
    missing: int
    measures: list[MeasureFact] = field(default_factory=list)
    most: int = 2**30
    tries: int = 0

    @property
    def digest(self) -> str:
        """The trajectory's."""
        return self.piece.trajectory.digest


class Board:
    """What is left to do.

    Args:
        pieces: to train.
        measures: to take, each when all pieces that it needs have ended.
        heights: by trajectory, the length of the longest chain of pieces that begins with it.
        ranks: by trajectory, which goes first whatever hangs on it (0 before 1); by default all alike.
        width: the widest pack in which a piece may be trained.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        measures: Sequence[MeasureFact],
        *,
        heights: Mapping[str, float],
        width: Callable[[Piece], int],
        ranks: Mapping[str, int] | None = None,
    ) -> None:
        self._width = width
        self.tasks: dict[str, Task] = {}
        self._maker: dict[str, Task] = {}  # by point, the piece that makes it
        self._after: dict[str, list[Task]] = {}  # by point, the pieces that begin from it
        self._queues: dict[tuple[object, ...], list[tuple[Urgency, Task]]] = {}
        self._heads: list[tuple[Urgency, int, tuple[object, ...]]] = []  # of the queues; some are out of date
        self._pushed = 0
        self._caps: dict[tuple[object, ...], int] = {}
        self.ready = 0
        self.measures: list[MeasureFact] = []
        self.timed: list[MeasureFact] = []  # measures of time, which are taken while nothing else runs
        self._late: dict[str, list[tuple[MeasureFact, set[str]]]] = {}  # by piece, measures that need several pieces
        self._keys: dict[str, tuple[object, ...]] = {}  # of recipes
        self._attached: set[str] = set()
        self.add(pieces, measures, heights=heights, ranks=ranks or {})

    def add(
        self,
        pieces: Sequence[Piece],
        measures: Sequence[MeasureFact],
        *,
        heights: Mapping[str, float],
        ranks: Mapping[str, int],
    ) -> bool:
        """More work, while the rest goes on.

        Args:
            pieces, measures, heights, ranks: of what is added. A piece that is on the board already, with all the
                stops that are wanted, is passed over.

        Returns:
            Whether it was added: not where a piece on the board is wanted with further stops. Then nothing was.
        """
        fresh: list[Piece] = []
        for piece in pieces:
            there = self.tasks.get(piece.trajectory.digest)
            if there is None:
                fresh.append(piece)
            elif not _covers(there.piece, piece):
                return False
        tasks = [self._task(piece, heights, ranks) for piece in fresh]
        for task in tasks:
            needed = {point.digest for point in task.piece.waits_for if point.digest in self._maker}
            task.missing = len(needed)
            for name in needed:
                self._after.setdefault(name, []).append(task)
            if not needed:
                self._push(task)
        for fact in measures:
            if fact.digest not in self._attached:
                self._attached.add(fact.digest)
                self._attach(fact)
        return True

    def _task(self, piece: Piece, heights: Mapping[str, float], ranks: Mapping[str, int]) -> Task:
        training, digest = piece.trajectory.training, piece.trajectory.digest
        if training.digest not in self._keys:
            self._keys[training.digest] = pack_key(training)
        group = (piece.trajectory.begin.model.digest, piece.trajectory.begin.step, self._keys[training.digest])
        task = self.tasks[digest] = Task(piece, (float(ranks.get(digest, 0)), -heights[digest], digest), group, 0)
        for point in piece.points:
            self._maker[point.digest] = task
        return task

    def hasten(self, digests: Collection[str]) -> None:
        """Pieces that were to go last go as others do."""
        for digest in digests:
            task = self.tasks.get(digest)
            if task is not None and task.urgency[0]:
                task.urgency = (0.0, *task.urgency[1:])
        self._requeue()

    def withdraw(self, digests: Collection[str], measures: Collection[str] = ()) -> list[Task]:
        """Take pieces off the board that nobody has begun, with all that waits for them and their measures.

        Args:
            digests: of trajectories; those that are in somebody's hands stay.
            measures: digests of measures that nobody wants any more.
        """
        ready = {task.digest for queue in self._queues.values() for _, task in queue}
        gone: list[Task] = []
        dropped: set[str] = set()
        for digest in digests:
            if digest in self.tasks and (digest in ready or self.tasks[digest].missing):
                tasks, facts = self.give_up(digest)
                gone += tasks
                dropped |= {fact.digest for fact in facts}
        names = {task.digest for task in gone}
        for group, queue in self._queues.items():
            self._queues[group] = [item for item in queue if item[1].digest not in names]
        self._requeue()
        unwanted = set(measures)
        for due in (self.measures, self.timed):
            dropped |= {fact.digest for fact in due if fact.digest in unwanted}
            due[:] = [fact for fact in due if fact.digest not in unwanted]
        self._attached -= dropped  # they may be wanted again
        return gone

    def _requeue(self) -> None:
        """Put the queues in order again after urgencies changed or pieces went."""
        self._heads.clear()
        waiting = [task for queue in self._queues.values() for _, task in queue]
        self._queues.clear()
        self.ready = 0
        for task in waiting:
            self._push(task)

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def left(self) -> bool:
        """Whether anything is still to be done or going on."""
        return bool(self.tasks) or bool(self.measures) or bool(self.timed)

    @property
    def attached(self) -> int:
        """How many measures were put on the board, less those that were withdrawn."""
        return len(self._attached)

    @property
    def models(self) -> set[str]:
        """Digests of the architectures of which something is ready."""
        return {queue[0][1].piece.trajectory.begin.model.digest for queue in self._queues.values()}

    def first(self) -> Task | None:
        """The most urgent ready piece."""
        while self._heads:
            urgency, _, group = self._heads[0]
            queue = self._queues.get(group)
            if queue and queue[0][0] == urgency:
                return queue[0][1]
            heapq.heappop(self._heads)
        return None

    def take(self, free: int) -> list[Task]:
        """A pack for one of `free` slots: the most urgent piece with those that may train with it.

        Ready pieces of a kind are spread over the free slots: two halves in two slots, rather than one whole in one.
        """
        first = self.first()
        if first is None:
            return []
        queue = self._queues[first.group]
        width = max(1, min(self._width(first.piece), -(-len(queue) // max(1, free)), first.most))
        width = min(width, self._caps.get(first.group, width))
        pack: list[Task] = []
        aside: list[tuple[Urgency, Task]] = []
        for _ in range(shares(len(queue), width)[0]):
            entry = heapq.heappop(queue)
            if min(entry[1].most, first.most) > len(pack):  # those that failed in a wide pack go in a narrow one
                pack.append(entry[1])
            else:
                aside.append(entry)
        for entry in aside:
            heapq.heappush(queue, entry)
        self._head(first.group)
        self.ready -= len(pack)
        return pack

    def put_back(self, task: Task, *, after_others: bool = False) -> None:
        """A piece that was taken is to be trained after all.

        Args:
            task: the piece.
            after_others: when whatever is ready now had its turn: whether its kind works at all is seen from others.
        """
        if after_others:
            rank, height, name = task.urgency
            task.urgency = (rank + 1, height, name)
        self._push(task)

    def narrow(self, task: Task, most: int) -> None:
        """Packs of this piece's kind are no wider than this from now on: memory did not do."""
        self._caps[task.group] = min(most, self._caps.get(task.group, most))

    def stood(self, point: str) -> None:
        """A point stands: what waited for it may begin. Told twice, it is the same."""
        self._maker.pop(point, None)
        for after in self._after.pop(point, ()):
            after.missing -= 1
            if not after.missing:
                self._push(after)

    def ended(self, digest: str) -> list[MeasureFact]:
        """A piece has ended: what waited for it may begin.

        Returns:
            The measures that went with this piece, in case nobody takes them with its job.
        """
        task = self.tasks.pop(digest)
        for point in task.piece.points:
            self.stood(point.digest)
        for fact, others in self._late.pop(digest, ()):
            others.discard(digest)
            if not others:
                self.due([fact])
        return task.measures

    def behind(self, digest: str) -> list[Task]:
        """All pieces that cannot begin before more of this one stands, nearest first."""
        found: dict[str, Task] = {}
        waiting = deque([self.tasks[digest]])
        while waiting:
            for point in waiting.popleft().piece.points:
                for task in self._after.get(point.digest, ()):
                    if task.digest not in found:
                        found[task.digest] = task
                        waiting.append(task)
        return list(found.values())

    def give_up(self, digest: str) -> tuple[list[Task], list[MeasureFact]]:
        """A piece will never end: take it, all behind it and every measure that needs any of them off the board.

        A measure of an early stop that stands is left to take.
        """
        lost = [self.tasks[digest], *self.behind(digest)]
        names = {task.digest for task in lost}
        measures = {fact.digest: fact for task in lost for fact in task.measures}
        for name in names:
            measures |= {fact.digest: fact for fact, _ in self._late.pop(name, ())}
        for name, waiting in list(self._late.items()):
            self._late[name] = [item for item in waiting if item[0].digest not in measures]
        self.due([fact for fact in measures.values() if not self._waits(fact)])
        measures = {digest: fact for digest, fact in measures.items() if self._waits(fact)}
        for task in lost:
            del self.tasks[task.digest]
            for point in task.piece.points:
                self._after.pop(point.digest, None)
        for name, after in self._after.items():
            self._after[name] = [task for task in after if task.digest not in names]
        return lost, list(measures.values())

    def due(self, facts: Sequence[MeasureFact], *, soon: bool = False) -> None:
        """Measures of which everything stands are to be taken, after the others or before them (`soon`)."""
        for there, timed in ((self.measures, False), (self.timed, True)):
            place = 0 if soon else len(there)
            there[place:place] = [fact for fact in facts if bool(fact.taken_on) == timed]

    def take_measures(self, most: int) -> list[MeasureFact]:
        """Some measures of which everything stands."""
        taken, self.measures = self.measures[:most], self.measures[most:]
        return taken

    def _waits(self, fact: MeasureFact) -> bool:
        """Whether a point that a measure needs does not stand."""
        return any(point.digest in self._maker for point in nearest_points(fact))

    def _attach(self, fact: MeasureFact) -> None:
        needed = {self._maker[p.digest].digest for p in nearest_points(fact) if p.digest in self._maker}
        if not needed:
            self.due([fact])
        elif len(needed) == 1 and not fact.taken_on:  # a time is not taken right after training, beside others
            self.tasks[needed.pop()].measures.append(fact)
        else:
            for name in needed:
                self._late.setdefault(name, []).append((fact, needed))

    def _push(self, task: Task) -> None:
        heapq.heappush(self._queues.setdefault(task.group, []), (task.urgency, task))
        self.ready += 1
        self._head(task.group)

    def _head(self, group: tuple[object, ...]) -> None:
        queue = self._queues[group]
        if queue:
            self._pushed += 1
            heapq.heappush(self._heads, (queue[0][0], self._pushed, group))
        else:
            del self._queues[group]


def _covers(there: Piece, wanted: Piece) -> bool:
    """Whether a piece leaves behind all that another of the same trajectory is wanted for."""
    stops, more = ({point.at for point in piece.points} for piece in (there, wanted))
    return more <= stops and wanted.keep_optimizer <= there.keep_optimizer
