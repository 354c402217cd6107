"""What stands where on the page of a cover sheet, in plain values: HTML, PDF, Markdown and LaTeX all show this.

Texts are cleaned and cut to what a page has room for; the whole of each is in `cover.json`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whether.cover.axis import MOST
from whether.cover.fields import CATEGORIES, FIELDS, GROUPS, fields_of
from whether.cover.sheet import CANNOT, DECLARED, HIDDEN, NOT_STATED, VERIFIED, AxisRow, Said, Sheet, State
from whether.report.numbers import clean

SIGNS: Mapping[State, str] = {VERIFIED: "●", DECLARED: "○", NOT_STATED: "–", CANNOT: "⚠"}
MEANS: Mapping[State, str] = {
    VERIFIED: "computed anew from the evidence",
    DECLARED: "somebody says so, and where to look",
    NOT_STATED: "nothing is said",
    CANNOT: "ought to be computed, and could not be",
}
MARKS: Mapping[State, str] = {
    VERIFIED: "All numbers were computed anew from its records; none was trained again.",
    DECLARED: "Declared by whoever filled it in; nothing was computed anew.",
    CANNOT: "Do not rely on it as it stands.",
}
WHOSE = "as declared"
ON_AXIS = "as drawn above, claim by claim"
NO_AXIS = "No axis: no claim is stated with its interval and the smallest size that would matter."
POINTER = 40
"""Characters of a pointer that are shown; links lead to the whole."""
_HEAD = ("title", "authors", "contact", "category", "identifier", "version", "date")
_TOP = (*_HEAD, "question", "offer", "if_yes", "if_no", "verdict", "effect", "limits", "grade")
_FOOT = ("doi", "digest")
_NONE = {True: "Offered for use; it claims no answer.", False: "None is stated."}
_PROBLEMS, _SHARED = 3, 3
_LONG_WORD = 24
_LINK = re.compile(r"https?://[^\s<>\"'\\^`{|}]+")
_DOI = re.compile(r"(?:doi:\s*)?(10\.\d{4,9}/[^\s<>\"'\\^`{|}]+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One field as it is shown.

    Attributes:
        sign, word: its state, for the eye and for the ear.
        lines: what it says; several are a list.
        pointer: where to look; empty where the page tells it once for many. `link` is its address, if it is one.
        note: what is the matter with it.
    """

    name: str
    label: str
    state: State
    sign: str
    word: str
    lines: Sequence[str]
    pointer: str = ""
    link: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """All of it on one line."""
        return "; ".join(self.lines)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Fields under one head."""

    name: str
    head: str
    items: Sequence[Item]


@dataclass(frozen=True, kw_only=True)
class Key:
    """A state: how many fields have it, what it means, and where most of them point to."""

    state: State
    sign: str
    count: int
    means: str
    pointer: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        asks: what its category asks.
        title: or what stands for it.
        asked: the field with the question, or with what an artifact offers.
        items: every field, by its name.
        parts: those that stand in columns below the answer.
        verdict: "yes", "no", "inconclusive", or empty; `word` what stands large, `meaning` what it means, `whose` that
            it is its authors' own, where nothing was computed anew.
        mark, mark_said: how far the sheet as a whole is known; `shaky` is one that cannot be verified.
        keys: the states that occur.
        missing: labels of what is not stated; `hidden` of what is said, but not to reviewers.
        no_axis: why there is no axis, where there might be one.
        covered: whether the answer is hidden.
    """

    category: str
    asks: str
    title: str
    asked: Item
    items: Mapping[str, Item]
    parts: Sequence[Part]
    verdict: str
    word: str
    meaning: str
    whose: str
    mark: State
    mark_sign: str
    mark_said: str
    shaky: bool
    keys: Sequence[Key]
    missing: Sequence[str]
    hidden: Sequence[str]
    problems: Sequence[str]
    no_axis: str
    axis: Sequence[AxisRow]
    covered: bool


def page(sheet: Sheet, *, covered: bool = False) -> Page:
    """Lay a sheet out.

    Args:
        sheet: what is shown.
        covered: without the answer and whatever may give it away.
    """
    names = [name for name in fields_of(sheet.category) if not covered or FIELDS[name].before]
    told = {name: sheet.fields.get(name, Said(state=NOT_STATED)) for name in names}
    common = _common(told)
    items = {name: _item(name, said, common) for name, said in told.items()}
    if _on_axis(sheet) and "effect" in items:
        items["effect"] = replace(items["effect"], lines=[_means(sheet.fields["effect"].value) or ON_AXIS])
    verdict = "" if covered else sheet.verdict
    return Page(
        category=sheet.category,
        asks=CATEGORIES[sheet.category],
        title="Covered" if covered else _title(items),
        asked=items["offer" if sheet.category == "artifact" else "question"],
        items=items,
        parts=_parts(items, sheet.category),
        verdict=verdict,
        word=verdict.capitalize() or ("Artifact" if sheet.category == "artifact" else "No verdict"),
        meaning=_meaning(items["verdict"].text, verdict) if verdict else _NONE[sheet.category == "artifact"],
        whose=WHOSE if verdict and sheet.mark == DECLARED else "",
        mark=sheet.mark,
        mark_sign=SIGNS[sheet.mark],
        mark_said=MARKS[sheet.mark],
        shaky=sheet.mark == CANNOT and not covered,
        keys=_keys(items, common),
        missing=[item.label for item in items.values() if _is_missed(item)],
        hidden=[item.label for item in items.values() if item.note == HIDDEN],
        problems=[] if covered else _problems(sheet.problems),
        no_axis=NO_AXIS if verdict and not sheet.axis else "",
        axis=[] if covered else list(sheet.axis),
        covered=covered,
    )


