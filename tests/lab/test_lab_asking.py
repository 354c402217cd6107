"""What a lab is asked beside whole questions: values, networks, plans, what a piece is, which answers it has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny import RECIPE, Ear, asking, network, two_of
from torch import nn

from whether import (
    Lab,
    accuracy,
    curve,
    density,
    early_stop,
    loss,
)
from whether.data.cards import DIGITS, Data
from whether.data.tensors import tensors
from whether.errors import RequestError
from whether.history.resolve import Resolver
from whether.probe import measures
from whether.seeds import Seed
from whether.store.verify import verify


class TestWhatIsAsked:
    def test_a_value(self, stood: Lab, ear: Ear) -> None:
        answer = stood.latest()
        assert answer is not None
        rep = Seed(0).seed("replicate", 0)
        value = stood.value(accuracy(network(rep).train()), progress=ear)
        assert value == next(run.value for run in answer.table if run.arm == "dense")
        assert ear.events == []

    def test_values_of_every_kind(self, stood: Lab) -> None:
        dense = network(Seed(0).seed("replicate", 0)).train()
        ticket = network(Seed(0).seed("replicate", 0)).masked(dense.prune(fraction=0.5)).train()
        assert stood.value(density(dense)) == 100.0
        assert stood.value(density(ticket)) == 50.0
        assert stood.value(loss(dense)) == pytest.approx(
            stood.value(curve(dense, "validation loss"))["values"][-1], rel=1e-4
        )
        assert 0 < stood.value(early_stop(dense)) <= 20
        told = stood.value(curve(dense))
        assert told["values"][-1] == pytest.approx(stood.value(accuracy(dense)))
        assert len(told["steps"]) == len(told["values"])

    def test_a_network_as_a_module(self, lab: Lab) -> None:
        dense = network(5).train(until="10it")
        module = lab.load(dense)
        assert isinstance(module, nn.Module)
        assert not module.training
        assert measures.accuracy(module, tensors(Data(name="digits")), "validation") == lab.value(accuracy(dense))
        fresh = lab.load(network(5))
        assert any((a != b).any() for a, b in zip(module.parameters(), fresh.parameters(), strict=True))

    def test_values_do_not_depend_on_what_the_lab_happens_to_hold(self, tmp_path: Path) -> None:
        """Going on from a point needs its optimiser state, also when the point was stored before anybody went on."""
        early = network(3).train(until="10it")
        forked = loss(early.train(order=9))
        longer = loss(network(3).train().train(RECIPE.but(total="30it")))
        fresh = [Lab(tmp_path / f"fresh{place}").value(asked) for place, asked in enumerate((forked, longer))]
        used = Lab(tmp_path / "used")
        used.run(two_of(lambda rep: network(3).train(), lambda rep: early, replicates=1))
        assert [used.value(forked), used.value(longer)] == fresh
        assert not verify(used.store)

    def test_a_plan_tells_what_stands(self, stood: Lab, lab: Lab) -> None:
        assert lab.plan(asking()).steps_to_train == 4 * 20
        assert stood.plan(asking()).steps_to_train == 0
        assert stood.plan(asking(replicates=3)).steps_to_train == 2 * 20
        both = lab.plan(asking(), asking(replicates=3, name="more"))
        assert (both.steps_to_train, both.questions) == (6 * 20, ["tiny", "more"])


class TestTestSplit:
    def entries(self, lab: Lab) -> list[Mapping[str, Any]]:
        return [entry.body for entry in lab.store.ledger.entries() if entry.kind == "opened"]

    def test_it_is_opened_when_told_and_counted_once(self, stood: Lab) -> None:
        assert self.entries(stood) == []
        answer = stood.run(asking(), open_test=True)
        assert (answer.split, answer.data["rows"]) == ("test", 597)
        stood.run(asking(), open_test=True)
        assert self.entries(stood) == [{"question": "tiny", "design": answer.digest, "data": DIGITS.digest}]

    def test_naming_it_is_opening_it(self, lab: Lab) -> None:
        lab.run(two_of(lambda rep: accuracy(network(rep), split="test"), lambda rep: network(rep), replicates=1))
        assert [body["question"] for body in self.entries(lab)] == ["tiny"]

    def test_so_is_a_single_value(self, lab: Lab) -> None:
        asked = accuracy(network(), split="test")
        lab.value(asked)
        lab.value(asked)
        lab.value(accuracy(network()))
        assert self.entries(lab) == [
            {"question": "", "design": Resolver().measure(asked).digest, "data": DIGITS.digest}
        ]


class TestFinding:
    def test_answers_by_name_and_time(self, stood: Lab) -> None:
        first = stood.latest()
        second = stood.run(two_of(lambda rep: network(rep), lambda rep: network(rep).train(), name="other"))
        assert {answer.name for _, answer in stood.answers()} == {"tiny", "other"}
        assert stood.find("tiny") == first
        assert stood.find("other") == stood.latest() == second
        assert stood.find("nobody") is None
        assert stood.run(asking()) == stood.latest()  # the last one asked for is the last one

    def test_an_empty_lab_has_none(self, lab: Lab) -> None:
        assert (lab.latest(), lab.answers(), lab.find("tiny"), lab.answered(asking())) == (None, [], None, None)

    def test_why(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        told = stood.why(answer.table[0].state[:12])
        assert told["kind"] == "point"
        assert told["state_stands"]
        assert told["would_train_again_for"][0].startswith("nothing: it stands. Another history is another piece")
        assert "Network('mlp-8', data='digits', seed=…" in told["sentence"]
        assert told["named_by"] == [f"tiny ({stood.folder(answer).name})"]
        assert stood.why(answer.table[0].measure.upper()[:12])["value"] == answer.table[0].value
        stood.store.states.path(answer.table[0].state).unlink()
        assert "its state is missing" in stood.why(answer.table[0].state)["would_train_again_for"][0]

    def test_why_of_nothing_and_of_too_much(self, stood: Lab) -> None:
        with pytest.raises(
            RequestError, match=r"unknown digest 'zz'\. No record of this lab begins so; `whether status`"
        ):
            stood.why("zz")
        with pytest.raises(RequestError, match=r"\d+ records begin with '' \(.*, …\); give more of the digest"):
            stood.why("")

    def test_repr(self, lab: Lab) -> None:
        assert repr(lab) == f"Lab({str(lab.root)!r})"


PLANNING = """
import sys
from whether import Lab, Network, Question, Recipe, adam, at, not_worse
def arms(rep):
    start = Network("mlp-8", data="digits", seed=rep, recipe=Recipe(optimizer=adam(0.01), total="20it", batch=60))
    dense = start.train()
    return {{"dense": dense, "ticket": {{50.0: start.masked(dense.prune(fraction=0.5)).train()}}}}
claim = not_worse(at("ticket", 50), "dense", by=30, because="less is noise")
asked = Question(arms, claims=[claim], if_yes="this", if_no="that", replicates=2, name="tiny")
lab = Lab({root!r}, create=False)
print(lab.answered(asked).verdict, lab.run(asked).verdict, lab.plan(asked).steps_to_train, lab.latest().verdict)
print(sorted({{"torch", "pandas", "matplotlib"}} & set(sys.modules)))
"""


def test_what_stands_is_told_without_torch(stood: Lab) -> None:
    code = PLANNING.format(root=str(stood.root))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "yes yes 0 yes\n[]\n"
