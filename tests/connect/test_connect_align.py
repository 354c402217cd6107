"""Alignment: a permuted copy is found again, optima are those of trying everything, a barrier of symmetry goes away."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from symmetric import SYMMETRIC, Symmetric, outputs
from torch import Tensor, nn

from whether.connect import (
    alphas,
    barrier,
    match_activations,
    match_weights,
    permute,
    random_permutations,
    reestimate,
    walk,
)
from whether.connect.groups import groups
from whether.errors import RequestError, WorkError
from whether.seeds import Seed


def bits(weights: dict[str, Tensor]) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in weights.items()}


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
@pytest.mark.parametrize("seed", range(1, 6))
def test_weights_find_a_permuted_copy_to_the_bit(case: Symmetric, seed: int) -> None:
    weights = case.weights(seed)
    found = groups(case.module(), case.shape)
    copy = permute(weights, found, random_permutations(found, Seed(seed)))
    assert bits(copy) != bits(weights)
    aligned = permute(copy, found, match_weights(found, weights, copy, seed=Seed(7)))
    assert bits(aligned) == bits(weights)


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_activations_find_a_permuted_copy_to_the_bit(case: Symmetric) -> None:
    module, x = case.module(), case.examples(600)
    weights = reestimate(module, case.weights(1), x)  # so that no unit is dead: dead ones are all alike
    found = groups(module, case.shape)
    copy = permute(weights, found, random_permutations(found, Seed(1)))
    assert bits(copy) != bits(weights)
    aligned = permute(copy, found, match_activations(module, found, weights, copy, x))
    assert bits(aligned) == bits(weights)


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_alignment_never_changes_a_networks_function(case: Symmetric) -> None:
    module, a, b, x = case.module(), case.weights(1), case.weights(2), case.examples(300)
    found = groups(module, case.shape)
    for permutations in (match_weights(found, a, b, seed=Seed(1)), match_activations(module, found, a, b, x)):
        assert set(permutations) == {group.name for group in found.groups}
        for group in found.groups:
            assert sorted(permutations[group.name].tolist()) == list(range(group.size))
        aligned = permute(b, found, permutations)
        assert bits(aligned) != bits(b)
        torch.testing.assert_close(outputs(module, aligned, x), outputs(module, b, x), rtol=1e-10, atol=1e-10)


def alike(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    return math.fsum(float((a[name] * b[name]).sum()) for name in a if "running" not in name and "num_" not in name)


def small(*widths: int) -> tuple[nn.Sequential, dict[str, Tensor], dict[str, Tensor]]:
    layers = [part for pair in itertools.pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]
    module = nn.Sequential(*layers[:-1]).double()
    case = Symmetric("small", lambda: module, (widths[0],), ())
    return module, case.weights(1), case.weights(2)


def test_with_one_hidden_layer_the_match_is_the_best_of_all_permutations() -> None:
    module, a, b = small(3, 5, 2)
    found = groups(module, (3,))
    best = max(
        alike(a, permute(b, found, {"0.weight": torch.tensor(order)})) for order in itertools.permutations(range(5))
    )
    aligned = permute(b, found, match_weights(found, a, b, seed=Seed(1)))
    assert alike(a, aligned) == pytest.approx(best, rel=1e-12)
    assert best > alike(a, b) + 0.1


def test_with_two_it_is_an_optimum_of_each_layer_and_no_worse_than_leaving_all() -> None:
    module, a, b = small(3, 4, 4, 2)
    found = groups(module, (3,))
    permutations = match_weights(found, a, b, seed=Seed(1))
    reached = alike(a, permute(b, found, permutations))
    assert reached > alike(a, b)
    for name in permutations:
        for order in itertools.permutations(range(4)):
            other = permute(b, found, permutations | {name: torch.tensor(order)})
            assert alike(a, other) <= reached + 1e-9


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_matching_brings_networks_closer_whatever_the_order(case: Symmetric) -> None:
    a, b = case.weights(1), case.weights(2)
    found = groups(case.module(), case.shape)
    for seed in range(3):
        assert alike(a, permute(b, found, match_weights(found, a, b, seed=Seed(seed)))) > alike(a, b)
    twice = [match_weights(found, a, b, seed=Seed(1)) for _ in range(2)]
    assert all(torch.equal(value, twice[1][name]) for name, value in twice[0].items())


def test_a_network_is_its_own_match() -> None:
    for case in SYMMETRIC:
        weights = case.weights(1)
        found = groups(case.module(), case.shape)
        for name, permutation in match_weights(found, weights, weights, seed=Seed(1)).items():
            assert permutation.tolist() == list(range(len(permutation))), (case.name, name)


def test_activations_are_matched_by_their_correlation() -> None:
    module, a, b = small(3, 5, 2)
    x = torch.randn(700, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64) + 1
    found = groups(module, (3,))
    order = match_activations(module, found, a, b, x)["0.weight"].tolist()
    hidden = [torch.relu(x @ weights["0.weight"].T + weights["0.bias"]).numpy() for weights in (a, b)]
    with np.errstate(invalid="ignore"):
        table = np.nan_to_num(np.corrcoef(*hidden, rowvar=False)[:5, 5:])
    best = max(sum(table[i, j] for i, j in enumerate(tried)) for tried in itertools.permutations(range(5)))
    assert sum(table[i, j] for i, j in enumerate(order)) == pytest.approx(best, rel=1e-9)


def test_a_unit_that_is_dead_matches_what_is_left_over() -> None:
    module, a, _ = small(3, 5, 2)
    found = groups(module, (3,))
    a["0.weight"][2], a["0.bias"][2] = 0.0, 0.3  # constant: it varies by roundings alone
    a["0.bias"][:2] += 2
    a["0.bias"][3:] += 2
    b = permute(a, found, {"0.weight": torch.tensor([4, 2, 0, 3, 1])})
    x = torch.randn(700, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    assert match_activations(module, found, a, b, x)["0.weight"].tolist() == [2, 4, 1, 3, 0]


def test_a_permutation_puts_up_a_barrier_and_alignment_takes_it_down() -> None:
    case = SYMMETRIC[0]
    module, weights, x = case.module(), case.weights(1), case.examples(500)
    y = outputs(module, weights, x).argmax(-1)  # so that both ends are right everywhere
    found = groups(module, case.shape)
    copy = permute(weights, found, random_permutations(found, Seed(1)))

    def errors(other: dict[str, Tensor]) -> list[float]:
        points = walk(
            module,
            weights,
            other,
            alphas=alphas(),
            evaluate=lambda network: {"error": 100.0 * float((network(x).argmax(-1) != y).double().mean())},
        )
        return [point.values["error"] for point in points]

    assert errors(copy)[0] == errors(copy)[-1] == 0.0
    assert barrier(errors(copy)) > 20
    by_weights = permute(copy, found, match_weights(found, weights, copy, seed=Seed(1)))
    by_activations = permute(copy, found, match_activations(module, found, weights, copy, x))
    assert barrier(errors(by_weights)) == 0.0
    assert barrier(errors(by_activations)) == 0.0


def test_two_architectures_cannot_be_aligned() -> None:
    module, a, _ = small(3, 5, 2)
    _, _, wide = small(3, 6, 2)
    found = groups(module, (3,))
    said = (
        r"alignment needs two networks of one architecture: '0.weight' is \(5, 3\) in the first and \(6, 3\) in the sec"
    )
    with pytest.raises(RequestError, match=said):
        match_weights(found, a, wide, seed=Seed(1))
    with pytest.raises(RequestError, match=said):
        match_activations(module, found, a, wide, torch.zeros(4, 3))


def test_what_diverged_cannot_be_aligned() -> None:
    module, a, b = small(3, 5, 2)
    found = groups(module, (3,))
    b["0.weight"][1, 1] = math.nan
    with pytest.raises(WorkError, match=r"a weight beside the units of '0.weight' is not a finite number"):
        match_weights(found, a, b, seed=Seed(1))
    with pytest.raises(WorkError, match=r"an activation of '0.weight' is not a finite number"):
        match_activations(module, found, a, b, torch.ones(4, 3, dtype=torch.float64))


def test_a_module_that_goes_other_ways_is_not_read_wrongly() -> None:
    class Forked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.last = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            if bool((x == 0).all()):
                x = x + self.second(x)[:, :3] * 0
            return self.last(self.first(x).relu())

    module = Forked()
    weights = {name: value.detach() for name, value in module.named_parameters()}
    found = groups(module, (3,), hold=True)
    with pytest.raises(RequestError, match="Forked calls other layers on these than on empty ones"):
        match_activations(module, found, weights, weights, torch.ones(4, 3))
