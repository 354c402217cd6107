"""The verb that tries the pipeline itself: `sabotage`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from whether.cli.verbs import NAMES, AsJson, LabPath, RootSeed, Words, open_lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whether.question import Question
    from whether.sabotage import BugFound, Effect, Sabotaged, TruthFound

PANEL = "Read"

WHO = {"control": "a control", "check": "a check", "diverged": "divergence", "work": "the work, which stopped"}


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("sabotage", rich_help_panel=PANEL, epilog=NAMES)(sabotage)


def sabotage(
    ctx: typer.Context,
    words: Words = None,
    *,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Plant truths and published bugs in a question, to see who notices.

    The question is asked again with what decides only, and with fewer replicates unless they are given: as it is; with
    the arms' labels shuffled, where no effect may be found; with an arm that was never trained, where one must be; and
    with each bug that published code has had. What each does to the verdict is told, and what of the answer's page
    would have shown it. All this is trained apart, below work/ of the lab, and nothing of it ever enters the lab.

    Exit code 1 says that a planted truth was not found.
    """
    from dataclasses import asdict

    from whether.cli.live import watching
    from whether.cli.page import complain, paragraph, say, say_json, strong
    from whether.errors import WorkError
    from whether.report.numbers import plural

    question, replicates = _asked(words)
    tell = complain if as_json else say
    tell(paragraph(f"{question.name}  {question.text}", hang=2).replace(question.name, strong(question.name), 1))
    from whether import sabotage as tried  # PyTorch, for which most wrong requests need not wait

    tried.compared(question)
    place = open_lab(ctx, lab, create=True)
    with watching(tell, terminal=sys.stdout.isatty() and not as_json) as listen:
        found = tried.sabotage(place, question, replicates=replicates, seed=seed, progress=listen)
    if as_json:
        say_json(asdict(found) | {"ok": found.ok, "trust": found.trust})
    else:
        say("\n" + "\n".join(_told(found)))
    if not found.ok:
        raise WorkError(f"{plural(len(found.missed), 'planted truth')} not found in {found.name}: {_missed(found)}.")


def _asked(words: Sequence[str] | None) -> tuple[Question, int | None]:
    """The question of a line, and its replicates if the line says how many."""
    from whether.cli.asked import questions, sort_words
    from whether.errors import RequestError

    called, options = sort_words(words)
    if len(called) > 1:
        raise RequestError(f"one question at a time, got {' and '.join(called)}.")
    (question,) = questions(words)
    given = any(word.partition("=")[0] in ("replicates", "looks") for word in options)
    return question, question.replicates if given else None


def _missed(found: Sabotaged) -> str:
    return "; ".join(
        f"{truth.planted}: expected {truth.expected}, found {truth.found} ({truth.claim})" for truth in found.missed
    )


def _told(found: Sabotaged) -> Iterator[str]:
    from whether.cli.page import columns, heading, paragraph, verdict
    from whether.report.numbers import plural

    yield f"{verdict(found.verdict.upper())}  is the honest answer"
    size = (
        f"{found.replicates} of {plural(found.planned, 'replicate')}"
        if found.replicates < found.planned
        else (plural(found.replicates, "replicate"))
    )
    yield f"  {size} · {plural(len(found.arms), 'arm')} · {found.split} split · design {found.design[:12]}"
    yield columns([(verdict(claim.verdict), f"{_effect(claim)}  {claim.claim}") for claim in found.claims])
    yield heading("Planted truths")
    yield columns([_truth(truth) for truth in found.truths])
    yield heading("Published bugs")
    yield columns([row for bug in found.bugs for row in _bug(bug, found)])
    yield heading("How far to trust this pipeline")
    yield paragraph(found.trust, 2)


def _effect(claim: Effect) -> str:
    from whether.report.numbers import decimals_for, limits, number, with_unit

    decimals = decimals_for(claim.low, claim.estimate, claim.high)
    told = with_unit(number(claim.estimate, decimals), claim.unit)
    return f"{told} [{limits(claim.low, claim.high, decimals)}]"


def _truth(truth: TruthFound) -> tuple[str, str, str]:
    from whether.cli.page import faint, strong
    from whether.report.numbers import number, with_unit

    if truth.ok is None:
        return faint("not planted"), truth.planted, f"{truth.claim}: {truth.why_not}"
    effect = "" if truth.effect is None else f" ({with_unit(number(truth.effect, 1), truth.unit)})"
    mark = "found" if truth.ok else strong("NOT FOUND")
    return mark, truth.planted, f"{truth.claim}: expected {truth.expected}, came out {truth.found}{effect}"


def _bug(bug: BugFound, found: Sabotaged) -> Iterator[tuple[str, str]]:
    """A bug's name, and line by line the trap, what came of it, and who noticed."""
    from whether.cli.page import faint

    yield bug.name, bug.trap
    if bug.why_not:
        yield "", faint(f"not applicable: {bug.why_not}")
        return
    yield "", _came(bug, found)
    if not bug.noticed and bug.changed:
        yield "", "noticed by nothing"
    for by in dict.fromkeys(item.by for item in bug.noticed):
        items = [item.said for item in bug.noticed if item.by == by]
        more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
        yield "", f"noticed by {WHO[by]}: {items[0]}{more}"


def _came(bug: BugFound, found: Sabotaged) -> str:
    """The verdict under a bug, and how far each claim's effect moved."""
    from whether.cli.page import verdict
    from whether.report.numbers import listed, number, with_unit

    if not bug.verdict:
        return "no answer"
    told = verdict(bug.verdict) + (f", was {found.verdict}" if bug.flipped else " as before")
    if not bug.changed:
        return f"{told}; not one number is another, so there is nothing to notice"
    moved = [
        f"{'+' if effect.change > 0 else ''}{with_unit(number(effect.change, 2), effect.unit)}"
        f"{' (may be chance)' if effect.change and effect.chance else ''}"
        for effect in bug.effects
    ]
    return f"{told}; {'effects' if len(moved) > 1 else 'effect'} moved by {listed(moved)}"
