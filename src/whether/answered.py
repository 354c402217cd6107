"""The answers that stand in a lab: found, and believed only as far as the ledger witnesses them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from whether.answer import FAILED, FORMAT, Answer
from whether.design import design_digest, same_prose
from whether.digest import plain
from whether.errors import DamageError
from whether.plan.plan import Asked
from whether.provenance import LOCK_FILE
from whether.store.answers import AnswerFolder
from whether.store.folder import Store
from whether.store.ledger import RESTORE


class Answered:
    """The answers of one lab.

    Args:
        store: the lab's.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def to(self, asked: Asked) -> Answer | None:
        """The answer that stands for exactly this question, or None.

        Raises:
            DamageError: there is one, and it is damaged.
        """
        found = self.read(self.store.answers.open(asked.question.name, design_digest(asked)))
        if found is None or not same_prose(found, asked.question) or found.study != plain(asked.study):
            return None  # nothing is trained for saying it anew
        if any(not self.store.records.has(run.measure) for run in found.table):
            return None  # a record that it rests on is gone, and is made again
        if any(run.outcome == FAILED and not self._failed(run.measure) for run in found.table):
            return None  # what had failed was done again since
        return found

    def listing(self, *, all_whole: bool = False) -> list[tuple[Path, Answer]]:
        """Every answer that stands whole, the newest last.

        Args:
            all_whole: refuse when there is another.

        Raises:
            DamageError: so, and when the ledger is damaged, which witnesses them all.
        """
        read = self.read if all_whole else self._whole
        found = [(folder.path, read(folder)) for folder in self.store.answers.listing()]
        whole = [(path, answer) for path, answer in found if answer is not None]
        return sorted(whole, key=lambda item: str(item[1].circumstances.get("time", "")))

    def read(self, folder: AnswerFolder) -> Answer | None:
        """An answer, if it stands whole: its bytes are those that the ledger has. None: it is to be concluded again.

        Raises:
            DamageError: when they are others, or the ledger is no longer the one that the answer was written under.
        """
        raw = folder.read("answer.json")
        if raw is None:
            return None
        entries = self.store.ledger.entries()
        entered = [
            entry.body["answer"]
            for entry in entries
            if entry.kind == "answered" and entry.body.get("folder") == folder.name
        ]
        found = hashlib.sha256(raw).hexdigest()
        place = f"answers/{folder.name}/answer.json"
        if entered and found not in entered:
            raise DamageError(
                f"{place} is not what the ledger says was answered. It is not used; running its question concludes "
                "again, and nothing is trained for that.",
                place=place,
            )
        try:
            told = json.loads(raw)
            lost = self.store.ledger.betrayed(told["ledger"], entries)
            if told["format"] != FORMAT:
                return None  # of an earlier version of ours
        except (ValueError, KeyError, TypeError):
            return None  # the ledger has never heard of it, and it is no answer of ours
        if lost:
            raise DamageError(f"{lost} when {place} was written, so it is not used. {RESTORE}", place="ledger")
        # No entry, or an earlier one: an entry was cut off, an old answer put back, or a conclusion was interrupted.
        return Answer.from_json(raw.decode()) if entered and found == entered[-1] else None

    def write(self, answer: Answer, lock: bytes = b"") -> Answer:
        """Write an answer with its report, enter it in the ledger, and make it `@last`.

        Args:
            answer: to be written.
            lock: the environment that its circumstances name.

        Returns:
            The answer as it stands, which knows how long the ledger was.
        """
        from whether.report.write import render

        folder = self.store.answers.open(answer.name, answer.digest)
        for name, content in render(answer).items():
            folder.write(name, content)
        if lock and folder.read(LOCK_FILE) is None:
            folder.write(LOCK_FILE, lock)
        self.store.conclude(folder, answer.plain())
        self.store.answers.point(folder)
        stands = self.read(folder) or answer
        # Of several that conclude the same the first stands, and with it the environment of the first.
        named = stands.circumstances.get("environment") == answer.circumstances.get("environment")
        if lock and named and folder.read(LOCK_FILE) != lock:
            folder.write(LOCK_FILE, lock)
        return stands

    def _failed(self, measure: str) -> bool:
        return self.store.records.has(measure) and self.store.records.read(measure).get("outcome") == FAILED

    def _whole(self, folder: AnswerFolder) -> Answer | None:
        try:
            return self.read(folder)
        except DamageError as error:
            if not error.place.startswith("answers/"):
                raise
            return None
