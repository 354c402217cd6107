"""Asking a lab about one piece of work: what it is, how it came to be, why it would train again, how two differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

from whether.answer import DONE, FAILED, Answer, Run
from whether.answered import Answered
from whether.contrast import designs
from whether.errors import DamageError, RequestError, unknown
from whether.history import wire
from whether.history.difference import Difference, differences
from whether.history.facts import Fact, MeasureFact, Point
from whether.history.recorded import collect
from whether.history.sentence import label, sentence
from whether.history.walk import parents_first
from whether.plan.demand import nearest_points
from whether.plan.plan import Asked
from whether.store.folder import Store
from whether.store.verify import dropped_states

LAST = "@last"
LIBRARIES = ("torch", "numpy")
STANDS = "nothing: it stands. Another history is another piece: `whether diff` says in what two differ"


def why(store: Store, prefix: str, asked: Sequence[Asked] = ()) -> dict[str, Any]:
    """What a piece is, by the beginning of its digest.

    Args:
        store: the lab's.
        prefix: of the digest of a point, a measure or a trajectory. A trajectory means its last stop, or of those that
            `asked` plans the first one without a record.
        asked: questions whose pieces are known, too, though nothing of them may stand.

    Returns:
        The fields of its record, if it has one, and "label", "sentence", "stops" (those of its trajectory that stand or
        are planned), "machine", "named_by" (answers), "would_train_again_for".

    Raises:
        RequestError: when nothing, or more than one, begins so.
    """
    known = {fact.digest: fact for fact in _facts(asked)}
    digest = _named(store, prefix, known)
    fact, untold = known.get(digest), ""
    if fact is None:
        try:
            fact = fact_of(store, digest)
        except (RequestError, DamageError) as error:
            untold = str(error)
    told: dict[str, Any] = {"digest": digest, "kind": fact.tag if fact is not None else "piece"}
    again: Iterable[str] = ()
    try:
        record = store.records.read(digest) if store.records.has(digest) else None
    except DamageError as error:
        told["outcome"] = "damaged"
        again = [f"{error} The next run that needs it sets it aside and makes it again."]
    else:
        lost = _lost(store, digest, record or {})
        told |= {name: value for name, value in (record or {}).items() if name != "history"}
        if record is not None:
            told |= {"state_stands": "state" in record and not lost, "machine": _machine(store, record)}
        again = _not_made(store, fact) if record is None else _again(store, record, lost, fact)
    if fact is not None:
        told |= _told(store, fact, known.values())
    if untold:
        told["sentence_untold"] = untold
    told["named_by"] = list(_named_by(store, digest))
    told["would_train_again_for"] = list(again)
    return told


def diff(store: Store, a: str, b: str) -> list[Difference]:
    """In what the histories of two recorded pieces differ, the most upstream difference first; or two answers' designs.

    Args:
        store: the lab's.
        a, b: beginnings of the digests of points or measures, or names of answers: that of a question for its newest
            one, that of a folder in answers/, or @last.

    Raises:
        RequestError: when nothing, or more than one, begins so, or a record does not say how it came to be.
    """
    answers = [_answer(store, name) for name in (a, b)]
    if answers[0] is not None and answers[1] is not None:
        return designs(answers[0], answers[1], partial(fact_of, store))
    for name, unknown_, answer in ((a, b, answers[0]), (b, a, answers[1])):
        if answer is not None:
            raise RequestError(
                f"{name} is an answer, and {unknown_} is none; compare two answers, or two digests (those of an "
                "answer's runs stand in runs.csv beside its report)."
            )
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
    """The points and measures of questions."""
    wanted = [fact for item in asked for fact in item.wanted]
    return (fact for fact in parents_first(wanted) if isinstance(fact, Point | MeasureFact))


def _named(store: Store, prefix: str, known: Mapping[str, Fact]) -> str:
    """The one point or measure that is meant, among records and what is known beside them."""
    start = prefix.lower()
    pieces = {*store.records.listing(), *known}
    courses = _courses(
        (fact.trajectory.digest, fact.at, name) for name, fact in known.items() if isinstance(fact, Point)
    )
    found = sorted(name for name in {*pieces, *courses} if name.startswith(start))
    if not found:  # a trajectory that only records know
        courses = _courses(_recorded_stops(store))
        found = sorted(name for name in courses if name.startswith(start))
    if not found:
        hint = "No record of this lab begins so; `whether status` counts what it has."
        if not known:
            hint += f" A piece that was planned and not trained is known with its question: whether why {prefix} NAME."
        raise unknown("digest", prefix, (), hint)
    if len(found) > 1:
        some = ", ".join(name[:12] for name in found[:4])
        raise RequestError(f"{len(found)} records begin with {prefix!r} ({some}, …); give more of the digest.")
    if found[0] in pieces:
        return found[0]
    stops = courses[found[0]]
    return stops[min((at for at, name in stops.items() if not store.records.has(name)), default=max(stops))]


def _courses(stops: Iterable[tuple[str, int, str]]) -> dict[str, dict[int, str]]:
    """The points of each trajectory by their steps."""
    found: dict[str, dict[int, str]] = {}
    for trajectory, at, name in stops:
        found.setdefault(trajectory, {})[at] = name
    return found


def _recorded_stops(store: Store) -> Iterator[tuple[str, int, str]]:
    for name in store.records.listing():
        try:
            record = store.records.read(name)
        except DamageError:
            continue  # another piece's trouble; verify tells
        if record.get("kind") == "point":
            yield str(record["trajectory"]), int(record["step"]), name


def _named_by(store: Store, digest: str) -> Iterator[str]:
    """The answers whose runs name a piece: each with its folder."""
    for folder, answer in Answered(store).listing():
        if any(digest == run.measure or digest in rests_on(store, run) for run in answer.table):
            yield f"{answer.name} ({folder.name})"


def rests_on(store: Store, run: Run) -> set[str]:
    """The trained networks that a run's number was taken of: its own, and those that it was compared with."""
    try:
        parents = store.records.read(run.measure).get("parents", {}) if store.records.has(run.measure) else {}
    except DamageError:
        parents = {}  # verify tells
    return {run.state, *parents}


