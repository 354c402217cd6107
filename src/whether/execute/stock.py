"""What a lab has, told from directory listings: nothing is parsed but the records of networks that left no state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from whether.answer import DONE
from whether.errors import DamageError
from whether.history.facts import MeasureFact, Point, State
from whether.history.walk import measured
from whether.store.folder import Store
from whether.store.layout import Part


class LabStock:
    """The measures and the trained points that stand in a lab, as the planner asks for them.

    Args:
        store: the lab's.
        asked: measures of whose networks the answer shows curves and checks. Where a network's record is gone
            (damaged, and set aside) its measure counts as missing, too, so that the network is trained again.
    """

    def __init__(self, store: Store, asked: Iterable[MeasureFact] = ()) -> None:
        records = frozenset(store.records.listing())
        lost = {fact.digest for fact in asked if any(_is_lost(state, records) for state in measured(fact))}
        self.measures: Collection[str] = records - lost
        self.points: Collection[str] = _Points(store, records, "state")
        self.resumable: Collection[str] = _Points(store, records, "optimizer")


def _is_lost(state: State, records: Collection[str]) -> bool:
    return isinstance(state, Point) and state.digest not in records


class _Points(Collection[str]):
    """Points of which a part (the state, the optimiser's) stands; those that diverged or failed left none."""

    def __init__(self, store: Store, records: frozenset[str], part: Part) -> None:
        self.store = store
        self.records = records
        self.part = part
        self.states = store.states.listing(part)

    def __contains__(self, digest: object) -> bool:
        if digest not in self.records or not isinstance(digest, str):
            return False
        if self.part == "state" and digest in self.states:
            return True
        try:
            record = self.store.records.read(digest)
        except DamageError:
            return False
        # An optimiser's state that no record names was left by a run that was killed: it is not to be used.
        lost = record.get("kind") == "point" and record.get("outcome") != DONE
        return lost or (digest in self.states and self.part in record)

    def __iter__(self) -> Iterator[str]:
        return (digest for digest in self.records if digest in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
