"""Distances: against plain sums in float64, and where they have no answer."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from whether.connect import cosine, disagreement, l2
from whether.connect.distance import parameters
from whether.errors import RequestError

pairs = st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32)), min_size=2, max_size=20)


def networks(values: list[tuple[float, float]]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    a, b = ([pair[side] for pair in values] for side in (0, 1))
    return tuple({"u": torch.tensor(side[:1]), "v": torch.tensor(side[1:]), "x": torch.zeros(9)} for side in (a, b))


@given(pairs)
def test_l2_is_one_length_over_all_tensors(values: list[tuple[float, float]]) -> None:
    a, b = networks(values)
    exact = math.sqrt(math.fsum((one - other) ** 2 for one, other in values))
    assert l2(a, b, ["u", "v"]) == pytest.approx(exact, rel=1e-12)
    assert l2(b, a, ["v", "u"]) == l2(a, b, ["v", "u"])
    assert l2(a, a, ["u", "v"]) == 0.0


@given(pairs, st.floats(0.01, 100))
def test_cosine_is_of_directions(values: list[tuple[float, float]], scale: float) -> None:
    a, b = networks([(one + 2e3, other) for one, other in values])
    if not any(other for _, other in values):
        return
    dot, first, second = (
        math.fsum(left * right for left, right in zip(u, v, strict=True))
        for u, v in (
            ([*a["u"].tolist(), *a["v"].tolist()], [*b["u"].tolist(), *b["v"].tolist()]),
            ([*a["u"].tolist(), *a["v"].tolist()], [*a["u"].tolist(), *a["v"].tolist()]),
            ([*b["u"].tolist(), *b["v"].tolist()], [*b["u"].tolist(), *b["v"].tolist()]),
        )
    )
    found = cosine(a, b, ["u", "v"])
    if second > 1e-60:
        assert found == pytest.approx(1 - dot / math.sqrt(first) / math.sqrt(second), abs=1e-9)
    assert 0 <= found <= 2
    assert cosine(a, a, ["u", "v"]) == 0.0
    wide = {name: value.double() * scale for name, value in a.items()}
    assert cosine(a, wide, ["u", "v"]) == pytest.approx(0.0, abs=1e-12)
    assert cosine(a, {name: -value for name, value in a.items()}, ["u", "v"]) == 2.0


def test_sums_are_in_double() -> None:
    a = {"w": torch.full((4096,), 1e-4), "big": torch.tensor([1e4])}
    b = {"w": torch.zeros(4096), "big": torch.zeros(1)}
    assert l2(a, b, ["w", "big"]) ** 2 - 1e8 == pytest.approx(4096e-8, rel=1e-2)


def test_only_what_is_named_counts() -> None:
    a, b = {"w": torch.ones(4), "running_var": torch.ones(4)}, {"w": torch.ones(4), "running_var": torch.zeros(4)}
    assert l2(a, b, ["w"]) == 0.0
    assert l2(a, b, ["running_var"]) == 2.0
    with pytest.raises(RequestError, match="unknown tensor 'wa'; did you mean 'w'"):
        l2(a, b, ["wa"])
    with pytest.raises(RequestError, match="names of the tensors that it is over"):
        cosine(a, b, [])


def test_networks_of_two_architectures_have_no_distance() -> None:
    with pytest.raises(RequestError, match=r"a distance needs .*'w' is \(4,\) in the first and \(1, 4\)"):
        l2({"w": torch.ones(4)}, {"w": torch.ones(1, 4)}, ["w"])
    with pytest.raises(RequestError, match="the first has 'w', the second does not"):
        l2({"w": torch.ones(4)}, {}, ["w"])


def test_zero_has_no_direction() -> None:
    with pytest.raises(RequestError, match="the second network's weights are all zero"):
        cosine({"w": torch.ones(4)}, {"w": torch.zeros(4)}, ["w"])


def test_parameters_are_without_statistics_and_shared_ones_once() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    module[2].weight = module[0].weight
    assert parameters(module) == ("0.weight", "0.bias", "1.weight", "1.bias", "2.bias")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_disagreement_counts_other_answers(answers: list[tuple[int, int]]) -> None:
    a, b = (torch.nn.functional.one_hot(torch.tensor([pair[side] for pair in answers]), 4).float() for side in (0, 1))
    share = sum(one != other for one, other in answers) / len(answers)
    assert disagreement(a, b) == pytest.approx(100 * share)
    assert disagreement(a, b * 5 - 3) == disagreement(b, a)
    assert disagreement(a, a) == 0.0
    assert disagreement(a.unsqueeze(0), b.unsqueeze(0)) == disagreement(a, b), "tokens count like examples"


def test_disagreement_is_on_the_same_examples() -> None:
    with pytest.raises(RequestError, match=r"the same examples, got \(3, 2\) and \(4, 2\)"):
        disagreement(torch.zeros(3, 2), torch.zeros(4, 2))
