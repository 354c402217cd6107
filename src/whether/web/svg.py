"""What all drawings need that the server makes by itself: round marks, texts that fit, and nothing that is markup."""

from __future__ import annotations

import math
from html import escape

from whether.report.numbers import clean

_WIDE, _MEDIUM, _NARROW = 9.4, 7.0, 3.9
"""Pixels of a wide, a usual and a narrow letter of 12."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from low to high, at most so many.

    Example:
        >>> ticks(-0.4, 2.3), ticks(96.2, 98.9, 4), ticks(3.0, 3.0)
        ([0.0, 0.5, 1.0, 1.5, 2.0], [97.0, 98.0], [3.0])
    """
    if not high > low:
        return [low]
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (size * factor for factor in (*_STEPS, 20.0, 25.0, 50.0)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [round(at * step, 12) + 0.0 for at in range(first, last + 1)]
    return [low, high]


def roomy(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """A range with room on both sides.

    Example:
        >>> roomy(0.0, 1.0, 0.5), roomy(2.0, 2.0, 0.5)
        ((-0.5, 1.5), (1.0, 3.0))
    """
    room = share * (high - low) or max(share * abs(high), 0.5)
    return low - room, high + room


def safe(text: str) -> str:
    """A text as it may stand in an element or between quotes: on one line, and no markup."""
    return escape(clean(text))


def fitted(text: str, width: float, size: float = 12.0) -> str:
    """A text cut to a width in pixels, in a usual sans-serif face of this size; what was left out is "…".

    Example:
        >>> fitted("short", 100), fitted("much too long for that", 80)
        ('short', 'much too lo…')
    """
    text = clean(text[:500])
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def width_of(text: str, size: float = 12.0) -> float:
    """About how wide a text is, in pixels."""
    return sum(_sign_width(sign) for sign in text) * size / 12


def _sign_width(sign: str) -> float:
    if ord(sign) > 0x2E80:
        return 12.5
    if sign in " .,:;'|!ilj()[]":
        return _NARROW
    return _WIDE if sign.isupper() or sign in "mwMW%@→✓" else _MEDIUM
