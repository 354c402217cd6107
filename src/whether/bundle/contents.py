"""Gathering what an answer rests on, and writing it as one archive.

    gathered = gather(store, answer)              # which records, whose code; every seal is looked at
    gathered.disclosed                            # what goes in that a reader might not want to show
    write(gathered, file, cover={…})              # member by member; nothing is held in memory

Only what is needed is taken from the lab, but for the ledger, which is taken whole: no chain can be checked in part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from whether.bundle import crate, places, source, withheld
from whether.bundle.croissant import croissant
from whether.bundle.readme import readme
from whether.errors import DamageError
from whether.provenance import LOCK_FILE
from whether.registration import REGISTERED
from whether.report.tables import runs_csv, runs_parquet
from whether.store.answers import ANSWER_FILE
from whether.store.layout import MARKER, PARTS, Part, is_ours_or_the_systems
from whether.store.ledger import said
from whether.store.packed import Packing, files_in, wrong_name
from whether.store.publish import load
from whether.words import is_own_code

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.store.answers import AnswerFolder
    from whether.store.folder import Store

Progress = Callable[[int, int], None]
_PAGES = (".html", ".svg", ".md", ".tex", ".txt")
_LINE = "{}  {}\n"
"""Of the manifest, as sha256sum reads it."""
_ELSEWHERE = ("cover/", "cover-blind/")
"""Folders of the answer's that are not taken: the sheet is made anew."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What goes into a bundle.

    Attributes:
        records: the digests of the records that the answer rests on, each with its states' hashes.
        errors: what failed runs said, by the digest of the record.
        profiles: of the machines that made them.
        source: the question's own code.
        same_design: whether that code, as it is now, asks what was answered; None where that was not tried.
        states: whether trained states go in.
        hosts: the names of machines that stay at home.
    """

    store: Store
    answer: Answer
    folder: AnswerFolder
    records: Mapping[str, Mapping[Part, str]]
    errors: Mapping[str, str]
    profiles: frozenset[str]
    source: source.Source
    same_design: bool | None = None
    states: bool = False
    hosts: frozenset[str] = frozenset()

    @property
    def main(self) -> str:
        """The file that says what was done: the question's own, else question.json."""
        name = places.QUESTION + self.source.called.partition(".py")[0] + ".py"
        return name if name.removeprefix(places.QUESTION) in self.source.files else places.QUESTION_FILE

    @property
    def missing_states(self) -> int:
        """How many states would go in and do not stand any more."""
        if not self.states:
            return 0
        named = [(digest, part) for digest, parts in self.records.items() for part in parts]
        return sum(not self.store.states.has(digest, part) for digest, part in named)

    @property
    def disclosed(self) -> list[str]:
        """What goes in that its owner might not expect, in sentences."""
        entries = self.store.ledger.entries()
        titles = [
            str(body["document"]["title"])
            for body in said(entries, REGISTERED)
            if body["digest"] != self.answer.study.get("registration")
        ]
        others = [str(body["folder"]) for body in said(entries, "answered") if body.get("folder") != self.folder.name]
        found = []
        if titles:
            found.append(f"the whole ledger goes in, with other studies: {', '.join(dict.fromkeys(titles))}")
        if others:
            found.append(f"the ledger names other answers: {', '.join(dict.fromkeys(others))}")
        raws = [(f"answers/{self.folder.name}/{ANSWER_FILE}", self.folder.read(ANSWER_FILE) or b"")]
        raws += [(f"ledger/{entry.number:08d}.json", json.dumps(entry.body).encode()) for entry in entries]
        private = [*withheld.own_folders(self.answer.source), *self.hosts]
        for place, raw in raws:
            text = raw.decode("utf-8", "replace")
            names = [word for word in private if re.search(rf"(?<![\w.\-]){re.escape(word)}(?![\w.\-])", text)]
            if names:
                found.append(f"{place} names {', '.join(names)}; it is under the ledger's seal and goes in as it is")
        return found


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        digest: the SHA-256 of the manifest: it names the bundle.
        files: how many, with the manifest.
        withheld: in how many records something was left out.
    """

    digest: str
    files: int
    withheld: int


@dataclass
class _Rests:
    """What the records behind an answer name, collected in one pass over them."""

    records: dict[str, dict[Part, str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    profiles: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)


def gather(
    store: Store,
    answer: Answer,
    *,
    states: bool = False,
    same_design: bool | None = None,
    progress: Progress | None = None,
) -> Gathered:
    """Find what an answer rests on.

    Args:
        store: of its lab.
        answer: as it stands there.
        states: take trained states along.
        same_design: as in `Gathered`.
        progress: called with the number of records read and of those known to be needed.

    Raises:
        DamageError: a record that it rests on is missing or damaged.
    """
    rests = _rests(store, answer, progress or _nobody)
    return Gathered(
        store=store,
        answer=answer,
        folder=store.answers.open(answer.name, answer.digest),
        records=rests.records,
        errors=rests.errors,
        profiles=frozenset(rests.profiles & store.profiles.listing()),
        source=source.source_of(answer, rests.own),
        same_design=same_design,
        states=states,
        hosts=frozenset(rests.hosts),
    )


def rests_on(store: Store, answer: Answer) -> set[str]:
    """The digests of the records that an answer rests on: of its numbers, and of all that they came of.

    Raises:
        DamageError: one of them is missing or damaged.
    """
    return set(_rests(store, answer, _nobody).records)


def _rests(store: Store, answer: Answer, progress: Progress) -> _Rests:
    found = _Rests()
    waiting = list(dict.fromkeys(run.measure for run in (*answer.table, *answer.overrun)))
    seen = set(waiting)
    done = 0
    while waiting:
        digest = waiting.pop()
        record = store.records.read(digest)
        found.records[digest] = {part: str(record[part]["sha256"]) for part in PARTS if part in record}
        if "error" in record:
            private = [str(record["host"])] if record.get("host") else []
            found.errors[digest] = withheld.without_paths(str(record["error"]), private)
        found.profiles.add(str(record.get("profile", "")))
        found.hosts |= {str(record["host"])} if record.get("host") else set()
        history = record.get("history") or {}
        found.own |= set(_own_code(history))
        behind = [name for name, fact in history.items() if fact.get("type") == "point" and store.records.has(name)]
        for name in (*(record.get("parents") or {}), *behind):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
        done += 1
        progress(done, len(seen))
    return found


def _own_code(value: Any) -> Iterator[str]:
    """The names of code of one's own, "module:function", wherever they stand in a history."""
    match value:
        case str():
            name = value.partition("@")[0]  # some names carry the hash of their code
            if is_own_code(name):
                yield name
        case dict():
            for item in value.values():
                yield from _own_code(item)
        case list():
            for item in value:
                yield from _own_code(item)


