"""Where compressed rows pay, and what is said to be expected: computed of what was measured, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from works import network

from whether.execute import expect, sparse_trial, trial
from whether.execute.sparse_trial import (
    ALWAYS,
    NEVER,
    SparseTrial,
    choose_sparse,
    existing,
    is_sparse,
    lines,
    lost,
    masks_of,
    seconds_at,
)
from whether.execute.trial import Trial
from whether.history.resolve import Resolver
from whether.models.mlp import mlp
from whether.plan.cost import kind_of
from whether.plan.plan import Plan, plan_states
from whether.train.profile import Settings

BATCH = 100


def tried(
    *, start: float = 4e-4, slope: float = 2e-8, dense_start: float = 3e-4, dense_slope: float = 5e-9
) -> SparseTrial:
    """A trial of 200,000 weights on exact lines."""
    seen = {left: 1 / (start + slope * left) for left in (2000, 10_000, 30_000, 60_000, 100_000)}
    whole, small = (1 / (dense_start + dense_slope * weights) for weights in (200_000, 80_000))
    return SparseTrial(weights=200_000, batch=BATCH, plain=400.0, dense=whole, small=(80_000, small), sparse=seen)


@given(st.floats(1e-5, 1e-3), st.floats(1e-8, 1e-7), st.floats(1e-5, 1e-3), st.floats(1e-9, 1e-8))
def test_lines_are_found_again(start: float, slope: float, dense_start: float, dense_slope: float) -> None:
    found = lines(tried(start=start, slope=slope, dense_start=dense_start, dense_slope=dense_slope))
    assert found is not None
    assert (found.start, found.slope) == pytest.approx((start, slope), rel=1e-5)
    assert (found.dense_start, found.dense_slope) == pytest.approx((dense_start, dense_slope), rel=1e-5)
    assert found.below == pytest.approx(min(max(dense_slope / slope, 0.001), 1.0), rel=1e-5)


@given(st.integers(1, 200_000), st.floats(0.0, 5e-4))
def test_a_profile_chooses_what_its_lines_say_is_faster(left: int, more: float) -> None:
    one = tried(start=3e-4 + more)
    found = lines(one)
    assert found is not None
    settings = choose_sparse(one, Settings(sparse_below=0.9, sparse_overhead=0.0), "2026-01-01")
    faster = found.sparse(left) < 1 / one.dense
    near = abs(found.sparse(left) * one.dense - 1) < 0.02  # settings are written with two digits
    assert near or is_sparse(left, one.weights, BATCH, settings) == faster


def test_the_density_at_which_it_turns() -> None:
    found = lines(tried())
    assert found is not None
    # 4e-4 + 2e-8 k = 3e-4 + 5e-9 · 200,000 at k = 45,000.
    assert found.even(200_000) == pytest.approx(45_000 / 200_000)
    assert found.even(1000) == 0.0
    assert found.overhead(BATCH) == pytest.approx(1e-4 / 5e-9 * BATCH)


def test_what_is_hardly_faster_changes_no_profile() -> None:
    near = Settings(sparse_below=0.26, sparse_overhead=1.9e6)
    assert choose_sparse(tried(), near, "2026-01-01") is near
    far = choose_sparse(tried(), Settings(sparse_below=0.9, sparse_overhead=0.0), "2026-01-01")
    assert (far.sparse_below, far.source) == (0.25, "measured 2026-01-01")
    assert far.sparse_overhead == pytest.approx(2e6)
    assert lost(tried(), far) == 0.0
    assert lost(tried(), NEVER) > 0.3
    assert lost(tried(), ALWAYS) > 0.1


@pytest.mark.parametrize("seen", [{}, {2000: 1000.0}, {2000: 1000.0, 90_000: 2000.0}])
def test_what_shows_no_line_changes_nothing(seen: dict[int, float]) -> None:
    one = SparseTrial(weights=200_000, batch=BATCH, plain=1.0, dense=700.0, small=(80_000, 1000.0), sparse=seen)
    assert lines(one) is None
    now = Settings()
    assert choose_sparse(one, now, "2026-01-01") is now
    assert seconds_at(one, 2000, ALWAYS) == 1 / 700.0


def test_seconds_of_a_step_are_those_of_the_way_that_is_taken() -> None:
    assert seconds_at(tried(), 10_000, ALWAYS) == pytest.approx(6e-4)
    assert seconds_at(tried(), 10_000, NEVER) == pytest.approx(1.3e-3)


def test_masks_leave_a_part_of_each_layer() -> None:
    module = mlp("mlp-20-10", (1, 4, 4), 10)
    masks = masks_of(module, 0.1)
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {"1.weight": 32, "3.weight": 20, "5.weight": 10}
    assert existing(module, masks) == 62 + 40
    assert all(torch.equal(mask, masks_of(module, 0.1)[name]) for name, mask in masks.items())


def test_a_trial_trains_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.0)
    monkeypatch.setattr(sparse_trial, "ROWS", 1300)
    monkeypatch.setattr(sparse_trial, "DENSITIES", (0.1, 0.01))
    told: list[str] = []
    found = sparse_trial.sparse_trial(told.append)
    assert found.weights == 266_610
    assert found.small[0] == 89_610
    assert list(found.sparse) == [23_520 + 3000 + 100 + 410, 2352 + 300 + 10 + 410]
    assert min(found.plain, found.dense, found.small[1], *found.sparse.values()) > 0
    assert told == ["LeNet-300-100 with every weight", *(f"LeNet-300-100 with {x} % of its weights" for x in (10, 1))]


def test_what_has_no_such_products_is_tried_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.0)
    monkeypatch.setattr(sparse_trial, "ROWS", 300)
    monkeypatch.setattr(sparse_trial, "available", lambda: False)
    found = sparse_trial.sparse_trial(lambda _: None)
    assert found.sparse == {}
    assert expect.of_sparse(found).said == (
        "Sparse layers do not pay here: this build of PyTorch has no product in compressed rows."
    )


class TestSaid:
    def test_a_ticket_is_the_sum_of_its_levels(self) -> None:
        told = expect.of_ticket(tried(), ALWAYS)
        # 10 epochs of 600 steps, thirteen levels of 200,000 · .8^k on the sparse line.
        by_hand = 6000 * sum(4e-4 + 2e-8 * 200_000 * 0.8**level for level in range(13))
        assert told.value == pytest.approx(by_hand)
        assert f"about {expect.duration(by_hand)} of training on one core" in told.said
        assert f"a plain loop takes about {expect.duration(6000 * 13 / 400)}" in told.said

    def test_where_sparse_layers_pay(self) -> None:
        told = expect.of_sparse(tried())
        assert told.value == pytest.approx(22.5)
        assert "pay below 22 % of the weights here (batch 100); at 1.0 % a step is 3.0 times as fast" in told.said

    def test_where_they_do_not(self) -> None:
        told = expect.of_sparse(tried(start=2e-3))
        assert (told.value, told.said) == (0.0, "Sparse layers do not pay here at any density that was tried.")

    def test_a_question_is_its_pieces_divided_among_the_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plan = of_pieces(6)
        kinds = {kind_of(piece) for piece in plan.pieces}
        assert len(kinds) == 1
        each = plan.pieces[0].steps
        told = expect.of_question(plan, {kinds.pop(): 0.25}, share=1.0, cores=2)
        assert told.value == pytest.approx(3 * each * 0.25)
        assert "question trains 6 networks" in told.said
        assert told.said.endswith("here, on 2 cores.")
        # Cores that are in each other's way do three quarters of what they do alone.
        slowed = expect.of_question(plan, {kind_of(plan.pieces[0]): 0.25}, share=0.75, cores=2)
        assert slowed.value == pytest.approx(each)
        assert expect.of_question(plan, {}, share=0.5, cores=1).said.endswith("here, on 1 core.")

    def test_paces_are_measured_by_kind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expect, "pace_of", lambda alike, settings: 2.0 * len(alike))
        plan = of_pieces(3)
        assert expect.paces(plan, Settings(), lambda _: None) == {kind_of(plan.pieces[0]): pytest.approx(1 / 6)}

    def test_a_share_is_that_of_the_largest_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small = Trial("a", "digits", 10, 1.0, {1: 5.0}, 50.0, 1.0)
        large = Trial("b", "digits", 99, 1.0, {1: 5.0, 4: 8.0}, 12.0, 14.0)
        monkeypatch.setattr(expect.memory, "cores", lambda: 2)
        assert expect.share_of([small, large]) == 14.0 / 8.0 / 2
        assert expect.share_of([Trial("c", "digits", 99, 1.0, {1: 5.0}, 12.0, 9.0)]) == 1.0
        assert expect.share_of([]) == 1.0

    def test_a_machine_is_measured_on_one_thread_and_left_as_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before, threads = torch.get_num_threads(), []

        def measured(value: float) -> Any:
            def peak(_: torch.nn.Module) -> float:
                threads.append(torch.get_num_threads())
                return value

            return peak

        monkeypatch.setattr(expect, "peak_flops", measured(90.0))
        monkeypatch.setattr(expect, "peak_bandwidth", measured(25.0))
        assert expect.machine(lambda _: None) == expect.Machine(gflops=90.0, bandwidth=25.0)
        assert (threads, torch.get_num_threads()) == ([1, 1], before)


def of_pieces(count: int) -> Plan:
    """A plan of so many networks of one kind."""
    pieces = plan_states([Resolver().state(network(seed=seed).train()) for seed in range(count)])
    nothing: dict[str, Any] = {"asked": (), "missing": (), "needs": {}, "trajectories": [], "questions": ["toys"]}
    counts = dict.fromkeys(
        ("replicates", "arms", "measures", "measures_stored", "steps_alone", "steps_unique", "steps_stored"), 0
    )
    return Plan(**counts, steps_to_train=0, width=1, pieces=pieces, **nothing)
