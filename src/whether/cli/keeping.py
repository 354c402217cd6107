"""Verbs that keep a lab in order: `verify`, `clean`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, named_lab, open_lab

PANEL = "Keep"


def add_to(app: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    app.command("verify", rich_help_panel=PANEL)(verify)
    app.command("clean", rich_help_panel=PANEL)(clean)


def verify(
    ctx: typer.Context,
    bundle: Annotated[Path | None, typer.Argument(metavar="BUNDLE", show_default=False, hidden=True)] = None,
    *,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--authority-certificate",
            metavar="FILE",
            show_default=False,
            help="Check tokens of a time stamping authority up to this root.",
        ),
    ] = None,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte and chain, and that answers follow from runs.

    Of the lab; or of BUNDLE, which `whether bundle` wrote, or its unpacked folder: that needs no lab, and runs none of
    its code. The exit code is 3 when damage is found.
    """
    from dataclasses import asdict

    from whether import store
    from whether.audit import audit
    from whether.cli.live import counting
    from whether.cli.page import near, paragraph, say, say_json
    from whether.errors import DamageError
    from whether.report.numbers import plural

    if bundle is not None:
        _verify_bundle(bundle, named_lab(ctx, lab), certificate, as_json=as_json)
        return
    place = open_lab(ctx, lab, create=False)
    seen = [0]
    with counting("files") as shown:

        def progress(done: int, of: int) -> None:
            seen[0] = done
            shown(done, of)

        findings = store.verify(place.store, progress)
    with counting("answers concluded anew") as told:
        findings += audit(place.store, told, certificate=certificate)
    if as_json:
        say_json({"lab": str(place.root), "files": seen[0], "findings": [asdict(finding) for finding in findings]})
    elif not findings:
        checked = f"{plural(seen[0], 'file')} and the ledger checked, every answer concluded anew"
        say(f"{near(place.root)}: all is well; {checked}")
    else:
        say(f"{near(place.root)}: {plural(len(findings), 'finding')}\n")
        for finding in findings:
            say(f"  {finding.place}")
            say(paragraph(f"{finding.what} {finding.remedy}", 4))
    if findings:
        raise typer.Exit(DamageError.exit_code)


def _verify_bundle(path: Path, lab: Path | None, certificate: Path | None, *, as_json: bool) -> None:
    from whether.bundle.archive import opened
    from whether.bundle.check import look
    from whether.cli.bundling import show_checked
    from whether.cli.live import counting
    from whether.errors import DamageError, RequestError

    if lab is not None:
        raise RequestError(f"a bundle is checked by itself, or a lab: leave out {path}, or --lab {lab}.")
    with opened(path) as bundle, counting("files") as progress:
        checked = look(bundle, progress, certificate=certificate)
    show_checked(path, checked, as_json=as_json)
    if checked.findings:
        raise typer.Exit(DamageError.exit_code)


def clean(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; otherwise only tell what would go.")] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Drop trained states that no answer needs.

    Numbers and answers always stay. Without --yes it only tells what would go.
    """
    from whether import store
    from whether.cli.page import near, say, say_json, size
    from whether.inquiry import rests_on
    from whether.report.numbers import plural

    place = open_lab(ctx, lab, create=False)
    if yes:
        place = open_lab(ctx, lab, create=True)  # which sees that it can be written to
    answers = [answer for _, answer in place.answers(all_whole=True)]
    needed = {name for answer in answers for run in answer.table for name in rests_on(place.store, run)}
    freed = store.clean(place.store, needed, dry_run=not yes)
    if as_json:
        say_json({"lab": str(place.root), "files": freed.files, "bytes": freed.bytes, "done": yes})
        return
    what = f"{plural(freed.files, 'file')}, {size(freed.bytes)}"
    if not freed.files:
        say(f"{near(place.root)}: nothing to drop; every state that stands is one that an answer names")
    elif yes:
        say(f"{near(place.root)}: dropped {what}")
    else:
        say(f"{near(place.root)}: would drop {what}: trained states that no answer names, and leftovers.")
        say("Records and answers stay; what is dropped is trained again should it be needed.")
        say("To do it: whether clean --yes")
