"""Verbs that read: `answer`, `report`, `why`. They train nothing and import no torch."""

from __future__ import annotations

from dataclasses import dataclass
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
    runs: Annotated[
        Path | None,
        typer.Option(
            "--runs", metavar="FILE", show_default=False, help="Write its runs as a table: FILE.csv or FILE.parquet."
        ),
    ] = None,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """The verdict and what it rests on: of NAME, or of @last."""
    from whether.cli import page
    from whether.report.text import as_text

    found, place = _find(ctx, lab, words, open_test, seed)
    if runs is not None:
        _write_runs(found, runs.expanduser(), as_json)
        return
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
    paper: Annotated[
        str | None,
        typer.Option(
            "--paper",
            metavar="WIDTH,TYPE",
            show_default=False,
            help="Write its figures for a paper, so wide and with type of this size: 3.25in,8pt; or icml, icml-wide, "
            "neurips, iclr, tmlr, jmlr.",
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="LIST", show_default="pdf", help="Of these figures: pdf, svg, png, or several."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", show_default=False, help="Where to; else beside the report."),
    ] = None,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Where the report of NAME or @last is; its figures for a paper."""
    from whether.cli.page import say, say_json
    from whether.errors import RequestError

    if paper is None and (to is not None or formats is not None):
        raise RequestError("--format and --to go with --paper, as in --paper 3.25in,8pt --format pdf,svg --to figures.")
    found, place = _find(ctx, lab, words, open_test, seed)
    folder = place.folder(found)
    if paper is not None:
        _write_figures(
            found, Paper(paper, "pdf" if formats is None else formats, to.expanduser() if to else folder), as_json
        )
        return
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


@dataclass(frozen=True)
class Paper:
    """How figures for a paper were asked for; `to` is the answer's folder, or the one that was named."""

    said: str
    formats: str
    to: Path


def _write_runs(found: Answer, path: Path, as_json: bool) -> None:
    from whether.cli.page import near, say, say_json
    from whether.errors import RequestError
    from whether.report.numbers import plural
    from whether.report.tables import runs_csv, runs_parquet
    from whether.store.publish import replace

    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise RequestError(f"--runs is {path}; expected a name that ends in .csv or .parquet, such as runs.csv.")
    if path.is_dir():
        raise RequestError(f"--runs is {path}, which is a folder; expected a file, such as {path / 'runs'}{kind}.")
    raw = runs_csv(found).encode("utf-8", "replace") if kind == ".csv" else runs_parquet(found)
    replace(path, raw, what="the table of runs")
    many = len(found.table) + len(found.overrun)
    if as_json:
        say_json({"name": found.name, "runs": many, "file": str(path)})
    else:
        say(f"{plural(many, 'run')} of {found.name}: {near(path)}")


def _write_figures(found: Answer, how: Paper, as_json: bool) -> None:
    from whether.cli.page import near, say, say_json
    from whether.errors import RequestError, gather
    from whether.report import paper
    from whether.store.publish import replace

    gather(lambda: paper.look_of(how.said), lambda: paper.formats_of(how.formats))
    look, formats = paper.look_of(how.said), paper.formats_of(how.formats)
    folder = how.to / paper.folder_of(look)
    if how.to.exists() and not how.to.is_dir():
        raise RequestError(f"--to is {how.to}, which is a file; expected a folder.")
    made = dict(paper.render_figures(found, look, formats))
    for name, raw in made.items():
        replace(folder / name, raw, what=f"the figure {name}")
    if as_json:
        told = {"width_in": look.width / 72, "type_pt": look.small, "folder": str(folder), "files": sorted(made)}
        say_json({"name": found.name} | told)
        return
    for name in made:
        say(near(folder / name))


def _find(
    ctx: typer.Context, lab: Path | None, words: list[str] | None, open_test: bool, seed: int
) -> tuple[Answer, Lab]:
    from whether.cli import asked

    place = open_lab(ctx, lab, create=False)
    return asked.answer(place, words, open_test=open_test, seed=seed), place
