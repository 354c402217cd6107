"""What an author is given to fill in: a TOML file with every question, and the same as one page for any browser."""

from __future__ import annotations

from typing import Any

from whether.cover.fields import CATEGORIES, FIELDS, GROUPS, Field, fields_of
from whether.cover.linked import in_script
from whether.cover.questions import comment, questions
from whether.cover.words import SHAPES
from whether.report.look import stylesheet, templates

_HEAD = """\
A cover sheet for work that was not done in this lab. Fill in what you know, then: whether cover THIS-FILE
A text: title = "…"; several: authors = ["…", "…"].
A text with its place: runs = { text = "…", pointer = "section 3" }.
What is said needs a place where a reader can look: a page, a section, a figure, an address. What only you can \
say (title, declarations) needs none. Where nobody can say what is needed, write "not stated".
"""
_SOURCE = "Where everything stands that names no place of its own: an address. Places of fields are looked for there."
_CLAIMS = """\
The claims that decide, each on the axis of the verdict: take the signs # away; a table for each claim.
Effects are turned so that positive supports the claim. kind: exceeds (is it larger than size?), not_worse \
(is it above minus size?), same (is it within plus and minus size?), below and above (does a mean lie there? \
size is the bound). The verdict must follow from the interval. level is the error on either side: 0.025 of a \
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
    known = fields_of(category)
    parts = [f'{comment(_HEAD)}\n\ncategory = "{category}"', f'{comment(_SOURCE)}\nsource = ""']
    parts += questions([name for name in known if name != "category"], strict=True)
    if "verdict" in known:
        parts += [comment(_CLAIMS), CLAIM]
    return "\n\n".join(parts) + "\n"


def form_page() -> str:
    """The form as one HTML file that needs neither a server nor a network: it saves what `whether cover FILE` reads."""
    return (
        templates("whether.cover")
        .get_template("form.html.j2")
        .render(
            told=in_script(_told()),
            categories=CATEGORIES,
            groups=GROUPS,
            fields=FIELDS,
            style=stylesheet("whether.cover", "form.css"),
            script=script("whether.cover"),
        )
    )


def own_word(field: Field) -> bool:
    """Whether a field needs no place to look: only its author can say it, or it says what the work is."""
    return field.fill == "hand" or field.group == "identity"


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
            "shape": list(SHAPES.get(name, ())),
            "plain": item.group in ("identity", "declarations", "reading"),
        }
        for name, item in FIELDS.items()
    }


def script(package: str) -> str:
    """What all forms do (`saving.js`), then what the form of a package does (`form.js` of its templates)."""
    from importlib.resources import files

    parts = (("whether.cover", "saving.js"), (package, "form.js"))
    return "\n".join(files(one).joinpath("templates", name).read_text(encoding="utf-8") for one, name in parts)
