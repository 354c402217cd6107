"""Claims: who does which piece at the moment, so that two commands in one lab do not do the same one.

Nothing's correctness rests on them: the first to finish a piece stands, whoever did it. They lie in work/, which may be
deleted at any time, and where they cannot be written work goes on without them.

    work/drivers/<id>.json     a command at work: host, process, and a counter that it raises about every second
    work/claims/<digest>.json  who does this piece

Whether another is alive is told without comparing the clocks of machines. A process of this machine that is gone is
dead at once. Of all others only the counter counts: one that stood still for so many seconds *of the observer's own
clock* is taken for dead, its claims are broken, and should it wake up, `Claimant.holds` tells it so. A claimant whose
file is missing gets the same patience: work/ may have been deleted, and its next beat writes the file again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from whether.errors import WorkError
from whether.settings import seconds_of
from whether.store.layout import SEALED, checked, scan
from whether.store.numbers import plain
from whether.store.publish import publish, remove, replace, withdraw

PATIENCE = 15.0
"""Seconds for which a counter may stand still."""

VARIABLE = "WHETHER_CLAIM_SECONDS"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,199}")
_DEAD = "dead"
_TRIES = 20
"""How often a claim may be released or broken by others between our looks at it before we leave it to them."""


class Claims:
    """work/drivers/ and work/claims/ of a lab, and what was seen of others' counters.

    Args:
        folder: the lab's work/.
        patience: seconds; by default WHETHER_CLAIM_SECONDS, else 15.
        clock: of this process; only differences of it are used.
    """

    def __init__(
        self, folder: Path, patience: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.drivers = folder / "drivers"
        self.folder = folder / "claims"
        self._patience = patience
        self._clock = clock
        self._seen: dict[str, tuple[object, float]] = {}

    @property
    def patience(self) -> float:
        """Seconds of our clock for which another's counter may stand still before its claims are broken.

        Raises:
            RequestError: the variable holds no number above zero.
        """
        return seconds_of(VARIABLE, PATIENCE) if self._patience is None else self._patience

    def path(self, digest: str) -> Path:
        """Where the claim of this piece stands or would stand."""
        return self.folder / f"{checked(digest)}.json"

    def driver(self, name: str) -> Path:
        """Where the file of this claimant stands or would stand."""
        return self.drivers / f"{name}.json"

    def enter(self) -> Claimant:
        """Register this command, after what dead processes of this machine left has been swept away.

        Returns:
            The claimant, a context manager that leaves at its end.

        Raises:
            RequestError: the variable WHETHER_CLAIM_SECONDS holds no number above zero.
        """
        _ = self.patience
        with contextlib.suppress(WorkError):  # whoever cannot sweep can do without
            self._sweep()
        return Claimant(self)

    def others(self) -> list[dict[str, Any]]:
        """What every command at work says of itself, by name, with what is known of its life.

        Returns:
            The fields of the drivers' files: "id", "host", "pid", "counter", "status" and others, and "alive": False
            for one that is known dead, True for one that is known to live, None where it is too early to tell.
        """
        found = []
        for item in scan(self.drivers):
            said = _read(Path(item.path)) or {}
            if f"{said.get('id')}.json" == item.name:
                found.append(said | {"alive": self._alive(str(said["id"]), said)})
        return found

    def held_by(self, digest: str) -> dict[str, Any] | None:
        """Who claims a piece, with "alive" as in `others`; None when nobody does."""
        said = _read(self.path(digest))
        return None if said is None else said | {"alive": self._alive(_claimant(said, digest), said)}

    def listing(self) -> dict[str, str]:
        """All claims that stand: whose each is, by the piece's digest."""
        found = {}
        for item in scan(self.folder):
            match = SEALED.fullmatch(item.name)
            said = _read(Path(item.path)) if match else None
            if match and said is not None:
                found[match["digest"]] = _claimant(said, match["digest"])
        return found

    def take(self, digest: str, identity: Mapping[str, Any]) -> bool:
        """Claim a piece for somebody; `Claimant.claim` is how one does so for oneself.

        Raises:
            WorkError: the disk refused.
        """
        raw = _bytes({"digest": digest, **identity})
        for _ in range(_TRIES):
            if publish(self.path(digest), raw, what=f"the claim of {digest[:12]}…", lasting=False):
                return True
            said = _read(self.path(digest))
            if said is None:
                continue  # released meanwhile
            holder = _claimant(said, digest)
            if holder == identity["id"]:
                return True
            if self._alive(holder, said) is not False:
                return False
            self.give_up(digest, holder)
        return False

    def give_up(self, digest: str, name: str) -> bool:
        """Remove a claim if it is this claimant's; False when it is another's, or somebody else was first.

        Raises:
            WorkError: the disk refused.
        """
        return withdraw(self.path(digest), lambda raw: _claimant(_parsed(raw), digest) == name)

    def _alive(self, name: str, said: Mapping[str, Any]) -> bool | None:
        """What is known of a claimant's life from its process, and from what was seen of its counter."""
        here = _process_lives(said)
        if here is False:
            return False
        counter, now = (_read(self.driver(name)) or {}).get("counter"), self._clock()
        if name not in self._seen:
            self._seen[name] = (counter, now)
            return here
        before, since = self._seen[name]
        if counter != before:
            self._seen[name] = (counter, now)
            return True if counter is not None else here
        return False if now - since > self.patience else here

    def _sweep(self) -> None:
        """Remove what processes of this machine left that are gone, claims before the file that says whose they are."""
        for digest in self.listing():
            said = _read(self.path(digest))
            if said is not None and _process_lives(said) is False:
                self.give_up(digest, _claimant(said, digest))
        for item in scan(self.drivers):
            if _process_lives(_read(Path(item.path)) or {}) is False:
                remove(Path(item.path))


