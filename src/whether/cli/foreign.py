"""Where Python looks for modules: in the working directory, too, but for verbs that read what somebody else made.

Whoever verifies an unpacked bundle may stand in it, and a file `numpy.py` there would be imported in NumPy's place.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

OF_OTHERS = ("verify", "reproduce")
"""Verbs that read what others made. What `reproduce --trust` may run, it puts on the path itself."""


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
        yield
    finally:
        sys.path[:] = before
