"""Progress of a run: a bar that stays in its place in a terminal, lines now and then everywhere else."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from whether.cli.page import duration
from whether.cli.planning import in_short
from whether.execute.progress import Event, Finished, Measuring, Note, Planned, Training
from whether.report.numbers import plural

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

FIRST = 2.0
"""Seconds of which nothing need be said."""

LINE_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""

WINDOW = 30.0
"""Seconds over which the pace is taken: packs of other shapes have other paces."""

Clock = Callable[[], float]
Say = Callable[[str], None]


class Pace:
    """How fast work goes, and so how long the rest takes."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, done: int) -> None:
        """Take down how much is done by now."""
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
            self._seen.popleft()

    def left(self, done: int, of: int) -> float | None:
        """Seconds that the rest takes at this pace; None while it is too early to tell."""
        if not self._seen:
            return None
        begun, before = self._seen[0]
        spent = self._clock() - begun
        if spent < 2 or done <= before:
            return None
        return spent * (of - done) / (done - before)


class Progress:
    """What is known of a run while it goes on; both ways of showing it are fed from here."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.begun = clock()
        self.stage: Training | Measuring | None = None
        self.planned = False
        self._clock = clock
        self._pace = Pace(clock)

    def take(self, event: Training | Measuring) -> None:
        """Take an event in."""
        if type(event) is not type(self.stage):
            self._pace = Pace(self._clock)
        self.stage = event
        self._pace.note(event.done)

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self.begun

    @property
    def share(self) -> float:
        """How much of the present stage is done, 0 to 1."""
        return self.stage.done / self.stage.of if self.stage and self.stage.of else 0.0

    @property
    def word(self) -> str:
        """What goes on, in a word."""
        return "measuring" if isinstance(self.stage, Measuring) else "training"

    @property
    def counted(self) -> str:
        """How many networks are trained, or measures taken."""
        match self.stage:
            case Training(trained=trained, to_train=to_train):
                return _counted(trained, to_train, "network")
            case Measuring(done=done, of=of):
                return _counted(done, of, "measure")
        return ""

    @property
    def now(self) -> str:
        """Which networks are at it."""
        match self.stage:
            case Training(networks=networks, label=label, slots=slots, busy=busy) if slots > 4:
                return f"{busy} of {slots} devices at work; lately {plural(networks, 'network')} at once: {label}"
            case Training(networks=networks, label=label):
                return f"{plural(networks, 'network')} at once: {label}"
        return ""

    @property
    def left(self) -> str:
        """How long the present stage still takes; nothing while it is too early to tell."""
        seconds = self._pace.left(self.stage.done, self.stage.of) if self.stage else None
        if not seconds:
            return ""
        return "a few seconds left" if seconds < 8 else f"{_rounded(seconds)} left"


STOOD = "the answer stands already: nothing was trained"


class Lines:
    """Progress as lines: at the start, now and then, at the end."""

    def __init__(self, say: Say, clock: Clock = time.monotonic, *, many: bool = False) -> None:
        self.progress = Progress(clock)
        self._say = say
        self._many = many
        self._last = self.progress.spent

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        match event:
            case Planned(plan=plan):
                self.progress.planned = True
                self._say(f"  {in_short(plan)}")
            case Finished(answer=answer) if self._many:
                self._say(f"  answered: {answer.name}: {answer.verdict}")
            case Finished() if not self.progress.planned:
                self._say(f"  {STOOD}")
            case Note(text=text):
                self._say(f"  note: {text}")
            case Training() | Measuring():
                self.progress.take(event)
                if self.progress.spent - self._last >= LINE_EVERY:
                    self._last = self.progress.spent
                    told = (f"{self.progress.share:.0%}", self.progress.counted, self.progress.left)
                    self._say(f"  {self.progress.word}: {', '.join(part for part in told if part)}")


class Bar:
    """Progress as a bar in a terminal; notes stand above it."""

    def __init__(self, console: Console, *, many: bool = False) -> None:
        self.progress = Progress()
        self._console = console
        self._many = many

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        match event:
            case Planned(plan=plan):
                self.progress.planned = True
                self._print(in_short(plan), "dim")
            case Finished(answer=answer) if self._many:
                self._print(f"answered: {answer.name}: {answer.verdict}", "bold")
            case Finished() if not self.progress.planned:
                self._print(STOOD, "dim")
            case Note(text=text):
                self._print(f"note: {text}", "yellow")
            case Training() | Measuring():
                self.progress.take(event)

    def _print(self, text: str, style: str) -> None:
        from rich.padding import Padding
        from rich.text import Text

        self._console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def __rich__(self) -> RenderableType:
        """Two lines: the bar with its figures, and what is at work."""
        from rich.text import Text

        progress = self.progress
        if progress.stage is None:
            return Text("")
        head = f"  {progress.word:<9}  "
        tail = f"  {progress.share:>4.0%}  {progress.counted}"
        left = f"   {progress.left}" if progress.left else ""
        room = self._console.width - len(head) - len(tail) - 24
        line = Text(head, no_wrap=True, overflow="crop") + _bar(progress.share, min(max(room, 8), 40)) + Text(tail)
        line.append(left, style="dim")
        below = Text(" " * len(head) + progress.now, style="dim", no_wrap=True, overflow="ellipsis")
        return Text("\n").join([line, below])


@contextmanager
def watching(say: Say, *, terminal: bool, many: bool = False) -> Iterator[Callable[[Any], None]]:
    """Somebody to tell of a run's progress; afterwards one line says how long it took.

    Args:
        say: prints a line.
        terminal: show the bar, on stdout.
        many: there are several questions: tell of each as it is answered.
    """
    shown: Bar | Lines
    if terminal:
        from rich.console import Console
        from rich.live import Live

        console = Console(highlight=False)
        shown = Bar(console, many=many)
        with Live(shown, console=console, transient=True, refresh_per_second=5):
            yield shown
    else:
        shown = Lines(say, many=many)
        yield shown
    if shown.progress.stage is not None:
        say(f"  done in {duration(shown.progress.spent)}")


@contextmanager
def counting(what: str, clock: Clock = time.monotonic, stream: Any = None) -> Iterator[Callable[[int, int], None]]:
    """Tell how many of how many are done, once it takes longer than two seconds: a line that stays, or lines.

    Args:
        what: is counted.
        clock: seconds.
        stream: stderr unless told otherwise.
    """
    stream = stream or sys.stderr
    shown, told = stream.isatty(), [clock() + FIRST]

    def progress(done: int, of: int) -> None:
        if clock() < told[0]:
            return
        told[0] = clock() + (0.1 if shown else LINE_EVERY)
        text = f"  {done:,} of {of:,} {what}"
        stream.write(f"\r\x1b[K{text}" if shown else f"{text}\n")
        stream.flush()

    try:
        yield progress
    finally:
        if shown:
            stream.write("\r\x1b[K")
            stream.flush()


def _bar(share: float, wide: int) -> Any:
    from rich.text import Text

    full = round(min(max(share, 0.0), 1.0) * wide)
    return Text("━" * full, style="green") + Text("━" * (wide - full), style="bright_black")


def _counted(done: int, of: int, thing: str) -> str:
    """So many of so many; as wide from the first to the last, so that nothing beside it moves."""
    return f"{done:>{len(f'{of:,}')},} of {plural(of, thing)}"


def _rounded(seconds: float) -> str:
    """A guess in as much detail as a guess deserves."""
    if seconds < 60:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 600:
        return duration(10 * round(seconds / 10))
    return duration(60 * round(seconds / 60))
