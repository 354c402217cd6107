"""The sentences of a report: what came, why that is a yes or a no, how far to trust it. Plain text, for every form."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from whether.report.numbers import MINUS, amount, decimals_for, limits, number, plural, short, unit_name, with_unit

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary, ClaimResult, LadderResult

VERDICT = {"yes": "Yes", "no": "No", "inconclusive": "Inconclusive"}
MARK = {"yes": "✓", "no": "✗", "inconclusive": "?"}
_MOST_CHECKS = 3
BOUNDS = ("below", "above")

_GRADES_IN_SHORT = {
    "exploratory": "not registered before its runs.",
    "registered": "frozen before its first run, by this lab's own word.",
    "confirmatory": "frozen before its first run, by a time stamp from outside.",
}
_GRADES = {
    "exploratory": "Exploratory: the question was not registered before its runs. Nothing here shows that its claims, "
    "their sizes and the number of replicates were fixed before the results were seen.",
    "registered": "Registered: the question was frozen before its first run, witnessed by this lab's own ledger only. "
    "No outside party shows that the ledger was not begun anew.",
    "confirmatory": "Confirmatory: the question was frozen before its first run, and a time stamp from outside is "
    "older than that run.",
}


def level(answer: Answer) -> str:
    """The level of an answer's intervals: "90 %" at a one-sided α of .05."""
    return f"{short(round(100 * (1 - 2 * answer.alpha), 6))} %"


def metric(answer: Answer, unit: str) -> str:
    """What was measured, with its unit, for an axis or the head of a column."""
    names = {str(getattr(arm, "measure", "")).rpartition(":")[2] for arm in answer.arms if arm.unit == unit}
    name = names.pop().replace("_", " ") if len(names) == 1 else ""
    unit = mean_unit(unit)
    return f"{name or 'mean of the arm'} ({unit})" if unit else name or "mean of the arm"


def mean_unit(unit: str) -> str:
    """The unit of an arm's mean: differences are in points, what they are differences of is in per cent."""
    return "%" if unit == "points" else unit_name(unit)


def edge(claim: ClaimResult) -> float:
    """Where yes and no part on the claim's axis; `same` has a second edge at minus this."""
    return -claim.size if claim.kind == "not_worse" else claim.size


def needs(claim: ClaimResult) -> str:
    """Where the whole interval must lie for a yes: "above 1 point"."""
    if claim.kind == "same":
        return f"within ±{amount(claim.size, claim.unit)}"
    return f"{'below' if claim.kind == 'below' else 'above'} {amount(edge(claim), claim.unit)}"


def effect(claim: ClaimResult) -> str:
    """The estimate with its unit."""
    return with_unit(estimate(claim), claim.unit)


def estimate(claim: ClaimResult) -> str:
    """The estimate alone, with as many decimals as its interval deserves."""
    return _sized(claim.estimate, claim)


def interval(claim: ClaimResult) -> str:
    """The limits of a claim's effect; "none" where one replicate gives no interval."""
    if claim.low is None and claim.high is None:
        return "none"
    return limits(claim.low, claim.high, decimals_for(claim.low, claim.estimate, claim.high))


def arm_decimals(answer: Answer, unit: str) -> int:
    """With how many decimals the means of one unit are written, the same for all arms."""
    found = [decimals_for(arm.low, arm.mean, arm.high) for arm in answer.arms if arm.unit == unit]
    return min(max(found, default=0), 2 if unit == "points" else 5)


def arm_mean(arm: ArmSummary, answer: Answer) -> str:
    """The mean of an arm with its unit."""
    return f"{number(arm.mean, arm_decimals(answer, arm.unit))} {mean_unit(arm.unit)}".rstrip()


def arm_interval(arm: ArmSummary, answer: Answer) -> str:
    """The limits of an arm's mean; "none" where one replicate gives no interval."""
    if arm.low is None and arm.high is None:
        return "none"
    return limits(arm.low, arm.high, arm_decimals(answer, arm.unit))


def spread(arm: ArmSummary) -> str:
    """The standard deviation of an arm over replicates, to two digits; "–" where there is none."""
    return "–" if arm.sd is None else f"{arm.sd:#.2g}".rstrip(".")


def finding(claim: ClaimResult, level: str) -> str:
    """What came, in one sentence with its interval."""
    size = with_unit(_sized(abs(claim.estimate), claim), claim.unit)
    if claim.right is None:
        came = f"{claim.left} lies at {effect(claim)}"
    elif claim.estimate == 0:
        came = f"{claim.left} came out level with {claim.right}"
    elif claim.kind == "same":
        came = f"{claim.left} came out {size} {'above' if claim.estimate > 0 else 'below'} {claim.right}"
    else:
        came = f"{claim.left} came out {size} {'better' if claim.estimate > 0 else 'worse'} than {claim.right}"
    if claim.low is None and claim.high is None:
        how = f"no interval; n = {claim.n}"
    else:
        how = f"{level} interval {interval(claim)}; n = {claim.n}, {claim.method}"
    return f"On average {came} ({how})."


