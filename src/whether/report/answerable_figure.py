"""Whether a question can be answered either way: the chance of a yes and of a no by the number of replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whether.report.chart import LINE, Scale, Series, beside, draw, label_width, linear, write_beside
from whether.report.numbers import chance, clean
from whether.report.style import colour, panel, sheet, sheet_width, styled, text_size, text_width, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD, _HEIGHT, _FOOT = 20.0, 140.0, 33.0
_NAMES = {"yes": "a yes", "no": "a no"}


def answerable(curve: Mapping[str, Sequence[float]], *, power: float, chosen: int | None) -> Figure:
    """The chances of a right answer against the number of replicates, under the registered rule.

    Args:
        curve: "n", increasing, and for each the chances, in [0, 1], of a "yes" at the effect that is planned for a yes
            and of a "no" at that planned for a no.
        power: the chance of either that is asked for, in (0, 1).
        chosen: the number of replicates that is, or was, used; None marks none.

    Example:
        >>> figure = answerable({"n": [2, 4, 8], "yes": [0.3, 0.7, 0.95], "no": [0.2, 0.6, 0.9]}, power=0.8, chosen=8)
        >>> len(figure.axes)
        1
    """
    with styled():
        ns = [float(n) for n in curve["n"]]
        many = len(ns) <= 16
        series = [
            Series(
                name=_NAMES[word],
                xs=ns,
                means=[100 * share for share in curve[word]],
                lows=[None] * len(ns),
                highs=[None] * len(ns),
                look={"color": colour(word), "marker": mark if many else "", "linestyle": dashes},
            )
            for word, mark, dashes in (("yes", "o", "solid"), ("no", "s", (0, (5, 1.6))))
        ]
        up = linear(-2.0, 102.0, 5)
        edge = 0.04 * (ns[-1] - ns[0]) or 0.5
        across = _whole(linear(min([*ns, chosen or ns[0]]) - edge, max([*ns, chosen or ns[0]]) + edge, 6))
        labels = beside(series, up, _HEIGHT) or []
        right = label_width(labels) if labels else 12.0
        title = ["chance of the answer that is true (%)", f"dashed: the {chance(power)} asked for"]
        if text_width("; ".join(title)) <= sheet_width() - 4:
            title = ["; ".join(title)]
        head = _HEAD + LINE * len(title)
        figure = sheet(head + _HEIGHT + _FOOT)
        axes = panel(figure, left=up.margin, top=head, width=sheet_width() - up.margin - right, height=_HEIGHT)
        up.apply_y(axes)
        across.apply_x(axes)
        axes.axhline(100 * power, color=colour("muted"), linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
        if chosen is not None:
            axes.axvline(chosen, color=colour("ink"), linewidth=1.0, zorder=1)
            text = f"n = {chosen}"
            half, x = text_width(text) / 2, up.margin + (sheet_width() - up.margin - right) * across.share(chosen)
            x = max(min(x, sheet_width() - right + 8 - half), half + 2)  # clear of the names beside the lines
            write(figure, x, head - 5, text, ha="center", fontweight="bold")
        draw(axes, series, up)
        for row, line in enumerate(title):
            write(figure, 2, 9 + LINE * row, line)
        write_beside(figure, labels, x=sheet_width() - right, foot=head + _HEIGHT)
        middle = up.margin + (sheet_width() - up.margin - right) / 2
        write(figure, middle, head + _HEIGHT + 28, "replicates", ha="center", fontsize=text_size())
        return figure


def _whole(scale: Scale) -> Scale:
    """A scale with its whole marks only: there are no half replicates."""
    marks = [(tick, label) for tick, label in zip(scale.ticks, scale.labels, strict=True) if tick == round(tick)]
    return replace(scale, ticks=[tick for tick, _ in marks], labels=[label for _, label in marks])


def spoken(curve: Mapping[str, Sequence[float]], *, power: float, chosen: int | None) -> str:
    """The figure in words."""
    told = [
        f"with {n:.0f} replicates {chance(yes)} and {chance(no)}"
        for n, yes, no in zip(curve["n"], curve["yes"], curve["no"], strict=True)
        if chosen is None or n == chosen
    ]
    return clean(f"Chances of a yes and of a no: {', '.join(told[:12])}; {chance(power)} is asked for.")
