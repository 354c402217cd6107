"""`register`, `amend`, `deviate`, and what `run` and `status` make of them: a real lab, a question of a blink."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from whether import Lab

TINY = '''\
"""A question that trains in a blink."""

from whether import Control, Network, Question, Recipe, adam, exceeds, not_worse, question, same

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"


@question()
def tiny(s=20.0, sd=5.0, replicates=4):
    """Is a network as good in another order of its data?"""

    def arms(rep):
        start = Network("mlp-8", data="digits", seed=rep, recipe=RECIPE)
        return {"one": start.train(), "other": start.train(order=rep.seed("other")), "fresh": start}

    return Question(
        arms,
        claims=[not_worse("one", "other", by=s, because=WHY, sd=sd)],
        controls=[
            Control(exceeds("one", "fresh", by=1, because=WHY), expect="yes", because="training works"),
            Control(same("one", "other", within=40, because=WHY), expect="yes", because="the same network"),
        ],
        if_yes="Orders do not matter.",
        if_no="They do.",
        replicates=replicates,
    )
'''


@pytest.fixture
def tiny(folder: Path) -> Path:
    path = folder / "blink.py"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and rehearsals take seconds, and are looked at elsewhere; the nonce is the same in every run."""
    from whether.gates import REHEARSAL, Gate

    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
    monkeypatch.setattr("whether.gates._rehearsal", lambda *_a, **_k: Gate(name=REHEARSAL, passed=True, message="so"))
    monkeypatch.setattr("whether.studies.token_hex", lambda size: "ab" * size)


class TestRegister:
    def test_it_tells_gates_chances_and_what_it_cannot_show(self, whether: Any, tiny: Path) -> None:
        done = whether("register", "blink.py")
        assert done.code == 0, done.err
        (study,) = Lab().studies.listing()
        assert f"Registered as study {study.id} (registered)" in done.out
        for said in ("answerable either way", "replicates", "a lab can be deleted", "whether run blink.py"):
            assert said in " ".join(done.out.split())
        folder = Lab().answer_folder(study, "tiny").path
        assert {path.name for path in (folder / "figures").iterdir()} == {"answerable.svg", "answerable.png"}

    def test_json_is_the_whole_registration(self, whether: Any, tiny: Path) -> None:
        said = json.loads(whether("register", "blink.py", "--json", "--notes", "first try").out)
        assert said["document"]["notes"] == "first try"
        assert said["document"]["questions"][0]["claims"][0]["sd"] == 5.0
        assert said["grade"] == "registered"

    def test_run_then_runs_it_as_registered(self, whether: Any, tiny: Path) -> None:
        whether("register", "blink.py")
        done = whether("run", "blink.py")
        assert done.code == 0, done.err
        assert "registered: study" in done.out
        assert json.loads(whether("answer", "blink.py", "--json").out)["grade"] == "registered"
        refused = whether("run", "blink.py", "replicates=6")
        assert (refused.code, "another look is refused" in refused.err) == (2, True)
        assert "exploratory, as asked" in whether("run", "blink.py", "--exploratory").out
        other = whether("run", "blink.py", "s=15")
        assert "with other options or another design, so this run is exploratory" in " ".join(other.out.split())
        assert whether("verify").code == 0

    def test_status_shows_how_far_it_is(self, whether: Any, tiny: Path) -> None:
        whether("register", "blink.py")
        assert "open: whether run blink.py" in whether("status").out
        whether("run", "blink.py")
        (told,) = json.loads(whether("status", "--json").out)["studies"]
        assert (told["name"], told["verdict"], told["looked"]) == ("tiny", "yes", [4])

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["blink.py", "sd=60.0"], "not registered: answerable either way"),
            (["blink.py", "--pilot", "tiny-00000000"], "unknown pilot 'tiny-00000000'"),
            (["blink.py", "--authority", "http://a", "--git-tag", "b"], "one witness from outside is enough"),
            (["blink.py", "--authority-certificate", "x.pem"], "goes with --authority URL"),
            (["blink.py", "--authority", "ftp://a"], "ftp"),
            ([], "which question"),
            (["blink.py", "blink.py", "replicates=1"], "not registered"),
        ],
    )
    def test_wrong_requests_register_nothing(
        self, words: Sequence[str], said: str, whether: Any, tiny: Path, folder: Path
    ) -> None:
        done = whether("register", *words)
        assert done.code == 2, done.out + done.err
        assert said in done.err
        assert not (folder / "lab").exists() or Lab().studies.listing() == []

    def test_what_is_underpowered_is_registered_when_forced_and_says_so(self, whether: Any, tiny: Path) -> None:
        done = whether("register", "blink.py", "sd=60.0", "--underpowered")
        assert done.code == 0, done.err
        assert "registered against a gate" in done.err
        answer = whether("run", "blink.py", "sd=60.0")
        assert "underpowered" in (answer.out + answer.err).lower()

    def test_a_pilot_shows_the_spread_that_no_claim_states(self, whether: Any, tiny: Path) -> None:
        tiny.write_text(TINY.replace(", sd=sd", ""))
        refused = whether("register", "blink.py", "s=35")
        assert (refused.code, "whether run blink.py" in " ".join(refused.out.split())) == (2, True)
        assert whether("run", "blink.py", "s=35").code == 0
        done = whether("register", "blink.py", "s=35")
        assert done.code == 0, done.err
        (study,) = Lab().studies.listing()
        assert "pilot" in study.questions["tiny"]["planned"]["sd"]
        assert study.document["exposure"][0].startswith("exploratory answer tiny-")


class TestAmendAndDeviate:
    def test_before_a_look_it_is_amended(self, whether: Any, tiny: Path) -> None:
        whether("register", "blink.py")
        done = whether("amend", "blink.py", "replicates=5", "--because", "five fit")
        assert done.code == 0, done.err
        assert "replicates: 4 → 5" in done.out
        assert "registered: study" in whether("run", "blink.py", "replicates=5").out
        late = whether("amend", "blink.py", "replicates=6", "--because", "more")
        assert (late.code, "was looked at already" in late.err) == (2, True)

    def test_afterwards_it_deviates(self, whether: Any, tiny: Path) -> None:
        whether("register", "blink.py")
        whether("run", "blink.py")
        words = ["--what", "on two machines", "--reason", "unforeseen", "--because", "one broke"]
        done = whether("deviate", "blink.py", *words, "--effect", "unchanged")
        assert done.code == 0, done.err
        assert "Its page says so now" in done.out
        answer = json.loads(whether("answer", "tiny", "--json").out)
        assert answer["study"]["deviations"][0]["what"] == "on two machines"
        assert json.loads(whether("deviate", "tiny", *words, "--json").out)["told_again"] is True

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["deviate", "tinny"], "did you mean 'tiny'"),
            (["deviate", "tiny", "--reason", "x"], "unknown kind of reason 'x'"),
            (["amend", "blink.py"], "nothing would be amended"),
            (["amend", "blink.py", "xor"], "one question at a time, got 2"),
            (["amend", "xor", "--because", "so"], "unknown registered question 'xor'"),
        ],
    )
    def test_wrong_requests(self, words: Sequence[str], said: str, whether: Any, tiny: Path) -> None:
        whether("register", "blink.py")
        done = whether(*words)
        assert done.code == 2
        assert said in done.err
        assert len(Lab().store.ledger.entries()) == 1
