"""A read-only view of one lab: what the pages show, read once and kept until its files change.

Nothing is written and nothing is made. Names that come in an address are looked up in what was listed here; no path is
ever put together from them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.answer import Answer
from whether.errors import DamageError, RequestError, WorkError
from whether.registration import AMENDED, DEVIATED, REGISTERED, Study, command, question_of, read_studies
from whether.store.answers import ANSWER_FILE, AnswerFolder
from whether.store.finding import Finding
from whether.store.folder import Store
from whether.store.layout import ANSWER, ENTRY, checked, scan
from whether.store.ledger import ADOPTED, RESTORE, Entry, chain, entry_fields, said
from whether.store.plain_file import plain_file
from whether.web.judged import Damage, answered, is_whole, judge
from whether.web.measured import Measured
from whether.web.stored import Kept, mark

if TYPE_CHECKING:
    from whether.history.fact import Fact

_MOST_RECORDS, _MOST_STATES = 1_000, 200_000
_REMAKE = "The next run that needs it makes it again."
_UNREAD = "What it says of a study cannot be read."


@dataclass(frozen=True)
class Listed:
    """An answer's folder: the answer, or what is the matter with it.

    Attributes:
        folder: its name, `<question>-<digest8>`, which is also its address: /answers/<folder>.
        question: the question's name.
        answer: None where it is damaged; then `damage` says how.
    """

    folder: str
    question: str
    answer: Answer | None
    damage: Damage | None = None

    @property
    def time(self) -> str:
        """When it was answered, in ISO 8601; empty where nobody knows."""
        return str(self.answer.circumstances.get("time", "")) if self.answer else ""


@dataclass(frozen=True)
class Chronicle:
    """The ledger: its whole entries, what is wrong with it, and the studies that it knows."""

    entries: Sequence[Entry]
    findings: Sequence[Finding]
    studies: Sequence[Study]
    answered: Mapping[str, Sequence[str]]


class View:
    """What of a lab is shown. May be used from several threads.

    Args:
        root: the lab's folder, known to be one.

    Attributes:
        measured: which measures were taken of which networks.
    """

    def __init__(self, root: Path) -> None:
        self.store = Store(root.resolve())
        self.measured = Measured(self)
        self._lock = threading.RLock()
        self._entries: Kept[dict[str, Any] | None] = Kept(1_000_000)
        self._answers: Kept[Answer | Damage] = Kept(100_000)
        self._records: Kept[dict[str, Any] | Damage] = Kept(_MOST_RECORDS)
        self._states: Kept[str] = Kept(_MOST_STATES)
        self._chronicles: Kept[Chronicle] = Kept(1)

    @property
    def name(self) -> str:
        """What the lab is called on its pages: the folder's own name, with that above it where that says more."""
        root = self.store.root
        return f"{root.parent.name}/{root.name}" if root.name == "lab" and root.parent.name else root.name

    def chronicle(self) -> Chronicle:
        """The ledger as it stands now; entries that were read already are read again only when their files changed.

        Raises:
            WorkError: the lab is not there any more.
        """
        if not self.store.root.is_dir():
            raise WorkError("the lab is not there any more")
        with self._lock:
            folder = self.store.ledger.folder
            numbers = sorted(int(match["number"]) for item in scan(folder) if (match := ENTRY.fullmatch(item.name)))
            marks = tuple((number, mark(self.store.ledger.path(number))) for number in numbers)
            return self._chronicles.get("ledger", marks, lambda: self._read_ledger(numbers, dict(marks)))

    def check_ledger(self) -> None:
        """See that every entry of the ledger is a file that can be read to its end.

        Raises:
            WorkError: one is not; whoever reads the ledger without looking could wait for it without end.
        """
        odd = [item for item in scan(self.store.ledger.folder) if ENTRY.fullmatch(item.name) and not mark(item.path)]
        if odd:
            raise WorkError(f"ledger/{odd[0].name} is no plain file, or too large. {RESTORE}")

    def entries(self) -> Sequence[Entry]:
        """The entries of the ledger that are whole, in order."""
        return self.chronicle().entries

    def said(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """What the whole entries of a kind say, in order."""
        return said(self.entries(), kind)

    def studies(self) -> Sequence[Study]:
        """The registered studies, the newest last."""
        return self.chronicle().studies

    def at_work(self) -> list[dict[str, Any]]:
        """What commands at work in the lab say of themselves (`Claims.others`), those known to be dead left out.

        Nothing where their files cannot be read: one among them that is no plain file could be waited for without end.
        """
        claims = self.store.claims
        with self._lock:
            try:
                if not all(mark(item.path) for item in scan(claims.drivers)):
                    return []
                return [said for said in claims.others() if said["alive"] is not False]
            except OSError:
                return []

    def answers(self) -> list[Listed]:
        """Every folder with an answer, the newest first, damaged ones at the end."""
        entered = self.chronicle().answered
        with self._lock:
            found = [self._listed(folder, entered.get(folder.name, ())) for folder in self._folders()]
        there = [item for item in found if item is not None]
        whole = sorted((item for item in there if item.answer), key=lambda item: (item.time, item.folder), reverse=True)
        return [*whole, *(item for item in there if not item.answer)]

    def answer(self, folder: str) -> Listed | None:
        """One answer by its folder's name; None when there is none of this name."""
        entered = self.chronicle().answered
        with self._lock:
            known = {item.name: item for item in self._folders()}
            return self._listed(known[folder], entered.get(folder, ())) if folder in known else None

    def _folders(self) -> list[AnswerFolder]:
        """The folders of answers by name; a link is none, wherever it leads."""
        named = ((item, ANSWER.fullmatch(item.name)) for item in scan(self.store.answers.folder))
        found = [(item, match) for item, match in named if match and item.is_dir(follow_symlinks=False)]
        return [AnswerFolder(Path(item.path), match["question"]) for item, match in found]

    def folder(self, item: Listed) -> AnswerFolder:
        """The folder of an answer that was listed."""
        return AnswerFolder(self.store.answers.folder / item.folder, item.question)

    def record(self, digest: str) -> dict[str, Any] | Damage | None:
        """What a record says; Damage where it is not what was written, None where there is none.

        Raises:
            ValueError: the digest is none.
        """
        path = self.store.records.path(digest)
        now = mark(path)
        if now is None:
            where = f"records/{digest[:2]}/{digest}.json"
            return Damage(place=where, what="It is no plain file.", remedy=_REMAKE) if lexists(path) else None
        return self._records.get(digest, now, lambda: self._read_record(digest))

    def _read_record(self, digest: str) -> dict[str, Any] | Damage:
        try:
            return self.store.records.read(digest)
        except (DamageError, WorkError) as error:
            damaged = isinstance(error, DamageError)
            what = "It is not what was written there, so it is not used." if damaged else "It cannot be read."
            return Damage(place=f"records/{digest[:2]}/{digest}.json", what=what, remedy=_REMAKE)

    def fact(self, digest: str) -> Fact:
        """What a recorded piece is, with its whole history.

        Raises:
            RequestError: a record of it is missing, damaged, or of an earlier version.
        """
        from whether.history import wire
        from whether.history.recorded import collect

        def record(name: str) -> Mapping[str, Any] | None:
            found = self.record(name)
            if isinstance(found, Damage):
                raise RequestError(f"{found.place}: {found.what} {found.remedy}")
            return found

        return wire.read(collect(digest, record))[digest]

    def state_of(self, digest: str) -> str:
        """What is the matter with a record, in a word: "" when nothing, "missing", "damaged". Nothing in it is read.

        Raises:
            ValueError: the digest is none.
        """
        path = f"{self.store.root}/records/{checked(digest)[:2]}/{digest}.json"
        now = mark(path)
        if now is None:
            return "damaged" if lexists(path) else "missing"
        return self._states.get(digest, now, lambda: _state(path, digest))

    def _listed(self, folder: AnswerFolder, entered: Sequence[str]) -> Listed | None:
        now = mark(folder.path / ANSWER_FILE)
        if now is None:
            return None
        found = self._answers.get(folder.name, (now, tuple(entered)), lambda: _judged(folder, entered))
        if isinstance(found, Damage):
            return Listed(folder.name, folder.question, None, found)
        return Listed(folder.name, folder.question, found)

    def _read_ledger(self, numbers: Sequence[int], marks: Mapping[int, object]) -> Chronicle:
        ledger = self.store.ledger
        folder = ledger.folder.resolve()

        def fields(number: int) -> dict[str, Any] | None:
            return self._entries.get(number, marks[number], lambda: _entry(folder, ledger.path(number).name))

        entries, wrong = chain(numbers, fields)
        findings = [Finding(f"ledger/{ledger.path(number).name}", what, RESTORE) for number, what in wrong]
        found, unread = _studies(entries)
        findings += [Finding(f"ledger/{ledger.path(number).name}", _UNREAD, RESTORE) for number in unread]
        return Chronicle(entries, findings, found, answered(entries))


def _studies(entries: Sequence[Entry]) -> tuple[list[Study], list[int]]:
    """The studies, and the numbers of entries that say something of a study which nobody can read."""
    kept: list[Entry] = []
    unread: list[int] = []
    for entry in entries:
        if entry.kind in (REGISTERED, AMENDED, DEVIATED, ADOPTED):
            try:
                read_studies([*kept, entry])
                kept.append(entry)
            except (KeyError, TypeError, ValueError, AttributeError):
                unread.append(entry.number)
    found = read_studies(kept)
    odd = [study for study in found if not _can_be_told(study)]
    return [study for study in found if study not in odd], sorted({*unread, *(study.entry for study in odd)})


def _can_be_told(study: Study) -> bool:
    """Whether what a study froze is what registrations freeze, so that pages can be made of it."""
    try:
        for asked in study.questions.values():
            question_of(asked)
            command(asked)
            numbers = [*asked["looks"], asked["alpha"], asked["power"], asked["replicates"]]
            said = [gate[key] for gate in asked["gates"] for key in ("name", "passed", "waived", "message")]
            if None in said or not all(isinstance(number, int | float) for number in numbers):
                return False
        document = study.document
        return bool(study.root.hex) and {"title", "notes", "budget", "exposure", "environment"} <= document.keys()
    except (RequestError, KeyError, TypeError, ValueError, AttributeError):
        return False


def _state(path: str, digest: str) -> str:
    raw = plain_file(Path(path).parent, f"{digest}.json")
    return "" if raw is not None and is_whole(raw, digest) else "damaged"


def _judged(folder: AnswerFolder, entered: Sequence[str]) -> Answer | Damage:
    raw = plain_file(folder.path, ANSWER_FILE)
    if raw is None:
        place = f"answers/{folder.name}/{ANSWER_FILE}"
        return Damage(place=place, what="It cannot be read.", remedy="See that this server may read it.")
    return judge(folder.name, raw, entered)


def _entry(ledger: Path, name: str) -> dict[str, Any] | None:
    raw = plain_file(ledger, name)
    return entry_fields(raw) if raw is not None else None
