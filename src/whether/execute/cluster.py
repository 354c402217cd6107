"""The Ray executor: an actor for each GPU, or on clusters without GPUs for each core, fed by the driver.

Ray places actors and tells of their death; what a death costs is decided by our checkpoints, and what is next by our
driver, so nothing here survives the driver. The lab must be on a file system that all nodes see.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import whether
from whether.errors import RequestError, WorkError
from whether.execute import job as jobs
from whether.execute.contract import Event, Failed, Gone, Job, Joined
from whether.execute.seat import Orders, Seat
from whether.store.folder import Store

FALSE_STARTS = 3
LOOK_EVERY = 2.0  # seconds between two looks at what the cluster has
REACHES_WITHIN = 5.0  # seconds in which an address must answer
AUTHENTICATION = "RAY_AUTH_MODE"  # Ray's own setting


@dataclass(eq=False)
class _Actor:
    name: str
    handle: Any
    joined: bool = False
    dropped: str = ""


class RayCluster:
    """Actors on a Ray cluster.

    Args:
        store: the lab's.
        address: "ray://HOST:10001"; None for the cluster of RAY_ADDRESS, one that `ray start` made on this machine, or
            a new one.
        share: of a GPU (or of a core, where there are no GPUs) that an actor takes.
    """

    shares_process = False

    def __init__(self, store: Store, address: str | None = None, share: float = 1.0) -> None:
        self.store, self.address, self.share = store, address, share
        self.ray = import_ray()
        self._ours = self._made_here = False  # the connection; the cluster
        self._actors: dict[Any, _Actor] = {}  # by the pending answer to "what happened?"
        self._made = self._false_starts = 0
        self._one_joined = False
        self._looked = -LOOK_EVERY
        self._token = ""

    def start(self) -> None:
        """Connect, and ask for as many actors as the cluster has room for.

        Raises:
            RequestError: when the cluster cannot be reached.
        """
        if not self.ray.is_initialized():
            self._connect()
        self._token = secrets.token_hex(8)
        self.store.work.mark(self._token)
        self._fill()

    def give(self, slot: str, job: Job) -> None:
        """Send an actor a job."""
        self._by_name(slot).handle.give.remote(jobs.encode(job))

    def events(self, timeout: float) -> list[Event]:
        """What the actors told since the last call.

        Raises:
            RequestError: when an actor cannot work in this lab.
            WorkError: when actors die before they can work.
        """
        if time.monotonic() - self._looked > LOOK_EVERY:
            self._fill()
        if not self._actors:
            time.sleep(timeout)
            return []
        waiting = list(self._actors)
        ready, _ = self.ray.wait(waiting, num_returns=1, timeout=timeout)
        if ready and len(waiting) > 1:  # whoever else has something to tell meanwhile
            ready, _ = self.ray.wait(waiting, num_returns=len(waiting), timeout=0)
        return [event for answer in ready for event in self._hear(answer)]

    def drop(self, slot: str, because: str) -> None:
        """Kill an actor; another is asked for in its place."""
        actor = self._by_name(slot)
        actor.dropped = because
        self.ray.kill(actor.handle)

    def stop(self) -> None:
        """Kill the actors, and the cluster if it was made here."""
        with suppress(Exception):  # the cluster may be gone
            for actor in self._actors.values():
                self.ray.kill(actor.handle)
        self._actors.clear()
        if self._token:
            self.store.work.unmark(self._token)
            self._token = ""
        if self._ours:
            self.ray.shutdown()
            self._ours = False

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def _connect(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        given = self.address or os.environ.get("RAY_ADDRESS")  # which answers: `engines.check` has seen to that
        found = "" if given else running()
        address = given or ("auto" if found else "local")  # to what it is told by address Ray sends no token
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        self._made_here = address == "local"
        if self._made_here:
            options["include_dashboard"] = False
        try:
            self.ray.init(address=address, **options)
        except Exception as error:  # Ray raises many kinds: of refused tokens, of two versions of it that meet
            raise _refused(given or found or "local", f"{type(error).__name__}: {error}") from error
        self._ours = True

    def _fill(self) -> None:
        """Ask for an actor wherever there is room for one."""
        self._looked = time.monotonic()
        resources = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        kind = "GPU" if any(found.get("GPU", 0) for found in resources) else "CPU"
        room = sum(int(found.get(kind, 0) / self.share + 1e-9) for found in resources)
        device = "cuda" if kind == "GPU" else "cpu"
        takes = {"num_gpus": self.share, "num_cpus": 1} if kind == "GPU" else {"num_cpus": self.share}
        for _ in range(room - len(self._actors)):
            self._made += 1
            name = f"actor {self._made}"
            orders = Orders(
                lab=str(self.store.root),
                device=device,
                folder=os.getcwd(),
                path=tuple(path or os.getcwd() for path in sys.path),
                token=self._token,
                version=whether.__version__,
            )
            options = {**takes, "max_restarts": 0, "max_concurrency": 4, "scheduling_strategy": "SPREAD"}
            handle = self.ray.remote(Seat).options(**options).remote(orders)
            self._actors[handle.poll.remote()] = _Actor(name, handle)

    def _hear(self, answer: Any) -> list[Event]:
        actor = self._actors.pop(answer)
        try:
            told: list[Event] = self.ray.get(answer)
        except self.ray.exceptions.RayError as error:
            return self._lost(actor, error)
        self._actors[actor.handle.poll.remote()] = actor
        return [self._named(actor, event) for event in told]

    def _named(self, actor: _Actor, event: Event) -> Event:
        if isinstance(event, Joined):
            actor.joined = self._one_joined = True
            return replace(event, slot=actor.name, what=replace(event.what, name=actor.name))
        if isinstance(event, Failed) and not actor.joined:
            raise event.failure.error()
        return replace(event, slot=actor.name)

    def _lost(self, actor: _Actor, error: Exception) -> list[Event]:
        with suppress(Exception):  # it may live where we cannot reach it, and hold a core that another is to have
            self.ray.kill(actor.handle)
        if actor.joined:
            return [Gone(actor.name, actor.dropped or f"its node or process died: {type(error).__name__}")]
        self._false_starts += not self._one_joined  # once one could, others die of their node
        if self._false_starts >= FALSE_STARTS:
            said = str(error).strip().splitlines()
            raise WorkError(
                f"{FALSE_STARTS} actors in a row died before they could work. Whether {whether.__version__} and "
                f"PyTorch must be installed on every node. Ray says: {said[-1] if said else type(error).__name__}"
                f"{self._on_tokens()}"
            )
        return []

    def _on_tokens(self) -> str:
        """A cluster that was started without tokens takes one, but cannot give it back: for it, we are dead."""
        if self._made_here or os.environ.get(AUTHENTICATION) != "token":
            return ""
        return (
            f" They also die where this command has a token ({AUTHENTICATION}=token, which Ray sets by itself once "
            "there is ~/.ray/auth_token) and the cluster was started without one: then "
            f"{AUTHENTICATION}=disabled lets this command do without, too."
        )

    def _by_name(self, slot: str) -> _Actor:
        return next(actor for actor in self._actors.values() if actor.name == slot)


def import_ray() -> Any:
    """Ray, if it is installed.

    Raises:
        RequestError: which extra it takes.
    """
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise RequestError(
            "--on ray needs Ray, which is not installed: pip install 'whether[ray]'. "
            "Without it, --on local uses all of this machine."
        ) from error
    return ray


def running() -> str:
    """The address of a cluster that `ray start` made on this machine and that answers, or nothing.

    One that another process made for itself is none of ours: it ends with that process, under whoever had joined it.
    """
    from ray._private.utils import read_ray_address  # where `ray.init` looks, too, and then waits for minutes

    address = str(read_ray_address() or "")
    with suppress(RequestError):
        answers(address)
        return address
    return ""


def answers(address: str) -> None:
    """See that somebody listens at an address, since Ray itself waits for minutes.

    Raises:
        RequestError: when it is no address, or nobody does.
    """
    host, _, port = address.removeprefix("ray://").partition(":")
    port = port.partition("/")[0] or ("10001" if address.startswith("ray://") else "6379")
    if address in ("auto", "local"):
        return
    if not host or not port.isdecimal():
        raise RequestError(f"{address!r} is no address; expected ray://HOST:10001, or HOST:6379 in RAY_ADDRESS.")
    try:
        socket.create_connection((host, int(port)), timeout=REACHES_WITHIN).close()
    except OSError as error:
        raise _unreachable(address, f"{host}:{port}: {error.strerror or error}") from error


def _unreachable(address: str, why: str) -> RequestError:
    return RequestError(
        f"no Ray cluster answers at {address} ({why}). `ray start --head` starts one and prints its address; its "
        "client port, for ray://, is 10001. --on ray alone uses a cluster on this machine, or starts one for this run."
    )


def _refused(address: str, why: str) -> RequestError:
    if address == "local":
        return RequestError(f"Ray could not start a cluster on this machine ({why}). --on local works without one.")
    return RequestError(
        f"Ray could not connect to {address} ({why}). Where the cluster asks for a token: {AUTHENTICATION}=token sends "
        "that of ~/.ray/auth_token, which must be the cluster's. --on ray with RAY_ADDRESS=local starts a cluster for "
        "this run."
    )
