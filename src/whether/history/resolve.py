"""From sentences to facts: data cards give steps their meaning, code of one's own is hashed.

Sentences are walked without recursion and each shared part once, so that deep and heavily shared histories cost what
they hold and not what they spell.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.digest import plain
from whether.errors import RequestError
from whether.fit import fits
from whether.history import facts, network, ops
from whether.history.code import code_digest
from whether.history.fitting import Models, check_alike, check_masks, check_task, check_worn, freed, like
from whether.history.measures import Measure
from whether.history.resolved import NAMES
from whether.history.settle import settle
from whether.recipe import Recipe
from whether.seeds import Seed
from whether.steps import Steps

__all__ = ["Resolver", "content_of", "settle", "this_machine"]

Sentence = network.Network | network.Mask
Resolved = facts.State | facts.MaskFact


@dataclass
class Resolver:
    """Turns sentences into facts and remembers what it has seen.

    Args:
        split: the split that measures are asked of when they name none.
    """

    split: str = "validation"
    _seen: dict[int, Resolved] = field(default_factory=dict)
    _kept: list[Sentence] = field(default_factory=list)  # ids in _seen stay valid while their owners live
    _made: dict[str, Any] = field(default_factory=dict)
    _trainings: dict[tuple[int, Data], tuple[Recipe, facts.Training]] = field(default_factory=dict)
    _data: dict[Data, dict[str, Any]] = field(default_factory=dict)
    _code: dict[str, str] = field(default_factory=dict)
    _models: Models = field(default_factory=Models)

    @property
    def own_code(self) -> frozenset[str]:
        """The names of code of one's own in what was resolved."""
        return frozenset(name for name, found in self._code.items() if found and words.is_own_code(name))

    def state(self, sentence: network.Network) -> facts.State:
        """The state that a network is."""
        found = self._resolve(sentence)
        assert isinstance(found, facts.State)
        return found

    def mask(self, sentence: network.Mask) -> facts.MaskFact:
        """The mask as a fact."""
        found = self._resolve(sentence)
        assert isinstance(found, facts.MaskFact)
        return found

    def measure(self, sentence: Measure) -> facts.MeasureFact:
        """A measure of a resolved state."""
        state = self.state(sentence.network)
        parts = tuple(self.measure(part) for part in sentence.parts.values())
        kind = sentence.kind
        data = sentence.network.data
        fact = facts.MeasureFact(
            name=sentence.name,
            state=state,
            split=(sentence.split or self.split) if kind.split else None,
            data=self._resolved(data) if kind.split else None,
            data_name=data,
            options=plain({**self._hashed(sentence), **({NAMES: list(sentence.parts)} if parts else {})}),
            code=self._own(sentence.name),
            parts=parts,
            other=None if sentence.other is None else self.state(sentence.other),
            machine=this_machine() if kind.timed else "",
        )
        check_task(sentence.name, state.model.task)
        if fact.other is not None:
            check_alike(sentence.name, state, fact.other)
        if sentence.name in ("early_stop", "curve") and not isinstance(state, facts.Point):
            raise RequestError(
                f"{sentence.name} is asked of a network that was not trained; it needs a recorded curve."
            )
        if sentence.name == "early_stop" and isinstance(state, facts.Point) and not _held_out(state):
            raise RequestError("early_stop needs a validation split; this data holds no rows out for it.")
        if fact.data is not None and sentence.name in words.MEASURES and not fact.data[str(fact.split)]:
            raise RequestError(
                f"{sentence.name} is asked of the {fact.split} split of {data.name!r}, which has no rows; name another "
                "with split=…, or hold rows out with Data(…, validation=…)."
            )
        known: facts.MeasureFact = self._made.setdefault(fact.digest, fact)
        return known

    def _resolve(self, sentence: Sentence) -> Resolved:
        stack: list[Sentence] = [sentence]
        while stack:
            item = stack[-1]
            if id(item) in self._seen:
                stack.pop()
                continue
            waiting = [part for part in _parts(item) if id(part) not in self._seen]
            if waiting:
                stack.extend(waiting)
                continue
            fact = self._state(item) if isinstance(item, network.Network) else self._mask(item)
            self._seen[id(item)] = self._made.setdefault(fact.digest, fact)
            self._kept.append(item)
            stack.pop()
        return self._seen[id(sentence)]

    def _state(self, sentence: network.Network) -> facts.State:
        match sentence.op:
            case ops.Start(model=name, options=options, init=init, seed=seed):
                model = self._model(name, options, sentence.data)
                return facts.Start(architecture=model, init=self._init(init), seed=seed)
            case ops.Loaded(model=name, options=options, init=init, path=path):
                model = self._model(name, options, sentence.data)
                content = content_of(path)
                return facts.Loaded(architecture=model, content=content, init=self._init(init), path=path)
            case ops.Trained(origin=origin, until=until):
                return self._trained(sentence, self.state(origin), until)
            case ops.Masked(origin=origin, mask=mask, keep_optimizer=keep):
                state, worn = self.state(origin), self.mask(mask)
                check_worn(state, worn, self._models)
                keep = keep and facts.has_moments(state)  # where there is nothing to keep, that is no other history
                if isinstance(worn, facts.FullMask) and state.mask is None and not facts.has_moments(state):
                    return state  # every weight of what never had fewer, and no optimiser that would begin afresh
                return facts.Wearing(origin=state, worn=worn, keep_optimizer=keep)
            case ops.Redrawn(origin=origin, seed=seed, keep=keep):
                state = self.state(origin)
                return facts.Redrawn(origin=state, init=_init_of(state), seed=seed, keep=keep)
            case ops.Perturbed():
                return self._perturbed(sentence.op, sentence.data)
            case ops.Only(origin=origin, trains=said, seed=seed):
                trains = freed(said)
                code = "+".join(filter(None, map(self._own, trains.split("+"))))
                return _holding(self.state(origin), trains, seed, code)
            case ops.RateRewound(origin=origin, to=to):
                state = self.state(origin)
                training = self._training(sentence.recipe, sentence.data)
                at = to.count(per_epoch=training.per_epoch, total=training.total)
                if at > state.step:
                    raise RequestError(
                        f"rate_rewound('{to}') is step {at}, after the {state.step} iterations that this network has; "
                        "name an earlier one."
                    )
                return facts.Clocked(origin=state, at=at) if at < state.step else state

    def _trained(self, sentence: network.Network, begin: facts.State, until: Steps | None) -> facts.State:
        """A state trained on, by the sentence's recipe."""
        training = self._training(sentence.recipe, sentence.data)
        stop = training.total if until is None else until.count(per_epoch=training.per_epoch, total=training.total)
        if until is None and stop < begin.step:
            raise RequestError(
                f"train() ends at the recipe's total of {stop} iterations, but this network already has "
                f"{begin.step}; a total counts from the beginning of the history: train(recipe.but(total=...))."
            )
        if stop > training.total:
            raise RequestError(
                f"train(until='{until}') is {stop} iterations, beyond the recipe's total of {training.total}; "
                f"give a longer recipe: train(recipe.but(total='{stop}it'))."
            )
        return facts.reach(begin, training, sentence.order, stop)

    def _model(self, name: str, options: Mapping[str, Any], data: Data) -> facts.Model:
        known = data.card
        fits(name, known.shape, known.task, data=known.name)
        model = facts.Model(
            name=name,
            shape=known.shape,
            classes=known.classes,
            code=self._own(name),
            options=plain(options),
            task=known.task,
        )
        made: facts.Model = self._made.setdefault(model.digest, model)
        return made

    def _init(self, init: str) -> str:
        return f"{init}@{self._own(init)[:16]}" if words.is_own_code(init) else init

    def _perturbed(self, op: ops.Perturbed, data: Data) -> facts.Perturbed:
        origin = self.state(op.origin)
        other = None if op.other is None else self.state(op.other)
        if other is not None:
            check_alike(op.how, origin, other)
        check_masks(op.how, origin, other)
        word = words.find("perturbation", op.how)
        looks = "examples" in word.needs or op.examples is not None
        options = {**word.options, **op.options}
        return facts.Perturbed(
            origin=origin,
            how=op.how,
            seed=op.seed,
            other=other,
            data=self._resolved(data) if looks else None,
            data_name=data if looks else None,
            examples=self._examples(op.examples, data) if looks else None,
            options=plain({name: like(value, word.options.get(name)) for name, value in options.items()}),
            code=self._own(op.how),
        )

    def _examples(self, said: int | None, data: Data) -> int:
        """How many of the training split are looked at: as said, or ten a class."""
        rows = int(self._resolved(data)["train"])
        if said is not None and said > rows:
            raise RequestError(
                f"examples is {said}, and {data.name!r} has {rows} to train on; expected at most {rows}."
            )
        return said if said is not None else min(rows, 10 * data.card.classes)

    def _mask(self, sentence: network.Mask) -> facts.MaskFact:
        match sentence.op:
            case ops.Pruned():
                return self._pruned(sentence.op)
            case ops.Shuffled(mask=mask, seed=seed, scope=scope):
                return facts.ShuffledMask(origin=self.mask(mask), seed=seed, scope=scope)
            case ops.Inverted(mask=mask):
                return facts.InvertedMask(origin=self.mask(mask))
            case ops.WornBy(network=net):
                state = self.state(net)
                return state.mask or facts.FullMask(model=state.model)

    def _pruned(self, op: ops.Pruned) -> facts.PrunedMask:
        looks = "examples" in words.find("score", op.by).needs or op.examples is not None
        data, state = op.network.data, self.state(op.network)
        since = None if op.since is None else self.state(op.since)
        if since is not None:
            check_alike(op.by, state, since)
        return facts.PrunedMask(
            state=state,
            by=op.by,
            fraction=op.fraction,
            scope=op.scope,
            structure=op.structure,
            layers=op.layers,
            code=self._own(op.by),
            since=since,
            seed=op.seed,
            data=self._resolved(data) if looks else None,
            data_name=data if looks else None,
            examples=self._examples(op.examples, data) if looks else None,
            rounds=op.rounds,
            options=plain(op.options),
        )

    def _hashed(self, sentence: Measure) -> dict[str, Any]:
        """Options of a measure; a grouping of one's own, which a measure of the table calls, with its hash."""
        found = dict(sentence.options)
        if sentence.name in words.MEASURES and words.is_own_code(found.get("groups", "")):
            found["groups"] += f"@{self._own(found['groups'])[:16]}"
        return found

    def _training(self, recipe: Recipe, data: Data) -> facts.Training:
        """A recipe is one object in all sentences that say it; the table holds it, so that its id stays its own."""
        found = self._trainings.get((id(recipe), data))
        if found is None:
            training = settle(recipe, Data.parse(recipe.data or data))
            for name in recipe.asserts:
                self._own(name)
            found = self._trainings[id(recipe), data] = recipe, self._made.setdefault(training.digest, training)
        return found[1]

    def _resolved(self, data: Data) -> dict[str, Any]:
        if data not in self._data:
            self._data[data] = data.resolve()
        return self._data[data]

    def _own(self, name: str) -> str:
        """The identity of code of one's own, read once; empty for a word of the table."""
        if name not in self._code:
            self._code[name] = code_digest(name) if words.is_own_code(name) else library_of(name)
        return self._code[name]


