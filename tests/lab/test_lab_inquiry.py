"""Asking about one piece: its sentence, what rests on it, why it would be made again, how two differ."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import RECIPE, WHY, arms_of, asking, bent, network

from whether import Lab, accuracy, at, exceeds, not_worse
from whether.errors import RequestError
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.plan.plan import ask
from whether.seeds import Seed
from whether.store.clean import clean, quarantine


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
            "its state is missing, and no `whether clean` dropped it: a question that needs these weights trains them "
            "again"
        ]
        assert not lab.why(late.digest)["state_stands"]
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

    def test_a_state_that_was_dropped_and_one_that_is_damaged(self, lab: Lab) -> None:
        nets = [point(network(seed).train()) for seed in (1, 2)]
        for seed in (1, 2):
            lab.value(accuracy(network(seed).train()))
        bent(lab.store.states.path(nets[1].digest))
        (again,) = lab.why(nets[1].digest)["would_train_again_for"]
        assert again.startswith("its state is damaged (states/")
        clean(lab.store, [], dry_run=False)
        (again,) = lab.why(nets[0].digest)["would_train_again_for"]
        assert again.startswith("its state was dropped by `whether clean`")

    def test_a_damaged_record_and_one_behind_another(self, lab: Lab) -> None:
        start = network(3)
        ticket = start.masked(start.train().prune(fraction=0.5)).train()
        lab.value(accuracy(ticket))
        dense = point(start.train())
        bent(lab.store.records.path(dense.digest))
        told = lab.why(dense.digest)
        assert (told["outcome"], told["kind"]) == ("damaged", "piece")
        assert "is damaged: records/" in told["would_train_again_for"][0]
        told = lab.why(point(ticket).digest)
        assert "is damaged" in told["sentence_untold"]
        assert told["would_train_again_for"][0].startswith("nothing: it stands")

    def test_where_it_was_made_and_that_this_machine_has_other_libraries(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.value(accuracy(network(1).train()))
        digest = point(network(1).train()).digest
        told = lab.why(digest)
        assert told["machine"].startswith(f"{platform.node()}, ")
        assert f"torch {torch.__version__}" in told["machine"]
        assert len(told["would_train_again_for"]) == 1
        monkeypatch.setattr("whether.inquiry.version", lambda name: "99.0+cu999" if name == "torch" else np.__version__)
        here = torch.__version__.partition("+")[0]
        assert lab.why(digest)["would_train_again_for"][1:] == [
            f"(it was made with torch {here}, where this machine has 99.0: made again, it would have other bits; an "
            "answer of both says so)"
        ]

    def test_its_trajectory_stops_where_something_stands_or_is_planned(self, lab: Lab) -> None:
        net = network(1)
        for until in ("5it", "9it"):
            lab.value(accuracy(net.train(until=until)))
        assert lab.why(point(net.train(until="5it")).digest)["stops"] == [5, 9]
        asked = asking(
            lambda rep: {"a": net.train(), "b": net.train(until="7it")}, claims=[exceeds("a", "b", by=1, because="b")]
        )
        assert lab.why(point(net.train(until="7it")).digest, asked)["stops"] == [5, 7, 9, 20]

    def test_a_piece_that_was_begun_and_one_that_another_command_is_at(self, lab: Lab) -> None:
        dense = ask(asking(arms_of), seed=Seed(0), open_test=False).arms[0][0][1].state
        assert isinstance(dense, Point)
        piece = dense.trajectory.digest
        lab.store.work.write(piece, b"so far")
        with lab.store.claims.enter() as claimant:
            assert claimant.claim(piece)
            assert lab.why(dense.digest, asking(arms_of))["would_train_again_for"] == [
                "it has no record in this lab: the next run that needs it makes it",
                f"another command is at it now (process {os.getpid()} on {socket.gethostname()})",
                "it was begun: a checkpoint stands, from which it goes on",
            ]


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

    def test_two_answers_differ_in_their_designs(self, lab: Lab) -> None:
        def arms(rate: float) -> Any:
            return lambda rep: (
                arms_of(rep)
                if rate == 0.01
                else {
                    "dense": (dense := network(rep, recipe=RECIPE.but(lr=rate)).train()),
                    "ticket": {50.0: network(rep).masked(dense.prune(fraction=0.5)).train()},
                    "more": network(rep),
                }
            )

        one = lab.run(asking(arms(0.01), name="one", options={"rate": 0.01}))
        claims = [not_worse(at("ticket", 50), "dense", by=20, because=WHY)]
        two = lab.run(asking(arms(0.1), name="two", options={"rate": 0.1, "n": 3}, claims=claims, replicates=3))
        told = {item.path: (item.a, item.b) for item in lab.diff("one", lab.folder(two).name)}
        verdicts = {"verdict": (one.verdict, two.verdict)} if one.verdict != two.verdict else {}
        assert told == verdicts | {
            "name": ("one", "two"),
            "option rate": ("0.01", "0.1"),
            "option n": ("—", "3"),
            "replicates": ("2", "3"),
            "claim ticket at 50 not_worse dense › size": ("30", "20"),
            "arm more": ("—", "there"),
            "all arms › train › optimizer › lr": ("0.01", "0.1"),  # of the ticket in what it was pruned from
        }
        assert lab.diff("@last", "two") == []
        quarantine(lab.store, one.table[0].state)
        assert "dense › history" in {item.path for item in lab.diff("one", "two")}

    def test_an_answer_and_a_piece_are_not_compared(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        with pytest.raises(RequestError, match=r"tiny is an answer, and [0-9a-f]{9} is none; compare two"):
            stood.diff(answer.table[0].state[:9], "tiny")
        with pytest.raises(RequestError, match="unknown digest '@last'"):
            Lab(stood.root.parent / "new").diff("@last", "@last")

    def test_of_nothing(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match="unknown digest 'abc'"):
            lab.diff("abc", "abd")
