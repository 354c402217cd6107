"""Masks that change inside training: exact densities, the papers' rules against loops, no hidden generator."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prune_nets import Named, everything, raw, scattered

from whether.errors import RequestError, WorkError
from whether.prune import begin, change, changes_at, cubic_density, density_percent, erk
from whether.prune.dynamic import annealed, exchanged
from whether.seeds import Seed, Stream

SHAPES = {"conv": (8, 4, 3, 3), "body": (20, 30), "out": (5, 20)}
TOTAL = sum(math.prod(shape) for shape in SHAPES.values())
STREAM = Stream(Seed(3), "sparsify")
GRADUAL: dict[str, Any] = {"name": "gradual", "density": 0.1, "begin": 10, "end": 55, "every": 10, "scope": "global"}
RIGL: dict[str, Any] = {"name": "rigl", "density": 0.2, "layers": "erk", "every": 5, "end": 40, "fraction": 0.3}
SET: dict[str, Any] = RIGL | {"name": "set", "layers": "erdos-renyi"}


def counts(masks: Named) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in masks.items()}


def run(plan: dict[str, Any], steps: int, seed: int = 0) -> list[Named]:
    """The masks of every step, for weights and gradients that change with it."""
    found = [begin(plan, None, SHAPES, STREAM)]
    for step in range(1, steps + 1):
        weights = {name: value.where(found[-1][name], 0.0) for name, value in scattered(SHAPES, seed + step).items()}
        new = change(
            plan, step, weights=weights, gradients=scattered(SHAPES, seed + 500 + step), masks=found[-1], stream=STREAM
        )
        found.append(found[-1] if new is None else new)
    return found


# Gradual.


def test_the_cubic_course_is_zhu_and_guptas() -> None:
    for step in range(80):
        sparsity = 0.9 + (0.0 - 0.9) * (1 - (min(max(step, 10), 55) - 10) / 45) ** 3
        assert float(cubic_density(step, 10, 55, 0.1)) == pytest.approx(1 - sparsity, rel=1e-12)
    assert cubic_density(55, 10, 55, 0.1) == Fraction(1, 10)
    assert cubic_density(10, 10, 55, 0.1) == 1
    assert [cubic_density(step, 5, 5, 0.1) for step in (4, 5)] == [1, Fraction(1, 10)]


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_gradual_pruning_meets_its_density_to_the_weight_at_each_change(scope: str) -> None:
    found = run(GRADUAL | {"scope": scope}, 70)
    assert found[0]["conv"].all()
    for step in range(71):
        reached = max((at for at in (0, 10, 20, 30, 40, 50, 55) if at <= step), default=0)
        density = cubic_density(reached, 10, 55, 0.1)
        if scope == "layer":
            assert counts(found[step]) == {name: round(density * math.prod(SHAPES[name])) for name in SHAPES}
        else:
            assert sum(counts(found[step]).values()) == round(density * TOTAL)
    for before, after in pairwise(found):
        assert not any(bool((after[name] & ~before[name]).any()) for name in SHAPES)


def test_gradual_pruning_keeps_the_largest() -> None:
    weights = scattered(SHAPES)
    kept = change(GRADUAL, 55, weights=weights, gradients=None, masks=everything(SHAPES), stream=STREAM)
    assert kept is not None
    ranked = torch.cat([value.abs().flatten() for value in weights.values()]).sort(descending=True).values
    stay = torch.cat([weights[name].abs()[kept[name]] for name in SHAPES])
    assert torch.equal(stay.sort(descending=True).values, ranked[: round(0.1 * TOTAL)])


def test_a_network_that_is_sparser_already_is_left_alone_until_its_time() -> None:
    masks = {name: score > 0.9 for name, score in scattered(SHAPES).items()}
    begun = begin(GRADUAL, masks, SHAPES, STREAM)
    assert raw(begun) == raw(masks)
    weights = scattered(SHAPES, 2)
    assert change(GRADUAL, 20, weights=weights, gradients=None, masks=masks, stream=STREAM) is None
    later = change(GRADUAL, 55, weights=weights, gradients=None, masks=masks, stream=STREAM)
    assert later is not None
    assert sum(counts(later).values()) == round(Fraction(1, 10) * TOTAL)


# SET and RigL.


@pytest.mark.parametrize("plan", [RIGL, SET, RIGL | {"layers": "uniform"}], ids=["rigl", "set", "uniform"])
def test_density_is_kept_to_the_weight_in_every_layer_at_every_step(plan: dict[str, Any]) -> None:
    found = run(plan, 50)
    assert sum(counts(found[0]).values()) == round(Fraction(1, 5) * TOTAL)
    assert all(counts(masks) == counts(found[0]) for masks in found)
    moved = [step for step in range(1, 51) if raw(found[step]) != raw(found[step - 1])]
    assert moved == [5, 10, 15, 20, 25, 30, 35]
    assert moved == [step for step in range(51) if changes_at(plan, step)]


def test_the_beginning_is_random_at_erks_densities() -> None:
    masks = begin(RIGL, None, SHAPES, STREAM)
    assert counts(masks) == {name: part * math.prod(SHAPES[name]) for name, part in erk(SHAPES, 0.2).items()}
    assert density_percent(masks) == pytest.approx(20, abs=0.05)
    assert raw(masks) == raw(begin(RIGL, None, SHAPES, STREAM))
    assert raw(masks) != raw(begin(RIGL, None, SHAPES, Stream(Seed(4), "sparsify")))
    hits = torch.stack([begin(SET, None, {"w": (4, 5)}, Stream(Seed(seed), "s"))["w"] for seed in range(2000)]).sum(0)
    assert hits.sum() == 8000
    assert bool(((hits > 320) & (hits < 480)).all()), "every place is as likely"


def exchanged_by_loops(worth: list[float], promise: list[float], mask: list[bool], moved: int) -> list[bool]:
    there = [place for place in range(len(mask)) if mask[place]]
    free = [place for place in range(len(mask)) if not mask[place]]
    stay = sorted(there, key=lambda place: (-worth[place], place))[: len(there) - moved]
    grown = sorted(free, key=lambda place: (-promise[place], place))[:moved]
    return [place in {*stay, *grown} for place in range(len(mask))]


places = st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans())


@given(st.lists(places, min_size=1, max_size=30), st.fractions(0, 1))
def test_the_smallest_go_and_the_most_promising_come(row: list[tuple[int, int, bool]], part: Fraction) -> None:
    worth, promise, mask = (list(column) for column in zip(*row, strict=True))
    moved = min(round(part * sum(mask)), len(mask) - sum(mask))
    found = exchanged(torch.tensor(worth).float(), torch.tensor(promise).float(), torch.tensor(mask), part)
    assert found.tolist() == exchanged_by_loops(worth, promise, mask, moved)


def test_rigl_grows_where_gradients_are_largest_and_nothing_that_was_just_dropped() -> None:
    masks, weights, gradients = begin(RIGL, None, SHAPES, STREAM), scattered(SHAPES, 1), scattered(SHAPES, 2)
    for name in SHAPES:
        gradients[name] = gradients[name].where(~masks[name], 1e6)
    found = change(RIGL, 10, weights=weights, gradients=gradients, masks=masks, stream=STREAM)
    assert found is not None
    part = 0.15 * (1 + math.cos(math.pi * 10 / 40))
    for name, mask in masks.items():
        count = int(mask.sum())
        moved = min(round(part * count), mask.numel() - count)
        asked = (weights[name].abs(), gradients[name].abs(), mask)
        expected = exchanged_by_loops(*(value.flatten().tolist() for value in asked), moved)
        assert found[name].flatten().tolist() == expected
        assert int((mask & ~found[name]).sum()) == moved == int((found[name] & ~mask).sum())


def test_rigls_share_falls_along_half_a_cosine_and_sets_stays() -> None:
    shapes, masks = {"w": (40, 50)}, {"w": torch.arange(2000).reshape(40, 50) < 1000}
    moved: dict[str, list[int]] = {"rigl": [], "set": []}
    for plan in (RIGL, SET):
        for step in range(5, 40, 5):
            new = change(
                plan, step, weights=scattered(shapes), gradients=scattered(shapes, 2), masks=masks, stream=STREAM
            )
            assert new is not None
            moved[plan["name"]].append(int((masks["w"] & ~new["w"]).sum()))
    assert moved["rigl"] == [round(150 * (1 + math.cos(math.pi * step / 40))) for step in range(5, 40, 5)]
    assert moved["set"] == [300] * 7
    assert annealed(40, 40, 0.3) == 0


def test_set_draws_by_seed_tensor_and_step_and_reads_no_gradient() -> None:
    masks, weights = begin(SET, None, SHAPES, STREAM), scattered(SHAPES)

    def grown(step: int, stream: Stream = STREAM, only: tuple[str, ...] = tuple(SHAPES)) -> Named:
        here = {name: masks[name] for name in only}
        found = change(SET, step, weights=weights, gradients=None, masks=here, stream=stream)
        assert found is not None
        return found

    torch.manual_seed(1)
    first = grown(5)
    torch.manual_seed(2)
    assert raw(grown(5)) == raw(first)
    assert raw(grown(10)) != raw(first)
    assert raw(grown(5, Stream(Seed(4), "sparsify"))) != raw(first)
    assert raw(grown(5, only=("body",))) == raw({"body": first["body"]})


def test_whole_layers_stay_whole() -> None:
    masks = everything(SHAPES)
    assert change(SET, 5, weights=scattered(SHAPES), gradients=None, masks=masks, stream=STREAM) is None


@pytest.mark.parametrize("plan", [GRADUAL, RIGL, SET], ids=["gradual", "rigl", "set"])
def test_what_was_given_stays_and_nothing_happens_between(plan: dict[str, Any]) -> None:
    masks, weights, gradients = begin(SET, None, SHAPES, STREAM), scattered(SHAPES), scattered(SHAPES, 2)
    before = raw(masks), raw(weights), raw(gradients)
    for step in range(80):
        new = change(plan, step, weights=weights, gradients=gradients, masks=masks, stream=STREAM)
        assert new is None or changes_at(plan, step)
        for mask in (new or {}).values():
            mask.fill_(False)
    begin(plan, masks, SHAPES, STREAM)["out"].fill_(True)
    assert (raw(masks), raw(weights), raw(gradients)) == before


def test_rigl_needs_gradients() -> None:
    with pytest.raises(
        RequestError, match=r"rigl grows weights where gradients are largest: change\(\) needs gradients"
    ):
        change(RIGL, 5, weights=scattered(SHAPES), gradients=None, masks=everything(SHAPES), stream=STREAM)


def test_weights_that_are_no_numbers_are_an_error() -> None:
    masks, weights = begin(RIGL, None, SHAPES, STREAM), scattered(SHAPES)
    weights["body"][masks["body"].nonzero()[0][0], masks["body"].nonzero()[0][1]] = math.nan
    with pytest.raises(WorkError, match="a pruning score is not a finite number; the network that was scored has"):
        change(RIGL, 5, weights=weights, gradients=scattered(SHAPES, 2), masks=masks, stream=STREAM)


def test_an_unknown_plan_is_told_with_those_there_are() -> None:
    for act in (lambda plan: begin(plan, None, SHAPES, STREAM), lambda plan: changes_at(plan, 1)):
        with pytest.raises(RequestError, match="unknown plan of masks that change 'rigll'; did you mean 'rigl'"):
            act({"name": "rigll", "every": 1, "end": 2})
