"""Every run accounted for, what varied and what was shared, circumstances, and how to ask again, in sentences."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whether.report.numbers import MINUS, listed, plural, short
from whether.report.standing import measured_split

if TYPE_CHECKING:
    from whether.answer import Answer, Run

OUTCOMES = ("done", "diverged", "failed", "overrun")
_MOST_ENDED, _MOST_SHARED = 4, 8


@dataclass(frozen=True)
class Ended:
    """How the runs of an arm, or of a family of arms, ended."""

    name: str
    arms: int
    counts: Mapping[str, int]


def facts(answer: Answer) -> str:
    """One line of what was done: replicates, arms, runs, controls, data."""
    runs = plural(len(answer.table), "run")
    ended = f", {answer.diverged} diverged" if answer.diverged else ", none diverged"
    ended += f", {answer.failed} failed" if answer.failed else ""
    most = f" of at most {answer.planned}" if answer.planned > answer.replicates else ""
    fine = sum(control.behaved for control in answer.controls)
    controls = f"{fine} of {plural(len(answer.controls), 'control')} behaved" if answer.controls else ""
    data = answer.data.get("name")
    where = f"{data}, {measured_split(answer)} split" if data and answer.split else str(data or "")
    replicates = f"{answer.replicates}{most} replicates" if most else plural(answer.replicates, "replicate")
    parts = [replicates, plural(len(answer.arms), "arm"), runs + ended, controls, where]
    return " · ".join(part for part in parts if part)


def outcomes(answer: Answer) -> list[Ended]:
    """Runs by outcome, a row for each family of arms, in the answer's order; overrun is counted beside the analysed."""
    families = {arm.arm: arm.family for arm in answer.arms}
    arms = Counter(families.values())
    found: dict[str, Counter[str]] = {family: Counter() for family in arms}
    for run in answer.table:
        found.setdefault(families.get(run.arm, run.arm), Counter())[run.outcome] += 1
    for run in answer.overrun:
        found.setdefault(families.get(run.arm, run.arm), Counter())["overrun"] += 1
    return [Ended(family, arms[family], dict(counts)) for family, counts in found.items()]


def overrun(answer: Answer) -> list[Run]:
    """Runs that were trained and never analysed, each with that outcome."""
    from whether.answer import OVERRUN

    return [replace(run, outcome=OVERRUN) for run in answer.overrun]


def accounted(answer: Answer) -> str:
    """That every run is accounted for, and how they ended."""
    total = Counter(run.outcome for run in answer.table)
    ended = [f"{total[outcome]:,} {outcome}" for outcome in OUTCOMES if total[outcome]]
    how = "all done" if len(answer.table) == total["done"] else ", ".join(ended)
    said = f"None is left out: {plural(len(answer.table), 'run')} analysed, {how}."
    if not answer.overrun:
        return said
    by_family = [f"{row.name}: {row.counts['overrun']}" for row in outcomes(answer) if row.counts.get("overrun")]
    where = ", ".join(by_family[:_MOST_ENDED]) + (", …" if len(by_family) > _MOST_ENDED else "")
    more = f"{said} {plural(len(answer.overrun), 'more run')} ({where}) went beyond the look that decided"
    return f"{more}, or beyond where their arm had stopped: overrun, shown and never analysed."


def varied(answer: Answer) -> list[str]:
    """What varied between replicates, what was held fixed, and what follows from that."""
    told = answer.sources
    said = []
    if told.get("varied"):
        said.append(
            f"Between replicates varied: {listed(told['varied'])}. Intervals speak of that and of nothing else."
        )
    if told.get("fixed"):
        said.append(
            f"Held fixed: {listed(told['fixed'])}. Nothing here shows that the answer is the same where these differ."
        )
    return said


def shared(answer: Answer) -> list[str]:
    """What the arms of each claim share in a replicate, and in what they differ."""
    pairs: list[str] = []
    for pair in answer.sources.get("shared", ()):
        alike = f"have the same {listed(pair['shared'])}" if pair["shared"] else "have nothing in common"
        apart = f", but not the same {' or '.join(pair['apart'])}" if pair["shared"] and pair["apart"] else ""
        pairs.append(f"In a replicate {pair['left']} and {pair['right']} {alike}{apart}.")
    found = list(dict.fromkeys(pairs))
    left = len(found) - _MOST_SHARED
    return [*found[:_MOST_SHARED], f"And {plural(left, 'more pair')}, in answer.json."] if left > 0 else found


def command(answer: Answer) -> str:
    """The command that asks the same again: what the command line calls the question, with every option."""
    return " ".join(command_words(answer))


def command_words(answer: Answer) -> list[str]:
    """The words of the command, each quoted for a shell."""
    words = [shlex.quote(f"{key}={value}") for key, value in sorted(answer.options.items())]
    opened = ["--open-test"] if answer.split == "test" else []
    seeded = [f"--seed {answer.seed}"] if answer.seed and not answer.study else []  # a study has its own seeds
    return ["whether run", shlex.quote(answer.source), *words, *opened, *seeded]


def circumstances(told: Mapping[str, object]) -> list[tuple[str, str]]:
    """Circumstances as rows of a name and a value; what is nested gets a row for each of its parts."""
    rows: list[tuple[str, str]] = []
    for key, value in sorted(told.items(), key=lambda item: str(item[0])):
        name = str(key).replace("_", " ")
        match key, value:
            case _, Mapping() if value:
                rows += [(f"{name}: {inner}", text) for inner, text in circumstances(value)]
            case "idle_share", float():
                rows.append((name, f"{100 * value:.1f} %"))
            case "sharing", float():
                rows.append((name, f"{value:.1f} times less than each arm on its own"))
            case "time", str():
                rows.append((name, f"{value[:19].replace('T', ' ')} UTC"))
            case _:
                rows.append((name, _plain(value)))
    return rows


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if isinstance(value, float):
        return short(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_plain(item) for item in value)
    return "–" if value is None or value in ("", {}) else str(value)
