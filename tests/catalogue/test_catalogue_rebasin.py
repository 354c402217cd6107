"""Alignment: which networks are compared, what is put into which order, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether import Answer, Lab
from whether.catalogue.parting import share_removed
from whether.catalogue.rebasin import SDS, rebasin
from whether.errors import RequestError
from whether.history.facts import Perturbed
from whether.history.resolved import NAMES
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed

TINY = {"width": 6, "narrower": [3], "networks": 2, "steps": "60it", "points": 5, "replicates": 2}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(found: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact for item, fact in found.arms[replicate] if item.name == name)


class TestArms:
    def test_networks_share_neither_beginning_nor_order(self) -> None:
        found = arm(asked(rebasin(replicates=1)), "barrier")
        states = {state.digest: state for part in found.parts for state in (part.state, part.other)}
        trajectories = [state.trajectory for state in states.values()]
        assert len(found.parts) == len(trajectories) == 3
        assert len({path.begin.seed for path in trajectories}) == len({path.order for path in trajectories}) == 3
        assert {path.begin.model.name for path in trajectories} == {"mlp-128-128"}

    def test_the_second_of_each_pair_is_aligned_to_the_first(self) -> None:
        found = asked(rebasin(replicates=1))
        for plain, better in zip(arm(found, "barrier").parts, arm(found, "barrier, aligned").parts, strict=True):
            moved = better.other
            assert better.state.digest == plain.state.digest
            assert isinstance(moved, Perturbed)
            assert moved.how == "align-activations"
            assert moved.origin.digest == plain.other.digest
            assert moved.other is not None
            assert moved.other.digest == plain.state.digest

    def test_what_is_removed_is_of_the_same_lines(self) -> None:
        found = asked(rebasin(replicates=1))
        removed, plain, better = (arm(found, name) for name in ("removed at 128", "barrier", "barrier, aligned"))
        assert [part.digest for part in removed.parts] == [part.digest for part in (*plain.parts, *better.parts)]
        assert [name.split()[0] for name in removed.options[NAMES]] == ["before"] * 3 + ["after"] * 3

    def test_controls_are_a_random_order_and_a_copy_of_the_network_itself(self) -> None:
        found = asked(rebasin(replicates=1))
        random = arm(found, "removed at random").parts[3:]
        assert {part.other.how for part in random} == {"permute-units"}
        copy, back = (arm(found, name) for name in ("shuffled copy", "shuffled copy, aligned"))
        assert copy.other.how == "permute-units"
        assert copy.other.origin.digest == copy.state.digest
        assert (back.other.how, back.other.origin.digest) == ("align-activations", copy.other.digest)
        assert back.other.other.digest == copy.state.digest

    def test_narrower_networks_have_their_width(self) -> None:
        found = asked(rebasin(replicates=1, by="weights"))
        parts = arm(found, "removed at 16").parts
        assert {part.state.model.name for part in parts} == {"mlp-16-16"}
        assert {part.other.how for part in parts[3:]} == {"align-weights"}

    def test_without_narrower_ones_nothing_stands_beside(self) -> None:
        assert not rebasin(narrower=[]).secondary

    def test_spreads_are_known_of_the_setting_that_was_measured_only(self) -> None:
        assert tuple(claim.sd for claim in rebasin().claims) == SDS
        assert {claim.sd for claim in rebasin(by="weights").claims} == {None}


class TestShareRemoved:
    @given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0, 50)), min_size=1, max_size=6))
    def test_it_is_what_is_gone_of_all_together(self, lines: list[tuple[float, float]]) -> None:
        values = {f"before {i}": line[0] for i, line in enumerate(lines)}
        values |= {f"after {i}": line[1] for i, line in enumerate(lines)}
        before, after = (sum(line[place] for line in lines) for place in (0, 1))
        assert share_removed(values) == pytest.approx(100 * (before - after) / before, abs=1e-9)

    def test_where_there_was_no_barrier_nothing_is_removed(self) -> None:
        assert share_removed({"before 1": 0.0, "after 1": 2.0}) == 0.0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"model": "mlp-64-64"}, "expected a name with <width> in it"),
        ({"narrower": [128]}, "expected other widths, each once"),
        ({"narrower": [8, 8]}, "expected other widths, each once"),
        ({"networks": 1}, "networks is 1; expected a whole number, 2 or more"),
        ({"by": "weight"}, "weights"),
        ({"model": "resnot-8-w<width>"}, "resnet"),
    ],
)
def test_what_is_refused(said: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        asked(rebasin(replicates=1, **said))


def test_the_paper_preset(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    made = rebasin(preset="paper", replicates=1)
    part = arm(asked(made), "removed at 64").parts[3]
    training = part.state.trajectory.training
    assert part.state.model.name == "resnet-20-w64"
    assert (part.other.how, part.other.examples) == ("align-activations", 10000)
    assert part.options["statistics"] == "re-estimated"
    assert (training.batch, training.optimizer["lr"]) == (128, 0.1)
    assert [item.value for item in made.published] == [90.0, 0.0]
    assert all("second-hand" in item.source for item in made.published)


def by_arm(answer: Answer) -> dict[str, list[float]]:
    return {name: list(rows["value"]) for name, rows in answer.runs.groupby("arm")}


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    answer = Lab(tmp_path).run(rebasin(**TINY))
    values = by_arm(answer)
    for before, after, removed in zip(
        *(values[name] for name in ("barrier", "barrier, aligned", "removed at 6")), strict=True
    ):
        assert removed == pytest.approx(100 * (before - after) / before if before else 0.0)
    assert max(values["shuffled copy, aligned"]) < 0.5
