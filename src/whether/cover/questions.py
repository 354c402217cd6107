"""The questions of a sheet as lines of a TOML file: each field's as comments, then what is said of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from whether.cover.fields import FIELDS, GROUPS
from whether.cover.words import Words, in_toml
from whether.report.numbers import clean

CONFIRMED = "confirmed"
"""What an author writes in a drafted field that needs nothing added."""


def questions(
    names: Iterable[str],
    said: Mapping[str, Words] | None = None,
    drafts: Mapping[str, str] | None = None,
    *,
    strict: bool = False,
) -> list[str]:
    """Fields in the order of the page under the heads of their groups, to be parted by empty lines.

    Args:
        names: of the fields.
        said: what is said in some of them.
        drafts: what the evidence says of some of them.
        strict: whether the file is refused without the fields that a sheet needs, so that these say so.
    """
    wanted, parts, group = set(names), [], ""
    for name, item in FIELDS.items():
        if name not in wanted:
            continue
        if item.group != group:
            group = item.group
            parts.append(f"# --- {GROUPS[item.group]} ---")
        parts.append(question(name, (said or {}).get(name), (drafts or {}).get(name, ""), strict=strict))
    return parts


def question(name: str, words: Words | None = None, draft: str = "", *, strict: bool = False) -> str:
    """One field: what is asked, what is drafted or an example, and what is said."""
    item = FIELDS[name]
    needed = "Needed. " if strict and item.needed else ""
    lines = [comment(f"{item.ask} {needed}At most {item.most} characters{f', {item.items} items' * item.many}.")]
    lines.append(comment(f"Drafted: {clean(draft)}" if draft else f"Such as: {item.example}"))
    if draft and item.fill == "half":
        lines.append(comment(f'Write "{CONFIRMED}", or what is to be added.'))
    return "\n".join([*lines, f"{name} = {in_toml(item, words)}"])


def comment(text: str) -> str:
    """Lines of TOML that say something to people."""
    return "\n".join(
        textwrap.fill(line, 110, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        for line in text.strip().splitlines()
    )
