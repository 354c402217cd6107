"""From sentences to facts: steps become integers, and what cannot be is told in the sentence's own terms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from histories import RECIPE, mask, network, point, state
from hypothesis import given
from hypothesis import strategies as st

from whether import Data, Network, accuracy, barrier, cosine, curve, drops, early_stop, gradual, rigl, set_
from whether.errors import RequestError
from whether.history.facts import Perturbed
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


def pruned(fraction: float = 0.5) -> Network:
    return network().masked(network().prune(fraction=fraction))


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
        lambda: state(Network("gpt-2-8", data="digits", seed=1)),
        "the model 'gpt-2-8' does not fit the data set 'digits': it takes sequences of tokens, and examples are images",
    ),
    (
        lambda: state(Network("conv-2", data="grammar", seed=1)),
        "it takes images .*, and examples are sequences of tokens",
    ),
    (lambda: state(Network("conv-3", data="digits", seed=1)), "'conv-3' is not spelt as its family is: write conv-2"),
    (lambda: state(Network("resnet-21", data="digits", seed=1)), "has 6n \\+ 2 layers; write resnet-20 or resnet-26"),
    (
        lambda: settle(RECIPE.but(task="regression"), DIGITS),
        "the recipe's task is 'regression', and 'digits' is for classification; leave task out",
    ),
    (
        lambda: settle(RECIPE.but(augment="flip"), Data(name="xor")),
        r"augment=\('flip',\) changes images; 'xor' has none. Leave it out",
    ),
    (
        lambda: settle(RECIPE.but(augment="crop-9"), DIGITS),
        "crop-9 is larger than images of 8 × 8 pixels; expected at most",
    ),
    (lambda: settle(RECIPE.but(augment=("crop-1", "crop-2")), DIGITS), "says crop twice; say it once"),
    (
        lambda: settle(RECIPE.but(label_smoothing=0.1), Data(name="grammar")),
        "label_smoothing is for classification; 'grammar' is for language-modelling. Leave it out",
    ),
    (
        lambda: settle(RECIPE.but(augment="flip"), Data(name="friedman")),
        "augment is for classification; 'friedman' is for regression. Leave it out",
    ),
    (
        lambda: settle(RECIPE.but(sparsify=gradual(0.1, begin="60it", end="60it")), DIGITS),
        "gradual: begins at 60 and ends at 60 iterations; expected 0 ≤ begin < end ≤ 100",
    ),
    (
        lambda: settle(RECIPE.but(sparsify=rigl(0.1, end="101it")), DIGITS),
        "rigl: begins at 0 and ends at 101 iterations; expected 0 ≤ begin < end ≤ 100",
    ),
    (
        lambda: state(network().train(until="30it").rate_rewound("40it")),
        r"rate_rewound\('40it'\) is step 40, after the 30 iterations that this network has; name an earlier one",
    ),
    (
        lambda: mask(network().prune(fraction=0.5, by="snip", examples=5)),
        "examples is 5, and 'xor' has 4 to train on; expected at most 4",
    ),
    (lambda: state(network().perturbed("re-estimate", examples=5)), "examples is 5, and 'xor' has 4 to train on"),
    (
        lambda: state(network().mixed(network(model="mlp-3"))),
        "interpolate compares a mlp-2 for 2 values and 2 classes with a mlp-3 for 2 values and 2 classes; expected two "
        "networks of one architecture, so that each weight has its counterpart",
    ),
    (
        lambda: mask(network().prune(fraction=0.5, by="movement", since=network(model="mlp-3"))),
        "movement compares a mlp-2 .* with a mlp-3 .*; expected two networks of one architecture",
    ),
    (
        lambda: Resolver().measure(barrier(network(), network(model="mlp-3"))),
        "barrier compares a mlp-2 .* with a mlp-3",
    ),
    (
        lambda: state(network().masked(network(model="mlp-3").prune(fraction=0.5).inverted())),
        "a mask of a mlp-3 for 2 values and 2 classes does not fit a mlp-2 for 2 values and 2 classes; prune a network",
    ),
    (lambda: state(pruned().aligned(network())), "align-weights reorders units, and a mask would have to be reordered"),
    (lambda: state(network().aligned(pruned(), by="activations")), "align-activations reorders units, and a mask"),
    (lambda: state(pruned().perturbed("permute-units", 1)), "permute-units reorders units.*: align the dense networks"),
    (
        lambda: state(pruned().mixed(pruned(0.25))),
        "interpolate mixes two networks that wear different masks; a point between them has neither. Give both",
    ),
    (lambda: state(pruned().mixed(network())), "interpolate mixes two networks that wear different masks"),
    (
        lambda: state(Network.from_file("nowhere.safetensors", model="mlp-2", data="xor")),
        "the weights nowhere.safetensors cannot be read: No such file or directory; expected a safetensors file",
    ),
    (
        lambda: state(Network.from_file(".", model="mlp-2", data="xor")),
        "the weights . cannot be read: Is a directory; expected a safetensors file",
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


@pytest.mark.usefixtures("in_a_folder")
@pytest.mark.parametrize(("say", "message"), BAD)
def test_what_cannot_be_is_told(say: Callable[[], Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        say()


def test_a_mask_of_every_weight_is_none() -> None:
    start, whole = network(), network().masked(network().mask())
    for said in (whole.aligned(start), start.aligned(whole), whole.mixed(start), start.mixed(whole)):
        assert isinstance(state(said), Perturbed)


def test_networks_under_one_mask_can_be_mixed() -> None:
    assert state(pruned().train().mixed(pruned().train(order=4))).mask is not None


def test_a_course_of_sparsity_is_told_in_iterations() -> None:
    found = settle(RECIPE.but(batch=60, sparsify=set_(0.2, every="1ep", end="50%")), DIGITS).sparsify
    assert found == {"name": "set", "density": 0.2, "fraction": 0.3, "every": 15, "end": 50, "layers": "erdos-renyi"}
    found = settle(RECIPE.but(sparsify=gradual(0.2)), DIGITS).sparsify
    assert found == {"name": "gradual", "density": 0.2, "begin": 0, "end": 60, "every": 1, "scope": "global"}


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
