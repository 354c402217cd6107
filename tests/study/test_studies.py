"""Studies: frozen before their runs, asked as registered, amended before a look, deviated from in the open."""

from __future__ import annotations

from typing import Any

import pytest
from frozen_cases import GATES, WHY, asking, draft, registered

from whether import Lab, exceeds, not_worse
from whether.audit import audit
from whether.errors import RequestError
from whether.registration import REASONS, deviation, differences, read_studies, root_seed
from whether.stamp.witness import witness
from whether.store.verify import verify
from whether.studies import environment


class TestRegistering:
    def test_it_stands_in_the_ledger_before_anything_ran(self, lab: Lab) -> None:
        study = registered(lab, notes="tried twice before", budget="an hour", title="Tiny")
        (entry,) = lab.store.ledger.entries()
        assert (entry.kind, entry.number, study.entry, study.id) == ("registered", 0, 0, study.digest[:8])
        assert study.document["title"] == "Tiny"
        assert study.document["notes"] == "tried twice before"
        assert set(study.document["environment"]["packages"]) >= {"torch", "numpy", "scipy"}
        assert lab.studies.listing() == [study]
        assert list(lab.store.records.listing()) == []
        assert audit(lab.store) == verify(lab.store) == []

    def test_its_seeds_follow_from_designs_nonce_and_token(self, lab: Lab) -> None:
        study = registered(lab)
        said = dict(study.document)
        assert study.root == root_seed(said, None)
        assert study.root != root_seed(said | {"nonce": "00" * 32}, None)
        assert study.root != root_seed(said, {"sha256": "ab" * 32})
        other = [dict(said["questions"][0]) | {"design": "cd" * 32}]
        assert study.root != root_seed(said | {"questions": other}, None)
        assert registered(Lab(lab.root.parent / "other")).root != study.root, "a nonce is drawn for each"

    def test_questions_of_one_study_share_runs_and_seeds(self, lab: Lab) -> None:
        other = asking(name="other", claims=[exceeds("trained", "fresh", by=5, because=WHY)], controls=[])
        study = registered(lab, asking(), other)
        answers = lab.run_all([asking(), other])
        assert {answer.seed for answer in answers if answer} == {study.root.value}
        runs = [{(run.arm, run.replicate): run.measure for run in answer.table} for answer in answers if answer]
        assert runs[0] == runs[1]
        assert audit(lab.store) == []

    def test_a_design_is_registered_once(self, lab: Lab) -> None:
        study = registered(lab)
        with pytest.raises(
            RequestError, match=rf"tiny is registered already with exactly this design \(study {study.id}"
        ):
            registered(lab)
        assert len(lab.studies.listing()) == 1

    def test_a_gate_that_is_not_passed_refuses_it(self, lab: Lab) -> None:
        gates = [
            *GATES[:1],
            GATES[1] | {"passed": False, "message": "a yes has a chance of .3; 12 replicates would do"},
        ]
        with pytest.raises(
            RequestError, match=r"not registered: answerable either way: a yes has .* 12 replicates would"
        ):
            lab.studies.register([draft(asking(), gates=gates)])
        assert lab.store.ledger.entries() == []

    def test_two_questions_of_one_name_are_told_apart(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match="different names, got tiny, tiny; register them apart"):
            registered(lab, asking(), asking(replicates=4))

    def test_what_was_seen_before_is_exposure(self, lab: Lab) -> None:
        lab.run(asking(), open_test=True)
        study = registered(lab)
        (pilot, opened) = study.document["exposure"]
        assert pilot.startswith("exploratory answer tiny-")
        assert "opened 1 times" in opened

    def test_an_answer_that_was_deleted_is_exposure_still(self, lab: Lab) -> None:
        import shutil

        shutil.rmtree(lab.folder(lab.run(asking())))
        (line,) = registered(lab).document["exposure"]
        assert line.startswith("an answer tiny-")
        assert line.endswith("gone since")

    def test_a_token_from_outside_makes_it_confirmatory(self, lab: Lab) -> None:
        def stamp(digest: bytes) -> Any:
            return witness("git tag", b"object 1\n", digest, by="Ada", time="2026-01-01T00:00:00+00:00"), ["unsure"]

        study = registered(lab, stamp=stamp)
        assert study.grade == "confirmatory"
        answer = lab.run(asking())
        assert answer.grade == "confirmatory"
        assert (answer.study["stamped_by"], answer.study["stamped_at"]) == ("Ada", "2026-01-01T00:00:00+00:00")
        assert answer.study["remarks"] == ["unsure"], "what of the witness was not checked"
        assert answer.study["exposure"] == [], "and is nothing that was seen before"
        assert answer.seed == root_seed(study.document, study.witness).value != root_seed(study.document, None).value

    def test_when_nobody_outside_answers_nothing_is_registered(self, lab: Lab) -> None:
        def nobody(_digest: bytes) -> Any:
            raise RequestError("no authority answers")

        with pytest.raises(RequestError, match="no authority answers"):
            registered(lab, stamp=nobody)
        assert lab.store.ledger.entries() == []


