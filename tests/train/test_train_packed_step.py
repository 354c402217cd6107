"""Whole steps of packs, recorded and replayed: held to the plain loop over all cases, and to what a GPU allows."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cases import BY_NAME, CASES, Case, Snapshots, distance, resumed
from tape import RefusedError, Tape
from whether.models import draw
from whether.recipe import adam, adamw, cosine, sgd
from whether.seeds import Seed
from whether.train import pack, program
from whether.train.capture import WARM, Recorder, is_memory, recorder
from whether.train.loop import train_one
from whether.train.pack import PackStopped, Watch, train_pack
from whether.train.packed_step import WholeStep
from whether.train.replica import Replica

EAGER = {
    "own-perceptron": "",  # code of one's own that is made of known layers
    "dropout": "trained one at a time: it draws random numbers",
    "odd-module": "trained one at a time: ",
    "own-loss": "a loss of one's own",
    "own-optimiser": "an optimiser of one's own",
    "gradual-pruning": "masks change",
    "set-random-exchange": "masks change",
    "rigl": "masks change",
    "rigl-held-and-own": "an optimiser of one's own",
}
pytestmark = pytest.mark.filterwarnings("ignore:.*batching rule.*")
each_case = pytest.mark.parametrize("case", [case for case in CASES if case.kernels == "dense"], ids=str)  # of a GPU


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    """As on a GPU: networks are computed together, and their steps are recorded."""
    made = Tape()
    monkeypatch.setattr(program, "fills_a_device", lambda device: True)
    monkeypatch.setattr(pack, "recorder", lambda device: made)
    return made


def train(case: Case, replicas: list[Replica], notes: list[str] | None = None, **watched: Any) -> Snapshots:
    found: Snapshots = {}
    watch = Watch(
        stop=lambda place, snapshot: found.__setitem__((place, snapshot.step), snapshot),
        note=(notes if notes is not None else []).append,
        **watched,
    )
    train_pack(copy.deepcopy(case.module()), replicas, case.tensors, watch)
    return found


def longer(case: Case, **changes: Any) -> Case:
    """The case with steps enough that most are replayed."""
    total = changes.pop("total", f"{max(case.total, 2 * WARM + 5)}it")
    return case.but(**{"total": total, "evaluate": total} | changes)


def by_the_loop(case: Case, replica: Replica) -> tuple[dict[str, Tensor], list[float]]:
    return train_one(copy.deepcopy(case.module()), replica, case.tensors)


def near(case: Case, replicas: list[Replica], found: Snapshots, wide: float = 1.0) -> None:
    """Weights, running statistics and losses are those of the plain loop."""
    for place, replica in enumerate(replicas):
        expected, losses = by_the_loop(case, replica)
        snapshot = found[place, case.total]
        got = {name: value for name, value in expected.items() if name in snapshot.weights}
        allowed = 2e-2 if case.recipe.precision == "bf16" else wide * 10 * case.close
        assert distance(got, snapshot.weights) < allowed
        mean = snapshot.curves.values["train loss"][-1]
        assert mean == pytest.approx(sum(losses) / len(losses), abs=max(allowed, 1e-5))


def alike(mine: list[float | None], theirs: list[float | None]) -> None:
    assert [value is None for value in mine] == [value is None for value in theirs]
    assert [v for v in mine if v is not None] == pytest.approx([v for v in theirs if v is not None], rel=1e-3, abs=1e-5)


@each_case
def test_recorded_steps_are_the_loop(case: Case, tape: Tape) -> None:
    """The first step, the last that is launched, the one that is recorded, the first that is replayed, and the last."""
    case = longer(case)
    notes: list[str] = []
    replicas = case.replicas(3, stops=(1, WARM, WARM + 1, WARM + 2, case.total))
    found = train(case, replicas, notes)
    near(case, replicas, found)
    for (place, step), snapshot in found.items():
        expected, _ = by_the_loop(case, replace(replicas[place], stops=(step,)))
        got = {name: value for name, value in expected.items() if name in snapshot.weights}
        assert distance(got, snapshot.weights) < (2e-2 if case.recipe.precision == "bf16" else 10 * case.close)
    reason = EAGER.get(case.name, "")
    if reason:
        assert [reason in note for note in notes] == [True]
        assert tape.tracks == []
    else:
        assert notes == []
        assert tape.tracks
        assert sum(tape.replays) + tape.warmed == case.total
        assert max(tape.replays) > 1


@pytest.mark.parametrize("name", ["lenet-5-augmented", "augmented-mlp", "much-held-out", "one-unit-whole-set", "gpt"])
def test_epochs_go_on_and_short_batches_have_records_of_their_own(name: str, tape: Tape) -> None:
    case = BY_NAME[name]
    epochs = WARM + 3
    case = case.but(total=f"{epochs}ep", evaluate=f"{epochs}ep")
    replicas = case.replicas(3)
    near(case, replicas, train(case, replicas), 10.0)
    sizes = {case.training.batch, len(case.tensors.train_index) % case.training.batch} - {0}
    whole = case.training.batch >= len(case.tensors.train_index)
    assert len(tape.tracks) == (1 if whole else len(sizes))


@pytest.mark.parametrize(
    "optimizer",
    [
        sgd(0.05),
        sgd(0.05, momentum=0.9, nesterov=True, weight_decay=1e-2),
        adam(2e-3, weight_decay=1e-2),
        adamw(2e-3, weight_decay=0.1),
    ],
    ids=lambda one: f"{one.name} {one.momentum} {one.weight_decay}",
)
@pytest.mark.parametrize("same", [True, False], ids=["alike", "each its own"])
def test_rates_and_counts_are_read_from_the_device(optimizer: Any, same: bool, tape: Tape) -> None:
    case = longer(BY_NAME["much-held-out"], optimizer=optimizer, schedule=cosine(warmup="3it"), total="10it")
    replicas = case.replicas(3)
    if same:
        replicas = [case.replica(seed) for seed in (1, 2, 3)]
    near(case, replicas, train(case, replicas))
    assert sum(tape.replays) > 3


def test_adam_goes_on_with_counts_that_differ(tape: Tape) -> None:
    """One network has Adam's state from before, another begins afresh at the same step."""
    case = longer(BY_NAME["adam-at-five-per-cent"], total="12it")
    before = train(case, [replace(case.replica(1), stops=(4,))])[0, 4]
    going_on = replace(resumed(case.replica(1), before), stops=(12,))
    afresh = replace(going_on, optimizer=None)
    both = train(case, [going_on, afresh])
    lone = [train(case, [one])[0, 12] for one in (going_on, afresh)]
    for place in range(2):
        assert distance(both[place, 12].weights, lone[place].weights) < 1e-6
    assert distance(both[0, 12].weights, both[1, 12].weights) > 1e-4
    assert [int(both[place, 12].optimizer["count"]) for place in range(2)] == [12, 8]


