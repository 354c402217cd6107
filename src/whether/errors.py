"""What can go wrong, and what the command line makes of it.

    WhetherError
    ├── RequestError   exit 2   what was asked cannot be done as it was asked
    ├── WorkError      exit 1   the work failed: training code raised, a disk filled, data could not be fetched
    └── DamageError    exit 3   something in the lab is not what it was when it was written

An error teaches: what was got, what was expected, the nearest valid name, what to do. Mistakes that can be found
together are told together (`RequestError.join`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import ClassVar


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


class DamageError(WhetherError):
    """Bytes in the lab differ from what their record says. Names the place; what is damaged is never used."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, place: str = "") -> None:
        self.place = place
        super().__init__(message)


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
