"""The history language: writing sentences is free, and they mean what they say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from histories import RECIPE, mask, network, point, state
from hypothesis import given
from hypothesis import strategies as st

from whether import (
    Mask,
    Network,
    Steps,
    accuracy,
    adam,
    constant,
    curve,
    density,
    early_stop,
    loss,
    measure,
    sgd,
    tickets,
)
from whether.errors import RequestError
from whether.history.facts import FullMask, MaskFact, Point, PrunedMask
from whether.history.resolve import Resolver
from whether.plan.demand import closure, stops_of
from whether.question import Replicate
from whether.seeds import Seed

WRITING = """
import sys
from whether import *
from whether import Network, Recipe, adam, tickets, accuracy, loss, curve, density, early_stop, solved, measure, cosine
from whether import barrier, gradual
touched = []
def watch(event, args):
    if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "import") or event.startswith(("socket", "subproc")):
        touched.append((event, str(args[0])))
sys.addaudithook(watch)
start = Network("mlp-300-100", data="mnist", seed=7)
recipe = Recipe(optimizer=adam(.1), total="3ep", batch=8, data="away", schedule=cosine(warmup="10%"))
also = Network("nets:make", data="somewhere", seed=7, recipe=recipe, init="pytorch", options={"width": 3})
early = start.train(until="500it")
dense = early.train()
mask = dense.prune(fraction=0.2, by="scores:mine")
ticket = early.masked(mask).train(recipe=also.recipe, order=3)
other = ticket.rewound(early).reinit(4, keep="signs").masked(mask.shuffled(3).inverted()).train()
given = Network.from_file("nowhere.safetensors", model="mlp-2", data="xor").only("output+biases")
grown = dense.rate_rewound("9it").train(sparsify=gradual(0.1)).prune(by="snip", fraction=0.5, structure="channel")
mixed = [dense.perturbed("noise", 3, scale=2.0), dense.aligned(early), dense.mixed(early), barrier(dense, early)]
found = tickets(start, density=0.01)
asked = [ask(other) for ask in (accuracy, loss, curve, density, early_stop, solved)] + [measure("m:f", other)]
said = repr([given, grown, mixed, start, also, early, dense, mask, ticket, other, found, asked])
heavy = sorted({"torch", "numpy", "scipy", "pandas"} & set(sys.modules))
print(touched, heavy)
"""


def test_writing_a_sentence_touches_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", WRITING], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


class TestTraining:
    @given(st.lists(st.integers(0, 100), max_size=6).map(sorted))
    def test_stops_on_the_way_change_nothing(self, stops: list[int]) -> None:
        going = network()
        for stop in stops:
            going = going.train(until=f"{stop}it")
        assert state(going.train()).digest == state(network().train()).digest

    def test_one_trajectory_with_two_stops(self) -> None:
        early = network().train(until="30it")
        found = list(stops_of(closure([state(early), state(early.train())])).values())
        assert len(found) == 1
        assert sorted(found[0][1]) == [30, 100]

    @pytest.mark.parametrize("until", ["30it", "30ep", "30%", Steps.parse("30it")])
    def test_a_stop_may_be_said_in_any_unit(self, until: Any) -> None:
        assert state(network().train(until=until)).digest == state(network().train(until="30it")).digest

    def test_until_never_changes_the_total(self) -> None:
        early = point(network().train(until="30it"))
        assert early.step == 30
        assert early.trajectory.training.total == 100
        assert early.trajectory.digest == point(network().train()).trajectory.digest

    def test_a_finished_network_is_finished(self) -> None:
        dense = network().train()
        assert state(dense.train()).digest == state(dense).digest
        assert state(dense.train(until="100it")).digest == state(dense).digest

    def test_no_training_is_the_network_itself(self) -> None:
        start = network()
        assert state(start.train(until="0it")).digest == state(start).digest
        ticket = start.masked(start.train().prune(fraction=0.5))
        assert state(ticket.train(until="0%")).digest == state(ticket).digest

    def test_another_order_begins_a_trajectory_and_keeps_the_optimizer(self) -> None:
        early = network().train(until="30it")
        other = point(early.train(order=5))
        assert other.trajectory.begin.digest == state(early).digest
        assert other.trajectory.order == Seed(5)
        assert other.trajectory.resumes is other.trajectory.begin
        assert (other.trajectory.begin.step, other.step) == (30, 100)

    def test_the_new_order_stays(self) -> None:
        early = network().train(until="30it")
        halfway = early.train(order=5, until="60it")
        assert state(halfway.train()).digest == state(early.train(order=5)).digest

    def test_the_same_order_named_is_no_other(self) -> None:
        rep = Replicate(9, 0)
        early = network().train(until="30it", order=rep)
        assert state(early.train(order=Seed(9))).digest == state(network().train(order=9)).digest
        assert point(early.train(order=Seed(9))).trajectory.begin.step == 0

    def test_another_recipe_begins_a_trajectory(self) -> None:
        early = network().train(until="30it")
        longer = point(early.train(RECIPE.but(total="200it")))
        assert longer.trajectory.begin.digest == state(early).digest
        assert longer.trajectory.resumes is longer.trajectory.begin
        assert longer.step == 200
        assert point(early.train(RECIPE.but(total="200it")).train(until="200it")).digest == longer.digest

    @pytest.mark.parametrize(
        ("before", "after", "resumes"),
        [
            (adam(0.1), adam(0.2, weight_decay=0.1), True),
            (adam(0.1), sgd(0.1), False),
            (sgd(0.1), sgd(0.2), True),
            (sgd(0.1), sgd(0.1, momentum=0.9), False),  # there is no momentum to go on with
            (sgd(0.1, momentum=0.9), sgd(0.1, momentum=0.5, nesterov=True), True),
        ],
    )
    def test_the_optimizer_goes_on_where_it_is_of_the_same_kind(self, before: Any, after: Any, resumes: bool) -> None:
        early = network(recipe=RECIPE.but(optimizer=before)).train(until="30it")
        going = point(early.train(RECIPE.but(optimizer=after)))
        assert (going.trajectory.resumes is not None) == resumes

    def test_pretraining_on_other_data(self) -> None:
        first = RECIPE.but(data="digits", total="10it", batch=60)
        found = point(network(model="mlp-4", data="digits", recipe=first).train().train(RECIPE.but(batch=60)))
        contents = [item.training.data["content"] for item in (found.trajectory, found.trajectory.resumes.trajectory)]  # type: ignore[union-attr]
        assert contents[0] == contents[1]
        assert found.trajectory.begin.step == 10


class TestStates:
    def test_masked_weights_go_on_from_the_step_that_they_are_from(self) -> None:
        early = network().train(until="30it")
        ticket = early.masked(early.train().prune(fraction=0.5))
        assert state(ticket).step == 30
        found = point(ticket.train())
        assert (found.trajectory.begin.step, found.step) == (30, 100)
        assert found.trajectory.resumes is None

    def test_rewound_is_the_other_point_under_the_mask(self) -> None:
        early = network().train(until="30it")
        ticket = early.masked(early.train().prune(fraction=0.5)).train()
        assert state(ticket.rewound(network())).digest == state(network().masked(ticket.mask())).digest
        assert state(ticket.rewound(network())).step == 0

    def test_the_mask_of_a_network_is_the_one_that_it_was_given(self) -> None:
        pruned = network().train().prune(fraction=0.5)
        ticket = network().masked(pruned).train()
        assert mask(ticket.mask()).digest == mask(pruned).digest
        assert mask(ticket.reinit(3).mask()).digest == mask(pruned).digest
        assert isinstance(mask(network().train().mask()), FullMask)
        assert mask(network().mask()).digest == mask(network(2).train().mask()).digest

    def test_redrawn_keeps_step_mask_and_initialiser(self) -> None:
        early = network(init="kaiming-uniform").train(until="30it")
        ticket = early.masked(early.prune(fraction=0.5)).reinit(8, keep="signs")
        found = state(ticket)
        assert found.step == 30
        assert (found.plain()["init"], found.plain()["keep"]) == ("kaiming-uniform", "signs")
        assert state(ticket.reinit(9).train()).mask is not None

    def test_the_optimizer_is_kept_through_masks_when_told(self) -> None:
        early = network().train(until="30it")
        half, quarter = early.prune(fraction=0.5), early.prune(fraction=0.75)
        kept = early.masked(half, optimizer="keep")

        def resumed(ticket: Network) -> Point | None:
            return point(ticket.train()).trajectory.resumes

        assert resumed(kept) is not None
        assert resumed(kept).digest == state(early).digest  # type: ignore[union-attr]
        assert resumed(kept.masked(quarter, optimizer="keep")).digest == state(early).digest  # type: ignore[union-attr]
        for broken in (early.masked(half), kept.masked(quarter), early.masked(half).masked(quarter, optimizer="keep")):
            assert resumed(broken) is None
        assert resumed(kept.reinit(2)) is None
        assert resumed(network().masked(half, optimizer="keep")) is None

    def test_pruning_looks_at_the_network_it_is_said_of(self) -> None:
        dense = network().train()
        found = mask(dense.prune(fraction=0.2))
        assert isinstance(found, PrunedMask)
        assert found.state.digest == state(dense).digest

    def test_sentences_do_not_change(self) -> None:
        start = network()
        before = state(start).digest
        start.train().prune(fraction=0.5)
        start.masked(start.mask()).reinit(3)
        assert state(start).digest == before
        with pytest.raises(AttributeError, match="a Network never changes; recipe is said in a new sentence"):
            start.recipe = RECIPE


class TestTickets:
    def test_the_loop_is_what_everyone_writes(self) -> None:
        found = tickets(
            network(), rounds=3, fraction=0.2, rewind="10it", scope="layer", layer_fractions={"output": 0.1}
        )
        early = network().train(until="10it")
        trained = early.train()
        for round_ in range(4):
            assert state(found[round_]).digest == state(trained).digest
            pruned = trained.prune(fraction=0.2, scope="layer", layer_fractions={"output": 0.1})
            trained = early.masked(pruned).train()
        assert len(found) == 4
        assert state(found.early).digest == state(early).digest

    def test_masks_and_beginnings_after_each_round(self) -> None:
        found = tickets(network(), rounds=2)
        assert state(found.start(0)).digest == state(network()).digest
        assert state(found.start()).digest == state(network().masked(found.mask(2))).digest
        assert mask(found.mask()).digest == mask(found[-1].mask()).digest
        assert next(state(item).digest for item in found) == state(found.dense).digest
        assert len(found[1:]) == 2

    @pytest.mark.parametrize(("density", "rounds"), [(0.1, 11), (0.5, 4), (0.8, 1), (0.9, 1), (0.64, 2)])
    def test_a_density_takes_as_few_rounds_as_the_fraction_allows(self, density: float, rounds: int) -> None:
        found = tickets(network(), density=density)
        pruned = mask(found.mask(1))
        assert isinstance(pruned, PrunedMask)
        assert len(found) - 1 == rounds
        assert float(1 - pruned.fraction) ** rounds == pytest.approx(density)
        assert pruned.fraction <= 0.2 + 1e-9

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({}, "takes either density=0.1 .* or rounds=10, one of the two"),
            ({"density": 0.1, "rounds": 3}, "one of the two"),
            ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\): the part that is left at the end"),
            ({"density": "half"}, "density is 'half'; expected a number"),
            ({"density": 0.1, "fraction": 1}, r"fraction is 1; expected a number in \(0, 1\)"),
            ({"density": 2, "fraction": 0}, r"(?s)fraction is 0; .*\ndensity is 2; expected"),
            ({"rounds": 0}, "rounds is 0; expected a whole number, 1 or more"),
            ({"rounds": 2.0}, r"rounds is 2\.0; expected a whole number"),
            ({"density": 0.1, "layer_fractions": {"output": 0.1}}, "with density prunes every layer alike"),
            ({"rounds": 1, "rewind": 500}, "a bare number: 500 of what"),
            ({"rounds": 1, "by": "magnitud"}, "unknown score 'magnitud'; did you mean 'magnitude'"),
            ({"rounds": 1, "structure": "2:4"}, "structure='2:4', which leaves the same share whatever the round"),
            ({"rounds": 1, "retrain": "rates"}, "unknown way to retrain 'rates'; did you mean 'rate'"),
        ],
    )
    def test_mistakes(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            tickets(network(), **given)

    def test_learning_rate_rewinding_keeps_the_weights_and_goes_back_in_the_schedule(self) -> None:
        found = tickets(network(), rounds=2, fraction=0.5, rewind="10it", retrain="rate")
        trained = network().train(until="10it").train()
        for round_ in (1, 2):
            begun = trained.masked(trained.prune(fraction=0.5)).rate_rewound("10it")
            assert state(found.start(round_)).digest == state(begun).digest
            assert state(begun).step == 10
            trained = begun.train()
            assert state(found[round_]).digest == state(trained).digest
        assert state(found.early).digest == state(network().train(until="10it")).digest
        assert repr(found) == "<Tickets after 0 to 2 rounds, rates rewound to trained to 10it ← mlp-2 on xor>"

    def test_fine_tuning_has_a_recipe_of_its_own_from_the_same_step(self) -> None:
        low = RECIPE.but(lr=0.001, total="60it")
        fine, rate = (tickets(network(), rounds=2, rewind="10it", retrain=how) for how in (low, "rate"))
        assert state(fine.start(1)).digest == state(rate.start(1)).digest
        assert state(fine.dense).digest == state(rate.dense).digest
        for round_ in (1, 2):
            tuned = point(fine[round_])
            assert (state(fine.start(round_)).step, tuned.step) == (10, 60)
            assert tuned.trajectory.training.optimizer["lr"] == 0.001
        assert "fine-tuned; begun with" in repr(fine)

    def test_fine_tuning_by_the_same_recipe_is_learning_rate_rewinding(self) -> None:
        fine, rate = (tickets(network(), rounds=3, rewind="10it", retrain=how) for how in (RECIPE, "rate"))
        assert state(fine[-1]).digest == state(rate[-1]).digest

    def test_scores_and_structures_are_those_of_pruning(self) -> None:
        found = tickets(network(), rounds=1, fraction=0.5, by="movement", structure="unit")
        pruned = network().train().prune(fraction=0.5, by="movement", structure="unit")
        assert mask(found.mask()).digest == mask(pruned).digest

    def test_repr_is_short(self) -> None:
        said = repr(tickets(network(), rounds=20, rewind="10it"))
        assert said == "<Tickets after 0 to 20 rounds, rewound to trained to 10it ← mlp-2 on xor>"


class TestReprs:
    def test_they_read_from_the_last_word_back(self) -> None:
        start = network()
        early = start.train(until="10it")
        pruned = early.train().prune(fraction=0.25)
        assert repr(start) == "<Network mlp-2 on xor>"
        assert repr(early) == "<Network trained to 10it ← mlp-2 on xor>"
        assert repr(pruned) == "<Mask pruned by 0.25 ← trained to the end ← trained to 10it ← mlp-2 on xor>"
        assert repr(pruned.inverted().shuffled(1)) == (
            "<Mask shuffled (layer) ← inverted ← pruned by 0.25 ← trained to the end ← …>"
        )
        assert repr(start.masked(pruned).reinit(1, keep="signs")) == (
            "<Network redrawn, signs kept ← masked (pruned) ← mlp-2 on xor>"
        )
        assert repr(early.perturbed("noise", 1).only("output")) == (
            "<Network only output ← perturbed (noise) ← trained to 10it ← mlp-2 on xor>"
        )
        assert repr(early.mixed(start).rate_rewound("5it")) == (
            "<Network rate rewound to 5it ← perturbed (interpolate) ← trained to 10it ← mlp-2 on xor>"
        )
        given = Network.from_file("w.safetensors", model="mlp-2", data="xor")
        assert repr(given.train()) == "<Network trained to the end ← mlp-2 from w.safetensors>"
        assert repr(given.aligned(start).mask()) == "<Mask mask ← perturbed (align-weights) ← mlp-2 from w.safetensors>"
        assert repr(early.mask()) == "<Mask mask ← trained to 10it ← mlp-2 on xor>"
        assert repr(accuracy(early)) == "<Measure accuracy of trained to 10it ← mlp-2 on xor>"


class TestMeasures:
    def test_what_they_are_asked_of(self) -> None:
        dense = network(data="digits", recipe=RECIPE.but(batch=60)).train()
        for asked in (accuracy(dense), loss(dense, split="train"), density(dense), early_stop(dense), curve(dense)):
            assert Resolver().measure(asked).state.digest == state(dense).digest

    def test_a_density_is_of_no_split(self) -> None:
        fact = Resolver(split="test").measure(density(network()))
        assert (fact.split, fact.data) == (None, None)
        assert fact.digest == Resolver().measure(measure("density", network(), split="train")).digest

    def test_a_curve_has_a_name_and_by_default_one(self) -> None:
        assert Resolver().measure(measure("curve", network().train())).options == {"name": "validation accuracy"}

    def test_kinds(self) -> None:
        assert accuracy(network()).kind.better == "higher"
        assert loss(network()).kind.better == "lower"
        own = measure("m:f", network(), unit="ms", better="lower", worst=9.0).kind
        assert (own.unit, own.better, own.worst, own.share) == ("ms", "lower", 9.0, False)


def test_masks_are_sentences_too() -> None:
    pruned = network().prune(fraction=0.5)
    assert isinstance(pruned, Mask)
    assert isinstance(mask(pruned.inverted().inverted()), MaskFact)
    assert mask(pruned.shuffled(1)).digest != mask(pruned.shuffled(2)).digest
    assert mask(pruned.shuffled(1)).digest != mask(pruned.shuffled(1, scope="global")).digest
    assert constant().name == "constant"
