"""What a sheet says of an answer's question, its verdict, and how far to trust it: drafts from evidence, in sentences.

Each function takes the evidence and gives a `Draft`; whether that is believed is decided in `filled.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whether.cover.page import cut
from whether.report import account, rule, standing, wording
from whether.report.numbers import chance, clean, listed, moment, plural, short

if TYPE_CHECKING:
    from whether.answer import Answer, ClaimResult
    from whether.cover.filled_evidence import Evidence
    from whether.cover.sheet import State

_EXPOSED = re.compile(r": (?:yes|no|inconclusive) with")
ANSWER, LEDGER, PAGE = "answer.json", "ledger", "report.html"
_SEVERITY = {
    "lower": "tested less severely for it",
    "unchanged": "tested as severely",
    "higher": "tested more severely for it",
    "unknown": "its effect on severity is unknown",
}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the evidence says of a field.

    Attributes:
        text, pointer, value, note: as `Said` has them.
        state: where it is not verified even when all is well: what nobody recorded cannot be computed.
    """

    text: str
    pointer: str = ANSWER
    value: Any = None
    note: str = ""
    state: State = "verified"


def identifier(evidence: Evidence) -> Draft:
    """The name of the answer's folder."""
    return Draft(text=evidence.folder.name)


def version(evidence: Evidence) -> Draft:
    """How often the answer was written."""
    times = max(1, len(evidence.answered))
    again = "as first concluded" if times == 1 else "written anew"
    return Draft(text=f"{times} ({again})", pointer=LEDGER, value=times)


def date(evidence: Evidence) -> Draft:
    """When the ledger was told."""
    given = evidence.answered
    when = given[-1].time if given else str(evidence.answer.circumstances.get("time", ""))
    return Draft(text=when[:10], pointer=LEDGER, value=when)


def digest(evidence: Evidence) -> Draft:
    """Of answer.json."""
    return Draft(text=evidence.digest or "none: there is no answer.json")


def question(evidence: Evidence) -> Draft:
    """As it was asked."""
    return Draft(text=evidence.answer.text or evidence.answer.name)


def if_yes(evidence: Evidence) -> Draft:
    """What a yes would mean."""
    return Draft(text=evidence.answer.if_yes)


def if_no(evidence: Evidence) -> Draft:
    """What a no would mean."""
    return Draft(text=evidence.answer.if_no)


def verdict(evidence: Evidence) -> Draft:
    """The verdict with its meaning."""
    answer = evidence.answer
    return Draft(text=f"{wording.VERDICT[answer.verdict]}. {answer.meaning}", pointer=PAGE, value=answer.verdict)


def effect(evidence: Evidence, most: int, items: int) -> Draft:
    """Each claim's effect with its interval, and where a yes needs it; as many claims as there is room for."""
    claims = evidence.answer.claims
    told_of = [
        {"said": one.said, "verdict": one.verdict, "estimate": one.estimate, "low": one.low, "high": one.high}
        | {"size": one.size, "unit": one.unit}
        for one in claims
    ]
    named = list(dict.fromkeys(name for claim in claims for name in (claim.left, claim.right) if name))
    arms = [arm for name in named for arm in evidence.answer.arms if arm.arm == name]
    means = [[clean(arm.arm), wording.arm_mean(arm, evidence.answer)] for arm in arms]
    value = {"claims": told_of, "measure": wording.metric(arms).partition(" (")[0] if arms else "", "means": means}
    told = [_effect(claim) for claim in claims]
    if len("\n".join(told)) > most:
        told = [line.partition("; a yes needs")[0] for line in told]
    names = {name for claim in claims for name in (claim.left, claim.right or "")}
    meant = f" (“at”: {clean(evidence.answer.axis)})"
    if evidence.answer.axis and any(" at " in name for name in names) and len("\n".join(told) + meant) <= most:
        told[-1] += meant
    return Draft(text=fitting(told, most, items, "claim"), pointer=PAGE, value=value)


def _effect(claim: ClaimResult) -> str:
    bare = claim.low is None and claim.high is None
    interval = "no interval" if bare else f"{wording.claim_level(claim)} interval {wording.interval(claim)}"
    return f"{clean(claim.said)}: {wording.effect(claim)}, {interval}; a yes needs it {wording.needs(claim)}"


def grade(evidence: Evidence) -> Draft:
    """The grade, and what it means."""
    answer = evidence.answer
    return Draft(text=f"{answer.grade}: {standing.grade_in_short(answer)}", pointer=LEDGER, value=answer.grade)


