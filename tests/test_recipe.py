"""A recipe is a value, and tells what is wrong with it before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from whether import Data, Recipe, Steps, adam, adamw, constant, cosine, drops, gradual, linear, rigl, set_, sgd
from whether.errors import RequestError
from whether.recipe import (
    OPTIMIZERS,
    SCHEDULES,
    Optimizer,
    Schedule,
    default_recipe,
    own_optimizer,
    ticket_paper_mnist,
)
from whether.sparsify import LAYERS, Sparsify


def recipe(**changes: Any) -> Recipe:
    return Recipe(**({"optimizer": adam(0.001), "total": "2ep", "batch": 8} | changes))


def test_lengths_are_read_once() -> None:
    made = recipe(evaluate="100it", total=Steps.parse("3ep"))
    assert (made.total, made.evaluate) == (Steps.parse("3ep"), Steps.parse("100it"))
    assert made == recipe(evaluate="100it", total="3ep")
    assert recipe(data="xor").data == Data(name="xor")


def test_a_recipe_does_not_change() -> None:
    made = recipe()
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'batch'"):
        made.batch = 9  # type: ignore[misc]


class TestBut:
    def test_the_rest_stays(self) -> None:
        made = recipe(schedule=cosine(), evaluate="5it")
        assert made.but(batch=9) == recipe(schedule=cosine(), evaluate="5it", batch=9)
        assert made == recipe(schedule=cosine(), evaluate="5it")

    def test_lr_reaches_into_the_optimizer(self) -> None:
        made = recipe(optimizer=sgd(0.1, momentum=0.9)).but(lr=0.5)
        assert made.optimizer == sgd(0.5, momentum=0.9)
        assert recipe().but(optimizer=sgd(0.1), lr=0.5).optimizer == sgd(0.5)

    def test_what_is_no_field(self) -> None:
        with pytest.raises(RequestError, match="unknown field of a recipe 'totl'; did you mean 'total'"):
            recipe().but(totl="2ep")

    def test_changes_are_checked_as_the_recipe_was(self) -> None:
        with pytest.raises(RequestError, match="a recipe's batch is 0"):
            recipe().but(batch=0)


ONE = Steps.parse("1it")
MISTAKES: list[tuple[Callable[[], object], str]] = [
    (lambda: recipe(total=400), r"a recipe's total is 400, a bare number: 400 of what\? Write '400it'"),
    (lambda: recipe(total="10%"), "a recipe's total is '10%'; expected more than nothing, in 'it' or 'ep'"),
    (lambda: recipe(total="0it"), "a recipe's total is '0it'; expected more than nothing"),
    (lambda: recipe(batch=0), "a recipe's batch is 0; expected a whole number of examples, 1 or more"),
    (lambda: recipe(batch=True), "a recipe's batch is True"),
    (lambda: recipe(batch=8.0), r"a recipe's batch is 8\.0"),
    (lambda: recipe(last_batch="skip"), "unknown rule for the last batch 'skip'.*Known: drop, keep"),
    (lambda: recipe(task="clasification"), "unknown task 'clasification'; did you mean 'classification'"),
    (lambda: recipe(evaluate="0it"), "evaluate is '0it'; expected a step above zero, such as '100it'"),
    (lambda: recipe(evaluate=100), "evaluate is 100, a bare number"),
    (lambda: recipe(optimizer="adam"), r"a recipe's optimizer is 'adam'; write sgd\(0\.1\) or adam\(0\.001\)"),
    (lambda: recipe(optimizer=adam), "a recipe's optimizer is <function adam"),
    (lambda: recipe(schedule="cosine"), r"a recipe's schedule is 'cosine'; write constant\(\) or cosine\(\)"),
    (
        lambda: recipe(asserts="checks:mine"),
        "a recipe's asserts are 'checks:mine'; expected a tuple of 'module:function'",
    ),
    (
        lambda: recipe(asserts=("finite",)),
        r"a recipe's asserts are \('finite',\); expected a tuple of 'module:function'",
    ),
    (lambda: recipe(data=3), "a data set is given by name or path, got 3"),
    (
        lambda: recipe(total=3, batch=-1, evaluate="x", task="t", last_batch="l", optimizer=1),
        r"(?s)a recipe's optimizer is 1.*total is 3.*batch is -1.*evaluate is 'x'.*unknown task 't'.*last batch 'l'",
    ),
    (lambda: sgd(-0.1), r"sgd: lr is -0\.1; expected a number, 0 or more"),
    (lambda: sgd(float("nan")), "sgd: lr is nan; expected a number"),
    (lambda: sgd(float("inf")), "sgd: lr is inf; expected a number"),
    (lambda: adam("fast"), "adam: lr is 'fast'; expected a number"),  # type: ignore[arg-type]
    (lambda: sgd(0.1, momentum=1.0), r"sgd: momentum is 1\.0; expected a number, in \[0, 1\)"),
    (lambda: sgd(0.1, nesterov=True), r"sgd: nesterov needs momentum; write sgd\(lr, momentum=0\.9, nesterov=True\)"),
    (lambda: adam(0.1, betas=(0.9, 1.0)), r"adam: betas are \(0\.9, 1\.0\); expected two numbers in \[0, 1\)"),
    (lambda: adam(0.1, betas=0.9), r"adam: betas are 0\.9; expected two numbers"),  # type: ignore[arg-type]
    (lambda: adamw(0.1, weight_decay=-1), r"adamw: weight_decay is -1; expected a number, 0 or more"),
    (lambda: sgd(True, momentum=2, weight_decay=-1), "(?s)lr is True.*momentum is 2.*weight_decay is -1"),
    (lambda: Optimizer(name="adm", lr=0.1), "unknown optimizer 'adm'; did you mean 'adam' or 'adamw'"),
    (lambda: Schedule(name="cosin"), "unknown schedule 'cosin'; did you mean 'cosine'"),
    (lambda: drops(["5ep"], factor=1.5), r"a schedule's factor is 1\.5; expected a number in \(0, 1\), such as 0\.1"),
    (lambda: drops("5ep"), r"drops\(at\) is '5ep'; expected a list of steps, such as \['80ep', '120ep'\]"),  # type: ignore[arg-type]
    (lambda: drops([5]), "a drop of the rate is 5, a bare number"),  # type: ignore[list-item]
    (lambda: cosine(warmup=5), "warmup is 5, a bare number"),  # type: ignore[arg-type]
    (lambda: recipe(asserts=5), "a recipe's asserts are 5; expected a tuple of 'module:function'"),
    (lambda: recipe(loss="mse"), "a recipe's loss is 'mse'; expected 'module:function'; left out, the task has one"),
    (lambda: recipe(label_smoothing=1.0), r"label_smoothing is 1\.0; expected a number in \[0, 1\), such as 0\.1"),
    (lambda: recipe(label_smoothing=True), "label_smoothing is True; expected a number"),
    (lambda: recipe(label_smoothing="0.1"), r"label_smoothing is '0\.1'; expected a number"),
    (
        lambda: recipe(label_smoothing=0.1, loss="m:f"),
        "label_smoothing is the task's own; 'm:f' is another loss. Leave one of them out",
    ),
    (lambda: recipe(clip=0), r"clip is 0; expected a norm above zero, such as 1\.0"),
    (lambda: recipe(clip=float("inf")), "clip is inf; expected a norm above zero"),
    (lambda: recipe(clip=float("nan")), "clip is nan; expected a norm above zero"),
    (lambda: recipe(clip=True), "clip is True; expected a norm"),
    (lambda: recipe(augment="flop"), r"unknown augmentation 'flop'; did you mean 'flip'.*The numbers are pixels"),
    (lambda: recipe(augment="crop"), "unknown augmentation 'crop'; did you mean 'crop-4'"),
    (lambda: recipe(augment="crop-0"), "unknown augmentation 'crop-0'; did you mean 'crop-4'"),
    (lambda: recipe(augment=None), r"augment is None; expected words, such as \('flip', 'crop-4'\)"),
    (lambda: recipe(augment=("flip", 4)), "unknown augmentation '4'"),
    (
        lambda: recipe(precision="fp16"),
        "unknown precision 'fp16'; did you mean 'bf16' or 'fp32'.*Known: bf16, fp32, tf32",
    ),
    (lambda: recipe(sparsify="gradual"), r"sparsify is 'gradual'; write gradual\(density=0\.1\) or rigl"),
    (
        lambda: own_optimizer("sgd", 0.1),
        r"own_optimizer\(\) got 'sgd'; expected 'module:function', or write sgd\(0\.1\)",
    ),
    (lambda: own_optimizer("m:f", -1), "m:f: lr is -1; expected a number, 0 or more"),
    (
        lambda: own_optimizer("m:f", 0.1, act=object()),
        "the option 'act' of 'm:f' cannot be part of an identity: a object",
    ),
    (lambda: gradual(1.5), r"gradual: density is 1\.5; expected a number in \(0, 1\), such as 0\.1"),
    (lambda: gradual("a"), "gradual: density is 'a'; expected a number"),  # type: ignore[arg-type]
    (lambda: gradual(0.1, every="0it"), "gradual: every is '0it'; expected a step above zero, such as '100it'"),
    (lambda: gradual(0.1, every=5), r"gradual\(every\) is 5, a bare number: 5 of what"),  # type: ignore[arg-type]
    (lambda: gradual(0.1, scope="layers"), "unknown scope of gradual 'layers'; did you mean 'layer'"),
    (lambda: rigl(0.1, fraction=0), r"rigl: fraction is 0; expected a number in \(0, 1\)"),
    (
        lambda: rigl(0.1, layers="er"),
        "unknown rule of rigl for the layers 'er'; did you mean .*Known: erdos-renyi, erk, unif",
    ),
    (
        lambda: set_(2, fraction=True, every="0ep", layers="all"),
        "(?s)set: density is 2.*set: fraction is True.*set: every is '0ep'.*unknown rule of set for the layers 'all'",
    ),
    (
        lambda: Sparsify(name="prune", density=0.1, every=ONE, begin=ONE, end=ONE),
        "unknown course of sparsity 'prune'.*Known: gradual, rigl, set",
    ),
]


@pytest.mark.parametrize(("make", "message"), MISTAKES)
def test_mistakes(make: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        make()


class TestWords:
    def test_optimizers_say_what_they_read(self) -> None:
        assert sgd(1, momentum=0.5).facts() == {
            "name": "sgd",
            "lr": 1.0,
            "weight_decay": 0.0,
            "momentum": 0.5,
            "nesterov": False,
        }
        assert set(adam(0.1).facts()) == {"name", "lr", "weight_decay", "betas", "eps"}
        assert adamw(0.1).facts()["weight_decay"] == 0.01

    def test_tables_make_what_they_are_named_after(self) -> None:
        assert {name: make(0.1).name for name, make in OPTIMIZERS.items()} == {name: name for name in OPTIMIZERS}
        made = [constant(), drops(["1ep"]), cosine(), linear()]
        assert [item.name for item in made] == list(SCHEDULES)

    def test_an_optimizer_of_ones_own_says_its_options(self) -> None:
        said = own_optimizer("m:f", 1, k=2).facts()
        assert said == {"name": "m:f", "lr": 1.0, "weight_decay": 0.0, "options": {"k": 2}}
        assert recipe(optimizer=own_optimizer("m:f", 1)).but(lr=0.5).optimizer.lr == 0.5

    def test_augmentation_may_be_one_word(self) -> None:
        assert recipe(augment="flip").augment == recipe(augment=["flip"]).augment == ("flip",)
        assert recipe(augment=("crop-4", "flip")).augment == ("crop-4", "flip")

    def test_courses_of_sparsity(self) -> None:
        made = {one.name: one for one in (gradual(0.1), set_(0.1), rigl(0.1))}
        assert list(made) == list(LAYERS)
        assert (str(made["gradual"].end), str(made["set"].end), str(made["rigl"].end)) == ("60%", "100%", "75%")
        assert gradual(0.1, begin="1ep") == gradual(0.1, begin=Steps.parse("1ep"))

    def test_schedules_warm_up(self) -> None:
        assert linear(warmup="5%").warmup == Steps.parse("5%")
        assert constant().warmup == Steps.parse("0it")


class TestDefaults:
    @pytest.mark.parametrize(
        ("data", "total", "batch"), [("xor", "1000it", 4), ("digits", "400it", 60), ("x", "10ep", 60)]
    )
    def test_each_data_set_has_one(self, data: str, total: str, batch: int) -> None:
        made = default_recipe(data)
        assert (str(made.total), made.batch, made.optimizer.name) == (total, batch, "adam")

    def test_the_paper(self) -> None:
        made = ticket_paper_mnist()
        assert (made.optimizer, str(made.total), made.batch, str(made.evaluate)) == (
            adam(1.2e-3),
            "50000it",
            60,
            "100it",
        )
