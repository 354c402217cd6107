"""How far to trust an answer, in sentences: its grade and what that cannot show, registration, warnings, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whether.report.numbers import amount, chance, listed, moment, number, plural

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary

_UNCONTROLLED = (
    "nothing shows that the experiment can see a difference that is there, and sees none where there is none."
)
_SEVERITY = {
    "lower": "The claims are tested less severely for it.",
    "unchanged": "The claims are tested no less severely for it.",
    "higher": "The claims are tested more severely for it.",
    "unknown": "How severely the claims are tested, it leaves unknown.",
}
_MOST_CHECKS, _MOST_DEVIATIONS = 3, 5
_IN_SHORT = {
    "exploratory": "not registered before its runs.",
    "registered": "frozen{when} before its first run, by this lab's own word.",
    "confirmatory": "frozen{when} before its first run, stamped by {witness}.",
}
_SHOWS = {
    "exploratory": "Exploratory: the question was not registered before its runs. Nothing here shows that its claims, "
    "their sizes and the number of replicates were fixed before the results were seen, nor that no other seeds or "
    "wordings were tried.",
    "registered": "Registered, self-witnessed: claims, sizes, looks and seeds were frozen before the first run{entry}. "
    "The ledger shows what was changed since. Nobody outside saw it: a lab with another outcome can be deleted, its "
    "ledger begun anew, a design reworded until it fits, and nothing here would show it.",
    "confirmatory": "Confirmatory: claims, sizes, looks and seeds were frozen before the first run{entry}, and stamped "
    "by {witness}{stamped}. The stamp is part of every seed, so no run is older than it. How many other designs were "
    "stamped and left untold, nothing here shows.",
}


def grade(answer: Answer) -> str:
    """What the answer's grade shows, and what it cannot show."""
    shows = _SHOWS[answer.grade].format(**_witnessed(answer))
    if not answer.study.get("amendments"):
        return shows
    stamped = "What was amended since is not stamped" if answer.grade == "confirmatory" else "It was amended since"
    return f"{shows} {stamped}: that no look came before, the ledger alone says."


def grade_in_short(answer: Answer) -> str:
    """What the grade means, in a few words."""
    amended = " Amended since." if answer.study.get("amendments") else ""
    return _IN_SHORT[answer.grade].format(**_witnessed(answer)) + amended


def _witnessed(answer: Answer) -> dict[str, str]:
    study = answer.study
    when = moment(str(study.get("time", "")))
    stamped = moment(str(study.get("stamped_at", "")))
    entry = f", on {when}, as entry {study['entry']} of this lab's ledger" if when and "entry" in study else ""
    return {
        "when": f" on {when}" if when else "",
        "entry": entry,
        "witness": str(study.get("stamped_by") or "an outside party"),
        "stamped": f" on {stamped}" if stamped else "",
    }


def registration(answer: Answer) -> list[tuple[str, str]]:
    """The registration as rows of a name and a value; none for an exploratory answer."""
    study = answer.study
    if not study:
        return []
    rows = [
        ("study", " · ".join(dict.fromkeys(filter(None, [_text(study, "id"), _text(study, "title")])))),
        ("registration", _text(study, "registration")),
        ("registered", moment(_text(study, "time"))),
        ("ledger entry", _text(study, "entry")),
        ("witness", _text(study, "stamped_by") or "this lab's ledger only"),
        ("stamped", moment(_text(study, "stamped_at"))),
        ("standard deviation from", _text(study, "sd")),
    ]
    return [(name, value) for name, value in rows if value]


def power(answer: Answer) -> str:
    """Whether the question could be answered either way, as it was registered."""
    known = answer.study.get("power")
    if not known:
        return ""
    return (
        f"If the effect is as planned for a yes{_when(known, 'yes')}, a yes comes with a chance of "
        f"{chance(known['yes'])}; if it is as planned for a no{_when(known, 'no')}, a no comes with "
        f"{chance(known['no'])}. {chance(known['stated'])} of either was asked for"
        + (f"; {known['enough']:,} replicates would give it." if known.get("enough") else ".")
    )


def _when(known: Mapping[str, Any], side: str) -> str:
    told = known.get(f"when_{side}")
    return f" ({told})" if told else ""


def amendments(answer: Answer) -> list[str]:
    """What of the registration was changed, when, and why."""
    return [
        f"Amended on {moment(_text(item, 'time'))}: {_text(item, 'what')} ({_text(item, 'because')})."
        for item in answer.study.get("amendments", ())
    ]


def deviations(answer: Answer) -> list[str]:
    """Where what was done is not what was registered, with the reason and what it does to the test."""
    return [_deviation(item) for item in answer.study.get("deviations", ())]


