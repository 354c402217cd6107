"""`pruning-disparity`: which networks judge which, what its options refuse, and a small one from end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.pruning_disparity import pruning_disparity
from whether.errors import RequestError
from whether.history.facts import MeasureFact, Point, PrunedMask, State, Wearing
from whether.history.resolved import NAMES
from whether.lab import Lab
from whether.plan import ask
from whether.seeds import Seed

FEW: dict[str, Any] = {"replicates": 2, "seeds": 2, "smaller": ["mlp-8", "mlp-16"]}


def arms(replicate: int = 0, **options: Any) -> dict[str, MeasureFact]:
    found = ask(pruning_disparity(**{**FEW, **options}), seed=Seed(0), open_test=False)
    return {arm.name: fact for arm, fact in found.arms[replicate]}


def parts(fact: MeasureFact) -> dict[str, MeasureFact]:
    return dict(zip(fact.options[NAMES], fact.parts, strict=True))


def state(fact: MeasureFact, name: str) -> Point:
    found = parts(fact)[name].state
    assert isinstance(found, Point)
    return found


def test_all_classes_of_all_networks_are_asked_on_the_same_examples() -> None:
    found = parts(arms()["pruning"])
    kinds = ("tested", "mlp-8", "mlp-16")
    assert set(found) == {f"{kind}, {k}, {of}" for kind in kinds for k in (0, 1) for of in (*range(10), "accuracy")}
    for name, fact in found.items():
        *_, of = name.split(", ")
        assert (fact.name, fact.split) == ("accuracy" if of == "accuracy" else "class_error", "validation")
        assert of == "accuracy" or fact.options["label"] == int(of)


def test_networks_of_a_replicate_have_seeds_of_their_own() -> None:
    def weights(replicate: int) -> set[str]:
        of: list[State] = [part.state for part in arms(replicate)["pruning"].parts]
        return {str(item.trajectory.begin.digest) for item in of if isinstance(item, Point)}

    first, second = weights(0), weights(1)
    assert len(first) == len(second) == 2 * 3
    assert first.isdisjoint(second)


def test_the_pruned_become_sparse_while_they_train_and_the_dense_do_not() -> None:
    found = arms(density=0.1)["pruning"]
    sparsify = state(found, "tested, 0, 3").trajectory.training.sparsify
    assert sparsify is not None
    assert (sparsify["name"], sparsify["density"]) == ("gradual", 0.1)
    assert state(found, "mlp-8, 0, 3").trajectory.training.sparsify is None
    assert state(found, "tested, 0, 3").model.name == "mlp-300-100"


def test_random_masks_are_worn_by_the_same_weights_from_the_start() -> None:
    found = arms()
    begin = state(found["random masks"], "tested, 1, accuracy").trajectory.begin
    assert isinstance(begin, Wearing)
    assert isinstance(begin.worn, PrunedMask)
    assert (begin.worn.by, begin.worn.scope, begin.worn.plain()["fraction"]) == ("random", "layer", "19/20")
    assert begin.origin.digest == state(found["pruning"], "tested, 1, accuracy").trajectory.begin.digest


def test_the_placebo_is_of_the_middle_size_under_other_seeds() -> None:
    found = arms()["dense again"]
    again, dense = (state(found, f"{kind}, 0, accuracy") for kind in ("tested", "mlp-16"))
    assert again.model.digest == dense.model.digest
    assert again.digest != dense.digest
    assert found.options["middle"] == "mlp-16"


def test_what_is_told_differs_and_is_of_the_same_networks() -> None:
    found = arms()
    of = ("pruning", "weak classes, dense", "errors overall")
    assert [found[name].options["tell"] for name in of] == ["extra", "weakness", "overall"]
    assert len({tuple(part.digest for part in found[name].parts) for name in of}) == 1


def test_the_paper(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    made = pruning_disparity(preset="paper")
    assert made.replicates * made.options["seeds"] == 30
    assert made.options["density"] == 0.1
    found = arms(preset="paper", seeds=2, replicates=1, smaller=["resnet-20-w4", "resnet-20-w8"])
    training = state(found["pruning"], "tested, 0, accuracy").trajectory.training
    assert (training.batch, training.optimizer["lr"], training.data["train"]) == (128, 0.1, 45_000)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\), such as 0\.05"),
        ({"weakest": 0}, "weakest is 0; expected a whole number from 1 to 9"),
        ({"weakest": 10}, "weakest is 10; expected a whole number from 1 to 9"),
        ({"seeds": 1}, "seeds is 1; expected a whole number from 2 to 100"),
        ({"smaller": ["mlp-8"]}, r"smaller is \['mlp-8'\]; expected a list of 2 models or more, from small"),
        ({"smaller": "mlp-8"}, "smaller is 'mlp-8'; expected a list of 2 models or more"),
        ({"training": "papr"}, "unknown training 'papr'; did you mean 'paper'"),
        ({"s": "two"}, "has the size 'two'"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        pruning_disparity(**given)


def test_from_end_to_end(tmp_path: Path) -> None:
    made = pruning_disparity(model="mlp-24", steps="60it", density=0.3, **FEW)
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    runs = {(run.arm, run.replicate): run.value for run in answer.table}
    assert len(runs) == 2 * 5
    assert all(abs(value) <= 100 for value in runs.values())


def test_the_spread_is_stated_where_it_was_measured() -> None:
    for given in ({}, {"replicates": 40}, {"s": 2.0}):
        assert pruning_disparity(**given).claims[0].sd is not None, given
    for given in (
        {"weakest": 1},
        {"density": 0.1},
        {"steps": "500it"},
        {"training": "paper"},
        {"smaller": ["mlp-8", "mlp-16"]},
    ):
        assert pruning_disparity(**given).claims[0].sd is None, given
