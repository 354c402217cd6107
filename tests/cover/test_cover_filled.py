"""The sheet of an answer says what its evidence says, field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cover_labs import asking, folder_of, reproduction, the_answer, write
from sheets import faults

from whether import Lab
from whether.answer import Answer, Run
from whether.cover.fields import FIELDS, fields_of
from whether.cover.filled import RESTS_ON, fill, missing
from whether.cover.filled_evidence import gather
from whether.cover.filled_rests import time_of
from whether.cover.filled_words import Draft, checks, command, effect, fitting, nameless, registration, runs
from whether.cover.hand import Hand
from whether.cover.sheet import CANNOT, DECLARED, NOT_STATED, VERIFIED, Sheet
from whether.cover.words import Words


@pytest.fixture
def sheet(stood: Lab) -> Sheet:
    return stood.cover(the_answer(stood))


def test_every_field_of_its_category_stands(sheet: Sheet) -> None:
    assert list(sheet.fields) == list(fields_of("science"))
    assert (sheet.category, sheet.verdict, sheet.made_by, sheet.problems) == ("science", "yes", "whether", [])
    assert sheet.mark == VERIFIED


def test_what_evidence_fills_is_verified(sheet: Sheet) -> None:
    by_state = {
        state: {name for name, said in sheet.fields.items() if said.state == state}
        for state in (VERIFIED, DECLARED, NOT_STATED)
    }
    auto = {name for name, item in FIELDS.items() if item.fill == "auto"} & set(sheet.fields)
    half = {"deviations", "variation", "data", "baselines"}
    assert by_state[VERIFIED] == auto - {"reproduced"} | half
    assert by_state[DECLARED] == {"category"}
    assert all(sheet.fields[name].text for name in by_state[VERIFIED])


def test_texts_have_room(sheet: Sheet) -> None:
    long = {name: len(said.text) for name, said in sheet.fields.items() if len(said.text) > FIELDS[name].most}
    assert not long


def test_digest_and_version_are_those_of_the_file(stood: Lab, sheet: Sheet) -> None:
    raw = (folder_of(stood) / "answer.json").read_bytes()
    assert sheet.fields["digest"].text == hashlib.sha256(raw).hexdigest()
    assert sheet.fields["identifier"].text == folder_of(stood).name
    assert sheet.fields["version"].value == 1
    (given,) = [entry for entry in stood.store.ledger.entries() if entry.kind == "answered"]
    assert sheet.fields["date"].text == given.time[:10]


def test_the_axis_is_that_of_the_claims(stood: Lab, sheet: Sheet) -> None:
    (claim,), (row,) = the_answer(stood).claims, sheet.axis
    assert (row.estimate, row.low, row.high, row.size, row.unit) == (
        claim.estimate,
        claim.low,
        claim.high,
        60,
        "points",
    )
    assert sheet.fields["effect"].text.endswith("; a yes needs it above −60 points")


def test_registration_power_and_runs_are_those_that_were_registered(stood: Lab, sheet: Sheet) -> None:
    study = stood.studies.listing()[0]
    assert sheet.fields["grade"].text.startswith("registered: frozen on ")
    assert sheet.fields["registration"].value == {"digest": study.digest, "entry": 0}
    assert "seen by nobody outside; no amendments" in sheet.fields["registration"].text
    assert "3 replicates, looked at once. Power: 90 % for a yes, 95 % for a no." in sheet.fields["rule"].text
    assert sheet.fields["runs"].text == "9 of 9 registered runs analysed: all done, none diverged, failed or left out."
    assert sheet.fields["runs"].value["not_registered"] == 0
    assert sheet.fields["deviations"].text == "None recorded."


def test_an_exploratory_answer_says_so(stood: Lab) -> None:
    other = stood.run(asking(), exploratory=True)
    told = fill(stood.store, other).fields
    assert told["grade"].text == "exploratory: not registered before its runs."
    assert told["registration"].text == "None: the question was not registered before its runs."
    assert told["runs"].value["registered"] is None
    assert "analysed, not registered: all done" in told["runs"].text
    assert "Power was not computed beforehand." in told["rule"].text
    # Of the one that was registered the other is a pilot or a repeat.
    assert "in 1 other answer to this question" in fill(stood.store, the_first(stood)).fields["compute"].text


def the_first(lab: Lab) -> Answer:
    return next(answer for _, answer in lab.answers() if answer.study)


def test_a_deviation_is_told_with_its_effect(stood: Lab) -> None:
    study, name = stood.studies.named("tiny")
    stood.studies.deviate(study, name, what="The disk was full", reason="unforeseen", because="a | b", effect="lower")
    stood.retell(study, name)
    told = fill(stood.store, the_answer(stood)).fields
    assert told["deviations"].text == "The disk was full (a | b; tested less severely for it)."
    assert (told["version"].text, told["version"].value) == ("2 (written anew)", 2)


def test_openings_of_the_test_split_are_counted_by_content(stood: Lab) -> None:
    answer = the_answer(stood)
    before = fill(stood.store, answer).fields["data"]
    assert "digits (CC BY 4.0)" in before.text
    assert "the test split was not opened in this lab" in before.text
    for content in (answer.data["content"], "f" * 64):
        stood.store.ledger.append("opened", {"question": "x", "design": content, "data": content})
    assert "the test split was opened 1 time in this lab" in fill(stood.store, answer).fields["data"].text


def test_data_of_another_content_than_the_runs_cannot_be_verified(stood: Lab) -> None:
    answer = the_answer(stood)
    other = replace(answer, data={**answer.data, "content": "f" * 64})
    said = fill(stood.store, other).fields["data"]
    assert said.state == CANNOT


def test_compute_is_summed_over_trajectories_from_their_records(stood: Lab, sheet: Sheet) -> None:
    told = sheet.fields["compute"].value
    records = [json.loads(path.read_text()) for path in (stood.root / "records").glob("*/*.json")]
    points = [record for record in records if record["kind"] == "point"]
    assert told["networks"] == len(points) == 6
    (seconds,) = told["training_seconds"].values()
    assert seconds == pytest.approx(sum(record["seconds"] for record in points), abs=0.06)
    assert sheet.fields["compute"].text.endswith("Energy not measured.")


def test_the_code_is_that_of_the_circumstances(stood: Lab, sheet: Sheet) -> None:
    lock = (folder_of(stood) / "environment.txt").read_bytes()
    assert sheet.fields["code"].value["lock_sha256"] == hashlib.sha256(lock).hexdigest()
    assert "pinned in environment.txt" in sheet.fields["code"].text
    assert sheet.fields["code"].pointer == "environment.txt"


class TestOlder:
    """Answers that were written before their code was recorded."""

    def old(self, lab: Lab, **changes: object) -> Answer:
        answer = the_answer(lab)
        kept = {key: item for key, item in answer.circumstances.items() if key not in ("code", "environment")}
        return replace(answer, circumstances={**kept, **changes})

    def code(self, lab: Lab, answer: Answer) -> Draft:
        from whether.cover.filled_evidence import gather
        from whether.cover.filled_rests import code

        return code(gather(lab.store, answer))

    def test_a_registered_one_declares_the_registered_environment(self, stood: Lab) -> None:
        said = self.code(stood, self.old(stood))
        assert said.state == DECLARED
        assert said.text.startswith("As it was registered: Python ")
        assert said.note == "The commit of the code was not recorded when this was answered."

    def test_an_exploratory_one_declares_its_versions(self, stood: Lab) -> None:
        said = self.code(stood, replace(self.old(stood), study={}))
        assert (said.state, said.text.endswith("commit not recorded.")) == (DECLARED, True)

    def test_one_that_says_nothing_states_nothing(self, stood: Lab) -> None:
        said = self.code(stood, replace(self.old(stood, versions={}), study={}))
        assert (said.state, said.text) == (NOT_STATED, "")


class TestHand:
    """What the author says beside it."""

    def filled(self, lab: Lab, **said: Words) -> Sheet:
        return fill(lab.store, the_answer(lab), Hand(said=said, name="tiny.cover.toml"))

    def test_it_is_declared_and_points_somewhere(self, stood: Lab) -> None:
        sheet = self.filled(stood, title=Words(text="T"), limits=Words(text="L", pointer="paper.pdf, section 4"))
        assert (sheet.fields["title"].state, sheet.fields["title"].pointer) == (DECLARED, "tiny.cover.toml")
        assert sheet.fields["limits"].pointer == "paper.pdf, section 4"
        assert "title" not in missing(sheet)
        assert missing(sheet)[0] == "authors"
        assert sheet.mark == VERIFIED

    def test_confirming_a_draft_leaves_it_verified(self, stood: Lab) -> None:
        said = self.filled(stood, variation=Words(text="confirmed")).fields["variation"]
        assert (said.state, said.note) == (VERIFIED, "Confirmed by its authors.")
        assert said.text.startswith("Varied: ")

    def test_adding_to_a_draft_makes_it_declared(self, stood: Lab) -> None:
        said = self.filled(stood, baselines=Words(text="Neither was tuned.")).fields["baselines"]
        assert said.state == DECLARED
        assert said.text == "again; the same recipe on both sides. Authors add: Neither was tuned."
        assert said.note.startswith("The first part is computed")

    def test_what_is_added_is_whole_however_long_the_draft(self, stood: Lab) -> None:
        added = "x" * (FIELDS["variation"].most - 1)
        assert self.filled(stood, variation=Words(text=added)).fields["variation"].text.endswith(added)

    def test_it_may_choose_another_category_and_an_annex(self, stood: Lab) -> None:
        sheet = self.filled(stood, category=Words(text="artifact"), annex=Words(text="science: what it found"))
        assert list(sheet.fields) == list(fields_of("artifact"))
        assert (sheet.verdict, list(sheet.axis), sheet.annex) == ("", [], "science")

    def test_blind_hides_the_commit_too(self, stood: Lab) -> None:
        blind = self.filled(stood, authors=Words(text="Ada"), contact=Words(text="a@b.c")).blind()
        assert {blind.fields[name].text for name in ("authors", "contact", "code")} == {""}
        assert "Ada" not in blind.to_json()
        assert faults(blind) == []
        assert not {"authors", "conflicts", "funding"} & set(missing(blind))  # they may well be stated

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("rfc3161", "stamped by Ada’s Authority on 2026-03-02 14:05 UTC"),
            ("git tag", "stamped by a git tag on"),
            ("", "stamped on"),
        ],
    )
    def test_who_tags_a_repository_is_not_named(self, stood: Lab, kind: str, said: str) -> None:
        """An author, as a rule; whoever stamps as an authority may be named."""
        evidence = gather(stood.store, the_answer(stood))
        assert evidence.study is not None
        stamped = {"stamped_by": "Ada’s Authority", "stamped_at": "2026-03-02T14:05:00Z"}
        answer = replace(evidence.answer, study={**evidence.answer.study, **stamped})
        study = replace(evidence.study, witness={"kind": kind}) if kind else None
        text = registration(replace(evidence, answer=answer, study=study)).text
        assert said in text
        assert ("Ada" in text) == (kind == "rfc3161")


class TestReproduced:
    def filled(self, lab: Lab, *raws: bytes) -> Sheet:
        for place, raw in enumerate(raws):
            write(lab.root.parent / "again" / f"{place}.json", raw)
        hand = Hand(reproductions=[f"again/{place}.json" for place in range(len(raws))], folder=lab.root.parent)
        return fill(lab.store, the_answer(lab), hand)

    def sha(self, lab: Lab) -> str:
        return hashlib.sha256((folder_of(lab) / "answer.json").read_bytes()).hexdigest()

    def test_without_any_nothing_is_stated(self, sheet: Sheet) -> None:
        said = sheet.fields["reproduced"]
        assert (said.state, said.text, said.note) == (NOT_STATED, "", "Nobody is known to have made it again.")

    def test_one_of_this_very_answer_is_declared(self, stood: Lab) -> None:
        said = self.filled(stood, reproduction(answer=self.sha(stood), text="made again")).fields["reproduced"]
        assert (said.state, said.text, said.pointer) == (DECLARED, "made again", "again/0.json")

    def test_several_are_told_in_short(self, stood: Lab) -> None:
        mine = self.sha(stood)
        raws = (reproduction(answer=mine), reproduction(answer=mine, agrees="no", same_bits=False, by="\u202eX\n"))
        said = self.filled(stood, *raws).fields["reproduced"]
        assert said.state == DECLARED
        assert "B. Else, 2026-06-01: 2 replicates, 6 runs; it agrees, to the bit." in said.text
        blind = self.filled(stood, *raws).blind()
        assert blind.fields["reproduced"].text.startswith("Somebody, 2026-06-01: 2 replicates")
        assert "Else" not in blind.to_json()
        assert "\u202e" not in said.text

    @pytest.mark.parametrize(
        ("raw", "what"),
        [
            (lambda sha: reproduction(), "of another answer"),
            (lambda sha: reproduction(answer=sha).replace(b"Else", b"Ilse"), "bytes do not match its seal"),
            (lambda sha: b"[" * 100_000, "bytes do not match its seal"),
            (lambda sha: reproduction(answer=sha, format=2), "no reproduction that this version can read"),
            (lambda sha: reproduction(answer=sha, agrees="perhaps"), "no reproduction that this version can read"),
        ],
    )
    def test_another_cannot_be_verified(self, stood: Lab, raw: object, what: str) -> None:
        sheet = self.filled(stood, raw(self.sha(stood)))  # type: ignore[operator]
        said = sheet.fields["reproduced"]
        assert (said.state, sheet.mark) == (CANNOT, CANNOT)
        assert what in said.note
        assert any("again/0.json" in problem and what in problem for problem in sheet.problems)

    def test_neither_can_what_is_no_file(self, stood: Lab) -> None:
        (stood.root.parent / "lab").mkdir()
        sheet = fill(stood.store, the_answer(stood), Hand(reproductions=["lab", "/dev/zero"], folder=stood.root.parent))
        assert sheet.problems[:2] == [
            "lab: It is no file that `whether reproduce` writes.",
            "/dev/zero: It is no file that `whether reproduce` writes.",
        ]

    def test_neither_can_one_that_is_not_there(self, stood: Lab) -> None:
        sheet = fill(stood.store, the_answer(stood), Hand(reproductions=["none.json"]))
        assert sheet.fields["reproduced"].note == "none.json: There is no such file."


def test_what_fields_rest_on_names_fields_only() -> None:
    assert RESTS_ON.keys() <= FIELDS.keys()


@pytest.mark.parametrize("lines", [["a" * 50] * 5, ["a" * 200], ["a b c d e f g " * 20], []])
def test_fitting_never_says_too_much(lines: Sequence[str]) -> None:
    told = fitting(lines, 120, 4, "claim")
    assert len(told) <= 120
    assert len(told.split("\n")) <= 4
    if len(lines) == 5:
        assert told == f"{'a' * 50}\nand 4 more claims, in answer.json"


def test_a_path_of_a_machine_loses_its_folders() -> None:
    assert nameless("C:\\Users\\ada\\signs.py") == "signs.py"
    assert nameless("../mine/signs.py") == "../mine/signs.py"


def test_unfinished_and_left_runs_are_counted(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))
    table: list[Run] = list(evidence.answer.table)
    changed = [replace(table[0], outcome="diverged"), replace(table[1], outcome="failed"), *table[2:-1]]
    odd = replace(evidence, answer=replace(evidence.answer, table=changed, overrun=[table[-1]]))
    assert runs(odd).text == (
        "8 of 9 registered runs analysed (decided at an earlier look): 6 done, 1 diverged, 1 failed; none left out. "
        "1 run beyond the deciding look, not analysed."
    )
    beyond = replace(table[0], replicate=7)
    told = runs(replace(evidence, answer=replace(evidence.answer, table=[*table, beyond])))
    assert told.value["not_registered"] == 1
    assert told.text.endswith(" 1 not registered.")


def test_a_control_that_failed_comes_first(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))
    (control,) = evidence.answer.controls
    bad = replace(evidence.answer, controls=[replace(control, behaved=False)], checks=["loss rose"])
    told = checks(replace(evidence, answer=bad))
    assert told.text.startswith("A control FAILED: “trained exceeds fresh by more than 1 point”")
    assert "1 check FAILED: loss rose." in told.text
    assert "No check of training failed" not in told.text
    bare = checks(replace(evidence, answer=replace(evidence.answer, controls=[])))
    assert bare.text == "No control: nothing shows that a difference would have been seen. No check of training failed."


def test_a_command_that_has_no_room_names_where_its_options_are(stood: Lab) -> None:
    evidence = gather(stood.store, the_answer(stood))
    own = replace(evidence.answer, source="/home/ada/tiny.py", options={"data": "/home/ada/images", "k": "x" * 200})
    told = command(replace(evidence, answer=own), 100)
    assert told.text == "whether run tiny.py with the options in answer.json"
    assert "ada" not in told.value
    assert effect(evidence, 40, 4).text.endswith("…")
    assert len(effect(evidence, 40, 4).text) <= 40


def test_small_words() -> None:
    assert (time_of(119.6), time_of(5399), time_of(36_000)) == ("120 s", "90 min", "10.0 h")


def test_a_folder_of_another_place_is_never_read(stood: Lab, tmp_path: Path) -> None:
    """The answer's own folder only: a name that leads elsewhere is refused by the store."""
    from whether.errors import RequestError

    with pytest.raises(RequestError, match="cannot name a folder"):
        fill(stood.store, replace(the_answer(stood), name="../../etc"))
