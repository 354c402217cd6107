"""The verb that hands forms and sheets to places of review: `criteria export`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.files import text_of, write_new
from whether.cli.verbs import AsJson
from whether.errors import RequestError, unknown

if TYPE_CHECKING:
    from whether.cover.sheet import Sheet
    from whether.criteria.form import Form

PLACES = ("openreview", "hotcrp")
VALUES = "values"
TARGETS = (*PLACES, "citation")
EXPECTED = "a cover sheet, cover.json; `whether cover NAME` writes one"


def add_to(app: typer.Typer) -> None:
    """Make this verb part of `whether criteria`."""
    app.command("export")(export)


def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", hidden=True)],
    path: Annotated[Path, typer.Argument(metavar="FOLDER or SHEET", hidden=True)],
    *,
    categories: Annotated[
        str,
        typer.Option(
            "--categories", metavar="A,B", help="The venue's categories, or criteria files of your own. [all]"
        ),
    ] = "",
    short: Annotated[bool, typer.Option("--short", help="The short form, for workshops, for all categories.")] = False,
    target: Annotated[
        str,
        typer.Option("--for", metavar="PLACE", help="Of values: openreview, hotcrp or citation (CITATION.cff)."),
    ] = "",
    blind: Annotated[bool, typer.Option("--blind", help="Of values: without what says who made it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export the forms to a place of review, or the values of a sheet to fill one in.

    WHAT is openreview or hotcrp: FOLDER then gets the forms of a venue there and a README with the steps that a chair
    takes. Nobody is called. Or WHAT is values: what SHEET, a cover.json, says is printed as --for wants it.
    """
    if what == VALUES:
        if categories or (short and target != "hotcrp"):
            option, of = ("--categories", "forms") if categories else ("--short", "forms and to values for hotcrp")
            raise RequestError(f"{option} belongs to {of}; the values of a sheet are those of its own category")
        _print_values(path, target, blind=blind, short=short, as_json=as_json)
        return
    if what not in PLACES:
        raise unknown("export", what, (*PLACES, VALUES), "Such as: whether criteria export openreview FOLDER")
    if target or blind:
        raise RequestError(
            f"{'--for' if target else '--blind'} belongs to values: whether criteria export values SHEET --for {what}"
        )
    _write(path, _files(what, _forms(categories, short=short)), what, as_json=as_json)


def _forms(categories: str, *, short: bool) -> Mapping[str, Form]:
    """The form by which each category of the venue is reviewed."""
    from whether.criteria.form import load
    from whether.exports.asked import checked_categories

    words = [word.strip() for word in categories.split(",") if word.strip()]
    own = [load(Path(word)) for word in words if word.endswith(".toml")]
    bare = [form.name for form in own if not form.category]
    if bare:
        raise RequestError(
            f'the criteria of {", ".join(bare)} say no category; write category = "science" (or another) in the file'
        )
    named = [word for word in words if not word.endswith(".toml")]
    if short and own:
        raise RequestError("--short is a form by itself; name categories with it, not criteria files")
    if "short" in named:
        raise RequestError("the short form is asked for by --short; it serves the categories that --categories names")
    names = checked_categories(named) if named or not own else ()
    forms = {name: load("short" if short else name) for name in names}
    twice = {form.category for form in own} & forms.keys()
    if twice or len({form.category for form in own}) < len(own):
        raise RequestError(f"a category has two forms: {', '.join(sorted(twice or {form.category for form in own}))}")
    forms |= {form.category: form for form in own}
    return {name: forms[name] for name in checked_categories(list(forms))}


def _files(place: str, forms: Mapping[str, Form]) -> dict[str, str]:
    from whether.exports import hotcrp, openreview

    return openreview.files(forms) if place == "openreview" else hotcrp.files(forms)


def _write(folder: Path, files: Mapping[str, str], place: str, *, as_json: bool) -> None:
    from whether.cli.page import say, say_json

    paths = write_new(folder, {name: text.encode() for name, text in files.items()})
    if as_json:
        say_json({"place": place, "written": [str(path) for path in paths]})
        return
    for path in paths:
        say(str(path))
    say(f"Nobody was called. {folder / 'README.md'} tells the next step.")


def _print_values(path: Path, target: str, *, blind: bool, short: bool, as_json: bool) -> None:
    from whether.cli.page import complain, say, say_json
    from whether.cover.reading import read_sheet
    from whether.exports.asked import too_long

    if target not in TARGETS:
        if not target:
            raise RequestError(f"for which place? Add --for {', --for '.join(TARGETS)}")
        raise unknown("place", target, TARGETS, "It says for whom values are printed.")
    sheet = read_sheet(text_of(path, EXPECTED), str(path))
    if target == "citation":
        from whether.exports.citation import citation

        text = citation(sheet.blind() if blind else sheet)
        say_json({"CITATION.cff": text}) if as_json else say(text.rstrip("\n"))
        return
    say_json(_values(target, short=short)(sheet, blind))
    for sentence in too_long(sheet):
        complain(sentence)


def _values(place: str, *, short: bool) -> Callable[[Sheet, bool], object]:
    from whether.exports import hotcrp, openreview

    if place == "openreview":
        return lambda sheet, blind: openreview.submission_values(sheet, blind=blind)
    return lambda sheet, blind: hotcrp.submission_values(sheet, blind=blind, covered=short or None)
