"""What stands under each figure, and what is read aloud in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whether.report import answerable_figure, looks_figure, roofline_figure
from whether.report.lines import asked_at, curves_range, curves_shown
from whether.report.numbers import plural
from whether.report.published import points
from whether.report.rows import lone_groups, share_arms
from whether.report.standing import power
from whether.report.together import along_axis, is_share
from whether.report.wording import arm_mean, finding, intervals, ladder, level

if TYPE_CHECKING:
    from whether.answer import Answer


@dataclass(frozen=True)
class Caption:
    """A figure's title, what one should know to read it, and the figure in words."""

    title: str
    text: str
    spoken: str


def caption(name: str, answer: Answer) -> Caption:
    """The caption of the figure of this name, as `figures.figures` names them."""
    return _CAPTIONS[name.rstrip("_0123456789")](name, answer)


def _claims(_: str, answer: Answer) -> Caption:
    shown = [*answer.claims, *(control.claim for control in answer.controls), *answer.secondary]
    spoken = [f"{claim.said}: {claim.verdict}. {finding(claim)}" for claim in answer.claims]
    return Caption(
        "Each claim on its axis",
        f"Dots are effects, bars their {intervals(shown)}. A claim is a yes when its whole interval lies in the "
        "region of yes, a no when all of it lies in the other, and inconclusive when it reaches across. An arrow leads "
        "out of the view.",
        " ".join(spoken),
    )


def _against_axis(_: str, answer: Answer) -> Caption:
    shown = [arm for group in along_axis(answer) for arm in group]
    spoken = [f"{arm.arm}: {arm_mean(arm, answer)}" for arm in shown]
    asked = "; dotted: where the claims are asked" if asked_at(answer) else ""
    asked += "; hollow: published figures" if any(points(answer, group) for group in along_axis(answer)) else ""
    of_means = (
        f"Means over {plural(answer.replicates, 'replicate')}, bars are {level(answer)} intervals of the mean{asked}."
    )
    zoomed = "" if all(map(is_share, shown)) else " The vertical axis does not begin at zero."
    paired = " Arms of one replicate share seeds, so their differences are known better than these bars suggest."
    return Caption(
        f"Every arm against {answer.axis}" if answer.axis else "Every arm along its axis",
        of_means + zoomed + (paired if answer.pairing == "replicate" else ""),
        ", ".join(spoken),
    )


def _roofline(_: str, answer: Answer) -> Caption:
    cached = len(roofline_figure.bandwidths(answer)) > 1
    more = " The dashed roof is that of data which stay in a cache, as those of a small layer may." if cached else ""
    told = f" Numbers beside marks are {answer.axis}." if answer.axis else ""
    return Caption(
        "What bounds each side",
        "Rates that were reached against the operations for each byte that a side has to move; the roof is the most "
        f"that this machine does, by its memory on the slope and by its products where it is level.{more}{told} "
        "What lies below the roof is lost in the kernel.",
        roofline_figure.spoken(answer),
    )


def _shares(_: str, answer: Answer) -> Caption:
    spoken = [f"{arm.arm}: {round(arm.mean * arm.n / 100)} of {arm.n}" for arm in share_arms(answer)]
    return Caption(
        "Share of networks in each arm",
        f"Dots are shares, bars Wilson's {level(answer)} intervals.",
        ", ".join(spoken),
    )


def _arms(name: str, answer: Answer) -> Caption:
    place = int(name.rpartition("_")[2]) - 1 if "_" in name else 0
    spoken = [f"{arm.arm}: {arm_mean(arm, answer)}" for arm in lone_groups(answer)[place]]
    crosses = " A cross is a run that diverged." if answer.diverged else ""
    return Caption(
        "Each arm and its replicates",
        f"Large dots are means with {level(answer)} intervals, small dots the replicates, "
        f"equal ones side by side.{crosses}",
        ", ".join(spoken),
    )


def _ladder(name: str, answer: Answer) -> Caption:
    place = int(name.rpartition("_")[2]) - 1 if "_" in name else 0
    which = answer.ladders[place]
    return Caption(
        "How far it holds",
        f"The effects of the steps with their {intervals(which.claims)}. Steps are read in order while each is a yes; "
        "those behind the first that is not are pale and decide nothing.",
        ladder(which, answer),
    )


def _learning_curves(_: str, answer: Answer) -> Caption:
    shown = curves_shown(answer)
    cut = " The beginning, far below, is cut off." if curves_range(answer)[2] else ""
    more = " The other arms' curves are in answer.json." if len(answer.curves) > len(shown) else ""
    return Caption(
        "How the arms learned",
        f"Means over replicates, bands are {level(answer)} intervals.{cut}{more}",
        f"Learning curves of {', '.join(shown)}.",
    )


def _looks(_: str, answer: Answer) -> Caption:
    more = " The first four claims are drawn." if len(answer.claims) > 4 else ""
    return Caption(
        "What each look showed",
        "Effects with the interval of each look, stricter the earlier it is. A full dot is the look that decided the "
        f"claim: its whole interval lies in one region, and the claim is not read again.{more}",
        looks_figure.spoken(answer),
    )


def _answerable(_: str, answer: Answer) -> Caption:
    study = answer.study
    source = str(study.get("sd") or "").rstrip(".")
    return Caption(
        "Chances of a yes and of a no",
        f"{power(answer)}{f' Standard deviation: {source}.' if source else ''}",
        answerable_figure.spoken(study["answerable"], power=study["power"]["stated"], chosen=answer.planned),
    )


_CAPTIONS = {
    "claims": _claims,
    "looks": _looks,
    "answerable": _answerable,
    "against_axis": _against_axis,
    "roofline": _roofline,
    "shares": _shares,
    "arms": _arms,
    "ladder": _ladder,
    "learning_curves": _learning_curves,
}
