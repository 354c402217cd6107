"""A bundle described as an RO-Crate: what each file is, and one action for each run, whatever its end.

Follows RO-Crate 1.3, and Process Run Crate 0.5 with the RO-Crate 1.1 that it builds on. An action has the software that
did it (`instrument`), what it was done to (`object`, the question), what it left (`result`, the records) and how it
ended. A diverged run ended as it should: its action is completed, and says so. One that always failed has
FailedActionStatus and its error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whether.answer import DIVERGED, FAILED, OVERRUN
from whether.bundle import places
from whether.errors import RequestError
from whether.report.tables import runs_of

if TYPE_CHECKING:
    from whether.answer import Answer, Run

Entity = dict[str, Any]
NEEDS = "an RO-Crate is written by rocrate: pip install 'whether[bundle]'. `whether verify` needs nothing."
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
COMPLETED, BROKEN = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"
SCRIPT, HOME = "#whether", "https://pypi.org/project/whether/"
NO_LICENCE, ASK = "#no-licence", "Ask the authors what others may do with this bundle."
ENDED = {
    "done": "Trained and measured.",
    DIVERGED: "Its loss was no longer finite: it is counted at the worst value, and not left out.",
    FAILED: "It always failed, for a reason that says nothing of the network; the verdict holds whatever it would be.",
    OVERRUN: "Trained after the last look: shown, and not analysed.",
}

_FORMATS = {
    "json": "application/json",
    "html": "text/html",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "md": "text/markdown",
    "tex": "text/x-tex",
    "txt": "text/plain",
    "py": "text/x-python",
    "toml": "application/toml",
    "safetensors": "application/octet-stream",
}
_KNOWN = {
    places.README: "What this bundle is and how to check it",
    places.MANIFEST: "The SHA-256 of every other file",
    places.ABOUT: "Which answer this bundle is of, and what was left out",
    places.CROISSANT: "The columns of the results, described as Croissant 1.0",
    places.ENVIRONMENT: "What was installed when the answer was written",
    places.QUESTION_FILE: "The question's name, options and seed",
    places.RUNS_CSV: "Every run: a row for each arm of each replicate",
    places.RUNS_PARQUET: "The same as a Parquet file",
}
_WITHIN = (
    (f"{places.LAB}ledger/", "An entry of the ledger, chained to the one before it"),
    (f"{places.LAB}profiles/", "How a device computed"),
    (f"{places.LAB}answers/", "The answer, or a page or figure that is drawn from it"),
    (f"{places.LAB}states/", "The weights of a trained network"),
    (places.LAB, "What marks the folder as a lab"),
    (places.COVER, "The cover sheet: what is claimed, and how far to trust it"),
    (places.QUESTION, "Code of the question's own"),
)
_FOLDERS = {
    places.LAB: "A small lab: the whole ledger, the records that the answer rests on, the answer",
    places.COVER: "The cover sheet",
    places.QUESTION: "The question, and the code of one's own that it names",
    places.RESULTS: "The results as tables",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an author says of a bundle, as far as a crate has a place for it.

    Attributes:
        authors: names, as they are printed.
        licence: an address or a name; empty where none is stated.
        title: of the work; empty for the question itself.
    """

    authors: Sequence[str] = ()
    licence: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a crate is written from.

    Attributes:
        answer: that the bundle is of.
        files: the files of the bundle, but for records, with their sizes in bytes.
        records: the digests of the records in it.
        main: the file that says what was done: the question's code, or question.json.
        errors: what runs that failed said, by the digest of the measure.
        sizes: of records in bytes, by digest.
    """

    answer: Answer
    files: Mapping[str, int]
    records: Collection[str]
    main: str
    errors: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    told: Told = field(default_factory=Told)


def see_installed() -> None:
    """See that a crate can be written here.

    Raises:
        RequestError: rocrate is not installed.
    """
    from importlib.util import find_spec

    if find_spec("rocrate") is None:
        raise RequestError(NEEDS)


def metadata(described: Described) -> bytes:
    """`ro-crate-metadata.json`.

    Raises:
        RequestError: rocrate is not installed.
    """
    try:
        from rocrate.model import ContextEntity, DataEntity
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise RequestError(NEEDS) from None
    crate = ROCrate(version="1.3")
    data, others = _files(described), _context(described)
    for name, value in _root(described, data, others).items():
        crate.root_dataset[name] = value
    for entity in data:
        crate.add(DataEntity(crate, entity.pop("@id"), properties=entity))
    for entity in others:
        crate.add(ContextEntity(crate, entity.pop("@id"), properties=entity))
    crate.metadata["conformsTo"] = [{"@id": f"https://w3id.org/ro/crate/{version}"} for version in ("1.3", "1.1")]
    graph = crate.metadata.generate()
    graph["@graph"].sort(key=lambda entity: (entity["@id"] != places.CRATE, entity["@id"] != "./", entity["@id"]))
    return (json.dumps(graph, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def description(answer: Answer) -> str:
    """What a crate says of the whole."""
    verdict = f"{answer.text} Answered {answer.verdict}: {answer.meaning}"
    return f"{verdict} With every run accounted for; {answer.grade}."


def record_place(digest: str) -> str:
    """Where a record stands in a bundle."""
    return f"{places.LAB}records/{digest[:2]}/{digest}.json"


def records_of_runs(answer: Answer) -> list[str]:
    """The digests of the runs' numbers and of their networks, each once; not every network has a record of its own."""
    return list(dict.fromkeys(name for run in runs_of(answer) for name in (run.measure, run.state)))


