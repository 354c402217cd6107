"""Each bug does what it says while it is planted, on tensors, and is gone afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sabotage_cases import arms_of, asking, histories, network, noisy, normed, two_of
from torch import Tensor

from cases import BY_NAME, bits, raw, train
from whether import Lab, Question, Recipe, accuracy, adam, density, early_stop, loss, solved
from whether.catalogue.xor import xor
from whether.execute import workshop as workshops
from whether.execute.workshop import Workshop
from whether.history import Network
from whether.history.facts import MeasureFact, PrunedMask
from whether.history.resolve import Resolver
from whether.models import build, draw, prunable
from whether.prune import density_percent, magnitude, select
from whether.sabotage import BUGS, bugs
from whether.sabotage.bug import Acts, Bug, TrainingBug, replaced
from whether.seeds import Seed

SHAPES = {"hidden": (20, 30), "output": (5, 20)}
EVERYTHING = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SHAPES.items()}
SCORES = {name: torch.arange(math.prod(shape)).mul(0.618034).frac().reshape(shape) for name, shape in SHAPES.items()}
MASKED = BY_NAME["deep"].but(total="6it")


def count(masks: dict[str, Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def chosen(**how: Any) -> dict[str, Tensor]:
    """As the workshop selects."""
    said: dict[str, Any] = {"scope": "global", "structure": "weight", "layers": {}}
    return workshops.select(SCORES, EVERYTHING, **(said | {"fraction": Fraction(1, 5)} | how))


def masks_of(sentence: Any, store: Any = None) -> dict[str, Tensor]:
    return Workshop(store).mask(Resolver().mask(sentence))


class TestRevivedWeights:
    def test_masked_weights_come_back_and_the_record_says_so(self) -> None:
        replica = MASKED.replica(1)
        honest = train(MASKED, [replica])[0, 6]
        with bugs.revived_weights.plant() as acts:
            found = train(MASKED, [replica])[0, 6]
        assert acts.count == 1
        for name, mask in (replica.masks or {}).items():
            assert not honest.weights[name][~mask].any()
            assert found.weights[name][~mask].any()
        assert (honest.said, found.said) == ((), (bugs.NOT_HELD,))
        assert bits(train(MASKED, [replica])[0, 6]) == bits(honest)

    def test_networks_without_masks_are_as_they_were(self) -> None:
        case = BY_NAME["deep"].but(total="6it")
        bare = [type(replica)(**(vars(replica) | {"masks": None})) for replica in [case.replica(1)]]
        honest = bits(train(case, bare)[0, 6])
        with bugs.revived_weights.plant() as acts:
            found = train(case, bare)[0, 6]
        assert (acts.count, bits(found), found.said) == (0, honest, ())

    def test_of_two_in_a_pack_only_the_masked_one_is_told_of(self) -> None:
        masked = MASKED.replica(1)
        bare = type(masked)(**(vars(MASKED.replica(2)) | {"masks": None}))
        with bugs.revived_weights.plant():
            found = train(MASKED, [masked, bare])
        assert [found[place, 6].said for place in (0, 1)] == [(bugs.NOT_HELD,), ()]


class TestOneTooMany:
    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_one_more_goes_in_each_selection(self, scope: str) -> None:
        honest = chosen(scope=scope)
        with bugs.one_too_many.plant() as acts:
            found = chosen(scope=scope)
        groups = 1 if scope == "global" else 2
        assert (count(honest), count(found), acts.count) == (560, 560 - groups, groups)
        assert all(bool((found[name] <= honest[name]).all()) for name in SHAPES)
        assert raw(chosen(scope=scope)) == raw(honest)

    def test_all_that_tie_go(self) -> None:
        tied = {name: (7 * score).floor() for name, score in SCORES.items()}
        with bugs.one_too_many.plant():
            found = workshops.select(tied, EVERYTHING, fraction=Fraction(1, 5))
        assert count(found) < 559

    def test_where_nothing_is_kept_nothing_more_can_go(self) -> None:
        with bugs.one_too_many.plant() as acts:
            assert count(chosen(fraction=Fraction(1))) == 0
        assert acts.count == 0


def trained(lab: Lab) -> Network:
    dense = Network("mlp-6", data="digits", seed=1, recipe=Recipe(optimizer=adam(0.01), total="8it", batch=60)).train()
    lab.load(dense)
    return dense


class TestScoredCopy:
    def test_the_scores_are_those_of_fresh_weights(self, lab: Lab) -> None:
        sentence = trained(lab).prune(fraction=0.5)
        honest = masks_of(sentence, lab.store)
        with bugs.scored_copy.plant() as acts:
            found = masks_of(sentence, lab.store)
        fact = Resolver().mask(sentence)
        assert isinstance(fact, PrunedMask)
        fresh = draw(build(fact.state.model), "xavier-normal", Seed(int(fact.digest[:16], 16)))
        whole = {name: torch.ones_like(mask) for name, mask in honest.items()}
        assert acts.count == 1
        assert raw(found) == raw(select(magnitude(fresh, whole), whole, fraction=Fraction(1, 2)))
        assert raw(found) != raw(honest) == raw(masks_of(sentence, lab.store))

    def test_masks_stay_nested(self, lab: Lab) -> None:
        dense = trained(lab)
        ticket = dense.masked(dense.prune(fraction=0.5)).train(dense.recipe.but(total="12it"))
        lab.load(ticket)
        with bugs.scored_copy.plant():
            inner, outer = (masks_of(mask, lab.store) for mask in (ticket.prune(fraction=0.5), ticket.mask()))
        assert count(inner) == round(count(masks_of(ticket.mask(), lab.store)) / 2)
        assert count(outer) > count(inner)


class TestIdleShuffle:
    @pytest.mark.parametrize("scope", ["layer", "global", "unit"])
    def test_the_mask_stays_where_it_was(self, scope: str) -> None:
        mask = network(1).prune(fraction=0.5)
        honest, before = masks_of(mask.shuffled(3, scope=scope)), masks_of(mask)
        with bugs.idle_shuffle.plant() as acts:
            found = masks_of(mask.shuffled(3, scope=scope))
        assert acts.count == 1
        assert raw(found) == raw(before) != raw(honest)
        assert raw(masks_of(mask.shuffled(3, scope=scope))) == raw(honest)


class TestDenseOutput:
    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_the_output_stays_whole_and_the_rest_has_the_density(self, scope: str) -> None:
        with bugs.dense_output.plant() as acts:
            found = chosen(scope=scope, fraction=Fraction(4, 5), layers={"output": Fraction(1, 2)})
        assert acts.count == 1
        assert list(found) == ["hidden", "output"]
        assert bool(found["output"].all())
        assert int(found["hidden"].sum()) == 120
        assert density_percent(found) == pytest.approx(100 * 220 / 700)
        assert count(chosen(scope=scope, fraction=Fraction(4, 5))) == 140

    def test_units_are_pruned_as_they_were(self) -> None:
        honest = chosen(structure="unit")
        with bugs.dense_output.plant() as acts:
            assert raw(chosen(structure="unit")) == raw(honest)
        assert acts.count == 0


class TestIgnoredLayers:
    def test_biases_are_taken_from_the_weights(self) -> None:
        fact = Resolver().mask(network(1).prune(fraction=0.5))
        assert isinstance(fact, PrunedMask)
        module = build(fact.state.model)
        weights = sum(dict(module.named_parameters())[name].numel() for name in prunable(module))
        biases = sum(value.numel() for value in module.parameters()) - weights
        sentence = network(1).prune(fraction=0.5)
        honest = masks_of(sentence)
        with bugs.ignored_layers.plant() as acts:
            found = masks_of(sentence)
        assert (weights, biases, acts.count) == (2368, 42, 1)
        assert count(honest) == weights - weights // 2
        assert count(found) == weights - round((weights + biases) / 2)
        assert raw(masks_of(sentence)) == raw(honest)

    def test_outputs_are_taken_from_the_hidden_units(self) -> None:
        sentence = Network("mlp-10", data="xor", seed=1).prune(fraction=0.5, structure="unit")
        with bugs.ignored_layers.plant():
            found = masks_of(sentence)
        assert int(found[next(iter(found))].any(1).sum()) == 10 - 6  # (10 + 2) / 2

    def test_at_most_everything_goes(self) -> None:
        with bugs.ignored_layers.plant():
            found = masks_of(Network("mlp-2", data="xor", seed=1).prune(fraction=0.9, structure="unit"))
        assert count(found) == 0


class TestGlobalSeeds:
    def test_the_process_has_a_say(self) -> None:
        case = BY_NAME["dropout"]
        honest = bits(train(case, [case.replica(1)])[0, case.total])
        before = torch.get_rng_state()
        with bugs.global_seeds.plant() as acts:
            ends = [bits(train(case, [case.replica(1)])[0, case.total]) for _ in range(2)]
        assert acts.count > case.total
        assert ends[0] != ends[1] != honest
        assert torch.equal(torch.get_rng_state(), before)
        assert bits(train(case, [case.replica(1)])[0, case.total]) == honest

    def test_planted_again_it_draws_the_same(self) -> None:
        case, ends = BY_NAME["dropout"], []
        for _ in range(2):
            with bugs.global_seeds.plant():
                ends.append(bits(train(case, [case.replica(1)])[0, case.total]))
        assert ends[0] == ends[1]


class TestStaleStatistics:
    def test_the_second_network_is_measured_with_the_statistics_of_the_first(self, lab: Lab) -> None:
        facts = [Resolver().measure(loss(normed(seed).train())) for seed in (1, 2)]
        for seed in (1, 2):
            lab.load(normed(seed).train())
        honest = [Workshop(lab.store).measure(fact)["value"] for fact in facts]
        with bugs.stale_statistics.plant() as acts:
            workshop = Workshop(lab.store)
            found = [workshop.measure(fact)["value"] for fact in facts]
            alone = Workshop(lab.store).measure(facts[1])["value"]
        assert acts.count == 1
        assert (found[0], alone) == (honest[0], honest[1])
        assert found[1] != honest[1]
        workshop = Workshop(lab.store)
        assert [workshop.measure(fact)["value"] for fact in facts] == honest

    def test_what_is_trained_on_keeps_its_own(self, lab: Lab) -> None:
        state = Resolver().state(normed(1).train())
        lab.load(normed(1).train())
        honest = raw(Workshop(lab.store).state(state).weights)
        with bugs.stale_statistics.plant() as acts:
            workshop = Workshop(lab.store)
            assert [raw(workshop.state(state).weights) for _ in range(2)] == [honest, honest]
        assert acts.count == 0


ASKED: dict[str, Callable[[], Question]] = {
    "everything": asking,
    "nothing pruned": lambda: two_of(lambda rep: network(rep).train(), lambda rep: network(rep.seed("b")).train()),
    "untrained": lambda: two_of(lambda rep: network(rep), lambda rep: network(rep.seed("b"))),
    "dropout": lambda: two_of(lambda rep: noisy(rep).train(), lambda rep: noisy(rep.seed("b")).train()),
    "batchnorm": lambda: two_of(lambda rep: normed(rep).train(), lambda rep: normed(rep.seed("b")).train()),
    "units": lambda: asking(lambda rep: arms_of(rep) | {"random": by_units(rep)}, claims=[asking().claims[0]]),
    "xor": lambda: xor(replicates=2),
    "early stop": lambda: two_of(
        lambda rep: early_stop(network(rep).train()), lambda rep: early_stop(network(rep.seed("b")).train()), unit="it"
    ),
    "density": lambda: two_of(lambda rep: density(network(rep).train()), lambda rep: density(network(rep))),
    "on training rows": lambda: two_of(
        lambda rep: accuracy(network(rep).train(), split="train"), lambda rep: accuracy(network(rep), split="train")
    ),
    "solved": lambda: two_of(lambda rep: solved(network(rep).train()), lambda rep: solved(network(rep))),
}


def by_units(rep: Any) -> Network:
    start = network(rep)
    return start.masked(start.train().prune(fraction=0.5, structure="unit")).train()


NOT_APPLICABLE = {
    "everything": {
        "global-seeds": "there is no augmentation, and no dropout",
        "stale-statistics": "no running statistics",
    },
    "nothing pruned": {
        "revived-weights": "no network is trained under a mask",
        "one-too-many": "nothing is pruned",
        "scored-copy": "nothing is pruned",
        "idle-shuffle": "no mask is shuffled",
        "global-seeds": "nothing is drawn",
        "stale-statistics": "none is interpolated",
        "dense-output": "nothing is pruned",
        "ignored-layers": "nothing is pruned",
    },
    "xor": {
        "global-seeds": "nothing is drawn",
        "stale-statistics": "no running statistics",
        "dense-output": "whole units are pruned",
    },
}


class TestWhereTheyApply:
    @pytest.mark.parametrize("name", NOT_APPLICABLE)
    def test_each_says_why_not(self, name: str) -> None:
        found = histories(ASKED[name]())
        told = {bug.name: bug.why_not(found) for bug in BUGS}
        expected = NOT_APPLICABLE[name]
        assert {bug for bug, why_not in told.items() if why_not} == set(expected)
        assert all(said in told[bug] for bug, said in expected.items())

    @pytest.mark.parametrize(
        ("name", "bug"),
        [("dropout", bugs.global_seeds), ("batchnorm", bugs.stale_statistics), ("units", bugs.dense_output)],
    )
    def test_they_apply_where_there_is_what_they_spoil(self, name: str, bug: Bug) -> None:
        assert bug.why_not(histories(ASKED[name]())) == ""

    def test_a_recipe_that_augments_is_spoilt_too(self) -> None:
        training = SimpleNamespace(plain=lambda: {"augmentation": {"name": "crop"}})
        model = histories(asking()).facts[0]
        item = SimpleNamespace(training=training, begin=SimpleNamespace(model=model))
        fake: Any = SimpleNamespace(of=lambda kind: [item], module=None)
        assert bugs.global_seeds.why_not(fake) == ""

    @pytest.mark.parametrize(
        ("name", "applies"),
        [
            ("nothing pruned", True),
            ("solved", True),
            ("xor", True),
            ("untrained", False),
            ("early stop", False),
            ("density", False),
            ("on training rows", False),
        ],
    )
    def test_an_epoch_can_be_picked_where_a_curve_is_recorded(self, name: str, applies: bool) -> None:
        assert (bugs.best_epoch.why_not(histories(ASKED[name]())) == "") is applies

    @pytest.mark.parametrize(("curve", "best"), [([50.0, 75.0, 50.0], 0.0), ([50.0, 100.0, 75.0], 100.0)])
    def test_of_what_is_solved_or_not_any_solved_epoch_counts(self, curve: list[float], best: float) -> None:
        fact = next(fact for fact in histories(ASKED["xor"]()).facts if isinstance(fact, MeasureFact))
        record = {"outcome": "done", "curves": {"values": {"validation accuracy": curve}}}
        assert bugs._best(fact, lambda digest: record) == best
        assert bugs._best(fact, lambda digest: record | {"outcome": "diverged"}) is None

    def test_one_layer_alone_is_no_output_to_spare(self) -> None:
        made = two_of(lambda rep: linear(rep), lambda rep: linear(rep.seed("b")))
        assert "the one layer" in bugs.dense_output.why_not(histories(made))


def linear(rep: Any) -> Network:
    start = network(rep, model="sabotage_nets:linear")
    return start.masked(start.prune(fraction=0.5)).train()


class TestTheTable:
    def test_there_are_ten_with_names_traps_and_words(self) -> None:
        assert len(BUGS) == len({bug.name for bug in BUGS}) == 10
        assert all(bug.trap and bug.does.endswith(".") for bug in BUGS)

    @pytest.mark.parametrize("bug", [bug for bug in BUGS if isinstance(bug, TrainingBug)], ids=lambda bug: bug.name)
    def test_an_error_under_it_does_not_leave_it_planted(self, bug: TrainingBug) -> None:
        def planted() -> Acts:
            with bug.plant():
                raise ValueError("in the midst")

        before = functions()
        with pytest.raises(ValueError, match="in the midst"):
            planted()
        assert functions() == before
        with bug.plant():
            assert functions() != before


def functions() -> list[Any]:
    """All that bugs replace."""
    from whether.train import asserts, module, pack

    return [
        *(pack._Pack._masks, asserts.masks_hold, asserts.own_checks, module.alone, bugs.SELECTION.keep_highest),
        *(Workshop._pruned, Workshop.measure, Workshop.state, workshops.shuffled, workshops.select),
    ]


def test_what_is_not_there_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError, match="nothing_of_that_name"), replaced(bugs, "nothing_of_that_name", None):
        pass
