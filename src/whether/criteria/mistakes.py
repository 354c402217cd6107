"""What is wrong with a file that a person wrote, in sentences: the place, what was got, what would be right."""

from __future__ import annotations

import difflib
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
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list",
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
        raise RequestError(f"{file}: not TOML: {clean(str(error)) or 'nested too deeply'}.") from None


def sentences(error: ValidationError, model: type[BaseModel], file: str) -> list[str]:
    """Every mistake that pydantic found, a sentence each.

    Args:
        error: as it was raised.
        model: of what was read; the nearest of its names is told for one that it does not know.
        file: how its user calls it.
    """
    return [f"{file}: {_sentence(dict(item), model)}" for item in error.errors()]


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


def place(loc: Sequence[int | str]) -> str:
    """Where something stands, as TOML has it: criteria.S1.anchors.sound."""
    return ".".join(shown(part) if isinstance(part, str) else f"{part + 1}." for part in loc)


def _sentence(item: dict[str, Any], model: type[BaseModel]) -> str:
    where, kind = place(item["loc"]), str(item["type"])
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


def mended(said: Mapping[str, Any], error: ValidationError, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What was read without the entries that were wrong, so that the rest can be looked at as well.

    Args:
        said: as it was read.
        error: what was wrong with it.
        defaults: what stands for a missing entry.
    """
    import copy

    made = copy.deepcopy(dict(said))
    for item in error.errors():
        here: Any = made
        for part in item["loc"][:-1]:
            here = here.get(part) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here.pop(item["loc"][-1], None)
    return {**defaults, **made}
