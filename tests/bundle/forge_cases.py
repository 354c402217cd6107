"""A forger who knows the make of a lab: whatever is changed, all that follows from it is made and sealed anew."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bundle_cases import sheet_of

from whether import Lab
from whether.answer import Answer
from whether.bundle import contents
from whether.concluded import columns_of, question_of
from whether.course import seen_digest
from whether.failures import conclude_bounded
from whether.store.sealed import SEAL, seal

FOLLOWS = ("verdict", "meaning", "held", "claims", "secondary", "ladders", "controls", "arms", "looks", "replicates")
Change = Callable[[Answer], Answer]


def forged(root: Path, path: Path, change: Change, values: Mapping[str, float] | None = None) -> Answer:
    """Change an answer of a lab and all that bears witness to it, and bundle it.

    Args:
        root: of the lab, which is written to.
        path: of the bundle.
        change: of the answer; what follows from its runs is concluded anew afterwards.
        values: other numbers of runs, by the digests of their measures.
    """
    (place,) = (root / "answers").glob("*/answer.json")
    before = Answer.from_json(place.read_text(encoding="utf-8"))
    for measure, value in (values or {}).items():
        resealed(root / "records" / measure[:2] / f"{measure}.json", value=value)
    numbers = values or {}
    table = [replace(run, value=numbers.get(run.measure, run.value)) for run in before.table]
    now = change(replace(before, table=table))
    facts: dict[str, Any] = {name: getattr(now, name) for name in ("digest", "grade", "split", "data")}
    again = conclude_bounded(question_of(now), columns_of(now), checks=(), **facts)
    now = replace(now, **{name: getattr(again, name) for name in FOLLOWS})
    return bundled(root, path, _witnessed(root, place, now))


def resealed(path: Path, **changes: Any) -> str:
    """A sealed file that says something else; its seal."""
    said = json.loads(path.read_text(encoding="utf-8")) | changes
    said.pop(SEAL)
    path.chmod(0o644)
    path.write_bytes(seal(said))
    return str(json.loads(path.read_bytes())[SEAL])


def _witnessed(root: Path, place: Path, answer: Answer) -> Answer:
    """The answer written again, with a ledger that has always known it."""
    seen = {run.measure: (run.value, run.outcome) for run in answer.table}
    head = "0" * 64
    for entry in sorted((root / "ledger").glob("*.json")):
        said = json.loads(entry.read_text(encoding="utf-8"))
        if said["kind"] == "looked":
            told = {"seen": seen_digest(seen), "verdict": answer.verdict, "verdicts": list(answer.looks[-1].verdicts)}
            said["body"] |= told | {"design": answer.digest}
        if said["kind"] == "answered":
            answer = replace(answer, ledger={"count": said["number"], "head": head})
            folder = root / "answers" / f"{answer.name}-{answer.digest[:8]}"
            place.parent.rename(folder)
            raw = answer.to_json().encode()
            (folder / "answer.json").write_bytes(raw)
            said["body"] = {"folder": folder.name, "answer": hashlib.sha256(raw).hexdigest()}
        head = resealed(entry, body=said["body"], previous=head)
    return answer


def bundled(root: Path, path: Path, answer: Answer) -> Answer:
    """Bundle an answer without a look at what it rests on."""
    store = Lab(root, create=False).store
    file = io.BytesIO()
    contents.write(contents.gather(store, answer), file, cover=sheet_of(store, answer))
    path.write_bytes(file.getvalue())
    return answer


def swapped(answer: Answer, a: str, b: str) -> Answer:
    """Two arms under each other's name."""
    other = {a: b, b: a}
    table = [
        replace(run, arm=other.get(run.arm, run.arm), family=other.get(run.family, run.family)) for run in answer.table
    ]
    return replace(answer, table=table)


def sized(answer: Answer, size: float) -> Answer:
    """With another smallest size of interest."""
    return replace(answer, claims=[replace(claim, size=size) for claim in answer.claims])


def meaning(answer: Answer, **words: Any) -> Answer:
    """Numbers that are said to mean something else."""
    return replace(answer, arms=[replace(arm, **words) for arm in answer.arms])


def redesigned(answer: Answer) -> Answer:
    """With the digest that its design has now."""
    from whether.design import decides
    from whether.digest import digest

    by = {(run.arm, run.replicate): run.measure for run in answer.table}
    rows = [[[arm.arm, by[arm.arm, index]] for arm in answer.arms] for index in range(answer.planned)]
    return replace(answer, digest=digest(decides(question_of(answer)) | {"arms": rows}))
