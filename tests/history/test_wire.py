"""Facts in writing: every history comes back the same, and what was changed on the way is found out."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from histories import network, operations, point, state

import cases
from whether import Data, Network, Recipe, accuracy, adam, loss
from whether.data.cards import Card
from whether.errors import DamageError, RequestError
from whether.history import facts, wire
from whether.history.facts import Fact, Point
from whether.history.resolve import Resolver
from whether.history.walk import closure, parents_first


def histories() -> dict[str, Fact]:
    """One fact of each operation, and one trained network of each toy case."""
    trained: dict[str, Fact] = {}
    for case in cases.CASES:
        start = Network(case.model, data=case.data, seed=2, recipe=case.recipe, options=case.options)
        pruned = start.train(until="1it").prune(fraction=0.3, scope="layer")
        trained[case.name] = Resolver().measure(loss(start.masked(pruned).train(), split="train"))
    return operations() | trained


HISTORIES = histories()


@pytest.fixture(params=HISTORIES, name="fact")
def each_fact(request: pytest.FixtureRequest) -> Fact:
    return HISTORIES[request.param]


def sent(written: Any) -> Any:
    return json.loads(json.dumps(written, allow_nan=False))


def said(fact: Fact) -> dict[str, Any]:
    """Everything that a fact holds, facts by their digests."""
    return {item.name: named(getattr(fact, item.name)) for item in fields(fact)}


def named(value: Any) -> Any:
    match value:
        case Fact():
            return value.digest
        case tuple():
            return tuple(map(named, value))
    return value


def listed(value: Any) -> Any:
    """A value with lists for tuples: JSON knows no others, and identities do not either."""
    match value:
        case dict():
            return {name: listed(part) for name, part in value.items()}
        case list() | tuple():
            return [listed(part) for part in value]
    return value


class TestThereAndBack:
    def test_every_history_comes_back_whole(self, fact: Fact) -> None:
        back = wire.read(sent(wire.written([fact])))
        before = {item.digest: item for item in closure([fact])}
        assert list(back) == list(wire.written([fact]))
        assert back.keys() == before.keys()
        assert all(type(back[name]) is type(item) for name, item in before.items())
        assert all(listed(said(back[name])) == listed(said(item)) for name, item in before.items())

    def test_facts_are_shared_as_they_were(self, fact: Fact) -> None:
        back = wire.read(wire.written([fact]))
        for item in closure([back[fact.digest]]):
            assert item is back[item.digest]

    def test_the_order_of_what_is_written_is_of_no_account(self, fact: Fact) -> None:
        rows = list(wire.written([fact]).items())
        for seed in range(3):
            random.Random(seed).shuffle(rows)
            assert wire.read(dict(rows)).keys() == dict(rows).keys()

    def test_parents_stand_before_children(self, fact: Fact) -> None:
        seen: set[str] = set()
        for item in parents_first([fact]):
            assert {parent.digest for parent in item.parents()} <= seen
            seen.add(item.digest)
        assert list(wire.written([fact]))[-1] == fact.digest

    def test_types_come_back_as_they_are_declared(self) -> None:
        trained = point(network(data=Data(name="digits", validation=100, split_seed=2)).train())
        pruned = Resolver().mask(network().train().prune(fraction=0.25, layer_fractions={"output": 0.1}))
        back = wire.read(sent(wire.written([trained, pruned])))
        again = back[trained.digest]
        assert isinstance(again, Point)
        assert again.trajectory.training.data_name == Data(name="digits", validation=100, split_seed=2)
        assert again.trajectory.order == trained.trajectory.order
        assert again.model.shape == (1, 8, 8)
        mask = back[pruned.digest]
        assert isinstance(mask, facts.PrunedMask)
        assert (mask.fraction, mask.layers) == (pruned.fraction, pruned.layers)  # type: ignore[attr-defined]

    def test_several_roots_are_written_once_each(self) -> None:
        start = network()
        one, other = (Resolver().measure(accuracy(start.train(until=until))) for until in ("30it", "60it"))
        both = wire.written([one, other, one])
        assert len(both) == len({*wire.written([one]), *wire.written([other])})
        assert {one.digest, other.digest} <= wire.read(both).keys()

    def test_data_in_a_folder_are_named_without_being_looked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        card = Data(name="xor").card
        monkeypatch.setattr("whether.data.folder.folder_card", lambda name: card)
        fact = Resolver().measure(accuracy(network(data="some/folder").train()))
        text = json.dumps(wire.written([fact]))

        def missing(name: str) -> Card:
            raise AssertionError(f"{name} was looked for")

        monkeypatch.setattr("whether.data.folder.folder_card", missing)
        back = wire.read(json.loads(text))[fact.digest]
        assert isinstance(back, facts.MeasureFact)
        assert back.data_name == Data(name="some/folder")

    def test_parents_that_there_may_be_come_back_as_facts(self) -> None:
        for name in ("perturbed: by another network", "measure: of two networks", "mask-pruned: an earlier state"):
            fact = HISTORIES[name]
            back = wire.read(sent(wire.written([fact])))[fact.digest]
            field = "since" if "since" in fact.plain() else "other"
            assert isinstance(getattr(back, field), facts.State)
            assert getattr(back, field).digest == getattr(fact, field).digest
            without = sent(wire.written([fact]))
            del without[getattr(fact, field).digest]
            with pytest.raises(RequestError, match="the history is not whole"):
                wire.read(without)

    def test_where_weights_lie_is_written_beside_what_they_are(self) -> None:
        fact = HISTORIES["loaded"]
        assert isinstance(fact, facts.Loaded)
        whole = sent(wire.written([fact]))
        assert whole[fact.digest]["aside"] == {"path": fact.path}
        whole[fact.digest]["aside"]["path"] = "/another/machine/weights.safetensors"
        back = wire.read(whole)[fact.digest]
        assert isinstance(back, facts.Loaded)
        assert (back.path, back.content) == ("/another/machine/weights.safetensors", fact.content)

    def test_nothing_is_written_aside_where_there_is_nothing(self) -> None:
        for name in ("mask-pruned", "perturbed", "holding", "clocked", "mask-grown"):
            assert "aside" not in wire.written([HISTORIES[name]])[HISTORIES[name].digest]

    def test_names_of_fields_and_names_of_the_form_do_not_meet(self) -> None:
        for kind in wire.KINDS.values():
            assert not {item.name for item in fields(kind)} & {"type", "version", "aside"}


class TestStopping:
    def test_what_stops_is_written_and_nothing_behind_it(self) -> None:
        dense = network().train()
        ticket = point(network().masked(dense.prune(fraction=0.2)).train())
        near = point(dense)
        part = wire.written([ticket], stop=lambda fact: isinstance(fact, Point) and fact is not ticket)
        assert near.digest in part
        assert near.trajectory.digest not in part
        with pytest.raises(
            RequestError, match=f"the point {near.digest[:12]} is said of {near.trajectory.digest[:12]}"
        ):
            wire.read(part)
        assert wire.read(part | wire.written([near])).keys() == wire.written([ticket]).keys()


def changed(value: Any) -> Any:
    """Another value of the same form."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value[:1].isdigit() and "/" in value:
            return "1/7"
        case str():
            return ("0" if value[:1] != "0" else "1") + value[1:]
        case list():
            return [*value, 7]
        case dict():
            return {**value, "more": 1}
    raise TypeError(value)


