"""What can go wrong, and what the command line makes of it.

    WhetherError
    ├── RequestError   exit 2   what was asked cannot be done as it was asked
    ├── WorkError      exit 1   the work failed: a disk filled, data could not be fetched
    │   └── RaisedError         training code, or a score, a measure, an assert of one's own, raised
    └── DamageError    exit 3   something in the lab is not what it was when it was written

An error teaches: what was got, what was expected, the nearest valid name, what to do. Mistakes that can be found
together are told together (`RequestError.join`).
"""

from __future__ import annotations

import difflib
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

CODE_RAISES: tuple[type[BaseException], ...] = (Exception, SystemExit)
"""What is caught of code of somebody's own: a `sys.exit` in it has no business to end a lane or a worker."""


class WhetherError(Exception):
    """The root of every error that Whether raises on purpose."""

    exit_code: ClassVar[int] = 1


class RequestError(WhetherError):
    """The request was wrong; nothing was done. The message says what would be right."""

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: str) -> None:
        self.problems: tuple[str, ...] = problems
        super().__init__("\n".join(problems))

    @staticmethod
    def join(errors: Iterable[RequestError]) -> RequestError:
        """One error that tells the problems of all, in order, each once."""
        return RequestError(*dict.fromkeys(problem for error in errors for problem in error.problems))


class WorkError(WhetherError):
    """The request was right, but the work could not be finished. What was done before stays done."""


class RaisedError(WorkError):
    """Code that may be somebody's own raised while it worked."""


class DamageError(WhetherError):
    """Bytes in the lab differ from what their record says. Names the place; what is damaged is never used."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, place: str = "") -> None:
        self.place = place
        super().__init__(message)


class DamagedPieceError(DamageError):
    """A stored state or record is damaged: which one, so that it can be set aside and made again."""

    def __init__(self, digest: str, error: DamageError) -> None:
        self.digest = digest
        super().__init__(str(error), place=error.place)


def unknown(kind: str, got: object, known: Iterable[str], hint: str = "") -> RequestError:
    """The error for a name that nobody knows: the nearest ones, all of them when few, and what to do.

    Example:
        >>> print(unknown("question", "lotery-ticket", ["lottery-ticket", "xor"]))
        unknown question 'lotery-ticket'; did you mean 'lottery-ticket'? Known: lottery-ticket, xor.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(got), names, n=2, cutoff=0.5)
    guess = f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else "."
    listed = f" Known: {', '.join(names)}." if 0 < len(names) <= 24 else ""
    return RequestError(f"unknown {kind} {str(got)!r}{guess}{listed}{' ' + hint if hint else ''}")


def located(error: BaseException, file: Path, shown: Path | str) -> RequestError:
    """What a file of somebody's own raised, with its line there: one sentence instead of a traceback.

    Args:
        error: as it was caught.
        file: the file, as frames of a traceback name it.
        shown: how its user calls it.
    """
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    where = f"{shown}, line {lines[-1]}" if lines else str(shown)
    if isinstance(error, RequestError):
        return RequestError(*(f"{where}: {problem}" for problem in error.problems))
    said = traceback.format_exception_only(error)[-1].strip()
    return RequestError(f"{where}: {said}{'' if 'Did you mean' in said else _near(error)}")


def _near(error: BaseException) -> str:
    """The name that was probably meant, which Python itself says from 3.12 on only."""
    known: Iterable[str] = ()
    name = getattr(error, "name", None)
    if isinstance(error, AttributeError):
        known = dir(error.obj)
    elif found := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error)):
        name, known = found[1], dir(sys.modules.get(found[2]))
    near = difflib.get_close_matches(name or "", known, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""


def raised_at(error: BaseException) -> str:
    """Where in code of somebody's own an error was raised: " (model.py, line 14)"; empty when in none."""
    others = (Path(__file__).parent, *map(Path, sysconfig.get_paths().values()))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_file() and not any(file.is_relative_to(folder) for folder in others):
            return f" ({file.name}, line {frame.lineno})"
    return ""


def failed(what: str, error: BaseException) -> RaisedError:
    """What to tell when code that may be somebody's own raised while it worked: what, where, that nothing is lost."""
    said = f": {str(error).splitlines()[0]}" if str(error) else ""
    return RaisedError(
        f"{what} failed: {type(error).__name__}{said}{raised_at(error)}. What was trained stays; mend the cause and "
        "run the same command again."
    )


@contextmanager
def in_its_file(function: Callable[..., object]) -> Iterator[None]:
    """Tell what a function raises with its line, when it stands in a file of somebody's own.

    Raises:
        RequestError: from whatever it raised, but for errors that are not about the request.
    """
    try:
        yield
    except Exception as error:
        code = getattr(function, "__code__", None)
        file = Path(code.co_filename) if code else None
        foreign = isinstance(error, WhetherError) and not isinstance(error, RequestError)
        # A cell of a notebook has no file, and shows where it failed by itself.
        if foreign or file is None or not file.is_file() or file.is_relative_to(Path(__file__).parent):
            raise
        here = Path.cwd()
        raise located(error, file, file.relative_to(here) if file.is_relative_to(here) else file) from error


def gather(*checks: Callable[[], object]) -> None:
    """Run every check and raise what they found wrong as one error, so that a user mends a request in one go.

    Raises:
        RequestError: with the problems of all the checks that raised one.
    """
    found: list[RequestError] = []
    for check in checks:
        try:
            check()
        except RequestError as error:
            found.append(error)
    if found:
        raise RequestError.join(found)
