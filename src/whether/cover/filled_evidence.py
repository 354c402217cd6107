"""The evidence behind an answer, looked at now: what stands, and what is wrong by what that is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whether.answer import Answer
from whether.audit import audit_answer
from whether.provenance import LOCK_FILE
from whether.registration import Study, read_studies
from whether.report.numbers import plural
from whether.store.answers import ANSWER_FILE, AnswerFolder
from whether.store.folder import Store
from whether.store.ledger import Entry
from whether.store.verify import verify_answer

ANSWER, LEDGER, RECORDS, ENVIRONMENT, REPRODUCED = "answer", "ledger", "records", "environment", "reproduced"
"""What of the evidence can be damaged, beside the concerns of `audit_answer`."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What an answer rests on.

    Attributes:
        answer: that is told of.
        folder: where its files are.
        digest: SHA-256 of answer.json as it is now; empty when there is none.
        entries: of the ledger that are whole.
        study: its registration as it is in force; None of an exploratory answer, or when the ledger has it no longer.
        records: of its runs and of what these were made from, as far as they are whole.
        wrong: what is wrong, in sentences, by what that is about; empty when all is well.
    """

    store: Store
    answer: Answer
    folder: AnswerFolder
    digest: str
    entries: Sequence[Entry]
    study: Study | None
    records: Mapping[str, Mapping[str, Any]]
    wrong: Mapping[str, Sequence[str]]

    @property
    def problems(self) -> list[str]:
        """All that is wrong, each once."""
        return list(dict.fromkeys(said for found in self.wrong.values() for said in found))

    @property
    def answered(self) -> list[Entry]:
        """The entries that say that this answer was given, each time that it was written."""
        return [
            item for item in self.entries if item.kind == "answered" and item.body.get("folder") == self.folder.name
        ]


def gather(store: Store, answer: Answer) -> Evidence:
    """Look at everything that an answer rests on and audit it.

    Args:
        store: of its lab.
        answer: as it is told of, whether or not it stands so.
    """
    folder = store.answers.open(answer.name, answer.digest)
    raw, where = folder.read(ANSWER_FILE), f"answers/{folder.name}/{ANSWER_FILE}"
    measures = [run.measure for run in [*answer.table, *answer.overrun]]
    rested = verify_answer(store, folder, measures)
    wrong: dict[str, list[str]] = {}
    for finding in rested.findings:
        part = finding.place.partition("/")[0]
        concern = {"answers": ANSWER, "ledger": LEDGER}.get(part, RECORDS)
        wrong.setdefault(concern, []).append(f"{finding.place}: {finding.what}")
    gone = sum(not store.records.has(measure) for measure in measures)
    if gone:  # the audit says which; what is summed over records lacks them
        wrong.setdefault(RECORDS, []).append(f"records: {gone:,} of {plural(len(measures), 'run')} have none.")
    wrong.setdefault(ANSWER, []).extend(f"{where}: {what}" for what in _another(answer, raw))
    for concern, said in audit_answer(store, where, answer).items():
        wrong.setdefault(concern, []).extend(f"{where}: {what}" for what in said)
    wrong[ENVIRONMENT] = [f"answers/{folder.name}/{LOCK_FILE}: {what}" for what in _environment(answer, folder)]
    entries = store.ledger.sound()
    try:
        studies = read_studies(entries)
    except (KeyError, TypeError, ValueError):  # the audit tells
        studies = []
    return Evidence(
        store=store,
        answer=answer,
        folder=folder,
        digest=hashlib.sha256(raw).hexdigest() if raw is not None else "",
        entries=entries,
        study=next((item for item in studies if item.digest == answer.study.get("registration")), None),
        records=rested.records,
        wrong={concern: said for concern, said in wrong.items() if said},
    )


def _another(answer: Answer, raw: bytes | None) -> Iterator[str]:
    """Whether the answer that is told of is the one that stands."""
    if raw is None:
        yield "It does not stand any more."
        return
    try:
        same = Answer.from_json(raw.decode()) == Answer.from_json(json.dumps(answer.plain()))
    except (ValueError, TypeError, KeyError):
        same = False
    if not same:
        yield "It is another answer than the one that is told of here."


def _environment(answer: Answer, folder: AnswerFolder) -> Iterator[str]:
    told = answer.circumstances.get("environment")
    if not isinstance(told, Mapping):
        return  # an older answer: none was recorded
    lock = folder.read(LOCK_FILE)
    if lock is None:
        yield "The environment that the answer names is missing."
    elif hashlib.sha256(lock).hexdigest() != told.get("lock_sha256"):
        yield "It is not the environment that the answer names."
