"""Verbs that freeze what is asked: `register`, `amend`, `deviate`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whether.cli.verbs import NAMES, AsJson, LabPath, OpenTest, Words, open_lab
from whether.errors import RequestError

if TYPE_CHECKING:
    from whether.lab import Lab
    from whether.question import Question
    from whether.registration import Study
    from whether.stamp import Witness
    from whether.studies import Draft, Stamp

PANEL = "Ask"
Pilot = Annotated[
    str,
    typer.Option(
        "--pilot",
        metavar="ANSWER",
        help="Where a spread comes from that no claim states: an answer's folder in answers/, newest, or none.",
    ),
]
Underpowered = Annotated[
    bool,
    typer.Option("--underpowered", help="Register although a yes or a no would often be missed; every page says so."),
]
Uncontrolled = Annotated[
    bool,
    typer.Option("--uncontrolled", help="Register without a positive and a negative control; every page says so."),
]


def add_to(app: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    app.command("register", rich_help_panel=PANEL, epilog=NAMES)(register)
    app.command("amend", rich_help_panel=PANEL, epilog=NAMES)(amend)
    app.command("deviate", rich_help_panel=PANEL)(deviate)


def register(
    ctx: typer.Context,
    words: Words = None,
    *,
    title: Annotated[str, typer.Option("--title", help="Of the study; by default the questions' texts.")] = "",
    notes: Annotated[str, typer.Option("--notes", help="Exploratory notes, in your words.")] = "",
    budget: Annotated[str, typer.Option("--budget", help="What it may cost, in your words.")] = "",
    pilot: Pilot = "newest",
    underpowered: Underpowered = False,
    uncontrolled: Uncontrolled = False,
    authority: Annotated[
        str,
        typer.Option(
            "--authority",
            envvar="WHETHER_AUTHORITY",
            metavar="URL",
            help="A time stamping authority (RFC 3161): the study is then confirmatory.",
        ),
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option("--authority-certificate", metavar="FILE", help="Its root certificate.")
    ] = None,
    tag: Annotated[
        str, typer.Option("--git-tag", metavar="NAME", help="Or a signed git tag that is pushed to origin.")
    ] = "",
    open_test: OpenTest = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Freeze a study of one or several questions before its runs.

    What decides is checked (gates), entered in the ledger with a nonce, and gives the seeds of all its runs; `whether
    run` with the same names then runs it as registered.
    """
    from whether.cli.asked import questions
    from whether.cli.page import say_json

    asked = questions(words)
    stamp = _stamp(authority, certificate, tag)
    place = open_lab(ctx, lab, create=True)
    waived = _waived(underpowered=underpowered, uncontrolled=uncontrolled)
    drafts = _drafts(place, asked, open_test=open_test, pilot=pilot, waived=waived)
    if not as_json:
        for draft in drafts:
            _show_draft(draft)
        _refuse(drafts)
    study = place.studies.register(drafts, title=title, notes=notes, budget=budget, stamp=stamp)
    _draw(place, study)
    if as_json:
        say_json(_plain(study))
        return
    _show_study(study)
    _go_on(study, words or [])


def _go_on(study: Study, words: Sequence[str]) -> None:
    from whether.cli.page import complain, say

    line = " ".join(dict.fromkeys(str(item["source"]) for item in study.questions.values()))
    options = " ".join(word for word in words if "=" in word)
    say(f"\nTo answer it: whether run {line} {options}".rstrip())
    if any(gate["waived"] for item in study.questions.values() for gate in item["gates"]):
        complain("note: it was registered against a gate; every page will say so")


