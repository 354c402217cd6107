"""The questions of the catalogue: what they compare, and what their options refuse."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from whether.catalogue.find import find, names
from whether.catalogue.lottery_ticket import PAPER, lottery_ticket
from whether.catalogue.settings import weights_left
from whether.catalogue.xor import xor
from whether.errors import RequestError
from whether.history.facts import Fact, Point, PrunedMask, Redrawn, ShuffledMask, Wearing
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(asked: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact.state for item, fact in asked.arms[replicate] if item.name == name)


@pytest.mark.parametrize("name", names())
def test_each_says_what_it_needs_to(name: str) -> None:
    template = find(name)
    made = template()
    assert template.text.endswith("?")
    assert template.idea
    assert made.controls
    assert {control.expect for control in made.controls} <= {"yes", "no"}
    assert made.replicates >= 5
    assert all(claim.because for claim in made.every_claim)


@pytest.mark.parametrize("name", names())
def test_each_can_be_asked_and_uses_its_seeds(name: str) -> None:
    found = asked(find(name)(replicates=2))
    first, second = ({fact.digest for _, fact in row} for row in found.arms)
    assert first.isdisjoint(second)


class TestLotteryTicket:
    def test_the_controls_differ_from_the_ticket_in_one_thing_each(self) -> None:
        found = asked(lottery_ticket(replicates=1))
        ticket, drawn, shuffled, dense = (
            arm(found, name).trajectory.begin if name != "dense" else arm(found, name)
            for name in ("ticket at 10.7", "re-initialised at 10.7", "random mask at 10.7", "dense")
        )
        assert isinstance(ticket, Wearing)
        assert isinstance(ticket.worn, PrunedMask)
        assert drawn.worn.digest == ticket.worn.digest
        assert isinstance(drawn.origin, Redrawn)
        assert drawn.origin.origin.digest == ticket.origin.digest
        assert shuffled.origin.digest == ticket.origin.digest
        assert isinstance(shuffled.worn, ShuffledMask)
        assert (shuffled.worn.origin.digest, shuffled.worn.scope) == (ticket.worn.digest, "layer")
        assert isinstance(dense, Point)
        assert dense.trajectory.begin.digest == ticket.origin.digest
        orders = {arm(found, name).trajectory.order for name in ("dense", "ticket at 10.7", "re-initialised at 10.7")}
        assert len(orders) == 1

    def test_unpruned_the_ticket_is_the_dense_network(self) -> None:
        found = asked(lottery_ticket(replicates=1))
        assert arm(found, "ticket at 100").digest == arm(found, "dense").digest

    def test_masks_come_one_from_the_other(self) -> None:
        found = asked(lottery_ticket(replicates=1, rounds=4, density=0.512))
        chain = [
            arm(found, f"ticket at {x:.3g}") for x in weights_left("mlp-300-100", "digits", rounds=4, fraction=0.2)
        ]
        for before, after in pairwise(chain):
            assert after.trajectory.begin.worn.state.digest == before.digest

    def test_rewinding_takes_later_weights_and_redraws_the_first(self) -> None:
        found = asked(lottery_ticket(replicates=1, rounds=3, density=0.512, rewind="20it"))
        assert arm(found, "ticket at 51.2").trajectory.begin.step == 20
        assert arm(found, "re-initialised at 51.2").trajectory.begin.step == 0
        assert arm(found, "random mask at 51.2").trajectory.begin.step == 20

    def test_the_named_density_is_always_compared(self) -> None:
        for rounds, density in [(1, 0.8), (2, 0.64), (5, 0.4096), (15, 0.107), (16, 0.0281)]:
            made = asked(lottery_ticket(replicates=1, rounds=rounds, density=density))
            assert arm(made, made.question.claims[1].names[1]) is not None
            assert len(made.question.secondary[0].claims) == rounds  # type: ignore[union-attr]

    def test_spreads_are_stated_in_the_setting_in_which_they_were_measured_only(self) -> None:
        for given in ({}, {"s": 0.5}, {"replicates": 5}, {"rounds": 13}, {"looks": [6, 16]}, {"lr": 0.0012}):
            assert [claim.sd for claim in lottery_ticket(**given).claims] == [0.75, 1.1], given
        for given in (
            {"model": "mlp-100"},
            {"data": "mnist"},
            {"density": 0.107},
            {"rewind": "20it"},
            {"steps": "800it"},
            {"scope": "global"},
            {"init": "xavier-normal"},
            {"lr": 0.01},
            {"optimizer": "sgd"},
            {"preset": "paper"},
        ):
            assert [claim.sd for claim in lottery_ticket(**given).claims] == [None, None], given

    def test_the_paper(self) -> None:
        made = lottery_ticket(preset="paper")
        assert made.options["density"] == PAPER["density"]
        begin = arm(asked(made), "ticket at 21.1").trajectory
        assert (begin.training.total, begin.training.batch, begin.training.evaluate) == (50_000, 60, 100)
        assert begin.training.optimizer["lr"] == 1.2e-3
        assert begin.begin.worn.plain()["layers"] == {"output": "1/10"}
        assert begin.begin.origin.init == "xavier-normal"
        assert begin.training.data["train"] == 55_000

    def test_the_paper_has_its_controls_and_its_figures(self) -> None:
        made = lottery_ticket(preset="paper", replicates=1)
        names = {item.name for item, _ in asked(made).arms[0]}
        assert {name for name in names if name.startswith("random")} == {
            f"random mask at {left}" for left in ("51.3", "21.1", "13.5", "3.58")
        }
        assert {item.value for item in made.published} == {97.9, 38, 2.51, 0.5, 0.3, 0}
        assert all("second-hand" in item.source for item in made.published)
        assert not lottery_ticket().published
        assert not lottery_ticket(preset="paper", steps="100it").published

    def test_controls_at_rounds_of_ones_own(self) -> None:
        names = {item.name for item, _ in asked(lottery_ticket(replicates=1, compared=[1])).arms[0]}
        assert {name for name in names if name.startswith("random")} == {"random mask at 80", "random mask at 6.87"}

    @pytest.mark.parametrize(
        ("after", "left"), [(1, 80.04), (3, 51.28), (7, 21.07), (9, 13.52), (15, 3.58), (18, 1.85), (20, 1.19)]
    )
    def test_weights_left_are_those_of_the_arithmetic(self, after: int, left: float) -> None:
        found = weights_left("lenet-300-100", "mnist", rounds=20, fraction=0.2, output_fraction=0.1)
        assert round(found[after], 2) == left
        assert found[0] == 100.0

    def test_without_an_output_fraction_all_layers_go_alike(self) -> None:
        assert weights_left("nets:make", "digits", rounds=3, fraction=0.5) == [100.0, 50.0, 25.0, 12.5]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"rounds": 0}, "rounds is 0; expected a whole number, 1 or more"),
            ({"rounds": 2.5}, r"rounds is 2\.5; expected a whole number"),
            ({"fraction": 1.0}, r"fraction is 1\.0; expected a number in \(0, 1\): the part that goes in a round"),
            ({"output_fraction": 0}, r"output_fraction is 0; expected a number in \(0, 1\)"),
            ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\): the part of the weights that is left"),
            ({"density": "x"}, "density is 'x'; expected a number"),
            (
                {"density": 0.5, "rounds": 2},
                r"no round leaves a density of 0\.5; these rounds leave 0\.800, 0\.640\. Name one",
            ),
            ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean 'sgd'"),
            ({"lr": -1}, "adam: lr is -1; expected a number"),
            ({"steps": 400}, "a recipe's total is 400, a bare number"),
            ({"rewind": 5}, "rewind is 5, a bare number"),
            ({"batch": 0}, "a recipe's batch is 0"),
            ({"s": 0}, "has the size 0; expected a number of points above zero"),
            ({"replicates": 0}, "replicates is 0"),
            ({"compared": [3, 16]}, "compared has 16; expected rounds of pruning, whole numbers from 1 to 15"),
            ({"compared": [3.0]}, r"compared has 3\.0; expected rounds"),
            ({"preset": "papr"}, "unknown preset 'papr'; did you mean 'paper'"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            lottery_ticket(**given)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"model": "mpl-300"}, "unknown model 'mpl-300'"),
            ({"scope": "layers"}, "unknown scope 'layers'; did you mean 'layer'"),
            ({"init": "kaiming"}, "unknown initialiser 'kaiming'; did you mean 'kaiming-normal'"),
            ({"model": "lenet-300-100"}, "'lenet-300-100' does not fit the data set 'digits'"),
            ({"batch": 1000}, "a batch of 1000 is larger than the 900 training examples of 'digits'"),
            ({"rewind": "500it"}, "is 500 iterations, beyond the recipe's total of 400"),
        ],
    )
    def test_options_that_are_refused_when_it_is_asked(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            asked(lottery_ticket(replicates=1, **given))


class TestXor:
    def test_what_is_compared(self) -> None:
        found = asked(xor(replicates=1))
        ticket, pair = (arm(found, name).trajectory.begin for name in ("ticket", "random pair"))
        assert (ticket.worn.structure, float(ticket.worn.fraction)) == ("unit", 0.8)
        assert (pair.worn.scope, pair.worn.origin.digest) == ("unit", ticket.worn.digest)
        assert pair.origin.digest == ticket.origin.digest
        fresh: Fact = arm(found, "fresh pair").model
        assert (fresh.plain()["name"], arm(found, "wide").model.name) == ("mlp-2", "mlp-10")
        assert all(fact.name == "solved" for _, fact in found.arms[0])

    def test_controls_see_something_where_it_is_and_nothing_where_it_is_not(self) -> None:
        assert [(control.claim.names, control.expect) for control in xor().controls] == [
            (("ticket", "random pair"), "yes"),
            (("wide", "fresh pair"), "yes"),
            (("random pair", "fresh pair"), "no"),
        ]

    @pytest.mark.parametrize(
        "given", [{"hidden": 0}, {"hidden": 2}, {"keep": 0}, {"keep": 11}, {"keep": 1.5}, {"hidden": "a"}]
    )
    def test_units_to_keep(self, given: dict[str, Any]) -> None:
        with pytest.raises(
            RequestError, match=r"keep is .* of hidden=.* units; expected 1 or more, and fewer than hidden"
        ):
            xor(**given)

    def test_other_options(self) -> None:
        for given, message in (({"lr": "x"}, "adam: lr is 'x'"), ({"steps": 5}, "total is 5, a bare number")):
            with pytest.raises(RequestError, match=message):
                xor(**given)
