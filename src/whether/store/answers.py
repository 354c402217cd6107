"""Answers: one folder for each question and its options, and a note which of them was the last.

`answer.json` is the evidence; `Store.conclude` writes it and enters it in the ledger. Pages and figures beside it are
drawn from it and from the records, and may be drawn again at any time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from whether.errors import DamageError, RequestError
from whether.store.layout import ANSWER, checked, place, scan
from whether.store.publish import Data, load, replace
from whether.store.sealed import seal, unseal

ANSWER_FILE = "answer.json"
LAST = "last"

_QUESTION = re.compile(r"\w[\w.\-]{0,99}")
_COMPONENT = re.compile(r"\w[\w.\- ]{0,199}")


@dataclass(frozen=True)
class AnswerFolder:
    """answers/<name>-<digest8>/, made when its first file is written."""

    path: Path
    question: str

    @property
    def name(self) -> str:
        """The folder's own name, which is how the ledger calls it."""
        return self.path.name

    def write(self, file: str, data: Data) -> Path:
        """Write or rewrite a file of this answer; a reader sees the old bytes or the new ones.

        Args:
            file: its name, which may have sub-folders: `figures/accuracy.svg`.
            data: its bytes.

        Raises:
            RequestError: the name would lead out of the folder.
            WorkError: the disk refused.
        """
        path = self._inside(file)
        replace(path, data, what=f"{file} of the answer {self.name}")
        return path

    def read(self, file: str) -> bytes | None:
        """The bytes of a file of this answer, or None when there is none."""
        return load(self._inside(file), what=f"{file} of the answer {self.name}")

    def _inside(self, file: str) -> Path:
        path = self.path / file
        names_are_plain = all(_COMPONENT.fullmatch(component) for component in file.split("/"))
        # A folder in there could be a link to elsewhere.
        if not names_are_plain or not path.parent.resolve().is_relative_to(self.path.resolve()):
            raise RequestError(
                f"{file!r} cannot be a file of the answer {self.name}: expected a plain name like 'report.html' or "
                "'figures/accuracy.svg' that stays inside its folder"
            )
        return path


class Answers:
    """answers/: a folder per question and options, and `last`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, question: str, digest: str) -> AnswerFolder:
        """The folder for a question's answer; nothing is made before a file is written.

        Args:
            question: its name, as the catalogue or its file calls it.
            digest: of the question with its options.

        Raises:
            RequestError: the name cannot be that of a folder.
        """
        if not _QUESTION.fullmatch(question):
            raise RequestError(
                f"{question!r} cannot name a folder for its answer: expected at most 100 letters, digits, '.', '_' and "
                "'-', beginning with a letter or a digit; rename the question"
            )
        return AnswerFolder(self.folder / f"{question}-{checked(digest)[:8]}", question)

    def listing(self) -> list[AnswerFolder]:
        """All answer folders, by name."""
        return [
            AnswerFolder(Path(item.path), match["question"])
            for item in scan(self.folder)
            if (match := ANSWER.fullmatch(item.name)) and item.is_dir()
        ]

    def find(self, question: str) -> list[AnswerFolder]:
        """The folders that have an answer to a question of this name, the one written last first."""
        found = [
            (answer.stat().st_mtime_ns, folder)
            for folder in self.listing()
            if folder.question == question and (answer := folder.path / ANSWER_FILE).is_file()
        ]
        return [folder for _, folder in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def point(self, folder: AnswerFolder) -> None:
        """Note that this is the answer which `@last` means from now on."""
        raw = seal({"question": folder.question, "folder": folder.name})
        replace(self.folder / LAST, raw, what="the note of the last answer")

    def latest(self) -> AnswerFolder | None:
        """The answer that `@last` means, or None when there is none, or no longer.

        Raises:
            DamageError: the note is damaged.
        """
        path = self.folder / LAST
        raw = load(path, what="the note of the last answer")
        if raw is None:
            return None
        found = unseal(raw)
        if found is None or not ANSWER.fullmatch(str(found.get("folder"))):
            where = place(path, self.folder.parent)
            raise DamageError(
                f"the note of the last answer is damaged: {where} is not what was written there. "
                "Delete it and name the question instead of @last; the next run writes it anew.",
                place=where,
            )
        folder = self.folder / found["folder"]
        return AnswerFolder(folder, found["question"]) if folder.is_dir() else None
