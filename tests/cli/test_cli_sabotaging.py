"""`sabotage`: what it takes, what it prints, and when it fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from whether.execute.progress import Note
from whether.sabotage import BugFound, Effect, Noticed, Sabotaged, TruthFound

SAID = "a exceeds b by more than 1 point"
EFFECT = Effect(claim=SAID, verdict="yes", estimate=2.5, low=1.25, high=3.75, unit="points", change=0.0, chance=True)
SHARES = {"yes": 0.004, "no": 0.25, "inconclusive": 0.746}
FOUND = Sabotaged(
    name="signs",
    text="Does a winning ticket need the signs it was drawn with?",
    options={"density": "0.1"},
    seed=0,
    split="validation",
    replicates=8,
    planned=16,
    design="0123456789abcdef" * 4,
    arms={"a": "1" * 64, "b": "2" * 64},
    verdict="yes",
    claims=[EFFECT],
    controls=[],
    truths=[
        TruthFound(
            kind="no effect",
            planted="labels shuffled 1,000 times",
            claim=SAID,
            expected="yes in at most about 5 %",
            found="yes in 0.4 %",
            ok=True,
            shares=SHARES,
            limit=0.0707,
        ),
        TruthFound(
            kind="effect",
            planted="b never trained",
            claim=SAID,
            expected="yes",
            found="yes",
            ok=True,
            effect=88.125,
            unit="points",
        ),
        TruthFound(
            kind="effect",
            planted="c never trained",
            claim=SAID,
            expected="no",
            found="",
            ok=None,
            why_not="it is a count",
        ),
    ],
    bugs=[
        BugFound(
            name="idle-shuffle",
            trap="a shuffle that never writes back",
            does="It does not.",
            verdict="no",
            flipped=True,
            changed=8,
            effects=[replace(EFFECT, verdict="no", estimate=0.0, change=-2.5, chance=False)],
            noticed=[
                Noticed(by="check", said="first"),
                Noticed(by="check", said="second"),
                Noticed(by="control", said="“a exceeds c” came out no, expected yes"),
            ],
        ),
        BugFound(
            name="best-epoch",
            trap="selecting the best epoch on the split that is reported",
            does="It does.",
            verdict="yes",
            changed=3,
            effects=[replace(EFFECT, estimate=2.75, change=0.25)],
        ),
        BugFound(name="dense-output", trap="'80 % sparse'", does="It is.", verdict="yes", effects=[EFFECT]),
        BugFound(name="global-seeds", trap="global seeds", does="It draws.", why_not="nothing is drawn"),
        BugFound(name="broken", trap="code", does="Raises.", noticed=[Noticed(by="work", said="it failed")]),
    ],
)

PAGE = """\
signs  Does a winning ticket need the signs it was drawn with?
  note: bug 1 of 5

YES  is the honest answer
  8 of 16 replicates · 2 arms · validation split · design 0123456789ab
  yes  2.5 points [1.2 to 3.8]  a exceeds b by more than 1 point

Planted truths
  found        labels shuffled 1,000 times  a exceeds b by more than 1 point:
                                            expected yes in at most about 5 %,
                                            came out yes in 0.4 %
  found        b never trained              a exceeds b by more than 1 point:
                                            expected yes, came out yes (88.1
                                            points)
  not planted  c never trained              a exceeds b by more than 1 point: it
                                            is a count

Published bugs
  idle-shuffle  a shuffle that never writes back
                no, was yes; effect moved by −2.50 points
                noticed by a check: first (and 1 more)
                noticed by a control: “a exceeds c” came out no, expected yes
  best-epoch    selecting the best epoch on the split that is reported
                yes as before; effect moved by +0.25 points (may be chance)
                noticed by nothing
  dense-output  '80 % sparse'
                yes as before; not one number is another, so there is nothing to
                notice
  global-seeds  global seeds
                not applicable: nothing is drawn
  broken        code
                no answer
                noticed by the work, which stopped: it failed

How far to trust this pipeline
  Every planted truth was found (2 of 2). Of 4 published bugs that can be
  planted here 1 would have changed the verdict. Each of those would have been
  noticed. Nothing would have noticed best-epoch either, but the verdict would
  have stayed. Not one number would be another for dense-output.
"""
"""The form is frozen: people and scripts read it. Change it only with the changelog."""


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Sabotage that finds what FOUND says; what it was asked."""
    asked: list[dict[str, Any]] = []

    def sabotage(lab: Any, question: Any, *, replicates: Any, seed: int, progress: Any) -> Sabotaged:
        asked.append({"lab": lab.root, "question": question, "replicates": replicates, "seed": seed})
        progress(Note("bug 1 of 5"))
        return FOUND

    monkeypatch.setattr("whether.sabotage.sabotage", sabotage)
    return asked


