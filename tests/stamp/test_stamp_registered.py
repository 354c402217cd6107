"""From `whether register --authority` to `whether verify`: the token is older than the seeds that it gives."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whether import Lab
from whether.cli import main

if TYPE_CHECKING:
    from stamps import Party

    from conftest import Authority

WITNESSED = '''\
"""A question that trains in a blink."""

from whether import Control, Network, Question, Recipe, adam, exceeds, not_worse, question, same

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"


@question()
def witnessed():
    """Is a network as good in another order of its data?"""

    def arms(rep):
        start = Network("mlp-8", data="digits", seed=rep, recipe=RECIPE)
        return {"one": start.train(), "other": start.train(order=rep.seed("other")), "fresh": start}

    return Question(
        arms,
        claims=[not_worse("one", "other", by=20, because=WHY, sd=5.0)],
        controls=[
            Control(exceeds("one", "fresh", by=1, because=WHY), expect="yes", because="training works"),
            Control(same("one", "other", within=40, because=WHY), expect="yes", because="the same network"),
        ],
        if_yes="Orders do not matter.",
        if_no="They do.",
        replicates=4,
    )
'''


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and rehearsals take seconds, and are looked at elsewhere."""
    from whether.gates import REHEARSAL, Gate

    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
    monkeypatch.setattr("whether.gates._rehearsal", lambda *_a, **_k: Gate(name=REHEARSAL, passed=True, message="so"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("witnessed.py").write_text(WITNESSED, encoding="utf-8")


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_token_makes_it_confirmatory_up_to_verify(
    authority: Authority, parties: dict[str, Party], capsys: Any
) -> None:
    root = str(parties["root"].file)
    words = ["witnessed.py", "--authority", authority.url, "--authority-certificate", root, "--json"]
    code, out, err = call(capsys, "register", *words)
    assert code == 0, err
    said = json.loads(out)
    assert (said["grade"], said["witness"]["kind"], said["witness"]["digest"]) == (
        "confirmatory",
        "rfc3161",
        said["study"],
    )
    code, out, err = call(capsys, "run", "witnessed.py")
    assert code == 0, err
    assert "confirmatory: study" in out
    (study,) = Lab().studies.listing()
    assert study.remarks == [], "it was checked up to the root"
    assert call(capsys, "verify")[0] == 0
    assert call(capsys, "verify", "--authority-certificate", root)[0] == 0
    other = str(parties["other"].file)
    code, out, _ = call(capsys, "verify", "--authority-certificate", other)
    assert (code, "The token from outside does not hold" in " ".join(out.split())) == (3, True)


def test_without_a_root_it_says_what_was_not_checked(authority: Authority, capsys: Any) -> None:
    code, out, err = call(capsys, "register", "witnessed.py", "--authority", authority.url)
    assert code == 0, err
    assert "chain" in out
    (study,) = Lab().studies.listing()
    assert any("chain" in remark for remark in study.remarks)


def test_when_it_does_not_answer_nothing_is_registered(capsys: Any) -> None:
    code, _, err = call(capsys, "register", "witnessed.py", "--authority", "http://127.0.0.1:9/tsr")
    assert code == 1, err
    assert "self-witnessed" in err
    assert Lab().studies.listing() == []
