"""Verbs that ask: `list`, `show`, `new`, `plan`, and the page that `whether` alone shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import NAMES, AsJson, LabPath, OpenTest, RootSeed, Sweeps, Words, named_lab, open_lab
from whether.errors import RequestError

if TYPE_CHECKING:
    from whether.answer import Answer

PANEL = "Ask"


def add_to(app: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    app.command("list", rich_help_panel=PANEL)(list_questions)
    app.command("show", rich_help_panel=PANEL, epilog=NAMES)(show)
    app.command("new", rich_help_panel=PANEL)(new)
    app.command("plan", rich_help_panel=PANEL, epilog=NAMES)(plan)


def _size(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RequestError(f"--size is {text!r}; expected a number above zero, such as --size 1.") from None


def front_page() -> None:
    """What one can ask, and how to go on."""
    from whether.catalogue.find import find, reading_order
    from whether.cli.page import columns, faint, say, strong

    questions = [find(name) for group in reading_order().values() for name in group]
    first = questions[0].name if questions else "NAME"
    commands = [
        (f"whether show {first}", faint("what it asks, what a yes and a no would mean, its options")),
        (f"whether run {first}", faint("train the networks that decide it; then the answer and a report")),
        ("whether new mine.py", faint("a question of your own")),
    ]
    say(f"\n  {strong('Ask whether.')} Get an answer either way.\n")
    say(columns((strong(question.name), question.text) for question in questions) + "\n")
    say(columns(commands) + "\n")


def list_questions(
    words: Annotated[
        bool, typer.Option("--words", help="Show every word instead: models, scores, measures, …")
    ] = False,
    data: Annotated[bool, typer.Option("--data", help="Show the data sets instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """The catalogue: every question with one line."""
    from whether.cli import listing, wordlist

    if words:
        wordlist.table_of_words(as_json=as_json)
    elif data:
        wordlist.data_sets(as_json=as_json)
    else:
        listing.catalogue(as_json=as_json)


def show(
    ctx: typer.Context,
    words: Words = None,
    *,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="FILE", show_default=False, help="Draw its chances of yes and no: FILE.png or .svg."
        ),
    ] = None,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """One question in full: its answers, options, chances of yes and no."""
    from whether.cli import chances, listing
    from whether.cli.asked import sort_words, templates
    from whether.cli.options import ask
    from whether.cli.page import near, say

    called, options = sort_words(words)
    if len(called) > 1:
        raise RequestError(f"one question at a time, got {' and '.join(called)}.")
    chances.check_picture(picture)
    template = templates(called)[0]
    asked = ask(template, options)

    def pilot() -> Answer | None:
        return chances.pilot_in(lambda: open_lab(ctx, lab, create=False), asked, named=named_lab(ctx, lab) is not None)

    found = chances.find(asked, pilot)
    listing.question(" ".join([*called, *options]), template, asked, found, as_json=as_json)
    if picture is not None:
        chances.draw(found, picture)
        if not as_json:
            say(f"\nDrawn: {near(picture)}")


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", hidden=True)],
    *,
    question: Annotated[str | None, typer.Option("--question", help="What is asked, in one sentence.")] = None,
    yes: Annotated[str | None, typer.Option("--yes", help="What a reader should do if the answer is yes.")] = None,
    no: Annotated[str | None, typer.Option("--no", help="What a reader should do if the answer is no.")] = None,
    claim: Annotated[str | None, typer.Option("--claim", help="exceeds, not_worse or same.")] = None,
    size: Annotated[
        float | None, typer.Option("--size", metavar="N", parser=_size, help="The smallest difference that matters.")
    ] = None,
    because: Annotated[str | None, typer.Option("--because", help="Why no smaller one does.")] = None,
    control: Annotated[
        str | None, typer.Option("--control", help="random-mask (must be seen), order (must not), both or none.")
    ] = None,
) -> None:
    """A question of your own, asked for step by step.

    What is not given is asked in a terminal. FILE.py, which must not exist, then runs as it is.
    """
    from whether.cli import draft

    given = {
        "question": question,
        "if_yes": yes,
        "if_no": no,
        "claim": claim,
        "size": size,
        "because": because,
        "control": control,
    }
    draft.write(file, {name: value for name, value in given.items() if value is not None})


def plan(
    ctx: typer.Context,
    words: Words = None,
    *,
    sweeps: Sweeps = None,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    devices: Annotated[
        str, typer.Option("--devices", metavar="N,N", help="Tell the time on so many devices.")
    ] = "1,2,8,64,500",
    pieces: Annotated[bool, typer.Option("--pieces", help="List every piece of work.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Train a moment of each kind of network first, to measure its cost.")
    ] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """What would run, what of it is shared or there already, how long."""
    from whether.cli import planning
    from whether.cli.asked import questions
    from whether.cli.page import complain
    from whether.plan.cost import Costs
    from whether.plan.forecast import forecast

    counts = planning.device_counts(devices)
    asked = questions(words, sweeps)
    paces = {}
    try:
        place = open_lab(ctx, lab, create=calibrate)
    except RequestError as error:
        if named_lab(ctx, lab):
            raise
        made = planning.without_lab(asked, open_test=open_test, seed=seed)
        complain(f"note: planned as for an empty lab: {str(error).partition(';')[0]}\n")
    else:
        made = place.plan(*asked, open_test=open_test, seed=seed)
        if calibrate:
            planning.calibrate(place.store, made)
        paces = place.store.paces.read()
    for doubt in planning.doubts(made):
        complain(f"note: {doubt}: `run` would fail\n")
    found = forecast(made, Costs(paces, pieces=made.pieces), counts)
    planning.show(made, found, pieces=pieces, as_json=as_json)
