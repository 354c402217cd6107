"""What every training checks of itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from cases import BY_NAME, DIGITS, Snapshots, resumed, train
from whether.errors import RequestError, WorkError
from whether.history.resolve import settle
from whether.train.asserts import loss_at_start, masks_hold, own_checks
from whether.train.bounds import Bounds


def test_the_first_loss_lies_near_that_of_guessing() -> None:
    for classes in (2, 10, 1000):
        guess = math.log(classes)
        assert loss_at_start(guess, classes) == ""
        assert loss_at_start(0.31 * guess, classes) == loss_at_start(2.9 * guess, classes) == ""
        for wrong in (0.0, 0.29 * guess, 3.1 * guess, math.inf, math.nan):
            assert f"far from ln {classes} = {guess:.3g}" in loss_at_start(wrong, classes)


def test_a_badly_scaled_network_is_told_and_goes_on() -> None:
    case = BY_NAME["plain-sgd"]
    loud, well = case.replica(1), case.replica(2)
    loud.weights["5.weight"].mul_(200.0)
    found = train(case, [loud, well])
    (said,) = found[0, 8].checks
    assert said.startswith("the loss of the first batch was")
    assert said.endswith("is all scaled?")
    assert found[1, 8].checks == ()


def test_only_fresh_networks_are_asked_for_their_first_loss() -> None:
    case = BY_NAME["plain-sgd"]
    stopped = train(case, [case.replica(1, stops=(4, 8))])
    later = resumed(case.replica(1, stops=(4, 8)), stopped[0, 4])
    later.weights["5.weight"].mul_(200.0)
    assert train(case, [later])[0, 8].checks == ()


def test_revived_weights_are_an_error() -> None:
    masks = {"w": torch.tensor([True, False, False])}
    masks_hold({"w": torch.tensor([1.0, 0.0, -0.0])}, masks)
    masks_hold({"w": torch.ones(3)}, None)
    with pytest.raises(WorkError, match="2 masked weights of w are not zero after training; the result is not kept"):
        masks_hold({"w": torch.tensor([1.0, 1e-30, math.nan])}, masks)


def test_a_pack_that_forgets_its_masks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bounds, "restore", lambda *_: None)
    case = BY_NAME["deep"]
    with pytest.raises(WorkError, match=r"masked weights of 1\.weight are not zero after training"):
        train(case, [case.replica(1)])


def test_own_asserts_speak_at_stops_and_only_there() -> None:
    case = BY_NAME["plain-sgd"].but(asserts=("foreign:says_something", "foreign:says_nothing"))
    kept: Snapshots = {}
    found = train(case, [case.replica(1, stops=(4, 8))], kept=kept)
    expected = ("foreign:says_something: 6 tensors were seen",)
    assert found[0, 4].said == found[0, 8].said == expected
    assert all(snapshot.said == () for snapshot in kept.values())
    assert found[0, 8].checks == ()


def test_own_asserts_are_named_with_their_code(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = settle(BY_NAME["plain-sgd"].but(asserts=("foreign:says_something",)).recipe, DIGITS)
    (name,) = resolved.asserts
    assert name.startswith("foreign:says_something@")
    assert own_checks((name,), {}) == ("foreign:says_something: 0 tensors were seen",)
    state = torch.get_rng_state()
    assert own_checks((), {}) == ()
    assert torch.equal(torch.get_rng_state(), state)


def test_an_assert_that_is_no_function_is_told() -> None:
    weights: dict[str, Any] = {}
    with pytest.raises(RequestError, match="assert 'foreign:number' is a int; expected a function"):
        own_checks(("foreign:number",), weights)
