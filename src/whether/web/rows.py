"""The questions of a lab as rows: asked, running, answered, damaged; filtered, and told in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from whether.registration import command
from whether.report import wording
from whether.report.numbers import plural

if TYPE_CHECKING:
    from whether.answer import Answer, ClaimResult
    from whether.registration import Study
    from whether.web.judged import Damage
    from whether.web.view import Listed

STATES = {
    "damaged": "Damaged",
    "running": "Running now",
    "asked": "Asked, not yet answered",
    "answered": "Answered",
}
"""In which states a question can be, and how a page calls those that are."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question with its options, as a list shows it.

    Attributes:
        state: a key of STATES.
        name: the question's.
        text: what is asked; the name where nobody knows.
        address: of its page.
        category, grade, verdict: empty where there is none yet.
        claim: that made the verdict what it is, and how many others decide.
        effect: of that claim, with its interval.
        replicates: "32 replicates", "8 of at most 32".
        time: in ISO 8601: when it was answered, or registered.
        options: those in which it differs from others of its name, as words k=v.
        note: what else is worth a word, such as the command that answers it.
        damage: what is the matter with it.
    """

    state: str
    name: str
    text: str
    address: str
    category: str = ""
    grade: str = ""
    verdict: str = ""
    claim: str = ""
    effect: str = ""
    replicates: str = ""
    time: str = ""
    options: Sequence[str] = ()
    note: str = ""
    damage: Damage | None = None


def rows(answers: Sequence[Listed], studies: Sequence[Study], at_work: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Everything that was asked in a lab, in the order of STATES, the newest first.

    Args:
        answers: all folders with answers.
        studies: that are registered.
        at_work: what commands at work say of themselves (`Claims.others`).
    """
    running = [name for said in at_work for name in questions_of(said)]
    texts = {item.question: item.answer.text for item in answers if item.answer}
    options = differing([item.answer for item in answers if item.answer])
    answered = {item.answer.digest for item in answers if item.answer}
    waiting = [
        _registered(study, name, running)
        for study in reversed(studies)
        for name in study.questions
        if study.answers.get(name) not in answered
    ]
    known = {row.name for row in waiting if row.state == "running"}
    lone = [
        Row(state="running", name=name, text=texts.get(name, "") or name, address=_question(name))
        for name in dict.fromkeys(running)
        if name not in known
    ]
    given = [_answered(item, options) for item in answers]
    order = list(STATES)
    return sorted([*lone, *waiting, *given], key=lambda row: order.index(row.state))


def questions_of(said: Mapping[str, Any]) -> list[str]:
    """The questions that a command at work says it answers; none where it says nothing that can be read."""
    status = said.get("status")
    names = status.get("questions") if isinstance(status, Mapping) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def differing(answers: Iterable[Answer]) -> Mapping[str, Sequence[str]]:
    """By an answer's digest, its options that not all answers of the same question have alike, as words k=v."""
    by_name: dict[str, list[Answer]] = {}
    for answer in answers:
        by_name.setdefault(answer.name, []).append(answer)
    found = {}
    for several in by_name.values():
        keys = sorted({key for one in several for key in one.options})
        apart = [key for key in keys if len({one.options.get(key) for one in several}) > 1]
        for one in several:
            found[one.digest] = [f"{key}={one.options[key]}" for key in apart if key in one.options]
    return found


def chosen(found: Iterable[Row], asked: Mapping[str, str]) -> list[Row]:
    """The rows that have every value asked for; a filter that is empty or unknown lets all pass.

    Args:
        found: all rows.
        asked: by field ("state", "verdict", "grade", "category") the value that it must have.
    """
    wanted = {key: value for key in FILTERS if (value := asked.get(key, ""))}
    return [row for row in found if all(getattr(row, key) == value for key, value in wanted.items())]


FILTERS = ("state", "verdict", "grade", "category")


def choices(found: Iterable[Row]) -> dict[str, list[str]]:
    """By filter, the values that occur."""
    there = list(found)
    return {key: sorted({str(getattr(row, key)) for row in there} - {""}) for key in FILTERS}


def decisive(answer: Answer) -> ClaimResult | None:
    """The claim that made the verdict what it is: the first that came out so, else the first; None without claims."""
    return next((claim for claim in answer.claims if claim.verdict == answer.verdict), next(iter(answer.claims), None))


def effect(answer: Answer) -> tuple[str, str]:
    """The decisive claim in words, with how many others there are, and its effect with the interval."""
    claim = decisive(answer)
    if claim is None:
        return "", ""
    told = wording.effect(claim)
    if wording.interval(claim) != "none":
        told += f" ({wording.claim_level(claim)} interval {wording.interval(claim)})"
    more = len(answer.claims) - 1
    return claim.said + (f" (and {plural(more, 'more claim')})" if more else ""), told


def ago(iso: str, now: datetime) -> str:
    """How long ago a time was, roughly; the text itself where it is no time.

    Example:
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> [ago(time, noon) for time in ("2026-03-02T11:59:40Z", "2026-03-02T10:00:00+00:00", "2026-02-20", "then")]
        ['just now', '2 hours ago', '10 days ago', 'then']
    """
    try:
        then = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    seconds = (now - then.replace(tzinfo=then.tzinfo or UTC)).total_seconds()
    for length, unit in ((86400 * 365, "year"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{plural(int(seconds // length), unit)} ago"
    return "just now"


def ago_from_now() -> Callable[[str], str]:
    """`ago` with the time as it is."""
    now = datetime.now(UTC)
    return lambda iso: ago(iso, now)


def _answered(item: Listed, options: Mapping[str, Sequence[str]]) -> Row:
    answer, address = item.answer, f"/answers/{quote(item.folder)}"
    if answer is None:
        return Row(state="damaged", name=item.question, text=item.folder, address=address, damage=item.damage)
    claim, came = effect(answer)
    most = f" of at most {answer.planned}" if answer.planned > answer.replicates else ""
    return Row(
        state="answered",
        name=answer.name,
        text=answer.text or answer.name,
        address=address,
        category=answer.category,
        grade=answer.grade,
        verdict=answer.verdict,
        claim=claim,
        effect=came,
        replicates=f"{answer.replicates}{most} replicates" if most else plural(answer.replicates, "replicate"),
        time=item.time,
        options=options.get(answer.digest, ()),
    )


def _question(name: str) -> str:
    return f"/questions/{quote(name, safe='')}"


def _registered(study: Study, name: str, running: Sequence[str]) -> Row:
    asked = study.questions[name]
    return Row(
        state="running" if name in running else "asked",
        name=name,
        text=str(asked.get("text") or name),
        address=_question(name),
        category=str(asked.get("category", "")),
        grade=study.grade_of(name),
        replicates=plural(int(asked["replicates"]), "replicate"),
        time=study.time,
        note=command(asked),
    )
