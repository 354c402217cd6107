"""Order of the data against initial weights: which runs are crossed, what is derived of them, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whether import Lab
from whether.catalogue.seed_variance import SD, seed_variance
from whether.errors import RequestError
from whether.history.facts import Perturbed, Start
from whether.history.resolved import NAMES
from whether.plan import Asked, ask
from whether.question import Question, Replicate
from whether.seeds import Seed

TINY = {"model": "mlp-8", "levels": 2, "steps": "60it", "metric": "loss", "replicates": 2}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(found: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact for item, fact in found.arms[replicate] if item.name == name)


def cells(fact: Any) -> dict[tuple[int, int], Any]:
    """The runs of a design by their two levels."""
    levels = fact.options["levels"]
    (other,) = levels.keys() - {"init"}
    return {
        at: part.state for at, part in zip(zip(levels["init"], levels[other], strict=True), fact.parts, strict=True)
    }


class TestDesign:
    def test_every_initialisation_meets_every_order(self) -> None:
        found = asked(seed_variance(replicates=2))
        runs = cells(arm(found, "order over weights"))
        assert set(runs) == {(i, j) for i in range(4) for j in range(4)}
        begins = {i: {run.trajectory.begin.digest for (a, _), run in runs.items() if a == i} for i in range(4)}
        orders = {j: {run.trajectory.order for (_, b), run in runs.items() if b == j} for j in range(4)}
        assert {len(some) for some in (*begins.values(), *orders.values())} == {1}
        assert len(set.union(*begins.values())) == len(set.union(*orders.values())) == 4
        assert all(isinstance(run.trajectory.begin, Start) for run in runs.values())
        other = cells(arm(found, "order over weights", 1))
        assert {run.digest for run in other.values()}.isdisjoint({run.digest for run in runs.values()})
        assert arm(found, "order over weights").options[NAMES][:2] == ["init 0, order 0", "init 0, order 1"]

    def test_the_twin_differs_in_the_last_bits_and_not_in_its_order(self) -> None:
        runs = cells(arm(asked(seed_variance(replicates=1)), "only the last bits"))
        for i in range(2):
            plain, twin = (runs[i, j].trajectory for j in range(2))
            assert isinstance(twin.begin, Perturbed)
            assert (twin.begin.how, twin.begin.options) == ("noise", {"scale": 1e-7})
            assert twin.begin.origin.digest == plain.begin.digest
            assert twin.order == plain.order

    def test_a_shorter_run_lies_on_the_way_of_a_whole_one(self) -> None:
        found = asked(seed_variance(replicates=1))
        runs, whole = cells(arm(found, "length over weights")), cells(arm(found, "only the order"))
        for i in range(2):
            short, long = runs[i, 0], runs[i, 1]
            assert long.digest == whole[i, 0].digest
            assert (short.at, short.trajectory.digest) == (20, long.trajectory.digest)

    def test_all_numbers_are_of_the_same_runs(self) -> None:
        found = asked(seed_variance(replicates=1))
        names = ("order over weights", "only the order", "only the weights", "order by itself", "weights by themselves")
        assert len({tuple(part.digest for part in arm(found, name).parts) for name in names}) == 1
        assert {part.name for part in arm(found, "order over weights").parts} == {"accuracy"}
        assert {part.name for part in arm(found, "order over weights, in loss").parts} == {"loss"}

    def test_in_loss_accuracy_stands_beside(self) -> None:
        made = seed_variance(metric="loss", replicates=1)
        assert {part.name for part in arm(asked(made), "order over weights, in accuracy").parts} == {"accuracy"}
        assert [control.claim.unit for control in made.controls] == ["doublings", "nats²"]


class TestClaims:
    def test_sizes_are_in_doublings(self) -> None:
        made = seed_variance(s=4.0)
        claim = made.claims[0]
        assert (claim.kind, claim.size, claim.planned, claim.unit) == ("above", 2.0, (4.0, 0.0), "doublings")
        assert [claim.size for claim in made.every_claim][1:3] == [-2.0, 2.0]
        weights = arm(asked(seed_variance(s=4.0, replicates=1)), "last bits less weights").options["weights"]
        assert weights == {"bits": 1, "init": -4.0, "residual": -3.0}

    def test_controls_see_what_is_there_and_not_what_is_not(self) -> None:
        assert [(control.claim.left, control.expect) for control in seed_variance().controls] == [
            ("length over weights", "yes"),
            ("last bits less weights", "no"),
        ]

    def test_the_spread_is_stated_where_it_was_measured(self) -> None:
        assert [claim.sd for claim in seed_variance().claims] == [SD]
        for given in ({"model": "mlp-100"}, {"levels": 5}, {"metric": "loss"}, {"steps": "100it"}, {"lr": 0.01}):
            assert [claim.sd for claim in seed_variance(**given).claims] == [None], given

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"levels": 1}, "levels is 1; expected a whole number, 2 or more"),
            ({"levels": 2.5}, r"levels is 2\.5; expected a whole number"),
            ({"s": 1}, "s is 1; expected a ratio of variances above 1, such as 2"),
            ({"s": math.inf}, "s is inf; expected a ratio"),
            ({"metric": "acuracy"}, "unknown metric 'acuracy'; did you mean 'accuracy'"),
            ({"training": "papr"}, "unknown training 'papr'"),
            ({"lr": -1}, "lr is -1; expected a number"),
            ({"preset": "papr"}, "unknown preset 'papr'; did you mean 'paper'"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            seed_variance(**given)


def test_the_paper(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    run = cells(arm(asked(seed_variance(preset="paper", replicates=1)), "order over weights"))[0, 0]
    assert (run.trajectory.training.total, run.trajectory.training.batch) == (56_160, 128)
    assert run.trajectory.training.augment == ("flip", "crop-4")
    assert run.model.name == "resnet-20"


def test_a_tiny_one_from_end_to_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
    question = seed_variance(**TINY)
    answer = lab.run(question)
    values = {(run.arm, run.replicate): run.value for run in answer.table}
    for number, seed in enumerate(asked(question).seeds):
        parts = question.arms(Replicate(seed.value, number))["order over weights"].parts  # type: ignore[union-attr]
        table = np.array([lab.value(part) for part in parts.values()]).reshape(2, 2)
        order, weights = table.var(axis=1, ddof=1).mean(), table.var(axis=0, ddof=1).mean()
        assert values["only the order", number] == pytest.approx(order)
        assert values["only the weights", number] == pytest.approx(weights)
        assert values["order over weights", number] == pytest.approx(math.log2(order / weights))
        assert 0 <= values["only the last bits", number] < 1e-3 * weights
    length, bits = (control.claim.estimate for control in answer.controls)
    assert bits < 0
    assert length > 1