def registration(evidence: Evidence) -> Draft:
    """Its digest, its time, who saw it, what was amended."""
    study = evidence.answer.study
    if not study:
        return Draft(text="None: the question was not registered before its runs.", pointer=LEDGER)
    seen = "seen by nobody outside"
    if study.get("stamped_by"):
        # Who tags a repository is one of the authors, whom this sheet names in fields that can be hidden.
        kind = (evidence.study.witness or {}).get("kind") if evidence.study else None
        by = {"rfc3161": f"by {clean(str(study['stamped_by']))} ", "git tag": "by a git tag "}.get(str(kind), "")
        seen = f"stamped {by}on {moment(str(study.get('stamped_at', '')))}"
    told = [f"amended {moment(str(item['time']))}: {item['what']}" for item in study.get("amendments", ())]
    changed = f"{plural(len(told), 'amendment')}: {'; '.join(told)}" if told else "no amendments"
    where = f"{moment(str(study.get('time', '')))}, ledger entry {study.get('entry')}"
    # Without what it answered: the sheet is read with its verdict covered, too.
    before = _seen_before([_EXPOSED.sub(" with", str(one)) for one in study.get("exposure", ())])
    text = f"{str(study.get('registration'))[:8]}…, {where}; {seen}; {changed}.{before}"
    return Draft(
        text=text, pointer=_entry(study), value={"digest": study.get("registration"), "entry": study.get("entry")}
    )


def _seen_before(seen: Sequence[str]) -> str:
    """What had been seen, if one thing; of several how many they are, and the last."""
    if not seen:
        return ""
    last = clean(seen[-1].partition(" (")[0])
    return f" Seen before: {last}." if len(seen) == 1 else f" Seen before: {len(seen)} things, the last {last}."


def _entry(study: Mapping[str, Any]) -> str:
    return f"ledger/{int(study.get('entry', 0)):08d}.json"


def deviations(evidence: Evidence) -> Draft:
    """What the ledger has of them."""
    answer = evidence.answer
    if not answer.study:
        return Draft(text="None can be told: no plan was registered to deviate from.", pointer=LEDGER, value=0)
    told = [_deviation(item) for item in answer.study.get("deviations", ())]
    return Draft(text="\n".join(told) or "None recorded.", pointer=LEDGER, value=len(told))


def _deviation(item: Mapping[str, Any]) -> str:
    what, because = (clean(str(item.get(name, ""))).rstrip(".") for name in ("what", "because"))
    return f"{what} ({because}; {_SEVERITY.get(str(item.get('effect')), _SEVERITY['unknown'])})."


def by_rule(evidence: Evidence) -> Draft:
    """How claims make the verdict, α, replicates, looks, and the power for either answer."""
    answer, study = evidence.answer, evidence.answer.study
    looks = (
        rule.looked(answer)
        if rule.several_looks(answer)
        else f"{plural(answer.replicates, 'replicate')}, looked at once."
    )
    known = study.get("power") or {}
    if known:
        few = " Underpowered, and registered all the same." if study.get("underpowered") else ""
        power = f"Power: {chance(known['yes'])} for a yes, {chance(known['no'])} for a no.{few}"
    else:
        power = "Power was not computed beforehand."
    value: dict[str, Any] = {"alpha": answer.alpha, "replicates": answer.replicates, "looks": len(answer.looks)}
    value |= {"planned": answer.planned, "power_yes": known.get("yes"), "power_no": known.get("no")}
    return Draft(text=f"{_decides(answer)} {looks} {power}", value=value)


def _decides(answer: Answer) -> str:
    claims = answer.claims
    if len(claims) > 1:
        return f"{rule.combination(answer)} A claim is a yes if its whole interval lies where a yes needs it."
    level, needs = wording.claim_level(claims[0]), wording.needs(claims[0])
    error = f"α = {short(answer.alpha)} at each limit"
    return f"Yes if the whole {level} interval ({error}) lies {needs}, no if all of it lies elsewhere."


def runs(evidence: Evidence) -> Draft:
    """Every run accounted for."""
    answer = evidence.answer
    counts = Counter(run.outcome for run in answer.table)
    registered = _registered(evidence)
    value: dict[str, Any] = {name: counts.get(name, 0) for name in ("done", "diverged", "failed")}
    value |= {"analysed": len(answer.table), "overrun": len(answer.overrun), "excluded": 0}
    value |= {"registered": registered, "not_registered": _unregistered(evidence)}
    ended = [f"{value[name]:,} {name}" for name in ("done", "diverged", "failed") if value[name]]
    how = "all done, none diverged, failed or left out"
    how = how if len(answer.table) == value["done"] else f"{', '.join(ended)}; none left out"
    if registered is None:
        said = [f"{plural(len(answer.table), 'run')} analysed, not registered: {how}."]
    else:
        early = " (decided at an earlier look)" if registered > len(answer.table) else ""
        said = [f"{len(answer.table):,} of {plural(registered, 'registered run')} analysed{early}: {how}."]
    if answer.overrun:
        said.append(f"{plural(len(answer.overrun), 'run')} beyond the deciding look, not analysed.")
    if registered is not None and value["not_registered"]:
        said.append(f"{value['not_registered']:,} not registered.")
    return Draft(text=" ".join(said), pointer="runs.csv", value=value)


