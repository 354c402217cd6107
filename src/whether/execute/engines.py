"""Executors by name: what `--on` says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whether.errors import RequestError, unknown

if TYPE_CHECKING:
    from whether.execute.contract import Executor
    from whether.execute.workshop import Workshop

NAMES = ("inprocess", "local", "ray", "slurm")


def check(on: str) -> None:
    """See that `on` names an executor, before anything is made for it.

    Args:
        on: "inprocess", "local" or "local:WORKERS", "ray" (a running cluster, else one on this machine), or the
            address of a cluster's client port, "ray://HOST:10001".

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
    elif word not in ("inprocess", "local") or (word == "inprocess" and colon):
        hint = "--on local:4 is four workers; --on ray://HOST:10001 is a cluster's address."
        raise unknown("executor", on, NAMES, hint)


def engine(on: str, workshop: Workshop) -> Executor:
    """The executor that `on` names.

    Args:
        on: as `check` takes it.
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