class TestSabotage:
    def test_what_it_prints_is_frozen(self, whether: Any, signs: Path, tried: Any) -> None:
        done = whether("sabotage", "signs.py")
        assert (done.code, done.err) == (0, "")
        assert done.out == PAGE

    def test_json_has_everything_and_stands_alone(self, whether: Any, signs: Path, tried: Any) -> None:
        done = whether("sabotage", "signs.py", "--json")
        said = json.loads(done.out)
        assert done.err.splitlines()[-1] == "  note: bug 1 of 5"
        assert (said["ok"], said["trust"]) == (True, FOUND.trust)
        assert sorted(said) == sorted([*vars(FOUND), "ok", "trust"])
        assert said["truths"][0]["shares"] == SHARES
        assert said["bugs"][0]["noticed"][2] == {"by": "control", "said": "“a exceeds c” came out no, expected yes"}
        assert sorted(said["bugs"][0]) == sorted(
            ["name", "trap", "does", "why_not", "verdict", "flipped", "changed", "effects", "noticed"]
        )

    def test_a_truth_that_was_not_found_is_exit_1(
        self, whether: Any, signs: Path, tried: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        missed = replace(FOUND.truths[1], found="no", ok=False)
        found = replace(FOUND, truths=[*FOUND.truths[:1], missed])
        monkeypatch.setattr("whether.sabotage.sabotage", lambda *asked, **how: found)
        done = whether("sabotage", "signs.py")
        assert done.code == 1
        assert "  NOT FOUND  b never trained" in done.out
        assert "1 of 2 planted truths were NOT found" in done.out
        assert done.err == (
            "error: 1 planted truth not found in signs: b never trained: expected yes, found no (a exceeds b by more "
            "than 1 point).\n"
        )
        done = whether("sabotage", "signs.py", "--json")
        assert (done.code, json.loads(done.out)["ok"]) == (1, False)

    def test_options_reach_it(self, whether: Any, signs: Path, tried: Any) -> None:
        for words in (["density=.3"], ["replicates=6"], ["looks=[2,4]"], ["--seed", "7", "--lab", "there"]):
            assert whether("sabotage", "signs.py", *words).code == 0
        assert [item["replicates"] for item in tried] == [None, 6, 4, None]
        assert tried[0]["question"].options["density"] == 0.3
        assert (tried[3]["seed"], tried[3]["lab"].name) == (7, "there")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "which question? Known: "),
            (["xro"], "unknown question 'xro'; did you mean 'xor'"),
            (["xor", "signs.py"], "one question at a time, got xor and signs.py."),
            (["signs.py", "densty=.1"], "'densty'; did you mean 'density'"),
            (["signs.py", "replicates=0"], "replicates is 0; expected a whole number, 1 or more"),
            (["signs.py", "density=2"], "density is 2.0; expected a number in (0, 1)"),
            (["bound.py"], "no claim of bound compares two arms (ticket lies above 50 points): there are no labels"),
            (["broken.py"], "broken.py, line 3: ZeroDivisionError: division by zero"),
            (["nets.py"], "unknown name in module 'nothere'"),
            (["@last"], "@last is an answer"),
        ],
    )
    def test_wrong_requests_try_nothing(
        self, words: list[str], said: str, whether: Any, signs: Path, tried: Any, folder: Path
    ) -> None:
        text = signs.read_text()
        bound = text.replace('exceeds("ticket", "new signs", by=s,', 'above("ticket", 50,').replace("exceeds", "above")
        (folder / "bound.py").write_text(bound.replace("def signs(", "def bound("))
        (folder / "broken.py").write_text('"""Mine."""\n\nvalue = 1 / 0\n')
        (folder / "nets.py").write_text(text.replace("def signs(", "def nets(").replace('"mlp-4"', '"nothere:make"'))
        done = whether("sabotage", *words)
        assert done.code == 2
        assert said.removeprefix("unknown name in module ") in done.err
        assert tried == []
        assert not (folder / "lab").exists()


def test_the_whole_way_on_real_networks(whether: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr("whether.report.write.render", lambda answer: {})
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        done = whether("sabotage", "xor", "replicates=2", "steps=20it", "--json")
    finally:
        torch.set_num_threads(before)
    found = json.loads(done.out)
    assert done.code == (0 if found["ok"] else 1)
    assert (found["name"], found["replicates"], len(found["bugs"])) == ("xor", 2, 10)
    assert sorted(path.name for path in (folder / "lab" / "work" / "sabotage").iterdir()) == [
        *("honest", "idle-shuffle", "ignored-layers", "one-too-many", "revived-weights", "scored-copy")
    ]
    assert list((folder / "lab" / "records").iterdir()) == []
    assert whether("verify").code == 0
