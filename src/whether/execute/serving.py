"""A worker that serves whoever is elsewhere: jobs come in writing, events go; the same for processes and Ray actors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch

from whether.execute import job as jobs
from whether.execute.contract import Failed, Joined, Slot, Told
from whether.execute.progress import Event, Note
from whether.execute.worker import Post, Say, Worker, failure_of
from whether.execute.workshop import Workshop
from whether.store.folder import Store


def employ(lab: Path, device: str, say: Say) -> Worker:
    """A worker over a lab, in a process of its own.

    Args:
        lab: the lab's folder.
        device: on which it trains; on a CPU its process computes on one thread.
        say: hears what it has to tell.

    Raises:
        WhetherError: when it cannot work there.
    """
    if device == "cpu":
        torch.set_num_threads(1)

    def tell(event: Event) -> None:
        if isinstance(event, Note):
            say(Told("", event.text))

    return Worker(Workshop(Store(lab), tell), device)


def serve(worker: Worker, take: Callable[[], bytes], say: Say) -> NoReturn:
    """Join, then carry out whatever comes, one job after the other.

    Args:
        worker: from `employ`.
        take: gives the next job, when there is one.
        say: hears of what happens; who hears knows the slot by itself.
    """
    say(Joined("", Slot("", worker.host, worker.device.type, worker.profile)))
    while True:
        data = take()
        try:
            job = jobs.decode(data)
        except Exception as error:
            say(Failed("", jobs.number(data), failure_of(error)))
            continue
        worker.carry_out(job, Post("", say))
