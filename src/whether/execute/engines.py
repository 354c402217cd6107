"""Executors by name: what `--on` says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whether.errors import RequestError, unknown

if TYPE_CHECKING:
    from whether.execute.contract import Executor
    from whether.execute.workshop import Workshop

NAMES = ("auto", "inprocess", "local", "ray", "slurm")
PROCESSES_PAY = 20.0
"""Seconds of work for each core from which on processes pay: lanes of one process wait for one another between the
kernels of small networks (`docs/performance.md`), and a process takes two seconds to begin."""


def suited(seconds: float, begun_at_once: int) -> str:
    """What trains when nobody says what: lanes of this process for short work, processes for long.

    Both compute on this machine's CPU and give the same bits. Lanes stay where PyTorch was told to use one thread.

    Args:
        seconds: of one core that the work will take, as far as it is known when it begins: what later looks ask for is
            not.
        begun_at_once: pieces that wait for no other: a lone chain is trained by one lane on all cores.
    """
    import torch

    lanes = torch.get_num_threads()
    pays = lanes > 1 and begun_at_once >= lanes and seconds / lanes >= PROCESSES_PAY
    return "local" if pays and not torch.cuda.is_available() else "inprocess"


def check(on: str) -> None:
    """See that `on` names an executor, before anything is made for it.

    Args:
        on: "auto" (as `suited` finds), "inprocess", "local" or "local:WORKERS", "ray" (a running cluster, else one on
            this machine), or the address of a cluster's client port, "ray://HOST:10001".

    Raises:
        RequestError: when it names none, Ray is not installed, or nobody answers at the address.
    """
    word, colon, count = on.partition(":")
    if word == "local" and colon and not (count.isdecimal() and int(count)):
        raise RequestError(f"--on {on}: expected a number of workers after the colon, such as local:4.")
    if word == "slurm":
        raise RequestError(
            "--on slurm trains nothing by itself: `whether run NAME --on slurm --print` prints a batch script, which "
            "`sbatch` takes."
        )
    if word == "ray" and (not colon or count.startswith("//")):
        from whether.execute.cluster import answers, import_ray

        import_ray()
        answers(on if colon else os.environ.get("RAY_ADDRESS") or "auto")
    elif word not in ("auto", "inprocess", "local") or (word != "local" and colon):
        hint = "--on local:4 is four workers; --on ray://HOST:10001 is a cluster's address."
        raise unknown("executor", on, NAMES, hint)


def engine(on: str, workshop: Workshop) -> Executor:
    """The executor that `on` names.

    Args:
        on: as `check` takes it; "auto" is "inprocess" here.
        workshop: over the lab.

    Raises:
        RequestError: as `check` does.
    """
    check(on)
    word, _, count = on.partition(":")
    if word == "local":
        from whether.execute.local import Local

        return Local(workshop.store, workers=int(count) if count else None)
    if word == "ray":
        from whether.execute.cluster import RayCluster

        return RayCluster(workshop.store, address=on if count else None)
    from whether.execute.inprocess import InProcess

    return InProcess(workshop)
