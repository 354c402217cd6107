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
            data=data.resolve() if kind.split else None,
            data_name=data,
            options=sentence.options,
            code=code_digest(sentence.name) if words.is_own_code(sentence.name) else "",
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
                own = words.is_own_code(name)
                model = facts.Model(
                    name=name,
                    shape=known.shape,
                    classes=known.classes,
                    code=code_digest(name) if own else "",
                    options=options,
                )
                if words.is_own_code(init):
                    init = f"{init}@{code_digest(init)[:16]}"
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
                return facts.Wearing(origin=self.state(origin), worn=self.mask(mask), keep_optimizer=keep)
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
                    code=code_digest(by) if words.is_own_code(by) else "",
                )
            case network.Shuffled(mask=mask, seed=seed, scope=scope):
                return facts.ShuffledMask(origin=self.mask(mask), seed=seed, scope=scope)
            case network.Inverted(mask=mask):
                return facts.InvertedMask(origin=self.mask(mask))
            case network.WornBy(network=net):
                state = self.state(net)
                return state.mask or facts.FullMask(model=state.model)

    def _training(self, recipe: Recipe, data: Data) -> facts.Training:
        training = settle(recipe, Data.parse(recipe.data or data))
        known: facts.Training = self._made.setdefault(training.digest, training)
        return known


def settle(recipe: Recipe, data: Data) -> facts.Training:
    """A recipe on a data set: steps become iterations.

    Raises:
        RequestError: when the batch is larger than the data, or a step lies outside the total.
    """
    rows = data.train_count
    per_epoch = rows // recipe.batch if recipe.last_batch == "drop" else -(-rows // recipe.batch)
    if per_epoch == 0:
        raise RequestError(
            f"a batch of {recipe.batch} is larger than the {rows} training examples of {data.name!r}; "
            f"expected at most {rows}, or last_batch='keep'."
        )
    total = _steps(recipe.total).count(per_epoch=per_epoch)
    if total < 1:
        raise RequestError(f"a recipe's total of '{recipe.total}' is less than one iteration here.")
    evaluate = (
        None if recipe.evaluate is None else max(1, _steps(recipe.evaluate).count(per_epoch=per_epoch, total=total))
    )
    return facts.Training(
        optimizer=recipe.optimizer.facts(),
        schedule=_schedule(recipe.schedule, per_epoch, total),
        total=total,
        batch=min(recipe.batch, rows),
        last_batch=recipe.last_batch,
        per_epoch=per_epoch,
        data=data.resolve(),
        data_name=data,
        task=recipe.task,
        evaluate=evaluate,
        asserts=tuple(f"{name}@{code_digest(name)[:16]}" for name in recipe.asserts),
    )


def _schedule(schedule: Schedule, per_epoch: int, total: int) -> Mapping[str, Any]:
    said: dict[str, Any] = {"name": schedule.name}
    warmup = schedule.warmup.count(per_epoch=per_epoch, total=total)
    if warmup:
        said["warmup"] = warmup
    if schedule.name == "drops":
        said["at"] = [stop.count(per_epoch=per_epoch, total=total) for stop in schedule.at]
        said["factor"] = float(schedule.factor)
    late = [stop for stop in [warmup, *said.get("at", [])] if stop > total]
    if late:
        raise RequestError(f"the schedule changes the rate at {late[0]} iterations, beyond the total of {total}.")
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
    while not isinstance(state, facts.Start):
        if isinstance(state, facts.Point):
            state = state.trajectory.begin
        elif isinstance(state, (facts.Wearing, facts.Redrawn)):
            state = state.origin
        else:
            raise TypeError(f"{state!r} does not begin anywhere")
    return state.init


def _check_fit(model: str, known: Card) -> None:
    if model == "lenet-300-100" and tuple(known.shape) != (1, 28, 28):
        shape = " × ".join(map(str, known.shape))
        raise RequestError(
            f"the model 'lenet-300-100' does not fit the data set {known.name!r}: it takes 1 × 28 × 28 = 784 values, "
            f"{known.name} has {shape}. The same layers for any input are 'mlp-300-100'."
        )
