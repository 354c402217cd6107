"""Facts made real: every word of the language gives the tensors that it says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from works import RECIPE, carry_out, fact, made_bits, make, network, record

from cases import BY_NAME, distance, raw, resumed, train, zero_bits
from whether.errors import DamagedPieceError, RequestError, WorkError
from whether.execute import workshop as workshops
from whether.execute.workshop import Made, NoStateError, Workshop
from whether.history import accuracy, density, measure, tickets
from whether.history.facts import Point
from whether.history.resolve import Resolver, settle
from whether.lab import Lab
from whether.models import build, draw
from whether.prune import magnitude, select, shuffled
from whether.recipe import Recipe, sgd
from whether.seeds import Seed
from whether.train.replica import Replica


def test_a_start_is_drawn_from_its_own_seed(lab: Lab) -> None:
    made = make(lab, network(seed=4, init="kaiming-uniform"))
    module = build(fact(network()).model)
    assert raw(made.weights) == raw(draw(module, "kaiming-uniform", Seed(4).seed("weights")))
    assert made.masks is None
    assert raw(make(lab, network(seed=5)).weights) != raw(make(lab, network(seed=4)).weights)


def test_training_is_that_of_a_replica_of_these_seeds(lab: Lab) -> None:
    case = BY_NAME["plain-sgd"]
    net = network(case.model, seed=3, recipe=case.recipe, init="xavier-normal")
    root = Seed(3)
    replica = Replica(
        training=settle(case.recipe, case.data),
        order=root.seed("order"),
        step=0,
        stops=(8,),
        weights=draw(case.module(), "xavier-normal", root.seed("weights")),
    )
    assert raw(make(lab, net.train()).weights) == raw(train(case, [replica])[0, 8].weights)


def test_rewinding_takes_the_early_weights_and_their_step_under_the_mask(lab: Lab) -> None:
    early = network().train(until="4it")
    dense = early.train()
    mask = dense.prune(fraction=0.4)
    ticket = early.masked(mask)
    begun, first, last = make(lab, ticket), make(lab, early), make(lab, dense)
    assert begun.masks is not None
    kept = {name: last.weights[name] for name in begun.masks}
    expected = select(magnitude(kept, begun.masks), _ones(begun), fraction=Fraction(2, 5))
    assert raw(begun.masks) == raw(expected)
    for name, value in begun.weights.items():
        if name in begun.masks:
            assert torch.equal(value[begun.masks[name]], first.weights[name][begun.masks[name]])
            assert zero_bits(value[~begun.masks[name]])
        else:
            assert torch.equal(value, first.weights[name])
    assert fact(ticket).step == 4
    trained = make(lab, ticket.train())
    assert raw(trained.masks or {}) == raw(begun.masks)
    assert record(lab, ticket.train())["curves"]["steps"] == [4, 8, 12]
    assert record(lab, ticket.train())["parents"] == {
        point.digest: lab.store.records.read(point.digest)["state"]["sha256"] for point in _points(early, dense)
    }


def test_a_ticket_trains_with_the_data_in_the_order_of_its_step(lab: Lab) -> None:
    """Rewound to step 4, it sees the batches that the dense network saw from step 4 on, with a fresh optimiser."""
    early = network("mlp-12", recipe=RECIPE).train(until="4it")
    mask = early.train().prune(fraction=0.5)
    begun, case = make(lab, early.masked(mask)), BY_NAME["adamw-whole-set"]
    replica = Replica(
        training=settle(RECIPE, case.data),
        order=Seed(1).seed("order"),
        step=4,
        stops=(12,),
        weights=begun.weights,
        masks=begun.masks,
    )
    assert raw(make(lab, early.masked(mask).train()).weights) == raw(train(case, [replica])[0, 12].weights)


def test_masks_are_nested_over_rounds_and_tickets_wear_them(lab: Lab) -> None:
    found = tickets(network(), rounds=3, fraction=0.3, rewind="4it", scope="layer", layer_fractions={"output": 0.1})
    before = None
    for after, ticket in enumerate(found):
        made = make(lab, ticket)
        if after:
            assert made.masks is not None
            sizes = {name: mask.numel() for name, mask in made.masks.items()}
            parts = {name: Fraction(1, 10) if name == "5.weight" else Fraction(3, 10) for name in sizes}
            counts = dict(sizes)
            for _ in range(after):
                counts = {name: round((1 - parts[name]) * count) for name, count in counts.items()}
            assert {name: int(mask.sum()) for name, mask in made.masks.items()} == counts
            if before is not None:
                assert all(bool((before[name] | ~mask).all()) for name, mask in made.masks.items())
            before = made.masks


def test_masks_are_turned_over_shuffled_and_full(lab: Lab) -> None:
    net = network()
    pruned = net.prune(fraction=0.7)
    worn = make(lab, net.masked(pruned)).masks or {}
    over = make(lab, net.masked(pruned.inverted())).masks or {}
    assert all(torch.equal(over[name], ~mask) for name, mask in worn.items())
    for scope in ("layer", "global"):
        moved = make(lab, net.masked(pruned.shuffled(9, scope=scope))).masks or {}
        assert raw(moved) == raw(shuffled(worn, Seed(9), scope))
        assert raw(moved) != raw(worn)
    whole = make(lab, net.masked(net.mask())).masks or {}
    assert all(bool(mask.all()) for mask in whole.values())
    assert raw(make(lab, net.masked(net.masked(pruned).mask())).masks or {}) == raw(worn)


def test_whole_units_are_pruned_and_shuffled(lab: Lab) -> None:
    mask = network().train().prune(fraction=0.5, structure="unit")
    made, moved = (make(lab, network().masked(item)) for item in (mask, mask.shuffled(3, scope="unit")))
    for found in (made, moved):
        masks = found.masks or {}
        assert sum(int(masks[name].any(1).sum()) for name in ("1.weight", "3.weight")) == 9
        assert masks["5.weight"].any(1).all()
    assert raw(made.masks or {}) != raw(moved.masks or {})


@pytest.mark.parametrize("keep", ["nothing", "signs", "magnitudes"])
def test_redrawn_networks_keep_what_they_are_told_and_their_mask(lab: Lab, keep: str) -> None:
    mask = network().train().prune(fraction=0.5)
    origin = network().masked(mask)
    old, new = make(lab, origin), make(lab, origin.reinit(77, keep=keep))
    fresh = draw(build(fact(network()).model), "xavier-normal", Seed(77))
    assert raw(new.masks or {}) == raw(old.masks or {})
    for name, worn in (new.masks or {}).items():
        assert zero_bits(new.weights[name][~worn])
        before, after, drawn = (item[name][worn] for item in (old.weights, new.weights, fresh))
        assert torch.equal(after.sign(), before.sign()) is (keep == "signs")
        assert torch.equal(after.abs(), before.abs()) is (keep == "magnitudes")
        if keep != "magnitudes":
            assert torch.equal(after.abs(), drawn.abs())
        if keep != "signs":
            assert torch.equal(after.sign(), drawn.sign())
    assert fact(origin.reinit(77)).step == fact(origin).step


def test_a_network_is_scored_by_its_own_trained_weights(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = network().train()
    seen: list[dict[str, torch.Tensor]] = []
    real = workshops.words.load

    def spy(word: Any) -> Any:
        if word.kind != "score":
            return real(word)

        def score(weights: dict[str, torch.Tensor], masks: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            seen.append(weights)
            return magnitude(weights, masks)

        return score

    trained = make(lab, dense)
    monkeypatch.setattr(workshops.words, "load", spy)
    make(lab, network().masked(dense.prune(fraction=0.5)))
    (weights,) = seen
    assert raw(weights) == {name: value for name, value in raw(trained.weights).items() if name.endswith("weight")}
    loaded = lab.load(dense)
    assert raw(dict(loaded.state_dict())) == raw(trained.weights)
    assert not loaded.training


def test_layers_stay_in_their_order_when_a_state_comes_from_the_disk(lab: Lab) -> None:
    """ "head" comes before "stem" in the alphabet, and after it in the network: it is the output."""
    start = network("foreign:deep")
    worn = start.masked(start.prune(fraction=0.1, scope="layer")).train()
    make(lab, worn)
    again = worn.prune(fraction=0.5, scope="layer", layer_fractions={"output": 0.0})
    masks = make(lab, start.masked(again)).masks or {}
    assert list(masks) == ["stem.weight", "head.weight"]
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {
        "stem.weight": round(691 / 2),
        "head.weight": 108,
    }
    assert raw(make(lab, start.masked(again.shuffled(1, scope="global"))).masks or {}) == raw(
        shuffled(masks, Seed(1), "global")
    )


def test_the_optimiser_is_kept_when_the_order_changes_and_dropped_under_a_mask(lab: Lab) -> None:
    case = BY_NAME["adamw-whole-set"]
    early = network("mlp-12").train(until="6it")
    replica = Replica(
        training=settle(RECIPE, case.data),
        order=Seed(1).seed("order"),
        step=0,
        stops=(6, 12),
        weights=make(lab, network("mlp-12")).weights,
    )
    stopped = train(case, [replica])[0, 6]
    on = resumed(replica, stopped)
    on.order, on.curves = Seed(8), type(on.curves)()
    expected = train(case, [on])[0, 12]
    assert raw(make(lab, early.train(order=8)).weights) == raw(expected.weights)
    mask = early.prune(fraction=0.5)
    kept, fresh = (make(lab, early.masked(mask, optimizer=how).train()) for how in ("keep", "reset"))
    assert raw(kept.weights) != raw(fresh.weights)
    worn = make(lab, early.masked(mask))
    on.order, on.weights, on.masks = Seed(1).seed("order"), worn.weights, worn.masks
    assert raw(kept.weights) == raw(train(case, [on])[0, 12].weights)
    on.optimizer = None
    assert raw(fresh.weights) == raw(train(case, [on])[0, 12].weights)


@pytest.mark.parametrize("before", ["nothing", "early", "both", "end", "branch elsewhere"])
def test_going_on_gives_the_same_bits_whatever_the_lab_had(lab: Lab, tmp_path: Path, before: str) -> None:
    """The optimiser of the point that training goes on from is never made up: not kept, it is made again."""
    early = network().train(until="6it")
    branch, longer = early.train(order=9), network().train().train(RECIPE.but(total="20it"))
    had = {
        "nothing": [],
        "early": [early],
        "both": [early, network().train()],
        "end": [network().train()],
        "branch elsewhere": [network().train(until="3it").train(order=2)],
    }[before]
    if had:
        carry_out(lab, [accuracy(net) for net in had])
    undisturbed = Lab(tmp_path / "other")
    for net in (branch, longer):
        assert made_bits(lab, net) == made_bits(undisturbed, net)


def test_changing_the_kind_of_optimiser_begins_it_afresh(lab: Lab) -> None:
    plain = RECIPE.but(optimizer=sgd(0.05))
    moving = RECIPE.but(optimizer=sgd(0.05, momentum=0.9))
    for first, second in ((plain, moving), (moving, plain), (RECIPE, moving), (plain, RECIPE)):
        made = make(lab, network(recipe=first).train(until="6it").train(second))
        assert all(bool(torch.isfinite(value).all()) for value in made.weights.values())


def test_weights_of_another_point_are_worn_with_a_mask_of_this_one(lab: Lab) -> None:
    ticket = tickets(network(), rounds=1, fraction=0.5)[-1]
    back = make(lab, ticket.rewound(network(seed=6)))
    worn = make(lab, ticket).masks or {}
    other = make(lab, network(seed=6))
    assert raw(back.masks or {}) == raw(worn)
    assert torch.equal(back.weights["1.weight"][worn["1.weight"]], other.weights["1.weight"][worn["1.weight"]])


def test_deep_histories_are_walked_without_recursion(lab: Lab) -> None:
    net = network("mlp-2")
    mask = net.mask()
    for _ in range(3000):
        mask = mask.inverted()
    made = make(lab, net.masked(mask))
    assert all(bool(item.all()) for item in (made.masks or {}).values())


def test_a_network_without_layers_has_nothing_to_prune(lab: Lab) -> None:
    net = network("foreign:ones")
    assert lab.value(accuracy(net.train())) < 50
    for item in (density(net), accuracy(net.train().masked(net.mask())), accuracy(net.masked(net.prune(fraction=0.5)))):
        with pytest.raises(RequestError, match="'foreign:ones' has no linear or convolution layer: nothing can be pr"):
            lab.value(item)


def test_code_of_ones_own_is_tried_before_any_work(lab: Lab) -> None:
    wrong = [
        network("foreign:wrong_outputs").train(),
        network(init="foreign:number").train(),
        network(recipe=RECIPE.but(asserts=("foreign:number",))).train(),
        network().masked(network().prune(fraction=0.5, by="foreign:number")).train(),
    ]
    facts = [Resolver().measure(item) for item in (*map(accuracy, wrong), measure("foreign:number", network()))]
    trajectories = [item.state.trajectory for item in facts if isinstance(item.state, Point)]
    with pytest.raises(RequestError, match="expected") as caught:
        Workshop(lab.store).prepare([*trajectories, *facts])
    for said in ("foreign:wrong_outputs", "initialiser 'foreign:number'", "assert 'f", "score 'f", "measure 'f"):
        assert said in str(caught.value)


# Damage and memory.


def test_a_damaged_state_is_named_and_a_diverged_one_has_no_tensors(lab: Lab) -> None:
    net, wild = network().train(), network(recipe=RECIPE.but(lr=1e30)).train()
    make(lab, net)
    path = lab.store.states.path(fact(net).digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(DamagedPieceError, match="is damaged") as caught:
        Workshop(lab.store).state(fact(net))
    assert caught.value.digest == fact(net).digest
    with pytest.raises(NoStateError, match="diverged; there are no weights to go on from"):
        make(lab, wild)


def test_an_optimiser_that_was_not_kept_is_not_made_up(lab: Lab) -> None:
    net = network().train()
    make(lab, net)
    point = fact(net)
    assert isinstance(point, Point)
    with pytest.raises(WorkError, match="was not kept, so training cannot go on there"):
        Workshop(lab.store).optimizer(point)


def test_states_at_hand_stay_within_their_share_of_memory(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    nets = [network(seed=seed).train() for seed in range(4)]
    carry_out(lab, [accuracy(net) for net in nets])
    workshop = Workshop(lab.store)
    size = sum(value.numel() * 4 for value in workshop.state(fact(nets[0])).weights.values())
    monkeypatch.setattr(workshops, "KEPT_BYTES", 2 * size)
    for net in [*nets, *nets]:
        workshop.state(fact(net))
        assert workshop._bytes == size * len(workshop._states) <= 2 * size
    for net in nets:
        workshop.forget(fact(net).digest)
    assert workshop._bytes == 0


def test_a_state_remembered_twice_counts_once(lab: Lab) -> None:
    net = network().train()
    made, point, workshop = make(lab, net), fact(net), Workshop(lab.store)
    assert isinstance(point, Point)
    for _ in range(3):
        workshop.remember(point, made)
    assert workshop._bytes == sum(value.numel() * 4 for value in made.weights.values())


def test_what_is_worn_and_trained_differs_from_what_it_began_with(lab: Lab) -> None:
    ticket = network().masked(network().prune(fraction=0.5))
    assert distance(make(lab, ticket).weights, make(lab, ticket.train()).weights) > 1e-3


def test_own_models_begin_from_their_own_draw(lab: Lab) -> None:
    recipe: Recipe = RECIPE.but(total="2it", evaluate="2it")
    one, two = (make(lab, network("foreign:dropout", seed=seed, recipe=recipe)).weights for seed in (1, 2))
    again = build(fact(network("foreign:dropout")).model, Seed(1).seed("weights"))
    assert raw(one) == raw(dict(again.state_dict()))
    assert raw(one) != raw(two)


def _ones(made: Made) -> dict[str, torch.Tensor]:
    return {name: torch.ones_like(mask) for name, mask in (made.masks or {}).items()}


def _points(*nets: Any) -> list[Any]:
    return [fact(net) for net in nets]
