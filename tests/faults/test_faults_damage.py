"""What was changed behind our back: it is found when it is used and by `verify`, and nothing false is used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fault_cases import (
    FILE,
    LAB,
    RUN,
    SECOND,
    Call,
    answers,
    asked,
    everything,
    evidence,
    flip,
    place_of,
    records,
    same,
    sound,
)

from whether.execute.progress import Event, Note
from whether.lab import Lab
from whether.store import Store
from whether.store.sealed import seal

pytestmark = pytest.mark.usefixtures("plain_pages")


def notes_of(question: Any) -> list[str]:
    """Run a question; what was noted on the way."""
    heard: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            heard.append(event.text)

    Lab(LAB).run(question, progress=listen)
    return heard


@pytest.mark.parametrize("harm", [flip, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize(
    ("arm", "part"),
    [("dense", "state"), ("early", "state"), ("early", "optimizer"), ("dense", "record"), ("early", "record")],
)
def test_what_is_damaged_is_found_when_it_is_used(answered: Path, both: Path, arm: str, part: str, harm: Any) -> None:
    place = place_of(answered, arm, part)
    harm(place)
    heard = notes_of(asked(**SECOND))
    assert len(heard) == (harm is not Path.unlink)  # what is missing is known before it is used
    assert all("It is set aside in work/damaged and made again." in text for text in heard)
    assert all(str(place.relative_to(answered)) in text for text in heard)
    same(states_and_numbers(answered), states_and_numbers(both))
    assert sound(answered)


@pytest.mark.parametrize("part", ["measure", "record", "state"])
@pytest.mark.parametrize("harm", [flip, Path.unlink])
def test_an_answer_is_made_again_from_what_is_sound(answered: Path, made: Path, part: str, harm: Any) -> None:
    """The answer is lost, and so is a part of what it was made from; `state` alone is not needed for it."""
    harm(place_of(answered, "ticket", part))
    shutil.rmtree(answered / "answers")
    Lab(LAB).run(asked())
    assert answers(LAB) == answers(made / "answered")
    assert records(LAB) == records(made / "answered")
    if part != "state":
        same(states_and_numbers(answered), states_and_numbers(made / "answered"))
        assert sound(answered)


def test_everything_is_damaged(answered: Path, made: Path) -> None:
    for path in [*(answered / "states").rglob("*.safetensors"), *(answered / "records").rglob("*.json")]:
        flip(path)
    shutil.rmtree(answered / "answers")
    Lab(LAB).run(asked())
    same(states_and_numbers(answered), states_and_numbers(made / "answered"))
    assert sound(answered)


def test_a_record_is_damaged_whose_state_was_dropped(answered: Path, made: Path) -> None:
    place_of(answered, "dense", "state").unlink()
    flip(place_of(answered, "dense", "record"))
    notes_of(asked(**SECOND))
    assert sound(answered)


def test_one_piece_under_the_name_of_another(answered: Path, both: Path) -> None:
    """Whole files in each other's place: what they say of themselves does not fit their names."""
    for part in ("record", "state"):
        one, other = place_of(answered, "dense", part), place_of(answered, "early", part)
        aside = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(aside)
    notes_of(asked(**SECOND))
    same(states_and_numbers(answered), states_and_numbers(both))
    assert sound(answered)


@pytest.mark.parametrize("part", ["measure", "record", "state", "optimizer", "profile", "answer", "last", "mark"])
def test_verify_names_the_place(whether: Call, answered: Path, part: str) -> None:
    assert whether("verify").code == 0
    other = {
        "profile": lambda: next((answered / "profiles").iterdir()),
        "answer": lambda: next(answered.glob("answers/*/answer.json")),
        "last": lambda: answered / "answers" / "last",
        "mark": lambda: answered / "lab.json",
    }
    place = other[part]() if part in other else place_of(answered, "early" if part == "optimizer" else "dense", part)
    flip(place)
    done = whether("verify")
    assert done.code == 3
    assert str(place.relative_to(answered)) in done.out + done.err


def test_an_answer_is_damaged(whether: Call, answered: Path, made: Path) -> None:
    place = next(answered.glob("answers/*/answer.json"))
    flip(place, 400)
    for line in (("answer",), ("answer", FILE), ("answer", FILE, "width=6"), ("report",), ("clean", "--yes")):
        done = whether(*line)
        assert done.code == 3
        assert f"{place.relative_to(answered)} is not what the ledger says was answered. It is not used" in done.err
    assert "1 answer not as given, and not shown; `whether verify` tells more" in whether("status").out
    done = whether(*RUN)
    assert done.code == 0
    assert "It is set aside in work/damaged." in done.out
    assert "nothing to train" in done.out
    assert answers(LAB) == answers(made / "answered")
    assert whether("verify").code == 0


