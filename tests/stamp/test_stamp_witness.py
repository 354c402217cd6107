from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from whether.errors import DamageError
from whether.stamp import Witness

if TYPE_CHECKING:
    from conftest import Authority

RAW = b"a token"
GOOD = Witness(
    kind="rfc3161",
    by="stamps",
    time="2026-03-01T08:30:00+00:00",
    digest="ab" * 32,
    sha256=hashlib.sha256(RAW).hexdigest(),
    data={"authority": "https://example.org/tsr", "token": base64.b64encode(RAW).decode()},
)


def test_plain_values_there_and_back() -> None:
    assert Witness.from_plain(GOOD.plain()) == GOOD
    assert GOOD.token == RAW


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "expected a mapping, got NoneType"),
        ([], "expected a mapping, got list"),
        ({}, "it lacks by, digest, kind, sha256, time, data"),
        ({**GOOD.plain(), "by": 3}, "its values are no strings"),
        ({**GOOD.plain(), "data": None}, "its values are no strings"),
        ({**GOOD.plain(), "data": {"token": b""}}, "its values are no strings"),
        ({**GOOD.plain(), "kind": "oath"}, "its kind is 'oath', known are rfc3161, git tag"),
        ({**GOOD.plain(), "digest": "ab"}, "its digest is 'ab', not 64 hexadecimal digits"),
        ({**GOOD.plain(), "sha256": "AB" * 32}, "its sha256 is 'ABAB.*', not 64 hexadecimal digits"),
        ({**GOOD.plain(), "time": "yesterday"}, "its time is 'yesterday', not a time with a zone in ISO 8601"),
        (
            {**GOOD.plain(), "time": "2026-03-01T08:30:00"},
            "its time is '2026-03-01T08:30:00', not a time with a zone in ISO 8601",
        ),
    ],
)
def test_other_values_are_damage(value: Any, said: str) -> None:
    with pytest.raises(DamageError, match=f"a witness from outside cannot be read: {said}. Restore the ledger"):
        Witness.from_plain(value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "holds no token"),
        ({"token": "%"}, "holds no token"),
        ({"token": base64.b64encode(b"another").decode()}, "is not the one whose SHA-256 was registered: expected"),
    ],
)
@pytest.mark.parametrize("kind", ["rfc3161", "git tag"])
def test_another_token_is_damage(kind: Any, data: dict[str, str], said: str) -> None:
    pytest.importorskip("rfc3161_client", reason="the extra `stamp` is not installed here")
    with pytest.raises(DamageError, match=said):
        replace(GOOD, kind=kind, data=data).check()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("by", "somebody", "the authority of the time stamp is 'stamps', but 'somebody' was registered. Restore"),
        (
            "time",
            "2020-01-01T00:00:00+00:00",
            "the time of the time stamp is '20.*', but '2020-01-01T.*' was registered",
        ),
        ("digest", "ab" * 32, "it is over another digest"),
    ],
)
def test_a_token_that_says_something_else_is_damage(authority: Authority, field: str, value: str, said: str) -> None:
    from whether.stamp import stamp_at

    found = stamp_at(authority.url, hashlib.sha256(b"a registration").digest())
    with pytest.raises(DamageError, match=said):
        replace(found, **{field: value}).check()


def test_importing_it_loads_neither_the_library_nor_the_network() -> None:
    code = (
        "import sys, whether.stamp\n"
        "print(sorted({'rfc3161_client', 'cryptography', 'torch', 'numpy', 'ssl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