def _deviation(item: Mapping[str, Any]) -> str:
    from whether.registration import REASONS

    reason = REASONS.get(_text(item, "reason"), _text(item, "reason"))
    what, because = (_text(item, name).rstrip(".") for name in ("what", "because"))
    severity = _SEVERITY.get(_text(item, "effect"), _SEVERITY["unknown"])
    return f"Not as registered ({moment(_text(item, 'time'))}): {what}. The reason is {reason}: {because}. {severity}"


def changed(answer: Answer) -> list[str]:
    """What a reader must know of the registration beside its power: witness, what had been seen, what was changed."""
    unchecked, seen, words = (
        [str(one).rstrip(".") for one in answer.study.get(name, ())] for name in ("remarks", "exposure", "reworded")
    )
    said = [f"Of the witness: {one}." for one in unchecked]
    said += [f"Seen before it was registered: {'; '.join(seen)}."] if seen else []
    if words:
        said.append(f"Worded otherwise than registered: {listed(words)}. The ledger has the words of then.")
    return [*said, *amendments(answer)]


def registered(answer: Answer) -> list[str]:
    """What a reader must know of the registration: its power, what had been seen, what was changed."""
    return list(filter(None, [power(answer), *changed(answer)]))


def warnings(answer: Answer) -> list[str]:
    """What a reader must see before believing the verdict, the gravest first."""
    said = [
        f"A control did not behave: “{control.claim.said}” was expected to be {control.expect} and is "
        f"{control.claim.verdict}. Until this is understood, the verdict may come from the experiment's own fault."
        for control in answer.controls
        if not control.behaved
    ]
    said += _first(deviations(answer), _MOST_DEVIATIONS, "more deviation")
    if answer.study.get("underpowered"):
        said.append(f"Underpowered, and registered all the same. {power(answer)}".strip())
    if answer.study.get("uncontrolled"):
        said.append(f"Registered without a positive and a negative control: {_UNCONTROLLED}")
    said += _first([_checked(check) for check in _split(answer)[0]], _MOST_CHECKS, "more failed check")
    if answer.diverged:
        said.append(
            f"{answer.diverged} of {plural(len(answer.table), 'run')} diverged ({_diverged_arms(answer)}). They count, "
            "at the metric's worst value."
        )
    if answer.replicates == 1:
        said.append("There is one replicate, so nothing shows how results vary: run again with replicates=8.")
    return said


def notices(answer: Answer) -> list[str]:
    """What is good to know of single numbers and no reason to doubt the verdict, such as censored values."""
    return _split(answer)[1]


def failed_checks(answer: Answer) -> list[str]:
    """Every check that failed, as the page lists them."""
    return _split(answer)[0]


def _split(answer: Answer) -> tuple[list[str], list[str]]:
    known = [check for check in answer.checks if "censored" in check]
    return [check for check in answer.checks if check not in known], known


def _checked(check: str) -> str:
    """A failed check as a warning; what is said of runs that always failed is a sentence already."""
    return f"{check.rstrip('.')}." if "always failed" in check else f"A check failed: {check}"


def _first(said: Sequence[str], most: int, more: str) -> list[str]:
    left = len(said) - most
    return [*said[:most], f"And {plural(left, more)}; the page lists them all."] if left > 0 else list(said)


def trust(answer: Answer) -> list[str]:
    """How far to trust the answer: its grade, its controls, its split, what the intervals leave out."""
    return [
        said for said in (grade(answer), control(answer), split_sentence(answer), sampling_sentence(answer)) if said
    ]


def control(answer: Answer) -> str:
    """What the controls show, or that there are none."""
    if not answer.controls:  # of a registered question a warning says so
        return "" if answer.study.get("uncontrolled") else f"No control was named: {_UNCONTROLLED}"
    fine, many = sum(control.behaved for control in answer.controls), len(answer.controls)
    if fine < many:
        return ""  # a warning says so, louder
    every = "The control" if many == 1 else "Both controls" if many == 2 else f"All {many} controls"
    return f"{every} behaved: what had to come out so came out so."


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
    split = measured_split(answer)
    if split == "test":
        return f"Measured on the test split of {name}{size}, which was opened for this."
    if split == "train":
        return (
            f"Measured on the training split of {name}{size}, which is what the networks are trained on: it says "
            "nothing of examples that they have not seen."
        )
    return (
        f"Measured on the {split} split of {name}{size}. The test split was not opened, so choices that were "
        f"made while looking at the {split} split may flatter these numbers."
    )


def measured_split(answer: Answer) -> str:
    """The split that was measured on: the one that the measures name for themselves, or the one that was opened."""
    return str(answer.data.get("split") or answer.split)


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


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None else str(value)
