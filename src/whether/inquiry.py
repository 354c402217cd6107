"""Asking a lab about one piece of work: what it is, how it came to be, why it would train again, how two differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from whether.answer import DONE, FAILED
from whether.answered import Answered
from whether.errors import DamageError, RequestError, unknown
from whether.history import wire
from whether.history.difference import Difference, differences
from whether.history.facts import Fact, MeasureFact, Point, Trajectory
from whether.history.recorded import collect
from whether.history.sentence import label, sentence
from whether.history.walk import parents_first
from whether.plan.demand import nearest_points
from whether.plan.plan import Asked
from whether.store.folder import Store

STANDS = "nothing: it stands. Another history is another piece: `whether diff` says in what two differ"


def why(store: Store, prefix: str, asked: Sequence[Asked] = ()) -> dict[str, Any]:
    """What a piece is, by the beginning of its digest.

    Args:
        store: the lab's.
        prefix: of the digest of a point, a measure or a trajectory.
        asked: questions whose pieces are known, too, though nothing of them may stand.

    Returns:
        The fields of its record, if it has one, and "label", "sentence", "named_by" (answers), "would_train_again_for".

    Raises:
        RequestError: when nothing, or more than one, begins so.
    """
    known = {fact.digest: fact for fact in _facts(asked)}
    digest = _named(store, prefix, known)
    fact, untold = known.get(digest), ""
    if fact is None:
        try:
            fact = fact_of(store, digest)
        except RequestError as error:
            untold = str(error)
    told: dict[str, Any] = {"digest": digest, "kind": fact.tag if fact is not None else "piece"}
    if store.records.has(digest):
        told |= store.records.read(digest)
        told["state_stands"] = store.states.has(digest)
    told.pop("history", None)
    if fact is not None:
        stops = [point for point in known.values() if isinstance(point, Point) and point.trajectory is fact]
        last = max(stops, key=lambda point: point.at, default=fact)
        told |= {"label": label(fact), "sentence": "" if isinstance(last, Trajectory) else sentence(last)}
        if stops:
            told["stops"] = sorted(point.at for point in stops)
    if untold:
        told["sentence_untold"] = untold
    told["named_by"] = list(_named_by(store, digest))
    told["would_train_again_for"] = list(_again(store, digest, told, fact))
    return told


def diff(store: Store, a: str, b: str) -> list[Difference]:
    """In what the histories of two recorded pieces differ, the most upstream difference first.

    Args:
        store: the lab's.
        a, b: beginnings of the digests of points or measures.

    Raises:
        RequestError: when nothing, or more than one, begins so, or a record does not say how it came to be.
    """
    one, other = (fact_of(store, _named(store, prefix, {})) for prefix in (a, b))
    return differences(one, other)


def fact_of(store: Store, digest: str) -> Fact:
    """What a record is of, with its whole history.

    Raises:
        RequestError: when a record on the way is missing, or does not say how it came to be.
        DamageError: when one is damaged.
    """

    def record(name: str) -> Mapping[str, Any] | None:
        return store.records.read(name) if store.records.has(name) else None

    return wire.read(collect(digest, record))[digest]


def _facts(asked: Iterable[Asked]) -> Iterator[Fact]:
    """The points, trajectories and measures of questions."""
    wanted = [fact for item in asked for row in item.arms for _, fact in row]
    return (fact for fact in parents_first(wanted) if isinstance(fact, (Point, Trajectory, MeasureFact)))


def _named(store: Store, prefix: str, known: Mapping[str, Fact]) -> str:
    """The one digest that begins so, among records and what is known beside them."""
    start = prefix.lower()
    found = sorted({name for name in (*store.records.listing(), *known) if name.startswith(start)})
    if not found:  # a trajectory, perhaps: its points say so
        found = sorted(name for name in store.records.listing() if _trajectory(store, name).startswith(start))[-1:]
    if not found:
        hint = "No record of this lab begins so; `whether status` counts what it has."
        if not known:
            hint += f" A piece that was planned and not trained is known with its question: whether why {prefix} NAME."
        raise unknown("digest", prefix, (), hint)
    if len(found) > 1:
        some = ", ".join(name[:12] for name in found[:4])
        raise RequestError(f"{len(found)} records begin with {prefix!r} ({some}, …); give more of the digest.")
    return found[0]


def _trajectory(store: Store, name: str) -> str:
    try:
        return str(store.records.read(name).get("trajectory", ""))
    except DamageError:
        return ""  # another piece's trouble; verify tells


def _named_by(store: Store, digest: str) -> Iterator[str]:
    """The answers whose runs name a piece: each with its folder."""
    for folder, answer in Answered(store).listing():
        if any(digest in (run.state, run.measure) for run in answer.table):
            yield f"{answer.name} ({folder.name})"


def _again(store: Store, digest: str, told: Mapping[str, Any], fact: Fact | None) -> Iterator[str]:
    """Why a piece would be made at the next run that needs it; each reason is one of this very piece."""
    if not store.records.has(digest):
        yield from _not_made(store, fact)
        return
    if told.get("outcome") == FAILED:
        yield f"it always failed ({told.get('error', '')}): `whether retry {digest[:12]}` does it again"
        return
    again = []
    if "state" in told and not told["state_stands"]:
        again.append("its state was dropped: a question that needs these weights trains them again")
    going_on = told.get("kind") == "point" and told.get("outcome") == DONE and "optimizer" not in told
    if going_on and isinstance(fact, Point) and fact.at < fact.trajectory.training.total:
        again.append("its optimiser's state was not kept: a question that trains on from here trains it again")
    yield from again or [STANDS]
    profiles = store.profiles.listing()
    if told.get("profile") and told["profile"] not in profiles:
        yield f"(its profile {told['profile'][:12]} is not in this lab: it was made elsewhere)"


def _not_made(store: Store, fact: Fact | None) -> Iterator[str]:
    yield "it has no record in this lab: the next run that needs it makes it"
    begin = fact.begin if isinstance(fact, Trajectory) else fact
    if isinstance(begin, Point):
        begin = begin.trajectory.begin
    waits = nearest_points(begin) if begin is not None else []
    for point in (point for point in waits if not store.records.has(point.digest)):
        yield f"it waits for {point.digest[:12]}, {label(point)}, which has none either"