class TestChanged:
    def test_whatever_field_is_changed_is_found_out(self, fact: Fact) -> None:
        whole = wire.written([fact])
        for field in set(whole[fact.digest]) - {"aside"}:
            altered = sent(whole)
            altered[fact.digest][field] = changed(altered[fact.digest][field])
            with pytest.raises((DamageError, RequestError), match=r"altered|version|not written with it"):
                wire.read(altered)

    def test_a_field_that_is_left_out_is_found_out(self, fact: Fact) -> None:
        whole = wire.written([fact])
        for field in whole[fact.digest]:
            altered = sent(whole)
            del altered[fact.digest][field]
            with pytest.raises((DamageError, RequestError), match="altered"):
                wire.read(altered)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda one: one.update(at=99), r"the point [0-9a-f]{12} is not what its digest says \(its digest is"),
            (lambda one: one.update(trajectory=3), "the point .* is said of 3, which is not written with it"),
            (lambda one: one.update(at=float("nan")), r"is not what its digest says \(nan has no place in an identity"),
            (lambda one: one.clear(), "what is written under [0-9a-f]{12} is not a fact; it was altered"),
        ],
    )
    def test_nonsense_is_told_as_damage(self, change: Callable[[Any], None], told: str) -> None:
        trained = point(network().train())
        whole = sent(wire.written([trained]))
        change(whole[trained.digest])
        with pytest.raises((DamageError, RequestError), match=told):
            wire.read(whole)

    def test_a_fact_of_another_kind_is_not_taken_for_the_one_that_belongs(self) -> None:
        trained = point(network().train())
        whole = sent(wire.written([trained]))
        whole[trained.digest]["trajectory"] = trained.model.digest
        with pytest.raises(DamageError, match="a model where a Trajectory belongs"):
            wire.read(whole)

    @pytest.mark.parametrize("seed", ["", "xyz", "1", "0X00000000000001", 7, None, "0" * 17])
    def test_seeds_are_sixteen_digits(self, seed: Any) -> None:
        fact = state(network())
        whole = sent(wire.written([fact]))
        whole[fact.digest]["seed"] = seed
        with pytest.raises(DamageError, match=r"the start [0-9a-f]{12} is not what its digest says"):
            wire.read(whole)

    def test_a_circle_is_found_and_not_walked_for_ever(self) -> None:
        fact = Resolver().mask(network().train().mask().inverted().inverted())
        whole = sent(wire.written([fact]))
        behind = whole[fact.digest]["origin"]
        whole[behind]["origin"] = fact.digest
        with pytest.raises(DamageError, match="is said of itself"):
            wire.read(whole)

    def test_data_that_are_no_data_are_damage(self) -> None:
        fact = point(network().train())
        whole = sent(wire.written([fact]))
        whole[fact.trajectory.training.digest]["aside"]["data_name"] = {"name": "xor", "colour": 3}
        with pytest.raises(DamageError, match=r"the training .* is not what its digest says"):
            wire.read(whole)
        del whole[fact.trajectory.training.digest]["aside"]
        with pytest.raises(DamageError, match="data_name"):
            wire.read(whole)


