"""Which figures an answer has: pure functions from an Answer to matplotlib Figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from whether.report.answerable_figure import answerable
from whether.report.claims_axis import claims_axis
from whether.report.lines import against_axis, curves_shown, has_ladder_figure, ladder, learning_curves
from whether.report.looks_figure import looks
from whether.report.roofline_figure import roofline
from whether.report.rows import arms, lone_groups, share_arms, shares
from whether.report.style import PAGE, Look, looking
from whether.report.together import along_axis, under_roofs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from whether.answer import Answer

__all__ = [
    "against_axis",
    "answerable",
    "arms",
    "claims_axis",
    "drawings",
    "figures",
    "ladder",
    "learning_curves",
    "looks",
    "roofline",
    "shares",
]


def figures(answer: Answer, *, look: Look = PAGE) -> dict[str, Figure]:
    """The figures that apply to an answer, by name, in the order in which a page shows them.

    Every figure has our look whatever matplotlib's settings are; save it with `style.svg`, `style.png` and `paper.pdf`
    to keep it.

    Args:
        answer: to be shown.
        look: how wide, and with type of which size: `paper.look_of("3.25in,8pt")`; by default as on a report's page.
    """
    from whether.report.paper import resized

    with looking(look):
        return {name: resized(draw(), look.scale) for name, draw in drawings(answer).items()}


def drawings(answer: Answer) -> dict[str, Callable[[], Figure]]:
    """As `figures`, but nothing is drawn before it is called for."""
    found: dict[str, Callable[[], Figure]] = {}
    if answer.claims:
        found["claims"] = partial(claims_axis, answer)
    if len(answer.looks) > 1:
        found["looks"] = partial(looks, answer)
    if answer.study.get("answerable"):
        stated = answer.study["power"]["stated"]
        found["answerable"] = partial(answerable, answer.study["answerable"], power=stated, chosen=answer.planned)
    if along_axis(answer):
        found["against_axis"] = partial(against_axis, answer)
    if under_roofs(answer):
        found["roofline"] = partial(roofline, answer)
    if curves_shown(answer):
        found["learning_curves"] = partial(learning_curves, answer)
    if share_arms(answer):
        found["shares"] = partial(shares, answer)
    for place, group in enumerate(lone_groups(answer)):
        found["arms" if place == 0 else f"arms_{place + 1}"] = partial(arms, answer, group)
    for place, item in enumerate(answer.ladders):
        if has_ladder_figure(item, answer):
            found["ladder" if place == 0 else f"ladder_{place + 1}"] = partial(ladder, answer, item)
    return found