class TestAsking:
    def test_as_registered_it_runs_with_the_studys_seeds_and_grade(self, stood: Lab) -> None:
        (study,) = stood.studies.listing()
        answer = stood.latest()
        assert answer is not None
        assert (answer.grade, answer.seed) == ("registered", study.root.value)
        assert answer.study["registration"] == study.digest
        assert [run.seed for run in answer.table[:3]] == [study.root.seed("replicate", i).hex for i in range(3)]
        assert [body["study"] for body in stood.store.ledger.said("looked")] == [study.digest]
        assert stood.answered(asking()) == answer
        assert stood.answer_folder(study, "tiny").path == stood.folder(answer)

    def test_it_can_be_asked_as_exploratory_with_other_seeds(self, stood: Lab) -> None:
        answer = stood.run(asking(), exploratory=True)
        assert (answer.grade, answer.seed, answer.study) == ("exploratory", 0, {})
        assert stood.run(asking(), seed=5).grade == "exploratory"

    @pytest.mark.parametrize("change", [{"replicates": 5}, {"alpha": 0.1}, {"looks": (2, 3), "replicates": None}])
    def test_another_look_is_refused(self, stood: Lab, change: dict[str, Any]) -> None:
        with pytest.raises(
            RequestError, match=r"tiny is registered .* one look, at 3 replicates.* another look is refused"
        ):
            stood.run(asking(**change))
        assert stood.run(asking(**change), exploratory=True).grade == "exploratory"

    def test_another_design_is_exploratory_and_told(self, stood: Lab) -> None:
        other = asking(claims=[not_worse("trained", "again", by=50, because=WHY)])
        asked = stood.ask(other)
        assert asked.grade == "exploratory"
        assert "tiny is registered in this lab" in stood.studies.unlike(asked)
        assert stood.studies.unlike(stood.ask(asking())) == ""
        assert stood.studies.unlike(stood.ask(asking(name="another"))) == ""

    def test_it_is_answered_on_the_split_that_was_registered(self, lab: Lab) -> None:
        lab.studies.register([draft(asking(), open_test=True)])
        answer = lab.run(asking())
        assert (answer.grade, answer.split) == ("registered", "test")
        assert [body["question"] for body in lab.store.ledger.said("opened")] == ["tiny"]

    def test_of_two_studies_of_one_name_each_can_be_run(self, lab: Lab) -> None:
        older, newer = registered(lab), registered(lab, asking(replicates=4))
        assert lab.ask(asking()).study["id"] == older.id
        assert lab.ask(asking(replicates=4)).study["id"] == newer.id
        with pytest.raises(RequestError, match=rf"registered \(study {newer.id}\).*another look is refused"):
            lab.ask(asking(replicates=5))

    def test_a_test_split_that_was_not_registered_is_another_question(self, stood: Lab) -> None:
        asked = stood.ask(asking(), open_test=True)
        assert (asked.grade, asked.split) == ("exploratory", "test")
        assert "tiny is registered in this lab" in stood.studies.unlike(asked)

    def test_the_seeds_of_an_open_study_are_for_nothing_else(self, lab: Lab) -> None:
        study = registered(lab)
        with pytest.raises(
            RequestError, match=rf"that of study {study.id}, whose runs .* while tiny is not answered. Ask with another"
        ):
            lab.run(asking(replicates=2), seed=study.root)
        lab.run(asking())
        assert lab.run(asking(replicates=2), seed=study.root).grade == "exploratory", "what was answered may be studied"

    def test_prose_may_change_and_the_design_stays(self, stood: Lab) -> None:
        answer = stood.run(asking(if_yes="quite something else"))
        assert (answer.grade, answer.study["reworded"]) == ("registered", ["if_yes"])
        assert audit(stood.store) == []
        assert stood.run(asking()).study["reworded"] == []


