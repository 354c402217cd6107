"""Verbs that read what somebody else made: what they import, and that they leave nothing behind.

Python looks for modules in the working directory, too. Whoever verifies an unpacked bundle may stand in it, and a file
`numpy.py` there would be imported in NumPy's place: so these verbs look elsewhere only. What they unpack is removed
when they are ended by a signal, too.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

OF_OTHERS = ("verify", "reproduce")
"""Verbs that read what others made. What `reproduce --trust` may run, it puts on the path itself."""
_ENDINGS = ("SIGTERM", "SIGHUP")


@contextlib.contextmanager
def importing(words: Sequence[str]) -> Iterator[None]:
    """While a command runs: with the working directory, where code of one's own is, or without it.

    Args:
        words: of the command line.
    """
    if not {*OF_OTHERS} & {*words}:
        if "" not in sys.path:
            sys.path.insert(0, "")  # installed scripts leave it out
        yield
        return
    before = list(sys.path)
    with contextlib.suppress(OSError):  # a working directory that is gone has no modules either
        here = Path.cwd().resolve()
        sys.path[:] = [place for place in before if Path(place or ".").resolve() != here]
    try:
        with _ended_by_exceptions():
            yield
    finally:
        sys.path[:] = before


@contextlib.contextmanager
def _ended_by_exceptions() -> Iterator[None]:
    """Signals that end a process raise SystemExit, so that what is open is closed and temporary folders go."""
    endings = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    ours = [ending for ending in endings if signal.getsignal(ending) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        ours = []  # only the main thread may
    for ending in ours:
        signal.signal(ending, _end)
    try:
        yield
    finally:
        for ending in ours:
            signal.signal(ending, signal.SIG_DFL)


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
