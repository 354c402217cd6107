"""Bugs that published code has had, each as a check that the real thing passes and that catches the bug when planted.

For every trap there is one checker. It is run on what Whether does, and on a variant with the published bug in it:
there it must fail, so that the checker is known to see.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cases import BY_NAME, DIGITS, Case, bits, plain, raw, train
from whether.catalogue.lottery_ticket import lottery_ticket
from whether.catalogue.xor import xor
from whether.connect import words as connected
from whether.data import augment
from whether.data.tensors import Tensors, tensors
from whether.execute import making
from whether.execute.workshop import Workshop
from whether.history import Network, accuracy
from whether.history.facts import Model
from whether.history.measures import path
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.models import build, draw, prunable
from whether.probe.measures import early_stop
from whether.prune import density_percent, full, magnitude, select, shuffled
from whether.question import Question
from whether.recipe import Recipe, adam, sgd
from whether.seeds import Seed
from whether.train import module as modules
from whether.train.pack import Watch, train_pack
from whether.train.replica import Named, Replica

Check = Callable[[Any], None]


def caught(check: Check, variant: Any) -> None:
    """The checker sees the planted bug."""
    with pytest.raises(AssertionError, match="assert"):
        check(variant)


# Momentum or weight decay reviving masked weights.

DIGITS_TENSORS = tensors(DIGITS)
MASKED = BY_NAME["deep"].but(optimizer=sgd(0.1, momentum=0.9, weight_decay=0.05), total="6it")


def begun_with_momentum() -> Replica:
    """A mask put on a trained network whose momentum was kept."""
    dense = replace(MASKED, density=None)
    trained = train(dense, [dense.replica(1)])[0, 6]
    return replace(MASKED.replica(1), weights=trained.weights, optimizer=trained.optimizer)


def check_masked_weights_stay_zero(trained: Callable[[Replica], Named]) -> None:
    replica = begun_with_momentum()
    weights = trained(replica)
    for name, mask in (replica.masks or {}).items():
        assert not weights[name][~mask].any(), name


def by_the_pack(replica: Replica) -> Named:
    return train(MASKED, [replica])[0, 6].weights


def by_hand(where: str) -> Callable[[Replica], Named]:
    """Training as people write it, with the mask in one of the places where it was put."""

    def trained(replica: Replica) -> Named:
        module = copy.deepcopy(MASKED.module())
        module.load_state_dict(replica.weights)
        settings = {name: value for name, value in replica.training.optimizer.items() if name != "name"}
        optimizer = torch.optim.SGD(module.parameters(), **settings)
        parameters = dict(module.named_parameters())
        masks, kept = replica.masks or {}, replica.optimizer or {}
        for name, value in parameters.items():
            optimizer.state[value]["momentum_buffer"] = kept[f"momentum/{name}"].clone()

        def mask(values: Callable[[Tensor], Tensor]) -> None:
            with torch.no_grad():
                for name in masks:
                    values(parameters[name]).mul_(masks[name])

        mask(lambda value: value)
        x, y = MASKED.tensors.x_train[:60], MASKED.tensors.y_train[:60]
        for _ in range(6):
            optimizer.zero_grad()
            torch.autograd.backward(nn.functional.cross_entropy(module(x), y))
            if where == "on the gradient":
                mask(lambda value: value.grad)  # type: ignore[arg-type,return-value]
            if where == "before the step":
                mask(lambda value: value)
            optimizer.step()
            if where == "after the step":
                mask(lambda value: value)
        return {name: value.detach() for name, value in parameters.items()}

    return trained


def test_masked_weights_are_not_revived() -> None:
    check_masked_weights_stay_zero(by_the_pack)
    check_masked_weights_stay_zero(by_hand("after the step"))
    caught(check_masked_weights_stay_zero, by_hand("on the gradient"))
    caught(check_masked_weights_stay_zero, by_hand("before the step"))


# Pruning n + 1 weights by a strict threshold; counting ignored layers in the number to prune; a dense output layer.

SHAPES = {"hidden": (20, 30), "output": (5, 20)}
SCORES = {name: torch.arange(600.0 if name == "hidden" else 100.0).reshape(shape) for name, shape in SHAPES.items()}
TIED = {name: score // 50 for name, score in SCORES.items()}
EVERYTHING = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SHAPES.items()}
Selection = Callable[[dict[str, Tensor], Fraction], dict[str, Tensor]]


def whethers_own(scores: dict[str, Tensor], part: Fraction) -> dict[str, Tensor]:
    return select(scores, EVERYTHING, fraction=part)


def by_threshold(strict: bool) -> Selection:
    def selected(scores: dict[str, Tensor], part: Fraction) -> dict[str, Tensor]:
        ranked = torch.cat([score.reshape(-1) for score in scores.values()]).sort().values
        edge = ranked[round(part * len(ranked)) - (0 if not strict else 1) if part else 0]
        return {name: score > edge if strict else score >= edge for name, score in scores.items()}

    return selected


def off_by_one(scores: dict[str, Tensor], part: Fraction) -> dict[str, Tensor]:
    ranked = torch.cat([score.reshape(-1) for score in scores.values()]).sort().values
    return {name: score > ranked[round(part * len(ranked))] for name, score in scores.items()}


def counting_ignored(scores: dict[str, Tensor], part: Fraction) -> dict[str, Tensor]:
    """Biases and norms are counted in the number to prune, and all of it is taken from the weights."""
    ignored = 25 + 40
    more = part * (700 + ignored) / 700
    return select(scores, EVERYTHING, fraction=more)


def dense_output(scores: dict[str, Tensor], part: Fraction) -> dict[str, Tensor]:
    hidden = {name: EVERYTHING[name] for name in ("hidden",)}
    return select(scores, hidden, fraction=part) | {"output": EVERYTHING["output"]}


def check_exactly_so_many_stay(selected: Selection) -> None:
    for scores in (SCORES, TIED):
        for part in (Fraction(1, 5), Fraction(1, 2), Fraction(801, 1000)):
            masks = selected(scores, part)
            assert sum(int(mask.sum()) for mask in masks.values()) == round((1 - part) * 700)


def check_sparsity_is_of_the_whole_network(selected: Selection) -> None:
    masks = selected({name: score.sin() for name, score in SCORES.items()}, Fraction(4, 5))
    assert density_percent(masks) == pytest.approx(20, abs=0.1)
    assert not masks["output"].all()


def test_exactly_so_many_weights_are_pruned() -> None:
    check_exactly_so_many_stay(whethers_own)
    for planted in (by_threshold(strict=True), by_threshold(strict=False), off_by_one, counting_ignored):
        caught(check_exactly_so_many_stay, planted)


def test_sparse_networks_are_sparse_in_the_output_layer_too() -> None:
    check_sparsity_is_of_the_whole_network(whethers_own)
    caught(check_sparsity_is_of_the_whole_network, dense_output)


def check_only_prunable_weights_are_counted(names: Callable[[nn.Module], tuple[str, ...]]) -> None:
    module = build(Model(name="foreign:conv_batchnorm", shape=(1, 8, 8), classes=10, options={}))
    weights = dict(module.named_parameters())
    masks = full(weights, names(module))
    pruned = select(magnitude({n: v.detach() for n, v in weights.items()}, masks), masks, fraction=Fraction(1, 2))
    assert sum(int(mask.sum()) for mask in pruned.values()) == round((36 + 640) / 2)
    assert all(weights[name].dim() > 1 for name in pruned)


def test_biases_and_norms_are_neither_counted_nor_pruned() -> None:
    check_only_prunable_weights_are_counted(prunable)
    caught(check_only_prunable_weights_are_counted, lambda module: tuple(dict(module.named_parameters())))


# Scoring a re-initialised copy instead of the network itself.


def check_the_network_itself_is_scored(lab: Lab) -> None:
    dense = Network("mlp-6", data="digits", seed=1, recipe=Recipe(optimizer=adam(0.01), total="8it", batch=60)).train()
    trained = {name: value for name, value in lab.load(dense).state_dict().items() if name.endswith("weight")}
    mask = Workshop(lab.store).mask(Resolver().mask(dense.prune(fraction=0.5)))
    whole = {name: torch.ones_like(item) for name, item in mask.items()}
    assert raw(mask) == raw(select(magnitude(trained, whole), whole, fraction=Fraction(1, 2)))


def test_what_is_scored_is_the_network_itself(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    check_the_network_itself_is_scored(lab)
    real = making.select
    copy_of = draw(build(Model(name="mlp-6", shape=(1, 8, 8), classes=10, options={})), "xavier-normal", Seed(1))

    def of_a_copy(scores: Any, masks: Any, **how: Any) -> Any:
        return real(magnitude(copy_of, masks), masks, **how)

    monkeypatch.setattr(making, "select", of_a_copy)
    caught(check_the_network_itself_is_scored, lab)


# A shuffle that never writes back.


def check_a_shuffle_shuffles(function: Callable[[dict[str, Tensor], Seed, str], dict[str, Tensor]]) -> None:
    masks = {name: score > 400 if name == "hidden" else score > 30 for name, score in SCORES.items()}
    before = raw(masks)
    for scope in ("layer", "global"):
        moved = function(masks, Seed(1), scope)
        assert raw(masks) == before
        assert all(one != other for one, other in zip(raw(moved).values(), before.values(), strict=True))
        assert sum(int(mask.sum()) for mask in moved.values()) == sum(int(mask.sum()) for mask in masks.values())
        if scope == "layer":
            assert [int(mask.sum()) for mask in moved.values()] == [int(mask.sum()) for mask in masks.values()]


def never_writes_back(masks: dict[str, Tensor], seed: Seed, scope: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    for mask in masks.values():
        flat = mask.flatten().clone()
        flat[:] = flat[torch.randperm(len(flat), generator=generator)]
    return masks


def writes_into_what_it_was_given(masks: dict[str, Tensor], seed: Seed, scope: str) -> dict[str, Tensor]:
    for mask in masks.values():
        mask.copy_(mask.flip(0))
    return masks


def test_shuffled_masks_are_shuffled() -> None:
    check_a_shuffle_shuffles(shuffled)
    caught(check_a_shuffle_shuffles, never_writes_back)
    caught(check_a_shuffle_shuffles, writes_into_what_it_was_given)


# Selecting the best step on the test set.


def digits_case() -> Case:
    recipe = Recipe(optimizer=adam(0.02), total="12it", batch=60, evaluate="2it")
    return Case(name="selection", model="mlp-8", data=DIGITS, recipe=recipe)


def curves_and_stop(case: Case, data: Tensors) -> tuple[Any, ...]:
    found: list[Any] = []
    train_pack(case.module(), [case.replica(1)], data, Watch(stop=lambda _, snapshot: found.append(snapshot)))
    curves = found[0].curves
    return plain(curves), early_stop(curves.steps, curves.values["validation loss"]), bits(found[0])


def looking_at_the_test_set(case: Case, data: Tensors) -> tuple[Any, ...]:
    rows = len(data.x_train)
    peeking = replace(
        data,
        x_train=torch.cat([data.x_train, data.x_test]),
        y_train=torch.cat([data.y_train, data.y_test]),
        validation_index=torch.arange(rows, rows + len(data.x_test)),
    )
    return curves_and_stop(case, peeking)


def check_the_test_split_is_never_looked_at(run: Callable[[Case, Tensors], tuple[Any, ...]]) -> None:
    case = digits_case()
    data = case.tensors
    spoilt = replace(data, x_test=-data.x_test.flip(0), y_test=9 - data.y_test)
    assert run(case, data) == run(case, spoilt)


def test_the_test_split_has_no_part_in_training_or_stopping() -> None:
    check_the_test_split_is_never_looked_at(curves_and_stop)
    caught(check_the_test_split_is_never_looked_at, looking_at_the_test_set)


def test_measures_are_of_the_validation_split_unless_the_test_split_is_opened() -> None:
    net = Network("mlp-6", data="digits", seed=1)
    assert Resolver().measure(accuracy(net)).split == "validation"
    assert Resolver(split="test").measure(accuracy(net)).split == "test"


# Global seeds, read by augmentation and by whatever else draws while a network trains.


def check_the_world_has_no_say(name: str) -> None:
    case, ends = BY_NAME[name], []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        state = torch.get_rng_state()
        ends.append(bits(train(case, [case.replica(1)])[0, case.total]))
        assert torch.equal(torch.get_rng_state(), state)
    assert ends[0] == ends[1]


def test_noise_does_not_read_global_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dropout", "odd-module"):
        check_the_world_has_no_say(name)
    monkeypatch.setattr(modules, "alone", lambda _key: contextlib.nullcontext())
    for name in ("dropout", "odd-module"):
        caught(check_the_world_has_no_say, name)


def test_augmentation_does_not_read_global_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("augmented-mlp", "lenet-5-augmented"):
        check_the_world_has_no_say(name)
    real = augment.stacked

    def of_the_world(streams: Any, rows: int, epoch: int, **how: Any) -> dict[str, Tensor]:
        return {kind: drawn[:, torch.randperm(rows)] for kind, drawn in real(streams, rows, epoch, **how).items()}

    monkeypatch.setattr(augment, "stacked", of_the_world)
    for name in ("augmented-mlp", "lenet-5-augmented"):
        caught(check_the_world_has_no_say, name)


# BatchNorm statistics of an interpolated network left stale.


def normed(lab: Lab) -> list[Network]:
    recipe = Recipe(optimizer=sgd(0.1), total="3it", batch=60)
    nets = [Network("foreign:conv_batchnorm", data="digits", seed=seed, recipe=recipe).train() for seed in (1, 2)]
    for net in nets:
        lab.load(net)
    return nets


def check_a_path_has_statistics_of_its_own(lab: Lab) -> None:
    nets = normed(lab)
    found = Workshop(lab.store).measure(Resolver().measure(path(*nets, points=3)))["value"]
    module, x = lab.load(nets[0].mixed(nets[1])), DIGITS_TENSORS.x_train[DIGITS_TENSORS.train_index]
    module.train()[1].momentum = 1.0  # statistics are those of the last batch: of everything
    with torch.no_grad():
        module(x)
        held = DIGITS_TENSORS.validation_index
        outputs = module.eval()(DIGITS_TENSORS.x_train[held])
    assert abs(float(nn.functional.cross_entropy(outputs, DIGITS_TENSORS.y_train[held])) - found["loss"][1]) < 1e-4
    assert found["stale loss"][1] != found["loss"][1]


def test_statistics_of_an_interpolated_network_are_taken_anew(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    check_a_path_has_statistics_of_its_own(lab)
    monkeypatch.setattr(connected, "_again", lambda _module, _data, weights: dict(weights))
    caught(check_a_path_has_statistics_of_its_own, lab)


# A replicate index that does not seed anything.


def check_replicates_differ(question: Question) -> None:
    resolver, root = Resolver(), Seed(0)
    rows = [
        {arm.name: resolver.measure(arm.measure).state.digest for arm in question.replicate(index, root)}
        for index in range(3)
    ]
    for one, other in pairwise(rows):
        assert one.keys() == other.keys()
        assert not any(one[name] == other[name] for name in one), "an arm is the same in two replicates"
    starts = [Resolver().state(Network("mlp-3", data="xor", seed=root.seed("replicate", index))) for index in range(3)]
    made = [Workshop(_NO_STORE).state(state).weights for state in starts]
    assert len({str(raw(weights)) for weights in made}) == 3


_NO_STORE: Any = None


@pytest.mark.parametrize("question", [lottery_ticket(), xor()], ids=["lottery-ticket", "xor"])
def test_every_replicate_has_seeds_of_its_own(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    check_replicates_differ(question)
    ignored = replace(question, arms=lambda rep: question.arms(replace(rep, value=7)))
    caught(check_replicates_differ, ignored)
