"""What a store is asked about its pieces, on records laid down by hand: nothing is trained here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whether import Network, Question, Recipe, accuracy, adam, exceeds, inquiry
from whether.answer import DONE, FAILED
from whether.errors import RequestError
from whether.execute.shelf import history
from whether.history.facts import MeasureFact, Point
from whether.history.resolve import Resolver
from whether.plan.plan import Asked, ask
from whether.seeds import Seed
from whether.store.clean import quarantine
from whether.store.folder import Store

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
START = Network("mlp-8", data="digits", seed=1, recipe=RECIPE)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.find(tmp_path / "lab")


def point(net: Network) -> Point:
    found = Resolver().state(net)
    assert isinstance(found, Point)
    return found


def lay(store: Store, net: Network, outcome: str = DONE, **more: Any) -> Point:
    """Lay down the record of a trained network, and weights where it has any."""
    fact = point(net)
    body = {"kind": "point", "outcome": outcome, "trajectory": fact.trajectory.digest, "step": fact.at}
    store.keep(fact.digest, body | more | {"history": history(fact)}, state=b"w" if outcome == DONE else None)
    return fact


def lay_measure(store: Store, net: Network, outcome: str) -> MeasureFact:
    fact = Resolver().measure(accuracy(net))
    store.keep(fact.digest, {"kind": "measure", "outcome": outcome, "history": history(fact)})
    return fact


def planned(*stops: str) -> list[Asked]:
    """A question about some stops of one trajectory."""
    arms = {until: START.train(until=until) for until in stops}
    claim = exceeds(stops[0], stops[-1], by=1, because="more is more")
    question = Question(lambda rep: arms, claims=[claim], if_yes="a", if_no="b", replicates=1, name="stops")
    return [ask(question, seed=Seed(0), open_test=False)]


class TestTrajectories:
    def test_one_means_its_last_stop(self, store: Store) -> None:
        stops = [lay(store, START.train(until=until)) for until in ("5it", "20it", "9it")]
        told = inquiry.why(store, stops[0].trajectory.digest[:10])
        assert (told["digest"], told["stops"]) == (stops[1].digest, [5, 9, 20])

    def test_with_a_question_the_first_stop_that_is_missing(self, store: Store) -> None:
        early = lay(store, START.train(until="5it"))
        told = inquiry.why(store, early.trajectory.digest[:10], planned("5it", "9it", "20it"))
        assert told["digest"] == point(START.train(until="9it")).digest
        assert (told["kind"], told["stops"]) == ("point", [5, 9, 20])
        assert told["would_train_again_for"] == ["it has no record in this lab: the next run that needs it makes it"]

    def test_one_whose_stops_all_stand_is_not_called_missing(self, store: Store) -> None:
        last = [lay(store, START.train(until=until)) for until in ("5it", "20it")][-1]
        told = inquiry.why(store, last.trajectory.digest, planned("5it", "20it"))
        assert (told["digest"], told["outcome"]) == (last.digest, DONE)
        assert told["would_train_again_for"] == [inquiry.STANDS]

    def test_two_that_begin_so_are_too_many(self, store: Store) -> None:
        """Among seventeen hexadecimal names two begin alike; that one has the higher step does not choose it."""
        facts = [lay(store, START.train(order=order, until=f"{order + 1}it")) for order in range(17)]
        records = {fact.digest[0] for fact in facts}
        firsts = [fact.trajectory.digest[0] for fact in facts]
        alike = next((sign for sign in firsts if firsts.count(sign) > 1 and sign not in records), None)
        assert alike is not None, "choose other orders, so that no record begins as two trajectories do"
        with pytest.raises(RequestError, match=rf"{firsts.count(alike)} records begin with '{alike}'"):
            inquiry.why(store, alike)


class TestFailures:
    def test_the_one_that_failed_is_named_not_what_fell_with_it(self, store: Store) -> None:
        dense = START.train()
        ticket = START.masked(dense.prune(fraction=0.5)).train()
        guilty = lay(store, dense, FAILED, error="this seed is bad", tries=3)
        fell = [lay(store, ticket, FAILED, error="this seed is bad", tries=0), lay_measure(store, ticket, FAILED)]
        assert inquiry.why(store, guilty.digest)["would_train_again_for"] == [
            f"it always failed: `whether retry {guilty.digest[:12]}` does it again"
        ]
        for fact in fell:
            assert inquiry.why(store, fact.digest)["would_train_again_for"] == [
                f"it rests on {guilty.digest[:12]}, mlp-8 on digits, step 20 of 20, which always failed: "
                f"`whether retry {guilty.digest[:12]}` does both again"
            ]

    def test_when_that_one_was_mended_since_it_is_its_own_turn(self, store: Store) -> None:
        dense = START.train()
        lay(store, dense)
        fell = lay(store, START.masked(dense.prune(fraction=0.5)).train(), FAILED, error="lost")
        (again,) = inquiry.why(store, fell.digest)["would_train_again_for"]
        assert again == f"it always failed: `whether retry {fell.digest[:12]}` does it again"

    def test_when_that_one_is_gone_its_own_failure_is_told(self, store: Store) -> None:
        dense = START.train()
        guilty = lay(store, dense, FAILED, error="lost")
        fell = lay(store, START.masked(dense.prune(fraction=0.5)).train(), FAILED, error="lost")
        quarantine(store, guilty.digest)
        told = inquiry.why(store, fell.digest)
        assert told["would_train_again_for"] == [f"it always failed: `whether retry {fell.digest[:12]}` does it again"]
        assert guilty.digest[:12] in told["sentence_untold"]


class TestElsewhere:
    def test_a_profile_that_the_lab_does_not_have(self, store: Store) -> None:
        fact = lay(store, START.train(), profile="ab" * 32)
        assert inquiry.why(store, fact.digest)["would_train_again_for"] == [
            inquiry.STANDS,
            "(its profile abababababab is not in this lab: it was made elsewhere)",
        ]

    def test_one_that_diverged_has_no_weights_to_miss(self, store: Store) -> None:
        fact = lay(store, START.train(until="5it"), "diverged")
        told = inquiry.why(store, fact.digest)
        assert (told["state_stands"], told["would_train_again_for"]) == (False, [inquiry.STANDS])


class TestDiff:
    def test_trajectories_are_compared_by_their_last_stops(self, store: Store) -> None:
        one = lay(store, START.train())
        other = lay(store, START.train(RECIPE.but(batch=50)))
        (found,) = inquiry.diff(store, one.trajectory.digest[:12], other.trajectory.digest[:12])
        assert (found.path.split(" › ")[-1], found.a, found.b) == ("batch", "60", "50")