def actions(answer: Answer, records: Collection[str], errors: Mapping[str, str], main: str) -> list[Entity]:
    """One action for each run, in the order of the table.

    Args:
        answer: whose runs.
        records, errors: as in `Described`.
        main: the file that says what was done.
    """
    arms = {name: place for place, name in enumerate(dict.fromkeys(item.arm for item in runs_of(answer)))}
    found = []
    for run in runs_of(answer):
        kind = "overrun" if run.outcome == OVERRUN else "run"
        said: Entity = {
            "@id": f"#{kind}-{arms[run.arm]}-{run.replicate}",
            "@type": "CreateAction",
            "name": f"{run.arm}, replicate {run.replicate}",
            "description": " ".join(part for part in (ENDED.get(run.outcome, run.outcome), run.note) if part),
            "actionStatus": BROKEN if run.outcome == FAILED else COMPLETED,
            "instrument": [{"@id": SCRIPT}, {"@id": "#torch"}],
            "object": {"@id": main},
            "result": _few([{"@id": record_place(name)} for name in _left(run, records)]),
        }
        if run.outcome == FAILED:
            said["error"] = errors.get(run.measure) or "not recorded"
        found.append(said)
    return found


def _by(told: Told) -> Entity:
    """Who made the runs, as far as that is said."""
    return {"agent": _few([{"@id": person["@id"]} for person in _people(told)])} if told.authors else {}


def _few(values: list[Entity]) -> Entity | list[Entity]:
    """One value alone, as JSON-LD in its compact form has it."""
    return values[0] if len(values) == 1 else values


def _left(run: Run, records: Collection[str]) -> list[str]:
    """The records of a run: of its number, and of the network where that was trained for it."""
    return [name for name in dict.fromkeys((run.measure, run.state)) if name in records]


def _root(described: Described, data: Sequence[Entity], others: Sequence[Entity]) -> Entity:
    answer, told = described.answer, described.told
    listed = [entity["@id"] for entity in data]
    return {
        "name": told.title or f"Evidence for an answer: {answer.text}",
        "description": description(answer),
        "datePublished": str(answer.circumstances.get("time", ""))[:10] or "unknown",
        "license": {"@id": _licence(told)["@id"]},
        "conformsTo": {"@id": PROFILE},
        "mainEntity": {"@id": _quoted(described.main)},
        "identifier": {"@id": "#design"},
        "hasPart": [{"@id": name} for name in listed],
        "mentions": [{"@id": entity["@id"]} for entity in others if entity["@type"] == "CreateAction"],
    } | ({"author": _few([{"@id": person["@id"]} for person in _people(told)])} if told.authors else {})