class TestOtherVersions:
    def test_an_operation_of_another_version_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = wire.written([point(network().train())])
        monkeypatch.setattr(facts.Start, "version", 2)
        with pytest.raises(RequestError, match=r"the start .* version 1 of that operation; .* with its version 2"):
            wire.read(whole)

    def test_an_operation_that_nobody_knows_is_named(self) -> None:
        fact = point(network().train())
        whole = sent(wire.written([fact]))
        whole[fact.digest]["type"] = "pickled"
        with pytest.raises(RequestError, match=r"an operation that Whether [\d.a-z]+ does not know: 'pickled'"):
            wire.read(whole)

    def test_a_field_that_nobody_knows_is_named(self) -> None:
        fact = point(network().train())
        whole = sent(wire.written([fact]))
        whole[fact.trajectory.training.digest]["colour"] = "red"
        with pytest.raises(RequestError, match=r"says 'colour', which Whether .* does not know.* a later version"):
            wire.read(whole)


class TestSize:
    def test_ten_thousand_facts_in_a_few_seconds(self) -> None:
        """About a quarter of a second each way on an idle core."""
        going = network()
        for round_ in range(3_333):
            going = going.masked(going.prune(fraction=0.001)).reinit(round_)
        fact = state(going)
        began = time.perf_counter()
        text = json.dumps(wire.written([fact]))
        back = wire.read(json.loads(text))
        assert time.perf_counter() - began < 5
        assert len(back) == 2 + 3 * 3_333
        assert back[fact.digest].digest == fact.digest
        assert wire.read(dict(reversed(json.loads(text).items()))).keys() == back.keys()

    def test_pruning_by_training_three_thousand_times(self) -> None:
        going = network(recipe=Recipe(optimizer=adam(0.02), total="3000it", batch=4))
        for step in range(1, 1_000):
            going = going.train(until=f"{step}it", order=step)
        fact = state(going)
        assert wire.read(wire.written([fact]))[fact.digest].digest == fact.digest
