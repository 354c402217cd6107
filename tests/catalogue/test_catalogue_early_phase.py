"""The early phase: what is changed of a sparse network at which step, and from where it trains on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.early_phase import SD, early_phase
from whether.errors import RequestError
from whether.history.facts import Perturbed, PrunedMask, Redrawn, Start, Wearing
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed

CHANGED: dict[str, tuple[str, dict[str, Any]]] = {
    "magnitudes redrawn": ("redraw-magnitudes", {}),
    "signs redrawn": ("redraw-signs", {}),
    "shuffled in layer": ("shuffle", {"scope": "layer"}),
    "shuffled in unit": ("shuffle", {"scope": "filter"}),
    "noise of 0.5 σ": ("noise", {"scale": 0.5}),
    "noise of 2 σ": ("noise", {"scale": 2.0}),
}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def trajectory(found: Asked, name: str) -> Any:
    state: Any = next(fact.state for item, fact in found.arms[0] if item.name == name)
    return state.trajectory


@pytest.mark.parametrize("step", [0, 60])
def test_one_thing_is_changed_of_the_sparse_network_at_a_step(step: int) -> None:
    found = asked(early_phase(replicates=1, step="60it"))
    kept = trajectory(found, f"as trained at {step}")
    assert isinstance(kept.begin, Wearing)
    assert kept.begin.step == step
    assert isinstance(kept.begin.worn, PrunedMask)
    assert (kept.begin.worn.by, kept.begin.worn.scope) == ("magnitude", "layer")
    for name, (how, options) in CHANGED.items():
        one = trajectory(found, f"{name} at {step}")
        assert isinstance(one.begin, Perturbed)
        assert (one.begin.how, dict(one.begin.options) | options) == (how, dict(one.begin.options)), name
        assert one.begin.origin.digest == kept.begin.digest
        assert one.begin.step == step
        assert (one.training.digest, one.order) == (kept.training.digest, kept.order)
    again = trajectory(found, f"re-initialised at {step}").begin
    assert isinstance(again, Redrawn)
    assert (again.step, again.keep, again.origin.digest) == (step, "nothing", kept.begin.digest)


def test_the_control_redraws_fresh_weights_that_wear_no_mask() -> None:
    found = asked(early_phase(replicates=1))
    dense, again = trajectory(found, "dense").begin, trajectory(found, "dense, magnitudes redrawn").begin
    assert isinstance(dense, Start)
    assert (again.how, again.origin.digest) == ("redraw-magnitudes", dense.digest)


def test_a_step_may_be_said_in_any_unit() -> None:
    names = {claim.names for given in ("4ep", "15%", "60it") for claim in early_phase(step=given).claims}
    assert names == {("as trained at 60", "magnitudes redrawn at 60")}


def test_spreads_are_those_of_the_setting_in_which_they_were_measured() -> None:
    assert early_phase(s=0.5, noises=[3]).claims[0].sd == SD
    for given in ({"step": "20it"}, {"density": 0.1}, {"lr": 0.01}, {"scope": "global"}):
        assert early_phase(**given).claims[0].sd is None, given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": "0it"}, "step is '0it'; expected one after the beginning and before the end, 400 iterations"),
        ({"step": "400it"}, "step is '400it'; expected one after the beginning"),
        ({"step": 100}, "a bare number"),
        ({"density": 0}, r"density is 0; expected a number in \(0, 1\), such as 0\.2"),
        ({"fraction": 1.5}, r"fraction is 1\.5; expected a number in \(0, 1\)"),
        ({"training": "x"}, "unknown training 'x'"),
        ({"noises": [-1]}, "noises are -1; expected numbers of σ above zero"),
        ({"noises": ["a"]}, "noises are 'a'"),
    ],
)
def test_options_that_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        early_phase(**given)


@pytest.mark.long
def test_the_paper(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    found = trajectory(asked(early_phase(preset="paper", replicates=1)), "as trained at 500")
    per_epoch = 45_000 // 128
    assert (found.begin.step, found.training.total, found.training.batch) == (500, 160 * per_epoch, 128)
    assert found.training.schedule["at"] == [80 * per_epoch, 120 * per_epoch]
    assert found.begin.worn.scope == "global"
    assert found.begin.model.name == "resnet-20"


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    tiny = early_phase(model="mlp-12", steps="6it", step="2it", fraction=0.8, noises=[1], replicates=2)
    answer = Lab(tmp_path).run(tiny)
    assert answer.verdict in ("yes", "no", "inconclusive")
    assert {arm.n for arm in answer.arms} == {2}
