"""Failed pieces once more: what is recorded as failed is set aside and done again, with all that began from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from whether.answer import FAILED
from whether.campaign import Campaign, Means
from whether.errors import DamageError, RequestError
from whether.execute.progress import Listener
from whether.history import wire
from whether.history.facts import Fact, MeasureFact, Point
from whether.history.recorded import collect
from whether.store.clean import quarantine
from whether.store.folder import Store


@dataclass(frozen=True)
class Retried:
    """What was done again.

    Attributes:
        points, measures: digests of what had failed.
        still: those of them that failed again.
    """

    points: list[str]
    measures: list[str]
    still: list[str]


def failed(store: Store, progress: Callable[[int, int], None] = lambda _done, _of: None) -> dict[str, dict[str, Any]]:
    """Every record of a failure in a lab, by digest.

    Args:
        store: the lab's.
        progress: hears how many records were read, and how many there are.
    """
    names = sorted(store.records.listing())
    found = {}
    for done, name in enumerate(names):
        progress(done, len(names))
        try:
            record = store.records.read(name)
        except DamageError:
            continue  # `whether verify` tells
        if record.get("outcome") == FAILED:
            found[name] = record
    progress(len(names), len(names))
    return found


def chosen(
    store: Store, prefixes: Iterable[str], progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[Fact]:
    """The failed points and measures that are meant: all of them, or those that begin with one of the prefixes
    (of a record or its trajectory) and all that began from those.

    Raises:
        RequestError: when a prefix means none, or a record does not say how it came to be.
    """
    records = failed(store, progress)
    facts = {name: _fact(store, name) for name in records}
    wanted: set[str] = set()
    for prefix in prefixes:
        meant = {
            name
            for name, record in records.items()
            if name.startswith(prefix.lower()) or str(record.get("trajectory", "")).startswith(prefix.lower())
        }
        if not meant:
            count = f"{len(records)} others failed" if records else "nothing failed in this lab"
            raise RequestError(
                f"nothing that failed begins with {prefix!r}; {count}. `whether why {prefix}` tells more."
            )
        wanted |= meant
    if not wanted:
        return list(facts.values())
    behind = {name: set(wire.written([fact])) for name, fact in facts.items()}
    trajectories = {str(records[name].get("trajectory", name)) for name in wanted}
    return [facts[name] for name in facts if name in wanted or behind[name] & (wanted | trajectories)]


def retry(store: Store, facts: list[Fact], tell: Listener, means: Means | None = None) -> Retried:
    """Set failures aside and do their work again.

    Args:
        store: the lab's.
        facts: from `chosen`.
        tell: hears of progress.
        means: with what to work.

    Raises:
        RequestError, WorkError: as a run does; what was set aside is then missing, and the next run makes it.
    """
    from whether.execute.stock import LabStock
    from whether.plan.plan import plan_states

    points = [fact for fact in facts if isinstance(fact, Point)]
    measures = [fact for fact in facts if isinstance(fact, MeasureFact)]
    for fact in facts:
        quarantine(store, fact.digest)
    campaign = Campaign(store, tell, means, record_failures=True)
    campaign.make(lambda: plan_states(points, LabStock(store)), lambda _workshop: None)
    if measures:
        campaign.measure(measures)
    still = [fact.digest for fact in facts if _outcome(store, fact.digest) == FAILED]
    return Retried([fact.digest for fact in points], [fact.digest for fact in measures], still)


def inline(store: Store, fact: Fact, tell: Listener) -> None:
    """Do one failed piece in this thread, on one core, and let what it raises through: for a debugger.

    Raises:
        Exception: whatever the piece raises.
    """
    from whether.execute.stock import LabStock
    from whether.execute.worker import Post, Worker
    from whether.execute.workshop import Workshop
    from whether.plan.plan import plan_measures, plan_states

    quarantine(store, fact.digest)
    stock = LabStock(store)
    worker = Worker(Workshop(store, tell))
    post = Post("inline", lambda _event: None, threads=lambda: 1)
    if isinstance(fact, MeasureFact):
        plan = plan_measures([fact], stock)
        worker.do(plan.pieces, plan.missing, post)
    elif isinstance(fact, Point):
        worker.do(plan_states([fact], stock), (), post)


def _fact(store: Store, name: str) -> Fact:
    def record(digest: str) -> dict[str, Any] | None:
        return store.records.read(digest) if store.records.has(digest) else None

    return wire.read(collect(name, record))[name]


def _outcome(store: Store, digest: str) -> str:
    return str(store.records.read(digest).get("outcome")) if store.records.has(digest) else "missing"
