"""Cover sheets for work that was not done in this lab, from a file that its author fills in.

    category = "science"
    source = "https://arxiv.org/abs/1803.03635"    # where everything stands that names no place of its own
    title = "The Lottery Ticket Hypothesis"
    runs = { text = "five of each", pointer = "section 2" }

    [[claim]]
    said = "…"
    kind = "not_worse"

What is said with a place to look is "declared", never "verified": nothing is computed anew, except that a verdict must
follow from the interval that is given for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from whether.cover.fields import CATEGORIES, FIELDS, fields_of
from whether.cover.form import blank, form_page, own_word
from whether.cover.hand import MOST_POINTER, annex_of
from whether.cover.sheet import DECLARED, NOT_STATED, VERIFIED, AxisRow, Said, Sheet
from whether.criteria import mistakes
from whether.errors import RequestError, gather, unknown
from whether.report.numbers import amount, clean, plural
from whether.stats.verdict import VERDICTS, verdict

if TYPE_CHECKING:
    from pydantic import BaseModel

    from whether.cover.elsewhere_schema import ClaimTable

__all__ = ["blank", "form_page", "read"]

_WORD = re.compile(rf"({'|'.join(VERDICTS)})(?=$|[\s:;,.–—])", re.IGNORECASE)
NOT_KNOWN = "not stated"
"""What an author writes in a field that is needed, where nobody can say."""


def read(text: str, name: str) -> Sheet:
    """Read the sheet of work done elsewhere.

    Args:
        text: TOML, the JSON that the form saves, or a cover.json; of the last everything counts as declared only, since
            nothing is computed anew here.
        name: of the file; what only its author can say points there, unless a place is named.

    Raises:
        RequestError: with everything that is wrong in it.
    """
    told = _plain(text, name)
    try:
        return _again(told, name) if isinstance(told.get("fields"), dict) else _sheet(told, name)
    except RequestError as error:
        prefixed = [one if one.startswith(f"{name}: ") else f"{name}: {one}" for one in error.problems]
        raise RequestError(*prefixed) from None


def _plain(text: str, name: str) -> dict[str, Any]:
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")) or text.lstrip().startswith("[["):
        return mistakes.toml(text, name)
    try:
        told = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name}: not JSON: {clean(str(error)) or 'nested too deeply'}.") from None
    if not isinstance(told, dict):
        raise RequestError(f"{name}: expected fields by their names, got a {type(told).__name__}.")
    return told


def _sheet(told: dict[str, Any], name: str) -> Sheet:
    from pydantic import ValidationError

    from whether.cover.elsewhere_schema import Work

    wrong, category = [], _category(told.get("category"))
    try:
        work = Work.model_validate(told)
    except ValidationError as error:
        wrong = _wrong(told, error, Work, name)
        work = _mended(told, error, Work)
    said: dict[str, Said] = {}
    rows: list[AxisRow] = []
    word = [""]

    def fields() -> None:
        said.update(_fields(work, category, name))

    def claims() -> None:
        rows.extend(_rows(work.claim))  # type: ignore[attr-defined]

    def decided() -> None:
        word[0] = _verdict(work, category)

    def problems() -> None:
        if wrong:
            raise RequestError(*wrong)

    gather(problems, lambda: _check_category(told.get("category")), fields, claims, decided)
    gather(lambda: _check_together(word[0], rows))
    annex = annex_of(said["annex"].text) if said["annex"].text else None
    return Sheet(category=category, annex=annex, verdict=word[0], fields=said, axis=rows, made_by="by hand")


def _category(value: Any) -> str:
    """The category; science where it is wrong, so that the rest can be looked at all the same."""
    text = value.get("text") if isinstance(value, dict) else value
    return text if isinstance(text, str) and text in CATEGORIES else "science"


def _check_category(value: Any) -> None:
    text = value.get("text") if isinstance(value, dict) else value
    if isinstance(text, str) and text and text not in CATEGORIES:
        raise unknown("category", clean(text)[:60], CATEGORIES, "It says by which criteria a sheet is read.")


def _wrong(told: dict[str, Any], error: Any, model: type[BaseModel], name: str) -> list[str]:
    """Every mistake of shape in a sentence; of a field one, however many ways there would be to say it."""
    shapes = {
        item["loc"][0] for item in error.errors() if item["loc"][0] in FIELDS and item["type"] != "extra_forbidden"
    }
    sentences = zip(error.errors(), mistakes.sentences(error, model, name), strict=True)
    said = [sentence for item, sentence in sentences if item["loc"][0] not in shapes]
    return said + [
        f'{key} is {mistakes.shown(told[key])}; expected a text, {key} = "…", a list of texts, or '
        f'{key} = {{ text = "…", pointer = "…" }}.'
        for key in FIELDS
        if key in shapes
    ]


def _mended(told: dict[str, Any], error: Any, model: type[BaseModel]) -> BaseModel:
    """What was read without what is wrong in it."""
    bad = {item["loc"][0] for item in error.errors()}
    # What is wrong is not missing, too.
    stand = {key: NOT_KNOWN for key in bad if key in FIELDS}
    return model.model_validate({key: value for key, value in told.items() if key not in bad} | stand)


def _fields(work: BaseModel, category: str, name: str) -> dict[str, Said]:
    """Every field of the category, checked."""
    known, said, checks = fields_of(category), {}, []
    source = clean(work.source)  # type: ignore[attr-defined]

    def check(key: str) -> Callable[[], object]:
        return lambda: said.update({key: _said(key, getattr(work, key), source, name)})

    checks = [check(key) for key in known]
    strange = [key for key in FIELDS if key not in known and _lines(getattr(work, key))]

    def foreign() -> None:
        if strange:
            raise RequestError(*(_foreign(key, category) for key in strange))

    def lacking() -> None:
        missing = [key for key, item in known.items() if item.needed and not _lines(getattr(work, key))]
        if missing:
            listed = ", ".join(missing)
            raise RequestError(f'missing: {listed}. Where nobody can say, write "{NOT_KNOWN}".')

    gather(lacking, foreign, *checks)
    return said


def _foreign(key: str, category: str) -> str:
    homes = " or ".join(FIELDS[key].categories)
    return f"{key} stands on sheets of category {homes} only; this one is of category {category}."


def _lines(entry: Any) -> list[str]:
    if entry is None:
        return []
    lines = [entry.text] if isinstance(entry.text, str) else entry.text
    return [line for line in map(clean, lines) if line]


def _said(key: str, entry: Any, source: str, name: str) -> Said:
    lines, item = _lines(entry), FIELDS[key]
    if not lines or [line.lower() for line in lines] == [NOT_KNOWN]:
        return Said(state=NOT_STATED)
    length, wrong = sum(map(len, lines)) + len(lines) - 1, []
    if length > item.most:
        wrong.append(f"{key} has {length:,} characters; the page has room for {item.most}.")
    if item.many and len(lines) > item.items:
        wrong.append(f"{key} has {plural(len(lines), 'item')}; expected at most {item.items}.")
    if not item.many and len(lines) > 1:
        wrong.append(f"{key} is a list of {len(lines)}; expected one text.")
    pointer = _pointer(key, clean(entry.pointer), source, name)
    if len(pointer) > MOST_POINTER:
        wrong.append(f"the pointer of {key} has {len(pointer):,} characters; expected at most {MOST_POINTER}.")
    if not pointer:
        wrong.append(
            f"{key} is declared without a place to look; expected {key} = {{ text = …, pointer = "
            '"section 3" }, or an address for all: source = "https://…".'
        )
    if key == "annex" and annex_of(lines[0]) is None:
        wrong.append(f"annex begins with {lines[0].split(':')[0][:40]!r}; expected a category, as in {item.example!r}.")
    if wrong:
        raise RequestError(*wrong)
    return Said(state=DECLARED, text="\n".join(lines), pointer=pointer)


def _pointer(key: str, own: str, source: str, name: str) -> str:
    """Where to look: in the source, at a place of its own; what only the author can say, in this file."""
    if own and source and not own.startswith(("http://", "https://", source)):
        return f"{source}, {own}"
    return own or source or (clean(name) if own_word(FIELDS[key]) else "")


def _verdict(work: BaseModel, category: str) -> str:
    """The word that the verdict begins with."""
    lines = _lines(work.verdict)  # type: ignore[attr-defined]
    if "verdict" not in fields_of(category) or not lines or lines[0].lower() == NOT_KNOWN:
        return ""
    found = _WORD.match(lines[0])
    if found is None:
        raise RequestError(
            f"verdict begins with {lines[0].split()[0][:40]!r}; expected yes, no or inconclusive, then what it means."
        )
    return found[0].lower()


def _rows(claims: Sequence[ClaimTable]) -> list[AxisRow]:
    rows: list[AxisRow] = []

    def check(place: int, claim: ClaimTable) -> Callable[[], object]:
        return lambda: rows.append(_row(place, claim))

    gather(*(check(place, claim) for place, claim in enumerate(claims, 1)))
    return rows


def _row(place: int, claim: ClaimTable) -> AxisRow:
    """A claim, whose verdict must be what its interval says."""
    low = -math.inf if claim.low is None else claim.low
    high = math.inf if claim.high is None else claim.high
    try:
        follows = verdict(claim.kind, low, high, claim.size)
    except RequestError as error:
        raise RequestError(*(f"claim {place}: {problem}." for problem in error.problems)) from None
    alone = claim.low is None and claim.high is None
    if claim.estimate is not None and not low <= claim.estimate <= high:
        raise RequestError(f"claim {place}: the estimate {claim.estimate:g} lies outside its interval.")
    if alone and claim.estimate is not None:
        follows = verdict(claim.kind, claim.estimate, claim.estimate, claim.size)
    given = claim.verdict or ("inconclusive" if alone else follows)
    if (given != follows and given != "inconclusive") or (given != follows and not alone):
        raise RequestError(f"claim {place} is declared {given!r}, but {_because(claim, follows)}")
    return AxisRow(
        said=clean(claim.said),
        kind=claim.kind,
        verdict=given,
        estimate=claim.estimate,
        low=None if math.isinf(low) else low,
        high=None if math.isinf(high) else high,
        size=claim.size,
        unit=clean(claim.unit),
        level=claim.level,
    )


def _because(claim: ClaimTable, follows: str) -> str:
    """What a claim's numbers say instead."""
    size = amount(claim.size, clean(claim.unit))
    if claim.low is None and claim.high is None:
        if claim.estimate is None:
            return "neither an estimate nor an interval is given; expected one of them, or verdict = 'inconclusive'."
        return f"its estimate lies where the answer is {follows!r} (size {size})."
    if follows == "inconclusive":
        return f"its interval reaches across the smallest size of interest ({size}), which is 'inconclusive'."
    return f"its interval lies where the answer is {follows!r} (size {size})."


