"""Plain text for a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_cases import MAKERS, lottery

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
