"""Which histories are the same: digests, their versions, what counts and what does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, ClassVar

import histories
import pytest
from histories import RECIPE, network, operations, point, state

from whether import Data, Network, Recipe, accuracy, adam, constant, cosine, drops, sgd
from whether.data import cards
from whether.errors import RequestError
from whether.history import facts
from whether.history.facts import Fact
from whether.history.resolve import Resolver, settle
from whether.plan.demand import closure
from whether.seeds import Seed


def every_fact() -> list[type[Fact]]:
    kinds = [item for item in vars(facts).values() if isinstance(item, type) and issubclass(item, Fact)]
    return [kind for kind in kinds if "tag" in vars(kind) and kind not in (facts.MaskFact,)]


KINDS = every_fact()


class TestGolden:
    def test_digests_are_those_on_record(self) -> None:
        """What to do when it fails stands in what it raises."""
        recorded = histories.recorded()
        assert histories.updated(recorded) == recorded, histories.__doc__

    def test_what_changes_without_a_raised_version_cannot_be_written_down(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recorded = histories.recorded()
        recorded["start"]["digest"] = "0" * 64
        with pytest.raises(SystemExit, match=r"'start' has another digest .* though no version was raised"):
            histories.updated(recorded)
        monkeypatch.setattr(facts.Start, "version", facts.Start.version + 1)
        again = histories.updated(recorded)
        assert again["start"]["versions"] == {"model": 1, "start": 2}
        assert again["start"]["digest"] != recorded["start"]["digest"]
        assert again["model"] == recorded["model"]

    def test_what_is_on_record_stays_there(self) -> None:
        with pytest.raises(SystemExit, match="'gone' is on record and no longer among the operations"):
            histories.updated(histories.recorded() | {"gone": {"digest": "0" * 64, "versions": {"model": 1}}})

    def test_every_operation_is_on_record(self) -> None:
        assert {type(fact) for fact in operations().values()} == set(KINDS)

    def test_every_field_with_a_neutral_value_is_on_record_with_another(self) -> None:
        told = {(type(fact), name) for fact in operations().values() for name in fact.plain()}
        for kind in KINDS:
            aside = {name for fact in operations().values() if type(fact) is kind for name in fact.aside}
            assert {name for name in kind.neutral if (kind, name) not in told} <= aside, kind


class TestFacts:
    @pytest.mark.parametrize("kind", KINDS)
    def test_raising_a_version_changes_that_operation_and_what_is_said_of_it(
        self, kind: type[Fact], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = operations()
        monkeypatch.setattr(kind, "version", kind.version + 1)
        after = histories.digests()
        changed = {name for name in before if after[name] != before[name].digest}
        behind = {name for name, fact in before.items() if any(type(item) is kind for item in closure([fact]))}
        assert changed == behind
        assert changed

    @pytest.mark.parametrize("kind", KINDS)
    def test_tags_tell_kinds_apart_and_neutral_names_are_fields(self, kind: type[Fact]) -> None:
        assert [other.tag for other in KINDS].count(kind.tag) == 1
        assert {*kind.neutral, *kind.aside} <= {item.name for item in dataclasses.fields(kind)}

    def test_what_is_hashed_leaves_out_neutral_values_and_what_lies_aside(self) -> None:
        for fact in operations().values():
            said = fact.plain()
            assert said["type"] == fact.tag
            assert said["version"] == fact.version
            assert not {name for name, value in fact.neutral.items() if name in said and getattr(fact, name) == value}
            assert not set(fact.aside) & set(said)

    def test_a_field_that_is_added_later_changes_no_digest_at_its_neutral_value(self) -> None:
        old = facts.InvertedMask(origin=facts.FullMask(model=state(network()).model))

        @dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
        class Later(facts.InvertedMask):
            tag = "mask-inverted"
            neutral: ClassVar[Mapping[str, Any]] = {"softness": 0.0}
            softness: float = 0.0

        assert Later(origin=old.origin).digest == old.digest
        assert Later(origin=old.origin, softness=0.5).digest != old.digest

    def test_every_other_field_counts(self) -> None:
        for fact in operations().values():
            for item in dataclasses.fields(fact):
                if item.name in fact.aside:
                    continue
                changed = dataclasses.replace(fact, **{item.name: another(getattr(fact, item.name))})
                assert changed.digest != fact.digest, (fact, item.name)

    def test_seeds_and_fractions_are_written_as_text(self) -> None:
        start = state(network(3)).plain()
        assert start["seed"] == Seed(3).seed("weights").hex
        pruned = operations()["mask-pruned: other values"].plain()
        assert pruned["fraction"] == "1/4"
        assert pruned["layers"] == {"output": "1/10"}

    def test_reprs_are_short(self) -> None:
        for fact in operations().values():
            assert repr(fact) == f"<{fact.tag} {fact.digest[:8]}>"

    def test_facts_do_not_change(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'at'"):
            point(network().train()).at = 3  # type: ignore[misc]


def another(value: Any) -> Any:
    """A value of the same type that is another one."""
    match value:
        case facts.MaskFact():
            return facts.InvertedMask(origin=value)
        case facts.State():
            return facts.Redrawn(origin=value, init="xavier-normal", seed=Seed(99), keep="nothing")
        case facts.Model():
            return dataclasses.replace(value, name="another")
        case facts.Training():
            return dataclasses.replace(value, total=value.total + 1)
        case facts.Trajectory():
            return dataclasses.replace(value, order=Seed(99))
        case Seed():
            return Seed(value.value + 1)
        case bool():
            return not value
        case int() | float():
            return value + 1
        case Fraction():
            return value / 2
        case str():
            return value + "x"
        case tuple():
            return (*value, 7)
        case None:
            return 3
        case Mapping():
            return {**value, "more": 1}
    raise TypeError(value)


class TestWhatIsTheSame:
    @pytest.mark.parametrize(
        "other",
        [
            lambda: RECIPE.but(total="100ep"),
            lambda: RECIPE.but(optimizer=adam(0.02, weight_decay=0)),
            lambda: RECIPE.but(optimizer=adam(0.02, weight_decay=-0.0)),
            lambda: RECIPE.but(optimizer=adam(0.02, betas=[0.9, 0.999])),  # type: ignore[arg-type]
            lambda: RECIPE.but(schedule=constant(warmup="0ep")),
            lambda: RECIPE.but(schedule=constant(warmup="1it")),
            lambda: RECIPE.but(schedule=drops([])),
            lambda: RECIPE.but(schedule=drops(["100%"])),
            lambda: RECIPE.but(evaluate="2it"),
            lambda: RECIPE.but(evaluate="2%"),
            lambda: RECIPE.but(last_batch="keep"),
            lambda: RECIPE.but(data="xor"),
            lambda: RECIPE.but(batch=4),
            lambda: Recipe(optimizer=adam(2e-2), total="100it", batch=4),
        ],
    )
    def test_ways_to_write_a_recipe(self, other: Callable[[], Recipe]) -> None:
        assert state(network().train(other())).digest == state(network().train()).digest

    def test_recipes_that_differ(self) -> None:
        others = [
            RECIPE,
            RECIPE.but(total="101it"),
            RECIPE.but(lr=0.021),
            RECIPE.but(batch=2),
            RECIPE.but(batch=3),
            RECIPE.but(batch=3, last_batch="keep"),
            RECIPE.but(evaluate="7it"),
            RECIPE.but(schedule=cosine()),
            RECIPE.but(schedule=cosine(warmup="5%")),
            RECIPE.but(schedule=drops(["50it"])),
            RECIPE.but(schedule=drops(["50it"], factor=0.2)),
            RECIPE.but(schedule=drops(["50it", "50it"], factor=0.2)),
            RECIPE.but(optimizer=sgd(0.02)),
            RECIPE.but(optimizer=sgd(0.02, momentum=0.9)),
            RECIPE.but(optimizer=sgd(0.02, momentum=0.9, nesterov=True)),
            RECIPE.but(optimizer=adam(0.02, eps=1e-7)),
            RECIPE.but(data="digits"),
        ]
        assert len({state(network().train(other)).digest for other in others}) == len(others)

    def test_the_order_of_drops_and_of_asserts_does_not_count(self) -> None:
        asserts = ("foreign:says_something", "foreign:says_nothing")
        ways = [
            RECIPE.but(schedule=drops(said), asserts=named)
            for said, named in ((["30it", "60it"], asserts), (["60ep", "30%"], (*asserts[::-1], asserts[0])))
        ]
        assert len({settle(way, Data(name="xor")).digest for way in ways}) == 1

    def test_looks_beyond_the_total_are_looks_at_its_end(self) -> None:
        one, other = (settle(RECIPE.but(evaluate=every), Data(name="xor")) for every in ("100it", "3ep"))
        assert one.grid[:2] == (0, 100)
        assert one.digest != other.digest
        assert one.digest == settle(RECIPE.but(evaluate="500it"), Data(name="xor")).digest

    def test_keeping_an_optimizer_counts_where_there_is_one(self) -> None:
        start, dense = network(), network().train()
        mask = dense.mask()

        def told(origin: Network) -> int:
            return len({state(origin.masked(mask, optimizer=said)).digest for said in ("keep", "reset")})

        assert [told(start), told(start.masked(mask)), told(dense.reinit(2)), told(dense.masked(mask))] == [1] * 4
        assert [told(dense), told(dense.masked(mask, optimizer="keep"))] == [2, 2]

    def test_integers_and_floats_of_a_setting_are_one(self) -> None:
        one, other = (settle(RECIPE.but(optimizer=sgd(1, momentum=m)), Data(name="xor")) for m in (0, 0.0))
        assert one.digest == other.digest

    def test_a_batch_larger_than_the_data_is_the_whole_data(self) -> None:
        one, other = (settle(RECIPE.but(batch=size, last_batch="keep"), Data(name="xor")) for size in (4, 500))
        assert one.digest == other.digest

    def test_the_place_of_data_does_not_count_its_content_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(cards.CARDS, "elsewhere", dataclasses.replace(cards.XOR, name="elsewhere"))
        monkeypatch.setitem(cards.CARDS, "changed", dataclasses.replace(cards.XOR, name="changed", digest="0" * 64))

        def measured(name: str) -> str:
            return Resolver().measure(accuracy(network(data=name).train())).digest

        assert measured("elsewhere") == measured("xor")
        assert measured("changed") != measured("xor")

    def test_how_data_is_split_counts_where_something_is_held_out(self) -> None:
        def trained(**split: int) -> str:
            return point(network(data=Data(name="digits", **split), recipe=RECIPE).train()).trajectory.training.digest

        assert trained() == trained(validation=300) == trained(split_seed=0)
        assert len({trained(), trained(validation=299), trained(split_seed=1), trained(validation=0)}) == 4
        assert trained(validation=0) == trained(validation=0, split_seed=1)

    def test_each_part_of_a_network_counts(self) -> None:
        others = [network(), network(2), network(model="mlp-3"), network(init="kaiming-normal"), network(data="digits")]
        assert len({state(other).digest for other in others}) == len(others)

    def test_weights_and_order_have_seeds_of_their_own(self) -> None:
        start = state(network(7))
        assert isinstance(start, facts.Start)
        assert start.seed == Seed(7).seed("weights")
        assert point(network(7).train()).trajectory.order == Seed(7).seed("order")
        assert state(network(7).train(order=Seed(7).seed("order"))).digest == state(network(7).train()).digest

    def test_the_split_that_a_measure_names_counts_and_the_resolver_names_it_for_others(self) -> None:
        dense = network().train()
        plain = accuracy(dense)
        assert Resolver().measure(plain).digest == Resolver().measure(accuracy(dense, split="validation")).digest
        assert Resolver(split="test").measure(plain).digest == Resolver().measure(accuracy(dense, split="test")).digest
        assert Resolver(split="test").measure(plain).digest != Resolver().measure(plain).digest

    def test_code_of_ones_own_gets_what_its_identity_says(self) -> None:
        """Neither the order of keys nor tuples are in an identity, so that nothing may follow from them."""
        given: dict[str, Any] = {"widths": (3, 4), "parts": {"b": 1, "a": [2]}}
        said = Network("foreign:perceptron", data="digits", seed=1, options=given)
        other = Network(
            "foreign:perceptron", data="digits", seed=1, options={"parts": {"a": [2], "b": 1}, "widths": [3, 4]}
        )
        one, two = state(said), state(other)
        assert one.digest == two.digest
        assert repr(one.model.options) == repr(two.model.options) == "{'parts': {'a': [2], 'b': 1}, 'widths': [3, 4]}"
        given["parts"]["a"].append(5)
        assert one.model.options == two.model.options

    def test_options_of_code_of_ones_own_must_have_an_identity(self) -> None:
        with pytest.raises(
            RequestError, match="the option 'act' of 'nets:make' cannot be part of an identity: a object"
        ):
            Network("nets:make", data="xor", seed=1, options={"act": object()})
        with pytest.raises(RequestError, match="the option 'p' of 'nets:make' cannot be part of an identity: nan"):
            Network("nets:make", data="xor", seed=1, options={"p": float("nan")})
