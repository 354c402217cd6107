"""The lab folder: where it is, what marks it, and the two acts that touch several of its parts in a fixed order."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from whether.errors import DamageError, RequestError, WorkError
from whether.store.answers import ANSWER_FILE, AnswerFolder, Answers
from whether.store.claims import Claims
from whether.store.layout import MARKER, PARTS, Part, is_temporary, scan
from whether.store.ledger import BEGINNING, Entry, Ledger
from whether.store.paces import Paces
from whether.store.profiles import Profiles
from whether.store.publish import Data, load, make_folder, one_at_a_time, probe, publish, refused, remove
from whether.store.records import Records
from whether.store.sealed import seal, unseal
from whether.store.states import States
from whether.store.work import Work

FORMAT = 1
KIND = "whether lab"
MARK = seal({"format": FORMAT, "kind": KIND})
"""What lab.json holds, byte for byte."""

_PARTS = ("ledger", "records", "states", "work", "profiles", "answers")


class Store:
    """All bytes of one lab. Other modules know paths in a lab only from here."""

    def __init__(self, root: Path, *, bundled: bool = False) -> None:
        """Take a folder that is known to be a lab; `Store.find` is how one comes to know.

        Args:
            root: the folder.
            bundled: it is the small lab of a bundle, in whose records the names of machines are withheld.
        """
        self.root = root
        self.bundled = bundled
        self.ledger = Ledger(root / "ledger")
        self.records = Records(root / "records")
        self.states = States(root / "states")
        self.work = Work(root / "work")
        self.paces = Paces(root / "work")
        self.claims = Claims(root / "work")
        self.profiles = Profiles(root / "profiles")
        self.answers = Answers(root / "answers")

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    @staticmethod
    def find(given: str | Path | None = None, *, create: bool = True, named: str = "--lab") -> Store:
        """The lab to work in: the one given, else WHETHER_LAB's, else the nearest one upward, else a new ./lab.

        Args:
            given: what `--lab` said.
            create: whether it will be written to. If so a missing lab is made and a standing one must be writable;
                commands that only read say False, so that labs on read-only disks can be read.
            named: how the user gave it to us, for messages.

        Raises:
            RequestError: the folder is no lab, cannot be written to, or is of a later format; or there is none.
            DamageError: the folder's mark is damaged.
        """
        variable = os.environ.get("WHETHER_LAB")
        if given:
            return _open(Path(given).expanduser().absolute(), named, create)
        if variable:
            return _open(Path(variable).expanduser().absolute(), "WHETHER_LAB", create)
        here = Path.cwd()
        for folder in (here, *here.parents):
            for candidate in (folder / "lab", folder):
                if _is_lab(candidate):
                    return _open(candidate, "the nearest lab", create)
        if not create:
            raise RequestError(
                f"there is no lab in {here} or above it; expected a folder `lab` that Whether made. "
                "`whether run NAME` makes one; `--lab FOLDER` or the variable WHETHER_LAB names one elsewhere"
            )
        return _open(here / "lab", "the place for a new lab", create)

    def keep(
        self, digest: str, body: Mapping[str, object], *, state: Data | None = None, optimizer: Data | None = None
    ) -> bool:
        """Publish a finished piece: first its states, then the record that names their hashes.

        A process that is killed in between leaves a state that no record names, which the next to finish the piece
        adopts when the bits are the same and sets aside when they are not; one that this piece leaves no longer, the
        optimiser's where nobody goes on any more, is removed.

        Args:
            digest: the piece.
            body: its record; the fields "state" and "optimizer" are filled in here.
            state: the weights, if the piece leaves any.
            optimizer: what the optimiser needs to go on.

        Returns:
            True when this record stands, False when somebody's stood already. Then that one counts, and a state of
            its that `whether clean` had dropped is put back if ours is the same to the bit; `states.has` tells.

        Raises:
            WorkError: the disk refused.
            DamageError: a record stands and is damaged.
        """
        given: dict[Part, Data | None] = {"state": state, "optimizer": optimizer}
        ours = {part: data for part, data in given.items() if data is not None}
        if self.records.has(digest):
            self._put_back(digest, ours)
            return False
        stated: dict[str, object] = {
            part: {"sha256": self._lay(digest, data, part), "bytes": len(data)} for part, data in ours.items()
        }
        ours_stands = self.records.write(digest, {**body, **stated})
        self._tidy(digest, {**body, **stated} if ours_stands else self.records.read(digest))
        return ours_stands

    def conclude(self, folder: AnswerFolder, answer: Mapping[str, object]) -> Entry:
        """Enter an answer in the ledger and write `answer.json`; when the same answer stands already, do nothing.

        In this order, so that a process that is killed in between leaves no answer which the ledger does not know: the
        next run concludes again. Of several that conclude the same the first stands.

        Args:
            folder: from `store.answers.open`.
            answer: plain values; the field "ledger" is added: how long the ledger was and the seal of its last entry.
                "circumstances" may differ from those of the same answer.

        Returns:
            The entry of kind "answered".

        Raises:
            DamageError: the ledger is damaged: what it no longer witnesses is not concluded from.
            WorkError: the disk refused.
        """
        with one_at_a_time(self.answers.folder, what=f"the answer {folder.name}"):
            entries = self.ledger.entries()
            standing = self._standing(folder, answer, entries)
            if standing:
                return standing
            head = {"count": len(entries), "head": entries[-1].hash if entries else BEGINNING}
            text = json.dumps({**answer, "ledger": head}, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
            raw = text.encode() + b"\n"
            entry = self.ledger.append("answered", {"folder": folder.name, "answer": hashlib.sha256(raw).hexdigest()})
            folder.write(ANSWER_FILE, raw)
            return entry

    def _lay(self, digest: str, data: Data, part: Part) -> str:
        ours = hashlib.sha256(data).hexdigest()
        stands = self.states.write(digest, data, part)
        if stands != ours and not self.records.has(digest):
            # Other bits without a record: left by a killed run under another profile. A record that says our figures
            # must not go with them.
            self.work.set_aside(self.states.path(digest, part))
            stands = self.states.write(digest, data, part)
        return stands

    def _tidy(self, digest: str, named: Mapping[str, object]) -> None:
        # Only now, while a record stands: before it, another process might be about to name what lies there.
        for part in PARTS:
            if part not in named:
                with contextlib.suppress(WorkError):  # the piece is done; `whether clean` tries again
                    remove(self.states.path(digest, part))

    def _put_back(self, digest: str, ours: Mapping[Part, Data]) -> None:
        record = self.records.read(digest)
        for part, data in ours.items():
            named = record.get(part)
            if named and named["sha256"] == hashlib.sha256(data).hexdigest():
                self.states.write(digest, data, part)

    def _standing(self, folder: AnswerFolder, answer: Mapping[str, object], entries: list[Entry]) -> Entry | None:
        raw = folder.read(ANSWER_FILE)
        own = [entry for entry in entries if entry.kind == "answered" and entry.body.get("folder") == folder.name]
        if raw is None or not own or own[-1].body.get("answer") != hashlib.sha256(raw).hexdigest():
            return None
        stands, ours = ({**said, "ledger": 0, "circumstances": 0} for said in (json.loads(raw), answer))
        return own[-1] if stands == json.loads(json.dumps(ours)) else None


def _open(root: Path, source: str, create: bool) -> Store:
    names = _names(root, source)
    if _is_lab(root):
        check_mark(load(root / MARKER, what="the mark of the lab") or b"", str(root / MARKER), str(root))
    elif names:
        raise RequestError(_not_a_lab(root, source, names))
    elif not create:
        raise RequestError(f"{source}: there is no lab at {root}. Check the path; `whether run NAME` makes a lab")
    if create:
        try:
            make_folder(root)
            probe(root)
            publish(root / MARKER, MARK, what="the mark of the lab")
            for part in _PARTS:
                make_folder(root / part)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):  # the place is right, the disk is not
                raise refused("the lab", root, error) from error
            raise RequestError(
                f"{source}: {root} cannot be written to ({error.strerror or error}). A lab keeps there what it trains; "
                f"name a folder of your own{_with(source)}, or make this one writable"
            ) from error
    return Store(root)


def _names(root: Path, source: str) -> list[str]:
    """What the folder holds but for temporaries: a lab that was being made when its maker was killed is still new."""
    try:
        if root.exists() and not root.is_dir():
            raise RequestError(f"{source}: {root} is a file; a lab is a folder. Name another{_with(source)}")
        return [entry.name for entry in scan(root) if not is_temporary(entry.name)]
    except OSError as error:
        raise RequestError(
            f"{source}: {root} cannot be read ({error.strerror or error}). Name another{_with(source)}, or ask its "
            "owner for the right to read"
        ) from error


def _is_lab(root: Path) -> bool:
    """Whether this is a lab, or was one before its mark was damaged; other programs may have a lab.json, too."""
    # os.path, unlike Path, never raises: some of the folders above us may not be ours to look into.
    if not os.path.isfile(root / MARKER):
        return False
    return os.path.isdir(root / "ledger") or (load(root / MARKER, what="the mark of the lab") == MARK)


def check_mark(raw: bytes, mark: str, lab: str) -> None:
    """See that a folder is a lab that we know how to read.

    Args:
        raw: the bytes of its lab.json.
        mark: where they stand, for messages.
        lab: the folder, for messages.

    Raises:
        DamageError: the bytes are not those of a lab's mark.
        RequestError: the lab is of a later format.
    """
    found = unseal(raw)
    if found is None or found.get("kind") != KIND or not isinstance(found.get("format"), int):
        raise DamageError(
            f"{mark} is damaged, so it is not sure what this folder is. If it is a lab, put this line in its "
            f"place and run `whether verify`: {MARK.decode().strip()}",
            place=MARKER,
        )
    if found["format"] > FORMAT:
        raise RequestError(
            f"{lab} is a lab of format {found['format']}; this Whether knows formats up to {FORMAT}. "
            "Install a newer one: pip install --upgrade whether"
        )


def _not_a_lab(root: Path, source: str, names: list[str]) -> str:
    another = _with(source, f"{root}-whether").removeprefix(" with ")
    near = f"Did you mean {root / 'lab'}?" if _is_lab(root / "lab") else f"Name another, for example {another}"
    return f"{source}: {not_a_lab(str(root), names)} {near}"


def not_a_lab(root: str, names: list[str]) -> str:
    """What to tell of a folder of somebody else's."""
    inside = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{root} is no lab: it holds {inside} and no {MARKER} of ours. Whether puts nothing into folders of others."


def _with(source: str, folder: str = "") -> str:
    """How a lab is named on the line: after `push` and `pull` a folder stands by itself."""
    if source.startswith("whether "):
        return f" with {folder}" if folder else ""
    return f" with --lab {folder or 'FOLDER'}"
