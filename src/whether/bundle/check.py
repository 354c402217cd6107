"""Whether a bundle says what its evidence says, on a machine without the lab that it came from.

    manifest     every file is there, none is more, each has its digest          here
    lab          ledger, seals, parents; registrations; of the answer seeds,      store.verify, audit
                 runs, histories, numbers, the verdict concluded anew
    the rest     crate, tables, cover sheet, question, environment follow from    check_follows.py
                 the answer, or are made anew and compared

Whoever alters a file and the manifest with it is found out by the last two, wherever a file carries evidence of its
own. Report, figures, the PDF and the code in question/ do not: they are guarded by the manifest alone, so whoever cites
a bundle cites its digest, which is the manifest's.

Seals are no signatures. Whoever makes up numbers and seals everything anew from there on, ledger included, makes up a
bundle that passes; what tells is training a part of it again (`again.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from whether import audit
from whether.answer import FORMAT, Answer
from whether.bundle import places, withheld
from whether.bundle.archive import Bundle
from whether.bundle.check_follows import FOLLOWS, same_code
from whether.bundle.contents import rests_on
from whether.bundle.crate import record_place
from whether.errors import DamageError, RequestError, WhetherError
from whether.store import verify
from whether.store.answers import ANSWER_FILE
from whether.store.finding import Finding
from whether.store.layout import PARTS

Progress = Callable[[int, int], None]
AGAIN = "Do not rely on this bundle; ask for it again."
SURPRISES = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
"""What reading plain values raises where somebody wrote others: the file is then not what it should be."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was seen of a bundle.

    Attributes:
        digest: the SHA-256 of its manifest: what names it.
        files: how many there are.
        answer: that it is of; None where it cannot be read.
        entries: of the ledger that are whole.
        states: whether trained states are in it.
        exact: whether the very Whether that is here wrote it, so that words and pages were compared, too.
        findings: what is wrong, each with its file; empty when all is well.
    """

    digest: str
    files: int
    answer: Answer | None
    entries: int
    states: bool
    exact: bool
    findings: list[Finding]


def check(bundle: Bundle, progress: Progress | None = None) -> list[Finding]:
    """What is wrong with a bundle; empty when all is well."""
    return look(bundle, progress).findings


def look(bundle: Bundle, progress: Progress | None = None, *, certificate: Path | None = None) -> Checked:
    """Check a bundle.

    Args:
        bundle: that was opened.
        progress: called with the number of files checked and of all, as it goes.
        certificate: the root of the authority whose tokens are to be checked up to it.

    Raises:
        RequestError: it is of a later format.
    """
    files = bundle.files()
    found = [*_guarded(places.MANIFEST, _manifest(bundle, files, progress or _nobody))]
    about, answer, states = None, None, False
    try:
        about = bundle.about()
        states = about.get("states") is True
    except DamageError as error:
        found.append(Finding(places.ABOUT, str(error), AGAIN))
    found += _guarded(places.LAB, _lab(bundle, certificate, states=states))
    try:
        answer = bundle.answer()
    except DamageError as error:
        found.append(Finding(error.place, str(error), AGAIN))
    if answer is not None:
        name = f"{answer.name}-{answer.digest[:8]}"
        where = _place(name)
        if about is not None and about["answer"] != name:
            what = f"It says that the answer is {about['answer'][:80]!r}, not {name}."
            found.append(Finding(places.ABOUT, what, AGAIN))
        strays = (file for file in files if not places.has_a_place(file, name))
        found += (Finding(file, "No bundle has such a file.", AGAIN) for file in strays)
        found += _guarded(where, _answer(bundle, answer, name))
        found += _guarded(where, _records(bundle, answer))
        for place, follows in FOLLOWS.items():
            found += _guarded(place, (replace(item, remedy=AGAIN) for item in follows(bundle, answer)))
    return Checked(
        digest=bundle.digest,
        files=len(files),
        answer=answer,
        entries=len(bundle.store.ledger.sound()),
        states=states,
        exact=same_code(bundle),
        findings=_each_once(found),
    )


def _manifest(bundle: Bundle, files: list[str], progress: Progress) -> Iterator[Finding]:
    for name, why in sorted(bundle.unreadable.items()):
        yield Finding(name, f"Its bytes cannot be unpacked ({why}).", AGAIN)
    if places.MANIFEST not in files:
        if places.MANIFEST not in bundle.unreadable:
            yield Finding(places.MANIFEST, "It is missing, so that nothing tells which files there were.", AGAIN)
        return
    named, wrong = bundle.manifest()
    for line in wrong:
        yield Finding(places.MANIFEST, f"It has a line that names no file, or one twice: {line[:80]!r}.", AGAIN)
    there = {*files} - {places.MANIFEST}
    for done, name in enumerate(sorted({*named, *there}), 1):
        if name not in named:
            yield Finding(name, "It was added: the manifest does not name it.", AGAIN)
        elif name not in there:
            if name not in bundle.unreadable:
                yield Finding(name, "It is missing: the manifest names it.", AGAIN)
        elif bundle.sha256(name) != named[name]:
            yield Finding(name, "It was altered: its bytes are not those that the manifest names.", AGAIN)
        progress(done, len(there))


def _lab(bundle: Bundle, certificate: Path | None, *, states: bool) -> Iterator[Finding]:
    found = verify(bundle.store, without=() if states else PARTS)
    found += audit.audit_studies(bundle.store, certificate=certificate)
    yield from (replace(item, place=places.LAB + item.place, remedy=AGAIN, digest="") for item in found)


def _answer(bundle: Bundle, answer: Answer, name: str) -> Iterator[Finding]:
    """That it stands where it should, and follows from its runs, whatever it is that stands there."""
    where = _place(name)
    if answer.format != FORMAT:
        yield Finding(where, f"It is of format {answer.format}, not {FORMAT}.", AGAIN)
    if name not in [folder.name for folder in bundle.store.answers.listing()]:  # a name may hold slashes
        yield Finding(where, "The answer stands in a folder of another name.", AGAIN)
    for said in audit.audit_answer(bundle.store, where.removeprefix(places.LAB), answer).values():
        yield from (Finding(where, what, AGAIN) for what in said)


def _records(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    """That the small lab holds the answer's records, and no others, and that each says what is withheld from it."""
    try:
        wanted = rests_on(bundle.store, answer)
    except DamageError as error:
        yield Finding(places.LAB + error.place, "A record that the answer rests on is missing or damaged.", AGAIN)
        return
    for digest in sorted(bundle.store.records.listing() - wanted):
        yield Finding(record_place(digest), "The answer does not rest on it.", AGAIN)
    for digest in sorted(wanted):
        if what := withheld.wrong(bundle.store.records.read(digest)):
            yield Finding(record_place(digest), what, AGAIN)


def _place(name: str) -> str:
    """Of the answer, by the name of its folder."""
    return f"{places.LAB}answers/{name}/{ANSWER_FILE}"


def _guarded(place: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of a part, and one of that part where it cannot even be read."""
    try:
        yield from findings
    except RequestError as error:
        yield Finding(place, str(error), AGAIN)
    except WhetherError as error:
        named = getattr(error, "place", "") or place
        yield Finding(named, str(error), AGAIN)
    except SURPRISES as error:
        yield Finding(place, f"It cannot be read ({type(error).__name__}: {str(error)[:200]}).", AGAIN)


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    return list({(item.place, item.what): item for item in findings}.values())


def _nobody(_done: int, _of: int) -> None:
    """Nobody wants to know."""