@pytest.mark.parametrize("name", ["plain-sgd", "resnet-batchnorm", "augmented-mlp", "adam-at-five-per-cent"])
def test_networks_that_end_leave_the_pack(name: str, tape: Tape) -> None:
    case = longer(BY_NAME[name], total="16it")
    stops = [(5, 16), (7,), (16,)]
    replicas = [replace(replica, stops=own) for replica, own in zip(case.replicas(3), stops, strict=True)]
    found = train(case, replicas)
    assert sorted(found) == [(0, 5), (0, 16), (1, 7), (2, 16)]
    for place, step in found:
        expected, _ = by_the_loop(case, replace(replicas[place], stops=(step,)))
        got = {key: value for key, value in expected.items() if key in found[place, step].weights}
        assert distance(got, found[place, step].weights) < 20 * case.close
    assert len(tape.tracks) == 2, "what was recorded of three networks is no record of two"


@pytest.mark.parametrize("name", ["plain-sgd", "resnet-batchnorm", "gpt", "momentum-keeps-the-last-batch"])
def test_a_network_that_diverges_leaves_its_neighbours_alone(name: str, tape: Tape) -> None:
    case = longer(BY_NAME[name], total="12it", evaluate="2it")
    wild = case.replica(5, optimizer=replace(case.recipe.optimizer, lr=1e38))
    first, second, _ = case.replicas(3)
    found = train(case, [first, wild, second])
    expected = train(case, [first, second])
    assert {snapshot.outcome for (place, _), snapshot in found.items() if place == 1} == {"diverged"}
    for place, index in ((0, 0), (2, 1)):
        assert distance(found[place, 12].weights, expected[index, 12].weights) < 10 * case.close


