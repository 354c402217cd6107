"""Facts made real: a state's tensors, a mask, a measure's number, from what the lab stores and what is cheap to redo.

Trained states come from the lab; fresh, masked and redrawn ones and masks are computed when asked for.
"""

from __future__ import annotations

import copy
import math
import platform
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from whether import words
from whether.answer import DIVERGED, DONE
from whether.data.cards import Data
from whether.data.tensors import Tensors, tensors
from whether.digest import plain
from whether.errors import (
    DamagedPieceError,
    DamageError,
    RequestError,
    WorkError,
    gather,
)
from whether.execute import making
from whether.execute.making import Made, needed, prunable_of, put
from whether.execute.memory import one_core
from whether.execute.offered import Offered, asked, by_itself
from whether.execute.owncode import importable, own_of, own_words
from whether.execute.progress import Listener, Note, nobody
from whether.execute.rehearse import rehearsals
from whether.execute.unopened import record_of
from whether.history import facts
from whether.history.resolve import library_of
from whether.history.resolved import NAMES
from whether.models import build
from whether.plan.demand import closure, nearest_points
from whether.probe import measures
from whether.prune import density_percent, full, inverted, shuffled, wear
from whether.seeds import Seed
from whether.store.folder import Store
from whether.tasks.task import find
from whether.train.checkpoint import decode_state, decode_tensors, encode_state
from whether.train.freeze import trainable
from whether.train.replica import Named

KEPT_BYTES = 256 * 2**20


class NoStateError(WorkError):
    """A state was asked for that does not exist, since the training that leads to it diverged or failed."""

    def __init__(self, digest: str, outcome: str) -> None:
        self.digest, self.outcome = digest, outcome
        hint = "" if outcome == DIVERGED else f" `whether why {digest[:12]}` says how; `whether retry` tries again."
        super().__init__(f"the network {digest[:12]} {outcome}; there are no weights to go on from.{hint}")


