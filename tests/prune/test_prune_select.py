"""Selection: exactly so many stay, ties by place, nothing comes back, layers by their own rates."""

from __future__ import annotations

import math
from fractions import Fraction

import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cases import raw
from whether.catalogue.settings import weights_left
from whether.errors import RequestError, WorkError
from whether.prune import density_percent, full, magnitude, select
from whether.prune.select import keep_highest

fractions = st.fractions(0, 1).filter(lambda part: 0 < part < 1)
LENET = {"1.weight": (300, 784), "3.weight": (100, 300), "5.weight": (10, 100)}


def everything(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}


def scattered(shapes: dict[str, tuple[int, ...]], seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


@given(st.lists(st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-45, 3.0]), max_size=40), st.data(), fractions)
def test_exactly_so_many_stay_ties_included(values: list[float], data: st.DataObject, part: Fraction) -> None:
    there = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    scores, exists = torch.tensor(values), torch.tensor(there, dtype=torch.bool)
    kept = keep_highest(scores, exists, part)
    assert int(kept.sum()) == round((1 - part) * sum(there))
    assert not bool((kept & ~exists).any())
    ranked = sorted((place for place in range(len(values)) if there[place]), key=lambda place: (-values[place], place))
    assert kept.nonzero().squeeze(1).tolist() == sorted(ranked[: int(kept.sum())])


def test_halves_round_to_even() -> None:
    for count, kept in ((1, 0), (3, 2), (5, 2), (7, 4)):
        assert int(keep_highest(torch.ones(count), torch.ones(count, dtype=torch.bool), Fraction(1, 2)).sum()) == kept


def test_ties_are_broken_by_place_in_the_order_of_layers() -> None:
    masks = everything({"late": (2, 3), "early": (4,)})
    kept = select({name: torch.ones(mask.shape) for name, mask in masks.items()}, masks, fraction=Fraction(3, 10))
    assert kept["late"].all()
    assert kept["early"].tolist() == [True, False, False, False]
    assert list(kept) == ["late", "early"]


@given(fractions, st.sampled_from(["global", "layer"]), st.integers(0, 99))
def test_masks_are_nested_over_rounds_and_counts_are_exact(part: Fraction, scope: str, seed: int) -> None:
    shapes = {"a": (7, 5), "b": (3, 7), "c": (2, 3)}
    masks = everything(shapes)
    for round_ in range(4):
        pruned = select(scattered(shapes, seed + round_), masks, fraction=part, scope=scope)
        for name in shapes:
            assert not bool((pruned[name] & ~masks[name]).any())
            if scope == "layer":
                assert int(pruned[name].sum()) == round((1 - part) * int(masks[name].sum()))
        before, after = (sum(int(mask.sum()) for mask in item.values()) for item in (masks, pruned))
        if scope == "global":
            assert after == round((1 - part) * before)
        masks = pruned


def test_scores_of_what_is_gone_are_never_read() -> None:
    masks = {"w": torch.tensor([True, False, True, False])}
    kept = select({"w": torch.tensor([1.0, math.nan, 2.0, 9.0])}, masks, fraction=Fraction(1, 2))
    assert kept["w"].tolist() == [False, False, True, False]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_an_error(bad: float) -> None:
    masks = everything({"w": (3,)})
    with pytest.raises(WorkError, match="a pruning score is not a finite number; the network that was scored has"):
        select({"w": torch.tensor([1.0, bad, 2.0])}, masks, fraction=Fraction(1, 2))


def test_global_selection_compares_over_layers_and_layerwise_within() -> None:
    masks = everything({"small": (10,), "large": (10,)})
    scores = {"small": torch.linspace(0.1, 0.2, 10), "large": torch.linspace(1.0, 2.0, 10)}
    kept = select(scores, masks, fraction=Fraction(1, 2))
    assert (int(kept["small"].sum()), int(kept["large"].sum())) == (0, 10)
    kept = select(scores, masks, fraction=Fraction(1, 2), scope="layer")
    assert kept["small"].tolist() == kept["large"].tolist() == [False] * 5 + [True] * 5


def test_layers_with_a_fraction_of_their_own_are_pruned_by_themselves() -> None:
    masks = everything({"a": (20,), "b": (20,), "c": (20,)})
    scores = {name: torch.arange(20.0) for name in masks}
    kept = select(scores, masks, fraction=Fraction(1, 2), layers={"output": Fraction(1, 10), "a": Fraction(0)})
    assert {name: int(mask.sum()) for name, mask in kept.items()} == {"a": 20, "b": 10, "c": 18}
    same = select(scores, masks, fraction=Fraction(1, 2), layers={"c": Fraction(1, 10), "a": Fraction(0)})
    assert raw(same) == raw(kept)


def test_an_unknown_layer_is_told_with_those_there_are() -> None:
    shapes = {"1.weight": (4, 4), "3.weight": (2, 4)}
    wrong = {"1.wight": Fraction(1, 2)}
    with pytest.raises(RequestError, match=r"1\.weight"):
        select(scattered(shapes), everything(shapes), fraction=Fraction(1, 2), layers=wrong)


# SCIENCE section 3: LeNet-300-100, a fifth a round, the output layer a tenth.

LEFT = {1: 80.04, 3: 51.28, 7: 21.07, 9: 13.52, 15: 3.58, 18: 1.85, 20: 1.19}


