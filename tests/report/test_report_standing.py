"""How far to trust an answer, in sentences: grades, registrations, warnings, notes, data."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from report_cases import asked, column, concluded

from whether.answer import Answer
from whether.question import above
from whether.report import account, standing


def test_trust_tells_grade_split_and_sampling_error(answers: dict[str, Answer]) -> None:
    grade, control, split, sampling = standing.trust(answers["lottery"])
    assert "not registered before its runs" in grade
    assert "nor that no other seeds or wordings were tried" in grade
    assert control == "Both controls behaved: what had to come out so came out so."
    assert "validation split of digits (300 examples)" in split
    assert "test split was not opened" in split
    assert "one example is 0.33 points" in sampling
    # sqrt(.97 · .03 / 300) = .0098
    assert "97.0 % right among 300 examples has a standard error of 0.98 points" in sampling


def test_data_with_one_split_has_no_sampling_error_to_tell(answers: dict[str, Answer]) -> None:
    assert standing.trust(answers["xor"])[2:] == [
        "The same 4 examples of xor are its training, validation and test split."
    ]


def test_an_opened_test_split_is_told_and_in_the_command(answers: dict[str, Answer]) -> None:
    data = {**answers["lottery"].data, "split": "test"}
    opened = replace(answers["lottery"], split="test", data=data)
    assert "which was opened for this" in standing.split_sentence(opened)
    assert account.command(opened).endswith(" --open-test")


def test_what_is_measured_on_the_training_split_says_so(answers: dict[str, Answer]) -> None:
    answer = replace(answers["lottery"], data={**answers["lottery"].data, "split": "train", "rows": 900})
    said = standing.split_sentence(answer)
    assert said.startswith("Measured on the training split of digits (900 examples), which is what the networks are")
    assert "train split" in account.facts(answer)


def test_the_sampling_error_leaves_diverged_runs_out(answers: dict[str, Answer]) -> None:
    assert "96.9 % right" in standing.sampling_sentence(answers["diverged"])


def test_a_measure_that_counts_no_examples_has_no_binomial_error() -> None:
    draw = random.Random(0)
    question = asked([above("a", 0.0, unit="nats", because="x")], name="n", text="t")
    answer = concluded(question, [column("a", [draw.random() for _ in range(4)], unit="nats")])
    assert standing.sampling_sentence(answer).endswith("300 of them.")
    assert standing.sampling_sentence(replace(answer, data={})).endswith("how many those were is not recorded.")


def test_warnings_begin_with_the_control(answers: dict[str, Answer]) -> None:
    control, check, ended = standing.warnings(answers["diverged"])
    assert "“careful exceeds untrained by more than 50 points” was expected to be yes and is no" in control
    assert check.startswith("A check failed: the loss at the start is 4.1")
    assert "3 of 24 runs diverged (bold: 3)" in ended
    assert standing.warnings(answers["lottery"]) == []


def test_many_failed_checks_are_counted(answers: dict[str, Answer]) -> None:
    said = standing.warnings(replace(answers["lottery"], checks=[f"check {index}" for index in range(9)]))
    assert said == [
        *(f"A check failed: check {index}" for index in range(3)),
        "And 6 more failed checks; the page lists them all.",
    ]


def test_one_replicate_is_warned_of(answers: dict[str, Answer]) -> None:
    assert "nothing shows how results vary" in standing.warnings(answers["single"])[0]


@pytest.mark.parametrize("grade", ["exploratory", "registered", "confirmatory"])
def test_every_grade_says_what_it_is(grade: str, answers: dict[str, Answer]) -> None:
    told = replace(answers["lottery"], grade=grade)
    assert standing.grade(told).lower().startswith(grade)
    assert len(standing.grade_in_short(told)) > 20
    assert "{" not in standing.grade(told) + standing.grade_in_short(told)


def test_a_registration_is_told_with_time_entry_and_witness(answers: dict[str, Answer]) -> None:
    own, stamped = standing.grade(answers["open"]), standing.grade(answers["confirmed"])
    assert "before the first run, on 2026-03-02 13:41 UTC, as entry 17 of this lab's ledger" in own
    assert "a lab with another outcome can be deleted, its ledger begun anew, a design reworded" in own
    assert "stamped by timestamp.example, an RFC 3161 authority on 2026-03-02 13:44 UTC" in stamped
    assert "How many other designs were stamped and left untold, nothing here shows" in stamped
    assert standing.grade_in_short(answers["open"]) == (
        "frozen on 2026-03-02 13:41 UTC before its first run, by this lab's own word."
    )
    assert "stamped by timestamp.example" in standing.grade_in_short(answers["confirmed"])
    rows = dict(standing.registration(answers["confirmed"]))
    assert rows["registration"] == answers["confirmed"].study["registration"]
    assert rows["study"] == "signs-2026 · Signs of winning tickets"
    assert dict(standing.registration(answers["open"]))["witness"] == "this lab's ledger only"
    assert "stamped" not in dict(standing.registration(answers["open"]))
    assert standing.registration(answers["lottery"]) == []


def test_the_chances_of_either_answer_are_told(answers: dict[str, Answer]) -> None:
    assert standing.power(answers["underpowered"]) == (
        "If the effect is as planned for a yes, a yes comes with a chance of 34 %; if it is as planned for a no, a no "
        "comes with 27 %. 80 % of either was asked for."
    )
    assert standing.power(answers["lottery"]) == ""


def test_what_was_seen_before_and_what_was_amended_is_told(answers: dict[str, Answer]) -> None:
    power, seen, amended = standing.registered(answers["confirmed"])
    assert power == standing.power(answers["confirmed"])
    assert seen == (
        "Seen before it was registered: exploratory answer signs-matter-1f2e3d4c: inconclusive with 5 replicates."
    )
    assert amended == "Amended on 2026-03-02 13:59 UTC: title reworded (a word was misspelt)."
    assert standing.registered(answers["lottery"]) == []


def test_what_was_amended_is_not_said_to_be_frozen_or_stamped(answers: dict[str, Answer]) -> None:
    confirmed = answers["confirmed"]
    assert standing.grade(confirmed).endswith(
        "What was amended since is not stamped: that no look came before, the ledger alone says."
    )
    assert standing.grade_in_short(confirmed).endswith(" Amended since.")
    plain = replace(confirmed, study={**confirmed.study, "amendments": []})
    assert "amended" not in standing.grade(plain) + standing.grade_in_short(plain).lower()
    registered = replace(answers["open"], study={**answers["open"].study, "amendments": [{"what": "x"}]})
    assert standing.grade(registered).endswith("It was amended since: that no look came before, the ledger alone says.")


def test_other_words_and_a_witness_that_was_not_checked_are_told(answers: dict[str, Answer]) -> None:
    told = {"remarks": ["the signature was not checked: no key."], "exposure": [], "reworded": ["if_yes", "if_no"]}
    answer = replace(answers["open"], study={**answers["open"].study, **told, "amendments": []})
    assert standing.changed(answer) == [
        "Of the witness: the signature was not checked: no key.",
        "Worded otherwise than registered: if_yes and if_no. The ledger has the words of then.",
    ]


def test_deviations_and_missing_power_or_controls_are_warned_of(answers: dict[str, Answer]) -> None:
    first, second, power, controls = standing.warnings(answers["underpowered"])
    assert first == (
        "Not as registered (2026-03-03 08:00 UTC): replicate 3 was trained with PyTorch 2.14 in place of 2.13. The "
        "reason is an unforeseen event: the machine was updated overnight. The claims are tested no less severely for "
        "it."
    )
    assert second.endswith("The claims are tested less severely for it.")
    assert power.startswith("Underpowered, and registered all the same. If the effect is as planned for a yes")
    assert controls.startswith("Registered without a positive and a negative control: nothing shows")
    assert standing.warnings(answers["open"]) == []
    assert standing.control(answers["underpowered"]) == ""  # said once, as a warning


def test_many_deviations_are_counted(answers: dict[str, Answer]) -> None:
    answer = answers["underpowered"]
    many = replace(answer, study={**answer.study, "deviations": [*answer.study["deviations"]] * 4})
    said = standing.warnings(many)
    assert said[5] == "And 3 more deviations; the page lists them all."
    assert len(standing.deviations(many)) == 8


@pytest.mark.parametrize("effect", ["lower", "unchanged", "higher", "unknown"])
def test_every_effect_on_severity_has_its_words(effect: str, answers: dict[str, Answer]) -> None:
    item = {**answers["underpowered"].study["deviations"][0], "effect": effect}
    told = standing.deviations(replace(answers["underpowered"], study={"deviations": [item]}))[0]
    words = {"lower": "less severely", "unchanged": "no less", "higher": "more severely", "unknown": "unknown"}
    assert words[effect] in told


def test_every_reason_to_deviate_has_its_words(answers: dict[str, Answer]) -> None:
    from whether.registration import REASONS

    for reason, words in REASONS.items():
        item = {**answers["underpowered"].study["deviations"][0], "reason": reason}
        told = standing.deviations(replace(answers["underpowered"], study={"deviations": [item]}))[0]
        assert f"The reason is {words}: " in told


def test_a_question_without_controls_says_what_that_leaves_open(answers: dict[str, Answer]) -> None:
    bare = replace(answers["lottery"], controls=())
    assert standing.control(bare).startswith("No control was named: nothing shows that the experiment can see")
    assert standing.control(answers["diverged"]) == ""  # a warning says it louder


def test_censored_values_are_notes_and_no_failed_checks(answers: dict[str, Answer]) -> None:
    answer = answers["confirmed"]
    assert standing.notices(answer) == ["4 of 20 values of 'early stop of dense' are censored: lowest at the end"]
    assert standing.failed_checks(answer) == []
    assert standing.warnings(answer) == []


def test_runs_that_always_failed_are_no_failed_check(answers: dict[str, Answer]) -> None:
    (said,) = standing.warnings(answers["lost"])
    assert said.startswith("2 runs always failed (ticket): shown at the worst value")
    assert said.endswith("so the question stays open.")