class Workshop:
    """Makes states, masks and measures over one lab."""

    def __init__(self, store: Store, tell: Listener = nobody) -> None:
        self.store = store
        self.tell = tell
        self._modules: dict[str, nn.Module] = {}
        self._states: OrderedDict[str, Made] = OrderedDict()
        self._bytes = 0
        self._hashes: dict[str, str | None] = {}
        self._resolved: dict[Data, Any] = {}
        self._rehearsed: set[object] = set()

    def module(self, model: facts.Model) -> nn.Module:
        """The architecture's module, built once; its weights are nobody's."""
        if model.digest not in self._modules:
            importable("model", model.name, model.code)
            if "/" in model.name and library_of(model.name) != model.code:
                raise RequestError(
                    f"the history names {model.name!r} of {model.code}, and {platform.node()} has "
                    f"{library_of(model.name)}: install that version there."
                )
            self._modules[model.digest] = build(model)
        return self._modules[model.digest]

    def prepare(self, wanted: Iterable[facts.Fact]) -> None:
        """See that all models and code of one's own can be used, before any work is done for them.

        Args:
            wanted: trajectories to train and measures to take.

        Raises:
            RequestError: with all that cannot be imported, does not fit its data, or is not what it should be; code
                that is not that of the history, and methods that a model cannot take.
        """
        checks: dict[object, Callable[[], object]] = {}
        trials: dict[object, Callable[[], object]] = {}
        for fact in closure(wanted, stop=lambda fact: isinstance(fact, facts.Point)):
            for key, trial in rehearsals(fact, self.module):
                trials.setdefault(key, trial)
            match fact:
                case facts.State():
                    checks[fact.model.digest] = partial(self.module, fact.model)
                    checks |= own_words(fact)
                    if isinstance(fact, facts.Holding):
                        checks["freezing", fact.digest] = partial(self.trains, fact)
                case facts.MeasureFact(name=name, code=code, options=options):
                    checks["measure", name] = partial(importable, "measure", name, code)
                    if "groups" in options and name in words.MEASURES:
                        checks["grouping", options["groups"]] = partial(importable, "grouping", options["groups"])
                case facts.PrunedMask(by=name, code=code):
                    checks["score", name] = partial(importable, "score", name, code)
                case facts.Trajectory(training=training):
                    for kind, name in own_of(training):
                        checks[kind, name] = partial(importable, kind, name)
        with one_core():
            gather(*checks.values())
            gather(*(trial for key, trial in trials.items() if key not in self._rehearsed))
        self._rehearsed |= trials.keys()

    def trains(self, holding: facts.Holding) -> Named:
        """Which parameters a state trains from here on: by name, true where one is.

        Raises:
            RequestError: when the architecture has none such.
        """
        return trainable(self.module(holding.model), holding.trains, seed=holding.seed)

    def data(self, named: Data, said: Mapping[str, Any] | None, device: torch.device | str = "cpu") -> Tensors:
        """A data set's tensors, by default on the host; decoding images for the first time is told.

        Args:
            named: where it is.
            said: what the history says of it; another machine may have other data under the same path.
            device: where the tensors are to be.

        Raises:
            RequestError: when what is there is not what the history was resolved with.
        """
        if named not in self._resolved:
            self._resolved[named] = plain(named.resolve())
        if said is not None and self._resolved[named] != plain(said):
            raise RequestError(
                f"the data set {named.name!r} on {platform.node()} is not the one that the history names: its content "
                "or its split differs. Put the same files there, or name the data by a path that all machines see."
            )
        told: list[int] = []

        def progress(done: int, of: int) -> None:
            if not told or done - told[-1] >= of // 10 or done == of:
                told.append(done)
                self.tell(Note(f"decoding {named.name} for the first time: {done:,} of {of:,} images"))

        return tensors(named, device, progress=progress)

    def state(self, state: facts.State) -> Made:
        """The tensors of a state.

        Raises:
            NoStateError: when a training behind it diverged.
            DamagedPieceError: when a stored state behind it is damaged.
        """
        made = self._make(state)
        assert isinstance(made, Made)
        return made

    def mask(self, mask: facts.MaskFact) -> Named:
        """The masks of a mask fact, by weight."""
        made = self._make(mask)
        assert isinstance(made, dict)
        return made

    def optimizer(self, point: facts.Point) -> Named:
        """The optimiser state that was kept at a point.

        Raises:
            WorkError: when none was kept: a plan has points trained again that it needs so.
            DamagedPieceError: when it is damaged.
        """
        record = self.record(point.digest)
        if "optimizer" not in record:
            raise WorkError(f"the optimiser state of {point.digest[:12]} was not kept, so training cannot go on there.")
        try:
            return decode_tensors(self.store.states.read(point.digest, record["optimizer"]["sha256"], "optimizer"))
        except DamageError as error:
            raise DamagedPieceError(point.digest, error) from error

    def record(self, digest: str) -> dict[str, Any]:
        """A record, its seal checked.

        Raises:
            DamagedPieceError: when it is damaged or missing.
        """
        return record_of(self.store, digest)

    def parents(self, fact: facts.Fact) -> dict[str, str]:
        """The hashes of the nearest trained states behind a fact: what its record is pinned to.

        A state trained again has the same hash, while its record has other times; what diverged left no state.
        """
        stood = {point.digest: self._hash(point.digest) for point in nearest_points(fact)}
        return {name: found for name, found in stood.items() if found is not None}

    def remember(self, point: facts.Point, made: Made) -> None:
        """Keep a state that was just trained at hand."""
        self._drop(point.digest)
        self._states[point.digest] = made
        self._bytes += _size(made)
        while self._bytes > KEPT_BYTES and len(self._states) > 1:
            self._drop(next(iter(self._states)))

    def forget(self, digest: str) -> None:
        """Drop a state from memory and what is known of its record."""
        self._drop(digest)
        self._hashes.pop(digest, None)

    def measure(self, fact: facts.MeasureFact) -> dict[str, Any]:
        """The body of a measure's record: value, outcome and note.

        Raises:
            RequestError: when a function of one's own returns no number.
        """
        body = {"kind": "measure", "name": fact.name, "parents": self.parents(fact)}
        try:
            if fact.parts:
                return body | {"value": self._derived(fact), "outcome": DONE, "note": ""}
            if fact.name in ("early_stop", "curve"):
                return body | self._recorded(fact)
            made = self.state(fact.state)
            other = self.state(fact.other) if fact.other is not None else None
        except NoStateError as error:
            return body | {"value": None, "outcome": error.outcome, "note": f"{error.outcome} ({error.digest[:8]})"}
        return body | {"value": self._value(fact, made, other), "outcome": DONE, "note": ""}

    def _derived(self, fact: facts.MeasureFact) -> float:
        """A number of the parts' values, each from its record where it has one."""
        names, values = fact.options[NAMES], []
        for part in fact.parts:
            known = self.store.records.has(part.digest)
            body = self.record(part.digest) if known else self.measure(part)
            if body["outcome"] != DONE:
                raise NoStateError(part.state.digest, body["outcome"])
            values.append(body["value"])
        function = words.load(words.find("derivation", fact.name))
        options = {name: value for name, value in fact.options.items() if name != NAMES}
        with by_itself(fact, f"the measure {fact.name!r}"):
            return self._number(fact, function(dict(zip(names, values, strict=True)), **options))

    def _value(self, fact: facts.MeasureFact, made: Made, other: Made | None) -> Any:
        module = copy.deepcopy(self.module(fact.state.model))
        if fact.name == "density":
            return density_percent(made.masks or full(made.weights, prunable_of(module, fact.state.model.name)))
        function = words.load(words.find("measure", fact.name))
        data = partial(self.data, fact.data_name, fact.data)
        offered: Offered = {
            "other": lambda: needed(other, "other").weights,
            "since": lambda: needed(other, "since").weights,
            "masks": lambda: made.masks,
            "seed": lambda: Seed(int(fact.digest[:16], 16)),
            "task": lambda: find(fact.state.model.task),
        }
        if not words.is_own_code(fact.name):
            offered = {**offered, "data": data, "split": lambda: fact.split}
        given = () if not words.is_own_code(fact.name) else (data(), fact.split)
        with by_itself(fact, f"the measure {fact.name!r}"):
            value = function(put(module, made.weights), *given, **asked(function, offered, fact.options))
        return value if isinstance(value, dict) and fact.name in words.SEVERAL else self._number(fact, value)

    def _number(self, fact: facts.MeasureFact, value: Any) -> float:
        if isinstance(value, np.generic) or (isinstance(value, Tensor) and value.numel() == 1):
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RequestError(f"the measure {fact.name!r} returned {value!r}; expected a number.")
        if not math.isfinite(value):
            raise RequestError(f"the measure {fact.name!r} returned {value!r}, which cannot be recorded or averaged.")
        return float(value)

    def encode(self, made: Made) -> bytes:
        """A state as the bytes that the lab keeps."""
        return encode_state(made.weights, made.masks)

    def _recorded(self, fact: facts.MeasureFact) -> dict[str, Any]:
        record = self.record(fact.state.digest)
        if record["outcome"] != DONE:
            raise NoStateError(fact.state.digest, record["outcome"])
        curves = record["curves"]
        if fact.name == "curve":
            values = curves["values"][fact.options["name"]]
            return {"value": {"steps": curves["steps"], "values": values}, "outcome": DONE, "note": ""}
        found = measures.early_stop(curves["steps"], curves["values"]["validation loss"])
        if found is None:
            raise RequestError("early_stop needs a validation split; this data set holds no rows out for it.")
        between = f"between {found.after} and {found.before} it"
        note = f"censored: lowest at the end ({between})" if found.censored else between
        return {"value": float(found.step), "outcome": DONE, "note": note}

    def _make(self, fact: facts.Fact) -> Made | Named:
        """Post-order without recursion: what a fact is said of is made first."""
        made: dict[str, Made | Named] = {}
        waiting = [fact]
        while waiting:
            item = waiting[-1]
            if item.digest in made:
                waiting.pop()
                continue
            parts = [] if isinstance(item, (facts.Point, facts.Start)) else [p for p in item.parents() if _is_made(p)]
            missing = [part for part in parts if part.digest not in made]
            if missing:
                waiting.extend(missing)
                continue
            made[item.digest] = self._one(item, made)
            waiting.pop()
        return made[fact.digest]

    def _one(self, fact: facts.Fact, made: dict[str, Any]) -> Made | Named:
        match fact:
            case facts.Start():
                return Made(making.fresh(self.module(fact.architecture), fact), None)
            case facts.Loaded():
                return making.loaded(self.module(fact.architecture), fact)
            case facts.Point():
                return self._stored(fact)
            case facts.Wearing(origin=origin, worn=worn):
                masks = made[worn.digest]
                return Made(wear(made[origin.digest].weights, masks), masks)
            case facts.Holding(origin=origin) | facts.Clocked(origin=origin):
                found: Made = made[origin.digest]
                return found
            case facts.Redrawn(origin=origin):
                return making.redrawn(self.module(fact.model), fact, made[origin.digest])
            case facts.Perturbed(origin=origin, other=other):
                return self._perturbed(fact, made[origin.digest], made[other.digest] if other is not None else None)
            case facts.FullMask(model=model):
                module = self.module(model)
                return full(dict(module.named_parameters()), prunable_of(module, model.name))
            case facts.GrownMask(state=state):
                grown: Named = made[state.digest].masks
                return grown
            case facts.PrunedMask(state=state, since=since):
                return self._pruned(fact, made[state.digest], made[since.digest] if since is not None else None)
            case facts.ShuffledMask(origin=mask, seed=seed, scope=scope):
                return shuffled(made[mask.digest], seed, scope)
            case facts.InvertedMask(origin=mask):
                return inverted(made[mask.digest])
        raise TypeError(f"{fact!r} is nothing that can be made")

    def _perturbed(self, fact: facts.Perturbed, old: Made, other: Made | None) -> Made:
        module = copy.deepcopy(self.module(fact.model))
        start: facts.State = fact
        while start.before is not None:
            start = start.before
        with by_itself(fact, f"the perturbation {fact.how!r}"):
            return making.perturbed(module, fact, old, other, partial(self._looks, fact), start)

    def _pruned(self, fact: facts.PrunedMask, made: Made, since: Made | None) -> Named:
        module = copy.deepcopy(self.module(fact.state.model))
        with by_itself(fact, f"the score {fact.by!r}"):
            return making.pruned(module, fact, made, since, partial(self._looks, fact))

    def _looks(self, fact: facts.PrunedMask | facts.Perturbed) -> Tensors:
        assert fact.data_name is not None
        return self.data(fact.data_name, fact.data)

    def _stored(self, point: facts.Point) -> Made:
        if point.digest in self._states:
            self._states.move_to_end(point.digest)
            return self._states[point.digest]
        record = self.record(point.digest)
        if record["outcome"] != DONE:
            raise NoStateError(point.digest, record["outcome"])
        try:
            made = Made(*decode_state(self.store.states.read(point.digest, record["state"]["sha256"])))
        except DamageError as error:
            raise DamagedPieceError(point.digest, error) from error
        self.remember(point, made)
        return made

    def _drop(self, digest: str) -> None:
        made = self._states.pop(digest, None)
        self._bytes -= _size(made) if made is not None else 0

    def _hash(self, digest: str) -> str | None:
        if digest not in self._hashes:
            self._hashes[digest] = self.record(digest).get("state", {}).get("sha256")
        return self._hashes[digest]


def _size(made: Made) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in made.weights.values())


def _is_made(fact: facts.Fact) -> bool:
    return isinstance(fact, (facts.State, facts.MaskFact))
