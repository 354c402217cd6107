from __future__ import annotations

import json

import pytest

from whether.bundle.withheld import outside, without_paths
from whether.digest import digest
from whether.store.sealed import seal, unseal


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("failed in /home/ada/a b/nets.py", "failed in …/a b/nets.py"),
        ("'/home/ada/nets.py', line 3", "'…/nets.py', line 3"),
        ("C:\\Users\\Ada\\nets.py", "…/nets.py"),
        ("~/work/nets.py", "…/nets.py"),
        ("see https://example.org/a/b and data/digits/train", "see https://example.org/a/b and data/digits/train"),
        ("1/2 of 3 / 4", "1/2 of 3 / 4"),
        ("on lovelace, not lovelaces", "on …, not lovelaces"),
        ("", ""),
    ],
)
def test_a_text_without_paths(text: str, left: str) -> None:
    assert without_paths(text, ["lovelace"]) == left


def record(**said: object) -> tuple[dict[str, object], bytes]:
    raw = seal({"digest": digest("x"), "outcome": "done", **said})
    return json.loads(raw), raw


def test_a_record_without_names_stays_as_it_is() -> None:
    said, raw = record(value=1.5)
    assert outside(said, raw) is raw


def test_a_record_without_its_host_says_so_and_is_sealed_anew() -> None:
    said, raw = record(host="lovelace", value=1.5, checks=["x at /home/ada/a.py on lovelace"])
    shown = unseal(outside(said, raw))
    assert shown is not None
    assert shown == {
        "digest": digest("x"),
        "outcome": "done",
        "value": 1.5,
        "checks": ["x at …/a.py on …"],
        "withheld": ["checks", "host"],
        "sealed_as": said["seal"],
        "seal": shown["seal"],
    }


def test_where_data_lay_stays_at_home() -> None:
    fact = {"type": "training", "total": 3, "aside": {"data_name": {"name": "mine", "path": "/home/ada/data/mine"}}}
    said, raw = record(history={"ab": fact})
    shown = unseal(outside(said, raw))
    assert shown is not None
    assert shown["history"]["ab"] == {**fact, "aside": {"data_name": {"name": "mine", "path": "…/mine"}}}