@pytest.mark.parametrize("name", ["much-held-out", "resnet-batchnorm", "augmented-mlp"])
def test_going_on_from_a_checkpoint_is_never_having_stopped(name: str, tape: Tape) -> None:
    case = longer(BY_NAME[name], total="14it", evaluate="5it")
    replicas = case.replicas(2)
    kept: Snapshots = {}
    whole = train(
        case, replicas, checkpoint=lambda place, one: kept.__setitem__((place, one.step), one), checkpoint_every=0.0
    )
    for step in (2, WARM + 2, 11):
        again = train(case, [resumed(replica, kept[place, step]) for place, replica in enumerate(replicas)])
        for place in range(2):
            assert distance(again[place, 14].weights, whole[place, 14].weights) < 10 * case.close
            assert again[place, 14].curves.steps == whole[place, 14].curves.steps
            for name, values in again[place, 14].curves.values.items():
                alike(values, whole[place, 14].curves.values[name])


def test_what_is_stacked_is_recorded_too_unless_it_is_code_of_ones_own(tape: Tape) -> None:
    """Layers of PyTorch's that have no packed form, a norm with statistics among them."""
    case = longer(BY_NAME["conv-batchnorm"])
    module = nn.Sequential(
        *(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Softplus(), nn.Flatten(), nn.Linear(108, 10)),
    )
    replicas = []
    for seed, one in enumerate(case.replicas(2)):
        drawn = draw(module, "kaiming-normal", Seed(seed))
        replicas.append(replace(one, weights=drawn, masks=None))
    found: Snapshots = {}
    notes: list[str] = []
    watch = Watch(stop=lambda place, one: found.__setitem__((place, one.step), one), note=notes.append)
    train_pack(module, replicas, case.tensors, watch)
    assert notes == []
    assert sum(tape.replays) > 1
    for place, replica in enumerate(replicas):
        expected, _ = train_one(copy.deepcopy(module), replica, case.tensors)
        got = {name: value for name, value in expected.items() if name in found[place, case.total].weights}
        assert distance(got, found[place, case.total].weights) < 1e-5
        assert int(found[place, case.total].weights["1.num_batches_tracked"]) == case.total


def test_the_data_are_left_as_they_were(tape: Tape) -> None:
    case = longer(BY_NAME["lenet-5-augmented"])
    data = case.tensors
    before = data.x_train.clone(), data.train_index.clone()
    train(case, case.replicas(1))
    assert torch.equal(data.x_train, before[0])
    assert torch.equal(data.train_index, before[1])


def test_curves_are_those_of_networks_one_by_one(tape: Tape) -> None:
    for name in ("gpt", "much-held-out", "resnet-groupnorm"):
        case = longer(BY_NAME[name], total="10it", evaluate="3it")
        found = train(case, case.replicas(2))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(program, "fills_a_device", lambda device: False)
            patch.setattr(pack, "recorder", lambda device: None)
            expected = train(case, case.replicas(2))
        for key, snapshot in found.items():
            mine, theirs = snapshot.curves, expected[key].curves
            assert mine.steps == theirs.steps
            for what, values in mine.values.items():
                alike(values, theirs.values[what])
            assert snapshot.checks == expected[key].checks