def amend(
    ctx: typer.Context,
    words: Words = None,
    *,
    because: Annotated[str, typer.Option("--because", help="Why, in a sentence.")] = "",
    study: Annotated[str, typer.Option("--study", metavar="ID", help="Which study, where several have it.")] = "",
    pilot: Pilot = "newest",
    underpowered: Underpowered = False,
    uncontrolled: Uncontrolled = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Change a registered question before a look at it; its seeds stay.

    NAME k=v is the question as it shall be from now on. What has changed, when and why is in the ledger and on every
    page.
    """
    from whether.cli.asked import questions
    from whether.cli.page import columns, say, say_json

    asked = questions(words)
    if len(asked) != 1:
        raise RequestError(f"one question at a time, got {len(asked)}.")
    place = open_lab(ctx, lab, create=False)
    found, name = place.studies.named(asked[0].name, study)
    open_test = found.questions[name]["split"] == "test"
    waived = _waived(underpowered=underpowered, uncontrolled=uncontrolled)
    (draft,) = _drafts(place, asked, open_test=open_test, pilot=pilot, waived=waived)
    changed = place.studies.amend(found, draft, because)
    if as_json:
        say_json({"study": found.digest, "question": name, "changed": changed, "because": because})
        return
    say(f"Amended {name} in study {found.id}; its seeds stay.\n")
    say(columns([("·", line) for line in changed]))


def deviate(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", hidden=True)],
    *,
    what: Annotated[str, typer.Option("--what", help="What was done otherwise than registered.")] = "",
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="KIND", help="unforeseen, mistake, missing, assumption or auxiliary."),
    ] = "",
    because: Annotated[str, typer.Option("--because", help="Why, in a sentence.")] = "",
    effect: Annotated[
        str,
        typer.Option("--effect", help="On how severely the claims are tested: lower, unchanged, higher or unknown."),
    ] = "unknown",
    study: Annotated[str, typer.Option("--study", metavar="ID", help="Which study, where several have it.")] = "",
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Record what was done otherwise than registered, and why."""
    from whether.catalogue.find import find, is_file
    from whether.cli.page import near, say, say_json

    place = open_lab(ctx, lab, create=False)
    found, own = place.studies.named(find(name).name if is_file(name) else name, study)
    place.studies.deviate(found, own, what=what, reason=reason, because=because, effect=effect)
    again = place.retell(found, own)
    if as_json:
        say_json({"study": found.digest, "question": own, "told_again": again is not None})
        return
    say(f"Entered in the ledger for {own}, study {found.id}.")
    if again is not None:
        say(f"Its page says so now: {near(place.folder(again) / 'report.html')}")


def _waived(*, underpowered: bool, uncontrolled: bool) -> frozenset[str]:
    from whether.gates import ANSWERABLE, CONTROLS

    return frozenset(name for name, given in ((ANSWERABLE, underpowered), (CONTROLS, uncontrolled)) if given)


def _stamp(authority: str, certificate: Path | None, tag: str) -> Stamp | None:
    """Whom to ask outside, from the options; None for nobody."""
    if authority and tag:
        raise RequestError("--authority and --git-tag: one witness from outside is enough; leave one out.")
    if certificate is not None and not authority:
        raise RequestError("--authority-certificate goes with --authority URL (or WHETHER_AUTHORITY).")
    if authority:
        return partial(_by_authority, authority, certificate)
    return partial(_by_tag, tag) if tag else None


def _by_authority(authority: str, certificate: Path | None, digest: bytes) -> tuple[Witness, list[str]]:
    from whether.stamp import stamp_at

    found = stamp_at(authority, digest, certificate=certificate)
    return found, found.check(certificate)


def _by_tag(tag: str, digest: bytes) -> tuple[Witness, list[str]]:
    from whether.stamp import seen_outside, tag_commit

    found = tag_commit(Path.cwd(), tag, digest)
    return found, [*found.check(), *seen_outside(found)]


def _drafts(
    place: Lab, asked: Sequence[Question], *, open_test: bool, pilot: str, waived: frozenset[str]
) -> list[Draft]:
    from whether.cli.live import counting
    from whether.drafting import draft

    made = []
    for question in asked:
        with counting(f"rehearsals of {question.name}") as progress:
            made.append(
                draft(place.store, question, open_test=open_test, pilot=pilot, waived=waived, progress=progress)
            )
    return made


def _refuse(drafts: Sequence[Draft]) -> None:
    """What is refused, in short: why stands in the table of gates above it."""
    wrong = [
        RequestError(f"{draft.frozen['name']} is not registered: {' and '.join(names)} not passed; see above.")
        for draft in drafts
        if (names := [gate["name"] for gate in draft.frozen["gates"] if not gate["passed"] and not gate["waived"]])
    ]
    if wrong:
        raise RequestError.join(wrong)


def _show_draft(draft: Draft) -> None:
    from whether.cli.page import columns, faint, heading, say, strong

    frozen = draft.frozen
    say(f"{strong(frozen['name'])}  {frozen['text']}")
    say(heading("Gates"))
    rows = []
    for gate in frozen["gates"]:
        mark = "passed" if gate["passed"] else "waived" if gate["waived"] else "NOT PASSED"
        rows.append((mark, gate["name"], faint(gate["message"])))
    say(columns(rows))
    curve = frozen["answerable"]
    if curve:
        say(heading("Chances") + faint("  of a yes where it is true, of a no where it is not"))
        table = [("replicates", "yes", "no")]
        table += [
            (str(n), f"{yes:.2f}", f"{no:.2f}")
            for n, yes, no in zip(curve["n"], curve["yes"], curve["no"], strict=True)
        ]
        say(columns(table))
        say(faint(f"  spread: {frozen['planned']['sd']}"))
    say()


def _show_study(study: Study) -> None:
    from whether.cli.page import columns, faint, say, strong

    witness = study.witness or {}
    by = f"{witness['by']}, {witness['time']}" if witness else "this lab's ledger alone"
    shows = (
        "nobody can have seen a run before this time"
        if witness
        else "a lab can be deleted and a design reworded, and nobody outside would know"
    )
    say(f"Registered as study {strong(study.id)} ({study.grade})")
    say(
        columns(
            [
                ("ledger", f"entry {study.entry}, {study.time}"),
                ("digest", study.digest),
                ("seeds", faint(f"from {study.root.hex}, which nobody knew before")),
                ("witness", f"{by}: {shows}"),
                *(("", faint(remark)) for remark in study.remarks),
            ]
        )
    )


def _draw(place: Lab, study: Study) -> None:
    """The picture of the chances, beside where the answer will be."""
    from whether.report.answerable_figure import answerable
    from whether.report.style import png, svg

    for name, asked in study.questions.items():
        if asked["answerable"]:
            figure = answerable(asked["answerable"], power=asked["power"], chosen=asked["replicates"])
            folder = place.answer_folder(study, name)
            folder.write("figures/answerable.svg", svg(figure))
            folder.write("figures/answerable.png", png(figure))


def _plain(study: Study) -> dict[str, Any]:
    return {
        "study": study.digest,
        "grade": study.grade,
        "entry": study.entry,
        "time": study.time,
        "seed": study.root.hex,
        "witness": study.witness,
        "document": study.document,
    }
