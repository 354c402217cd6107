"""The Driver: feeds slots until the work is done. What is next, who does it, what when it fails; the same for lanes,
processes, a cluster, and simulated devices.

    board    which pieces are ready, which packs they make        plan/board.py
    dealer   what a free slot is given next                       dealer.py
    shelf    what stands in the lab, what failed                  shelf.py
    doubts   what always fails: one network, or its kind          doubts.py
    executor slots                                                contract.py
    tally    how busy they are                                    tally.py
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence
from itertools import islice

from whether.errors import DamagedPieceError, WhetherError
from whether.execute import wording
from whether.execute.contract import (
    Advanced,
    Ended,
    Event,
    Executor,
    Failed,
    Failure,
    Gone,
    Joined,
    Reached,
    Slot,
    Stood,
    Told,
)
from whether.execute.dealer import Claimant, Dealer, Going, Shelf, Wish
from whether.execute.doubts import MOST_TRIES, Doubts, architecture_of, kinds_of
from whether.execute.progress import Listener, Measuring, Note, Training, nobody
from whether.execute.tally import Tally
from whether.history.facts import MeasureFact
from whether.plan.board import Task
from whether.plan.plan import Piece
from whether.settings import seconds_of

LOOK_EVERY = 1.0  # seconds between two looks at what others have done, and two lines of status
TOLD_EVERY = 0.1


class Driver:
    """Feeds one executor.

    Args:
        executor: gives slots; it is started and stopped here.
        shelf: the lab.
        tell: hears of progress.
        claimant: this command's name at pieces; None where nobody else can be at work.
    """

    def __init__(
        self, executor: Executor, shelf: Shelf, tell: Listener = nobody, claimant: Claimant | None = None
    ) -> None:
        self.executor, self.shelf, self.tell, self.claimant = executor, shelf, tell, claimant
        self.patience = hung_seconds()
        self.tally = Tally(executor.now())

    def carry_out(
        self, pieces: Sequence[Piece], measures: Sequence[MeasureFact] = (), wish: Wish | None = None
    ) -> Tally:
        """Train the pieces and take the measures.

        Returns:
            The account. With a budget some of the work may be left.

        Raises:
            RequestError, WorkError, DamageError: when nothing can be done about it; what was done stays.
        """
        self.wish = wish or Wish()
        now = self.executor.now()
        self.tally.begin(now, steps=sum(piece.steps for piece in pieces), pieces=len(pieces), measures=len(measures))
        self.dealer = Dealer(
            pieces,
            measures,
            wish=self.wish,
            shelf=self.shelf,
            claimant=self.claimant,
            alone=self.executor.shares_process,
            tell=self.tell,
            tally=self.tally,
        )
        self.board = self.dealer.board
        self.running: dict[str, Going] = {}
        self.free: dict[str, Slot] = {}
        self._doubts = Doubts(self.wish.worked)
        self._halt: WhetherError | None = None
        self._profile, self._idle = "", set[str]()
        self._looked, self._told = now - LOOK_EVERY, now - TOLD_EVERY
        if not self.board.left:
            return self.tally
        try:
            self.executor.start()
            self._loop()
            if measures:
                self.tell(Measuring(self.tally.measured, self.tally.to_measure))
        finally:
            self.executor.stop()
            self.tally.at(self.executor.now())
            for going in self.running.values():
                for digest in going.tasks:
                    self.dealer.release(digest)
        return self.tally

    def add(self, pieces: Sequence[Piece], measures: Sequence[MeasureFact], *, last: bool = False) -> bool:
        """More work while the rest goes on: called from `Wish.measured`.

        Args:
            pieces, measures: of a further plan.
            last: only while nothing else is ready.

        Returns:
            Whether it was added; false where a piece that goes on is wanted with further stops.
        """
        before, attached = len(self.board), self.board.attached
        if not self.dealer.add(pieces, measures, last=last):
            return False
        fresh = list(islice(reversed(self.board.tasks.values()), len(self.board) - before))
        steps = sum(task.piece.steps for task in fresh)
        self.tally.more(steps=steps, pieces=len(fresh), measures=self.board.attached - attached)
        return True

    def withdraw(self, pieces: Collection[str], measures: Collection[str]) -> None:
        """Nobody wants these any more; what was not begun is left undone."""
        attached = self.board.attached
        gone = self.board.withdraw(pieces, measures)
        steps = sum(task.piece.steps for task in gone)
        self.tally.more(steps=-steps, pieces=-len(gone), measures=self.board.attached - attached)

    def hasten(self, pieces: Collection[str]) -> None:
        """Pieces that were added to go last go as others do."""
        self.board.hasten(pieces)

    def _loop(self) -> None:
        while self.board.left or self.running:
            self._deal()
            if self._halt and not (self.running and isinstance(self._halt, DamagedPieceError)):
                raise self._halt  # where something stored is damaged, what goes on is let finish
            if self.dealer.exhausted and not (self.running or self.dealer.elsewhere or self.board.timed):
                break
            for event in self.executor.events(LOOK_EVERY / 5 if self.dealer.elsewhere else LOOK_EVERY):
                self._take(event)
            self._settle()
            self._look()

    def _deal(self) -> None:
        while self.free and not self._halt:
            going = self.dealer.next(len(self.free), self.running.values())
            if going is None:
                return
            slot = self._place(going)
            del self.free[slot]
            self.running[slot] = going
            self.tally.begins(slot, going.job, wording.label(going.job), self.executor.now())
            self.executor.give(slot, going.job)
            self._progress(slot, force=True)

    def _place(self, going: Going) -> str:
        """The free slot that a job goes to: one on this machine, where it takes a time of this machine."""
        here = (name for name, slot in self.free.items() if going.clock and slot.host == platform.node())
        return next(here, None) or next(iter(self.free))

    # What happened.

    def _take(self, event: Event) -> None:
        now = self.executor.now()
        if event.slot in self.tally.slots:
            self.tally.slots[event.slot].heard = now
        going = self.running.get(event.slot)
        match event:
            case Joined(what=slot):
                self._join(slot, now)
            case Told(text=text):
                self.tell(Note(text))
            case Gone(because=because):
                if going is not None:
                    self.tell(Note(f"{event.slot} is gone ({because}); what it did is given to another"))
                    self.tally.lost += 1
                    self._failed(event.slot, Failure("work", f"{event.slot} was lost: {because}"), lost=True)
                if event.slot in self.tally.slots:
                    self.tally.gone(event.slot, now)
                    del self.free[event.slot]
                    if self._idle and not self.tally.slots:
                        self.tell(
                            Note(
                                f"every slot of the first profile is gone, and {len(self._idle)} of another are idle: "
                                "the run waits until one comes back. --mixed lets the others work"
                            )
                        )
                self._idle.discard(event.slot)
            case Advanced() if going is not None:
                self.tally.at(now)
                self.tally.done += event.steps
                going.advanced += event.steps
                self._measured(going, event.measures)
                self._progress(event.slot)
            case Stood(point=digest):
                self.board.stood(digest)
            case Reached(trajectory=digest) if going is not None and digest in going.tasks:
                self._reached(going, digest)
            case Ended() if going is not None and event.job == going.job.number:
                if event.steps:
                    self.shelf.pace(going.job.pieces, event.training, event.steps, self.tally.slots[event.slot].slot)
                if going.tasks or going.measures:  # whatever was not told of stands, or is done again
                    self._failed(event.slot, Failure("work", f"{event.slot} left a part of its job undone"), lost=True)
                else:
                    self._leave(event.slot, now)
            case Failed(failure=failure) if going is not None and event.job == going.job.number:
                self._failed(event.slot, failure)

    def _join(self, slot: Slot, now: float) -> None:
        self._profile = self._profile or slot.profile
        if slot.profile != self._profile and not self.wish.mixed:
            if not self._idle:
                self.tell(
                    Note(
                        f"{slot.name} on {slot.host} computes under another profile than the first ones and is left "
                        "idle, as compared networks should share one; --mixed lets it work, and the answer says so"
                    )
                )
            self._idle.add(slot.name)
            return
        self.tally.joined(slot, now)
        self.free[slot.name] = slot

    def _reached(self, going: Going, digest: str) -> None:
        task = going.tasks.pop(digest)
        going.ended_steps += task.piece.steps
        self._doubts.works(task)
        self.dealer.ended(task, going.measures)

    def _measured(self, going: Going, digests: Sequence[str]) -> None:
        for digest in digests:
            if going.measures.pop(digest, None) is not None:
                self.tally.measured += 1
        if digests:
            self.wish.measured(digests)

    def _leave(self, name: str, now: float) -> Going:
        """A slot has no job any more."""
        going = self.running.pop(name)
        self.dealer.back(going, self.tally.ends(name, now))
        if name in self.tally.slots:
            self.free[name] = self.tally.slots[name].slot
        return going

    # What when it fails.

    def _failed(self, name: str, failure: Failure, *, lost: bool = False) -> None:
        going = self._leave(name, self.executor.now())
        self.tally.done -= going.advanced - going.ended_steps
        match failure.kind:
            case "request" | "damage" | "damaged":
                self._halt = self._halt or wording.damaged(failure)
            case "work" if not lost:
                self._halt = self._halt or failure.error()
        self.tally.retried += not self._halt
        width = len(going.tasks)
        for task in list(going.tasks.values()):
            if lost and self.shelf.stands(task.piece):
                self.tally.done += task.piece.steps
                self._reached(going, task.digest)
        if failure.item in going.measures:  # a measure that raises does so again: its author mends it
            self._halt = self._halt or failure.error()
        untaken = [fact for digest, fact in going.measures.items() if going.owed.get(digest) not in going.tasks]
        self.board.due(untaken, soon=True)  # so that one that always fails is known soon
        if not going.tasks:
            self._doubt_measures(going, failure, lost)
        for task in going.tasks.values():
            self.dealer.release(task.digest)
            guilty = failure.item in ("", task.digest)
            if guilty:
                self._count(task, failure, width, lost)
            if guilty and task.tries >= 2 * MOST_TRIES:
                self._doubts.put_aside(task, failure)
            else:
                again = guilty and (failure.kind == "raised" or task.tries > 1)
                self.board.put_back(task, after_others=again)

    def _count(self, task: Task, failure: Failure, width: int, lost: bool) -> None:
        """How much a failure speaks against a piece: nothing in a wide pack, which is halved; alone it does."""
        if width > 1 and failure.item != task.digest:
            if failure.kind == "memory":
                self.board.narrow(task, max(1, width // 2))
            elif not lost:
                task.most = max(1, width // 2)
            else:  # a lost slot may have been anybody's fault: whole once more, then in halves
                task.most = width if task.most > width else max(1, width // 2)
            return
        task.most = 1
        self._doubts.failed(task, failure, lost=lost)

    def _doubt_measures(self, going: Going, failure: Failure, lost: bool) -> None:
        """A measure that takes its slot with it is found by taking it alone, and ends the run: its author mends it."""
        alone = len(going.measures) == 1
        for digest, fact in going.measures.items():
            tries = self.dealer.doubted.get(digest, 0) + alone * (1 if lost else 2)
            self.dealer.doubted[digest] = tries
            if tries >= 2 * MOST_TRIES:
                self._halt = self._halt or wording.unmeasurable(fact, failure)

    def _settle(self) -> None:
        """Record what always fails while others of its kind work; end the run where a kind does not work at all."""
        if not self._doubts:
            return
        running = [(going, task) for going in self.running.values() for task in going.tasks.values()]
        busy = [task for going, task in running if going.advanced]
        found, hopeless = self._doubts.settled(
            set().union(*(kinds_of(task.piece.trajectory) for task in busy)),
            {architecture_of(task) for _, task in running}
            | self.board.models
            | {architecture_of(task) for task in self.dealer.elsewhere.values()},
        )
        for task, failure in found:
            self._give_up(task, failure)
        if hopeless is not None:
            self._halt = self._halt or wording.hopeless(*hopeless)

    def _give_up(self, task: Task, failure: Failure) -> None:
        """Record that a piece always fails, and with it all that begins from it."""
        lost, measures = self.board.give_up(task.digest)
        for item in lost:
            tries = MOST_TRIES if item is task else 0
            self.shelf.fail(item.piece, failure, tries)
            self.tally.failed += 1
            self.tally.done += item.piece.steps
        for fact in measures:
            self.shelf.fail_measure(fact, failure)
        self.wish.measured([fact.digest for fact in measures])
        self.tell(
            Note(
                f"the network {task.digest[:12]} failed {MOST_TRIES} times and is recorded as failed, with "
                f"{len(lost) - 1} that begin from it: {failure.message} `whether retry {task.digest[:12]}` tries again."
            )
        )

    # Looking around.

    def _look(self) -> None:
        now = self.executor.now()
        if now - self._looked < LOOK_EVERY:
            return
        deaf = max(0.0, now - self._looked - 2 * LOOK_EVERY)  # an answer was given meanwhile, or we stood still: what
        self._looked = now  # was told then is not heard yet, and nobody's silence
        self.tally.at(now)
        for name, going in list(self.tally.slots.items()):
            going.heard = min(now, going.heard + deaf)
            if going.job is not None and now - going.heard > self.patience:
                going.heard = now
                self.executor.drop(name, f"nothing was heard of it for {self.patience:.0f} s")
        self.dealer.look()
        if self.claimant is not None:
            others, ready = len(self.dealer.elsewhere), self.board.ready
            begun = sum(len(going.tasks) for going in self.running.values())
            waiting = max(0, len(self.board) - ready - begun - others)
            told = self.tally.status(ready=ready, waiting=waiting, elsewhere=others)
            self.claimant.beat({**self.wish.about, **told})

    def _progress(self, slot: str, *, force: bool = False) -> None:
        now = self.executor.now()
        going = self.running.get(slot)
        if going is None or (now - self._told < TOLD_EVERY and not force):
            return
        self._told, tally = now, self.tally
        if going.job.pieces:
            what = Training(
                len(going.job.pieces),
                tally.slots[slot].label,
                tally.done,
                tally.of,
                tally.trained,
                tally.to_train,
                busy=tally.busy,
                slots=len(tally.slots),
            )
            self.tell(what)
        elif not len(self.board):
            self.tell(Measuring(tally.measured, tally.to_measure))


def hung_seconds() -> float:
    """Seconds of silence after which a slot counts as hung: those of WHETHER_HUNG_SECONDS, else ten minutes.

    Raises:
        RequestError: when the variable says no such number.
    """
    return seconds_of("WHETHER_HUNG_SECONDS", 600.0)