def test_a_pack_that_is_told_to_end_keeps_what_it_did(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    case = longer(BY_NAME["much-held-out"], total="12it")
    monkeypatch.setattr(pack, "WORTH_KEEPING", 0.0)
    seen: list[int] = []
    kept: Snapshots = {}

    def progress(steps: int) -> None:
        seen.append(steps)
        if len(seen) == 9:
            raise PackStopped("enough")

    with pytest.raises(PackStopped, match="enough"):
        train(
            case,
            case.replicas(2),
            progress=progress,
            checkpoint=lambda place, one: kept.update({(place, one.step): one}),
        )
    assert sorted(kept) == [(0, 9), (1, 9)]
    on = train(case, [resumed(replica, kept[place, 9]) for place, replica in enumerate(case.replicas(2))])
    expected = train(case, case.replicas(2))
    assert all(distance(on[key].weights, expected[key].weights) < 1e-5 for key in ((0, 12), (1, 12)))


class TestWhatIsRecorded:
    def test_it_reads_nothing_of_pythons_that_changes(self, tape: Tape) -> None:
        """The loop is met although, while steps are replayed, all of Python's part of a step is gone."""
        case = longer(BY_NAME["lenet-5-augmented"], total="9it")
        right = WholeStep._work

        def once(self: WholeStep, rows: int, what: Any) -> None:
            assert rows not in self.recorded
            right(self, rows, what)

        replicas = case.replicas(2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(WholeStep, "_work", once)
            near(case, replicas, train(case, replicas), 10.0)

    def test_what_cannot_be_recorded_is_launched_and_said(self, tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
        case = longer(BY_NAME["plain-sgd"])
        right = pack._Pack._whole

        def asks(self: Any, x: Tensor, y: Tensor, rates: Tensor) -> None:
            right(self, x, y, rates)
            assert float(self.loss.sum()) == float(self.loss.sum())

        monkeypatch.setattr(pack._Pack, "_whole", asks)
        notes: list[str] = []
        replicas = case.replicas(2)
        found = train(case, replicas, notes)
        assert len(notes) == 1
        assert "a tensor is asked for a number" in notes[0]
        assert sorted(found) == [(0, case.total), (1, case.total)]

    def test_memory_that_does_not_do_is_no_reason_to_go_on(self, tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_work: Callable[[], None]) -> None:
            try:
                raise torch.OutOfMemoryError("CUDA out of memory")
            except torch.OutOfMemoryError:
                raise RuntimeError("operation failed due to a previous error during capture")  # noqa: B904

        monkeypatch.setattr(tape, "record", full)
        case = longer(BY_NAME["plain-sgd"])
        with pytest.raises(torch.OutOfMemoryError, match="previous error during capture"):
            train(case, case.replicas(2))
        assert not is_memory(RuntimeError("something else"))

    def test_a_pack_is_gone_with_its_last_name(self, tape: Tape) -> None:
        """Nothing waits for a search for garbage: the device's memory is wanted for the next pack."""
        case = longer(BY_NAME["resnet-batchnorm"])
        made = pack._Pack(copy.deepcopy(case.module()), case.replicas(2), case.tensors, Watch(stop=lambda *_: None))
        made.run()
        assert sum(tape.replays) > 1
        seen = weakref.ref(made.program)
        gc.disable()
        try:
            del made
            assert seen() is None
        finally:
            gc.enable()

    @pytest.mark.parametrize(
        ("work", "said"),
        [
            (lambda x: x.sum().item(), "asked for a number"),
            (lambda x: x.nonzero(), "what is true is counted"),
            (lambda x: x[x > 0], "an index is a condition"),
            (lambda x: x + torch.tensor([1.0]), "made from numbers"),
            (lambda x: bool(x.any()), "asked for a number"),
        ],
    )
    def test_the_tape_refuses_what_a_gpu_refuses(self, work: Callable[[Tensor], object], said: str) -> None:
        x = torch.ones(3)
        with pytest.raises(RefusedError, match=said):
            Tape().record(lambda: work(x) and None)  # type: ignore[func-returns-value]

    def test_the_tape_replays_what_was_recorded_and_no_python(self) -> None:
        x, y, number = torch.ones(3), torch.zeros(3), [2.0]

        def work() -> None:
            y.add_((x * number[0]).view(3, 1).expand(3, 2).sum(1))
            x.add_(1)

        replay = Tape().record(work)
        number[0] = 100.0
        for _ in range(3):
            replay()
        assert y.tolist() == [4.0 + 8.0 + 12.0] * 3


def test_nobody_records_on_a_cpu_and_the_tape_is_a_recorder() -> None:
    assert recorder(torch.device("cpu")) is None
    assert isinstance(Tape(), Recorder)
