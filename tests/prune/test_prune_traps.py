"""Bugs that published pruning code has had, planted in each way of pruning: every checker passes ours and sees them.

Those of weights selected one by one stand in tests/train/test_published_traps.py; here are structures, rounds and masks
that change, and the figures of LeNet-300-100 by each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from prune_nets import Named, everything, raw, scattered
from torch import Tensor

from whether.prune import begin, change, density_percent, erk, groups, iterate, magnitude, select, shuffled
from whether.seeds import Seed, Stream

LENET = {"1.weight": (300, 784), "3.weight": (100, 300), "5.weight": (10, 100)}
LEFT = {1: 80.04, 3: 51.28, 7: 21.07, 9: 13.52, 15: 3.58, 18: 1.85, 20: 1.19}
SHAPES = {"first": (8, 12), "second": (12, 8), "out": (4, 12)}
TIED = {name: torch.ones(shape) for name, shape in SHAPES.items()}
STREAM = Stream(Seed(1), "sparsify")
FIFTH = Fraction(4, 5)


def caught(check: Callable[[Any], None], variant: Any) -> None:
    """The checker sees the planted bug."""
    with pytest.raises(AssertionError, match="assert"):
        check(variant)


def count(masks: Named) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


# Pruning n + 1 by a strict threshold: where scores tie, far more than one goes, or none.

Pruning = Callable[[Named, str], Named]


def by_threshold(scores: Named, structure: str) -> Named:
    there = groups(everything(SHAPES), structure)
    if structure == "channel":
        worth = {name: scores[name].square().sum(1) for name in there}
    else:
        worth = {name: scores[name].reshape(-1, 2, scores[name].shape[1] // 2, 2).sum((1, 3)) for name in there}
    ranked = torch.cat([value.flatten() for value in worth.values()]).sort().values
    kept = {name: value > ranked[round(FIFTH * len(ranked))] for name, value in worth.items()}
    if structure == "channel":
        return {
            name: mask & kept[name].unsqueeze(1) if name in kept else mask for name, mask in everything(SHAPES).items()
        }
    return {name: kept[name].repeat_interleave(2, 0).repeat_interleave(2, 1) for name in SHAPES}


def ours(scores: Named, structure: str) -> Named:
    return select(scores, everything(SHAPES), fraction=FIFTH, structure=structure)


def check_exactly_so_many_groups_stay(prune: Pruning) -> None:
    for structure in ("channel", "block-2x2"):
        total = count(groups(everything(SHAPES), structure))
        for scores in (scattered(SHAPES), TIED):
            assert count(groups(prune(scores, structure), structure)) == round((1 - FIFTH) * total)


def test_exactly_so_many_groups_are_pruned() -> None:
    check_exactly_so_many_groups_stay(ours)
    caught(check_exactly_so_many_groups_stay, by_threshold)


def in_rounds(rounds: int) -> Named:
    return iterate(lambda _: scattered(SHAPES), everything(SHAPES), fraction=FIFTH, rounds=rounds)


def with_a_rounded_share_each(rounds: int) -> Named:
    """A share of what is left goes in each round, and the rounding of each is added up."""
    masks, share = everything(SHAPES), Fraction(1 - float(1 - FIFTH) ** (1 / rounds)).limit_denominator(100)
    for _ in range(rounds):
        masks = select(scattered(SHAPES), masks, fraction=share)
    return masks


def check_rounds_end_at_the_count(prune: Callable[[int], Named]) -> None:
    for rounds in (1, 7, 100):
        assert count(prune(rounds)) == round((1 - FIFTH) * sum(math.prod(shape) for shape in SHAPES.values()))


def test_rounds_do_not_add_up_their_rounding() -> None:
    check_rounds_end_at_the_count(in_rounds)
    caught(check_rounds_end_at_the_count, with_a_rounded_share_each)


# A dense output layer in what is reported as so sparse; ignored layers in what is counted.

Begin = Callable[[float], Named]


def sparse_training(density: float) -> Named:
    return begin({"name": "rigl", "density": density, "layers": "uniform"}, None, LENET, STREAM)


def with_the_output_dense(density: float) -> Named:
    hidden = {name: LENET[name] for name in ("1.weight", "3.weight")}
    found = begin({"name": "rigl", "density": density, "layers": "uniform"}, None, hidden, STREAM)
    return found | everything({"5.weight": LENET["5.weight"]})


def counting_biases(density: float) -> Named:
    total, biases = sum(math.prod(shape) for shape in LENET.values()), 410
    return sparse_training((density * (total + biases) - biases) / total)


def check_sparsity_is_of_all_the_prunable_weights(prune: Begin) -> None:
    for density in (0.2, 0.05, 0.01):
        masks = prune(density)
        assert count(masks) == round(density * 266200)
        assert not masks["5.weight"].all()


def test_sparse_networks_are_sparse_in_all_layers_and_counted_without_biases() -> None:
    check_sparsity_is_of_all_the_prunable_weights(sparse_training)
    for planted in (with_the_output_dense, counting_biases):
        caught(check_sparsity_is_of_all_the_prunable_weights, planted)


def capped_without_sharing(density: float) -> dict[str, Fraction]:
    """What is cut off above one is lost, not given to the other layers."""
    raw_ = {name: Fraction(sum(shape), math.prod(shape)) for name, shape in LENET.items()}
    total = sum(math.prod(shape) for shape in LENET.values())
    scale = Fraction(str(density)) * total / sum(sum(shape) for shape in LENET.values())
    return {name: min(Fraction(1), scale * part) for name, part in raw_.items()}


def check_capped_layers_leave_the_rest_to_others(rule: Callable[[float], dict[str, Fraction]]) -> None:
    for density in (0.02, 0.2):
        kept = sum(part * math.prod(LENET[name]) for name, part in rule(density).items())
        assert kept == round(Fraction(str(density)) * 266200)


def test_what_full_layers_cannot_take_goes_to_the_others() -> None:
    check_capped_layers_leave_the_rest_to_others(lambda density: erk(LENET, density))
    caught(check_capped_layers_leave_the_rest_to_others, capped_without_sharing)


# Growth that takes back what was dropped, so that "dynamic" masks do not change; a change that is written in place.

Change = Callable[[Named, Named, Named], Named]
PLAN = {"name": "rigl", "density": 0.5, "layers": "uniform", "every": 1, "end": 10, "fraction": 0.3}


def rigl(weights: Named, gradients: Named, masks: Named) -> Named:
    return change(PLAN, 1, weights=weights, gradients=gradients, masks=masks, stream=STREAM) or masks


def regrowing(weights: Named, gradients: Named, masks: Named) -> Named:
    """Grows among all places that are empty after dropping; old places have the large gradients."""
    found = {}
    for name, mask in masks.items():
        part = Fraction(3, 10)
        stay = select({"w": weights[name].abs()}, {"w": mask}, fraction=part)["w"]
        moved = int(mask.sum()) - int(stay.sum())
        best = gradients[name].abs().masked_fill(stay, -1).flatten().topk(moved).indices
        grown = torch.zeros(mask.numel(), dtype=torch.bool)
        grown[best] = True
        found[name] = stay | grown.reshape(mask.shape)
    return found


def in_place(weights: Named, gradients: Named, masks: Named) -> Named:
    for name, mask in rigl(weights, gradients, masks).items():
        masks[name].copy_(mask)
    return masks


def check_masks_move_and_what_was_given_stays(act: Change) -> None:
    masks = begin(PLAN, None, SHAPES, STREAM)
    before, there = raw(masks), {name: mask.clone() for name, mask in masks.items()}
    gradients = {name: value.where(~masks[name], 1e3) for name, value in scattered(SHAPES, 2).items()}
    found = act(scattered(SHAPES), gradients, masks)
    assert raw(masks) == before
    for name, mask in found.items():
        assert int(mask.sum()) == int(there[name].sum())
        assert bool((mask & ~there[name]).any())


def test_dynamic_masks_move() -> None:
    check_masks_move_and_what_was_given_stays(rigl)
    for planted in (regrowing, in_place):
        caught(check_masks_move_and_what_was_given_stays, planted)


# A shuffle that never writes back, of masks of whole channels.


def never_writes_back(masks: Named, seed: Seed, scope: str) -> Named:
    for mask in masks.values():
        flat = mask.flatten().clone()
        flat[:] = flat.flip(0)
    return masks


def check_a_shuffle_takes_channels_apart(shuffle: Callable[[Named, Seed, str], Named]) -> None:
    masks = select(scattered(SHAPES), everything(SHAPES), fraction=Fraction(1, 2), structure="channel")
    before = raw(masks)
    moved = shuffle(masks, Seed(1), "layer")
    assert raw(masks) == before
    for name in ("first", "second"):
        assert int(moved[name].sum()) == int(masks[name].sum())
        assert not torch.equal(moved[name].any(1), masks[name].any(1))


def test_shuffled_masks_are_shuffled() -> None:
    check_a_shuffle_takes_channels_apart(shuffled)
    caught(check_a_shuffle_takes_channels_apart, never_writes_back)


# The arithmetic of LeNet-300-100: a fifth a round, of the output a tenth.


def one_by_one(rounds: int) -> Named:
    masks, weights = everything(LENET), scattered(LENET)
    for _ in range(rounds):
        scores = magnitude(weights, masks)
        masks = select(scores, masks, fraction=Fraction(1, 5), layers={"output": Fraction(1, 10)})
    return masks


def at_once(rounds: int) -> Named:
    """As `iterate`: rounds of scores without training, each of the fraction that is left."""
    own = {"output": 1 - Fraction(9, 10) ** rounds}
    whole = 1 - Fraction(4, 5) ** rounds
    weights = scattered(LENET)
    return iterate(
        lambda masks: magnitude(weights, masks), everything(LENET), fraction=whole, rounds=rounds, layers=own
    )


def forgetting_the_output(rounds: int) -> Named:
    masks, weights = everything(LENET), scattered(LENET)
    for _ in range(rounds):
        masks = select(magnitude(weights, masks), masks, fraction=Fraction(1, 5))
    return masks


def check_lenet_leaves_what_the_arithmetic_says(prune: Callable[[int], Named]) -> None:
    found = {}
    for rounds in LEFT:
        masks = prune(rounds)
        found[rounds] = round(density_percent(masks), 2)
        layers = [density_percent({name: mask}) * mask.numel() for name, mask in masks.items()]
        assert sum(layers) / 266200 == pytest.approx(density_percent(masks), rel=1e-12)
    assert found == LEFT


def test_lenet_leaves_what_the_arithmetic_says() -> None:
    for prune in (one_by_one, at_once):
        check_lenet_leaves_what_the_arithmetic_says(prune)
    caught(check_lenet_leaves_what_the_arithmetic_says, forgetting_the_output)


@pytest.mark.parametrize("structure", ["weight", "channel", "block-2x2"])
def test_masks_are_nested_over_rounds_of_any_structure(structure: str) -> None:
    masks: dict[str, Tensor] = everything(SHAPES)
    for round_ in range(4):
        kept = select(scattered(SHAPES, round_), masks, fraction=Fraction(1, 3), structure=structure)
        assert not any(bool((kept[name] & ~masks[name]).any()) for name in SHAPES)
        assert count(kept) < count(masks)
        masks = kept