def _parts(sentence: Sentence) -> Iterable[Sentence]:
    match sentence.op:
        case ops.Start() | ops.Loaded():
            return ()
        case ops.Masked(origin=origin, mask=mask):
            return (origin, mask)
        case ops.Perturbed(origin=origin, other=other):
            return (origin,) if other is None else (origin, other)
        case ops.Pruned(network=net, since=since):
            return (net,) if since is None else (net, since)
        case ops.WornBy(network=net):
            return (net,)
        case ops.Shuffled(mask=mask) | ops.Inverted(mask=mask):
            return (mask,)
        case _:
            return (sentence.op.origin,)


def content_of(path: str) -> str:
    """The SHA-256 of a file of weights.

    Raises:
        RequestError: when it cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).expanduser().read_bytes()).hexdigest()
    except OSError as error:
        raise RequestError(
            f"the weights {path} cannot be read: {error.strerror}; expected a safetensors file."
        ) from error


def library_of(model: str) -> str:
    """The package and version that a model's name rests on, such as "timm==1.0.9"; empty where it is one of ours.

    Raises:
        RequestError: when the package is not installed.
    """
    package, slash, _ = model.partition("/")
    if not slash:
        return ""
    try:
        return f"{package}=={version(package).partition('+')[0]}"
    except PackageNotFoundError as error:
        raise RequestError(
            f"the model {model!r} needs {package}, which is not installed: pip install {package}."
        ) from error


def this_machine() -> str:
    """What a time is measured on: the host, its processor and how many it has."""
    return f"{platform.node()}, {platform.machine()}, {os.cpu_count()} cores"


def _held_out(point: facts.Point) -> int:
    return int(point.trajectory.training.data["validation"])


def _holding(state: facts.State, trains: str, seed: Seed | None, code: str) -> facts.State:
    """A state of which only some parameters train. What was said so before is of no account."""
    while isinstance(state, facts.Holding):
        state = state.origin
    if trains == "all" and state.held is None and not facts.has_moments(state):
        return state
    return facts.Holding(origin=state, trains=trains, seed=seed, code=code)


def _init_of(state: facts.State) -> str:
    while (before := state.before) is not None:
        state = before
    assert isinstance(state, facts.Start | facts.Loaded)
    return state.init
