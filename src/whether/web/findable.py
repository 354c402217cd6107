"""What of a lab can be found: questions, answers, studies, networks by digest, words of the language, data sets."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from whether import words
from whether.report.numbers import clean, plural
from whether.web.search import Entry, Field

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.registration import Study
    from whether.web.view import Listed

KINDS = {
    "question": "Questions",
    "answer": "Answers",
    "study": "Studies",
    "network": "Networks and measures",
    "word": "Words of the language",
    "data": "Data sets",
}
"""Kinds of entries, and how a page calls them."""
NETWORKS = 20
"""Networks that are given where many begin with the same digits."""
_NOTES = 40


def entry(kind: str, title: str, *fields: Field, href: str = "", about: str = "") -> Entry:
    """An entry whose texts are on one line each; fields that say nothing are left out."""
    kept = tuple(Field(one.name, clean(one.text), one.weight, one.digest) for one in fields if one.text.strip())
    return Entry(kind=kind, title=clean(title), href=href, about=clean(about), fields=kept)


def of_answer(listed: Listed) -> Entry:
    """An answer by everything that it says in words, or a damaged one by its folder."""
    answer, href = listed.answer, f"/answers/{quote(listed.folder)}"
    if answer is None:
        return entry("answer", listed.folder, Field("folder", listed.folder, 3), href=href, about="damaged")
    title = answer.text or answer.name
    about = f"{answer.verdict}, {answer.grade}, {plural(answer.replicates, 'replicate')}; {listed.folder}"
    return entry("answer", title, *_of_answer(answer), Field("folder", listed.folder, 3), href=href, about=about)


def _of_answer(answer: Answer) -> Iterator[Field]:
    claims = [*answer.claims, *answer.secondary, *(one.claim for one in answer.controls)]
    options = [f"{name}={value}" for name, value in answer.options.items()]
    notes = dict.fromkeys(run.note for run in answer.table if run.note)
    yield Field("question", answer.text or answer.name, 4)
    yield Field("name", answer.name, 4)
    yield Field("verdict", f"{answer.verdict}, {answer.grade}", 2)
    yield from (Field("option", option, 2) for option in options)
    yield from (Field("arm", arm.arm, 2) for arm in answer.arms)
    yield from (Field("claim", claim.said, 2) for claim in claims)
    yield from (Field("runs", plural(n, "run") + f" {how}") for n, how in _ended(answer) if n)
    yield Field("category", answer.category)
    yield Field("data", str(answer.data.get("name", "")), 2)
    yield Field("what it means", answer.meaning)
    yield Field("a yes would mean", answer.if_yes)
    yield Field("a no would mean", answer.if_no)
    yield from (Field("reason", claim.because) for claim in claims)
    yield from (Field("remark", claim.note) for claim in claims if claim.note)
    yield from (Field("note of a run", note) for note in list(notes)[:_NOTES])
    yield from (Field("check", check) for check in answer.checks)
    yield from (Field("published", f"{one.arm} {one.source} {one.note}") for one in answer.published)
    yield Field("digest", answer.digest, 5, digest=True)
    yield Field("machine", str(answer.circumstances.get("machine", "")), 0.5)


def _ended(answer: Answer) -> tuple[tuple[int, str], ...]:
    return (answer.diverged, "diverged"), (answer.failed, "always failed")


def of_study(study: Study) -> Entry:
    """A registered study by its questions, notes, amendments and deviations."""
    document = study.document
    changes = [*study.amendments, *study.deviations]
    fields = [
        Field("study", study.id, 4),
        Field("title", str(document.get("title", "")), 4),
        *(Field("question", name, 3) for name in study.questions),
        Field("notes", str(document.get("notes", ""))),
        Field("budget", str(document.get("budget", ""))),
        *(Field("change", str(item.get(key, ""))) for item in changes for key in ("what", "reason")),
        Field("digest", study.digest, 5, digest=True),
    ]
    about = f"study {study.id}, {study.grade}: {', '.join(study.questions)}"
    return entry("study", str(document.get("title") or study.id), *fields, href=f"/studies/{study.id}", about=about)


def of_question(name: str, text: str, idea: str = "", group: str = "", *, asked: bool) -> Entry:
    """A question by its name and text, and by what the catalogue says of it."""
    fields = Field("name", name, 5), Field("question", text, 4), Field("idea", idea), Field("about", group)
    about = f"{name}; {'asked in this lab' if asked else 'not asked in this lab yet'}"
    return entry("question", text or name, *fields, href=f"/questions/{quote(name)}", about=about)


@functools.cache
def of_language() -> tuple[Entry, ...]:
    """Every word that a question may use, and every data set that is known by name."""
    from whether.data.known import CARDS

    found = []
    for word in words.WORDS:
        options = ", ".join(f"{name}={value}" for name, value in word.options.items())
        fields = Field("word", word.name, 4), Field("kind", word.kind, 2), Field("takes", word.takes, 1)
        about = f"{word.kind}; {word.takes}" + (f"; {options}" if options else "")
        found.append(entry("word", word.name, *fields, Field("options", options), about=about))
    for card in CARDS.values():
        about = f"data set; {card.task}, {plural(card.train_rows, 'row')} to train on; {card.licence}"
        fields = Field("name", card.name, 4), Field("kind", "data set", 2), Field("licence", about)
        found.append(entry("data", card.name, *fields, about=about))
    return tuple(found)


def of_digests(digests: Iterable[str], prefix: str, told: Mapping[str, str]) -> list[Entry]:
    """The recorded networks and measures whose digests begin so.

    Args:
        digests: of all records.
        prefix: what they begin with.
        told: by digest what is known of one, such as the arms whose run it is.
    """
    found = sorted(digest for digest in digests if digest.startswith(prefix))
    shown = found[:NETWORKS]
    more = f"; {len(found) - NETWORKS} more begin so" if len(found) > NETWORKS else ""
    return [
        entry(
            "network",
            digest[:16],
            Field("digest", digest, 5, digest=True),
            href=f"/networks/{digest}",
            about=f"{told.get(digest, 'on the way to a network or a number')}{more if digest == shown[-1] else ''}",
        )
        for digest in shown
    ]


def runs_by_digest(answers: Sequence[Listed], prefix: str) -> dict[str, str]:
    """Of digests that begin so, in which answer and arm they are a run's network or its number."""
    found: dict[str, str] = {}
    for listed in answers:
        for run in listed.answer.table if listed.answer else ():
            for digest, what in ((run.state, "network"), (run.measure, "measure")):
                if digest.startswith(prefix):
                    found.setdefault(digest, f"{what} of {run.arm}, replicate {run.replicate}, in {listed.folder}")
    return found


def kinds_of(found: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """The kinds that were found, in their order: key, name, how many."""
    return [(kind, name, found[kind]) for kind, name in KINDS.items() if found.get(kind)]
