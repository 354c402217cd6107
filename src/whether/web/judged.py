"""An answer as far as the ledger witnesses it, in plain values: whole, or what is the matter with it."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from whether.answer import FORMAT, Answer
from whether.store.ledger import Entry

_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "Verdict": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "Mapping": (dict,),
    "Sequence": (list, tuple),
}
_SEAL = re.compile(rb'"seal":"([0-9a-f]{64})"')
CONCLUDE = "Run its question again: what was trained stands, and the answer is written anew."


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Something that is not as it was left.

    Attributes:
        place: the file, from the lab's root.
        what: is the matter with it, as a sentence.
        remedy: what to do, as a sentence.
    """

    place: str
    what: str
    remedy: str


def answered(entries: Sequence[Entry]) -> Mapping[str, Sequence[str]]:
    """By folder, the hashes of its answers that the ledger has, the latest last."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.kind == "answered":
            found.setdefault(str(entry.body.get("folder")), []).append(str(entry.body.get("answer")))
    return found


def judge(folder: str, raw: bytes, entered: Sequence[str]) -> Answer | Damage:
    """An answer, or why it is not believed.

    Args:
        folder: its own name.
        raw: the bytes of its answer.json.
        entered: the hashes that the ledger has for this folder (`answered`).
    """
    place = f"answers/{folder}/answer.json"
    found = hashlib.sha256(raw).hexdigest()
    if not entered:
        return Damage(place=place, what="The ledger has no entry for this answer, so it is not shown.", remedy=CONCLUDE)
    if found not in entered:
        return Damage(place=place, what="It is not what the ledger says was answered.", remedy=CONCLUDE)
    if found != entered[-1]:
        return Damage(place=place, what="It is an earlier answer than the latest that the ledger has.", remedy=CONCLUDE)
    try:
        if json.loads(raw)["format"] != FORMAT:
            return Damage(place=place, what="It is of another version of Whether.", remedy=CONCLUDE)
        answer = Answer.from_json(raw.decode())
        if is_told(answer):
            return answer
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return Damage(place=place, what="It cannot be read as an answer.", remedy=CONCLUDE)


def is_told(answer: Answer) -> bool:
    """Whether everything in an answer is of the kind that pages expect: the ledger witnesses bytes, not sense."""
    claims = [*answer.claims, *answer.secondary, *(control.claim for control in answer.controls)]
    claims += [claim for ladder in answer.ladders for claim in ladder.claims]
    words = {answer.verdict, *(claim.verdict for claim in claims)} <= {"yes", "no", "inconclusive"}
    kinds = {claim.kind for claim in claims} <= {"exceeds", "not_worse", "same", "below", "above"}
    return _fits(answer) and words and kinds and answer.grade in ("exploratory", "registered", "confirmatory")


def _fits(value: Any) -> bool:
    """Whether the fields of a dataclass, and of those in its lists, are of the kinds that they are declared with."""
    made: type = type(value)
    for name, kind, optional in _declared(made):
        held = getattr(value, name)
        if not (isinstance(held, kind) or (optional and held is None)):
            return False
        if isinstance(held, list) and not all(_fits(item) for item in held if is_dataclass(item)):
            return False
        if is_dataclass(held) and not _fits(held):
            return False
    return True


@functools.cache
def _declared(made: type) -> Sequence[tuple[str, tuple[type, ...], bool]]:
    """By field its name, the kinds that it may be of, and whether it may be None."""
    found = []
    for item in fields(made):
        said = str(item.type)
        plain = re.split(r"\W", said, maxsplit=1)[0]
        found.append((item.name, _KINDS.get(plain, (object,)), said.endswith("| None")))
    return found


def is_whole(raw: bytes, digest: str) -> bool:
    """Whether the bytes of a record are those that were written under this digest: as `unseal` finds, but unread.

    Only the seal is taken out and what remains is hashed, which takes a tenth of the time for curves of many steps.
    """
    if not raw.endswith(b"\n") or f'"digest":"{digest}"'.encode() not in raw:
        return False
    for found in _SEAL.finditer(raw):
        before, after = raw[: found.start()], raw[found.end() :]
        rest = before + after.removeprefix(b",") if before == b"{" else before.removesuffix(b",") + after
        if hashlib.sha256(rest[:-1]).hexdigest().encode() == found[1]:
            return True
    return False
