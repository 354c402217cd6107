"""What a driver says of work that goes on, and of work that cannot."""

from __future__ import annotations

from whether.errors import DamagedPieceError, DamageError, RequestError, WhetherError, WorkError
from whether.execute.contract import Failure, Job
from whether.execute.doubts import MOST_TRIES
from whether.history.facts import MeasureFact
from whether.plan.board import Task


def label(job: Job) -> str:
    """What a job does, for people."""
    if not job.pieces:
        return f"measuring {len(job.measures)}"
    trajectory = job.pieces[0].trajectory
    return f"{trajectory.begin.model.name} on {trajectory.training.data_name.name}"


def damaged(failure: Failure) -> WhetherError:
    """A damaged piece is named, so that the lab can set it aside and the work be planned again."""
    error = failure.error()
    if failure.kind == "damaged" and isinstance(error, DamageError):
        return DamagedPieceError(failure.item, error)
    return error


def unmeasurable(fact: MeasureFact, failure: Failure) -> WhetherError:
    """A measure that cannot be taken, even alone."""
    if failure.kind == "raised":
        return failure.error()
    return WorkError(
        f"the measure {fact.name} of a {fact.state.model.name} failed {MOST_TRIES} times alone: {failure.message}. "
        "What was trained stays."
    )


def elsewhere(fact: MeasureFact, here: str) -> RequestError:
    """A time that a slot on another machine than the one that asked was to take."""
    return RequestError(
        f"{fact.name} is a time of the machine that asked ({fact.taken_on}), and the slot that was to take it is on "
        f"another ({here}). What was trained stays: run the command again on the machine whose times you want, with "
        "--on inprocess or --on local."
    )


def hopeless(task: Task, failure: Failure) -> WhetherError:
    """A kind of network of which none can be trained."""
    model = task.piece.trajectory.begin.model.name
    if failure.kind == "memory":
        return WorkError(f"the network {model} does not fit into memory, even alone: {failure.message}")
    if failure.kind == "raised":
        return failure.error()
    return WorkError(
        f"every slot that trained {model} was lost ({failure.message}). What was trained stays. If a network needs "
        "more memory than there is, the system ends its process: see its log, or take a smaller batch."
    )