class Claimant:
    """One command at work in a lab; made by `Claims.enter`.

    Attributes:
        id: its name: host, process, and something random.
        trouble: why its files could not be written, the first time that this happened; empty when they could. Nobody
            learns of its claims then, and it claims whatever it asks for.
    """

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        (host, boot), pid = _here(), os.getpid()
        self.id = f"{host}-{pid}-{secrets.token_hex(4)}"
        self.trouble = ""
        self._identity = {"id": self.id, "host": host, "boot": boot, "pid": pid, "started": _started(pid)}
        self._counter = -1
        self._status: object = {}
        self._claimed: set[str] = set()
        self._unwritten: set[str] = set()
        self.beat()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def beat(self, status: Mapping[str, Any] | None = None) -> None:
        """Raise the counter, about every second, so that others see us alive.

        Args:
            status: what is being done, in plain values, for `whether status`; None leaves what was said before.
        """
        self._counter += 1
        if status is not None:
            self._status = plain(status)
        with self._trying():
            raw = _bytes({**self._identity, "counter": self._counter, "status": self._status})
            replace(self.claims.driver(self.id), raw, what="a sign of life", lasting=False)

    def claim(self, digest: str) -> bool:
        """Claim a piece.

        Returns:
            False while another's live claim stands; True when it is ours, was ours, or cannot be written.
        """
        self._unwritten.discard(digest)
        with self._trying():
            if not self.claims.take(digest, self._identity):
                return False
            self._claimed.add(digest)
            return True
        self._unwritten.add(digest)
        return True

    def holds(self, digest: str) -> bool:
        """Whether a claim is still ours: whoever slept for too long may find that another has taken it."""
        said = _read(self.claims.path(digest))
        return digest in self._unwritten if said is None else _claimant(said, digest) == self.id

    def release(self, digest: str) -> None:
        """Let go of a piece; nothing happens when it is not ours."""
        self._claimed.discard(digest)
        self._unwritten.discard(digest)
        with self._trying():
            self.claims.give_up(digest, self.id)

    def leave(self) -> None:
        """Let go of everything."""
        for digest in list(self._claimed):
            self.release(digest)
        with self._trying():
            remove(self.claims.driver(self.id))

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except WorkError as error:
            self.trouble = self.trouble or str(error)


def _bytes(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, default=str).encode() + b"\n"


def _read(path: Path) -> dict[str, Any] | None:
    """What a file says, nothing when it is damaged, None when there is none. Whoever may not read it knows nothing."""
    try:
        return _parsed(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError:
        return {}


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _claimant(said: Mapping[str, Any], digest: str) -> str:
    """Whose claim this is; a damaged one is nobody's, under a name that is never seen to beat."""
    name = str(said.get("id"))
    return name if _ID.fullmatch(name) else f"nobody-{digest}"


def _process_lives(said: Mapping[str, Any]) -> bool | None:
    """Whether a process of this machine is still there; None for one of another machine.

    The host's name alone would not do: several machines may have one name, and containers of one machine see other
    processes under the same numbers.
    """
    pid = said.get("pid")
    if not isinstance(pid, int) or pid <= 0 or (said.get("host"), said.get("boot")) != _here():
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    started = _started(pid)
    return started != _DEAD and ("" in (started, said.get("started")) or started == said.get("started"))


@lru_cache(maxsize=1)
def _here() -> tuple[str, str]:
    """What tells this machine, and this view of its processes, from others: its name, and its boot where it says so."""
    host = re.sub(r"[^A-Za-z0-9.\-]", "-", socket.gethostname()).lstrip(".-")[:100] or "host"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return host, f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return host, ""


def _started(pid: int) -> str:
    """When a process began, in whatever way its machine says so: "dead" when it has ended, "" when nobody knows."""
    try:
        raw = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        state, *rest = raw.rpartition(")")[2].split()
        return _DEAD if state in ("Z", "X") else rest[18]
    except (OSError, ValueError, IndexError):
        pass
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        words = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
        said = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, began = said.strip().partition(" ")
    return _DEAD if state.startswith("Z") else began.strip()
