"""Verbs that read: `answer`, `report`, `why`. They train nothing and import no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, OpenTest, RootSeed, Words, open_lab

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.lab import Lab

PANEL = "Read"
NAMED = (
    "NAME alone means its newest answer, with options the answer to exactly that, nothing or @last the last one run."
)


def add_to(app: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    app.command("answer", rich_help_panel=PANEL, epilog=NAMED)(answer)
    app.command("report", rich_help_panel=PANEL, epilog=NAMED)(report)
    app.command("why", rich_help_panel=PANEL)(why)


def answer(
    ctx: typer.Context,
    words: Words = None,
    *,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """The verdict and what it rests on: of NAME, or of @last."""
    from whether.cli import page
    from whether.report.text import as_text

    found, place = _find(ctx, lab, words, open_test, seed)
    if as_json:
        page.say(found.to_json().rstrip("\n"))
        return
    page.say(page.told(as_text(found, report=page.near(place.folder(found) / "report.html"))))


def report(
    ctx: typer.Context,
    words: Words = None,
    *,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Where the report of NAME or @last is."""
    from whether.cli.page import say, say_json
    from whether.errors import RequestError

    found, place = _find(ctx, lab, words, open_test, seed)
    folder = place.folder(found)
    page = folder / "report.html"
    if not page.is_file():
        raise RequestError(f"{page} is not there any more. Run the question again: nothing is trained twice.")
    if as_json:
        say_json({"name": found.name, "verdict": found.verdict, "report": str(page), "folder": str(folder)})
    else:
        say(str(page))
    if show:
        typer.launch(page.resolve().as_uri())


def why(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", hidden=True)],
    words: Words = None,
    *,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """What a piece is, how it came to be, and why it would train again.

    DIGEST is the piece's, or its first digits: `whether plan --pieces` and runs.csv beside a report have them. With
    NAME k=v after it, pieces of that question are known that were not trained yet.
    """
    from whether.cli import piece
    from whether.cli.asked import questions
    from whether.cli.page import say_json

    asked = questions(words) if words else []
    told = open_lab(ctx, lab, create=False).why(digest, *asked, open_test=open_test, seed=seed)
    if as_json:
        say_json(told)
    else:
        piece.show(told)


def _find(
    ctx: typer.Context, lab: Path | None, words: list[str] | None, open_test: bool, seed: int
) -> tuple[Answer, Lab]:
    from whether.cli import asked

    place = open_lab(ctx, lab, create=False)
    return asked.answer(place, words, open_test=open_test, seed=seed), place
