"""Every run accounted for, what varied and was shared, circumstances, the command."""

from __future__ import annotations

import shlex
from dataclasses import replace

from report_cases import lottery

from by_hand import answered, asking
from whether import exceeds
from whether.answer import Answer
from whether.catalogue.mode_connectivity import mode_connectivity
from whether.cli.options import parse_options
from whether.report import account


def test_the_command_quotes_for_a_shell(answers: dict[str, Answer]) -> None:
    assert account.command(answers["lottery"]) == (
        "whether run lottery-ticket data=digits density=10.7 'hidden=[300,100]' model=mlp-300-100 rewind=0it"
    )


def test_the_command_names_the_file_and_the_seed(answers: dict[str, Answer]) -> None:
    told = replace(answers["lottery"], source="my signs.py", options={"s": "2"}, seed=7)
    assert account.command(told) == "whether run 'my signs.py' s=2 --seed 7"


def test_every_option_in_the_command_is_read_back() -> None:
    options = {name: value for name, value in mode_connectivity.options.items() if value is not None}
    question = replace(asking([exceeds("a", "b", by=1, because="x")]), options=options)
    words = account.command_words(answered(question, {"a": [3.0, 4.0], "b": [1.0, 2.0]}))
    told = [word for word in shlex.split(" ".join(words)) if "=" in word]
    assert "after=[0it,5it,10it,20it,50it,100it,200it]" in told
    assert parse_options(mode_connectivity, told) == options


def test_circumstances_are_flattened_and_sorted() -> None:
    told = {
        "steps_trained": 12000,
        "versions": {"torch": "2.13"},
        "devices": ["cpu", "mps"],
        "on": True,
        "seconds": 87.41,
    }
    assert account.circumstances(told) == [
        ("devices", "cpu, mps"),
        ("on", "yes"),
        ("seconds", "87.41"),
        ("steps trained", "12,000"),
        ("versions: torch", "2.13"),
    ]
    assert account.circumstances({"note": None, "empty": {}}) == [("empty", "–"), ("note", "–")]
    said = {"idle_share": 0.0041, "sharing": 9.808, "time": "2026-11-24T02:55:59.623+00:00"}
    assert account.circumstances(said) == [
        ("idle share", "0.4 %"),
        ("sharing", "9.8 times less than each arm on its own"),
        ("time", "2026-11-24 02:55:59 UTC"),
    ]


def test_facts_tell_data_and_split() -> None:
    answer = lottery(2, (100.0, 10.7))
    said = "2 replicates · 9 arms · 18 runs, none diverged · 1 of 2 controls behaved"
    assert account.facts(answer) == f"{said} · digits, validation split"
    assert account.facts(replace(answer, data={})) == said
    assert account.facts(replace(answer, data={}, controls=())) == said.rpartition(" · ")[0]


def test_facts_tell_how_many_replicates_were_spared(answers: dict[str, Answer]) -> None:
    assert account.facts(answers["confirmed"]).startswith("10 of at most 20 replicates · 5 arms · 50 runs")
    assert "24 runs, none diverged, 2 failed" in account.facts(answers["lost"])


def test_runs_are_counted_by_outcome_and_family(answers: dict[str, Answer]) -> None:
    rows = {row.name: row for row in account.outcomes(answers["lottery"])}
    assert (rows["ticket"].arms, dict(rows["ticket"].counts)) == (16, {"done": 128})
    assert sum(sum(row.counts.values()) for row in rows.values()) == len(answers["lottery"].table)
    bold = account.outcomes(answers["diverged"])[0]
    assert (bold.name, dict(bold.counts)) == ("bold", {"done": 5, "diverged": 3})
    ticket = account.outcomes(answers["confirmed"])[0]
    assert dict(ticket.counts) == {"done": 10, "overrun": 10}
    assert dict(account.outcomes(answers["lost"])[0].counts) == {"done": 6, "failed": 2}


def test_that_no_run_is_left_out_is_told_with_their_ends(answers: dict[str, Answer]) -> None:
    assert account.accounted(answers["lottery"]) == "None is left out: 408 runs analysed, all done."
    assert account.accounted(answers["diverged"]) == "None is left out: 24 runs analysed, 21 done, 3 diverged."
    told = account.accounted(answers["confirmed"])
    assert "50 more runs (ticket: 10, new signs: 10, dense: 10, random mask: 10, …) went beyond the look" in told
    assert told.endswith("overrun, shown and never analysed.")


def test_overrun_is_never_among_what_is_analysed(answers: dict[str, Answer]) -> None:
    answer = answers["confirmed"]
    assert {run.outcome for run in account.overrun(answer)} == {"overrun"}
    assert {run.outcome for run in answer.table} == {"done"}
    assert min(run.replicate for run in answer.overrun) == answer.replicates
    diverged = replace(answer, overrun=[replace(answer.overrun[0], outcome="diverged")])
    assert [run.outcome for run in account.overrun(diverged)] == ["overrun"]


def test_what_varied_and_what_was_shared_is_told(answers: dict[str, Answer]) -> None:
    varied, fixed = account.varied(answers["open"])
    assert varied.startswith("Between replicates varied: initial weights, order of the data and mask.")
    assert "the 300 examples that are measured on. Nothing here shows that the answer is the same where" in fixed
    first, second = account.shared(answers["open"])
    assert first == (
        "In a replicate ticket and dense have the same initial weights, order of the data, recipe, training data and "
        "architecture, but not the same mask."
    )
    assert second.endswith("but not the same initial weights.")
    assert account.varied(answers["lottery"]) == account.shared(answers["lottery"]) == []


def test_many_pairs_are_told_once_and_cut(answers: dict[str, Answer]) -> None:
    pairs = [{"left": f"a {index}", "right": "b", "shared": [], "apart": ["mask"]} for index in range(12)]
    said = account.shared(replace(answers["open"], sources={"shared": [*pairs, *pairs]}))
    assert said[0] == "In a replicate a 0 and b have nothing in common."
    assert said[-1] == "And 4 more pairs, in answer.json."
    assert len(said) == 9


def test_a_study_has_its_own_seeds(answers: dict[str, Answer]) -> None:
    assert "--seed" not in account.command(replace(answers["open"], seed=2**60))
