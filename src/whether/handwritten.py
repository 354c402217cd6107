"""Files that people fill in, TOML or JSON: read, what is wrong with them in sentences, and texts written into them.

A sentence says the place, what was got, what would be right. Whoever has a model of pydantic hands in what it found.
"""

from __future__ import annotations

import copy
import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whether.errors import RequestError
from whether.report.numbers import clean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

LONGEST = 60
"""Characters of a wrong value that are shown."""

_KINDS = {
    "missing": "is missing",
    "string_type": "must be text, in quotation marks",
    "string_unicode": "holds a sign that is none: half of a pair that stands for one",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_too_short": "is empty",
    "too_short": "is empty",
}


def toml(text: str, file: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        RequestError: it is none; where and why.
    """
    try:
        return tomllib.loads(text.lstrip("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        told = clean(str(error)) if isinstance(error, ValueError) else "nested too deeply"
        raise RequestError(f'{file}: not TOML: {told}. A text stands in quotation marks: title = "…"') from None


def toml_or_json(text: str, file: str) -> dict[str, Any]:
    """Read what an editor wrote, or what a form in the browser saved.

    Args:
        text: JSON if it begins with {, else TOML.
        file: how its user calls it.

    Raises:
        RequestError: it is neither; where and why.
    """
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith("{"):
        return dict(json_of(plain, file))
    if file.endswith(".json"):
        raise RequestError(f"{file}: expected JSON that begins with {{; it begins with '{shown(plain[:12])}'.")
    return toml(text, file)


def json_of(text: str, file: str) -> Any:
    """Read JSON, all of whose numbers are finite.

    Raises:
        RequestError: it is none; where and why.
    """
    try:
        told = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        said = clean(str(error)) if isinstance(error, ValueError) else "nested too deeply"
        raise RequestError(f"{file}: not JSON: {said}.") from None
    try:
        json.dumps(told, allow_nan=False)
    except ValueError:
        raise RequestError(f"{file}: not JSON: one of its numbers is not finite.") from None
    return told


def one_line(text: str) -> str:
    """A text as a page shows it.

    Raises:
        ValueError: nothing is left of it.
    """
    told = clean(text)
    if text and not told:
        raise ValueError("none of its signs can be printed")
    return told


def sentences(error: ValidationError, model: type[BaseModel], file: str) -> list[str]:
    """Every mistake that pydantic found, a sentence each.

    Args:
        error: as it was raised.
        model: of what was read; the nearest of its names is told for one that it does not know.
        file: how its user calls it, or the place in it that was read.
    """
    return [f"{file}: {_sentence(dict(item), model)}" for item in error.errors()]


def without_mistakes(said: Mapping[str, Any], error: ValidationError, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What was read without the entries that were wrong, so that the rest can be looked at as well.

    Args:
        said: as it was read.
        error: what was wrong with it.
        defaults: what stands for a missing entry.
    """
    made = copy.deepcopy(dict(said))
    for item in error.errors():
        here: Any = made
        for part in item["loc"][:-1]:
            here = here.get(part) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here.pop(item["loc"][-1], None)
    return {**defaults, **made}


def nearest(word: object, known: Iterable[str]) -> str:
    """ "; did you mean 'S1'?" or nothing; the names too, if they are few.

    Example:
        >>> nearest("s1", ["S1", "S2"])
        "; did you mean 'S1' or 'S2'? Known: S1, S2."
    """
    names = list(known)
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=2, cutoff=0.5)
    guess = f"; did you mean {' or '.join(repr(folded[name]) for name in near)}?" if near else "."
    listed = f" Known: {', '.join(names)}." if 0 < len(names) <= 24 else ""
    return f"{guess}{listed}"


def shown(value: object) -> str:
    """A wrong value, as much of it as is useful, on one line."""
    said = clean(value if isinstance(value, str) else repr(value))
    return f"{said[:LONGEST]}…" if len(said) > LONGEST else said


def quoted(text: str) -> str:
    r"""A text in double quotes that TOML and YAML read back as it was.

    Whatever is not plainly printable is escaped: line breaks of every kind, marks that change the direction of writing.
    Halves of surrogate pairs, which no text file can hold, become question marks.

    Example:
        >>> print(quoted('say "no":\n\u202e \\'))
        "say \"no\":\n\u202e \\"
    """
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xD800 <= code < 0xE000:
        return "?"
    return {"\n": "\\n", "\t": "\\t"}.get(sign) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _place(loc: Sequence[int | str]) -> str:
    """Where something stands: criteria.S1.anchors.sound."""
    return ".".join(shown(part) if isinstance(part, str) else str(part + 1) for part in loc)


def _sentence(item: dict[str, Any], model: type[BaseModel]) -> str:
    where, kind = _place(item["loc"]), str(item["type"])
    if kind == "extra_forbidden":
        return f"{where} is unknown{nearest(item['loc'][-1], _fields(model, item['loc'][:-1]))}"
    if kind in _KINDS:
        return f"{where} {_KINDS[kind]}."
    if kind == "literal_error":
        return f"{where} is '{shown(item['input'])}'; expected {item['ctx']['expected']}."
    said = clean(str(item["msg"]).removeprefix("Value error, "))
    return f"{where} is '{shown(item['input'])}': {said[:1].lower()}{said[1:]}."


def _fields(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """The names that are known at a place."""
    from pydantic import BaseModel

    here: Any = model
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            found = here.model_fields.get(str(part))
            here = found.annotation if found else None
        else:
            here = getattr(here, "__args__", (None,))[-1]
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []
