"""A sheet in a few lines for the terminal: what is claimed, each field's state, and a line of what it says."""

from __future__ import annotations

import textwrap

from whether.cover.axis import found, needs, text_line
from whether.cover.fields import FIELDS, GROUPS
from whether.cover.page import SIGNS, cut
from whether.cover.sheet import CANNOT, DECLARED, HIDDEN, NOT_STATED, VERIFIED, AxisRow, Sheet
from whether.report.numbers import clean

LEGEND = f"{SIGNS[VERIFIED]} verified now   {SIGNS[DECLARED]} declared   – not stated   {SIGNS[CANNOT]} cannot verify"
_SHOWN = ("question", "offer", "verdict")


def short(sheet: Sheet, columns: int = 100) -> list[str]:
    """The question, the axis of each claim, and a line for each field that says something.

    Args:
        sheet: what is told.
        columns: how wide lines may be.
    """
    asked = next((sheet.fields[name].text for name in ("question", "offer") if name in sheet.fields), "")
    first = clean(asked) or clean(sheet.fields["title"].text)
    lines = [*(textwrap.wrap(first, columns - 6) or [""]), f"  {sheet.mark} · {sheet.category}", f"  {LEGEND}"]
    for row in sheet.axis:
        if row.low is not None or row.high is not None or row.estimate is not None:
            lines += ["", *(_claim(row, columns) if len(sheet.axis) > 1 else []), f"  {text_line(row)}"]
    hidden = [FIELDS[name].label for name, said in sheet.fields.items() if said.note == HIDDEN]
    group, wide = "", max(len(FIELDS[name].label) for name in sheet.fields) + 2
    for name, said in sheet.fields.items():
        if not said.text and said.state == NOT_STATED:
            continue
        if FIELDS[name].group != group:
            group = FIELDS[name].group
            lines += ["", f"  {GROUPS[FIELDS[name].group]}"]
        told = cut(_one_line(name, said.text), 2 * (columns - wide - 6)) if said.state != CANNOT else clean(said.note)
        lead = f"  {SIGNS[said.state]} {FIELDS[name].label:<{wide}}"
        lines += textwrap.wrap(
            told, columns, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
        )
    return [*lines, *(["", *_wrapped(f"Hidden from reviewers: {', '.join(hidden)}.", columns)] if hidden else [])]


def _claim(row: AxisRow, columns: int) -> list[str]:
    """What a claim says and its numbers, over its axis."""
    return _wrapped(f"{row.verdict}: {clean(row.said)}: {found(row)}; a yes needs it {needs(row)}", columns)


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _one_line(name: str, text: str) -> str:
    """A list with signs between its items: names are parted by commas."""
    return (", " if name == "authors" else "; ").join(filter(None, map(clean, text.split("\n"))))
