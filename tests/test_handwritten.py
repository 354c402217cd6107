"""Files that people fill in: read strictly, told what is wrong with them, and texts that stay texts in them."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.handwritten import json_of, nearest, quoted, toml, toml_or_json


@given(st.text())
@example('say "no"\\\n')
@example("\u202eesrever\u202c \x85next\u2028line \ufeff\x7f\x00\x1b[31m \U000e0001 \U0001f469\u200d\U0001f680 \xa0")
def test_any_text_comes_back_from_toml_and_from_yaml_in_plain_signs(text: str) -> None:
    yaml = pytest.importorskip("yaml")
    line = quoted(text)
    assert line.isprintable()
    assert tomllib.loads(f"a = {line}") == yaml.safe_load(f"a: {line}") == {"a": text}


def test_half_of_a_pair_becomes_a_question_mark() -> None:
    assert quoted("a\ud800") == '"a?"'


@pytest.mark.parametrize("text", ['a = "b"', '{"a": "b"}', '\ufeff{"a": "b"}', '\ufeffa = "b"', ' \n{"a": "b"}'])
def test_toml_and_json_are_told_apart(text: str) -> None:
    assert toml_or_json(text, "f") == {"a": "b"}


def test_a_file_may_begin_with_a_table() -> None:
    assert toml_or_json("[a]\nb = 1", "f.toml") == {"a": {"b": 1}}
    assert toml_or_json("[[a]]\nb = 1", "f.toml") == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        ("a = b", "f.toml", r"^f\.toml: not TOML: Invalid value \(at line 1, column 5\)"),
        ("a = " + "[" * 100_000, "f.toml", r"^f\.toml: not TOML: nested too deeply"),
        ('{"a": ', "f.json", r"^f\.json: not JSON: .* line 1"),
        ('{"a": NaN}', "f.json", "not JSON: one of its numbers is not finite"),
        ('{"a": 1e999}', "f.json", "not JSON: one of its numbers is not finite"),
        ('{"a": ' * 5000, "f.json", "not JSON: nested too deeply"),
        ("[1]", "f.json", r"^f\.json: expected JSON that begins with \{; it begins with '\[1\]'"),
        ("", "f.json", "it begins with ''"),
    ],
)
def test_what_is_neither_is_told_where(text: str, file: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        toml_or_json(text, file)


def test_values_of_any_shape_are_json() -> None:
    assert json_of(json.dumps([1, None]), "f") == [1, None]
    assert toml("", "f") == {}


def test_names_are_near_whatever_their_case() -> None:
    assert nearest("TITLE", ["title", "start"]) == "; did you mean 'title'? Known: title, start."
    assert nearest("x", ["a"] * 30) == "."
