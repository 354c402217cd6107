"""States and checkpoints as bytes: nothing is lost, the same gives the same bytes, and what is none is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cases import BY_NAME, Snapshots, bits, raw, resumed, train
from whether.errors import DamageError
from whether.seeds import Seed
from whether.train.checkpoint import (
    curves_from,
    decode_checkpoint,
    decode_state,
    decode_tensors,
    encode_checkpoint,
    encode_state,
    encode_tensors,
)
from whether.train.replica import Curves, Replica, Snapshot


@pytest.fixture(scope="module", params=["momentum-keeps-the-last-batch", "conv-batchnorm", "plain-sgd", "odd-module"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    case = BY_NAME[request.param]
    kept: Snapshots = {}
    train(case, case.replicas(2), kept=kept)
    return kept[1, 3]


def test_a_state_comes_back_bit_for_bit(snapshot: Snapshot) -> None:
    data = encode_state(snapshot.weights, snapshot.masks)
    weights, masks = decode_state(data)
    assert raw(weights) == raw(snapshot.weights)
    assert raw(masks or {}) == raw(snapshot.masks or {})
    assert list(weights) == sorted(weights), "files keep no order; it must not be a new one each time"
    assert {name: value.shape for name, value in weights.items()} == {
        name: value.shape for name, value in snapshot.weights.items()
    }
    turned = dict(reversed(snapshot.weights.items()))
    assert encode_state(turned, snapshot.masks) == data


def test_masks_take_a_bit_a_weight() -> None:
    weights = {"w": torch.zeros(100, 80)}
    bare = len(encode_state(weights, None))
    masks = {"w": torch.arange(8000).reshape(100, 80) % 3 == 0}
    data = encode_state(weights, masks)
    assert len(data) < bare + 1000 + 200
    assert raw(decode_state(data)[1] or {}) == raw(masks)


def test_optimiser_tensors_come_back(snapshot: Snapshot) -> None:
    back = decode_tensors(encode_tensors(snapshot.optimizer))
    assert raw(back) == raw(snapshot.optimizer)
    assert back["count"].dtype == torch.int64


def test_a_checkpoint_comes_back_bit_for_bit(snapshot: Snapshot) -> None:
    data = encode_checkpoint(snapshot, "profile")
    back = decode_checkpoint(data, "profile")
    assert back is not None
    assert bits(back) == bits(replace(snapshot, said=()))
    assert back.seconds == snapshot.seconds
    assert encode_checkpoint(back, "profile") == data


def test_a_checkpoint_of_another_profile_is_none(snapshot: Snapshot) -> None:
    assert decode_checkpoint(encode_checkpoint(snapshot, "another"), "profile") is None


def test_what_a_stop_said_is_not_said_again_by_who_goes_on(snapshot: Snapshot) -> None:
    back = decode_checkpoint(encode_checkpoint(replace(snapshot, said=("once",), checks=("always",)), "p"), "p")
    assert back is not None
    assert (back.checks, back.said) == (("always",), ())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_checkpoint_are_none(data: bytes) -> None:
    assert decode_checkpoint(data, "p") is None


@given(st.integers(0, 10**6), st.data())
def test_a_cut_checkpoint_is_none(place: int, data: st.DataObject) -> None:
    whole = _small()
    assert decode_checkpoint(whole[: place % len(whole)], "p") is None
    assert decode_checkpoint(whole, "p") is not None


def test_a_checkpoint_of_another_form_is_none() -> None:
    for facts in (
        "{}",
        '{"profile": "p"}',
        '{"profile": "p", "step": 1, "curves": 3, "checks": [], "seconds": 0}',
        "7",
    ):
        whole = _small(facts)
        assert decode_checkpoint(whole, "p") is None


@pytest.mark.parametrize("read", [decode_state, decode_tensors])
def test_bytes_that_are_no_state_are_damage(read: object) -> None:
    with pytest.raises(DamageError, match="a state cannot be read"):
        read(b"not a state at all")  # type: ignore[operator]


def test_curves_come_back_from_their_plain_form() -> None:
    curves = Curves([0, 2], {"train loss": [None, 1.5]}, (0.5, 3, 4), 2)
    assert curves_from(asdict(curves)) == curves
    copied = curves.copy()
    copied.steps.append(4)
    copied.values["train loss"].append(0.0)
    assert curves.steps == [0, 2]
    assert curves.values == {"train loss": [None, 1.5]}


def _small(facts: str | None = None) -> bytes:
    from safetensors.torch import save

    if facts is not None:
        return save({"weights/w": torch.ones(2)}, metadata={"facts": facts})
    curves = Curves([0], {"train loss": [None]})
    weights = {"w": torch.ones(5)}
    return encode_checkpoint(Snapshot(3, "done", weights, {"w": torch.ones(5) > 0}, {}, curves, (), 1.0), "p")


# What a network is told to go on with, and what is counted after a stop.


def check_the_optimiser_goes_on(going_on: Callable[[Replica, Any], Replica]) -> None:
    case = BY_NAME["adam-at-five-per-cent"]
    expected = train(case, [case.replica(1)])[0, 8]
    stopped = train(case, [case.replica(1, stops=(4, 8))])[0, 4]
    found = train(case, [going_on(case.replica(1, stops=(4, 8)), stopped)])[0, 8]
    assert bits(found) == bits(expected)


def test_going_on_takes_moments_counts_and_curves_along() -> None:
    check_the_optimiser_goes_on(resumed)

    def without(**lost: Any) -> Callable[[Replica, Any], Replica]:
        return lambda replica, snapshot: replace(resumed(replica, snapshot), **lost)

    def recounted(replica: Replica, snapshot: Any) -> Replica:
        return without(optimizer=snapshot.optimizer | {"count": torch.tensor(0)})(replica, snapshot)

    def forgetful(replica: Replica, snapshot: Any) -> Replica:
        return without(curves=replace(snapshot.curves, gathered=(0.0, 0, 0)))(replica, snapshot)

    for planted in (without(optimizer=None), without(order=Seed(3)), recounted, forgetful):
        with pytest.raises(AssertionError, match="assert"):
            check_the_optimiser_goes_on(planted)