def test_an_older_answer_is_put_back(whether: Call, answered: Path, made: Path) -> None:
    """With another meaning the question was answered anew; its first answer is no longer the one that stands."""
    place = next(answered.glob("answers/*/answer.json"))
    first = place.read_bytes()
    Path(FILE).write_text(Path(FILE).read_text().replace("Do not prune.", "Never prune."))
    assert whether(*RUN).code == 0
    latest = json.loads(place.read_bytes())
    place.write_bytes(first)
    assert whether("verify").code == 3
    assert whether(*RUN).code == 0
    assert evidence(json.loads(place.read_bytes())) == evidence(latest)
    assert whether("verify").code == 0


def test_the_note_of_the_last_answer_is_damaged(whether: Call, answered: Path) -> None:
    flip(answered / "answers" / "last")
    done = whether("answer")
    assert done.code == 3
    assert "answers/last is not what was written there. Delete it and name the question instead" in done.err
    assert whether("answer", FILE).code == 0
    assert whether(*RUN).code == 0
    assert whether("verify").code == 0


def test_a_profile_is_damaged(whether: Call, answered: Path) -> None:
    place = next((answered / "profiles").glob("*.json"))
    sound = place.read_bytes()
    flip(place)
    assert "Remove it: the next run that trains on that machine writes it again." in " ".join(
        whether("verify").out.split()
    )
    place.unlink()
    assert whether(*RUN, "replicates=3").code == 0  # which trains one more
    assert place.read_bytes() == sound
    assert whether("verify").code == 0


# The ledger.


def test_an_entry_in_the_middle_is_cut_out(whether: Call, answered: Path) -> None:
    assert whether(*RUN, "replicates=1", "--open-test").code == 0
    (answered / "ledger" / "00000001.json").unlink()
    before = records(answered)
    for line in (RUN, (*RUN, "replicates=3"), ("answer",), ("status",)):
        done = whether(*line)
        assert done.code == 3
        assert "ledger/00000001.json: Entry 1 of the ledger is missing although entry 2 stands." in done.err
        assert "Restore the ledger from a copy of the lab." in done.err
    assert records(answered) == before  # it is told of before hours of training, not after
    done = whether("verify")
    assert done.code == 3
    assert "ledger/00000001.json" in done.out


@pytest.mark.parametrize("harm", [flip, lambda path: path.write_bytes(seal({"number": 0, "kind": "answered"}))])
def test_an_entry_is_changed(whether: Call, answered: Path, harm: Any) -> None:
    harm(answered / "ledger" / "00000000.json")
    for line in (RUN, (*RUN, "replicates=3"), ("answer",)):
        done = whether(*line)
        assert done.code == 3
        assert "ledger/00000000.json: Entry 0 of the ledger was altered or cannot be read" in done.err
    assert whether("verify").code == 3


def test_the_ledgers_end_is_cut_off(whether: Call, answered: Path) -> None:
    assert whether(*RUN, "replicates=1").code == 0
    for number in (1, 0):
        (answered / "ledger" / f"0000000{number}.json").unlink()
    done = whether(*RUN, "replicates=1")
    assert done.code == 3
    assert "The ledger was cut: it has 0 entries, but had 1 when answers/going-on-" in done.err
    assert "Without one this ledger witnesses nothing more: go on in a new lab (--lab FOLDER)" in done.err
    assert whether("answer").code == 3
    done = whether("verify")
    assert done.code == 3
    assert "The ledger was cut: it has 0 entries, but had 1" in " ".join(done.out.split())


def test_without_its_ledger_a_lab_goes_on_in_a_new_one(whether: Call, answered: Path, made: Path) -> None:
    """What the messages advise."""
    shutil.rmtree(answered / "ledger")
    for part in ("records", "states"):
        shutil.copytree(answered / part, Path("new") / part)
    assert whether(*RUN, "--lab", "new").code == 2  # a folder of somebody's
    shutil.rmtree("new")
    Lab("new")
    for part in ("records", "states"):
        shutil.copytree(answered / part, Path("new") / part, dirs_exist_ok=True)
    done = whether(*RUN, "--lab", "new")
    assert done.code == 0
    assert "nothing to train" in done.out
    assert answers(Path("new")) == answers(made / "answered")
    assert whether("verify", "--lab", "new").code == 0


def test_the_ledger_was_cut_and_written_on(whether: Call, answered: Path) -> None:
    assert whether(*RUN, "replicates=1").code == 0
    for number in (1, 0):
        (answered / "ledger" / f"0000000{number}.json").unlink()
    Store(answered).ledger.append("looked", {"at": "something else"})
    done = whether(*RUN, "replicates=1")
    assert done.code == 3
    assert "The ledger was rewritten: entry 0 is not the one that stood when answers/going-on-" in done.err


def test_an_answers_own_entry_is_cut_off(whether: Call, answered: Path, made: Path) -> None:
    """Nothing else hung on it: the answer is concluded again, from what stands."""
    (answered / "ledger" / "00000000.json").unlink()
    assert whether("verify").code == 3
    done = whether(*RUN)
    assert done.code == 0
    assert "nothing to train" in done.out
    assert answers(LAB) == answers(made / "answered")
    assert whether("verify").code == 0


def states_and_numbers(lab: Path) -> dict[str, Any]:
    found = everything(lab)
    return {part: found[part] for part in ("answers", "states", "records")}
