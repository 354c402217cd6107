"""The verb `cover`: the cover sheet of an answer, or of work done elsewhere."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.files import check_folder, text_of
from whether.cli.sheets import EXPECTED, Found, found_words, rendered, to_keep
from whether.cli.verbs import AsJson, LabPath, OpenTest, RootSeed, Words, open_lab
from whether.errors import DamageError, RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.answer import Answer
    from whether.cover.asked import Ask
    from whether.cover.hand import Hand
    from whether.cover.hand import Words as Said
    from whether.cover.sheet import Sheet
    from whether.lab import Lab

PANEL = "Tell"
FOLDER, BLIND = "cover", "cover-blind"
_FILES = (".toml", ".json")


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("cover", rich_help_panel=PANEL)(cover)


def cover(
    ctx: typer.Context,
    words: Words = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", show_default=False, help="Where to; else beside the answer."),
    ] = None,
    ask: Annotated[
        bool | None,
        typer.Option("--ask/--no-ask", show_default=False, help="Ask for what is missing; else in a terminal only."),
    ] = None,
    blank: Annotated[
        bool, typer.Option("--blank", help="Write a file with all questions, to be filled in an editor.")
    ] = False,
    form: Annotated[bool, typer.Option("--form", help="Write the form for work done elsewhere, as a page.")] = False,
    blind: Annotated[bool, typer.Option("--blind", help="Leave out who made it.")] = False,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """The cover sheet: on one page what is claimed, how far to trust it.

    NAME alone means its newest answer, with options the answer to exactly that, nothing or @last the last one run.
    Every field is computed anew from the evidence; the exit code is 3 when some of it is damaged. What its author has
    to say stands in NAME.cover.toml, beside the question, and is kept with the answer.

    Of work done elsewhere: FILE.toml makes its sheet, --blank science (or engineering, artifact) writes that file with
    all questions, --form the same as a page that needs no server.
    """
    given = list(words or [])
    if form or (blank and len(given) == 1 and _is_category(given[0])):
        _write_form(given, to, page=form)
    elif len(given) == 1 and given[0].endswith(_FILES):
        of_answers = {"--ask": ask, "--blank": blank, "--open-test": open_test, "--seed": seed}
        if strange := " ".join(option for option, value in of_answers.items() if value):
            raise RequestError(f"{given[0]} makes its sheet by itself; leave out {strange}, which are about answers.")
        _elsewhere(Path(given[0]), to, blind=blind, as_json=as_json)
    else:
        place = open_lab(ctx, lab, create=False)
        try:
            answer = _answer(place, given, open_test=open_test, seed=seed)
        except RequestError as error:
            raise _no_category(given, error) if blank and len(given) == 1 else error from None
        if blank:
            _write_blank(place, answer, given)
            return
        here = sys.stdin.isatty() and sys.stdout.isatty()
        asking = not as_json and (here if ask is None else ask)
        _of_answer(place, answer, given, to, ask=asking, blind=blind, as_json=as_json)


def _of_answer(
    place: Lab,
    answer: Answer,
    given: list[str],
    to: Path | None,
    *,
    ask: bool,
    blind: bool,
    as_json: bool,
) -> None:
    from whether.cli.page import complain, near, say

    at = place.store.answers.open(answer.name, answer.digest)
    found = found_words(at, answer, given)
    if found.remark:
        complain(f"note: {found.remark}")
    if to is not None:
        check_folder(to)
    hand = _ask(place, answer, found) if ask else found.hand
    sheet = place.cover(answer, hand)
    sheet = sheet.blind() if blind else sheet
    if as_json:
        say(sheet.to_json().rstrip("\n"))
    else:
        files, remark = rendered(sheet)
        folder = BLIND if blind else FOLDER
        if to is None:
            for name, raw in to_keep(at, hand).items():
                at.write(name, raw)
            paths = [at.write(f"{folder}/{name}", raw) for name, raw in files.items()]
        else:
            paths = [_put(to / name, raw) for name, raw in files.items()]
        _show(sheet, paths, remark, f"{near(found.file)}, or with --ask")
    if sheet.problems:
        raise typer.Exit(DamageError.exit_code)


def _write_blank(place: Lab, answer: Answer, given: list[str]) -> None:
    from whether.cli.page import complain, near, say
    from whether.cover import asked

    folder = place.store.answers.open(answer.name, answer.digest)
    found = found_words(folder, answer, given)
    if found.remark:
        complain(f"note: {found.remark}")
    file, hand = found.file, replace(found.here, answer=folder.name)
    _put(file, asked.blank(found.text, hand, place.cover(answer)).encode())
    say(f"{near(file)}: fill it in an editor, then: whether cover {' '.join(given) or '@last'}")


def _answer(place: Lab, given: list[str], *, open_test: bool, seed: int) -> Answer:
    """The answer that is meant. A damaged one is told of, too, where its name says which it is."""
    from whether.answer import Answer as Read
    from whether.cli import asked

    try:
        return asked.answer(place, given, open_test=open_test, seed=seed)
    except DamageError:
        named = [word for word in given if word != asked.LAST]
        if len(named) > 1 or open_test or seed:
            raise
        name = _plain_name(named[0]) if named else ""
        latest = place.store.answers.latest()
        folders = place.store.answers.find(name) if name else [latest] if latest is not None else []
        raw = folders[0].read("answer.json") if folders else None
        if raw is None:
            raise
        try:
            return Read.from_json(raw.decode())
        except (ValueError, TypeError, KeyError):
            pass
        raise


def _plain_name(word: str) -> str:
    from whether.catalogue.find import find, is_file

    return find(word).name if is_file(word) else word


def _ask(place: Lab, answer: Answer, found: Found) -> Hand:
    """Ask for what is missing, field by field; each is kept at once, so that stopping loses nothing."""
    from whether.cli.page import faint, near, paragraph, say
    from whether.cover import asked

    folder = place.store.answers.open(answer.name, answer.digest)
    file, hand = found.file, replace(found.here, answer=folder.name)
    sheet = place.cover(answer, hand)
    drafts, asks = asked.drafts_of(place.cover(answer)), asked.to_ask(sheet, hand)
    if not asks:
        return found.hand
    how = (
        f"Enter skips, or confirms what is drafted ({asked.SKIP} leaves it open). {asked.BACK} goes back. "
        "Ctrl-C stops; what was said is kept."
    )
    say(faint(paragraph(f"{len(asks)} fields are for you to fill; they are kept in {near(file)}. {how}")))
    said = [hand]

    def keep(name: str, words: Said) -> None:
        before, text = said[0], text_of(file, EXPECTED) if file.exists() else None
        more = {name: words}
        _put(file, asked.kept(text, before, more, drafts).encode())
        said[0] = before.saying(more)

    asked.ask_all(asks, _put_question, keep, lambda problem: say(paragraph(problem, 2)))
    return said[0] if file.exists() else found.hand


def _put_question(one: Ask, before: Sequence[str]) -> list[str]:
    """Show a question, and what was typed before, and read what is typed now."""
    from whether.cli.page import columns, faint, paragraph, say, strong
    from whether.cover.asked import BACK, SKIP, names_in

    say(f"\n{strong(one.head)}")
    say(paragraph(one.question, 2))
    shown = [(faint("drafted" if one.draft else "such as"), faint(one.draft or one.field.example))]
    say(columns([*shown, *((faint("typed"), line) for line in before)]))
    lines = [_typed(before[0] if before else "")]
    while one.field.many and lines[-1].strip() not in ("", SKIP, BACK) and len(lines) < one.field.items:
        lines.append(_typed(before[len(lines)] if len(before) > len(lines) else ""))
    apart = names_in(lines) if one.name == "authors" else []
    if len(apart) > len([line for line in lines if line.strip()]):
        say(paragraph(f"{len(apart)} authors: {' · '.join(apart)}? Enter says yes, n leaves it as it was typed.", 2))
        return lines if _typed().strip().lower().startswith("n") else apart
    return lines


def _typed(before: str = "") -> str:
    """A line, typed; what was typed before stands there to be changed, where the terminal can do that."""
    try:
        import readline
    except ImportError:
        return str(typer.prompt(">", default="", show_default=False, prompt_suffix=" "))
    readline.set_startup_hook(lambda: readline.insert_text(before))
    try:
        return str(typer.prompt(">", default="", show_default=False, prompt_suffix=" "))
    finally:
        readline.set_startup_hook()


def _elsewhere(file: Path, to: Path | None, *, blind: bool, as_json: bool) -> None:
    from whether.cli.page import near, say
    from whether.cover.elsewhere import read

    stem = file.stem.removesuffix(".cover")
    folder = to or file.with_name(f"{stem}-{BLIND if blind else FOLDER}")
    check_folder(folder)
    sheet = read(text_of(file, EXPECTED), file.name)
    sheet = sheet.blind() if blind else sheet
    if as_json:
        say(sheet.to_json().rstrip("\n"))
        return
    files, remark = rendered(sheet)
    if any((folder / name).resolve() == file.resolve() for name in files):
        raise RequestError(f"{near(file)} would be written over by its own sheet; name another folder: --to FOLDER")
    _show(sheet, [_put(folder / name, raw) for name, raw in files.items()], remark)


def _is_category(word: str) -> bool:
    from whether.cover.fields import CATEGORIES

    return word in CATEGORIES


def _no_category(given: list[str], error: RequestError) -> RequestError:
    """What `--blank WORD` is told where the word is neither a category nor a question."""
    from whether.cover.fields import CATEGORIES
    from whether.errors import unknown

    told = unknown("category", given[0], CATEGORIES, "Their files are for work done elsewhere.")
    return RequestError(*told.problems, *(f"Nor is it an answer of this lab: {one}" for one in error.problems))


def _write_form(given: list[str], to: Path | None, *, page: bool) -> None:
    from whether.cli.page import near, say
    from whether.cover.fields import CATEGORIES
    from whether.cover.form import blank, form_page
    from whether.errors import unknown

    if len(given) > 1 or (given and given[0] not in CATEGORIES):
        raise unknown("category", " ".join(given), CATEGORIES, "The form has all of them; name none, or one.")
    folder = to or Path()
    check_folder(folder)
    if page:
        path = _put(folder / "cover-form.html", form_page().encode())
        say(f"{near(path)}: open it in any browser; it makes the file for: whether cover FILE.toml")
        return
    path = folder / "work.toml"
    if path.exists():
        raise RequestError(f"{near(path)} exists and was left as it is; name another folder: --to FOLDER")
    _put(path, blank(given[0]).encode())
    say(f"{near(path)}: fill it in an editor, then: whether cover {near(path)}")


def _show(sheet: Sheet, paths: list[Path], remark: str, where: str = "") -> None:
    """Say what is on a sheet and where it stands; `where` is what is missing to be said, if anything can be."""
    from whether.cli.page import complain, near, paragraph, say, verdict, width
    from whether.cover.filled import missing
    from whether.cover.text import short

    head, *lines = short(sheet, width())
    say(f"{verdict(sheet.verdict.upper())}  {head}" if sheet.verdict else head)
    say("\n".join(lines))
    lacking = missing(sheet) if where else []
    if lacking:
        say("\n" + paragraph(f"Not stated: {', '.join(lacking)}. Say it in {where}."))
    if sheet.problems:
        say("\nVerification found damage:")
        say("\n".join(paragraph(f"- {problem}", 2, hang=2) for problem in sheet.problems))
    others = ", ".join(path.suffix for path in paths if path.name != "cover.html")
    page = next((path for path in paths if path.name == "cover.html"), paths[0])
    say(f"\nSheet  {near(page)} ({others})")
    if remark:
        complain(remark)


def _put(path: Path, raw: bytes) -> Path:
    from whether.store.publish import replace

    replace(path, raw, what=str(path))
    return path
