"""What an author is given to fill in: a TOML file with every question, and the same as one page for any browser."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from whether.cover.fields import CATEGORIES, FIELDS, GROUPS, Field, fields_of
from whether.report.look import stylesheet, templates

_HEAD = """\
A cover sheet for work that was not done in this lab. Fill in what you know, then: whether cover THIS-FILE
A text: title = "…"; several: authors = ["…", "…"].
A text with its place: runs = { text = "…", pointer = "section 3" }.
What is said needs a place where a reader can look: a page, a section, a figure, an address. What only you can
say (title, declarations) needs none. Where nobody can say what is needed, write "not stated".
"""
_SOURCE = "Where everything stands that names no place of its own: an address. Places of fields are looked for there."
_CLAIMS = """\
The claims that decide, each on the axis of the verdict: take the signs # away; a table for each claim.
Effects are turned so that positive supports the claim. kind: exceeds (is it larger than size?), not_worse
(is it above minus size?), same (is it within plus and minus size?), below and above (does a mean lie there?
size is the bound). The verdict must follow from the interval. level is the error on either side: 0.025 of a
95 % interval.
"""
CLAIM = """\
# [[claim]]
# said = "tickets at 7 % of the weights are at most one point worse than the dense network"
# kind = "not_worse"
# verdict = "yes"
# estimate = -0.23
# low = -0.45
# high = -0.01
# size = 1.0
# unit = "points"
# level = 0.025"""


def blank(category: str) -> str:
    """The TOML file to fill in: every field of a category with its question and an example.

    Raises:
        RequestError: there is no such category.
    """
    parts, group = [f'{_comment(_HEAD)}\n\ncategory = "{category}"', f'{_comment(_SOURCE)}\nsource = ""'], ""
    for name, item in fields_of(category).items():
        if name == "category":
            continue
        if item.group != group:
            group = item.group
            parts.append(f"# --- {GROUPS[item.group]} ---")
        parts.append(_entry(name, item))
    if category != "artifact":
        parts += [_comment(_CLAIMS), CLAIM]
    return "\n\n".join(parts) + "\n"


def form_page() -> str:
    """The form as one HTML file that needs neither a server nor a network: it saves what `whether cover FILE` reads."""
    told = json.dumps(_told(), ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
    return (
        templates("whether.cover")
        .get_template("form.html.j2")
        .render(
            told=told,
            categories=CATEGORIES,
            groups=GROUPS,
            fields=FIELDS,
            style=stylesheet("whether.cover", "form.css"),
            script=_file("form.js"),
        )
    )


def own_word(field: Field) -> bool:
    """Whether a field needs no place to look: only its author can say it, or it says what the work is."""
    return field.fill == "hand" or field.group == "identity"


def _entry(name: str, item: Field) -> str:
    many = f", at most {item.items} items" if item.many else ""
    needed = "Needed. " if item.needed else ""
    asked = _comment(f"{item.ask} {needed}At most {item.most} characters{many}.")
    return f"{asked}\n{_comment(f'Such as: {item.example}')}\n{name} = {'[]' if item.many else chr(34) * 2}"


def _comment(text: str) -> str:
    return "\n".join(
        textwrap.fill(line, 110, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        for line in text.strip().splitlines()
    )


def _told() -> dict[str, Any]:
    """What the page's script needs to know of the fields."""
    return {
        name: {
            "label": item.label,
            "most": item.most,
            "items": item.items,
            "many": item.many,
            "needed": item.needed,
            "categories": list(item.categories),
            "own": own_word(item),
            "plain": item.group in ("identity", "declarations", "reading"),
        }
        for name, item in FIELDS.items()
    }


def _file(name: str) -> str:
    from importlib.resources import files

    return files("whether.cover").joinpath("templates", name).read_text(encoding="utf-8")
