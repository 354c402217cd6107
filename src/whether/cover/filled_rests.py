"""What a sheet says of what an answer rests on: data, baselines, compute, code, and whether it was made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.cover.fields import FIELDS
from whether.cover.filled_words import ANSWER, Draft, nameless
from whether.cover.sheet import DECLARED, NAME
from whether.errors import DamageError, WhetherError
from whether.provenance import CHANGED, CLEAN, LOCK_FILE, NO_REPOSITORY
from whether.report import standing
from whether.report.numbers import clean, listed, plural
from whether.store.answers import ANSWER_FILE
from whether.store.ledger import said as said_in
from whether.store.publish import load
from whether.store.sealed import unseal

if TYPE_CHECKING:
    from whether.cover.filled_evidence import Evidence

REPRODUCTION_FORMAT = 1
_MOST_BYTES = 100_000_000
UNTOLD = " How much either was tuned is not recorded."
"""What an author is to say of baselines."""
_AGREES = {
    "yes": "it agrees",
    "no": "it does NOT agree",
    "cannot tell": "whether it agrees cannot be told",
}
_CODE = {
    CLEAN: "(clean)",
    CHANGED: "with uncommitted changes",
    NO_REPOSITORY: "Code not in a git repository",
}


def data(evidence: Evidence) -> Draft:
    """Which data by name and content, which split, under which licence, and how often the test split was opened."""
    answer = evidence.answer
    told = answer.data
    name, content = str(told.get("name", "")), str(told.get("content", ""))
    if not name:
        return Draft(text="None: nothing was measured on data.", value={})
    found = _contents(evidence)
    if content and found and content not in found:
        what = f"The runs' records name other data ({', '.join(sorted(one[:8] for one in found))}) than the answer."
        return Draft(text=f"{nameless(name)}, {content[:16]}…", state="cannot verify", note=what)
    rows = standing.split_size(answer)
    size = f" of {plural(rows, 'example')}" if rows else ""
    split = f"{standing.measured_split(answer)} split{size}" if answer.split else "no split"
    opened = sum(body.get("data") == content for body in said_in(evidence.entries, "opened"))
    if told.get("one_split"):
        split, test = f"the same {plural(rows or 0, 'example')} to train and to measure on", ""
    else:
        times = f"was opened {plural(opened, 'time')}" if opened else "was not opened"
        test = f"; the test split {times} in this lab"
    licence = licence_of(name, content)
    text = f"{nameless(name)} ({licence}), SHA-256 {content[:16]}…; {split}{test}."
    value = {"name": nameless(name), "sha256": content, "split": standing.measured_split(answer), "licence": licence}
    return Draft(text=text, pointer=ANSWER, value=value | {"test_split_opened": opened})


def licence_of(name: str, content: str) -> str:
    """The licence of a data set that Whether knows; of others nothing is known."""
    from whether.data.cards import CARDS

    known = next((card for card in CARDS.values() if card.digest and card.digest == content), CARDS.get(name))
    return known.licence if known is not None else "licence not known"


def _contents(evidence: Evidence) -> set[str]:
    """The contents of the data that the first run of each arm was measured on, as their records have them."""
    found: set[str] = set()
    for run in {run.arm: run for run in reversed(evidence.answer.table)}.values():
        if run.measure in evidence.records:
            history = evidence.store.records.read(run.measure).get("history") or {}
            told = (fact.get("data") for fact in history.values() if fact.get("type") == "measure")
            found |= {str(one["content"]) for one in told if isinstance(one, Mapping) and "content" in one}
    return found


def baselines(evidence: Evidence) -> Draft:
    """With what the claims compare, and whether under the same recipe."""
    claims = evidence.answer.claims
    against = list(dict.fromkeys(clean(claim.right) for claim in claims if claim.right is not None))
    if not against:
        return Draft(text="None: the claims are about fixed bounds.", value=[])
    pairs = [pair for pair in evidence.answer.sources.get("shared", ()) if pair["right"] in against]
    same = bool(pairs) and all("recipe" in pair["shared"] for pair in pairs)
    how = "; the same recipe on both sides" if same else "; not the same recipe on both sides" if pairs else ""
    return Draft(text=f"{listed(against)}{how}.{UNTOLD}", value=against)


def compute(evidence: Evidence) -> Draft:
    """How long which devices trained, with what diverged and failed, waited and was done again, and other answers."""
    answer = evidence.answer
    spent: dict[str, float] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for record in evidence.records.values():
        course = str(record.get("trajectory") or "")
        if course and (course not in last or record["step"] > last[course]["step"]):
            last[course] = record
    try:
        for record in last.values():
            device = _device(evidence, str(record.get("profile") or ""))
            spent[device] = spent.get(device, 0.0) + float(record.get("seconds") or 0.0)
    except DamageError as error:
        return Draft(text=f"{plural(len(last), 'network')} trained.", state="cannot verify", note=str(error))
    busy = answer.circumstances.get("device_seconds")
    others = list(_others(evidence))
    parts = [f"{time_of(seconds)} on {device}" for device, seconds in spent.items()]
    runs = len(answer.table) + len(answer.overrun)
    shared = " (arms share some)" if len(last) < runs else " (with those they came of)" if len(last) > runs else ""
    told = f"{plural(len(last), 'network')} trained{shared} in {listed(parts)}" if parts else "No training is recorded"
    if isinstance(busy, int | float) and time_of(float(busy)) != time_of(sum(spent.values())):
        told += f"; {time_of(float(busy))} with waiting{' and failed attempts' if answer.failed else ''}"
    if others:
        told += f"; {time_of(sum(others))} more in {plural(len(others), 'other answer')} to this question"
    said = [f"{told}.", "Energy not measured."]
    value = {"networks": len(last), "training_seconds": {name: round(one, 1) for name, one in spent.items()}}
    value |= {"device_seconds": busy, "others": {"answers": len(others), "device_seconds": round(sum(others), 1)}}
    return Draft(text=" ".join(said), pointer="records", value=value)


def time_of(seconds: float) -> str:
    """A device's time for people.

    Example:
        >>> time_of(0.4), time_of(48.2), time_of(600), time_of(7500)
        ('less than a second', '48 s', '10 min', '2.1 h')
    """
    if seconds < 1:
        return "less than a second"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def _device(evidence: Evidence, profile: str) -> str:
    """What a network was trained on, in words; a profile that is damaged or gone raises."""
    if not profile:
        return "devices that are not named"
    if not evidence.store.profiles.has(profile):
        raise DamageError(f"The profile {profile[:8]}… of the machine, which records name, is gone.")
    machine = evidence.store.profiles.read(profile).get("machine", {})
    kind, capability = str(machine.get("device", "")), str(machine.get("capability", ""))
    name = {"cpu": "CPU", "cuda": "GPU", "mps": "Apple GPU"}.get(kind, kind or "a device")
    return f"{name} ({capability})" if capability and capability != kind else name


def _others(evidence: Evidence) -> Iterator[float]:
    """The device-seconds of the lab's other answers to this question, of those that the ledger knows."""
    known = {str(item.body.get("answer")) for item in evidence.entries if item.kind == "answered"}
    for folder in evidence.store.answers.listing():
        if folder.question != evidence.answer.name or folder.name == evidence.folder.name:
            continue
        raw = folder.read(ANSWER_FILE)
        if raw is not None and hashlib.sha256(raw).hexdigest() in known:
            seconds = json.loads(raw).get("circumstances", {}).get("device_seconds")
            yield float(seconds) if isinstance(seconds, int | float) else 0.0


