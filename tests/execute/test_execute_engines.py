"""What trains when nobody says what."""

from __future__ import annotations

import copy

import pytest
import torch

from cases import threads
from whether.execute.engines import PROCESSES_PAY, suited
from whether.execute.local import on_gpus
from whether.execute.unopened import UnopenedWorkshop
from whether.lab import Lab


def test_long_work_goes_to_processes_and_short_work_to_lanes() -> None:
    with threads(2):
        assert suited(2 * PROCESSES_PAY, 2) == "local"
        assert suited(2 * PROCESSES_PAY - 1, 2) == "inprocess"
        assert suited(1e6, 1) == "inprocess", "a lone chain has all cores in a lane"
    with threads(1):
        assert suited(1e6, 50) == "inprocess", "somebody said that one thread is to be used"


def test_nobody_moves_work_to_a_gpu_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with threads(2):
        assert suited(1e6, 50) == "inprocess"
    assert [on_gpus(on) for on in ("local", "local:3", "inprocess", "ray")] == [True, True, False, False]


def test_a_door_may_be_copied(lab: Lab) -> None:
    door = copy.copy(UnopenedWorkshop(lab.store, lambda _event: None))
    assert door.store is lab.store
