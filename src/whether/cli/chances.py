"""The chances of a question, as `show` tells them: of a yes where it is true, of a no where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.cli.page import columns, faint, heading, paragraph, say
from whether.errors import RequestError, WhetherError, WorkError

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.answerable import Chances, Spread
    from whether.plan.plan import Asked
    from whether.question import Question

WIDE = 20  # signs of a bar
FORMATS = (".png", ".svg")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a question's chances.

    Attributes:
        chances: None where something is lacking.
        spreads: what they rest on.
        curve: the chances by number of replicates.
        enough: where they fall short of the power, how many replicates would do; None where none would.
        lacking: what they cannot be computed without, and what to do.
    """

    question: Question
    chances: Chances | None = None
    spreads: Sequence[Spread] = ()
    curve: dict[str, list[float]]
    enough: int | None = None
    lacking: Sequence[str] = ()


def find(question: Question, pilot: Callable[[], Answer | None]) -> Found:
    """The chances with what the claims state, else with what a pilot showed.

    Args:
        question: with its options.
        pilot: looks for one; asked only where the claims do not state all.
    """
    from whether.answerable import around, chances, curve, enough
    from whether.plan.plan import ask
    from whether.seeds import Seed

    first = ask(replace(question, replicates=1, looks=()), seed=Seed(0), open_test=False)
    asked = replace(first, question=question)
    spreads, lacking = _assumed(asked, None)
    if lacking and (shown := pilot()) is not None:
        spreads, lacking = _assumed(asked, shown)
    if lacking:
        return Found(question=question, curve={}, lacking=lacking)
    known = chances(question, spreads)
    return Found(
        question=question,
        chances=known,
        spreads=spreads,
        curve=curve(question, spreads, around(question)),
        enough=enough(question, spreads) if known.least < question.power else question.replicates,
    )


def _assumed(asked: Asked, pilot: Answer | None) -> tuple[list[Spread], Sequence[str]]:
    """What is assumed of the claims, or what is lacking."""
    from whether.answerable import spreads_of

    try:
        return spreads_of(asked, pilot), ()
    except RequestError as error:
        return [], error.problems


def tell(found: Found) -> None:
    """A row for each number of replicates, with a bar for each chance; a stroke in it marks the power."""
    from whether.answerable import option
    from whether.report.numbers import chance

    question = found.question
    say(heading("Chances") + faint("  of a yes where it is true, of a no where it is not"))
    if found.chances is None:
        for problem in found.lacking:
            say(paragraph(f"Not known: {problem}", 2, hang=2))
        return
    rows = [("replicates", "a yes", " " * WIDE, "a no", "")]
    for n, yes, no in zip(found.curve["n"], found.curve["yes"], found.curve["no"], strict=True):
        count = f"{n:.0f}{' *' if n == question.replicates else ''}"
        rows.append((count, chance(yes), bar(yes, question.power), chance(no), bar(no, question.power)))
    say(columns(rows))
    say(faint(paragraph(f"* as asked; | marks {chance(question.power)}, which registering asks of both", 2)))
    if found.chances.least < question.power:
        would = option(question, found.enough) if found.enough else "no number of replicates up to 10,000"
        say(paragraph(f"As asked it is underpowered: {would} would do.", 2))
    say(columns([("a yes", f"when {found.chances.when_yes}"), ("a no", f"when {found.chances.when_no}")]))
    say(faint(paragraph(_rests_on(found, found.chances), 2)))


def bar(share: float, power: float) -> str:
    """A chance as a bar of plain characters, with a stroke where the power lies.

    Example:
        >>> bar(0.5, 0.8), bar(0.95, 0.8)
        ('##########......|...', '################|##.')
    """
    filled, stroke = int(WIDE * share + 1e-9), min(WIDE - 1, int(WIDE * power + 1e-9))
    signs = ["#"] * filled + ["."] * (WIDE - filled)
    signs[stroke] = "|"
    return "".join(signs)


def _rests_on(found: Found, chances: Chances) -> str:
    told = "; ".join(dict.fromkeys(spread.said for spread in found.spreads))
    method = "Exact" if not chances.error else f"From {chances.method}"
    used = ""
    if len(found.question.looked_at) > 1:
        used = (
            f" With its looks it takes {chances.replicates_yes:.1f} replicates on average for a yes, "
            f"{chances.replicates_no:.1f} for a no."
        )
    return f"Standard deviation: {told}. {method}.{used}"


def plain(found: Found) -> dict[str, Any]:
    """For `--json`."""
    if found.chances is None:
        return {"lacking": list(found.lacking)}
    return asdict(found.chances) | {
        "power": found.question.power,
        "spreads": [
            {"claim": one.claim.said, "sd": one.sd, "source": one.source, "resolution": one.resolution}
            for one in found.spreads
        ],
        "curve": found.curve,
        "enough": found.enough,
    }


def check_picture(path: Path | None) -> None:
    """See that a picture can be written there.

    Raises:
        RequestError: for a format that is not written, or a folder that is not there.
    """
    if path is None:
        return
    if path.suffix.lower() not in FORMATS:
        raise RequestError(f"--picture {path}: expected a file that ends in {' or '.join(FORMATS)}.")
    if not path.absolute().parent.is_dir():
        raise RequestError(f"--picture {path}: there is no folder {path.parent}; make it first.")


def draw(found: Found, path: Path) -> None:
    """Write the chances by number of replicates as a picture.

    Raises:
        RequestError: where they are not known.
        WorkError: when the file cannot be written.
    """
    if found.chances is None:
        raise RequestError(f"--picture {path}: there is nothing to draw; {' '.join(found.lacking)}")
    from whether.answerable import curve
    from whether.report.answerable_figure import answerable
    from whether.report.style import png, svg

    question = found.question
    counts = sorted({max(2, round(question.replicates * part / 8)) for part in range(1, 17)} | {question.replicates})
    finer = curve(question, found.spreads, counts)
    figure = answerable(finer, power=question.power, chosen=question.replicates)
    try:
        path.write_bytes(svg(figure) if path.suffix.lower() == ".svg" else png(figure))
    except OSError as error:
        raise WorkError(f"{path} could not be written: {error.strerror or error}.") from error


def pilot_in(open_lab: Callable[[], Any], question: Question, *, named: bool) -> Answer | None:
    """The newest exploratory answer to a question in the lab that is there, if any.

    Args:
        open_lab: opens it.
        question: with its options.
        named: whether the lab was named, so that it must be there.

    Raises:
        RequestError: when a lab that was named is not there.
    """
    from whether.drafting import pilot_of

    try:
        return pilot_of(open_lab().store, question)
    except RequestError:
        if named:
            raise
    except WhetherError:
        pass  # of a damaged lab nothing is believed; `whether verify` says what is wrong with it
    return None
