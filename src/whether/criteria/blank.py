"""A review to fill in with any editor: TOML with the anchors beside each criterion."""

from __future__ import annotations

import textwrap

from whether.criteria.form import Criterion, Form, Stage, Text
from whether.criteria.recommend import asks_for

WIDTH = 116


def blank(form: Form) -> str:
    """A form as a TOML file in which nothing is answered yet; `whether criteria check` says what is missing.

    Example:
        >>> from whether.criteria.form import load
        >>> print(*blank(load("short")).splitlines()[:2], sep="\\n")
        # Short form: Is it worth asking, well made, and does it follow?
        #
    """
    lines = [
        f"# {form.title}: {form.question}",
        "#",
        *_remark(" ".join(form.preamble)),
        "#",
        *_remark(f"Never a criterion: {' '.join(form.never)}"),
        "#",
        *(
            line
            for answer in form.scales["score"].answers
            for line in _remark(f"{answer.id}: {answer.meaning}", hang=4)
        ),
        "#",
        *_remark(asks_for(form)),
        "",
        "format = 1",
        f'form = "{form.name}"',
        f'version = "{form.version}"',
        'paper = ""  # its number at the venue, or its title',
        'reviewer = ""  # seen by the chairs only',
    ]
    if form.covered:
        lines += ["", *_remark("Times with their zone: 2026-03-02T14:05:00Z. The first is not after the second.")]
        lines += ['design_scored = ""', 'verdict_uncovered = ""']
    for stage in ("design", "result"):
        lines += _stage(form, stage)
    for table, audience, seen in (
        ("to_authors", "authors", "Authors and chairs read this."),
        ("to_chairs", "chairs", "Chairs only read this."),
    ):
        lines += ["", "", f"# {seen}", f"[{table}]"]
        lines += [line for text in form.texts if text.audience == audience for line in _text(text)]
    return "\n".join(lines) + "\n"


def _stage(form: Form, stage: Stage) -> list[str]:
    lines = []
    if form.covered:
        when = "before the verdict is uncovered" if stage == "design" else "after the verdict was uncovered"
        lines = ["", "", f"# ---- Answered {when}. ----"]
    return [*lines, *(line for criterion in form.at(stage) for line in _criterion(form, criterion))]


def _criterion(form: Form, criterion: Criterion) -> list[str]:
    anchors = [
        line
        for answer in form.scale(criterion).ids
        for line in _remark(f"{answer}: {criterion.anchors[answer]}", hang=4)
    ]
    return [
        "",
        *_remark(f"{criterion.id} {criterion.title}. {criterion.ask}"),
        *anchors,
        f"[scores.{criterion.id}]",
        'answer = ""',
        f'evidence = ""  # {criterion.evidence}{"" if criterion.kind == "score" else " If any."}',
        'reason = ""',
    ]


def _text(text: Text) -> list[str]:
    wish = "" if text.needed else " May stay empty."
    choices = [line for name, said in text.choices.items() for line in _remark(f"{name}: {said}", hang=4)]
    return ["", *_remark(f"{text.title}. {text.ask}{wish}"), *choices, f'{text.id} = ""']


def _remark(text: str, hang: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# " + " " * hang, break_on_hyphens=False)