def write(
    gathered: Gathered,
    file: BinaryIO,
    *,
    cover: Mapping[str, bytes] | None = None,
    told: crate.Told | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write a bundle; the same lab and answer give the same bytes.

    Args:
        gathered: what goes in.
        file: open for writing, seekable.
        cover: the files of the cover sheet, by their names in cover/.
        told: what the author says.
        progress: called with the number of files written and of all.

    Raises:
        RequestError: rocrate is not installed.
        DamageError: a file is missing or not what it was.
        WorkError: a file cannot be read, or the disk refused.
    """
    told, progress = told or crate.Told(), progress or _nobody
    small = _small(gathered, told) | {places.COVER + name: raw for name, raw in (cover or {}).items()}
    files = _files(gathered)
    records = {crate.record_place(digest): digest for digest in gathered.records}
    names = sorted([*small, *files, *records, places.CRATE])
    sizes = {name: len(raw) for name, raw in small.items()}
    sizes |= {name: path.stat().st_size for name, path in files.items()}
    sizes[places.MANIFEST] = sum(len(_LINE.format("0" * 64, name).encode()) for name in names)
    small[places.CRATE] = crate.metadata(_described(gathered, sizes, told))
    packing, changed = Packing(file), 0
    for folder in sorted({f"{name.partition('/')[0]}/" for name in [*small, *files] if "/" in name}):
        packing.add_folder(folder)
    for done, name in enumerate(names, 1):
        if name in records:
            raw, is_changed = _record(gathered.store, records[name])
            packing.add(name, raw)
            changed += is_changed
        else:
            packing.add(name, small[name] if name in small else files[name])
        progress(done, len(names))
    lines = "".join(_LINE.format(packing.digests[name], name) for name in names)
    packing.add(places.MANIFEST, lines.encode())
    packing.close()
    return Written(digest=packing.digests[places.MANIFEST], files=len(names) + 1, withheld=changed)


def _described(gathered: Gathered, sizes: Mapping[str, int], told: crate.Told) -> crate.Described:
    runs = [digest for digest in crate.records_of_runs(gathered.answer) if digest in gathered.records]
    return crate.Described(
        answer=gathered.answer,
        files=sizes,
        records=gathered.records.keys(),
        main=gathered.main,
        errors=gathered.errors,
        sizes={digest: len(_record(gathered.store, digest)[0]) for digest in runs},
        told=told,
    )


def _record(store: Store, digest: str) -> tuple[bytes, bool]:
    """A record as it may be shown, and whether that is another than it is at home."""
    raw = load(store.records.path(digest), what=f"the record {digest[:12]}") or b""
    shown = withheld.outside(store.records.read(digest), raw)
    return shown, shown is not raw


def _small(gathered: Gathered, told: crate.Told) -> dict[str, bytes]:
    """What is made for the bundle, and the pages of the answer's folder without the names of folders."""
    from whether import __version__

    answer, folder = gathered.answer, gathered.folder
    csv, parquet = runs_csv(answer).encode("utf-8", "replace"), runs_parquet(answer)
    about = {"format": places.FORMAT, "answer": folder.name, "states": gathered.states, "whether": __version__}
    about["code"] = source.own_code()
    question = source.told(answer, gathered.source, same_design=gathered.same_design)
    found = {
        places.README: readme(answer, gathered.source, states=gathered.states).encode("utf-8", "replace"),
        places.ABOUT: _json(about),
        places.QUESTION_FILE: _json(question),
        places.RUNS_CSV: csv,
        places.RUNS_PARQUET: parquet,
        places.CROISSANT: croissant(answer, csv, parquet, licence=told.licence),
        places.ENVIRONMENT: folder.read(LOCK_FILE) or _versions(answer),
    }
    if (name := f"{places.LAB}answers/{folder.name}/runs.csv") in _pages(folder):
        found[name] = csv  # as it is drawn from the answer, whatever was done to it at home
    own = withheld.own_folders(answer.source)
    for name, path in _pages(folder).items():
        if name.endswith(_PAGES) and path.name != LOCK_FILE:
            raw = (load(path, what=name) or b"").decode("utf-8", "replace")
            found[name] = withheld.without_folders(raw, own).encode("utf-8", "replace")
    return found


def _files(gathered: Gathered) -> dict[str, Path]:
    """What is taken as it stands, by the name that it has in the bundle."""
    store = gathered.store
    found = {places.LAB + MARKER: store.root / MARKER}
    for entry in store.ledger.entries():
        path = store.ledger.path(entry.number)
        found[f"{places.LAB}ledger/{path.name}"] = path
    for digest in gathered.profiles:
        found[f"{places.LAB}profiles/{digest}.json"] = store.profiles.path(digest)
    pages = _pages(gathered.folder).items()
    kept = ((name, path) for name, path in pages if not name.endswith("/runs.csv"))
    found |= {name: path for name, path in kept if not name.endswith(_PAGES) or path.name == LOCK_FILE}
    code = gathered.source.files.items()
    found |= {places.QUESTION + name: path for name, path in code if not wrong_name(name)}
    if gathered.states:
        for digest, parts in gathered.records.items():
            for part in parts:
                path = store.states.path(digest, part)
                if path.is_file():
                    found[f"{places.LAB}states/{digest[:2]}/{path.name}"] = path
    return found


def _pages(folder: AnswerFolder) -> dict[str, Path]:
    """The files of an answer's folder, but for what is being written there."""
    if not (folder.path / ANSWER_FILE).is_file():
        raise DamageError(f"answers/{folder.name}/{ANSWER_FILE} is not there any more.", place=folder.name)
    names = [name for name in files_in(folder.path) if not wrong_name(name) and not name.startswith(_ELSEWHERE)]
    kept = [name for name in names if not is_ours_or_the_systems(name.rpartition("/")[2])]
    return {
        f"{places.LAB}answers/{folder.name}/{name}": folder.path / name
        for name in kept
        if not (folder.path / name).is_symlink()
    }


def _versions(answer: Answer) -> bytes:
    """What is known of the environment where no lock was written: a few versions."""
    versions = answer.circumstances.get("versions", {})
    lines = [f"# {answer.circumstances.get('machine', 'the machine is not known')}; no more was recorded"]
    return "".join(f"{line}\n" for line in [*lines, *(f"{name}=={said}" for name, said in versions.items())]).encode()


def _json(said: Mapping[str, Any]) -> bytes:
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _nobody(_done: int, _of: int) -> None:
    """Nobody wants to know."""