def test_weights_left_are_those_of_the_arithmetic() -> None:
    left = weights_left("lenet-300-100", "mnist", rounds=20, fraction=0.2, output_fraction=0.1)
    assert {after: round(left[after], 2) for after in LEFT} == LEFT
    assert left[0] == 100


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_pruning_lenet_leaves_what_the_arithmetic_says(scope: str) -> None:
    masks = everything(LENET)
    weights = scattered(LENET)
    found = {}
    for after in range(1, 21):
        masks = select(
            magnitude(weights, masks),
            masks,
            fraction=Fraction(1, 5),
            scope=scope,
            layers={"output": Fraction(1, 10)},
        )
        found[after] = round(density_percent(masks), 2)
    assert {after: found[after] for after in LEFT} == LEFT
    output = 1000
    for _ in range(20):
        output = round(Fraction(9, 10) * output)
    assert int(masks["5.weight"].sum()) == output


def test_densities_of_layers_sum_to_the_whole() -> None:
    weights = scattered(LENET)
    masks = select(
        magnitude(weights, full(weights, tuple(LENET))), full(weights, tuple(LENET)), fraction=Fraction(4, 5)
    )
    sizes = {name: math.prod(shape) for name, shape in LENET.items()}
    parts = [density_percent({name: mask}) * sizes[name] / sum(sizes.values()) for name, mask in masks.items()]
    assert sum(parts) == pytest.approx(density_percent(masks), rel=1e-12)
    assert density_percent(masks) == pytest.approx(20, abs=1e-3)


# Whole units.

CHAIN = {"in": (6, 4), "mid": (5, 6), "out": (3, 5)}


def test_units_go_with_their_row_and_the_column_that_reads_them() -> None:
    weights = {name: torch.ones(shape) for name, shape in CHAIN.items()}
    weights["in"][1], weights["in"][4], weights["mid"][0] = 0.1, 0.2, 0.3
    masks = everything(CHAIN)
    kept = select(magnitude(weights, masks), masks, fraction=Fraction(3, 11), structure="unit")
    assert kept["in"].any(1).tolist() == [True, False, True, True, False, True]
    assert kept["mid"].any(1).tolist() == [False, True, True, True, True]
    assert kept["mid"].any(0).tolist() == kept["in"].any(1).tolist()
    assert kept["out"].any(0).tolist() == kept["mid"].any(1).tolist()
    assert kept["out"].any(1).all(), "classes stay"
    for name in ("in", "mid", "out"):
        rows, columns = kept[name].any(1), kept[name].any(0)
        assert torch.equal(kept[name], rows.unsqueeze(1) & columns.unsqueeze(0))


@given(fractions, st.sampled_from(["global", "layer"]), st.integers(0, 99))
def test_exactly_so_many_units_stay_over_rounds(part: Fraction, scope: str, seed: int) -> None:
    masks = everything(CHAIN)
    alive = {"in": 6, "mid": 5}
    for round_ in range(3):
        weights = scattered(CHAIN, seed + round_)
        masks = select(magnitude(weights, masks), masks, fraction=part, scope=scope, structure="unit")
        now = {name: int(masks[name].any(1).sum()) for name in alive}
        # A unit all of whose inputs went with the layer before it is gone, too.
        if scope == "layer" and now["in"]:
            assert now == {name: round((1 - part) * count) for name, count in alive.items()}
        elif scope == "global" and now["in"]:
            assert sum(now.values()) == round((1 - part) * sum(alive.values()))
        alive = now


def test_what_a_unit_has_lost_does_not_count_for_it() -> None:
    masks = everything({"in": (2, 3), "out": (2, 2)})
    masks["in"][0, 1:] = False
    scores = {"in": torch.tensor([[1.0, 9.0, math.nan], [1.0, 1.0, 0.0]]), "out": torch.ones(2, 2)}
    kept = select(scores, masks, fraction=Fraction(1, 2), structure="unit")
    assert kept["in"].any(1).tolist() == [False, True]


def test_a_pair_of_units_of_ten() -> None:
    """What the question `xor` does."""
    shapes = {"1.weight": (10, 2), "3.weight": (2, 10)}
    masks = everything(shapes)
    weights = scattered(shapes)
    kept = select(magnitude(weights, masks), masks, fraction=Fraction(8, 10), structure="unit")
    rows = kept["1.weight"].any(1)
    assert int(rows.sum()) == 2
    strongest = weights["1.weight"].norm(dim=1).topk(2).indices
    assert sorted(rows.nonzero().squeeze(1).tolist()) == sorted(strongest.tolist())
    assert (int(kept["1.weight"].sum()), int(kept["3.weight"].sum())) == (4, 4)


def test_units_of_hidden_layers_may_have_fractions_of_their_own_but_not_the_classes() -> None:
    masks = everything(CHAIN)
    weights = scattered(CHAIN)
    kept = select(weights, masks, fraction=Fraction(1, 2), structure="unit", layers={"mid": Fraction(0)})
    assert (int(kept["in"].any(1).sum()), int(kept["mid"].any(1).sum())) == (3, 5)
    for name in ("output", "out"):
        with pytest.raises(RequestError, match=r"out is the output: its units are the classes\. Fractions"):
            select(weights, masks, fraction=Fraction(1, 2), structure="unit", layers={name: Fraction(1, 10)})


def test_units_need_a_chain_of_linear_layers() -> None:
    for shapes in ({"conv": (4, 1, 3, 3), "out": (3, 4)}, {"a": (4, 4), "b": (3, 5)}):
        with pytest.raises(RequestError, match="units can be pruned in a chain of linear layers; here"):
            select(scattered(shapes), everything(shapes), fraction=Fraction(1, 2), structure="unit")


def test_shapes_in_signatures_are_checked_while_tests_run() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="keep_highest"):
        keep_highest(torch.ones(5), torch.ones(4, dtype=torch.bool), Fraction(1, 2))
    with pytest.raises(jaxtyping.TypeCheckError, match="keep_highest"):
        keep_highest(torch.ones(4), torch.ones(4), Fraction(1, 2))
