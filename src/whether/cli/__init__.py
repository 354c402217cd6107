"""The command line: wiring only. `main` is the entry point; each family of verbs has a file.

    asking.py    list · show · new · plan      status.py     status            options.py   `k=v` and `--sweep`
    working.py   run                           comparing.py  diff              asked.py     from words to questions
    retrying.py  retry                         keeping.py    verify · clean    live.py      progress
    reading.py   answer · report · why         merging.py    push · pull       page.py      how things look
    sabotaging.py sabotage                     benching.py   bench             faults.py    how errors look
    covering.py  cover (sheets.py)             criteria.py   criteria show · check · form · export (exporting.py)
    serving.py   serve                         reproducing.py reproduce
    bundling.py  bundle (keeping.py: verify)   foreign.py    where modules are looked for

Importing this imports nothing heavy: a verb imports what it needs when it is called.
"""

from __future__ import annotations

import atexit
import gc
import io
import sys
from collections.abc import Sequence

import typer.main

from whether.cli import (
    asking,
    benching,
    bundling,
    comparing,
    covering,
    criteria,
    keeping,
    merging,
    reading,
    registering,
    reproducing,
    retrying,
    sabotaging,
    serving,
    status,
    working,
)
from whether.cli.faults import guarded
from whether.cli.foreign import importing
from whether.cli.verbs import LabPath, Verbs, Version

app = typer.Typer(
    name="whether",
    cls=Verbs,
    add_completion=False,
    rich_markup_mode=None,  # plain help: half the time of a decorated one, and calmer
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERB ...",
)


@app.callback(invoke_without_command=True)
def front(ctx: typer.Context, lab: LabPath = None, version: Version = False) -> None:  # noqa: ARG001 - read by open_lab
    """Ask whether. Get an answer either way.

    A lab for the science of deep learning: a question, the networks that decide it, an answer with a report.
    """
    if version:
        from whether import __version__

        typer.echo(f"whether {__version__}")
    elif ctx.invoked_subcommand is None:
        asking.front_page()


for family in (
    asking,
    registering,
    working,
    retrying,
    reading,
    comparing,
    sabotaging,
    covering,
    criteria,
    status,
    keeping,
    merging,
    bundling,
    reproducing,
    serving,
    benching,
):
    family.add_to(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after `whether`; by default those that the process was started with.

    Returns:
        The exit code: 0 done, 1 the work failed, 2 the request was wrong, 3 damage was found, 130 stopped by hand.
    """
    _spare_collections()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # rather a "?" than no answer where a terminal knows few signs
    given = sys.argv[1:] if arguments is None else list(arguments)
    with importing(given):
        command = typer.main.get_command(app)
        verbs = getattr(command, "commands", {})
        return guarded(lambda: command.main(args=given, prog_name="whether", standalone_mode=False), given, verbs)


def _spare_collections() -> None:
    """Let Python look for garbage less often, and not at all at the end: PyTorch alone makes 160,000 objects.

    That is a tenth of a second while it is imported, and a third of one as the process ends.
    """
    gc.set_threshold(50_000, 20, 50)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
