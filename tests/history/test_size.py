"""Deep and shared histories cost what they hold, not what they spell."""

from __future__ import annotations

import time

from histories import RECIPE, mask, network, point, state

from whether import set_
from whether.history import wire
from whether.history.difference import differences
from whether.history.facts import Wearing
from whether.history.resolve import Resolver
from whether.history.sentence import label, sentence
from whether.history.walk import generations
from whether.plan.demand import closure, stops_of


class TestSize:
    def test_a_history_of_ten_thousand_operations(self) -> None:
        began = time.perf_counter()
        going = network()
        for round_ in range(2_500):
            going = going.masked(going.prune(fraction=0.001)).reinit(round_)
        found = state(going)
        assert sum(1 for _ in closure([found])) > 7_500
        assert len(repr(going)) < 200
        assert len(repr(found)) < 40
        del found, going  # taking it apart must not recurse either
        assert time.perf_counter() - began < 10

    def test_a_long_chain_of_trajectories(self) -> None:
        going = network()
        for order in range(99):
            going = going.train(until=f"{order + 1}it", order=order)
        found = point(going.train(order=99))
        assert len(stops_of(closure([found]))) == 100
        assert found.trajectory.resumes is not None

    def test_what_a_state_says_of_itself_is_looked_up_without_recursion(self) -> None:
        began = time.perf_counter()
        start = network(recipe=RECIPE.but(total="3000it"))
        going, other = start.masked(start.prune(fraction=0.5)), network(2)
        for seed in range(700):
            going = going.perturbed("noise", seed).only("output").reinit(seed)
        going = going.train(until="2000it")
        for seed in range(700):
            going = going.rate_rewound(f"{1999 - seed}it").perturbed("swap-signs", other=other.reinit(seed))
        found = state(going)
        assert (found.step, found.model.name) == (1300, "mlp-2")
        assert found.held is not None
        assert found.mask is not None
        assert found.mask.digest == mask(start.prune(fraction=0.5)).digest
        assert wire.read(wire.written([found]))[found.digest].digest == found.digest
        assert sentence(found).count("\n") > 3_000
        assert differences(found, state(going.only("all")))[0].b == "only all trained"
        assert len(repr(going)) < 200
        assert time.perf_counter() - began < 20

    def test_masks_grown_one_after_the_other(self) -> None:
        began = time.perf_counter()
        going = network(recipe=RECIPE.but(total="3000it", sparsify=set_(0.5)))
        for order in range(1_000):
            going = going.train(until=f"{order + 1}it", order=order)
            going = going.masked(going.mask())
        found = state(going)
        assert len(generations(found.mask)) == 1_000
        assert wire.read(wire.written([found])).keys() == {item.digest for item in closure([found])}
        assert label(found).endswith("mask changed in training")
        assert [one.path for one in differences(found, state(going.train(until="1002it")))] == ["afterwards"]
        assert time.perf_counter() - began < 20

    def test_a_heavily_shared_history_costs_what_it_holds(self) -> None:
        began = time.perf_counter()
        going = network()
        for _ in range(60):  # each says the one before twice: 2^60 words, spelled out
            going = going.masked(going.prune(fraction=0.1).shuffled(3))
        assert sum(1 for _ in closure([state(going)])) == 2 + 3 * 60
        assert len(repr(going)) < 200
        assert time.perf_counter() - began < 2

    def test_one_resolver_gives_one_fact_for_equal_histories(self) -> None:
        resolver = Resolver()
        one, other = (resolver.state(network().train().masked(network().train().mask())) for _ in range(2))
        assert isinstance(one, Wearing)
        assert one is other
