"""In what two histories differ: the question of a researcher whose two networks did not share their training.

Two histories are walked beside one another from their beginnings. What is equal by digest is passed over whole; of what
differs, the fields that are said differently are told, each once and the most upstream first. What merely follows
(every state after a changed learning rate is another state) is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from whether.data.cards import Data
from whether.history import facts
from whether.history.courses import aligned, course, fit
from whether.history.events import told
from whether.history.facts import Fact
from whether.history.phrases import fraction_text, optimizer_text, schedule_text
from whether.history.resolved import NAMES
from whether.history.walk import mask_before
from whether.seeds import Seed

Walk = Iterator[Any]
"""A comparison as a generator of the comparisons that it needs done first: depth costs no recursion."""
F = TypeVar("F", bound=Fact)
Looks = facts.Training | facts.MeasureFact | facts.PrunedMask | facts.Perturbed


@dataclass(frozen=True)
class Difference:
    """One thing that two histories say differently.

    Attributes:
        path: where, for people: "train › optimizer › lr".
        a, b: what each of them says.
    """

    path: str
    a: str
    b: str

    def __str__(self) -> str:
        return f"{self.path}: {self.a} | {self.b}"


def differences(a: Fact, b: Fact) -> list[Difference]:
    """In what two facts differ, the most upstream difference first; nothing when they are the same.

    Args:
        a, b: states, masks, measures, or parts of them.

    Example:
        >>> from whether.seeds import Seed
        >>> model = facts.Model(name="mlp-2", shape=(2,), classes=2, options={})
        >>> one, other = (facts.Start(architecture=model, init="pytorch", seed=Seed(seed)) for seed in (1, 2))
        >>> print(differences(one, other)[0])
        start › seed: 0000000000000001 | 0000000000000002
    """
    comparison = _Comparison()
    waiting: list[Walk] = [comparison.pair(a, b, ())]
    while waiting:
        first = next(waiting[-1], None)
        if first is None:
            waiting.pop()
        else:
            waiting.append(first)
    return comparison.told()


class _Comparison:
    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._rows: dict[tuple[tuple[str, ...], str, str], tuple[str, ...]] = {}
        """What is said differently, and how: under which part of the history it was found, the shortest way."""
        self._rounds: dict[str, int] = {}

    def told(self) -> list[Difference]:
        """What was found, without what follows from other data."""
        data = any("data" in what for what, _, _ in self._rows)
        return [
            Difference(" › ".join((*where, *what)), a, b)
            for (what, a, b), where in self._rows.items()
            if not (data and what[-1] in ("shape", "classes", "task"))
        ]

    def tell(self, where: tuple[str, ...], what: tuple[str, ...], a: str, b: str) -> None:
        """Take down a difference, if it is one, once."""
        if a != b:
            before = self._rows.get((what, a, b))
            self._rows[what, a, b] = where if before is None or len(where) < len(before) else before

    def is_new(self, a: Fact, b: Fact) -> bool:
        """Whether two facts differ and were not compared before; they are marked as compared."""
        pair = a.digest, b.digest
        if pair[0] == pair[1] or pair in self._seen:
            return False
        self._seen.add(pair)
        return True

    def pair(self, a: Fact, b: Fact, where: tuple[str, ...]) -> Walk:
        """Compare two facts of any kinds."""
        match a, b:
            case facts.State(), facts.State():
                yield self.states(a, b, where)
            case facts.MaskFact(), facts.MaskFact():
                yield self.masks(a, b, where)
            case facts.MeasureFact(), facts.MeasureFact():
                if self.is_new(a, b):
                    self.measures(a, b, where)
                    yield self.pair(a.state, b.state, where)
                    yield self._seconds(a.other, b.other, (*where, "compared with"))
                    yield from self._parts(a, b, where)
            case facts.MeasureFact(state=state), _:
                self.tell(where, ("asked for",), a.name, "itself")
                yield self.pair(state, b, where)
            case _, facts.MeasureFact(state=state):
                self.tell(where, ("asked for",), "itself", b.name)
                yield self.pair(a, state, where)
            case facts.Trajectory(), facts.Trajectory():
                yield self.pair(a.begin, b.begin, where)
                self.trainings(a, b, where)
            case facts.Training(), facts.Training():
                self.recipes(a, b, where)
            case facts.Model(), facts.Model():
                self.models(a, b, where)
            case _:
                self.tell(where, ("kind",), a.tag, b.tag)

    def states(self, a: facts.State, b: facts.State, where: tuple[str, ...]) -> Walk:
        """Compare two courses of events, from the first that differs."""
        for ours, others in self._beside(a, b, lambda state: state.before, _event, _kind):
            if not fit(ours, others):
                self.tell(where, (_when(ours, others, a, b),), told(ours), told(others))
                continue
            match ours[0], others[0]:
                case facts.Start() as one, facts.Start() as other:
                    self.models(one.architecture, other.architecture, where)
                    self.tell(where, ("start", "init"), one.init, other.init)
                    self.tell(where, ("start", "seed"), one.seed.hex, other.seed.hex)
                case facts.Point() as one, facts.Point() as other:
                    self.trainings(one.trajectory, other.trajectory, where)
                    if not (_ends(one) and _ends(other)):
                        self.tell(where, ("train", "until"), f"{one.at}it", f"{other.at}it")
                case facts.Wearing() as one, facts.Wearing() as other:
                    yield self.masks(one.worn, other.worn, where)
                    kept = ("keep" if item.keep_optimizer else "reset" for item in (one, other))
                    self.tell(where, ("masked", "optimizer"), *kept)
                case facts.Redrawn() as one, facts.Redrawn() as other:
                    self.tell(where, ("drawn again", "seed"), one.seed.hex, other.seed.hex)
                    self.tell(where, ("drawn again", "keep"), one.keep, other.keep)
                case _, _:
                    yield from self._changes(ours[0], others[0], where)

    def _changes(self, a: facts.State, b: facts.State, where: tuple[str, ...]) -> Walk:
        """Compare two steps of a history that are neither training nor drawing nor masks."""
        match a, b:
            case facts.Loaded() as one, facts.Loaded() as other:
                self.models(one.architecture, other.architecture, where)
                self.tell(where, ("file", "content"), one.content[:12], other.content[:12])
                self.tell(where, ("file", "init"), one.init, other.init)
            case facts.Perturbed() as one, facts.Perturbed() as other:
                self.tell(where, ("perturbed",), one.how, other.how)
                for name in ("seed", "examples"):
                    self.tell(where, ("perturbed", name), _text(getattr(one, name)), _text(getattr(other, name)))
                self._mappings(where, ("perturbed", "options"), one.options, other.options)
                self._looked_at(where, ("perturbed",), one, other)
                if one.how == other.how:
                    self.tell(where, ("perturbed", f"code of {one.how}"), _code(one.code), _code(other.code))
                yield self._seconds(one.other, other.other, (*where, "the other network"))
            case facts.Holding() as one, facts.Holding() as other:
                self.tell(where, ("only", "trains"), one.trains, other.trains)
                self.tell(where, ("only", "seed"), _text(one.seed), _text(other.seed))
                self.tell(where, ("only", "code"), _code(one.code), _code(other.code))
            case facts.Clocked() as one, facts.Clocked() as other:
                self.tell(where, ("rate rewound to",), f"{one.at}it", f"{other.at}it")

    def masks(self, a: facts.MaskFact, b: facts.MaskFact, where: tuple[str, ...]) -> Walk:
        """Compare two masks, from the first round that differs."""
        rounds = self._round(a), self._round(b)
        for ours, others in self._beside(a, b, mask_before, _kind):
            if not fit(ours, others):
                if all(map(_prunes, (*ours, *others))):
                    self.tell(where, ("mask", "rounds of pruning"), *map(str, rounds))
                else:
                    self.tell(where, ("mask", _when(ours, others, a, b)), told(ours), told(others))
                continue
            match ours[0], others[0]:
                case facts.PrunedMask() as one, facts.PrunedMask() as other:
                    self._pruned(one, other, where)
                    yield self._seconds(one.since, other.since, (*where, "since"))
                    inside = f"pruned in round {self._round(one)}" if max(rounds) > 1 else "pruned"
                    yield self.states(one.state, other.state, (*where, inside))
                case facts.ShuffledMask() as one, facts.ShuffledMask() as other:
                    self.tell(where, ("mask", "shuffled", "seed"), one.seed.hex, other.seed.hex)
                    self.tell(where, ("mask", "shuffled", "scope"), one.scope, other.scope)
                case facts.GrownMask() as one, facts.GrownMask() as other:
                    yield self.states(one.state, other.state, (*where, "grown"))
                case facts.FullMask() as one, facts.FullMask() as other:
                    self.models(one.model, other.model, where)

    def _seconds(self, a: facts.State | None, b: facts.State | None, where: tuple[str, ...]) -> Walk:
        """Compare the second networks of two that may have none."""
        if a is not None and b is not None:
            yield self.states(a, b, where)
        else:
            self.tell(where[:-1], where[-1:], *("—" if item is None else item.tag for item in (a, b)))

    def _parts(self, a: facts.MeasureFact, b: facts.MeasureFact, where: tuple[str, ...]) -> Walk:
        """Compare what two derived measures are computed of, by name."""
        ours, others = (dict(zip(item.options.get(NAMES, ()), item.parts, strict=True)) for item in (a, b))
        for name in sorted({*ours, *others}):
            if name in ours and name in others:
                yield self.pair(ours[name], others[name], (*where, name))

    def _beside(
        self, a: F, b: F, before: Callable[[F], F | None], *tokens: Callable[[F], Hashable]
    ) -> list[tuple[Sequence[F], Sequence[F]]]:
        """Two courses of events side by side, from where they part; all that is given counts as compared."""
        found = self._backwards(a, b, before)
        if found is None:
            found = list(aligned(course(a, before), course(b, before), *tokens))
            self._seen.add((a.digest, b.digest))
        self._seen |= {(ours[0].digest, others[0].digest) for ours, others in found if fit(ours, others)}
        return found

    def _backwards(self, a: F, b: F, before: Callable[[F], F | None]) -> list[tuple[Sequence[F], Sequence[F]]] | None:
        """The same, if the events are of the same kinds back to where they meet or were compared already."""
        found: list[tuple[Sequence[F], Sequence[F]]] = []
        one: F | None = a
        other: F | None = b
        while one is not None and other is not None:
            pair = one.digest, other.digest
            if pair[0] == pair[1] or pair in self._seen:
                return found[::-1]
            if type(one) is not type(other):
                return None
            found.append(((one,), (other,)))
            one, other = before(one), before(other)
        return found[::-1] if one is None and other is None else None

    def _round(self, mask: facts.MaskFact) -> int:
        """How many prunings led to a mask."""
        unknown: list[facts.MaskFact] = []
        at: facts.MaskFact | None = mask
        while at is not None and at.digest not in self._rounds:
            unknown.append(at)
            at = mask_before(at)
        count = self._rounds[at.digest] if at is not None else 0
        for item in reversed(unknown):
            count += _prunes(item)
            self._rounds[item.digest] = count
        return count

    def _pruned(self, a: facts.PrunedMask, b: facts.PrunedMask, where: tuple[str, ...]) -> None:
        self.tell(where, ("mask", "fraction"), fraction_text(a.fraction), fraction_text(b.fraction))
        for name in ("by", "scope", "structure", "seed", "examples", "rounds"):
            self.tell(where, ("mask", name), _text(getattr(a, name)), _text(getattr(b, name)))
        self._mappings(where, ("mask", "options"), a.options, b.options)
        self._looked_at(where, ("mask",), a, b)
        for layer in sorted({*a.layers, *b.layers}):
            said = (fraction_text(item.layers[layer]) if layer in item.layers else "—" for item in (a, b))
            self.tell(where, ("mask", f"fraction of {layer}"), *said)
        if a.by == b.by:
            self.tell(where, ("mask", f"code of {a.by}"), _code(a.code), _code(b.code))

    def measures(self, a: facts.MeasureFact, b: facts.MeasureFact, where: tuple[str, ...]) -> None:
        """Compare what is asked of two states."""
        self.tell(where, ("asked for",), a.name, b.name)
        self.tell(where, ("asked for", "split"), a.split or "—", b.split or "—")
        self._mappings(where, ("asked for", "options"), a.options, b.options)
        self.tell(where, ("asked for", "machine"), a.machine or "—", b.machine or "—")
        self._looked_at(where, ("asked for",), a, b)
        if a.name == b.name:
            self.tell(where, ("asked for", f"code of {a.name}"), _code(a.code), _code(b.code))

    def models(self, a: facts.Model, b: facts.Model, where: tuple[str, ...]) -> None:
        """Compare two architectures."""
        if not self.is_new(a, b):
            return
        self.tell(where, ("start", "model"), a.name, b.name)
        self._mappings(where, ("start", "options"), a.options, b.options)
        if a.name == b.name:
            self.tell(where, ("start", f"code of {a.name}"), _code(a.code), _code(b.code))
        self.tell(where, ("start", "shape"), str(tuple(a.shape)), str(tuple(b.shape)))
        self.tell(where, ("start", "classes"), str(a.classes), str(b.classes))
        self.tell(where, ("start", "task"), a.task, b.task)

    def trainings(self, a: facts.Trajectory, b: facts.Trajectory, where: tuple[str, ...]) -> None:
        """Compare by what and in which order two states are trained."""
        self.recipes(a.training, b.training, where)
        self.tell(where, ("train", "order"), a.order.hex, b.order.hex)

    def recipes(self, a: facts.Training, b: facts.Training, where: tuple[str, ...]) -> None:
        """Compare two resolved recipes."""
        if not self.is_new(a, b):
            return
        self._data(where, ("train",), a, b)
        for name, text in (("optimizer", optimizer_text), ("schedule", schedule_text)):
            ours, others = getattr(a, name), getattr(b, name)
            if ours["name"] == others["name"]:
                self._mappings(where, ("train", name), ours, others)
            else:
                self.tell(where, ("train", name), text(ours), text(others))
        self.tell(where, ("train", "total"), f"{a.total}it", f"{b.total}it")
        for name in ("batch", "last_batch", "task"):
            self.tell(where, ("train", name), _text(getattr(a, name)), _text(getattr(b, name)))
        if a.evaluate != b.evaluate:
            every = (f"every {item.evaluate or facts.usual_gap(item.total)}it" for item in (a, b))
            self.tell(where, ("train", "evaluate"), *every)
        for name in ("asserts", "augment", "clip", "loss", "precision", "smoothing"):
            self.tell(where, ("train", name), _text(getattr(a, name)), _text(getattr(b, name)))
        self._mappings(where, ("train", "sparsify"), a.sparsify or {}, b.sparsify or {})

    def _looked_at(self, where: tuple[str, ...], before: tuple[str, ...], a: Looks, b: Looks) -> None:
        """Compare the data of two that may have none; whether they have follows from what else they say."""
        if a.data and b.data:
            self._data(where, before, a, b)

    def _data(self, where: tuple[str, ...], before: tuple[str, ...], a: Looks, b: Looks) -> None:
        ours, others = a.data or {}, b.data or {}
        if ours.get("content") != others.get("content"):
            said = (_named(item.data_name, dict(item.data or {})) for item in (a, b))
            self.tell(where, (*before, "data"), *said)
            return
        called = {"validation": "rows held out", "split": "split_seed"}
        for name in sorted({*ours, *others} - {"train"}):  # its rows are those that are not held out
            said = (_text(item.get(name)) for item in (ours, others))
            self.tell(where, (*before, "data", called.get(name, name)), *said)

    def _mappings(
        self, where: tuple[str, ...], before: tuple[str, ...], a: Mapping[str, Any], b: Mapping[str, Any]
    ) -> None:
        for name in sorted({*a, *b}):
            self.tell(where, (*before, name), _text(a.get(name)), _text(b.get(name)))


def _prunes(mask: Fact) -> bool:
    return isinstance(mask, facts.PrunedMask)


def _kind(fact: Fact) -> Hashable:
    return fact.tag


def _event(state: Fact) -> Hashable:
    return (state.tag, state.at) if isinstance(state, facts.Point) else state.tag


def _when(ours: Sequence[Fact], others: Sequence[Fact], a: Fact, b: Fact) -> str:
    """Where among the events those stand that only one history has."""
    return "afterwards" if a in ours or b in others else "in between"


def _ends(point: facts.Point) -> bool:
    return point.at == point.trajectory.training.total


def _named(data: Data | None, said: Mapping[str, Any]) -> str:
    return f"{data.name if data is not None else '…'} ({str(said['content'])[:8]})"


def _code(digest: str) -> str:
    return digest[:12] or "—"


def _text(value: Any) -> str:
    match value:
        case None | () | []:
            return "—"
        case bool():
            return "yes" if value else "no"
        case Seed():
            return value.hex
        case list() | tuple():
            return ", ".join(map(_text, value))
    return str(value)
