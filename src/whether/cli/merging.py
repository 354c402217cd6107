"""Verbs that merge labs: `push`, `pull`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, open_lab

if TYPE_CHECKING:
    from whether.store import Finding, Merged
    from whether.store.reach import Side

PANEL = "Keep"

Url = Annotated[str, typer.Argument(metavar="URL", hidden=True)]
PLACES = (
    "URL is the folder of a lab, or one elsewhere that fsspec reaches: s3://bucket/lab, ssh://host/home/me/lab. What "
    "stands there stays as it is; what is missing is carried over and checked. `whether push` makes a lab of an empty "
    "place, `whether pull` makes the lab here if there is none. What is in work/ stays where it is."
)


def add_to(app: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    app.command("push", rich_help_panel=PANEL, epilog=PLACES)(push)
    app.command("pull", rich_help_panel=PANEL, epilog=PLACES)(pull)


def push(ctx: typer.Context, url: Url, lab: LabPath = None, as_json: AsJson = False) -> None:
    """Carry what this lab has over to another.

    The exit code is 3 when something damaged was left out.
    """
    from whether import store

    here = open_lab(ctx, lab, create=False).store
    there = store.lab_at(url, create=True, named="whether push", apart=here.root)
    _merge(store.Near(here), there, "there", as_json)


def pull(ctx: typer.Context, url: Url, lab: LabPath = None, as_json: AsJson = False) -> None:
    """Carry over what another lab has.

    The exit code is 3 when something damaged was left out.
    """
    from whether import store

    there = store.lab_at(url, create=False, named="whether pull")  # first: a wrong address makes no lab
    _merge(there, store.Near(open_lab(ctx, lab, create=True).store), "here", as_json)


def _merge(source: Side, target: Side, where: str, as_json: bool) -> None:
    from dataclasses import asdict

    from whether import store
    from whether.cli.live import counting
    from whether.cli.page import say_json
    from whether.errors import DamageError

    with counting("pieces") as progress:
        merged = store.merge(source, target, progress)
    if as_json:
        say_json({"from": source.name, "to": target.name, **asdict(merged)})
    else:
        _tell(merged, source, target, where)
    if merged.damaged or merged.damaged_there:
        raise typer.Exit(DamageError.exit_code)


def _tell(merged: Merged, source: Side, target: Side, where: str) -> None:
    from whether.cli.page import columns, faint, say

    say(f"{_near(source)} → {_near(target)}\n")
    say(columns([(word, text or faint("nothing new")) for word, text in _rows(merged, where)], gap=3))
    _tell_damage(f"Damaged in {_near(source)}", merged.damaged)
    _tell_damage(f"Damaged in {_near(target)}", merged.damaged_there)


def _rows(merged: Merged, where: str) -> Iterator[tuple[str, str]]:
    from whether.cli.page import size
    from whether.report.numbers import plural

    pieces = [
        plural(count, noun)
        for count, noun in ((merged.records, "record"), (merged.states, "state"), (merged.profiles, "profile"))
        if count
    ]
    yield "carried over", ", ".join([*pieces, size(merged.bytes)]) if pieces else ""
    if merged.alike:
        yield "alike", f"{plural(merged.alike, 'piece')} that both had, with the same result"
    if merged.other_bits:
        some = ", ".join(digest[:12] for digest in merged.other_bits[:4]) + ", …" * (len(merged.other_bits) > 4)
        count = plural(len(merged.other_bits), "piece")
        yield "other bits", f"{count} with another result {where}, which stands: {some}"
    if merged.held:
        yield "held back", f"{plural(merged.held, 'piece')} made from what is not {where} to the bit"
    yield "ledger", _ledger(merged)
    if merged.answers:
        yield "answers", plural(merged.answers, "answer")
    if merged.left:
        runs = ", ".join(f"`whether run {name}`" for name in dict.fromkeys(merged.left))
        unknown = f"{plural(len(merged.left), 'answer')} of which the ledger {where} knows nothing"
        yield "left", f"{unknown}: {runs} concludes again {where}, and nothing is trained for it"


def _ledger(merged: Merged) -> str:
    from whether.report.numbers import plural

    if merged.adopted:
        return f"{plural(merged.adopted, 'entry', 'entries')} adopted: the two ledgers went different ways"
    return plural(merged.entries, "entry", "entries") if merged.entries else ""


def _tell_damage(title: str, findings: list[Finding]) -> None:
    from whether.cli.page import heading, paragraph, say

    if findings:
        say(heading(title))
    for finding in findings:
        say(f"  {finding.place}")
        say(paragraph(f"{finding.what} {finding.remedy}", 4))


def _near(side: Side) -> str:
    from whether.cli.page import near
    from whether.store import Near

    return near(side.store.root) if isinstance(side, Near) else side.name
