"""From sentences to facts: data cards give steps their meaning, code of one's own is hashed.

Sentences are walked without recursion and each shared part once, so that deep and heavily shared histories cost what
they hold and not what they spell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from whether import words
from whether.data.cards import Card, Data, card
from whether.digest import plain
from whether.errors import RequestError
from whether.history import facts, network
from whether.history.code import code_digest
from whether.history.measures import Measure
from whether.recipe import Recipe, Schedule
from whether.steps import Steps

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

    @property
    def own_code(self) -> frozenset[str]:
        """The names of code of one's own in what was resolved."""
        return frozenset(name for name, found in self._code.items() if found)

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
        kind = sentence.kind
        data = sentence.network.data
        fact = facts.MeasureFact(
            name=sentence.name,
            state=state,
            split=(sentence.split or self.split) if kind.split else None,
            data=self._resolved(data) if kind.split else None,
            data_name=data,
            options=plain(sentence.options),
            code=self._own(sentence.name),
        )
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
            case network.Start(model=name, options=options, init=init, seed=seed):
                known = card(sentence.data.name)
                _check_fit(name, known)
                model = facts.Model(
                    name=name,
                    shape=known.shape,
                    classes=known.classes,
                    code=self._own(name),
                    options=plain(options),
                )
                if words.is_own_code(init):
                    init = f"{init}@{self._own(init)[:16]}"
                return facts.Start(architecture=self._made.setdefault(model.digest, model), init=init, seed=seed)
            case network.Trained(origin=origin, until=until):
                begin = self.state(origin)
                training = self._training(sentence.recipe, sentence.data)
                stop = (
                    training.total if until is None else until.count(per_epoch=training.per_epoch, total=training.total)
                )
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
            case network.Masked(origin=origin, mask=mask, keep_optimizer=keep):
                state = self.state(origin)  # where there is nothing to keep, keeping it is no other history
                keep = keep and facts.has_moments(state)
                return facts.Wearing(origin=state, worn=self.mask(mask), keep_optimizer=keep)
            case network.Redrawn(origin=origin, seed=seed, keep=keep):
                state = self.state(origin)
                return facts.Redrawn(origin=state, init=_init_of(state), seed=seed, keep=keep)

    def _mask(self, sentence: network.Mask) -> facts.MaskFact:
        match sentence.op:
            case network.Pruned(network=net, by=by, fraction=part, scope=scope, structure=structure, layers=layers):
                return facts.PrunedMask(
                    state=self.state(net),
                    by=by,
                    fraction=part,
                    scope=scope,
                    structure=structure,
                    layers=layers,
                    code=self._own(by),
                )
            case network.Shuffled(mask=mask, seed=seed, scope=scope):
                return facts.ShuffledMask(origin=self.mask(mask), seed=seed, scope=scope)
            case network.Inverted(mask=mask):
                return facts.InvertedMask(origin=self.mask(mask))
            case network.WornBy(network=net):
                state = self.state(net)
                return state.mask or facts.FullMask(model=state.model)

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
            self._code[name] = code_digest(name) if words.is_own_code(name) else ""
        return self._code[name]


def settle(recipe: Recipe, data: Data) -> facts.Training:
    """A recipe on a data set: steps become iterations.

    Raises:
        RequestError: when the batch is larger than the data, or a step lies outside the total.
    """
    return settle_on(recipe, data.resolve(), data)


def settle_on(recipe: Recipe, resolved: Mapping[str, Any], data: Data) -> facts.Training:
    """`settle` where the facts of the data are known already, so that nobody needs to have the data."""
    rows = int(resolved["train"])
    per_epoch = rows // recipe.batch if recipe.last_batch == "drop" else -(-rows // recipe.batch)
    if per_epoch == 0:
        raise RequestError(
            f"a batch of {recipe.batch} is larger than the {rows} training examples of {data.name!r}; "
            f"expected at most {rows}, or last_batch='keep'."
        )
    total = _steps(recipe.total).count(per_epoch=per_epoch)
    if total < 1:
        raise RequestError(f"a recipe's total of '{recipe.total}' is less than one iteration here.")
    batch = min(recipe.batch, rows)
    return facts.Training(
        optimizer=recipe.optimizer.facts(),
        schedule=_schedule(recipe.schedule, per_epoch, total),
        total=total,
        batch=batch,
        last_batch=recipe.last_batch if rows % batch else "drop",  # without an incomplete batch both rules are one
        per_epoch=per_epoch,
        data=resolved,
        data_name=data,
        task=recipe.task,
        evaluate=_gap(recipe, per_epoch, total),
        asserts=tuple(sorted({f"{name}@{code_digest(name)[:16]}" for name in recipe.asserts})),
    )


def _gap(recipe: Recipe, per_epoch: int, total: int) -> int | None:
    """Iterations between two looks at the validation split; None for the usual ones, however they were said."""
    if recipe.evaluate is None:
        return None
    gap = min(total, max(1, _steps(recipe.evaluate).count(per_epoch=per_epoch, total=total)))
    return None if gap == facts.usual_gap(total) else gap


def _schedule(schedule: Schedule, per_epoch: int, total: int) -> Mapping[str, Any]:
    """A schedule in iterations, without what does nothing: equal rates are one schedule, however it is said."""
    warmup = schedule.warmup.count(per_epoch=per_epoch, total=total)
    drops = schedule.at if schedule.name == "drops" else ()
    at = sorted(stop.count(per_epoch=per_epoch, total=total) for stop in drops)
    late = [stop for stop in [warmup, *at] if stop > total]
    if late:
        raise RequestError(f"the schedule changes the rate at {late[0]} iterations, beyond the total of {total}.")
    said: dict[str, Any] = {"name": schedule.name}
    if warmup > 1:  # a warm-up of one step has the whole rate at that step
        said["warmup"] = warmup
    if schedule.name == "drops":
        at = [stop for stop in at if stop < total]  # the last update is the one after total - 1
        said |= {"at": at, "factor": float(schedule.factor)} if at else {"name": "constant"}
    return said


def _steps(given: Steps | str) -> Steps:
    return Steps.parse(given)


def _parts(sentence: Sentence) -> Iterable[Sentence]:
    match sentence.op:
        case network.Start():
            return ()
        case network.Masked(origin=origin, mask=mask):
            return (origin, mask)
        case network.Trained(origin=origin) | network.Redrawn(origin=origin):
            return (origin,)
        case network.Pruned(network=net) | network.WornBy(network=net):
            return (net,)
        case network.Shuffled(mask=mask) | network.Inverted(mask=mask):
            return (mask,)


def _held_out(point: facts.Point) -> int:
    return int(point.trajectory.training.data["validation"])


def _init_of(state: facts.State) -> str:
    while (before := state.before) is not None:
        state = before
    assert isinstance(state, facts.Start)
    return state.init


def _check_fit(model: str, known: Card) -> None:
    if model == "lenet-300-100" and tuple(known.shape) != (1, 28, 28):
        shape = " × ".join(map(str, known.shape))
        raise RequestError(
            f"the model 'lenet-300-100' does not fit the data set {known.name!r}: it takes 1 × 28 × 28 = 784 values, "
            f"{known.name} has {shape}. The same layers for any input are 'mlp-300-100'."
        )
