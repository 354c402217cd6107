"""From sentences to facts: steps become integers, and what cannot be is told in the sentence's own terms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from histories import RECIPE, network, point, state
from hypothesis import given
from hypothesis import strategies as st

from whether import Data, Network, accuracy, cosine, curve, drops, early_stop
from whether.errors import RequestError
from whether.history.resolve import Resolver, settle
from whether.recipe import Recipe, adam

DIGITS = Data(name="digits")  # 900 rows to train on


class TestSettling:
    @given(st.integers(1, 900), st.sampled_from(["drop", "keep"]))
    def test_an_epoch_goes_through_the_rows_once(self, batch: int, last: str) -> None:
        training = settle(RECIPE.but(batch=batch, last_batch=last, total="3ep"), DIGITS)
        whole, rest = divmod(900, batch)
        assert training.per_epoch == whole + (last == "keep" and rest > 0)
        assert training.total == 3 * training.per_epoch

    def test_steps_of_every_unit_become_iterations(self) -> None:
        recipe = RECIPE.but(
            batch=60, total="4ep", evaluate="0.5ep", schedule=drops(["1ep", "50%", "40it"], warmup="10%")
        )
        training = settle(recipe, DIGITS)
        assert (training.per_epoch, training.total, training.evaluate) == (15, 60, 8)
        assert training.schedule == {"name": "drops", "warmup": 6, "at": [15, 30, 40], "factor": 0.1}

    @given(st.integers(1, 500), st.one_of(st.none(), st.integers(1, 600)))
    def test_the_grid_has_both_ends_and_even_steps(self, total: int, every: int | None) -> None:
        recipe = RECIPE.but(total=f"{total}it", evaluate=None if every is None else f"{every}it")
        grid = settle(recipe, Data(name="xor")).grid
        assert (grid[0], grid[-1]) == (0, total)
        gaps = {after - before for before, after in pairwise(grid[:-1])}
        assert len(gaps) <= 1
        assert list(grid) == sorted(set(grid))
        if every is None:
            assert len(grid) <= 101

    def test_a_tiny_part_of_the_total_is_still_a_step(self) -> None:
        assert settle(RECIPE.but(evaluate="0.1%"), Data(name="xor")).evaluate == 1


BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: state(network().train(until="101it")),
        r"train\(until='101it'\) is 101 iterations, beyond the recipe's total of 100; give a longer recipe",
    ),
    (
        lambda: state(network().train(until="50it").train(until="3%")),
        r"train\(until='3it'\) lies before the 50 iterations that this network already has; take the earlier point",
    ),
    (
        lambda: state(network().train().train(RECIPE.but(total="60it"))),
        r"train\(\) ends at the recipe's total of 60 iterations, but this network already has 100; a total counts from",
    ),
    (
        lambda: settle(RECIPE.but(batch=901), DIGITS),
        "a batch of 901 is larger than the 900 training examples of 'digits'; expected at most 900, or",
    ),
    (
        lambda: settle(RECIPE.but(total="0.1ep"), Data(name="xor")),
        "a recipe's total of '0.1ep' is less than one iteration",
    ),
    (
        lambda: settle(RECIPE.but(schedule=drops(["50it", "101it"])), Data(name="xor")),
        "the schedule changes the rate at 101 iterations, beyond the total of 100",
    ),
    (
        lambda: settle(RECIPE.but(schedule=cosine(warmup="200ep")), Data(name="xor")),
        "the schedule changes the rate at 200 iterations, beyond the total of 100",
    ),
    (
        lambda: state(Network("lenet-300-100", data="digits", seed=1)),
        "the model 'lenet-300-100' does not fit the data set 'digits': it takes 1 × 28 × 28 = 784 values, digits has "
        "1 × 8 × 8. The same layers for any input are 'mlp-300-100'",
    ),
    (
        lambda: Resolver().measure(early_stop(network())),
        "early_stop is asked of a network that was not trained; it needs a recorded curve",
    ),
    (lambda: Resolver().measure(curve(network())), "curve is asked of a network that was not trained"),
    (lambda: Resolver().measure(accuracy(network(data="minst"))), "minst"),
    (lambda: state(network(model="no_such_file:make")), "'no_such_file:make': there is no module 'no_such_file'"),
    (lambda: state(network().masked(network().prune(fraction=0.1, by="no_such_file:f"))), "no module 'no_such_file'"),
]


@pytest.mark.parametrize(("say", "message"), BAD)
def test_what_cannot_be_is_told(say: Callable[[], Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        say()


def test_early_stop_needs_rows_held_out() -> None:
    all_of_it = Data(name="digits", validation=0)
    with pytest.raises(RequestError, match="early_stop needs a validation split; this data holds no rows out for it"):
        Resolver().measure(early_stop(network(data=all_of_it, recipe=RECIPE.but(batch=60)).train()))


def test_training_on_the_data_of_a_recipe_counts_its_rows() -> None:
    recipe = Recipe(optimizer=adam(0.1), total="1ep", batch=60, data=DIGITS)
    assert point(network(recipe=recipe).train()).trajectory.training.total == 15


def test_a_default_recipe_belongs_to_each_data_set() -> None:
    assert point(network(recipe=None).train()).step == 1000
    assert point(network(recipe=None, data="digits").train()).step == 400
