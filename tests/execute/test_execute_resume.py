"""Stopped anywhere, at any time, as often as one likes: the end is as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from works import RECIPE, carry_out, network, plan_of, questions, record, states, values

from whether.errors import RequestError
from whether.execute import contract, driver, profiles, worker
from whether.execute.contract import Job
from whether.execute.progress import Event, Note, Training
from whether.execute.worker import checkpoint_seconds
from whether.execute.workshop import Workshop
from whether.history import Measure, accuracy
from whether.lab import Lab
from whether.train.replica import Replica


class _PulledPlugError(BaseException):
    """The plug is pulled."""


def interrupted(lab: Lab, wanted: list[Measure], after: int) -> None:
    """Work until `after` events of training were told, and no further."""
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if sum(isinstance(item, Training) for item in told) > after:
            raise _PulledPlugError("the plug is pulled")

    with pytest.raises(_PulledPlugError, match="pulled"):
        carry_out(lab, wanted, tell)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every step, and every step is told."""
    monkeypatch.setattr(worker, "TOLD_EVERY", 0.0)
    monkeypatch.setattr(driver, "TOLD_EVERY", 0.0)
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0")


@pytest.mark.parametrize("after", [3, 14, 30])
@pytest.mark.usefixtures("often")
def test_stopped_anywhere_it_ends_as_if_undisturbed(
    lab: Lab, tmp_path: Path, trained: list[Replica], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    wanted = questions(seeds=(1,))
    undisturbed = Lab(tmp_path / "other")
    monkeypatch.delenv("WHETHER_CHECKPOINT_SECONDS")
    whole = carry_out(undisturbed, wanted)
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0")
    trained.clear()
    interrupted(lab, wanted, after)
    begun, halfway = list(trained), lab.store.work.listing()
    trained.clear()
    told: list[Event] = []
    carry_out(lab, wanted, told.append)
    steps = sum(replica.stops[-1] - replica.step for replica in trained)
    done = sum(replica.stops[-1] - replica.step for replica in begun)
    assert steps < whole.steps_to_train, "something was kept"
    assert steps + done >= whole.steps_to_train
    assert any(isinstance(event, Note) and "goes on from step" in event.text for event in told) is bool(halfway)
    assert states(lab) == states(undisturbed)
    assert values(lab, wanted) == values(undisturbed, wanted)
    for name in undisturbed.store.records.listing():
        mine, theirs = lab.store.records.read(name), undisturbed.store.records.read(name)
        for field in ("seconds", "seal"):
            mine.pop(field, None), theirs.pop(field, None)
        assert mine == theirs
    assert all(isinstance(event, Training) is False or event.done <= event.of for event in told)


@pytest.mark.usefixtures("often")
def test_interrupted_again_and_again_it_still_ends(lab: Lab, tmp_path: Path) -> None:
    wanted = [accuracy(network("foreign:conv_batchnorm", recipe=RECIPE.but(total="10it")).train())]
    for _ in range(4):
        interrupted(lab, wanted, 2)
    carry_out(lab, wanted)
    undisturbed = Lab(tmp_path / "other")
    carry_out(undisturbed, wanted)
    assert states(lab) == states(undisturbed)


def damage(data: bytes) -> bytes:
    return data[:-9]


def strange(data: bytes) -> bytes:
    return b"\x02\x00\x00\x00\x00\x00\x00\x00{}"


@pytest.mark.parametrize("spoil", [damage, strange])
@pytest.mark.usefixtures("often")
def test_a_checkpoint_that_is_none_costs_its_time_only(
    lab: Lab, tmp_path: Path, trained: list[Replica], spoil: Callable[[bytes], bytes]
) -> None:
    wanted = [accuracy(network().train())]
    interrupted(lab, wanted, 7)
    (name,) = lab.store.work.listing()
    kept = lab.store.work.read(name)
    assert kept is not None
    lab.store.work.write(name, spoil(kept))
    trained.clear()
    carry_out(lab, wanted)
    assert [replica.step for replica in trained] == [0]
    undisturbed = Lab(tmp_path / "other")
    carry_out(undisturbed, wanted)
    assert states(lab) == states(undisturbed)


@pytest.mark.usefixtures("often")
def test_a_checkpoint_of_another_profile_is_not_gone_on_from(
    lab: Lab, trained: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [accuracy(network().train())]
    interrupted(lab, wanted, 7)
    real = profiles.machine()
    monkeypatch.setattr(profiles, "machine", lambda _device="cpu": real | {"torch": "another"})
    trained.clear()
    carry_out(lab, wanted)
    assert [replica.step for replica in trained] == [0]
    assert len(lab.store.profiles.listing()) == 2


@pytest.mark.usefixtures("often")
def test_going_on_another_day_costs_only_the_rest(lab: Lab, tmp_path: Path, trained: list[Replica]) -> None:
    net = network()
    carry_out(lab, [accuracy(net.train(until="5it"))])
    assert len(lab.store.work.listing()) == 1
    trained.clear()
    carry_out(lab, [accuracy(net.train())])
    assert [(replica.step, replica.stops) for replica in trained] == [(5, (12,))]
    assert lab.store.work.listing() == set()
    undisturbed = Lab(tmp_path / "other")
    carry_out(undisturbed, [accuracy(net.train(until="5it")), accuracy(net.train())])
    assert states(lab) == states(undisturbed)


@pytest.mark.parametrize("early_stands", [True, False])
@pytest.mark.usefixtures("often")
def test_a_piece_given_again_goes_on_beyond_its_early_stops(
    lab: Lab, tmp_path: Path, trained: list[Replica], early_stands: bool
) -> None:
    """Its slot died after the first stop stood: what the checkpoint has is trained again only if that stop is gone."""
    early = network().train(until="4it")
    wanted = [accuracy(early), accuracy(early.train())]
    plan = plan_of(lab, wanted)
    first = plan.pieces[0].points[0]
    job = Job(1, tuple(plan.pieces), tuple(plan.missing))
    told: list[contract.Event] = []
    worker.Worker(Workshop(lab.store)).carry_out(job, worker.Post("s", told.append, lambda: steps_told(told) >= 9))
    assert [(replica.step, replica.stops) for replica in trained] == [(0, (4, 12))]
    if not early_stands:
        lab.store.states.path(first.digest).unlink()
    trained.clear()
    told.clear()
    worker.Worker(Workshop(lab.store)).carry_out(job, worker.Post("s", told.append))
    assert [(replica.step, replica.stops) for replica in trained] == [(10, (12,)) if early_stands else (0, (4, 12))]
    assert [event.point for event in told if isinstance(event, contract.Stood)] == [first.digest]
    assert steps_told(told) == plan.steps_to_train
    undisturbed = Lab(tmp_path / "other")
    carry_out(undisturbed, wanted)
    assert states(lab) == states(undisturbed)
    assert values(lab, wanted) == values(undisturbed, wanted)


def steps_told(told: list[contract.Event]) -> int:
    return sum(event.steps for event in told if isinstance(event, contract.Advanced))


def test_own_asserts_are_said_of_each_stop_alone(lab: Lab) -> None:
    net = network(recipe=RECIPE.but(asserts=("foreign:says_something",)))
    carry_out(lab, [accuracy(net.train(until="5it"))])
    carry_out(lab, [accuracy(net.train())])
    said = ["foreign:says_something: 6 tensors were seen"]
    assert record(lab, net.train(until="5it"))["checks"] == said
    assert record(lab, net.train())["checks"] == said


@pytest.mark.parametrize("given", ["soon", "-1", "nan"])
def test_a_wrong_time_between_checkpoints_is_told(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", given)
    with pytest.raises(RequestError, match=f"WHETHER_CHECKPOINT_SECONDS is '{given}'; expected a number of seconds"):
        checkpoint_seconds()
