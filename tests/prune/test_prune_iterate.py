"""Scoring in rounds: each at its density, the end exactly that of one go."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prune_nets import Named, everything, examples, net, raw, scattered
from torch import nn

from whether.errors import RequestError
from whether.models import prunable
from whether.prune import full, groups, iterate, select, synflow

SHAPES = {"a": (8, 6), "b": (10, 8), "c": (4, 10)}
fractions = st.fractions(0, 1).filter(lambda part: 0 < part < 1)


def count(masks: Named) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def fresh(seen: list[Named], seed: int = 0) -> Callable[[Any], Named]:
    def rescore(masks: Named) -> Named:
        seen.append(dict(masks))
        return scattered(SHAPES, seed + len(seen))

    return rescore


@settings(max_examples=40)
@given(
    fractions,
    st.integers(1, 12),
    st.sampled_from(["global", "layer"]),
    st.sampled_from(["weight", "channel", "block-2x2"]),
    st.sampled_from([{}, {"b": Fraction(1, 4)}, {"a": Fraction(0), "b": Fraction(9, 10)}]),
)
def test_rounds_end_where_one_go_ends(
    part: Fraction, rounds: int, scope: str, structure: str, layers: dict[str, Fraction]
) -> None:
    masks, seen = everything(SHAPES), []
    how: dict[str, Any] = {"fraction": part, "scope": scope, "structure": structure, "layers": layers}
    kept = iterate(fresh(seen), masks, rounds=rounds, **how)
    once = select(scattered(SHAPES), masks, **how)
    by_layer = [{name: int(item.sum()) for name, item in groups(found, structure).items()} for found in (kept, once)]
    assert count(groups(kept, structure)) == count(groups(once, structure))
    for name in by_layer[0]:
        if scope == "layer" or name in layers:
            assert by_layer[0][name] == by_layer[1][name]
    assert len(seen) == rounds
    for before, after in zip(seen, [*seen[1:], kept], strict=True):
        assert not any(bool((after[name] & ~before[name]).any()) for name in SHAPES)


def test_what_is_left_falls_by_the_same_ratio_each_round() -> None:
    seen: list[Named] = []
    kept = iterate(fresh(seen), everything(SHAPES), fraction=Fraction(99, 100), rounds=10)
    found = [count(masks) for masks in [*seen, kept]]
    assert found == [round(168 * 0.01 ** (k / 10)) for k in range(11)]


def test_layers_with_a_fraction_of_their_own_have_rounds_of_it() -> None:
    seen: list[Named] = []
    iterate(fresh(seen), everything(SHAPES), fraction=Fraction(1, 2), rounds=2, layers={"output": Fraction(3, 4)})
    assert [int(masks["c"].sum()) for masks in seen] == [40, 20]
    assert count({name: seen[1][name] for name in ("a", "b")}) == round(128 * 0.5**0.5)


def test_one_round_is_select() -> None:
    seen: list[Named] = []
    kept = iterate(fresh(seen), everything(SHAPES), fraction=Fraction(1, 3), rounds=1)
    assert raw(kept) == raw(select(scattered(SHAPES, 1), everything(SHAPES), fraction=Fraction(1, 3)))


@pytest.mark.parametrize("wrong", [0, -3, True])
def test_rounds_are_whole(wrong: Any) -> None:
    with pytest.raises(RequestError, match=r"rounds is .*; expected a whole number, 1 or more"):
        iterate(fresh([]), everything(SHAPES), fraction=Fraction(1, 3), rounds=wrong)


def test_n_of_m_has_no_rounds() -> None:
    with pytest.raises(RequestError, match="structure '2:4' prunes once, by a fraction of its own; it has no rounds"):
        iterate(fresh([]), everything(SHAPES), fraction=Fraction(1, 2), rounds=3, structure="2:4")


def test_synflow_in_a_hundred_rounds_keeps_a_way_through_where_one_go_loses_it() -> None:
    """What iterating is for (Tanaka et al., 2020, section 5): no layer is emptied as long as others are fuller."""
    widths = [16, 60, 60, 4, 60, 60, 3]
    layers = [nn.Linear(one, two, bias=False) for one, two in pairwise(widths)]
    module = nn.Sequential(nn.Flatten(), *(part for layer in layers for part in (layer, nn.ReLU())))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * (2 / value.shape[1]) ** 0.5)
    weights = {name: value.detach() for name, value in module.named_parameters()}
    masks, x = full(weights, prunable(module)), examples(torch.float32)[0]
    part = Fraction(996, 1000)

    def rescore(kept: Any) -> Named:
        return synflow(weights, kept, module=module, x=x)

    def flow(kept: Named) -> float:
        return float(rescore(kept)["1.weight"].sum())

    many, once = (iterate(rescore, masks, fraction=part, rounds=rounds) for rounds in (100, 1))
    assert count(many) == count(once) == round((1 - part) * count(masks))
    assert all(bool(mask.any()) for mask in many.values())
    assert flow(many) > flow(once)


def test_rescoring_sees_the_masks_as_they_are() -> None:
    module = net("plain")
    weights = {name: dict(module.named_parameters())[name].detach() for name in prunable(module)}
    masks = full(weights, tuple(weights))
    seen: list[int] = []

    def rescore(kept: Any) -> Named:
        seen.append(count(kept))
        found = synflow(weights, kept, module=module, x=examples()[0])
        assert not any(bool(found[name][~kept[name]].any()) for name in kept)
        return found

    iterate(rescore, masks, fraction=Fraction(1, 2), rounds=5)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