def code(evidence: Evidence) -> Draft:
    """The commit of its code and whether it was changed, and the environment; of older answers what is known."""
    told = evidence.answer.circumstances
    source, environment = told.get("code"), told.get("environment")
    known = dict(told.get("versions") or {})
    versions = [f"{name} {known[name]}" for name in ("torch", "whether") if name in known]
    if not isinstance(source, Mapping) or not isinstance(environment, Mapping):
        return _older(evidence, listed(versions) if versions else "")
    commit, state = str(source.get("commit", "")), str(source.get("state", ""))
    where = _CODE.get(state, "Commit not known")
    if commit:
        where = f"Commit {commit[:8]} {where}"
    elif state in (CLEAN, CHANGED):
        where = "A git repository without a commit"
    pinned = f"{plural(int(environment.get('packages', 0)), 'package')} pinned in {LOCK_FILE}"
    text = f"{'; '.join([where, *versions, pinned])}."
    lock = {"commit": commit, "state": state, "lock_sha256": environment.get("lock_sha256")}
    return Draft(text=text, pointer=LOCK_FILE, value=lock)


def _older(evidence: Evidence, versions: str) -> Draft:
    registered = evidence.study.document.get("environment") if evidence.study else None
    note = "The commit of the code was not recorded when this was answered."
    if isinstance(registered, Mapping):
        python, packages = registered.get("python"), plural(len(registered.get("packages", {})), "package")
        text = f"As it was registered: Python {python} with {packages}; commit not recorded."
        return Draft(text=text, pointer="ledger", note=note, state="declared")
    if versions:
        return Draft(text=f"{versions}; commit not recorded.", note=note, state="declared")
    return Draft(text="", note=note, state="not stated")


