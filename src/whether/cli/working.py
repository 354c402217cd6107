"""The verb that works: `run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from whether.cli.verbs import NAMES, AsJson, LabPath, OpenTest, RootSeed, Sweeps, Words, open_lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.answer import Answer
    from whether.lab import Lab
    from whether.question import Question

PANEL = "Answer"


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("run", rich_help_panel=PANEL, epilog=NAMES)(run)


def run(
    ctx: typer.Context,
    words: Words = None,
    *,
    sweeps: Sweeps = None,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Train what is missing, then answer and report."""
    from whether.cli.asked import questions

    asked = questions(words, sweeps)
    place = open_lab(ctx, lab, create=True)
    if len(asked) > 1:  # what is wrong with the last question should not wait until the first is answered
        place.plan(*asked, open_test=open_test, seed=seed)
    answers = [_answer(place, question, open_test=open_test, seed=seed, quiet=as_json) for question in asked]
    if as_json:
        _json(answers)
    else:
        _after(place, answers)


def _answer(lab: Lab, question: Question, *, open_test: bool, seed: int, quiet: bool) -> Answer:
    from whether.cli.live import watching
    from whether.cli.page import complain, near, paragraph, say, strong, told
    from whether.report.text import as_text

    tell = complain if quiet else say
    tell(paragraph(f"{question.name}  {question.text}", hang=2).replace(question.name, strong(question.name), 1))
    with watching(tell, terminal=sys.stdout.isatty() and not quiet) as listen:
        answer = lab.run(question, open_test=open_test, seed=seed, progress=listen)
    if not quiet:
        say("\n" + told(as_text(answer, report=near(lab.folder(answer) / "report.html"))))
    return answer


def _after(lab: Lab, answers: Sequence[Answer]) -> None:
    """Where the lab is; of several questions also each verdict on one line."""
    from whether.cli.page import columns, near, say, verdict

    if len(answers) > 1:
        names = _telling(answers)
        say(
            "\n"
            + columns([(name, verdict(answer.verdict)) for name, answer in zip(names, answers, strict=True)])
            + "\n"
        )
    say(f"Lab     {near(lab.root)}")


def _telling(answers: Sequence[Answer]) -> list[str]:
    """The name of each answer's question, with the options in which they differ."""
    values: dict[str, set[str | None]] = {}
    for answer in answers:
        for key in answer.options:
            values.setdefault(key, {other.options.get(key) for other in answers})
    differ = [key for key, seen in values.items() if len(seen) > 1]
    return [
        " ".join([answer.name, *(f"{key}={answer.options[key]}" for key in differ if key in answer.options)])
        for answer in answers
    ]


def _json(answers: Sequence[Answer]) -> None:
    """One answer as it stands in answer.json; of several a list."""
    import json

    from whether.cli.page import say, say_json

    if len(answers) == 1:
        say(answers[0].to_json().rstrip("\n"))
    else:
        say_json([json.loads(answer.to_json()) for answer in answers])