def _answer(store: Store, name: str) -> Answer | None:
    """The answer that a name means; None for what is no name of one."""
    answered = Answered(store)
    if name == LAST:
        folder = store.answers.latest()
        return answered.read(folder) if folder is not None else None
    found = [answer for folder, answer in answered.listing() if name in (answer.name, folder.name)]
    return found[-1] if found else None


def _told(store: Store, fact: Fact, known: Iterable[Fact]) -> dict[str, Any]:
    """What a fact is, in words, and at which steps its trajectory stops."""
    told: dict[str, Any] = {"label": label(fact), "sentence": sentence(fact)}
    if isinstance(fact, Point):
        records, trajectory = store.records.listing(), fact.trajectory
        steps = range(trajectory.begin.step + 1, trajectory.training.total + 1)
        standing = {at for at in steps if Point(trajectory=trajectory, at=at).digest in records}
        planned = {
            point.at for point in known if isinstance(point, Point) and point.trajectory.digest == trajectory.digest
        }
        told["stops"] = sorted(standing | planned)
    return told


def _lost(store: Store, digest: str, record: Mapping[str, Any]) -> str:
    """Why the state that a record names is not there to be used; empty when it is, or when there is none."""
    if "state" not in record:
        return ""
    sha256 = record["state"]["sha256"]
    try:
        store.states.read(digest, sha256)
    except DamageError as error:
        if store.states.has(digest):
            return f"its state is damaged ({error.place}): the next run that needs these weights trains them again"
        dropped = dropped_states(store.ledger.sound(), "state").get(digest) == sha256
        how = "was dropped by `whether clean`" if dropped else "is missing, and no `whether clean` dropped it"
        return f"its state {how}: a question that needs these weights trains them again"
    return ""


def _again(store: Store, record: Mapping[str, Any], lost: str, fact: Fact | None) -> Iterator[str]:
    """Why a recorded piece would be made again; each reason is one of this very piece."""
    digest = record["digest"]
    if record.get("outcome") == FAILED:
        yield _failed(store, digest, fact)
        return
    again = [lost] if lost else []
    goes_on = isinstance(fact, Point) and fact.at < fact.trajectory.training.total and record.get("outcome") == DONE
    if goes_on and ("optimizer" not in record or not store.states.has(digest, "optimizer")):
        how = "was dropped" if "optimizer" in record else "was not kept"
        again.append(f"its optimiser's state {how}: a question that trains on from here trains it again")
    yield from again or [STANDS]
    profile = str(record.get("profile", ""))
    if profile and profile not in store.profiles.listing():
        yield f"(its profile {profile[:12]} is not in this lab: it was made elsewhere)"
    elif other := _other_versions(store, record):
        yield f"(it was made with {other}: made again, it would have other bits; an answer of both says so)"


def _failed(store: Store, digest: str, fact: Fact | None) -> str:
    """Who failed first, and what to do: what only began from it would fail again, retried alone."""
    for point in parents_first([fact] if fact is not None else []):
        if isinstance(point, Point) and point is not fact and _outcome(store, point.digest) == FAILED:
            name = point.digest[:12]
            return f"it rests on {name}, {label(point)}, which always failed: `whether retry {name}` does both again"
    return f"it always failed: `whether retry {digest[:12]}` does it again"


def _outcome(store: Store, digest: str) -> str:
    try:
        return str(store.records.read(digest).get("outcome", ""))
    except DamageError:
        return ""  # damaged, or gone


def _machine(store: Store, record: Mapping[str, Any]) -> str:
    """On what a piece was made, for people."""
    machine = _profile(store, record)
    said = [str(machine.get("capability") or machine.get("device", ""))] if machine else []
    said += [f"{name} {machine[name]}" for name in LIBRARIES if name in machine]
    return ", ".join(filter(None, [str(record.get("host", "")), *said]))


def _other_versions(store: Store, record: Mapping[str, Any]) -> str:
    """The libraries that a piece was made with and this machine has otherwise."""
    machine = _profile(store, record)
    # What follows a "+" is the device that a build is for; the package's own version leaves it out at times.
    pairs = [(name, str(machine[name]).partition("+")[0], _installed(name)) for name in LIBRARIES if name in machine]
    return ", ".join(f"{name} {there}, where this machine has {here}" for name, there, here in pairs if there != here)


def _profile(store: Store, record: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = store.profiles.read(str(record["profile"])).get("machine", {})
    except (DamageError, KeyError, ValueError):
        return {}  # made elsewhere, or damaged: verify tells
    return found


def _installed(package: str) -> str:
    return version(package).partition("+")[0]


def _not_made(store: Store, fact: Fact | None) -> Iterator[str]:
    """Why a piece without record is not there yet."""
    yield "it has no record in this lab: the next run that needs it makes it"
    behind = fact
    if isinstance(fact, Point):
        behind = fact.trajectory.begin
        by = store.claims.held_by(fact.trajectory.digest)
        if by is not None and by["alive"] is not False:
            yield f"another command is at it now (process {by.get('pid', '?')} on {by.get('host', '?')})"
        if store.work.read(fact.trajectory.digest) is not None:
            yield "it was begun: a checkpoint stands, from which it goes on"
    for point in nearest_points(behind) if behind is not None else []:
        if not store.records.has(point.digest):
            yield f"it waits for {point.digest[:12]}, {label(point)}, which has none either"
