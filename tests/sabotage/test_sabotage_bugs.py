"""Each bug does what it says while it is planted, on tensors, and is gone afterwards."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import pytest
import torch
from sabotage_cases import network, normed
from torch import Tensor

from cases import BY_NAME, bits, raw, train
from whether import Lab, Recipe, adam, loss
from whether.execute import making
from whether.execute.workshop import Workshop
from whether.history import Network
from whether.history.facts import PrunedMask
from whether.history.measures import path
from whether.history.resolve import Resolver
from whether.models import build, draw, prunable
from whether.prune import density_percent, groups, magnitude, select
from whether.sabotage import bugs
from whether.sabotage import masks as mask_bugs
from whether.seeds import Seed

SHAPES = {"hidden": (20, 30), "output": (5, 20)}
EVERYTHING = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SHAPES.items()}
SCORES = {name: torch.arange(math.prod(shape)).mul(0.618034).frac().reshape(shape) for name, shape in SHAPES.items()}
MASKED = BY_NAME["deep"].but(total="6it")
MASKED_CONV = BY_NAME["conv-batchnorm"]


def count(masks: dict[str, Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def chosen(**how: Any) -> dict[str, Tensor]:
    """As the workshop selects."""
    said: dict[str, Any] = {"scope": "global", "structure": "weight", "layers": {}}
    return making.select(SCORES, EVERYTHING, **(said | {"fraction": Fraction(1, 5)} | how))


def masks_of(sentence: Any, store: Any = None) -> dict[str, Tensor]:
    return Workshop(store).mask(Resolver().mask(sentence))


class TestRevivedWeights:
    def test_masked_weights_come_back_and_the_record_says_so(self) -> None:
        replica = MASKED.replica(1)
        honest = train(MASKED, [replica])[0, 6]
        with bugs.revived_weights.plant() as acts:
            found = train(MASKED, [replica])[0, 6]
        assert acts.count == 6
        for name, mask in (replica.masks or {}).items():
            assert not honest.weights[name][~mask].any()
            assert found.weights[name][~mask].any()
        assert (honest.said, found.said) == ((), (mask_bugs.NOT_HELD,))
        assert bits(train(MASKED, [replica])[0, 6]) == bits(honest)

    def test_networks_without_masks_are_as_they_were(self) -> None:
        case = BY_NAME["deep"].but(total="6it")
        bare = [type(replica)(**(vars(replica) | {"masks": None})) for replica in [case.replica(1)]]
        honest = bits(train(case, bare)[0, 6])
        with bugs.revived_weights.plant() as acts:
            found = train(case, bare)[0, 6]
        assert (acts.count, bits(found), found.said) == (0, honest, ())

    def test_of_two_in_a_pack_only_the_masked_one_is_told_of(self) -> None:
        masked = MASKED.replica(1)
        bare = type(masked)(**(vars(MASKED.replica(2)) | {"masks": None}))
        with bugs.revived_weights.plant():
            found = train(MASKED, [masked, bare])
        assert [found[place, 6].said for place in (0, 1)] == [(mask_bugs.NOT_HELD,), ()]

    @pytest.mark.parametrize("name", ["set-random-exchange", "gradual-pruning"])
    def test_masks_that_change_do_not_hold_either(self, name: str) -> None:
        case = BY_NAME[name]
        honest = train(case, [case.replica(1)])[0, case.total]
        with bugs.revived_weights.plant() as acts:
            found = train(case, [case.replica(1)])[0, case.total]
        assert acts.count == case.total
        assert found.masks is not None
        assert (honest.said, found.said) == ((), (mask_bugs.NOT_HELD,))
        assert any(bool(found.weights[name][~mask].any()) for name, mask in found.masks.items())

    def test_what_is_held_stays_held(self) -> None:
        case = BY_NAME["held-batchnorm"]
        replica = dataclasses.replace(case.replica(1), masks=MASKED_CONV.replica(1).masks)
        with bugs.revived_weights.plant() as acts:
            found = train(case, [replica])[0, case.total]
        assert acts.count == case.total
        assert torch.equal(found.weights["5.bias"], replica.weights["5.bias"])


class TestOneTooMany:
    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_one_more_goes_in_each_selection(self, scope: str) -> None:
        honest = chosen(scope=scope)
        with bugs.one_too_many.plant() as acts:
            found = chosen(scope=scope)
        groups = 1 if scope == "global" else 2
        assert (count(honest), count(found), acts.count) == (560, 560 - groups, groups)
        assert all(bool((found[name] <= honest[name]).all()) for name in SHAPES)
        assert raw(chosen(scope=scope)) == raw(honest)

    @pytest.mark.parametrize("structure", ["channel", "block-5x5"])
    def test_of_groups_one_more_goes(self, structure: str) -> None:
        honest = count(groups(chosen(structure=structure), structure))
        with bugs.one_too_many.plant():
            found = count(groups(chosen(structure=structure), structure))
        assert found == honest - 1

    def test_gradual_pruning_takes_more_at_each_change(self) -> None:
        case = BY_NAME["gradual-pruning"]
        honest = train(case, [case.replica(1)])[0, case.total].masks
        with bugs.one_too_many.plant() as acts:
            found = train(case, [case.replica(1)])[0, case.total].masks
        assert acts.count > 1
        assert honest is not None
        assert found is not None
        assert count(found) == count(honest) - 1

    def test_all_that_tie_go(self) -> None:
        tied = {name: (7 * score).floor() for name, score in SCORES.items()}
        with bugs.one_too_many.plant():
            found = making.select(tied, EVERYTHING, fraction=Fraction(1, 5))
        assert count(found) < 559

    def test_where_nothing_is_kept_nothing_more_can_go(self) -> None:
        with bugs.one_too_many.plant() as acts:
            assert count(chosen(fraction=Fraction(1))) == 0
        assert acts.count == 0


def trained(lab: Lab) -> Network:
    dense = Network("mlp-6", data="digits", seed=1, recipe=Recipe(optimizer=adam(0.01), total="8it", batch=60)).train()
    lab.load(dense)
    return dense


class TestScoredCopy:
    def test_the_scores_are_those_of_fresh_weights(self, lab: Lab) -> None:
        sentence = trained(lab).prune(fraction=0.5)
        honest = masks_of(sentence, lab.store)
        with bugs.scored_copy.plant() as acts:
            found = masks_of(sentence, lab.store)
        fact = Resolver().mask(sentence)
        assert isinstance(fact, PrunedMask)
        fresh = draw(build(fact.state.model), "xavier-normal", Seed(int(fact.digest[:16], 16)))
        whole = {name: torch.ones_like(mask) for name, mask in honest.items()}
        assert acts.count == 1
        assert raw(found) == raw(select(magnitude(fresh, whole), whole, fraction=Fraction(1, 2)))
        assert raw(found) != raw(honest) == raw(masks_of(sentence, lab.store))

    def test_movement_is_that_of_a_copy(self, lab: Lab) -> None:
        sentence = trained(lab).prune(fraction=0.5, by="movement")
        honest = masks_of(sentence, lab.store)
        with bugs.scored_copy.plant() as acts:
            found = masks_of(sentence, lab.store)
        assert acts.count == 1
        assert raw(found) != raw(honest)

    def test_masks_stay_nested(self, lab: Lab) -> None:
        dense = trained(lab)
        ticket = dense.masked(dense.prune(fraction=0.5)).train(dense.recipe.but(total="12it"))
        lab.load(ticket)
        with bugs.scored_copy.plant():
            inner, outer = (masks_of(mask, lab.store) for mask in (ticket.prune(fraction=0.5), ticket.mask()))
        assert count(inner) == round(count(masks_of(ticket.mask(), lab.store)) / 2)
        assert count(outer) > count(inner)


class TestIdleShuffle:
    @pytest.mark.parametrize("scope", ["layer", "global", "unit"])
    def test_the_mask_stays_where_it_was(self, scope: str) -> None:
        mask = network(1).prune(fraction=0.5)
        honest, before = masks_of(mask.shuffled(3, scope=scope)), masks_of(mask)
        with bugs.idle_shuffle.plant() as acts:
            found = masks_of(mask.shuffled(3, scope=scope))
        assert acts.count == 1
        assert raw(found) == raw(before) != raw(honest)
        assert raw(masks_of(mask.shuffled(3, scope=scope))) == raw(honest)


class TestDenseOutput:
    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_the_output_stays_whole_and_the_rest_has_the_density(self, scope: str) -> None:
        with bugs.dense_output.plant() as acts:
            found = chosen(scope=scope, fraction=Fraction(4, 5), layers={"output": Fraction(1, 2)})
        assert acts.count == 1
        assert list(found) == ["hidden", "output"]
        assert bool(found["output"].all())
        assert int(found["hidden"].sum()) == 120
        assert density_percent(found) == pytest.approx(100 * 220 / 700)
        assert count(chosen(scope=scope, fraction=Fraction(4, 5))) == 140

    @pytest.mark.parametrize(("structure", "left", "honest"), [("block-5x5", 125, 150), ("1:5", 120, 140)])
    def test_of_blocks_and_few_inputs_too(self, structure: str, left: int, honest: int) -> None:
        part = Fraction(4, 5)
        with bugs.dense_output.plant() as acts:
            found = chosen(structure=structure, fraction=part)
        assert acts.count == 1
        assert (int(found["hidden"].sum()), int(found["output"].sum())) == (left, 100)
        assert count(chosen(structure=structure, fraction=part)) == honest

    @pytest.mark.parametrize("rounds", [2, 5])
    def test_in_rounds_the_others_have_the_density(self, rounds: int) -> None:
        sentence = network(1).prune(fraction=0.9, by="synflow", rounds=rounds)
        with bugs.dense_output.plant() as acts:
            *hidden, last = masks_of(sentence).values()
        assert acts.count == 1
        assert bool(last.all())
        assert sum(int(mask.sum()) for mask in hidden) == round(sum(mask.numel() for mask in hidden) / 10)

    def test_gradual_pruning_spares_the_output(self) -> None:
        case = BY_NAME["gradual-pruning"]
        with bugs.dense_output.plant() as acts:
            masks = train(case, [case.replica(1)])[0, case.total].masks
        assert acts.count > 1
        assert masks is not None
        *hidden, last = masks.values()
        assert bool(last.all())
        assert sum(int(mask.sum()) for mask in hidden) == round(0.3 * sum(mask.numel() for mask in hidden))

    @pytest.mark.parametrize("structure", ["unit", "channel"])
    def test_units_are_pruned_as_they_were(self, structure: str) -> None:
        honest = chosen(structure=structure)
        with bugs.dense_output.plant() as acts:
            assert raw(chosen(structure=structure)) == raw(honest)
        assert acts.count == 0


class TestIgnoredLayers:
    def test_biases_are_taken_from_the_weights(self) -> None:
        fact = Resolver().mask(network(1).prune(fraction=0.5))
        assert isinstance(fact, PrunedMask)
        module = build(fact.state.model)
        weights = sum(dict(module.named_parameters())[name].numel() for name in prunable(module))
        biases = sum(value.numel() for value in module.parameters()) - weights
        sentence = network(1).prune(fraction=0.5)
        honest = masks_of(sentence)
        with bugs.ignored_layers.plant() as acts:
            found = masks_of(sentence)
        assert (weights, biases, acts.count) == (2368, 42, 1)
        assert count(honest) == weights - weights // 2
        assert count(found) == weights - round((weights + biases) / 2)
        assert raw(masks_of(sentence)) == raw(honest)

    def test_outputs_are_taken_from_the_hidden_units(self) -> None:
        sentence = Network("mlp-10", data="xor", seed=1).prune(fraction=0.5, structure="unit")
        with bugs.ignored_layers.plant():
            found = masks_of(sentence)
        assert int(found[next(iter(found))].any(1).sum()) == 10 - 6  # (10 + 2) / 2

    def test_outputs_are_taken_from_the_filters(self) -> None:
        sentence = normed(1).prune(fraction=0.25, structure="channel")
        with bugs.ignored_layers.plant():
            found = masks_of(sentence)
        assert int(found["0.weight"].flatten(1).any(1).sum()) == 4 - round((4 + 10) * 0.25)

    def test_so_many_of_each_few_stay_as_they_were(self) -> None:
        sentence = network(1).prune(structure="2:4", layer_fractions={"output": 0})
        honest = masks_of(sentence)
        with bugs.ignored_layers.plant() as acts:
            assert raw(masks_of(sentence)) == raw(honest)
        assert acts.count == 0

    def test_at_most_everything_goes(self) -> None:
        with bugs.ignored_layers.plant():
            found = masks_of(Network("mlp-2", data="xor", seed=1).prune(fraction=0.9, structure="unit"))
        assert count(found) == 0


class TestGlobalSeeds:
    def test_the_process_has_a_say(self) -> None:
        case = BY_NAME["dropout"]
        honest = bits(train(case, [case.replica(1)])[0, case.total])
        before = torch.get_rng_state()
        with bugs.global_seeds.plant() as acts:
            ends = [bits(train(case, [case.replica(1)])[0, case.total]) for _ in range(2)]
        assert acts.count > case.total
        assert ends[0] != ends[1] != honest
        assert torch.equal(torch.get_rng_state(), before)
        assert bits(train(case, [case.replica(1)])[0, case.total]) == honest

    def test_planted_again_it_draws_the_same(self) -> None:
        case, ends = BY_NAME["dropout"], []
        for _ in range(2):
            with bugs.global_seeds.plant():
                ends.append(bits(train(case, [case.replica(1)])[0, case.total]))
        assert ends[0] == ends[1]

    def test_augmentation_is_drawn_by_the_process(self) -> None:
        case, ends = BY_NAME["augmented-mlp"], []
        honest = bits(train(case, [case.replica(1)])[0, case.total])
        before = torch.get_rng_state()
        for _ in range(2):
            with bugs.global_seeds.plant() as acts:
                ends += [bits(train(case, [case.replica(1)])[0, case.total]) for _ in range(2)]
            assert acts.count >= 2
        assert ends[0] == ends[2] != ends[1] == ends[3]
        assert honest not in ends
        assert torch.equal(torch.get_rng_state(), before)
        assert bits(train(case, [case.replica(1)])[0, case.total]) == honest


class TestStaleStatistics:
    def test_the_second_network_is_measured_with_the_statistics_of_the_first(self, lab: Lab) -> None:
        facts = [Resolver().measure(loss(normed(seed).train())) for seed in (1, 2)]
        for seed in (1, 2):
            lab.load(normed(seed).train())
        honest = [Workshop(lab.store).measure(fact)["value"] for fact in facts]
        with bugs.stale_statistics.plant() as acts:
            workshop = Workshop(lab.store)
            found = [workshop.measure(fact)["value"] for fact in facts]
            alone = Workshop(lab.store).measure(facts[1])["value"]
        assert acts.count == 1
        assert (found[0], alone) == (honest[0], honest[1])
        assert found[1] != honest[1]
        workshop = Workshop(lab.store)
        assert [workshop.measure(fact)["value"] for fact in facts] == honest

    def test_on_a_path_statistics_are_not_taken_anew(self, lab: Lab) -> None:
        nets = [normed(seed).train() for seed in (1, 2)]
        for net in nets:
            lab.load(net)
        paths = {
            how: Resolver().measure(path(*nets, points=3, statistics=how)) for how in ("re-estimated", "interpolated")
        }
        honest = {how: Workshop(lab.store).measure(fact)["value"] for how, fact in paths.items()}
        with bugs.stale_statistics.plant() as acts:
            found = Workshop(lab.store).measure(paths["re-estimated"])["value"]
        assert acts.count == 3
        assert found["loss"] == honest["interpolated"]["loss"] == honest["re-estimated"]["stale loss"]
        assert found["loss"] != honest["re-estimated"]["loss"]
        assert Workshop(lab.store).measure(paths["re-estimated"])["value"] == honest["re-estimated"]

    def test_statistics_that_a_sentence_takes_anew_stay(self, lab: Lab) -> None:
        net = normed(1).train()
        lab.load(net)
        state, again = Resolver().state(net), Resolver().state(net.perturbed("re-estimate", examples=100))
        with bugs.stale_statistics.plant() as acts:
            found = Workshop(lab.store).state(again).weights
        assert acts.count == 1
        assert raw(found) == raw(Workshop(lab.store).state(state).weights)
        assert raw(found) != raw(Workshop(lab.store).state(again).weights)

    def test_what_is_trained_on_keeps_its_own(self, lab: Lab) -> None:
        state = Resolver().state(normed(1).train())
        lab.load(normed(1).train())
        honest = raw(Workshop(lab.store).state(state).weights)
        with bugs.stale_statistics.plant() as acts:
            workshop = Workshop(lab.store)
            assert [raw(workshop.state(state).weights) for _ in range(2)] == [honest, honest]
        assert acts.count == 0
