"""Review forms for paper and for text: Markdown with boxes to tick, and PDF pages to fill in by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whether.cover.markdown import escape
from whether.criteria.form import Criterion, Form, Stage, Text
from whether.criteria.pages import looks, tone
from whether.criteria.recommend import APART, EVERY, asks_for, exceptions
from whether.report.style import LIGHT

BEFORE, AFTER = "Before the verdict is uncovered", "After the verdict is uncovered"


def markdown(form: Form) -> str:
    """A form as Markdown: nothing that a chair wrote is markup.

    Example:
        >>> from whether.criteria.form import load
        >>> markdown(load("short")).splitlines()[0]
        '# Short form: is it worth asking, well made, and does it follow?'
    """
    plain = handed(form)
    scale = [f"- **{escape(one['label'])}** → {escape(one['leads'])}: {escape(one['text'])}" for one in plain["scale"]]
    blocks = [
        f"# {escape(plain['title'])}",
        f"Review form {escape(form.name)}, version {escape(form.version)}.",
        *map(escape, form.preamble),
        "\n".join([*scale, f"- {escape(plain['evidence'])}"]),
        "## Never a criterion",
        "\n".join(f"- {escape(said)}" for said in form.never),
        "Paper: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_ Reviewer (seen by the chairs only): \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_",
    ]
    for part in plain["parts"]:
        blocks += [f"## {escape(part['head'])}", *map(_criterion, part["criteria"])]
    for group in plain["texts"]:
        blocks += [f"## {escape(group['head'])}", *map(_text, group["texts"])]
    blocks += ["## The rule", *map(escape, plain["rule"])]
    return "\n\n".join(blocks) + "\n"


def pdf(form: Form) -> bytes:
    """A form as PDF pages of A4.

    Raises:
        RequestError: typst is not installed.
    """
    from whether import typeset

    return typeset.pdf(_source(), handed(form))


def pictures(form: Form, *, dpi: int = 110) -> list[bytes]:
    """The same pages as PNG files."""
    from whether import typeset

    return typeset.pictures(_source(), handed(form), dpi=dpi)


def handed(form: Form) -> dict[str, Any]:
    """What both are made of, in plain values."""
    heads: dict[Stage, str] = {"design": f"1 · {BEFORE}", "result": f"2 · {AFTER}" if form.covered else "The criteria"}
    audiences = {"authors": "To the authors", "chairs": "To the chairs only"}
    scored = any(one.kind == "score" for one in form.criteria)
    return {
        "title": f"{form.title}: {form.question[:1].lower()}{form.question[1:]}",
        "name": form.name,
        "version": form.version,
        "preamble": list(form.preamble),
        "never": list(form.never),
        "scale": _scale(form) if scored else [],
        "evidence": asks_for(form),
        "parts": [
            {"head": head, "criteria": [_plain(form, one) for one in form.at(stage)]}
            for stage, head in heads.items()
            if form.at(stage)
        ],
        "texts": [
            {"head": head, "texts": [_asked(one) for one in form.texts if one.audience == audience]}
            for audience, head in audiences.items()
        ],
        "rule": [EVERY, *exceptions(form), APART],
        "colours": dict(LIGHT),
    }


def _scale(form: Form) -> list[dict[str, str]]:
    leads = form.rule.answers["score"]
    return [
        {"label": one.label, "text": one.meaning, "leads": form.rule.labels[leads[one.id]], "tone": tone(one.id)}
        for one in form.scales["score"].answers
    ]


def _plain(form: Form, criterion: Criterion) -> dict[str, Any]:
    return {
        "id": f"Gate {criterion.id}" if criterion.gate else criterion.id,
        "title": criterion.title,
        "ask": criterion.ask,
        "evidence": criterion.evidence,
        "may": criterion.kind != "score",
        "looks": looks(form, criterion),
        "anchors": [
            {"label": one.label, "text": criterion.anchors[one.id], "tone": tone(one.id)}
            for one in form.scale(criterion).answers
        ],
    }


def _asked(text: Text) -> dict[str, Any]:
    choices = [{"label": name, "text": said} for name, said in text.choices.items()]
    return {"title": text.title, "ask": text.ask, "needed": text.needed, "choices": choices}


def _criterion(plain: Mapping[str, Any]) -> str:
    anchors = "\n".join(f"- [ ] **{escape(one['label'])}** {escape(one['text'])}" for one in plain["anchors"])
    return (
        f"### {escape(plain['id'])} {escape(plain['title'])}\n\n{escape(plain['ask'])}\n\n{anchors}\n\n"
        f"Evidence{' if any' if plain['may'] else ''} ({escape(plain['evidence'])}):\n\nReason:"
    )


def _text(plain: Mapping[str, Any]) -> str:
    lines = [f"### {escape(plain['title'])}{'' if plain['needed'] else ' (if any)'}", escape(plain["ask"])]
    if plain["choices"]:
        lines.append("\n".join(f"- [ ] **{escape(one['label'])}** {escape(one['text'])}" for one in plain["choices"]))
    return "\n\n".join(lines)


def _source() -> str:
    from importlib.resources import files

    return files("whether.criteria").joinpath("templates", "form.typ").read_text(encoding="utf-8")
