"""What a network that diverged counts as: a measure's own rule, what the question says, and an audit that agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tiny import RECIPE, network, two_of

from whether import Answer, Lab, Question, accuracy, barrier, loss, measure, sgd
from whether.audit import _Audit, audit
from whether.errors import RequestError
from whether.store.verify import verify

WILD = RECIPE.but(optimizer=sgd(1e38))


def lost(kind: Any, **changes: Any) -> Question:
    """A question whose second arm diverges, asked by a measure."""
    said: dict[str, Any] = {"unit": "points"} | changes
    return two_of(lambda rep: kind(network(rep).train()), lambda rep: kind(network(rep, recipe=WILD).train()), **said)


def values(answer: Answer) -> set[tuple[str, float]]:
    return {(run.outcome, run.value) for run in answer.table if run.arm == "b"}


def worded(**how: Any) -> Any:
    return lambda net: measure("accuracy", net, **how)


def test_in_regression_a_loss_has_no_worst_value(lab: Lab) -> None:
    recipe = WILD.but(batch=20)

    def arms(rep: Any, **how: Any) -> Any:
        return loss(network(rep, data="friedman", recipe=recipe.but(**how)).train())

    with pytest.raises(RequestError, match=r"arm 'b' diverged, and its measure 'loss' has no worst value.*give one"):
        lab.run(two_of(lambda rep: arms(rep, lr=1e-3), arms, unit="nats"))


def test_in_classification_it_guesses(lab: Lab) -> None:
    answer = lab.run(lost(accuracy))
    assert values(answer) == {("diverged", 10.0)}
    assert {arm.worst for arm in answer.arms} == {None}
    assert audit(lab.store) == []


@pytest.mark.parametrize("worst", [0.0, 3.0])
def test_a_word_may_be_given_another(lab: Lab, worst: float) -> None:
    answer = lab.run(lost(worded(worst=worst)))
    assert values(answer) == {("diverged", worst)}
    assert {arm.worst for arm in answer.arms} == {worst}
    assert Answer.from_json(answer.to_json()) == answer
    assert [*verify(lab.store), *audit(lab.store)] == []


def test_a_word_keeps_what_it_is(lab: Lab) -> None:
    net = network(1)
    told, plain = measure("accuracy", net, worst=3.0).kind, accuracy(net).kind
    assert (told.unit, told.better, told.share, told.split) == (plain.unit, plain.better, plain.share, plain.split)
    assert (told.worst, plain.worst) == (3.0, None)


@pytest.mark.parametrize(("worst", "counts"), [(None, 10.0), (3.0, 3.0)])
def test_the_audit_finds_another_value(lab: Lab, worst: float | None, counts: float) -> None:
    lab.run(lost(worded(worst=worst)))
    (path,) = (lab.root / "answers").glob("tiny-*/answer.json")
    said = json.loads(path.read_text(encoding="utf-8"))
    for run in said["table"]:
        if run["arm"] == "b":
            run["value"] = 90.0
    raw = json.dumps(said).encode()
    path.chmod(0o644)
    path.write_bytes(raw)
    told = [item.what for item in _Audit(lab.store, [], "here", Answer.from_json(path.read_text())).findings()]
    assert f"b, replicate 0, is said to be 90.0; a run that diverged counts as {counts!r}." in told


def test_a_barrier_to_what_diverged(lab: Lab) -> None:
    def between(rep: Any, recipe: Any) -> Any:
        return barrier(network(rep).train(), network(rep, recipe=recipe, init="pytorch").train(), points=3)

    answer = lab.run(two_of(lambda rep: between(rep, RECIPE), lambda rep: between(rep, WILD)))
    assert values(answer) == {("diverged", 90.0)}
    assert audit(lab.store) == []
