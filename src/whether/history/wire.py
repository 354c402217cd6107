"""Facts in writing: what a worker is sent, and what a record says of how a state came to be.

A fact is written as what its digest is made of (`Fact.plain`: parents by digest, seeds and fractions as text) and,
under "aside", what it carries beside that: where its data lie. So whoever reads it back can tell that not a bit of the
identity was changed on the way: the digest of what was read must be the name under which it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import whether
from whether.data.cards import Data
from whether.errors import DamageError, RequestError, WhetherError
from whether.history import facts
from whether.history.facts import Fact
from whether.history.walk import parents_first
from whether.seeds import Seed

Written = Mapping[str, Any]
KINDS: dict[str, type[Fact]] = {
    kind.tag: kind
    for kind in vars(facts).values()
    if isinstance(kind, type) and issubclass(kind, Fact) and "tag" in vars(kind)
}
"""Every kind of fact by its type tag."""

_SEED = re.compile("[0-9a-f]{16}")


def written(roots: Iterable[Fact], *, stop: Callable[[Fact], bool] | None = None) -> dict[str, dict[str, Any]]:
    """Every fact behind the roots, themselves included, in plain values, by digest; parents stand before children.

    Args:
        roots: where to begin.
        stop: do not look behind a fact for which this is true (it is still written).

    Example:
        >>> from whether.seeds import Seed
        >>> model = facts.Model(name="mlp-2", shape=(2,), classes=2, options={})
        >>> start = facts.Start(architecture=model, init="xavier-normal", seed=Seed(1))
        >>> [said["type"] for said in written([start]).values()]
        ['model', 'start']
    """
    return {fact.digest: _write(fact) for fact in parents_first(roots, stop)}


def read(written: Mapping[str, Written]) -> dict[str, Fact]:
    """The facts that were written, by digest, whatever their order.

    Raises:
        RequestError: when another version of Whether wrote them, or a fact is missing that another is said of.
        DamageError: when what is written is not what its digest says.
    """
    made: dict[str, Fact] = {}
    opened: set[str] = set()
    for root in written:
        waiting = [root]
        while waiting:
            name = waiting[-1]
            if name in made:
                waiting.pop()
                continue
            missing = [parent for parent in _parents(name, written[name]) if parent not in made]
            if missing:
                _check_parents(name, missing, written, again=name in opened)
                opened.add(name)
                waiting.extend(missing)
                continue
            made[name] = _read(name, written[name], made)
            waiting.pop()
    return made


def _write(fact: Fact) -> dict[str, Any]:
    said = fact.plain()
    if fact.aside:
        beside = {name: getattr(fact, name) for name in fact.aside}
        if there := {name: _write_beside(value) for name, value in beside.items() if value is not None}:
            said["aside"] = there
    return said


def _write_beside(data: Data | str) -> dict[str, Any] | str:
    if isinstance(data, str):
        return data
    said = {item.name: getattr(data, item.name) for item in fields(Data)}
    return {item.name: said[item.name] for item in fields(Data) if said[item.name] != item.default}


def _check_parents(name: str, missing: list[str], written: Mapping[str, Written], *, again: bool) -> None:
    tag = written[name]["type"]
    for parent in missing:
        if parent not in written:
            raise RequestError(
                f"the history is not whole: the {tag} {name[:12]} is said of {parent[:12]}, which is not written with "
                "it. Read it together with the history behind it."
            )
    if again:  # what was missing at its first look has been made since, unless it leads back here
        raise DamageError(f"the {tag} {name[:12]} is said of itself in what is written; it was altered.", place=name)


def _parents(name: str, said: Written) -> list[str]:
    form = _kind(name, said)
    lists = [str(part) for field in form.lists for part in said.get(field, ())]
    return lists + [str(said[field]) for field in form.parents if said.get(field) is not None]


def _read(name: str, said: Written, made: Mapping[str, Fact]) -> Fact:
    form = _kind(name, said)
    try:
        aside = said.get("aside", {})
        given: dict[str, Any] = dict(form.kind.neutral)
        for field, decode in form.fields.items():
            source = aside if field in form.kind.aside else said
            if field in source:
                value = source[field]
                if field in form.lists:
                    given[field] = tuple(decode(made[part]) for part in value)
                else:
                    given[field] = decode(made[value] if field in form.parents else value)
        if given.get("data") is not None and given.get("data_name") is None:
            raise ValueError("data_name, what its data are called, is missing")
        fact = form.kind(**given)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, WhetherError) as error:
        raise _altered(name, said, f" ({error})") from error
    if fact.digest != name:
        raise _altered(name, said, f" (its digest is {fact.digest[:12]})")
    return fact


@dataclass(frozen=True)
class _Form:
    """How one kind of fact is read: its fields in order, which of them are facts, and which are lists of facts."""

    kind: type[Fact]
    fields: Mapping[str, Callable[[Any], Any]]
    parents: tuple[str, ...]
    lists: tuple[str, ...]


def _kind(name: str, said: Written) -> _Form:
    """How to read what is written, if this version can."""
    tag = said.get("type") if isinstance(said, Mapping) else None
    if not isinstance(tag, str) or not isinstance(said.get("version"), int):
        raise DamageError(f"what is written under {name[:12]} is not a fact; it was altered.", place=name)
    form = _form(tag)
    if form is None:
        raise RequestError(
            f"the history names an operation that Whether {whether.__version__} does not know: {tag!r} "
            f"({name[:12]}). It was written by another version: read it with that one."
        )
    if said["version"] != form.kind.version:
        raise RequestError(
            f"the {tag} {name[:12]} was written by version {said['version']} of that operation; this is Whether "
            f"{whether.__version__} with its version {form.kind.version}, whose numbers are others. Read it with the "
            "Whether that wrote it, or train it anew."
        )
    if unknown := set(said) - {"type", "version", "aside"} - set(form.fields):
        raise RequestError(
            f"the {tag} {name[:12]} says {', '.join(map(repr, sorted(unknown)))}, which Whether "
            f"{whether.__version__} does not know. It was written by a later version: read it with that one."
        )
    return form


@lru_cache(maxsize=64)
def _form(tag: str) -> _Form | None:
    kind = KINDS.get(tag)
    if kind is None:
        return None
    declared = get_type_hints(kind)
    said = {item.name: declared[item.name] for item in fields(kind)}
    parents = {name: found for name, what in said.items() if (found := _fact_type(what)) is not None}
    lists = {name: found for name, what in said.items() if (found := _listed_type(what)) is not None}
    held = parents | lists
    decoders = {
        name: partial(_decode_fact, held[name]) if name in held else _decoder(what) for name, what in said.items()
    }
    return _Form(kind, decoders, tuple(parents), tuple(lists))


def _listed_type(declared: Any) -> type[Fact] | None:
    """The kind of facts that a field holds several of; None for other fields."""
    if get_origin(declared) is not tuple:
        return None
    inner = get_args(declared)[0]
    return inner if isinstance(inner, type) and issubclass(inner, Fact) else None


def _fact_type(declared: Any) -> type[Fact] | None:
    """The kind of fact that a field holds, be it optional; None for plain values."""
    inner = [part for part in get_args(declared) if part is not NoneType] or [declared]
    found = inner[0]
    return found if len(inner) == 1 and isinstance(found, type) and issubclass(found, Fact) else None


def _decoder(declared: Any) -> Callable[[Any], Any]:
    """How a value of a declared type is read back."""
    if get_origin(declared) in (Union, UnionType):
        inner = [part for part in get_args(declared) if part is not NoneType]
        return _decoder(inner[0])
    if get_origin(declared) is tuple:
        return tuple
    if isinstance(declared, type) and declared in _DECODERS:
        return _DECODERS[declared]
    if get_args(declared) == (str, Fraction):
        return lambda value: {name: _fraction(part) for name, part in value.items()}
    return lambda value: value


def _decode_fact(declared: type[Fact], value: Fact) -> Fact:
    if not isinstance(value, declared):
        raise TypeError(f"a {value.tag} where a {declared.__name__} belongs")
    return value


def _seed(value: str) -> Seed:
    if not _SEED.fullmatch(value):
        raise ValueError(f"{value!r} is not a seed")
    return Seed(int(value, 16))


def _fraction(value: str) -> Fraction:
    above, _, below = value.partition("/")
    return Fraction(int(above), int(below))


def _data(value: Mapping[str, Any]) -> Data:
    return Data(**value)


_DECODERS: dict[type, Callable[[Any], Any]] = {Seed: _seed, Fraction: _fraction, Data: _data}


def _altered(name: str, said: Written, because: str) -> DamageError:
    return DamageError(
        f"the {said['type']} {name[:12]} is not what its digest says{because}: what is written was altered, or another "
        f"version of Whether than {whether.__version__} wrote it. It is not used.",
        place=name,
    )
