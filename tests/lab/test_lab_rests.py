"""All networks that a number rests on: `clean` keeps them, `why` names the answer, and parts have records."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny import bent, network, two_of

from whether import Answer, Lab, Network, accuracy, barrier, derived, loss
from whether.cli import main
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.inquiry import rests_on
from whether.seeds import Seed


def second(rep: Any) -> Network:
    return network(rep, init="pytorch").train()


def between(rep: Any) -> Any:
    return barrier(network(rep).train(), second(rep), points=3)


def mean(rep: Any) -> Any:
    parts = {"early": accuracy(network(rep).train(until="5it")), "second": accuracy(second(rep))}
    return derived("derived_parts:mean", parts, unit="points", better="lower")


def point(net: Network) -> str:
    found = Resolver().state(net)
    assert isinstance(found, Point)
    return found.digest


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with an answer of a barrier and of a number that is derived, and with one network that nobody names."""
    root = tmp_path_factory.mktemp("rests") / "lab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        lab = Lab(root)
        lab.value(loss(network(99).train()))
        lab.run(two_of(between, mean))
    return root


@pytest.fixture
def lab(_made: Path, tmp_path: Path) -> Lab:
    return Lab(shutil.copytree(_made, tmp_path / "lab"))


@pytest.fixture
def answer(lab: Lab) -> Answer:
    found = lab.latest()
    assert found is not None
    return found


def networks(rep: Any) -> dict[str, set[str]]:
    """By arm, the networks that its number rests on."""
    return {
        "a": {point(network(rep).train()), point(second(rep))},
        "b": {point(network(rep).train(until="5it")), point(second(rep))},
    }


def seeds() -> list[Seed]:
    return [Seed(0).seed("replicate", place) for place in (0, 1)]


def test_a_number_rests_on_all_networks_that_it_was_taken_of(lab: Lab, answer: Answer) -> None:
    for run in answer.table:
        assert rests_on(lab.store, run) == networks(seeds()[run.replicate])[run.arm]


def test_clean_keeps_them_and_nothing_else(lab: Lab, answer: Answer) -> None:
    kept = set().union(*(found for rep in seeds() for found in networks(rep).values()))
    assert lab.store.states.listing("state") == kept | {point(network(99).train())}
    assert main(["clean", "--yes", "--lab", str(lab.root)]) == 0
    assert lab.store.states.listing("state") == kept
    assert len(kept) == 6


def test_why_names_the_answer_for_each(lab: Lab, answer: Answer) -> None:
    (said,) = {item for rep in seeds() for found in networks(rep).values() for name in found for item in why(lab, name)}
    assert said.startswith("tiny (tiny-")
    assert all(why(lab, name) == [said] for found in networks(seeds()[0]).values() for name in found)
    assert why(lab, answer.table[0].measure) == [said]
    assert why(lab, point(network(99).train())) == []


def why(lab: Lab, name: str) -> list[str]:
    found: list[str] = lab.why(name)["named_by"]
    return found


def test_parts_have_records_of_their_own(lab: Lab, answer: Answer) -> None:
    resolver = Resolver()
    for rep in seeds():
        whole = resolver.measure(mean(rep))
        values = [lab.store.records.read(part.digest)["value"] for part in whole.parts]
        assert lab.store.records.read(whole.digest)["value"] == pytest.approx(sum(values) / 2)


def test_a_number_whose_record_is_gone_rests_on_what_it_names(lab: Lab, answer: Answer) -> None:
    run = answer.table[0]
    bent(lab.store.records.path(run.measure))
    assert rests_on(lab.store, run) == {run.state}
    lab.store.records.path(run.measure).unlink()
    assert rests_on(lab.store, run) == {run.state}
