"""Profiles: frozen when a machine first trains in a lab, changed by command, chosen from trials."""

from __future__ import annotations

from pathlib import Path

import pytest

from whether.execute import profiles
from whether.execute.trial import Trial, choose
from whether.store.folder import Store
from whether.train.profile import Settings, machine


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.find(tmp_path / "lab", create=True)


def trial(weights: int, packed: dict[int, float], lanes: float = 2.0, together: float = 1.0) -> Trial:
    return Trial("mlp", "digits", weights, 1.0, packed, lanes, together)


def test_the_first_one_stands(store: Store) -> None:
    first = profiles.current(store)
    assert profiles.current(store) == first
    assert first.settings == Settings()
    assert store.profiles.read(first.digest)["machine"] == machine()


def test_only_other_settings_change_it(store: Store) -> None:
    first = profiles.current(store)
    assert profiles.update(store, "cpu", Settings(source="measured today")) == first
    second = profiles.update(store, "cpu", Settings(weights_at_once=2**16, source="measured today"))
    assert (second.number, profiles.current(store)) == (2, second)
    assert second.digest != first.digest
    third = profiles.update(store, "cpu", Settings())
    assert (third.number, third.digest != first.digest) == (3, True)
    assert len(store.profiles.listing()) == 3


def test_another_machine_has_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    here = profiles.current(store)
    monkeypatch.setattr(profiles, "machine", lambda _device="cpu": machine() | {"torch": "another"})
    there = profiles.current(store)
    assert there.digest != here.digest
    monkeypatch.undo()
    assert profiles.current(store) == here


def test_a_damaged_one_is_passed_over(store: Store) -> None:
    first = profiles.current(store)
    profiles.update(store, "cpu", Settings(weights_at_once=2**16))
    second = profiles.current(store)
    store.profiles.path(second.digest).write_text("{}")
    assert profiles.current(store) == first


def test_what_is_clearly_faster_is_chosen() -> None:
    found = [trial(1000, {1: 10.0, 4: 20.0, 16: 40.0, 64: 10.0}), trial(1, {1: 1.0, 4: 4.0, 16: 16.0, 64: 64.0})]
    chosen = choose(found, Settings(weights_at_once=2**18), "2026-01-01")
    assert 16 * 1000 <= chosen.weights_at_once < 64 * 1000
    assert chosen.source == "measured 2026-01-01"
    assert chosen.workers == 0


def test_what_is_hardly_faster_is_not() -> None:
    found = [trial(1000, {1: 10.0, 4: 10.1, 16: 10.2, 64: 10.2})]
    now = Settings(weights_at_once=2**18)
    assert choose(found, now, "2026-01-01") == now


def test_one_worker_where_lanes_are_in_each_others_way() -> None:
    found = [trial(1000, {1: 10.0}, lanes=1.0, together=2.0)]
    assert choose(found, Settings(), "2026-01-01").workers == 1
