"""The local executor: a process for each GPU, or on a CPU one for each core.

A worker is `python -m whether.execute.process`, told what to do over a socket that it inherits. Nothing of the asking
program is imported there, so a script needs no `if __name__ == "__main__"`. When the asking process dies, however it
dies, the socket closes and the workers end; when a worker dies, the socket closes and another is made.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from pathlib import Path

from whether.errors import WorkError
from whether.execute import job as jobs
from whether.execute import memory, profiles
from whether.execute.contract import Event, Gone, Job, Joined, Told
from whether.store.folder import Store

FALSE_STARTS = 3
"""How many workers in a row may die at one place before they have joined until we say that they cannot work there."""

PATIENCE = 5.0  # seconds that a worker has to end by itself
BEGINS_WITHIN = 600.0  # seconds that it has to load what it needs, from however slow a disk


@dataclass
class _Process:
    name: str
    seat: int
    popen: subprocess.Popen[bytes]
    link: connection.Connection
    log: Path
    joined: bool = False
    since: float = field(default_factory=time.monotonic)
    dropped: str = ""
    sending: threading.Thread | None = None

    def close(self) -> None:
        """Close the socket; a worker that does not take what is being sent to it is killed first."""
        if self.sending is not None and self.sending.is_alive():
            self.popen.kill()
            self.sending.join()
        self.link.close()


class Local:
    """Worker processes on this machine.

    Args:
        store: the lab's.
        workers: how many; by default one for each GPU, else one for each core that this process may use.
    """

    shares_process = False

    def __init__(self, store: Store, workers: int | None = None) -> None:
        self.store = store
        self.devices = devices(workers or profiles.current(store).settings.workers or None)
        self._processes: dict[str, _Process] = {}
        self._made = 0
        self._false_starts = [0] * len(self.devices)

    def start(self) -> None:
        """Start the workers; each joins when it has loaded what it needs."""
        for seat in range(len(self.devices)):
            self._spawn(seat)

    def give(self, slot: str, job: Job) -> None:
        """Send a worker a job: beside the rest, as one that stands still takes no more than its socket holds."""
        process = self._processes[slot]
        process.sending = threading.Thread(target=_send, args=(process.link, jobs.encode(job)), daemon=True)
        process.sending.start()

    def events(self, timeout: float) -> list[Event]:
        """What the workers told since the last call.

        Raises:
            WorkError: when workers die before they can work, with the last of what they said.
        """
        links = {process.link: process for process in self._processes.values()}
        found: list[Event] = []
        for link in connection.wait(list(links), timeout):
            process = links[link]  # type: ignore[index]  # these are the ones that were given
            try:
                while process.link.poll():
                    found.append(self._hear(process, process.link.recv()))
            except (EOFError, OSError):
                found.append(self._bury(process))
        self._drop_late()
        return found

    def drop(self, slot: str, because: str) -> None:
        """Kill a worker; another takes its seat."""
        process = self._processes.get(slot)
        if process is not None:
            process.dropped = because
            process.popen.kill()

    def stop(self) -> None:
        """Close the sockets, at which workers end at once; whoever does not is killed."""
        for process in self._processes.values():
            process.close()
        deadline = time.monotonic() + PATIENCE
        for process in self._processes.values():
            try:
                process.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()
            self.store.work.drop_log(process.log)
        self._processes.clear()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def _drop_late(self) -> None:
        """The driver looks after slots; a worker that stands still before it has joined is nobody's."""
        for process in self._processes.values():
            if not process.joined and time.monotonic() - process.since > BEGINS_WITHIN:
                self.drop(process.name, f"it had not begun after {BEGINS_WITHIN:.0f} s")

    def _hear(self, process: _Process, event: Event) -> Event:
        if isinstance(event, Joined):
            process.joined, self._false_starts[process.seat] = True, 0
            return replace(event, slot=process.name, what=replace(event.what, name=process.name))
        return replace(event, slot=process.name)

    def _spawn(self, seat: int) -> None:
        self._made += 1
        device, variables = self.devices[seat]
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "whether.execute.process", str(theirs.fileno()), str(self.store.root), device]
        with self.store.work.log(f"worker-{os.getpid()}-{self._made}") as out, theirs:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)} | variables,
            )
        name = f"worker {self._made}"
        self._processes[name] = _Process(name, seat, popen, connection.Connection(ours.detach()), Path(out.name))

    def _bury(self, process: _Process) -> Event:
        """A worker is dead: another takes its seat, unless none can live there."""
        process.close()
        try:
            code = process.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            code = process.popen.wait()
        del self._processes[process.name]
        if not process.joined:
            self._false_starts[process.seat] += 1
            if self._false_starts[process.seat] >= FALSE_STARTS:
                trouble = (
                    f"{FALSE_STARTS} workers in a row ended before they could work ({_ended(code)}). The last one "
                    f"said: {_last_words(process.log) or 'nothing'} (all of it in {process.log})"
                )
                if not self._processes:
                    raise WorkError(trouble)
                return Told(process.name, f"{trouble}; their place is left empty")
        self._spawn(process.seat)
        return Gone(process.name, process.dropped or _ended(code))


def devices(workers: int | None) -> list[tuple[str, dict[str, str]]]:
    """Where each worker computes, and the variables that tell it so.

    Args:
        workers: how many; by default one for each GPU, else one for each core.
    """
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus:
        named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        names: Sequence[str] = named if len(named) == gpus and all(named) else [str(gpu) for gpu in range(gpus)]
        return [("cuda", {"CUDA_VISIBLE_DEVICES": names[seat % gpus]}) for seat in range(workers or gpus)]
    return [("cpu", {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})] * (workers or memory.cores())


def on_gpus(on: str) -> bool:
    """Whether an executor of that name trains on this machine's GPUs: then packs are as wide as their memory allows."""
    return on.partition(":")[0] == "local" and devices(None)[0][0] == "cuda"


def _send(link: connection.Connection, data: bytes) -> None:
    with suppress(OSError):  # it is dead: its socket tells
        link.send_bytes(data)


def _ended(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    with suppress(ValueError):
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process was ended by signal {-code}"


def _last_words(log: Path) -> str:
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""
    return ""
