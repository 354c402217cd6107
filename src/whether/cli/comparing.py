"""The verb that compares: `diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, open_lab

PANEL = "Read"


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("diff", rich_help_panel=PANEL)(diff)


def diff(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", hidden=True)],
    b: Annotated[str, typer.Argument(metavar="B", hidden=True)],
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Where the histories of two pieces differ, and so why they are two.

    A and B are digests of networks or measures, or their first digits: runs.csv beside a report has those of its runs.
    Or they are two answers, each by its question's name, its folder in answers/ or @last: then their designs differ.
    """
    from dataclasses import asdict

    from whether.cli.page import columns, faint, say, say_json
    from whether.cli.piece import short

    found = open_lab(ctx, lab, create=False).diff(a, b)
    if as_json:
        say_json([asdict(item) for item in found])
    elif not found:
        say("no difference: they are the same")
    else:
        heads = (faint(short(name)) for name in (a, b))
        say(columns([("", *heads), *((item.path, item.a, item.b) for item in found)]))