def _registered(evidence: Evidence) -> int | None:
    rows = (evidence.study.runs if evidence.study else {}).get(evidence.answer.name)
    return None if rows is None else sum(map(len, rows.values()))


def _unregistered(evidence: Evidence) -> int:
    answer = evidence.answer
    rows: Mapping[str, Sequence[str]] = (evidence.study.runs if evidence.study else {}).get(answer.name, {})
    return sum(run.replicate >= len(rows.get(run.arm, ())) for run in [*answer.table, *answer.overrun])


def variation(evidence: Evidence) -> Draft:
    """What varied between replicates, and what was held fixed."""
    told = evidence.answer.sources
    if not told:
        return Draft(text="", state="not stated", note="It was not recorded when this was answered.")
    text = f"Varied: {listed(told.get('varied', ()))}. Fixed: {listed(told.get('fixed', ()))}."
    return Draft(text=text, value={"varied": told.get("varied"), "fixed": told.get("fixed")})


def checks(evidence: Evidence) -> Draft:
    """Which controls and checks there were, and which of them failed; the failed ones first."""
    answer = evidence.answer
    fine = sum(control.behaved for control in answer.controls)
    failed = standing.failed_checks(answer)
    said = [
        f"A control FAILED: “{clean(control.claim.said)}” should be {control.expect} and is {control.claim.verdict}."
        for control in answer.controls
        if not control.behaved
    ]
    if failed:
        said.append(f"{plural(len(failed), 'check')} FAILED: {'; '.join(failed)}.")
    if answer.controls:
        behaved = f"{fine} of {plural(len(answer.controls), 'control')} behaved as they had to"
        said.append(f"{behaved}{_controls(answer) if fine == len(answer.controls) else ''}.")
    else:
        said.append("No control: nothing shows that a difference would have been seen.")
    if not failed:
        said.append("No check of training failed.")
    notices = standing.notices(answer)
    said += (
        [f"{plural(len(notices), 'note')} on single numbers, such as censored ones, in the report."] if notices else []
    )
    value = {"controls": len(answer.controls), "behaved": fine, "failed_checks": len(failed)}
    return Draft(text=" ".join(said), pointer=PAGE, value=value)


def _controls(answer: Answer) -> str:
    said = [f"“{clean(control.claim.said)}” is {control.claim.verdict}" for control in answer.controls]
    return f" ({'; '.join(said)})" if len("".join(said)) <= 140 else ""


def command(evidence: Evidence, most: int) -> Draft:
    """The command that asks the same again."""
    answer = evidence.answer
    options = {name: nameless(str(value)) for name, value in answer.options.items()}
    words = account.command_words(replace(answer, source=nameless(answer.source), options=options))
    told = " ".join(words)
    if len(told) <= most:
        return Draft(text=told, value=told)
    return Draft(text=f"{words[0]} {words[1]} with the options in answer.json", value=told)


def nameless(path: str) -> str:
    """A path without the folders of somebody's machine, which may say who that is; what is no such path stays.

    Example:
        >>> nameless("/home/ada/signs.py"), nameless("data/mine"), nameless("digits")
        ('signs.py', 'data/mine', 'digits')
    """
    whole = path.startswith(("/", "~", "\\\\")) or path[1:3] in (":\\", ":/")
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] if whole else path


def fitting(lines: Sequence[str], most: int, items: int, one: str) -> str:
    """As many lines as there is room for; of those left out it is said how many they are."""
    for kept in range(min(len(lines), items), 0, -1):
        left = len(lines) - kept
        if left and kept == items:
            continue
        told = [*lines[:kept], *([f"and {plural(left, f'more {one}')}, in answer.json"] if left else [])]
        if len("\n".join(told)) <= most:
            return "\n".join(told)
    return cut(lines[0], most) if lines else ""


WORDS: Mapping[str, Callable[[Evidence], Draft]] = {
    "identifier": identifier,
    "version": version,
    "date": date,
    "digest": digest,
    "question": question,
    "if_yes": if_yes,
    "if_no": if_no,
    "verdict": verdict,
    "grade": grade,
    "registration": registration,
    "deviations": deviations,
    "rule": by_rule,
    "runs": runs,
    "variation": variation,
    "checks": checks,
}
