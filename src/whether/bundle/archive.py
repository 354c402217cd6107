"""A bundle that is read, wherever it came from: an archive, unpacked with suspicion, or a folder.

    with opened(Path("signs-matter-658427ac.zip")) as bundle:
        bundle.answer().verdict, bundle.question()["options"], bundle.store

Nothing of it is believed here; `check` tells whether it may be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whether.answer import Answer
from whether.bundle import places
from whether.errors import DamageError, RequestError
from whether.store.answers import ANSWER_FILE
from whether.store.folder import Store
from whether.store.layout import MARKER
from whether.store.packed import files_in, unpacked, wrong_name
from whether.store.publish import load
from whether.store.states import sha256_of

_LINE = re.compile(r"(?P<sha>[0-9a-f]{64}) [ *](?P<name>.+)")


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files can be read.

    Attributes:
        given: as it was named.
        root: the folder in which its files lie while it is open.
        unreadable: the members that could not be unpacked, and why.
    """

    given: Path
    root: Path
    unreadable: Mapping[str, str]

    @property
    def store(self) -> Store:
        """The small lab in it; it is read, and never written to."""
        return Store(self.root / "lab", bundled=True)

    @property
    def digest(self) -> str:
        """What names a bundle: the SHA-256 of its manifest, and so of every byte in it; empty without one."""
        raw = load(self.root / places.MANIFEST, what="the manifest")
        return hashlib.sha256(raw).hexdigest() if raw is not None else ""

    def files(self) -> list[str]:
        """The names of its files, sorted."""
        return files_in(self.root)

    def manifest(self) -> tuple[dict[str, str], list[str]]:
        """The digests that the manifest names, by file, and the lines of it that are none."""
        raw = load(self.root / places.MANIFEST, what="the manifest")
        lines = (raw or b"").decode("utf-8", "replace").split("\n")
        found = [(line, _LINE.fullmatch(line)) for line in lines if line]
        names = Counter(match["name"] for _, match in found if match)
        right = [match for _, match in found if match and names[match["name"]] == 1 and not wrong_name(match["name"])]
        known = {id(match) for match in right}
        wrong = [line for line, match in found if id(match) not in known]
        return {match["name"]: match["sha"] for match in right}, wrong

    def sha256(self, name: str) -> str:
        """The SHA-256 of a file's bytes; empty where there is none."""
        path = self.root / name
        return sha256_of(path) if path.is_file() else ""

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            DamageError: there is none.
        """
        raw = load(self.root / name, what=f"{name} of the bundle")
        if raw is None:
            raise DamageError(f"{name} is missing in {self.given.name}.", place=name)
        return raw

    def told(self, name: str) -> Mapping[str, Any]:
        """What a JSON file says.

        Raises:
            DamageError: it is missing or says nothing that can be read.
        """
        try:
            found = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise DamageError(f"{name} is no JSON ({error}).", place=name) from None
        if not isinstance(found, dict):
            raise DamageError(f"{name} says nothing of what it should.", place=name)
        return found

    def about(self) -> Mapping[str, Any]:
        """`bundle.json`: "format", "answer" (the folder's name), "states" (whether trained states are in it).

        Raises:
            DamageError: it is missing or damaged.
            RequestError: it is of a later format.
        """
        told = self.told(places.ABOUT)
        if not isinstance(told.get("format"), int) or not isinstance(told.get("answer"), str):
            raise DamageError(f"{places.ABOUT} does not say of which answer this bundle is.", place=places.ABOUT)
        if told["format"] > places.FORMAT:
            raise RequestError(
                f"{self.given} is a bundle of format {told['format']}; this Whether knows formats up to "
                f"{places.FORMAT}. Install a newer one: pip install --upgrade whether"
            )
        return told

    def question(self) -> Mapping[str, Any]:
        """`question/question.json`, as `source.told` writes it.

        Raises:
            DamageError: it is missing or damaged.
        """
        return self.told(places.QUESTION_FILE)

    def answer(self) -> Answer:
        """The answer, as it stands in the small lab.

        Raises:
            DamageError: it is missing or is no answer.
        """
        folders = [folder for folder in self.store.answers.listing() if (folder.path / ANSWER_FILE).is_file()]
        if len(folders) != 1:
            raise DamageError(f"lab/answers/ holds {len(folders)} answers; expected one.", place="lab/answers")
        place = f"lab/answers/{folders[0].name}/{ANSWER_FILE}"
        try:
            return Answer.from_json((folders[0].read(ANSWER_FILE) or b"").decode())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamageError(f"{place} is no answer ({type(error).__name__}: {error}).", place=place) from None


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Open a bundle.

    Args:
        path: of the archive or of the folder that it was unpacked to.

    Raises:
        RequestError: it is no bundle, or not one that can be unpacked without harm.
        WorkError: the disk refused.
    """
    with unpacked(path) as (root, unreadable):
        names = {*(name.name for name in root.iterdir()), *unreadable}
        if not names & {places.MANIFEST, places.ABOUT} or not (root / "lab").is_dir():
            raise RequestError(_no_bundle(path, names))
        yield Bundle(path, root, unreadable)


def _no_bundle(path: Path, names: set[str]) -> str:
    """What to tell of an archive or a folder that is something else."""
    inside = ", ".join(sorted(names)[:4]) or "nothing"
    missing = places.MANIFEST if places.MANIFEST not in names else "lab/"
    near = ""
    if path.is_dir() and MARKER in names:
        near = f" It is a lab: whether verify --lab {path}"
    elif path.is_dir() and len(names) == 1 and (path / min(names) / places.MANIFEST).is_file():
        near = f" Did you mean {path / min(names)}?"
    return f"{path} is no bundle: it holds {inside}, and no {missing}. Expected what `whether bundle` wrote.{near}"