def reproduced(evidence: Evidence, paths: Sequence[str], folder: Path) -> tuple[Draft, list[str]]:
    """Who has made it again, with what result.

    Args:
        evidence: of the answer.
        paths: of the sealed files that say so.
        folder: from which they lead.

    Returns:
        The draft, and what is wrong with the files, in sentences.
    """
    if not paths:
        return Draft(text="", state="not stated", note="Nobody is known to have made it again."), []
    told: list[dict[str, Any]] = []
    wrong: list[str] = []
    for path in paths:
        found, what = _reproduction(folder / path, evidence.digest)
        if found is not None:
            told.append(found)
        if what:
            wrong.append(f"{path}: {what}")
    lines = [_made_again(one, alone=len(paths) == 1) for one in told]
    value = [{key: item for key, item in one.items() if key != "seal"} for one in told]
    if wrong:
        return Draft(text="\n".join(lines), pointer=paths[0], value=value, state="cannot verify", note=wrong[0]), wrong
    # Its bytes are whole and it is of this answer; that its runs were made, its maker says.
    return Draft(text="\n".join(lines), pointer=paths[0], value=value, state=DECLARED), []


def _reproduction(path: Path, digest: str) -> tuple[dict[str, Any] | None, str]:
    """What a file says, None where it cannot be read; and what is wrong with it, empty when nothing is."""
    if path.exists() and (not path.is_file() or path.stat().st_size > _MOST_BYTES):
        return None, "It is no file that `whether reproduce` writes."
    try:
        raw = load(path, what="a reproduction")
    except WhetherError as error:
        return None, str(error)
    if raw is None:
        return None, "There is no such file."
    found = unseal(raw)
    if found is None:
        return None, "It is not what was written: its bytes do not match its seal."
    if found.get("format") != REPRODUCTION_FORMAT or found.get("agrees") not in _AGREES:
        return None, "It is no reproduction that this version can read."
    if found.get("answer") != digest:
        return found, f"It is of another answer ({clean(str(found.get('answer')))[:8]}…)."
    return found, ""


def _made_again(found: Mapping[str, Any], *, alone: bool) -> str:
    """In its own words where there is room for them."""
    own = clean(str(found.get("text", "")))
    if alone and own and len(own) <= FIELDS["reproduced"].most:
        return own
    replicates = found.get("replicates")
    many = len(replicates) if isinstance(replicates, Sequence) and not isinstance(replicates, str) else replicates
    bits = ", to the bit" if found.get("same_bits") is True else ""
    some = f"{many} {'replicate' if many == 1 else 'replicates'}, {plural(int(found.get('runs') or 0), 'run')}"
    by, when = clean(str(found.get("by") or "Somebody"))[:NAME], clean(str(found.get("time", "")))[:10]
    return f"{by}, {when}: {some}; {_AGREES[str(found['agrees'])]}{bits}."


RESTS: Mapping[str, Callable[[Evidence], Draft]] = {
    "data": data,
    "baselines": baselines,
    "compute": compute,
    "code": code,
}
