"""What says nothing new is the same history, and what a network began as."""

from __future__ import annotations

from typing import Any

import pytest
from histories import WEIGHTS, network, state

from whether import Network, distance, measure
from whether.errors import RequestError
from whether.history.facts import FullMask, Holding, Wearing
from whether.history.ops import Loaded, Redrawn, Start
from whether.history.resolve import Resolver

BEGUN = {
    "fresh": lambda: network(),
    "drawn again": lambda: network().train().reinit(4),
    "from a file": lambda: Network.from_file(WEIGHTS, model="mlp-2", data="xor"),
    "perturbed": lambda: network().perturbed("noise", 1),
}


@pytest.mark.parametrize("begun", BEGUN)
def test_all_weights_of_what_was_not_trained_are_that_network(begun: str) -> None:
    net = BEGUN[begun]()
    for same in (net.only("all"), net.masked(net.mask()), net.only("output").only("all"), net.only("all+biases")):
        assert state(same).digest == state(net).digest
        assert state(same.train()).digest == state(net.train()).digest


def test_of_what_was_trained_they_are_not() -> None:
    """A mask resets the optimiser, and a word for what trains has its own course."""
    dense = network().train(until="30it")
    assert isinstance(state(dense.masked(dense.mask())), Wearing)
    assert isinstance(state(dense.only("all")), Holding)
    kept = dense.masked(dense.mask(), optimizer="keep")
    assert len({state(net.train()).digest for net in (dense, dense.masked(dense.mask()), kept)}) == 3


def test_a_whole_mask_on_fewer_weights_is_another_network() -> None:
    ticket = network().masked(network().prune(fraction=0.5))
    found = state(ticket.masked(network().mask()))
    assert isinstance(found, Wearing)
    assert isinstance(found.worn, FullMask)


@pytest.mark.parametrize("first", ["output", "biases", "nothing", "all"])
@pytest.mark.parametrize("second", ["output", "batchnorm+biases"])
def test_the_last_word_for_what_trains_holds(first: str, second: str) -> None:
    for net in (network(), network().train(until="30it")):
        assert state(net.only(first).only(second)).digest == state(net.only(second)).digest
    again = network().only("output").train(until="30it")
    assert state(again.only("all")).digest not in (state(again).digest, state(network().train(until="30it")).digest)
    drawn = network().only("random-as-batchnorm", seed=1)
    assert state(drawn.only("output")).digest == state(network().only("output")).digest


def test_weights_that_are_drawn_again_begin_there() -> None:
    start = network()
    again = start.train().reinit(4)
    later = again.masked(start.train().prune(fraction=0.5)).train().perturbed("noise", 1)
    assert later.fresh is again
    assert isinstance(later.fresh.op, Redrawn)
    assert start.train().fresh is start
    assert isinstance(start.fresh.op, Start)
    given = Network.from_file(WEIGHTS, model="mlp-2", data="xor")
    assert isinstance(given.train().fresh.op, Loaded)
    assert given.reinit(1).train().reinit(2).train().fresh.op.seed != given.reinit(1).fresh.op.seed  # type: ignore[union-attr]


def test_distances_are_from_the_weights_that_were_drawn_last() -> None:
    again = network().train().reinit(4)
    found = Resolver().measure(distance(again.train()))
    assert found.other is not None
    assert found.other.digest == state(again).digest


# Measures that a task has not, and that are of one architecture.


@pytest.mark.parametrize(
    ("word", "data", "message"),
    [
        ("accuracy", "friedman", "accuracy counts what is right, and in regression nothing is right or wrong; ask for"),
        ("solved", "friedman", "solved counts what is right, and in regression"),
        ("worst_class_error", "friedman", "worst_class_error counts what is right, and in regression nothing"),
        ("worst_class_error", "grammar", "worst_class_error is of classes, and these data are for language-modelling"),
    ],
)
def test_measures_that_a_task_has_not_are_told(word: str, data: str, message: str) -> None:
    model = "gpt-1-16" if data == "grammar" else "mlp-3"
    with pytest.raises(RequestError, match=message):
        Resolver().measure(measure(word, Network(model, data=data, seed=1)))


@pytest.mark.parametrize(
    "say", [lambda net, mask: net.masked(mask), lambda net, mask: net.masked(mask.shuffled(1).inverted())]
)
def test_masks_of_another_architecture_are_told(say: Any) -> None:
    mask = network(model="mlp-3").train().prune(fraction=0.5)
    for net in (network(), network().train(), network().only("output")):
        with pytest.raises(RequestError, match="a mask of a mlp-3 for 2 values and 2 classes does not fit a mlp-2"):
            state(say(net, mask).train())
    with pytest.raises(RequestError, match="a mask of a mlp-2 for 1 × 8 × 8 values and 10 classes does not"):
        state(network().masked(network(data="digits").mask()))
