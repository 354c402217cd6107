"""The verb that works: `run`."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import (
    NAMES,
    AsJson,
    Exploratory,
    LabPath,
    OpenTest,
    RootSeed,
    Sweeps,
    Words,
    named_lab,
    open_lab,
)
from whether.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.answer import Answer
    from whether.lab import Lab
    from whether.question import Question

PANEL = "Answer"
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="WHERE",
        help="What trains: auto, inprocess, local (processes; local:4 for four), ray (ray://HOST:10001), slurm.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="TIME",
        show_default=False,
        help="Device-time that may be spent, such as 2h; questions with least left come first.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("run", rich_help_panel=PANEL, epilog=NAMES)(run)


def run(
    ctx: typer.Context,
    words: Words = None,
    *,
    sweeps: Sweeps = None,
    on: On = "auto",
    budget: Budget = None,
    mixed: Annotated[
        bool, typer.Option("--mixed", help="Let devices of different kinds work together; the answer says so.")
    ] = False,
    ahead: Annotated[
        bool,
        typer.Option("--ahead", help="Of a question with looks, train for the look after the next on idle devices."),
    ] = False,
    show: Annotated[bool, typer.Option("--print", help="With --on slurm: print the batch script.")] = False,
    exploratory: Exploratory = False,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Train what is missing until the rule is met; answer and report.

    Several questions are planned together: what they share is trained once, and each is answered as soon as its
    numbers stand. A question that `whether register` has frozen runs as registered.
    """
    from whether.cli.asked import questions

    asked = questions(words, sweeps)
    if on == "slurm" and show:
        _print_script(ctx, lab, asked)
        return
    if show:
        raise RequestError(f"--print goes with --on slurm, which has a script to print; got --on {on}.")
    answers = _answer(
        ctx, lab, asked, Ways(on, seconds_of(budget), mixed, ahead, exploratory, open_test, seed, as_json)
    )
    if as_json:
        _json(answers, asked)
    else:
        _after(open_lab(ctx, lab, create=False), asked, answers)


@dataclass(frozen=True)
class Ways:
    """How a run was asked for, beside its questions."""

    on: str
    budget: float | None
    mixed: bool
    ahead: bool
    exploratory: bool
    open_test: bool
    seed: int
    quiet: bool


def _answer(ctx: typer.Context, lab: Path | None, asked: Sequence[Question], how: Ways) -> list[Answer | None]:
    from whether.campaign import Means
    from whether.cli.live import watching
    from whether.cli.page import complain, near, paragraph, say, strong, told
    from whether.execute.engines import check
    from whether.report.text import as_text

    check(how.on)  # before a lab is made for it
    place = open_lab(ctx, lab, create=True)
    tell = complain if how.quiet else say
    for question in asked:
        tell(paragraph(f"{question.name}  {question.text}", hang=2).replace(question.name, strong(question.name), 1))
        tell(paragraph(_standing(place, question, how), 2))
    with watching(tell, terminal=sys.stdout.isatty() and not how.quiet, many=len(asked) > 1) as listen:
        answers = place.run_all(
            asked,
            open_test=how.open_test,
            seed=how.seed,
            exploratory=how.exploratory,
            means=Means(on=how.on, budget=how.budget, mixed=how.mixed, ahead=how.ahead),
            progress=listen,
        )
    for answer in answers:
        if answer is not None and not how.quiet:
            say("\n" + told(as_text(answer, report=near(place.folder(answer) / "report.html"))))
    return answers


def _standing(place: Lab, question: Question, how: Ways) -> str:
    """Under which registration a question runs, or that it runs under none."""
    asked = place.ask(question, open_test=how.open_test, seed=how.seed, exploratory=how.exploratory)
    if asked.study:
        return f"{asked.grade}: study {asked.study['id']}, frozen {asked.study['time']}"
    if how.exploratory:
        return "exploratory, as asked: with seeds of its own, whatever is registered"
    return place.studies.unlike(asked) or "exploratory: not registered"


def _print_script(ctx: typer.Context, lab: Path | None, asked: Sequence[Question]) -> None:
    """The script for this very command; nothing is made and nothing is trained."""
    from whether.cli.page import say
    from whether.execute.slurm import script

    at = named_lab(ctx, lab)
    given = [word for word in sys.argv[1:] if word != "--print"]
    kept = [word for word, before in zip(given, ["", *given], strict=False) if not _is_said(word, before)]
    say(
        script(
            kept,
            name=asked[0].name,
            lab=Path(at or os.environ.get("WHETHER_LAB") or "lab").expanduser().absolute(),
            folder=Path.cwd(),
            environment=Path(sys.prefix) if sys.prefix != sys.base_prefix else None,
        ).rstrip("\n")
    )


def _is_said(word: str, before: str) -> bool:
    """Whether a word of the line is about where to run, which the script says itself."""
    named = ("--on", "--lab")
    return word in named or before in named or word.startswith(tuple(f"{name}=" for name in named))


def _after(lab: Lab, asked: Sequence[Question], answers: Sequence[Answer | None]) -> None:
    """Where the lab is; of several questions also each verdict on one line, and what the budget did not reach."""
    from whether.cli.page import columns, faint, near, say, verdict

    if len(answers) > 1 or None in answers:
        names = _telling(asked)
        rows = [
            (
                name,
                verdict(answer.verdict) if answer else f"open  {faint('beyond the budget; the same command goes on')}",
            )
            for name, answer in zip(names, answers, strict=True)
        ]
        say("\n" + columns(rows) + "\n")
    say(f"Lab     {near(lab.root)}")


def _telling(asked: Sequence[Question]) -> list[str]:
    """The name of each question, with the options in which it differs from others of its name."""
    told = [{key: str(value) for key, value in question.options.items() if value is not None} for question in asked]
    names = []
    for question, options in zip(asked, told, strict=True):
        alike = [other for other, said in zip(told, asked, strict=True) if said.name == question.name]
        differ = [key for key in options if len({other.get(key) for other in alike}) > 1]
        names.append(" ".join([question.name, *(f"{key}={options[key]}" for key in differ)]))
    return names


def _json(answers: Sequence[Answer | None], asked: Sequence[Question]) -> None:
    """One answer as it stands in answer.json; of several a list; what the budget did not reach has no verdict."""
    from whether.cli.page import say, say_json

    if len(answers) == 1 and answers[0] is not None:
        say(answers[0].to_json().rstrip("\n"))
        return
    say_json(
        [
            json.loads(answer.to_json()) if answer else {"name": question.name, "verdict": None}
            for answer, question in zip(answers, asked, strict=True)
        ]
    )


_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(budget: str | None) -> float | None:
    """A budget in device-seconds.

    Raises:
        RequestError: for anything but a number with a unit.

    Example:
        >>> seconds_of("1.5h")
        5400.0
    """
    if budget is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d)", budget.strip())
    if not found or not float(found[1]):
        raise RequestError(
            f"--budget is {budget!r}; expected device-time as a number with a unit, such as 90s, 30min, 2h or 1.5d."
        )
    return float(found[1]) * _UNITS[found[2]]