def _check_together(word: str, rows: Sequence[AxisRow]) -> None:
    """A verdict must be one that some claim has, and none other than what all of them have."""
    found = {row.verdict for row in rows}
    if not rows or not word:
        return
    if len(found) == 1 and word not in found:
        raise RequestError(f"the verdict is {word!r}, but every claim is {found.pop()!r}.")
    if word != "inconclusive" and word not in found:
        raise RequestError(f"the verdict is {word!r}, but no claim is: they are {', '.join(sorted(found))}.")


def _again(told: Mapping[str, Any], name: str) -> Sheet:
    """A cover.json: as it stands, but by its authors' word."""
    from pydantic import TypeAdapter, ValidationError

    plain = {key: value for key, value in told.items() if key not in ("schema", "mark")}
    try:
        sheet = TypeAdapter(Sheet).validate_python(plain)
    except ValidationError as error:
        places = [mistakes.place(item["loc"]) for item in error.errors()[:8]]
        raise RequestError(f"is no cover.json of this version; wrong there: {', '.join(places)}.") from None
    gather(lambda: fields_of(sheet.category), *(partial(_check_field, key) for key in sheet.fields))
    fields = {key: _declared(one, name) for key, one in sheet.fields.items()}
    fields |= {key: Said(state=NOT_STATED) for key in fields_of(sheet.category) if key not in fields}
    return Sheet(**{**vars(sheet), "fields": fields, "made_by": "by hand"})


def _check_field(key: str) -> None:
    if key not in FIELDS:
        raise unknown("field", clean(key)[:60], FIELDS)


def _declared(one: Said, name: str) -> Said:
    if one.state != VERIFIED:
        return one
    return Said(state=DECLARED, text=one.text, pointer=one.pointer or clean(name), value=one.value)
