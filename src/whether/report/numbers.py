"""How numbers and names are written: decimals that the uncertainty deserves, a true minus sign, units, clean text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

MINUS = "\N{MINUS SIGN}"
_MOST_DECIMALS = 5


def number(value: float, decimals: int) -> str:
    """A number with so many decimals.

    Example:
        >>> number(-0.424, 2)
        '−0.42'
    """
    if decimals >= _MOST_DECIMALS and abs(value) < 1e-3:
        return f"{value:.2g}".replace("-", MINUS) if value else "0"
    rounded = round(value, decimals) + 0.0  # no "−0.0"
    return f"{rounded:.{decimals}f}".replace("-", MINUS)


def decimals_for(*values: float | None) -> int:
    """How many decimals show two digits of the spread of some numbers (an interval and its estimate).

    Args:
        values: in one unit; None is passed over. A single number is shown to three digits.

    Example:
        >>> decimals_for(97.1, 97.4, 97.7), decimals_for(-0.61, -0.42, -0.23), decimals_for(412.0)
        (2, 2, 0)
    """
    seen = [value for value in values if value is not None and math.isfinite(value)]
    if not seen:
        return 0
    spread = (max(seen) - min(seen)) / 2
    if spread > 0:
        return _clamp(1 - math.floor(math.log10(spread)))
    return _clamp(2 - math.floor(math.log10(abs(seen[0])))) if seen[0] else 0


def column_decimals(values: Sequence[float]) -> int:
    """How many decimals a column of numbers of one unit is written with: none if all are whole, else by their size.

    Example:
        >>> column_decimals([412.0, 90.0]), column_decimals([97.33, 100.0]), column_decimals([0.0731])
        (0, 2, 4)
    """
    if all(value == int(value) for value in values if math.isfinite(value)):
        return 0
    largest = max(abs(value) for value in values)
    return 4 if largest < 1 else 3 if largest < 10 else 2


def short(value: float) -> str:
    """A number as a person would write it, without trailing zeros.

    Example:
        >>> short(10.70), short(-1.0), short(12500.0)
        ('10.7', '−1', '12500')
    """
    whole = value == int(value) and abs(value) < 1e15
    return (f"{int(value)}" if whole else f"{value:.4g}").replace("-", MINUS)


def unit_name(unit: str) -> str:
    """A unit in words."""
    return "iterations" if unit == "it" else unit


def with_unit(told: str, unit: str) -> str:
    """A number that is written already, with its unit: "1 point", "1.0 points", "20 iterations"."""
    name = unit_name(unit)
    one = told.lstrip(MINUS) == "1" and name.endswith("s") and len(name) > 2 and name != "times"
    return f"{told} {name[:-1] if one else name}".rstrip()


def amount(value: float, unit: str) -> str:
    """A number with its unit.

    Example:
        >>> amount(1.0, "points"), amount(-0.5, "nats"), amount(3.0, "")
        ('1 point', '−0.5 nats', '3')
    """
    return with_unit(short(value), unit)


def limits(low: float | None, high: float | None, decimals: int) -> str:
    """An interval's limits; an unbounded one is said in words.

    Example:
        >>> limits(-0.61, -0.23, 2), limits(None, 3.0, 0), limits(None, None, 1)
        ('−0.61 to −0.23', 'up to 3', 'unbounded')
    """
    if low is None and high is None:
        return "unbounded"
    if low is None:
        return f"up to {number(high or 0.0, decimals)}"
    if high is None:
        return f"from {number(low, decimals)}"
    return f"{number(low, decimals)} to {number(high, decimals)}"


def p_value(p: float | None) -> str:
    """A p-value to two digits; empty where there is none.

    Example:
        >>> p_value(0.0421), p_value(0.00002), p_value(1.0), p_value(None)
        ('0.042', '< 0.001', '1', '')
    """
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def confidence(alpha: float) -> str:
    """The level of an interval each of whose limits is wrong with probability alpha, as exact as it is strict.

    Example:
        >>> confidence(0.05), confidence(0.00047), confidence(1e-9)
        ('90 %', '99.906 %', '> 99.999 %')
    """
    wrong = 200 * alpha
    if wrong < 1e-3:
        return "> 99.999 %"
    decimals = max(0, 1 - math.floor(math.log10(wrong)))
    told = f"{100 - wrong:.{decimals}f}"
    return f"{told.rstrip('0').rstrip('.') if decimals else told} %"


def chance(share: float) -> str:
    """A probability in per cent, rounded down: one that misses what was asked of it must not look as if it met it.

    Example:
        >>> chance(0.7968), chance(0.8), chance(0.9991), chance(0.004)
        ('79 %', '80 %', 'over 99 %', 'under 1 %')
    """
    whole = math.floor(100 * share + 1e-9)
    return "under 1 %" if whole < 1 else "over 99 %" if share > 0.99 else f"{whole} %"


def moment(iso: str) -> str:
    """A time in ISO 8601, to the minute in UTC; what is no time stays as it is.

    Example:
        >>> moment("2026-03-02T15:05:09+01:00"), moment("2026-03-02T14:05:09Z"), moment("then")
        ('2026-03-02 14:05 UTC', '2026-03-02 14:05 UTC', 'then')
    """
    try:
        read = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Example:
        >>> listed(["initialisation"]), listed(["a", "b", "c"]), listed([])
        ('initialisation', 'a, b and c', 'nothing')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "nothing"


def plural(count: int, one: str, many: str = "") -> str:
    """A count of things.

    Example:
        >>> plural(1, "run"), plural(3, "run"), plural(2, "entry", "entries")
        ('1 run', '3 runs', '2 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clean(text: str) -> str:
    """A text on one line, without signs that no document may hold or that turn the reading direction of what follows.

    Example:
        >>> clean("a\\tname\\u202e")
        'a name'
    """
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(kept.split())


def _clamp(decimals: int) -> int:
    return min(max(decimals, 0), _MOST_DECIMALS)
