"""Settings that environment variables give."""

from __future__ import annotations

import math
import os

from whether.errors import RequestError


def seconds_of(variable: str, usual: float, *, least: float = 0.0) -> float:
    """A length of time: the variable's, else the usual one.

    Args:
        variable: its name.
        usual: seconds when it is not set.
        least: what it must be above; a negative number allows zero.

    Raises:
        RequestError: when the variable says no such number.
    """
    given = os.environ.get(variable) or str(usual)
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not least < seconds < math.inf:
        raise RequestError(f"{variable} is {given!r}; expected a number of seconds, such as {usual:g}.")
    return seconds
