"""Tampering is found and its place named: by who only knows files, and by who seals and chains everything anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from frozen_cases import (
    ANSWER,
    WHY,
    asking,
    draft,
    found,
    registered,
    rewrite_answer,
    rewrite_entry,
    rewrite_record,
    run_of,
    write,
)

from whether import Lab, exceeds, not_worse
from whether.audit import audit, columns_of, question_of
from whether.conclude import conclude
from whether.store.verify import verify


def entries(lab: Lab) -> list[Path]:
    return sorted((lab.root / "ledger").glob("*.json"))


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    write(path, bytes(raw))


def test_an_honest_lab_has_nothing_to_find(stood: Lab) -> None:
    assert found(stood) == []
    stood.run(asking(), exploratory=True)
    assert found(stood) == []


class TestBytes:
    """Somebody changes files."""

    def test_a_changed_registration(self, stood: Lab) -> None:
        flip(entries(stood)[0])
        assert any(item.startswith("ledger/00000000.json: Entry 0 of the ledger was altered") for item in found(stood))

    def test_an_edited_number(self, stood: Lab) -> None:
        (path,) = (stood.root / "answers").glob("*/answer.json")
        write(path, path.read_bytes().replace(b'"value": ', b'"value": 1', 1))
        assert any(ANSWER in item and "not the answer that the ledger's latest entry" in item for item in found(stood))

    def test_a_cut_ledger(self, stood: Lab) -> None:
        entries(stood)[-1].unlink()
        assert any("The ledger has no entry for this answer" in item for item in found(stood))
        for path in entries(stood):
            path.unlink()
        assert any("ledger: The ledger was cut" in item for item in found(stood))

    def test_a_reordered_ledger(self, stood: Lab) -> None:
        first, second = entries(stood)[:2]
        one, other = first.read_bytes(), second.read_bytes()
        write(first, other)
        write(second, one)
        assert any(
            item.startswith("ledger/00000000.json: This is entry 1 of the ledger under") for item in found(stood)
        )

    def test_an_edited_record(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        digest = answer.table[0].measure
        flip(stood.root / "records" / digest[:2] / f"{digest}.json")
        assert any(item.startswith(f"records/{digest[:2]}/{digest}.json: The record is not") for item in found(stood))


Change = Callable[[dict[str, Any]], None]


def dropped(said: dict[str, Any]) -> None:
    said["table"] = [run for run in said["table"] if (run["arm"], run["replicate"]) != ("trained", 1)]


def renumbered(said: dict[str, Any]) -> None:
    dropped(said)
    run_of(said, "trained", 2)["replicate"] = 1


def added(said: dict[str, Any]) -> None:
    said["table"].append({**run_of(said, "trained", 2), "replicate": 3, "seed": "00" * 8})


def doubled(said: dict[str, Any]) -> None:
    said["table"].append(dict(run_of(said, "trained", 2)))


def foreign(said: dict[str, Any]) -> None:
    run_of(said, "trained", 1)["seed"] = "00" * 8


def swapped(said: dict[str, Any]) -> None:
    one, other = run_of(said, "trained", 0), run_of(said, "again", 0)
    one["measure"], other["measure"] = other["measure"], one["measure"]
    one["value"], other["value"] = other["value"], one["value"]


def edited(said: dict[str, Any]) -> None:
    run_of(said, "trained", 1)["value"] += 5.0


def saved(said: dict[str, Any]) -> None:
    run_of(said, "trained", 1)["outcome"] = "diverged"


def turned(said: dict[str, Any]) -> None:
    said["verdict"] = "inconclusive" if said["verdict"] != "inconclusive" else "yes"


def resized(said: dict[str, Any]) -> None:
    said["claims"][0]["size"] = 1.0


def smaller(said: dict[str, Any]) -> None:
    said["claims"][0]["low"] += 1.0


def promoted(said: dict[str, Any]) -> None:
    said["grade"] = "confirmatory"


def reseeded(said: dict[str, Any]) -> None:
    said["seed"] = 7


def armless(said: dict[str, Any]) -> None:
    said["table"] = [run for run in said["table"] if run["arm"] != "fresh"]
    said["arms"] = [arm for arm in said["arms"] if arm["arm"] != "fresh"]
    said["controls"] = said["controls"][1:]


def misread(said: dict[str, Any]) -> None:
    said["controls"][0]["behaved"] = not said["controls"][0]["behaved"]


def flattered(said: dict[str, Any]) -> None:
    said["arms"][0]["mean"] = 99.0


def reinterpreted(said: dict[str, Any]) -> None:
    said["meaning"] = said["if_no"] if said["verdict"] == "yes" else said["if_yes"]


def unwarned(said: dict[str, Any]) -> None:
    said["study"]["underpowered"], said["study"]["deviations"] = True, [{"what": "none"}]


def reworded(said: dict[str, Any]) -> None:
    said["if_no"] = "something else"


def elsewhere(said: dict[str, Any]) -> None:
    said["split"] = "test"


def beyond(said: dict[str, Any]) -> None:
    run_of(said, "trained", 1)["outcome"] = "overrun"


def impossible(said: dict[str, Any]) -> None:
    said["alpha"] = 0.7


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (misread, "Concluded anew from its runs, it says otherwise of: controls"),
        (flattered, "Concluded anew from its runs, it says otherwise of: arms"),
        (reinterpreted, "Concluded anew from its runs, it says otherwise of: meaning"),
        (unwarned, "Of its registration it says otherwise than the ledger: deviations, underpowered"),
        (reworded, "Of its registration it says otherwise than the ledger: reworded"),
        (elsewhere, "It is not the answer, on the split, that was registered"),
        (beyond, "trained, replicate 1, is said to be overrun; its record says done"),
        (impossible, "What it says is no answer to a question (alpha is 0.7"),
        (dropped, "The run of trained, replicate 1, is missing"),
        (renumbered, "The run of trained, replicate 1, has a foreign seed"),
        (added, "The run of trained, replicate 3, has a foreign seed (0000000000000000)"),
        (doubled, "There are 2 runs of trained, replicate 2"),
        (foreign, "The run of trained, replicate 1, has a foreign seed"),
        (swapped, "The run of trained, replicate 0, is not the history that was registered"),
        (edited, "trained, replicate 1, is said to be"),
        (saved, "trained, replicate 1, is said to be diverged; its record says done"),
        (turned, "It says "),
        (resized, "Its claims or its rule are not those that were registered"),
        (smaller, "Concluded anew from its runs, it says otherwise of: claims"),
        (promoted, "It says that it is confirmatory; its registration makes it registered"),
        (reseeded, "Its seeds are not those that follow from its registration"),
        (armless, "The arm fresh has no runs"),
    ],
)
def test_an_answer_that_was_sealed_anew(stood: Lab, change: Change, told: str) -> None:
    rewrite_answer(stood, change)
    assert verify(stood.store) == [], "bytes and chains are sound"
    here = [item for item in found(stood) if told in item]
    assert here, found(stood)
    assert here[0].startswith(ANSWER)


def test_numbers_that_were_changed_in_the_record_and_in_the_answer(stood: Lab) -> None:
    answer = stood.latest()
    assert answer is not None
    run = answer.table[1]
    better = run.value + 5.0

    def change(said: dict[str, Any]) -> None:
        run_of(said, run.arm, run.replicate)["value"] = better
        again = conclude(
            question_of(answer),
            columns_of(type(answer).from_json(json.dumps(said))),
            **{name: getattr(answer, name) for name in ("digest", "grade", "split", "data")},
        )
        whole = json.loads(again.to_json())
        said.update({name: whole[name] for name in ("claims", "controls", "arms", "looks", "verdict", "secondary")})

    rewrite_record(stood, run.measure, lambda said: said.update(value=better))
    rewrite_answer(stood, change)
    assert any("Its look with 3 replicates saw other numbers than its runs have" in item for item in found(stood))


class TestRegistration:
    def test_a_document_that_was_changed_and_chained_anew(self, stood: Lab) -> None:
        rewrite_entry(stood, 0, lambda body: body["document"]["questions"][0]["claims"][0].update(size=1.0))
        text = found(stood)
        assert any("ledger/00000000.json: The registration" in item and "was changed" in item for item in text)

    def test_a_nonce_that_was_chosen_later(self, stood: Lab) -> None:
        from whether.registration import registration_digest

        def change(body: dict[str, Any]) -> None:
            body["document"]["nonce"] = "00" * 32
            body["digest"] = body["study"] = registration_digest(body["document"])

        rewrite_entry(stood, 0, change)
        assert any("The registration" in item and "is not in the ledger" in item for item in found(stood))

    def test_a_gate_that_was_not_passed(self, lab: Lab) -> None:
        registered(lab)

        def change(body: dict[str, Any]) -> None:
            from whether.registration import registration_digest

            body["document"]["questions"][0]["gates"][1]["passed"] = False
            body["digest"] = body["study"] = registration_digest(body["document"])

        rewrite_entry(lab, 0, change)
        assert any("although the gate 'answerable either way' was not passed" in item for item in found(lab))

    def test_a_registration_that_says_nothing(self, lab: Lab) -> None:
        registered(lab)
        rewrite_entry(lab, 0, lambda body: body.pop("document"))
        assert any("ledger/00000000.json: The registration cannot be read" in item for item in found(lab))

    def test_a_witness_over_something_else(self, lab: Lab) -> None:
        from whether.stamp.witness import witness

        def elsewhere(_digest: bytes) -> Any:
            return witness("git tag", b"object 1\n", b"\1" * 32, by="Ada", time="2026-01-01T00:00:00+00:00"), []

        registered(lab, stamp=elsewhere)
        assert any("The token of Ada is over another registration" in item for item in found(lab))

    def test_an_amendment_after_a_look(self, lab: Lab) -> None:
        study = registered(lab)
        lab.studies.amend(study, draft(asking(replicates=4)), "more fit")
        lab.run(asking(replicates=4))
        assert found(lab) == []

        def swap(body: dict[str, Any]) -> None:
            body["now"]["gates"][1]["passed"] = False

        rewrite_entry(lab, 1, swap)
        assert any("ledger/00000001.json: tiny was registered although the gate" in item for item in found(lab))
        amended = lab.store.ledger.entries()[1].body
        lab.store.ledger.append("amended", amended)
        assert any("tiny was amended after it was looked at" in item for item in found(lab))


class TestLooks:
    @pytest.fixture
    def sequential(self, lab: Lab) -> Lab:
        question = self.asking()
        registered(lab, question)
        answer = lab.run(question)
        assert len(answer.looks) > 1
        assert found(lab) == []
        return lab

    @staticmethod
    def asking() -> Any:
        hard = not_worse("trained", "again", by=0.5, because=WHY)
        easy = exceeds("trained", "fresh", by=1, because=WHY)
        return asking(claims=[hard, easy], looks=(3, 5, 7), replicates=None, spending="pocock")

    @staticmethod
    def number(lab: Lab, kind: str) -> int:
        return next(int(path.stem) for path in entries(lab) if json.loads(path.read_text())["kind"] == kind)

    def test_a_look_that_was_left_out(self, sequential: Lab) -> None:
        number = self.number(sequential, "looked")
        rewrite_entry(sequential, number, lambda body: body.update(n=4))
        text = found(sequential)
        assert any("The ledger has looks with 4 replicates; its rule has none there" in item for item in text)
        assert any("The ledger has no entry of its look with 3 replicates" in item for item in text)

    def test_a_look_that_saw_something_else(self, sequential: Lab) -> None:
        number = self.number(sequential, "looked")
        rewrite_entry(sequential, number, lambda body: body.update(verdict="no"))
        assert any("Its look with 3 replicates saw other numbers" in item for item in found(sequential))

    def test_a_run_of_an_early_replicate_that_is_gone(self, sequential: Lab) -> None:
        rewrite_answer(sequential, dropped)
        assert any("The run of trained, replicate 1, is missing" in item for item in found(sequential))

    def test_it_cannot_stop_while_its_verdict_is_open(self, sequential: Lab) -> None:
        def change(said: dict[str, Any]) -> None:
            said["table"] = [run for run in said["table"] if run["replicate"] < 3]
            said["replicates"] = 3
            said["looks"] = said["looks"][:1]
            said["verdict"] = "inconclusive"

        rewrite_answer(sequential, change)
        assert any(
            "It stopped with 3 of 7 replicates although its verdict was open" in item for item in found(sequential)
        )


def test_an_exploratory_answer_is_audited_too(lab: Lab) -> None:
    lab.run(asking())
    assert found(lab) == []
    copy = Lab(shutil.copytree(lab.root, lab.root.parent / "copy"))
    rewrite_answer(lab, edited)
    assert any("its record says" in item for item in found(lab))
    rewrite_answer(copy, foreign)
    assert any("has a foreign seed" in item for item in found(copy))


def test_progress_is_told(stood: Lab) -> None:
    told: list[tuple[int, int]] = []
    audit(stood.store, lambda done, of: told.append((done, of)))
    assert told == [(1, 1)]
