"""Plain text for a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_answers import MAKERS
from report_cases import lottery

from whether.answer import Answer
from whether.report.text import as_text


@pytest.mark.parametrize("name", MAKERS)
def test_text_fits_and_begins_with_the_verdict(name: str, answers: dict[str, Answer]) -> None:
    lines = as_text(answers[name]).splitlines()
    assert lines[0].startswith(answers[name].verdict.upper())
    assert [line for line in lines if len(line) > 100 and "=" not in line] == []
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in "".join(lines)


def test_a_claim_has_its_interval_and_size(answers: dict[str, Answer]) -> None:
    told = as_text(answers["xor"])
    assert "  yes           pruned to 2 units exceeds fresh 2 units by more than 25 points\n" in told
    assert "48 points, 90 % interval 35 to 59; yes needs it above 25 points; n = 50," in told


def test_controls_say_whether_they_behaved(answers: dict[str, Answer]) -> None:
    assert "  behaved       wide network exceeds random 2 units" in as_text(answers["xor"])
    told = as_text(answers["diverged"])
    assert "  DID NOT       careful exceeds untrained" in told
    assert told.index("! A control did not behave") < told.index("What decides")


def test_families_stand_side_by_side(answers: dict[str, Answer]) -> None:
    lines = as_text(answers["lottery"]).splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("  weights left (%)"))
    assert lines[head].split("  ")[-1].strip() == "random mask"
    assert lines[head + 1].split()[0] == "100"
    assert lines[head + 11].split()[0] == "10.7"
    assert sum(line.count(" to ") for line in lines[head : head + 17]) == 48


def test_families_too_wide_for_a_row_are_listed(answers: dict[str, Answer]) -> None:
    told = as_text(answers["hostile"])
    assert told.count("%  9") == 6


def test_many_arms_are_cut(answers: dict[str, Answer]) -> None:
    answer = answers["lottery"]
    lone = replace(answer, arms=[replace(arm, x=None) for arm in answer.arms])
    assert "… and 11 more arms in runs.csv" in as_text(lone)


def test_where_the_page_lies(answers: dict[str, Answer]) -> None:
    answer = answers["xor"]
    assert as_text(answer).endswith(f"Report  answers/xor-{answer.digest[:8]}/report.html in the lab\n")
    assert as_text(answer, report="here/report.html").endswith("Report  here/report.html\n")


def test_a_long_command_can_be_pasted() -> None:
    options = {f"an_option_{index}": "a value" for index in range(9)}
    lines = as_text(replace(lottery(2, (100.0, 10.0)), options=options)).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("Again"))
    command = lines[first:-1]
    assert all(line.endswith(" \\") for line in command[:-1])
    assert sum(line.count("='") + line.count("'an_option") for line in command) >= 9


def test_one_replicate_has_no_interval(answers: dict[str, Answer]) -> None:
    assert "2.3 points, no interval; yes needs it above 1 point; n = 1" in as_text(answers["single"])


def test_looks_are_rows_with_claims_side_by_side(answers: dict[str, Answer]) -> None:
    lines = as_text(answers["open"]).splitlines()
    head = lines.index("Looks")
    assert lines[head + 2].split()[:3] == ["n", "level", "claim"]
    assert [line.split()[0] for line in lines[head + 3 : head + 6]] == ["5", "10", "20"]
    assert lines[head + 5].count("decided before") == 1
    assert lines[head + 5].endswith("inconclusive")
    assert "Looks" not in as_text(answers["lottery"]).splitlines()


def test_looks_at_many_claims_are_rows_of_their_own(answers: dict[str, Answer]) -> None:
    answer = answers["open"]
    looks = [
        replace(
            look,
            verdicts=[*look.verdicts] * 3,
            estimates=[*look.estimates] * 3,
            lows=[*look.lows] * 3,
            highs=[*look.highs] * 3,
        )
        for look in answer.looks
    ]
    lines = as_text(replace(answer, claims=[*answer.claims] * 3, looks=looks)).splitlines()
    head = lines.index("Looks")
    assert sum(line.split()[0] == "10" for line in lines[head + 3 : head + 21]) == 6
    assert max(map(len, lines)) <= 100


def test_the_terminal_warns_of_all_that_the_page_warns_of(answers: dict[str, Answer]) -> None:
    told = as_text(answers["underpowered"])
    assert [line[:23] for line in told.splitlines() if line.startswith("  ! ")] == [
        "  ! Not as registered (",
        "  ! Not as registered (",
        "  ! Underpowered, and r",
        "  ! Registered without ",
    ]
    assert told.index("Before you believe it") < told.index("What decides")


def test_what_would_settle_it_comes_first(answers: dict[str, Answer]) -> None:
    told = as_text(answers["open"])
    assert told.index("What would settle it") < told.index("What decides")
    assert "What would settle it" not in as_text(answers["lottery"])


def test_a_study_is_told_in_the_terminal(answers: dict[str, Answer]) -> None:
    told = " ".join(as_text(answers["confirmed"]).split())
    said = [
        "confirmatory · 10 of at most 20 replicates",
        "What was fixed beforehand - If the effect is as planned for a yes",
        "as entry 17 of this lab's ledger, and stamped by timestamp.example",
        "Notes - 4 of 20 values of 'early stop of dense' are censored",
        "In a replicate ticket and new signs have the same order of the data",
        "overrun, shown and never analysed",
    ]
    assert [one for one in said if one not in told] == []


def test_many_notes_are_cut(answers: dict[str, Answer]) -> None:
    notes = [f"{index} of 9 values of 'a' are censored" for index in range(6)]
    assert "- and 3 more notes on the page" in as_text(replace(answers["lottery"], checks=notes))