def reason(claim: ClaimResult) -> str:
    """Why the interval means yes, no or inconclusive, in one sentence."""
    where = needs(claim)
    if claim.verdict == "yes":
        return f"The whole interval lies {where}, as a yes needs."
    if claim.verdict == "no":
        return f"The whole interval lies {_opposite(claim)}; a yes needs it {where}."
    if claim.low is None and claim.high is None:
        return f"A yes needs the whole interval {where}, and there is none."
    wanted = f"a yes needs all of it {where}, a no all of it {_opposite(claim)}"
    return f"The interval reaches across {_crossed(claim)}; {wanted}."


def remarks(claim: ClaimResult) -> list[str]:
    """What else a reader must know of a claim: its note, a floored spread, the sign-flip p-value."""
    said = [f"{claim.note[:1].upper()}{claim.note[1:].rstrip('.')}."] if claim.note else []
    if claim.floored:
        said.append("The spread between replicates lay below the measure's resolution and was raised to it.")
    return said


def combination(answer: Answer) -> str:
    """How the primary claims make the verdict."""
    many, alpha = len(answer.claims), short(answer.alpha)
    if many == 1:
        return f"One claim decides. Each of its two limits is wrong with probability at most α = {alpha}."
    if answer.combine == "any":
        one = f"One of the {many} claims suffices for a yes, at α/{many}"
        return f"{one}; a no needs every claim to be a no at α = {alpha}."
    if answer.combine == "ordered":
        held = "" if answer.held is None else f" {answer.held} held."
        named = answer.hold_to or many
        return (
            f"The {many} claims are read in order, each at α = {alpha}, up to the first that is not a yes; "
            f"the answer is yes if at least the first {named} hold.{held}"
        )
    every = "Both" if many == 2 else f"All {many}"
    return f"{every} claims must be a yes, each at α = {alpha}; one that is a no at α/{many} makes the answer no."


def strictness(answer: Answer) -> str:
    """Why claims that look decided leave the answer open; empty where there is nothing to explain."""
    deciding = {"all": "no", "any": "yes"}.get(answer.combine)
    torn = [claim for claim in answer.claims if claim.verdict == deciding != claim.verdict_strict]
    if answer.verdict != "inconclusive" or not torn:
        return ""
    return (
        f"“{torn[0].said}” is a {deciding} at α = {short(answer.alpha)}, but not at α/{len(answer.claims)}, which "
        "deciding alone among several claims takes."
    )


def grade(answer: Answer) -> str:
    """What the answer's grade cannot show."""
    return _GRADES.get(answer.grade, f"{answer.grade[:1].upper()}{answer.grade[1:]}.")


def grade_in_short(answer: Answer) -> str:
    """What the grade means, in a few words."""
    return _GRADES_IN_SHORT.get(answer.grade, "see below.")


def split_size(answer: Answer) -> int | None:
    """How many examples the split has that was measured, where the answer says so."""
    rows = answer.data.get("rows")
    return rows if isinstance(rows, int) and not isinstance(rows, bool) and rows > 0 else None


def split_sentence(answer: Answer) -> str:
    """Which examples the numbers are measured on, and what that leaves open."""
    rows, name = split_size(answer), str(answer.data.get("name", "the data"))
    if not answer.split:
        return ""
    if answer.data.get("one_split"):
        return f"The same {plural(rows or 0, 'example')} of {name} are its training, validation and test split."
    size = f" ({plural(rows, 'example')})" if rows else ""
    if answer.split == "test":
        return f"Measured on the test split of {name}{size}, which was opened for this."
    return (
        f"Measured on the {answer.split} split of {name}{size}. The test split was not opened, so choices that were "
        f"made while looking at the {answer.split} split may flatter these numbers."
    )


def sampling_sentence(answer: Answer) -> str:
    """The error that intervals over replicates do not cover: that of the examples measured on."""
    rows, arm = split_size(answer), _leading_arm(answer)
    if answer.data.get("one_split"):
        return ""
    general = "Intervals cover what varies between replicates, not the sampling error of the examples measured on"
    if rows is None:
        return f"{general}; how many those were is not recorded."
    values = [run.value for run in answer.table if arm and run.arm == arm.arm and run.outcome == "done"]
    if arm is None or arm.unit != "points" or arm.sd is None or not _count_examples(values, rows):
        return f"{general}, {rows:,} of them."
    right = sum(values) / len(values)
    step, error = (float(f"{100 * value:.2g}") for value in (1 / rows, (right / 100 * (1 - right / 100) / rows) ** 0.5))
    return (
        f"{general}: one example is {amount(step, 'points')}, and {number(right, 1)} % right among {rows:,} examples "
        f"has a standard error of {amount(error, 'points')}. Arms measured on the same examples share part of it."
    )


def trust(answer: Answer) -> list[str]:
    """How far to trust the answer: its grade, its split, what the intervals leave out."""
    return [said for said in (grade(answer), split_sentence(answer), sampling_sentence(answer)) if said]