def _on_axis(sheet: Sheet) -> bool:
    """Whether the axis shows all that the effect says, as it does of an answer of this lab."""
    stands = "effect" in sheet.fields and sheet.fields["effect"].state == VERIFIED
    return sheet.made_by == "whether" and stands and 0 < len(sheet.axis) <= MOST


def _means(value: Any) -> str:
    """The means of the arms that the claims compare, where the effect has them: what the differences are made of."""
    means = value.get("means") if isinstance(value, Mapping) else None
    if not isinstance(means, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in means):
        return ""
    told = f"mean {value.get('measure') or 'value'} of " + "; ".join(f"{arm}: {mean}" for arm, mean in means)
    return cut(told, FIELDS["effect"].most) if means else ""


def _title(items: Mapping[str, Item]) -> str:
    return items["title"].text or items["identifier"].text or "Without a title"


def _is_missed(item: Item) -> bool:
    """Whether a field says nothing and a reader would ask for it. The limits have their place in any case."""
    asked = FIELDS[item.name].needed or FIELDS[item.name].group in ("trust", "evidence")
    return item.state == NOT_STATED and item.note != HIDDEN and item.name != "limits" and asked


def link(pointer: str) -> str:
    """The address that a pointer begins with, if it is one that a reader can follow; else nothing.

    Example:
        >>> link("https://example.org/a, section 2"), link("10.1234/abc"), link("javascript:alert(1)")
        ('https://example.org/a', 'https://doi.org/10.1234/abc', '')
    """
    if found := _LINK.match(pointer.strip()):
        return found[0].rstrip(".,;:)")
    if found := _DOI.match(pointer.strip()):
        return f"https://doi.org/{found[1].rstrip('.,;:)')}"
    return ""


def cut(text: str, most: int) -> str:
    """A text on one line, its end left out after a whole word where it is longer than there is room for.

    Example:
        >>> cut("winning tickets", 12), cut("tickets", 9), cut("a" * 99, 5)
        ('winning…', 'tickets', 'aaaa…')
    """
    most = max(most, 1)
    said = clean(text[: 4 * most])
    if len(said) <= most:
        return said
    words, _, rest = said[:most].rpartition(" ")
    return f"{words if words and len(rest) < _LONG_WORD else said[: most - 1].rstrip()}…"


def _item(name: str, said: Said, common: Mapping[State, str]) -> Item:
    field = FIELDS[name]
    shown = cut(_beyond(said.pointer, common.get(said.state, "")), POINTER)
    return Item(
        name=name,
        label=field.label,
        state=said.state,
        sign=SIGNS[said.state],
        word=said.state,
        lines=_lines(said.text, field.most),
        pointer=shown,
        link=link(said.pointer) if shown else "",
        note=cut(said.note, 160),
    )


def _lines(text: str, most: int) -> list[str]:
    """What is said, line by line, within so many characters in all."""
    lines: list[str] = []
    left = most
    for line in text[: 20 * most].splitlines():
        if not (said := clean(line)):
            continue
        if left < 8 and lines:
            lines[-1] = f"{lines[-1].rstrip('…')}…"
            break
        lines.append(cut(said, max(left, 1)))
        left -= len(lines[-1])
    return lines


def _parts(items: Mapping[str, Item], category: str) -> list[Part]:
    order = ["trust", "evidence", "use", "declarations", "reading"]
    if category == "artifact":
        order = ["use", "evidence", "trust", "declarations", "reading"]
    parts = []
    for group in order:
        shown = [
            item
            for name, item in items.items()
            if FIELDS[name].group == group and name not in _TOP and item.state != NOT_STATED
        ]
        if group == "reading" and "annex" in items and items["annex"].state != NOT_STATED:
            shown.append(items["annex"])
        if shown:
            parts.append(Part(name=group, head=GROUPS[group], items=shown))  # type: ignore[index]
    return parts


def _common(told: Mapping[str, Said]) -> dict[State, str]:
    """For each state the place that most of its fields point into: it is told once, before ", section 4" or so."""
    found: dict[State, str] = {}
    for state in (VERIFIED, DECLARED):
        places = [said.pointer for said in told.values() if said.state == state and said.pointer]
        seen = Counter(place.partition(", ")[0] for place in places)
        if seen and seen.most_common(1)[0][1] >= _SHARED:
            found[state] = seen.most_common(1)[0][0]
    return found


def _beyond(pointer: str, place: str) -> str:
    """What a pointer says beyond a place that is told already."""
    if place and pointer == place:
        return ""
    return pointer.removeprefix(f"{place}, ") if place else pointer


def _keys(items: Mapping[str, Item], common: Mapping[State, str]) -> list[Key]:
    stands = [item for name, item in items.items() if item.state != NOT_STATED or _is_missed(item) or name == "limits"]
    counts = Counter(item.state for item in stands if item.note != HIDDEN)
    return [
        Key(
            state=state,
            sign=sign,
            count=counts[state],
            means=MEANS[state],
            pointer=cut(common.get(state, ""), POINTER),
            link=link(common.get(state, "")),
        )
        for state, sign in SIGNS.items()
        if counts[state]
    ]


def _meaning(text: str, verdict: str) -> str:
    """What a verdict means, without the word itself at its beginning."""
    rest = re.sub(rf"^{re.escape(verdict)}\b[\s:;,.–—-]*", "", text, flags=re.IGNORECASE) if verdict else text
    return f"{rest[:1].upper()}{rest[1:]}"


def _problems(problems: Sequence[str]) -> list[str]:
    told = [cut(problem, 200) for problem in problems[:_PROBLEMS]]
    more = len(problems) - len(told)
    return [*told, f"and {more} more, in cover.json"] if more else told