class TestAmending:
    def test_before_a_look_it_changes_what_is_asked_and_keeps_the_seeds(self, lab: Lab) -> None:
        study = registered(lab)
        changed = lab.studies.amend(study, draft(asking(replicates=4)), "four fit the machine")
        assert any(line.startswith("replicates: 3 → 4") for line in changed)
        (now,) = lab.studies.listing()
        assert now.root == study.root
        answer = lab.run(asking(replicates=4))
        assert (answer.grade, answer.seed, answer.replicates) == ("registered", study.root.value, 4)
        (told,) = answer.study["amendments"]
        assert told["because"] == "four fit the machine"
        assert "replicates: 3 → 4" in told["what"]
        with pytest.raises(RequestError, match="another look is refused"):
            lab.run(asking())
        assert audit(lab.store) == []

    def test_what_was_amended_nobody_outside_has_seen(self, lab: Lab) -> None:
        def stamp(digest: bytes) -> Any:
            return witness("git tag", b"object 1\n", digest, by="Ada", time="2026-01-01T00:00:00+00:00"), []

        study = registered(lab, asking(), asking(name="other"), stamp=stamp)
        lab.studies.amend(study, draft(asking(replicates=4)), "four fit the machine")
        amended, other = lab.run_all([asking(replicates=4), asking(name="other")])
        assert amended is not None
        assert other is not None
        assert (amended.grade, other.grade) == ("registered", "confirmatory")
        assert amended.seed == other.seed == study.root.value
        assert not any("registration makes it" in item.what for item in audit(lab.store))

    def test_what_is_wrong_with_it_is_told_together(self, stood: Lab) -> None:
        (study,) = stood.studies.listing()
        with pytest.raises(
            RequestError,
            match=r"(?s)--because says nothing.*nothing would be amended.*tiny was looked at already.*deviate",
        ):
            stood.studies.amend(study, draft(asking()), " ")

    def test_gates_hold_for_amendments_too(self, lab: Lab) -> None:
        study = registered(lab)
        gates = [*GATES[:1], GATES[1] | {"passed": False, "message": "no"}]
        with pytest.raises(RequestError, match="amendment of tiny is refused: answerable either way: no"):
            lab.studies.amend(study, draft(asking(replicates=2), gates=gates), "less to do")

    def test_differences_name_fields_and_not_what_follows_from_them(self) -> None:
        before, after = (draft(asking(**change)).frozen for change in ({}, {"alpha": 0.1}))
        assert differences(before, after) == ["alpha: 0.05 → 0.1"]


class TestDeviating:
    def test_it_is_told_with_its_reason_and_effect(self, stood: Lab) -> None:
        (study,) = stood.studies.listing()
        stood.studies.deviate(
            study, "tiny", what="trained on two machines", reason="unforeseen", because="one broke", effect="unchanged"
        )
        answer = stood.retell(study, "tiny")
        assert answer is not None
        (told,) = answer.study["deviations"]
        assert (told["what"], told["reason"]) == ("trained on two machines", REASONS["unforeseen"])
        assert stood.run(asking()) == answer, "it stands as it was told again"
        assert audit(stood.store) == verify(stood.store) == []

    def test_what_is_wrong_with_it_is_told_together(self, stood: Lab) -> None:
        (study,) = stood.studies.listing()
        wrong = (
            r"(?s)--what says nothing.*--because says nothing.*reason 'mistak'; did you mean 'mistake'.*severity 'non"
        )
        with pytest.raises(RequestError, match=wrong):
            deviation(study, "tiny", what="", reason="mistak", because=" ", effect="none")

    def test_without_an_answer_there_is_nothing_to_tell_again(self, lab: Lab) -> None:
        study = registered(lab)
        assert lab.retell(study, "tiny") is None


class TestNaming:
    def test_a_name_means_its_study(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match=r"registered question 'tiny'.*Nothing is registered"):
            lab.studies.named("tiny")
        first = registered(lab)
        second = registered(lab, asking(claims=[not_worse("trained", "again", by=50, because=WHY)]))
        with pytest.raises(RequestError, match=rf"2 studies \({first.id}, {second.id}\); say which: --study"):
            lab.studies.named("tiny")
        assert lab.studies.named("tiny", first.id) == (first, "tiny")
        with pytest.raises(RequestError, match="registered question 'tinny'; did you mean 'tiny'"):
            lab.studies.named("tinny")


def test_a_record_that_is_gone_is_made_again(stood: Lab) -> None:
    answer = stood.latest()
    assert answer is not None
    lost = answer.table[0].measure
    (stood.root / "records" / lost[:2] / f"{lost}.json").unlink()
    assert any("has no record" in item.what for item in audit(stood.store))
    assert stood.run(asking()).table == answer.table
    assert audit(stood.store) == verify(stood.store) == []


def test_merged_labs_keep_their_studies(stood: Lab, tmp_path: Any) -> None:
    from whether import store

    other = Lab(tmp_path / "other")
    registered(other, asking(name="elsewhere", replicates=2))
    store.merge(store.Near(stood.store), store.Near(other.store))
    assert [list(study.questions) for study in other.studies.listing()] == [["elsewhere"], ["tiny"]]
    assert other.run(asking()).grade == "registered"
    assert audit(other.store) == []


def test_a_frozen_question_is_plain_and_reads_back() -> None:
    import json

    from whether.design import decides
    from whether.registration import question_of

    question = asking(looks=(2, 4, 6), replicates=None, secondary=[exceeds("trained", "fresh", by=2, because=WHY)])
    frozen = json.loads(json.dumps(draft(question).frozen))
    assert decides(question_of(frozen)) == decides(question)
    assert [n for n, *_ in frozen["levels"]] == [2, 4, 6]
    assert frozen["data"]["name"] == "digits"


def test_the_environment_names_what_is_installed() -> None:
    assert read_studies([]) == []
    found = environment()
    assert found["packages"]["torch"]
    assert found["python"].startswith("3.")