def warnings(answer: Answer) -> list[str]:
    """What a reader must see before believing the verdict, the gravest first."""
    said = [
        f"A control did not behave: “{control.claim.said}” was expected to be {control.expect} and is "
        f"{control.claim.verdict}. Until this is understood, the verdict may come from the experiment's own fault."
        for control in answer.controls
        if not control.behaved
    ]
    said += [f"A check failed: {check}" for check in answer.checks[:_MOST_CHECKS]]
    if len(answer.checks) > _MOST_CHECKS:
        said.append(f"{plural(len(answer.checks) - _MOST_CHECKS, 'more check')} failed; the page lists them all.")
    if answer.diverged:
        said.append(
            f"{answer.diverged} of {plural(len(answer.table), 'run')} diverged ({_diverged_arms(answer)}). They count, "
            "at the metric's worst value."
        )
    if answer.replicates == 1:
        said.append("There is one replicate, so nothing shows how results vary: run again with replicates=8.")
    return said


def ladder(ladder: LadderResult, answer: Answer) -> str:
    """How far a ladder of claims holds."""
    many = len(ladder.claims)
    if not ladder.held:
        first = ladder.claims[0]
        return f"Holds for none of {plural(many, 'step')}: the first, “{first.said}”, is {first.verdict}."
    last = ladder.claims[ladder.held - 1].left
    xs = ladder_xs(ladder, answer)
    way = "as far as" if xs is None else "down to" if xs[0] > xs[-1] else "up to"
    if ladder.held == many:
        return f"Holds for all {plural(many, 'step')}, {way} “{last}”."
    stop = ladder.claims[ladder.held]
    return f"Holds for {ladder.held} of {plural(many, 'step')}, {way} “{last}”; at “{stop.left}” it is {stop.verdict}."


def ladder_xs(ladder: LadderResult, answer: Answer) -> list[float] | None:
    """Where the steps of a ladder lie on the answer's axis; None where some lie nowhere."""
    at = {arm.arm: arm.x for arm in answer.arms}
    xs = [at.get(claim.left) for claim in ladder.claims]
    found = [x for x in xs if x is not None]
    return found if len(found) == len(xs) > 1 else None


def facts(answer: Answer) -> str:
    """One line of what was done: replicates, arms, runs, data."""
    runs = plural(len(answer.table), "run")
    ended = f", {answer.diverged} diverged" if answer.diverged else ", none diverged"
    ended += f", {answer.failed} failed" if answer.failed else ""
    data = answer.data.get("name")
    where = f"{data}, {answer.split} split" if data and answer.split else str(data or "")
    parts = [plural(answer.replicates, "replicate"), plural(len(answer.arms), "arm"), runs + ended, where]
    return " · ".join(part for part in parts if part)


def command(answer: Answer) -> str:
    """The command that asks the same again: what the command line calls the question, with every option."""
    return " ".join(command_words(answer))


def command_words(answer: Answer) -> list[str]:
    """The words of the command, each quoted for a shell."""
    words = [shlex.quote(f"{key}={value}") for key, value in sorted(answer.options.items())]
    opened = ["--open-test"] if answer.split == "test" else []
    seeded = [f"--seed {answer.seed}"] if answer.seed else []
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


def _sized(value: float, claim: ClaimResult) -> str:
    if claim.low is None and claim.high is None:
        return short(value)
    return number(value, decimals_for(claim.low, claim.estimate, claim.high))


def _opposite(claim: ClaimResult) -> str:
    if claim.kind == "same":
        return f"outside ±{amount(claim.size, claim.unit)}"
    return f"{'above' if claim.kind == 'below' else 'below'} {amount(edge(claim), claim.unit)}"


def _crossed(claim: ClaimResult) -> str:
    if claim.kind != "same":
        return amount(edge(claim), claim.unit)
    inside = [limit for limit in (-claim.size, claim.size) if _between(claim, limit)]
    return " and ".join(amount(limit, claim.unit) for limit in inside) or amount(claim.size, claim.unit)


def _between(claim: ClaimResult, limit: float) -> bool:
    return (claim.low is None or claim.low <= limit) and (claim.high is None or limit <= claim.high)


def _leading_arm(answer: Answer) -> ArmSummary | None:
    named = answer.claims[0].left if answer.claims else None
    return next((arm for arm in answer.arms if arm.arm == named), None)


def _count_examples(values: Sequence[float], rows: int) -> bool:
    """Whether values are shares of so many examples, in per cent, as accuracies are."""
    counts = [value * rows / 100 for value in values]
    return bool(counts) and all(0 <= count <= rows and abs(count - round(count)) < 1e-3 for count in counts)


def _diverged_arms(answer: Answer) -> str:
    ended = [f"{arm.arm}: {arm.diverged}" for arm in answer.arms if arm.diverged]
    return ", ".join(ended[:4]) + (f" and {plural(len(ended) - 4, 'more arm')}" if len(ended) > 4 else "")