def _files(described: Described) -> list[Entity]:
    """The files and folders of the bundle, and the record of each run."""
    left = [name for name in records_of_runs(described.answer) if name in described.records]
    shown = {name: size for name, size in described.files.items() if not name.startswith(f"{places.LAB}records/")}
    found = [_file(name, size, described) for name, size in shown.items() if name != places.CRATE]
    found += [_record(name, described.sizes.get(name)) for name in left]
    for folder, what in _FOLDERS.items():
        inside = [{"@id": entity["@id"]} for entity in found if entity["@id"].startswith(folder)]
        if inside:
            said = {"@id": folder, "@type": "Dataset", "name": folder[:-1], "description": what}
            found.append(said | {"hasPart": inside})
    return sorted(found, key=lambda entity: str(entity["@id"]))


def _file(name: str, size: int, described: Described) -> Entity:
    kind = name.rpartition(".")[2]
    said: Entity = {
        "@id": _quoted(name),
        "@type": "File",
        "name": name.rpartition("/")[2],
        "encodingFormat": _FORMATS.get(kind, "application/octet-stream"),
        "contentSize": str(size),
    }
    said["description"] = _KNOWN.get(name) or next(
        (what for begin, what in _WITHIN if name.startswith(begin)), "A file"
    )
    if name == described.main:
        said |= {
            "@type": ["File", "SoftwareSourceCode"],
            "description": f"The question: {described.answer.text}",
            "programmingLanguage": {"@id": "#python"},
            "version": described.answer.digest[:8],
        }
    return said


def _record(digest: str, size: int | None) -> Entity:
    said: Entity = {
        "@id": record_place(digest),
        "@type": "File",
        "name": f"{digest}.json",
        "description": "The record of a piece of work: what was made of what, and what came of it",
        "encodingFormat": "application/json",
    }
    return said | ({"contentSize": str(size)} if size is not None else {})


def _context(described: Described) -> list[Entity]:
    answer, made = described.answer, described.answer.circumstances
    versions = {"python": str(made.get("machine", "")).partition("Python ")[2], **made.get("versions", {})}

    def known(name: str) -> str:
        return str(versions.get(name) or "unknown")

    whether: Entity = {"@id": SCRIPT, "@type": "SoftwareApplication", "name": "Whether", "url": HOME}
    torch: Entity = {"@id": "#torch", "@type": "SoftwareApplication", "name": "PyTorch", "url": "https://pytorch.org"}
    python: Entity = {"@id": "#python", "@type": "ComputerLanguage", "name": "Python", "url": "https://www.python.org"}
    main = _quoted(described.main)
    design: Entity = {"@id": "#design", "@type": "PropertyValue", "propertyID": "the digest of the question's design"}
    return [
        {"@id": PROFILE, "@type": ["CreativeWork", "Profile"], "name": "Process Run Crate", "version": "0.5"},
        whether | {"version": known("whether"), "description": "It trained, measured and concluded."},
        torch | {"version": known("torch"), "description": "What networks are computed with."},
        python | {"version": known("python")},
        design | {"name": "design", "value": answer.digest},
        _licence(described.told),
        *_people(described.told),
        *(item | _by(described.told) for item in actions(answer, described.records, described.errors, main)),
    ]


def _licence(told: Told) -> Entity:
    if not told.licence:
        return {"@id": NO_LICENCE, "@type": "CreativeWork", "name": "No licence was stated", "description": ASK}
    is_address = told.licence.startswith(("http://", "https://")) and not any(sign.isspace() for sign in told.licence)
    place = told.licence if is_address else "#licence"
    said = "Under what others may use this bundle, as its authors say"
    return {"@id": place, "@type": "CreativeWork", "name": told.licence, "description": said}


def _people(told: Told) -> list[Entity]:
    return [
        {"@id": f"#author-{place}", "@type": "Person", "name": name}
        for place, name in enumerate(told.authors, 1)
        if name
    ]


def _quoted(name: str) -> str:
    """A file's name as the address that a crate calls it by."""
    from urllib.parse import quote

    return quote(name)
