"""Where each bug applies, and that none stays planted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sabotage_cases import RECIPE, arms_of, asking, histories, network, noisy, normed, two_of

from whether import Question, accuracy, density, distance, early_stop, gradual, loss, solved
from whether.catalogue.xor import xor
from whether.execute import making
from whether.execute import workshop as workshops
from whether.execute.workshop import Workshop
from whether.history import Network
from whether.history.facts import MeasureFact
from whether.sabotage import BUGS, bugs
from whether.sabotage import masks as mask_bugs
from whether.sabotage.bug import Acts, Bug, TrainingBug, replaced

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
    "of each few": lambda: two_of(of_each_few, lambda rep: network(rep)),
    "gradual": lambda: two_of(lambda rep: thinned(rep), lambda rep: network(rep).train()),
    "augmented": lambda: two_of(
        lambda rep: network(rep, recipe=RECIPE.but(augment=("flip",))).train(), lambda rep: network(rep)
    ),
    "tokens": lambda: two_of(lambda rep: loss(speaker(rep)), lambda rep: loss(speaker(rep.seed("b"))), unit="nats"),
    "distances": lambda: two_of(
        lambda rep: distance(normed(rep).train()), lambda rep: distance(normed(rep.seed("b")).train()), unit=""
    ),
    "taken anew": lambda: two_of(
        lambda rep: distance(normed(rep).train().perturbed("re-estimate")), lambda rep: distance(normed(rep)), unit=""
    ),
}


def of_each_few(rep: Any) -> Network:
    start = network(rep)
    return start.masked(start.prune(structure="2:4")).train()


def thinned(rep: Any) -> Network:
    return network(rep).train(sparsify=gradual(density=0.3))


def speaker(rep: Any) -> Network:
    return Network("gpt-1-16", data="modular-addition", seed=rep).train()


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
    "of each few": {
        "one-too-many": "there is no threshold",
        "idle-shuffle": "no mask is shuffled",
        "global-seeds": "nothing is drawn",
        "stale-statistics": "no running statistics",
        "ignored-layers": "so many stay of each few inputs",
    },
    "gradual": {
        "scored-copy": "nothing is pruned by scores of a network",
        "idle-shuffle": "no mask is shuffled",
        "global-seeds": "nothing is drawn",
        "stale-statistics": "no running statistics",
        "ignored-layers": "nothing is pruned by scores of a network",
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
        [
            ("dropout", bugs.global_seeds),
            ("augmented", bugs.global_seeds),
            ("batchnorm", bugs.stale_statistics),
            ("taken anew", bugs.stale_statistics),
            ("units", bugs.dense_output),
        ],
    )
    def test_they_apply_where_there_is_what_they_spoil(self, name: str, bug: Bug) -> None:
        assert bug.why_not(histories(ASKED[name]())) == ""

    def test_tokens_are_shown_to_what_may_draw(self) -> None:
        assert "nothing is drawn" in bugs.global_seeds.why_not(histories(ASKED["tokens"]()))

    def test_distances_have_no_statistics(self) -> None:
        assert "is their weights" in bugs.stale_statistics.why_not(histories(ASKED["distances"]()))

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
    from whether.connect import words
    from whether.data import augment
    from whether.prune import dynamic
    from whether.train import asserts, bounds, module

    return [
        *(bounds.Bounds.restore, asserts.masks_hold, asserts.own_checks, module.alone, augment.stacked),
        *(Workshop._pruned, Workshop._value, workshops.shuffled, making.select, making.iterate),
        *(mask_bugs.SELECTION.keep_highest, dynamic._pruned, words._again, words.re_estimate),
    ]


def test_what_is_not_there_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError, match="nothing_of_that_name"), replaced(bugs, "nothing_of_that_name", None):
        pass
