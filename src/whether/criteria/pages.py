"""Review forms as static HTML: a file that loads nothing, filled in in a browser, that saves a review as JSON or TOML.

It says while one writes what is missing and what recommendation follows. Where the form covers the verdict, what comes
after it stays locked until the design is scored and these scores are confirmed.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from whether.cover.fields import FIELDS, fields_of, for_chairs
from whether.cover.form import script
from whether.cover.linked import in_script
from whether.criteria.form import ORDER, Criterion, Form
from whether.criteria.recommend import APART, EVERY, HEADS, asks_for, exceptions
from whether.criteria.review import FORMAT
from whether.criteria.review_checks import NOWHERE
from whether.report.look import stylesheet, templates

if TYPE_CHECKING:
    from whether.cover.sheet import Sheet


def form_page(form: Form, sheet: Sheet | None = None) -> str:
    """A form as one HTML page.

    Args:
        form: what is asked.
        sheet: the cover sheet of what is reviewed, to stand in the page; its verdict is covered at first if the form
            covers it. That is a curtain and no safe: the page holds the verdict, out of sight.
    """
    environment = templates("whether.criteria")
    environment.globals.update(looks=looks, tone=tone)
    return environment.get_template("form.html.j2").render(
        form=form,
        parts=[(stage, form.at(stage)) for stage in ("design", "result") if form.at(stage)],
        exceptions=exceptions(form),
        evidence=asks_for(form),
        every=EVERY,
        apart=APART,
        style=stylesheet("whether.criteria", "form.css") + (_sheet_style() if sheet else ""),
        sheet=_fragment(sheet, covered=form.covered) if sheet else "",
        paper=_called(form, sheet) if sheet else "",
        script=script("whether.criteria"),
        data=in_script(told(form, sheet)),
    )


def told(form: Form, sheet: Sheet | None = None) -> dict[str, Any]:
    """What the page's script knows of a form, in plain values."""
    uncovered = _fragment(sheet, covered=False) if sheet and form.covered else ""
    return {
        "format": FORMAT,
        "form": form.name,
        "version": form.version,
        "covered": form.covered,
        "order": list(ORDER),
        "outcomes": {way: [form.rule.labels[way], form.rule.meanings[way], HEADS[way]] for way in ORDER},
        "nowhere": sorted(NOWHERE),
        "criteria": {one.id: _criterion(form, one) for one in form.criteria},
        "texts": {one.id: [one.title, one.audience, one.needed] for one in form.texts},
        "uncovered": base64.b64encode(uncovered.encode()).decode(),
    }


def looks(form: Form, criterion: Criterion) -> str:
    """The fields of the cover sheet that speak of a criterion, by their labels, as far as they can be seen then.

    Those that are hidden where the authors are stand apart, as the chairs see to them.
    """
    fields = fields_of(form.category) if form.category else FIELDS
    covered = criterion in form.at("design")
    seen = [name for name in criterion.look if name in fields and (fields[name].before or not covered)]
    return ". ".join(filter(None, (" · ".join(fields[name].label for name in seen), for_chairs(seen).rstrip("."))))


def tone(answer: str) -> str:
    """The role of an answer's colour in `style.LIGHT`."""
    return {"sound": "yes", "yes": "yes", "fixable": "alarm", "not_supported": "no", "no": "no"}.get(
        answer, "inconclusive"
    )


def _criterion(form: Form, criterion: Criterion) -> dict[str, Any]:
    answers = form.scale(criterion).answers
    best = max(one.rank for one in answers)
    instead = form.rule.instead.get(criterion.id, {})
    return {
        "title": criterion.title,
        "design": form.covered and criterion.stage == "design",
        "evidence": criterion.kind == "score",
        "labels": {one.id: one.label for one in answers},
        "leads": {one.id: form.rule.outcome(criterion, one.id) for one in answers},
        "why": {answer: way.why for answer, way in instead.items()},
        "reason": [one.id for one in answers if one.rank < best],
    }


def _called(form: Form, sheet: Sheet) -> str:
    """How the paper is called; a title can give the verdict away."""
    said = sheet.fields.get("identifier" if form.covered else "title")
    return said.text if said else ""


def _fragment(sheet: Sheet, *, covered: bool) -> str:
    from whether.cover.render import fragment

    return fragment(sheet, covered=covered)


def _sheet_style() -> str:
    from whether.cover.render import style

    return style()
