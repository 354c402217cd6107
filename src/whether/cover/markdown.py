"""A cover sheet as Markdown for a repository: what GitHub renders, and what can be read as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from whether.cover import axis
from whether.cover.page import Item, Page, page
from whether.cover.sheet import CANNOT, NOT_STATED, Sheet

_SPECIAL = re.compile(r"([\\`*_\[\]|~$@])")
_FIRST = re.compile(r"^(\d*)([.)#+=>-])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def markdown(sheet: Sheet) -> str:
    """The sheet as Markdown; every text of people is escaped, so that it is neither markup nor HTML."""
    shown = page(sheet)
    parts: list[Iterable[str]] = [
        _head(shown),
        _answer(shown),
        _axis(shown),
        _caveats(shown),
        *([f"### {part.head}", "", *map(_bullet, part.items)] for part in shown.parts),
        [f"– *Not stated:* {escape(', '.join(shown.missing))}."] if shown.missing else [],
        [f"*Hidden from reviewers:* {escape(', '.join(shown.hidden))}."] if shown.hidden else [],
        ["---", "", _key(shown)],
        [_record(shown)] if _record(shown) else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def escape(text: str) -> str:
    r"""A text of one line in which nothing is markup.

    Example:
        >>> escape("a|b <b> [x](y) 1.5")
        'a\\|b &lt;b&gt; \\[x\\](y) 1.5'
    """
    plain = "".join(_ENTITIES.get(sign, sign) for sign in text)
    marked = _SPECIAL.sub(r"\\\1", plain)
    return _FIRST.sub(r"\1\\\2", marked).replace("://", ":&#8203;//")


def _head(shown: Page) -> list[str]:
    facts = [f"**Cover sheet** · {shown.category}: {shown.asks.lower()}"]
    facts += [escape(shown.items[name].text) for name in ("identifier", "version", "date") if shown.items[name].lines]
    authors = ", ".join(shown.items["authors"].lines)
    contact = shown.items["contact"].text
    return [f"# {escape(shown.title)}", "", " · ".join(facts), *(["", _joined(authors, contact)] if authors else [])]


def _joined(*texts: str) -> str:
    return " · ".join(escape(text) for text in texts if text)


def _answer(shown: Page) -> list[str]:
    lines = [f"> ⚠ **Verification found:** {escape(problem)}" for problem in shown.problems]
    if lines:
        lines.append("")
    if shown.asked.lines:
        lines += [f"## {escape(shown.asked.text)}", ""]
    if shown.verdict:
        verdict = shown.items["verdict"]
        alarm = _alarm(verdict)
        shaky = " (cannot be verified as it stands)" if shown.shaky else ""
        shaky += f" ({escape(shown.whose)})" if shown.whose else ""
        lines += [
            f"**{shown.verdict.upper()}{shaky}.** {verdict.sign} {alarm}{escape(shown.meaning)}{_where(verdict)}",
            "",
        ]
    if "grade" in shown.items:
        grade = shown.items["grade"]
        lines.append(f"- {_said(grade)}")
    return [*lines, f"- **This sheet** {shown.mark_sign} **{shown.mark}**. {shown.mark_said}"]


def _axis(shown: Page) -> list[str]:
    """Each claim as a line of text in a block where nothing is markup."""
    if not shown.axis:
        return [f"*{shown.no_axis}*"] if shown.no_axis else []
    lines = ["```text"]
    for row in shown.axis[: axis.MOST]:
        lines += [_plain(row.said), axis.text_line(row), f"   {_plain(axis.told(row))}: {row.verdict}"]
    return [*lines, "```", "", "`│` smallest size of interest, `●` effect, `├──┤` its interval"]


def shown_at_all(item: Item) -> bool:
    """Whether a field has its line: the limits always, others unless nothing is said."""
    return item.name == "limits" or item.state != NOT_STATED


def _plain(text: str) -> str:
    return text.replace("`", "'")


def _caveats(shown: Page) -> list[str]:
    names = [name for name in ("effect", "limits", "if_yes", "if_no") if name in shown.items]
    return [_bullet(item) for item in map(shown.items.__getitem__, names) if shown_at_all(item)]


def _bullet(item: Item) -> str:
    return f"- {_said(item)}"


def _said(item: Item) -> str:
    told = "<br>".join(map(escape, item.lines)) or ("*not stated*" if item.state == "not stated" else "")
    return f"{item.sign} **{item.label}** {_alarm(item)}{told}{_where(item)}"


def _alarm(item: Item) -> str:
    if item.state != CANNOT:
        return ""
    return f"**cannot verify{': ' + escape(item.note) if item.note else ''}** "


def _where(item: Item) -> str:
    if not item.pointer:
        return ""
    return f" (→ [{escape(item.pointer)}](<{item.link}>))" if item.link else f" (→ {escape(item.pointer)})"


def _record(shown: Page) -> str:
    items = [shown.items[name] for name in ("doi", "digest")]
    return " · ".join(f"{item.label} {escape(item.text)}" for item in items if item.lines)


def _key(shown: Page) -> str:
    told = []
    for key in shown.keys:
        where = f"[{escape(key.pointer)}](<{key.link}>)" if key.link else escape(key.pointer)
        told.append(f"{key.sign} {key.state} ({key.count}): {key.means}{f'; {where}' if where else ''}.")
    return " ".join(told)
