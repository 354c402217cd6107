"""The verb for what failed: `retry`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, open_lab
from whether.cli.working import On

if TYPE_CHECKING:
    from whether.history.facts import Fact
    from whether.store.folder import Store

PANEL = "Answer"


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("retry", rich_help_panel=PANEL)(retry)


def retry(
    ctx: typer.Context,
    digests: Annotated[list[str] | None, typer.Argument(metavar="DIGEST", hidden=True)] = None,
    *,
    debug: Annotated[
        bool, typer.Option("--pdb", help="One piece in this thread; where it raises, a debugger opens.")
    ] = False,
    on: On = "auto",
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Failed pieces once more: those named by their DIGESTs, or all.

    What began from a failed network failed with it and is done again, too. Answers that rest on them are concluded anew
    when their question is run again.
    """
    from dataclasses import asdict

    from whether import retry as again
    from whether.campaign import Means
    from whether.cli.live import counting, watching
    from whether.cli.page import complain, say, say_json
    from whether.errors import RequestError, WorkError
    from whether.execute.engines import check
    from whether.report.numbers import plural

    check(on)
    place = open_lab(ctx, lab, create=False)  # nothing failed in a lab that is not there
    with counting("records") as progress:
        facts = again.chosen(place.store, digests or (), progress)
    if facts:
        place = open_lab(ctx, lab, create=True)
    if debug:
        if len(digests or ()) != 1:
            raise RequestError("--pdb opens one piece: whether retry DIGEST --pdb")
        _under_debugger(place.store, facts[0])
        return
    if not facts and not as_json:
        say("nothing failed in this lab")
        return
    tell = complain if as_json else say
    with watching(tell, terminal=sys.stdout.isatty() and not as_json) as listen:
        done = again.retry(place.store, facts, listen, Means(on=on))
    if as_json:
        say_json(asdict(done))
    else:
        networks, measures = plural(len(done.points), "network"), plural(len(done.measures), "measure")
        say(f"did {networks} and {measures} again; {len(done.still)} failed again")
        say("run the questions again that need them: nothing that stands is trained twice")
    if done.still:
        raise WorkError(
            f"{plural(len(done.still), 'piece')} failed again: `whether why {done.still[0][:12]}` says how."
        )


def _under_debugger(store: Store, fact: Fact) -> None:
    import pdb
    import traceback

    from whether import retry as again
    from whether.cli.page import say
    from whether.execute.progress import nobody

    try:
        again.inline(store, fact, nobody)
    except Exception as error:
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        traceback.print_exception(root)
        pdb.post_mortem(root.__traceback__)
    else:
        say("it went well this time; run the question again")
