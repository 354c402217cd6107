"""`sparse-speed`: what is timed, what its options refuse, and a small one from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from whether.catalogue.sparse_speed import FEW, SD, TIMED, sparse_speed
from whether.errors import RequestError
from whether.history.facts import MeasureFact, Point, PrunedMask, Start, Wearing
from whether.lab import Lab
from whether.plan import ask
from whether.report.figures import drawings
from whether.seeds import Seed

SHARES = "share of the bound, sparse"


def timed(replicate: int = 0, **options: Any) -> dict[str, MeasureFact]:
    found = ask(sparse_speed(**{"replicates": 2, **options}), seed=Seed(0), open_test=False)
    return {arm.name: fact for arm, fact in found.arms[replicate]}


def test_both_kinds_are_timed_at_each_density_with_the_same_mask() -> None:
    arms = timed()
    for x in TIMED:
        training, inference = (arms[f"{kind} speed-up at {x:.3g}"].parts[0] for kind in ("training", "inference"))
        assert training.name == "layer_times"
        assert training.state.digest == inference.state.digest
        assert dict(training.options) == {**inference.options, "kind": "training"}
        assert training.machine != ""


def test_a_layer_is_timed_once_and_the_roofline_is_of_the_same_time() -> None:
    arms = timed()
    for x in TIMED:
        once = arms[f"training speed-up at {x:.3g}"].parts[0]
        for name in ("rate, sparse", "intensity, sparse", SHARES):
            assert arms[f"{name} at {x:.3g}"].parts[0].digest == once.digest
    dense = arms["rate, dense"]
    assert dense.options["side"] == "dense"
    assert dense.parts[0].digest == arms["training speed-up at 100"].parts[0].digest
    peaks = arms["peak of products"], arms["bandwidth of the memory"]
    assert [part.digest for part in arms[f"{SHARES} at 10"].parts[1:]] == [peak.digest for peak in peaks]
    assert {peak.machine for peak in peaks} == {dense.taken_on}
    timings = {part.digest for fact in arms.values() for part in fact.parts if part.name == "layer_times"}
    assert len(timings) == 2 * len(TIMED)


def test_masks_are_the_smallest_of_fresh_weights_layer_by_layer() -> None:
    state = timed()["training speed-up at 10"].state
    assert isinstance(state, Wearing)
    assert isinstance(state.origin, Start)
    assert isinstance(state.worn, PrunedMask)
    assert (state.worn.by, state.worn.scope, state.worn.plain()["fraction"]) == ("magnitude", "layer", "9/10")
    assert isinstance(timed()["training speed-up at 100"].state, Start)


def test_a_replicate_has_weights_of_its_own() -> None:
    name = "training speed-up at 10"
    first, second = (timed(replicate)[name].state for replicate in (0, 1))
    assert first.digest != second.digest


def test_trained_weights_may_be_pruned_instead() -> None:
    state = timed(trained="30it")["training speed-up at 10"].state
    assert isinstance(state, Wearing)
    assert isinstance(state.origin, Point)
    assert state.origin.at == 30


def test_the_named_density_is_timed_and_decides() -> None:
    made = sparse_speed(density=0.035)
    assert [claim.left for claim in made.claims] == ["training speed-up at 3.5", "inference speed-up at 3.5"]
    assert "training speed-up at 3.5" in timed(density=0.035)
    assert [claim.sd for claim in made.claims] == [None, None]
    assert [claim.sd for claim in sparse_speed(s=1.5, replicates=5).claims] == [SD, SD]
    assert {claim.sd for claim in sparse_speed(layer="1").claims} == {None}


def test_lenet_itself() -> None:
    fact = timed(preset="lenet")["inference speed-up at 10"]
    assert fact.state.model.name == "lenet-300-100"
    assert fact.options["uses"] == 50_000
    assert {key: fact.parts[0].options[key] for key in ("layer", "batch")} == {"layer": "1", "batch": 60}


def test_a_gpu_is_asked_for_the_same() -> None:
    arms = timed(preset="gpu")
    told = arms["inference speed-up at 10"].parts[0].options
    assert {name: told[name] for name in ("device", "structure", "precision")} == {
        "device": "cuda",
        "structure": "csr",
        "precision": "fp32",
    }
    assert arms["peak of products"].options["device"] == arms["bandwidth of the memory"].options["device"] == "cuda"
    assert "bandwidth of the cache" not in arms
    assert {claim.sd for claim in sparse_speed(preset="gpu").claims} == {None}


def test_two_in_four_is_claimed_of_inference_with_controls_that_are_known() -> None:
    arms, made = timed(preset="two-four"), sparse_speed(preset="two-four")
    assert [claim.left for claim in made.claims] == ["inference speed-up at 50"]
    state = arms["inference speed-up at 50"].state
    assert isinstance(state, Wearing)
    assert isinstance(state.worn, PrunedMask)
    assert (state.worn.structure, state.worn.scope, state.worn.plain()["fraction"]) == ("2:4", "layer", "1/2")
    told = arms["inference speed-up at 50"].parts[0].options
    assert (told["structure"], told["precision"], told["kind"]) == ("2:4", "fp16", "inference")
    assert [(control.claim.left, control.expect) for control in made.controls] == [
        ("training speed-up at 50", "no"),
        (FEW, "yes"),
    ]
    few = arms[FEW].parts[0]
    assert (few.options["structure"], few.options["precision"]) == ("units", "fp16")
    assert arms[f"{SHARES} at 50"].parts[0].digest == arms["inference speed-up at 50"].parts[0].digest


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\): the part of the layer that is left"),
        ({"density": True}, "density is True"),
        ({"uses": 0}, "uses is 0; expected a whole number, 1 or more"),
        ({"batch": 2.5}, r"batch is 2\.5; expected a whole number"),
        ({"repeats": "9"}, "repeats is '9'; expected a whole number"),
        ({"structure": "4:2"}, "structure is '4:2'; expected csr or 2:4"),
        ({"device": "gpu"}, "device is 'gpu'; expected cpu or cuda"),
        ({"structure": "2:4"}, "structure is '2:4', which PyTorch computes on GPUs alone; expected device=cuda"),
        ({"precision": "fp16"}, "precision is 'fp16'; expected fp32 with structure=csr"),
        ({"structure": "2:4", "device": "cuda", "precision": "fp32"}, "expected fp16 or bf16 with structure=2:4"),
        ({"structure": "2:4", "device": "cuda", "density": 0.1}, r"density is 0\.1; structure=2:4 leaves a half"),
        ({"s": 0}, "s is 0; expected a number above zero: how many times faster"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        sparse_speed(**given)


def test_a_stop_without_a_unit_is_told() -> None:
    with pytest.raises(RequestError, match="trained is 5, a bare number"):
        sparse_speed(trained=5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layer": "7"}, r"unknown layer '7'\. Known: 1\.weight, 3\.weight, 5\.weight, output"),
        ({"model": "lenet-5", "layer": "0"}, r"a layer is timed if it is linear, and .* is of a Conv2d"),
    ],
)
def test_layers_that_cannot_be_timed_are_told(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=message):
        Lab(tmp_path / "lab").run(sparse_speed(replicates=2, **given))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("preset", ["gpu", "two-four"])
def test_a_gpu_that_is_not_there_is_told_before_anything_is_trained(preset: str, tmp_path: Path) -> None:
    made = sparse_speed(preset=preset, model="mlp-64-64", trained="9it", replicates=2)
    with pytest.raises(RequestError, match=r"device=cuda, and PyTorch sees no GPU on .*: say device=cpu"):
        Lab(tmp_path / "lab").run(made)
    assert list((tmp_path / "lab").rglob("*.safetensors")) == []


def test_from_end_to_end(tmp_path: Path) -> None:
    made = sparse_speed(model="mlp-200-200", repeats=3, replicates=2)
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    means = {arm.arm: arm.mean for arm in answer.arms}
    assert all(value > 0 for value in means.values())
    bound = min(means["peak of products"], means["intensity, sparse at 10"] * means["bandwidth of the memory"])
    assert means[f"{SHARES} at 10"] == pytest.approx(100 * means["rate, sparse at 10"] / bound, rel=0.5)
    assert "roofline" in drawings(answer)
    assert means["inference speed-up at 1"] > means["inference speed-up at 100"]
