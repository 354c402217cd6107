"""Identity: a SHA-256 over canonical JSON.

Two values are the same thing exactly when their canonical bytes are equal, so everything here is about leaving no
freedom in how a value is written: keys sorted, no spaces, ASCII, shortest round-trip floats, integers apart from them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

Plain = None | bool | int | float | str | list["Plain"] | tuple["Plain", ...] | Mapping[str, "Plain"]

_ATOMS = frozenset({str, int, bool, type(None)})
_WRITER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=dict
)  # made once: a plan of many pieces writes hundreds of thousands of identities


def canonical(value: object) -> bytes:
    """The one way to write `value` as JSON.

    Args:
        value: None, bool, int, float, str, and lists, tuples or string-keyed mappings of these.

    Raises:
        ValueError: for NaN, an infinity or -0.0, whose equality is not the equality of bits.
        TypeError: for anything that is not plain.

    Example:
        >>> canonical({"b": 1.0, "a": [True, None]})
        b'{"a":[true,null],"b":1.0}'
    """
    _check(value)
    return _WRITER.encode(value).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: object) -> Any:
    """A value as its identity has it: lists for tuples, keys sorted, and nothing shared with what was given.

    What is done with a value must follow from its identity, and with this it does.

    Example:
        >>> plain({"b": (1, 2), "a": 1})
        {'a': 1, 'b': [1, 2]}
    """
    return json.loads(canonical(value))


def _check(value: object) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) in _ATOMS or isinstance(item, (str, int)):
            continue
        if isinstance(item, float):
            if not math.isfinite(item) or (item == 0.0 and math.copysign(1.0, item) < 0):
                raise ValueError(f"{item!r} has no place in an identity; expected a finite number other than -0.0")
        elif isinstance(item, (dict, Mapping)):  # a dict is told at once, a Mapping by its registered kinds
            for key in item:
                if not isinstance(key, str):
                    raise TypeError(f"keys of an identity are strings, got {list(item)!r}")
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
        else:
            raise TypeError(f"a {type(item).__name__} has no canonical form: {item!r}")
