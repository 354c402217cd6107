"""Verbs about categories and criteria: `criteria show · check · form · export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from whether.cli import exporting
from whether.cli.files import text_of, write_new
from whether.cli.verbs import AsJson
from whether.errors import RequestError, unknown

if TYPE_CHECKING:
    from whether.cover.sheet import Sheet
    from whether.criteria.form import Criterion, Form
    from whether.criteria.review import Review


class Subverbs(TyperGroup):
    """The verbs after a verb; a wrong one is told the nearest."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the parser passes it
        """Write each verb with its whole first sentence."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, (verb.help or "").partition("\n")[0]) for name, verb in self.commands.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb."""
        if args[0] not in self.commands:
            raise self._unknown(args[0])
        return super().resolve_command(ctx, args)

    def _unknown(self, word: str) -> RequestError:
        from whether.criteria.form import NAMES

        if word in NAMES:
            return RequestError(f"what about {word}? To read it: whether criteria show {word}")
        return unknown(f"verb of {self.name}", word, self.commands, f"`whether {self.name} -h` tells what each does.")


app = typer.Typer(cls=Subverbs, rich_markup_mode=None, subcommand_metavar="VERB ...")


def add_to(parent: typer.Typer) -> None:
    """Make these verbs part of the command line."""
    parent.add_typer(app, name="criteria", rich_help_panel="Tell")


@app.callback(invoke_without_command=True)
def front(ctx: typer.Context) -> None:
    """The criteria of each category, forms to review with, their checks.

    Alone it lists the categories. A criteria file of your own may stand wherever a category may.
    """
    if ctx.invoked_subcommand is None:
        _overview()


