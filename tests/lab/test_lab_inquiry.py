"""Asking about one piece: its sentence, what rests on it, why it would be made again, how two differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import RECIPE, arms_of, asking, network

from whether import Lab, accuracy
from whether.errors import RequestError
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.plan.plan import ask
from whether.seeds import Seed
from whether.store.clean import quarantine


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "lab")


def point(net: object) -> Point:
    found = Resolver().state(net)  # type: ignore[arg-type]
    assert isinstance(found, Point)
    return found


class TestWhy:
    def test_each_reason_is_of_the_piece(self, lab: Lab) -> None:
        net = network(1)
        early, late = point(net.train(until="5it")), point(net.train())
        lab.value(accuracy(net.train()))
        assert lab.why(late.digest)["would_train_again_for"][0].startswith("nothing: it stands")
        lab.store.states.path(late.digest).unlink()
        assert lab.why(late.digest)["would_train_again_for"] == [
            "its state was dropped: a question that needs these weights trains them again"
        ]
        with pytest.raises(RequestError, match="No record of this lab begins so"):
            lab.why(early.digest)

    def test_a_state_from_which_nobody_can_go_on(self, lab: Lab) -> None:
        net = network(2)
        lab.value(accuracy(net.train(until="5it")))
        lab.value(accuracy(net.train()))
        early = point(net.train(until="5it"))
        told = lab.why(early.digest)
        kept = "optimizer" in lab.store.records.read(early.digest)
        assert any("optimiser's state was not kept" in reason for reason in told["would_train_again_for"]) != kept

    def test_what_was_planned_is_known_with_its_question(self, lab: Lab) -> None:
        asked = ask(asking(arms_of), seed=Seed(0), open_test=False)
        fact = asked.arms[0][1][1]
        ticket = fact.state
        assert isinstance(ticket, Point)
        with pytest.raises(RequestError, match="A piece that was planned and not trained is known with its question"):
            lab.why(ticket.digest)
        for name in (ticket.digest, ticket.trajectory.digest):
            told = lab.why(name[:20], asking(arms_of))
            assert "has no record in this lab" in told["would_train_again_for"][0]
            assert told["would_train_again_for"][1].startswith("it waits for")
            assert "masked(" in told["sentence"]

    def test_a_history_that_cannot_be_followed(self, lab: Lab) -> None:
        start = network(3)
        ticket = start.masked(start.train().prune(fraction=0.5)).train()
        lab.value(accuracy(ticket))
        quarantine(lab.store, point(start.train()).digest)
        told = lab.why(point(ticket).digest)
        assert "the history cannot be followed" in told["sentence_untold"]
        assert told["outcome"] == "done"


class TestDiff:
    def test_where_two_histories_part(self, lab: Lab) -> None:
        nets = [network(4).train(), network(5).train(), network(4, recipe=RECIPE.but(batch=50)).train()]
        for net in nets:
            lab.value(accuracy(net))
        one, other, third = (point(net).digest for net in nets)
        assert lab.diff(one, one) == []
        assert lab.diff(one[:12], other[:12])[0].path == "start › seed"
        batch = next(item for item in lab.diff(one, third) if "batch" in item.path)
        assert {batch.a, batch.b} == {"60", "50"}

    def test_of_nothing(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match="unknown digest 'abc'"):
            lab.diff("abc", "abd")
