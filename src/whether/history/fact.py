"""The base of all facts: a type tag with a version of its own, coerced fields, digests of parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar

from whether.digest import digest
from whether.seeds import Seed

_ATOMS = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact:
    """The base: a type tag with a version of its own, coerced fields, digests of parents.

    `version` is raised when the numbers of an operation change, and of that operation only. A field whose value is its
    declared neutral one is left out, so that fields added later change no digest.
    """

    tag: ClassVar[str]
    version: ClassVar[int] = 1
    neutral: ClassVar[Mapping[str, Any]] = {}
    aside: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_digest", digest(self.plain()))

    @property
    def digest(self) -> str:
        """64 hexadecimal digits."""
        value: str = self.__dict__["_digest"]
        return value

    def plain(self) -> dict[str, Any]:
        """What is hashed: this fact's own fields, parents by digest."""
        said: dict[str, Any] = {"type": self.tag, "version": self.version}
        for name in _said_fields(type(self)):
            value = getattr(self, name)
            if not self._is_neutral(name, value):
                said[name] = _coerce(value)
        return said

    def parents(self) -> Iterator[Fact]:
        """The facts that this one is said of."""
        for value in self.__dict__.values():
            if isinstance(value, Fact):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, Fact))

    def _is_neutral(self, name: str, value: Any) -> bool:
        return name in self.neutral and value == self.neutral[name]

    def __repr__(self) -> str:
        return f"<{self.tag} {self.digest[:8]}>"


_SAID: dict[type, tuple[str, ...]] = {}


def _said_fields(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of a kind of fact that are hashed, looked up once."""
    found = _SAID.get(kind)
    if found is None:
        found = _SAID[kind] = tuple(item.name for item in fields(kind) if item.name not in kind.aside)
    return found


def _coerce(value: Any) -> Any:
    if type(value) in _ATOMS:  # most are
        return value
    match value:
        case Fact():
            return value.digest
        case Seed():
            return value.hex
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Mapping():
            return {str(key): _coerce(item) for key, item in value.items()}
        case list() | tuple():
            return [_coerce(item) for item in value]
        case _:
            return value