@app.command("show")
def show(
    category: Annotated[str, typer.Argument(metavar="[CATEGORY]", hidden=True)] = "",
    criterion: Annotated[str, typer.Argument(metavar="[CRITERION]", hidden=True)] = "",
    as_json: AsJson = False,
) -> None:
    """Print a category's criteria, or one criterion with its anchors.

    CATEGORY is science, engineering or artifact; gate, which all share and which is all that an annex is asked; short,
    for workshops; or a criteria file of your own. CRITERION is the id of one: S1.
    """
    from dataclasses import asdict

    from whether.cli.page import say_json
    from whether.criteria.form import NAMES, load

    if not category:
        say_json([_brief(load(name)) for name in NAMES]) if as_json else _overview()
        return
    if not criterion and (found := _form_of(category)):
        category, criterion = found, category.upper()
    form = load(category)
    if criterion and criterion.upper() not in form.ids:
        raise unknown(f"criterion of {form.name}", criterion, form.ids)
    one = form[criterion.upper()] if criterion else None
    if as_json:
        say_json(asdict(one or form))
    elif one:
        _print_criterion(form, one)
    else:
        _print_form(form, category)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", hidden=True)],
    form: Annotated[
        str,
        typer.Option("--form", metavar="FILE", show_default=False, help="The form it was filled in with, if your own."),
    ] = "",
    authors: Annotated[bool, typer.Option("--authors", help="Print what its authors read, as TOML.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a filled review, or a criteria file of your own.

    FILE is TOML, or the JSON that a form in the browser saves. Of a review it is told what is missing, or which
    recommendation follows from its answers, and why.
    """
    from whether.criteria.form import load
    from whether.criteria.review import for_authors, is_review, read_review

    text = text_of(file, "a filled review or a criteria file")
    if not is_review(text):
        if form or authors:
            raise RequestError(f"{file} is a criteria file; {'--form' if form else '--authors'} belongs to a review.")
        _print_checked(file, load(Path(file)), as_json=as_json)
        return
    review, known = read_review(text, str(file), form or None)
    if authors:
        from whether.cli.page import say

        say((for_authors(review).to_json() if as_json else for_authors(review).to_toml()).rstrip("\n"))
        return
    _print_recommendation(file, review, known, as_json=as_json)


@app.command("form")
def form_(
    category: Annotated[str, typer.Argument(metavar="CATEGORY", hidden=True)],
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet", metavar="cover.json", show_default=False, help="A cover sheet to stand in the page, covered."
        ),
    ] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Leave out of the sheet who made it.")] = False,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where to write.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a review form: HTML, Markdown, PDF, and TOML to fill in.

    The HTML page needs no server: it is filled in in a browser and saves a review that `whether criteria check` reads.
    """
    from whether.cli.page import complain, near, say, say_json
    from whether.criteria.blank import blank
    from whether.criteria.form import load
    from whether.criteria.pages import form_page
    from whether.criteria.pages_text import markdown

    known = load(category)
    if blind and sheet is None:
        raise RequestError("--blind is about a cover sheet; name it: --sheet cover.json")
    shown = _sheet(sheet, known, blind=blind) if sheet else None
    texts = {".html": form_page(known, shown), ".md": markdown(known), ".toml": blank(known)}
    made = {ending: text.encode("utf-8", "replace") for ending, text in texts.items()}
    printed, note = _pdf(known)
    made |= {".pdf": printed} if printed else {}
    paths = write_new(to, {f"review-{known.name}{ending}": raw for ending, raw in made.items()})
    if as_json:
        say_json({"form": known.name, "version": known.version, "files": [str(path) for path in paths]})
    else:
        for path in paths:
            say(near(path))
    if note:
        complain(note)


exporting.add_to(app)


def _form_of(word: str) -> str:
    """The first form that has a criterion of this id; empty if none, or if a file has this name."""
    from whether.criteria.form import NAMES, load

    return "" if word in NAMES else next((name for name in NAMES if word.upper() in load(name).ids), "")


def _sheet(path: Path, form: Form, *, blind: bool) -> Sheet:
    from whether.cover.reading import read_sheet

    sheet = read_sheet(text_of(path, exporting.EXPECTED), str(path))
    if form.category and form.category != sheet.category:
        raise RequestError(
            f"{path} is a sheet of the category {sheet.category}, and the form {form.name} judges {form.category}. Its "
            f"form: whether criteria form {sheet.category} --sheet {path}"
        )
    return sheet.blind() if blind else sheet


def _pdf(form: Form) -> tuple[bytes, str]:
    """The form as PDF; without typst the others are written all the same, and a note says what is missing."""
    from whether.criteria.pages_text import pdf

    try:
        return pdf(form), ""
    except RequestError as error:
        return b"", f"No PDF was written: {error}"


def _brief(form: Form) -> dict[str, Any]:
    titles = {one.id: one.title for one in form.criteria}
    return {"name": form.name, "title": form.title, "question": form.question, "criteria": titles}


def _overview() -> None:
    from whether.cli.page import columns, faint, heading, say, strong
    from whether.criteria.form import NAMES, load

    say("By what a work is judged: its category's criteria, and a gate that all share.")
    for name in NAMES:
        form = load(name)
        own = [one for one in form.criteria if not one.gate or not form.category]
        say(f"{heading(name)}  {form.question}")
        say(columns([(strong(one.id), one.title) for one in own]))
    say()
    say(faint("One of them: whether criteria show science S1 · to review with: whether criteria form science"))


def _print_form(form: Form, called: str) -> None:
    from whether.cli.page import columns, faint, heading, paragraph, say, strong
    from whether.criteria.recommend import explain

    say(f"{strong(form.title)}: {form.question}  {faint(f'form {form.name}, version {form.version}')}")
    for said in form.preamble:
        say("\n" + paragraph(said))
    after = "After it is uncovered" if form.covered else "The criteria"
    for criteria, head in ((form.at("design"), "Before the verdict is uncovered"), (form.at("result"), after)):
        if criteria:
            say(heading(head))
            say(columns([(strong(one.id), one.title, one.ask) for one in criteria]))
    say(heading("Never a criterion"))
    say("\n".join(paragraph(f"- {said}", 2, hang=2) for said in form.never))
    say(heading("The rule"))
    say("\n".join(paragraph(line, 2, hang=2) if line else "" for line in explain(form).splitlines()))
    say()
    say(faint(f"With its anchors: whether criteria show {called} {form.ids[-1]}"))


def _print_criterion(form: Form, one: Criterion) -> None:
    from whether.cli.page import columns, heading, paragraph, say, strong
    from whether.criteria.pages import looks

    say(f"{strong(f'{one.id} {one.title}')}  {form.title}, version {form.version}")
    say("\n" + paragraph(one.ask))
    say(heading("Anchors"))
    say(columns([(strong(answer.label), one.anchors[answer.id]) for answer in form.scale(one).answers]))
    say()
    rows = [("evidence", one.evidence), ("on the sheet", looks(form, one) or "nothing in particular")]
    if form.covered:
        rows.append(("when", f"{'before' if one.stage == 'design' else 'after'} the verdict is uncovered"))
    leads = ", ".join(
        f"{answer.label} → {form.rule.labels[form.rule.outcome(one, answer.id)]}" for answer in form.scale(one).answers
    )
    say(columns([*rows, ("leads to", leads)]))


def _print_checked(file: Path, form: Form, *, as_json: bool) -> None:
    from whether.cli.page import say, say_json

    if as_json:
        say_json({"file": str(file), **_brief(form), "version": form.version})
        return
    say(f"{file}: in order. The form {form.name}, version {form.version}: {', '.join(form.ids)}.")
    say("Every answer has its anchor, and no better answer leads to a worse recommendation.")


def _print_recommendation(file: Path, review: Review, form: Form, *, as_json: bool) -> None:
    from dataclasses import asdict

    from whether.cli.page import columns, faint, paragraph, say, say_json, strong
    from whether.criteria.recommend import HEADS, recommend
    from whether.report.numbers import clean

    made, scores = recommend(form, review.answers), review.scores
    if as_json:
        said = {"file": str(file), "paper": review.paper, "form": form.name, "version": form.version}
        words = {one.criterion: scores[one.criterion].reason for one in made.reasons if one.criterion in scores}
        say_json(said | asdict(made) | {"sentences": list(made.sentences), "in_words": words})
        return
    say(f"{strong(made.label)}  {clean(review.paper)} by the form {form.name}, version {form.version}")
    say("\n" + paragraph(made.meaning))
    for reason in made.reasons:
        say("\n" + paragraph(f"{HEADS[reason.outcome]}: {reason.sentence}", 2, hang=2))
        own = scores.get(reason.criterion)
        rows = [("the reviewer", clean(own.reason)), ("evidence", clean(own.evidence))] if own else []
        say(
            columns([*((faint(head), told) for head, told in rows if told), (faint("anchor"), reason.anchor)], indent=4)
        )
