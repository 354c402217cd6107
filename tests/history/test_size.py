"""Deep and shared histories cost what they hold, not what they spell."""

from __future__ import annotations

import time

from histories import network, point, state

from whether.history.facts import Wearing
from whether.history.resolve import Resolver
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
