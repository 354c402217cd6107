"""Identity: one way to write a value, and no way to write what has no identity."""

from __future__ import annotations

import hashlib
import json
import math
import random
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.digest import canonical, digest

exact_floats = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
atoms = st.none() | st.booleans() | st.integers() | exact_floats | st.text(max_size=8)
plain = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


def shuffled(value: Any, shuffle: random.Random) -> Any:
    """The same value with keys in another order and lists as tuples."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, shuffle)) for key, item in value.items()]
        shuffle.shuffle(items)
        return MappingProxyType(dict(items))
    if isinstance(value, list):
        return tuple(shuffled(item, shuffle) for item in value)
    return value


def kinds(value: Any) -> Any:
    """A value with the types of its atoms, since Python holds 1, 1.0 and True for equal."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value).__name__, value


@given(plain, st.randoms(use_true_random=False))
def test_order_of_keys_and_kind_of_sequence_do_not_count(value: Any, shuffle: random.Random) -> None:
    assert canonical(shuffled(value, shuffle)) == canonical(value)


@given(plain)
def test_nothing_is_lost(value: Any) -> None:
    assert kinds(json.loads(canonical(value))) == kinds(value)


@given(plain, plain)
def test_different_values_have_different_bytes(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == (kinds(one) == kinds(other))


@given(plain)
def test_bytes_are_ascii_without_spaces_outside_texts(value: Any) -> None:
    written = canonical(value)
    assert written.isascii()
    assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":")).encode()


def test_integers_floats_and_truths_are_apart() -> None:
    assert len({canonical(value) for value in (1, 1.0, True, "1", [1], None)}) == 6


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0])
@pytest.mark.parametrize("place", [lambda x: x, lambda x: [1, {"a": x}], lambda x: {"a": (x,)}])
def test_numbers_whose_equality_is_not_that_of_bits_are_refused(value: float, place: Any) -> None:
    with pytest.raises(ValueError, match=r"has no place in an identity; expected a finite number other than -0\.0"):
        canonical(place(value))


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", [complex(1, 2)], {"a": {3}}])
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(value)


def test_keys_are_strings() -> None:
    with pytest.raises(TypeError, match=r"keys of an identity are strings, got \[1\]"):
        canonical({"a": {1: 2}})


def test_digest_is_sha256_of_the_bytes() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({"b": [1, 2.5], "a": "é"}) == hashlib.sha256(b'{"a":"\\u00e9","b":[1,2.5]}').hexdigest()
