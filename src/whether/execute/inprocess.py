"""The in-process executor: slots are lanes, threads of this process with one core each.

A lane trains one pack on one core. Two lanes do as much as one pack on two cores, and where other programs want the
cores too they do more: they never wait for one another. A pack that is alone gets all the cores, in the first lane and
nowhere else: where two threads each have a team of OpenMP's, that library takes the machine for overloaded and lets
every team sleep between kernels, which costs more than the cores bring (`docs/performance.md`).
"""

from __future__ import annotations

import heapq
import platform
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch

from whether.execute.contract import Ended, Event, Failed, Job, Joined, Slot
from whether.execute.worker import Post, Worker
from whether.execute.workshop import Workshop


class InProcess:
    """Lanes in this process.

    Args:
        workshop: over the lab.
        lanes: how many; by default as many as PyTorch has threads.
    """

    shares_process = True

    def __init__(self, workshop: Workshop, lanes: int | None = None) -> None:
        self.worker = Worker(workshop)
        self._cores = torch.get_num_threads()
        self._lanes = lanes or self._cores
        self._pools: list[ThreadPoolExecutor] = []
        self._idle: list[int] = []
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Make the lanes."""
        self._stopping.clear()
        torch.set_num_threads(1)
        self._pools = [
            ThreadPoolExecutor(
                1, thread_name_prefix=f"lane {lane + 1}", initializer=torch.set_num_threads, initargs=(1,)
            )
            for lane in range(self._lanes)
        ]
        self._idle = list(range(self._lanes))
        for lane in self._idle:
            slot = Slot(f"lane {lane + 1}", platform.node(), self.worker.device.type, self.worker.profile)
            self._events.put(Joined(slot.name, slot))

    def give(self, slot: str, job: Job) -> None:
        """Let a lane carry a job out: the first that is idle, whatever the slot is called."""
        with self._lock:
            lane = heapq.heappop(self._idle)
        self._pools[lane].submit(self._carry_out, lane, slot, job)

    def events(self, timeout: float) -> list[Event]:
        """What happened since the last call; waits for the first.

        Raises:
            BaseException: what ended a lane and is no error of its job: nobody would ever hear of it otherwise.
        """
        found: list[Event] = []
        try:
            told = self._events.get(timeout=timeout) if timeout > 0 else self._events.get_nowait()
            while True:
                if isinstance(told, BaseException):
                    raise told
                found.append(told)
                told = self._events.get_nowait()
        except queue.Empty:
            return found

    def drop(self, slot: str, because: str) -> None:
        """A thread cannot be taken away from what it does; whoever waits for it can press Ctrl-C."""

    def stop(self) -> None:
        """Lanes end at their next step."""
        self._stopping.set()
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools = []
        torch.set_num_threads(self._cores)

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def _carry_out(self, lane: int, slot: str, job: Job) -> None:
        def say(event: Event) -> None:
            if isinstance(event, (Ended, Failed)):
                with self._lock:
                    heapq.heappush(self._idle, lane)
            self._events.put(event)

        def threads() -> int:
            busy = self._lanes - len(self._idle)
            return max(1, self._cores // max(1, busy)) if lane == 0 else 1

        try:
            self.worker.carry_out(job, Post(slot, say, self._stopping.is_set, threads))
        except BaseException as error:
            self._events.put(error)
