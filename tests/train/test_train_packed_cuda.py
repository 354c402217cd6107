"""On a GPU: packs are the plain loop, their steps are captured, within an epoch nobody waits. Skipped without one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from cases import BY_NAME, CASES, Case, Snapshots, distance
from whether.data.tensors import tensors
from whether.train.capture import WARM, Graphs, Work
from whether.train.loop import train_one
from whether.train.pack import Watch, train_pack
from whether.train.replica import Replica

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here"),
    pytest.mark.filterwarnings("ignore:.*batching rule.*"),
]
FAR = {"bf16": 5e-2}
OWN_NOISE = ("dropout",)  # drawn by another generator than the loop's on a CPU


@pytest.fixture(autouse=True)
def _threads_and_flags() -> Iterator[None]:
    kept = torch.backends.cudnn.benchmark
    yield
    torch.backends.cudnn.benchmark = kept


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number a capture."""
    found: list[int] = []
    right = Graphs.record

    def record(self: Graphs, work: Work) -> Work:
        made = right(self, work)
        found.append(len(found))
        return made

    monkeypatch.setattr(Graphs, "record", record)
    return found


def on_gpu(case: Case, replicas: list[Replica], notes: list[str] | None = None) -> Snapshots:
    found: Snapshots = {}
    watch = Watch(
        stop=lambda place, one: found.__setitem__((place, one.step), one),
        note=(notes if notes is not None else []).append,
    )
    train_pack(copy.deepcopy(case.module()), replicas, tensors(case.data, "cuda"), watch)
    return found


def longer(case: Case) -> Case:
    total = f"{max(case.total, 2 * WARM + 5)}it"
    return case.but(total=total, evaluate=total)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name not in OWN_NOISE and case.kernels == "dense"], ids=str
)
def test_a_pack_on_a_gpu_is_the_loop(case: Case) -> None:
    case = longer(case)
    replicas = case.replicas(3, stops=(1, WARM + 1, case.total))
    found = on_gpu(case, replicas)
    for (place, step), snapshot in found.items():
        expected, _ = train_one(copy.deepcopy(case.module()), replace(replicas[place], stops=(step,)), case.tensors)
        got = {name: value for name, value in expected.items() if name in snapshot.weights}
        moved = distance(got, {name: replicas[place].weights[name] for name in got})
        assert distance(got, snapshot.weights) < FAR.get(case.recipe.precision, 2e-3) * max(1.0, moved)


@pytest.mark.parametrize("name", ["plain-sgd", "resnet-batchnorm", "lenet-5-augmented", "gpt", "bf16", "conv-2"])
def test_steps_are_captured_and_nothing_is_said(name: str, captured: list[int]) -> None:
    case, notes = longer(BY_NAME[name]), list[str]()
    on_gpu(case, case.replicas(3), notes)
    assert notes == []
    assert captured


@pytest.mark.parametrize("name", ["plain-sgd", "resnet-batchnorm"])
def test_within_an_epoch_nobody_waits(name: str) -> None:
    case = BY_NAME[name].but(total="14it", evaluate="14it", batch=4)
    seen: list[int] = []

    def progress(steps: int) -> None:
        seen.append(steps)
        mode = "error" if WARM + 2 <= len(seen) < 12 else "default"
        torch.cuda.set_sync_debug_mode(mode)

    watch = Watch(stop=lambda *_: None, progress=progress)
    try:
        train_pack(copy.deepcopy(case.module()), case.replicas(3), tensors(case.data, "cuda"), watch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(seen) == 14


def test_networks_that_end_leave_a_captured_pack(captured: list[int]) -> None:
    case = BY_NAME["resnet-batchnorm"].but(total="16it", evaluate="16it")
    stops = [(5, 16), (7,), (16,)]
    replicas = [replace(one, stops=own) for one, own in zip(case.replicas(3), stops, strict=True)]
    found = on_gpu(case, replicas)
    assert sorted(found) == [(0, 5), (0, 16), (1, 7), (2, 16)]
    assert len(captured) == 2
    for (place, step), snapshot in found.items():
        expected, _ = train_one(copy.deepcopy(case.module()), replace(replicas[place], stops=(step,)), case.tensors)
        got = {name: value for name, value in expected.items() if name in snapshot.weights}
        assert distance(got, snapshot.weights) < 1e-2


def test_memory_is_given_back() -> None:
    case = longer(BY_NAME["resnet-batchnorm"])
    on_gpu(case, case.replicas(2))
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    for _ in range(3):
        on_gpu(case, case.replicas(2))
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() <= before + 2**20
