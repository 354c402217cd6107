"""What is wrong with a sentence is told when it is written, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from histories import network

from whether import (
    Network,
    accuracy,
    curve,
    measure,
)
from whether.errors import RequestError

BAD_NETWORKS: list[tuple[dict[str, Any], str]] = [
    ({"model": "lenet300"}, "unknown model 'lenet300'; did you mean 'lenet-300-100'.*Or name code of your own as"),
    ({"model": "mlp-0"}, "unknown model 'mlp-0'"),
    ({"model": 3}, "unknown model '3'"),
    ({"data": 3}, 'a data set is given by name or path, got 3; write data="digits"'),
    ({"seed": 1.5}, r"a seed is an integer from 0 to 2\^64 - 1, got 1\.5"),
    ({"init": "kaiming"}, "unknown initialiser 'kaiming'; did you mean 'kaiming-normal'"),
    ({"recipe": "fast"}, r"Network\(\) got 'fast' as its recipe; write Recipe\(optimizer="),
    ({"options": {"width": 3}}, "the model 'mlp-2' takes no options, got width; only code of your own does"),
    (
        {"model": "x", "seed": -1, "init": "y"},
        r"(?s)unknown model 'x'.*\na seed is an integer.*\nunknown initialiser 'y'",
    ),
]
BAD_WORDS: list[tuple[Callable[[Network], object], str]] = [
    (lambda x: x.train(until=500), r"until is 500, a bare number: 500 of what\? Write '500it'"),  # type: ignore[arg-type]
    (lambda x: x.train("500it"), r"train\(\) got '500it' as its recipe; for a step write train\(until='500it'\)"),  # type: ignore[arg-type]
    (lambda x: x.train(order="a"), "a seed is an integer"),  # type: ignore[arg-type]
    (lambda x: x.prune(fraction=0), r"fraction is 0; expected a number in \(0, 1\): the part that goes, such as 0\.2"),
    (lambda x: x.prune(fraction=1.0), r"fraction is 1\.0; expected a number in \(0, 1\)"),
    (lambda x: x.prune(fraction=20), r"fraction is 20; expected a number in \(0, 1\)"),
    (lambda x: x.prune(fraction=float("nan")), "fraction is nan; expected a number"),
    (lambda x: x.prune(fraction="0.2"), r"fraction is '0\.2'; expected a number"),  # type: ignore[arg-type]
    (lambda x: x.prune(fraction=True), "fraction is True; expected a number"),
    (lambda x: x.prune(fraction=0.2, by="magnitud"), "unknown score 'magnitud'; did you mean 'magnitude'"),
    (lambda x: x.prune(fraction=0.2, scope="all"), "unknown scope 'all'.*Known: global, layer"),
    (lambda x: x.prune(fraction=0.2, structure="row"), "unknown structure 'row'.*Known: unit, weight"),
    (
        lambda x: x.prune(fraction=0.2, layer_fractions={"output": 1.0}),
        r"layer_fractions\['output'\] is 1\.0; expected a number in \[0, 1\)",
    ),
    (
        lambda x: x.prune(fraction=2, by="b", scope="s", structure="t", layer_fractions={"a": -1}),
        r"(?s)fraction is 2.*unknown score 'b'.*unknown scope 's'.*unknown structure 't'.*layer_fractions\['a'\] is -1",
    ),
    (lambda x: x.masked(x), r"masked\(\) got a Network; expected a Mask, such as network.prune\(fraction=0.2\)"),  # type: ignore[arg-type]
    (
        lambda x: x.masked(x.mask(), optimizer="kept"),
        "unknown optimizer 'kept'; did you mean 'keep'.*Known: keep, reset",
    ),
    (lambda x: x.reinit(1, keep="sign"), "unknown keep 'sign'; did you mean 'signs'"),
    (lambda x: x.reinit("a"), "a seed is an integer"),  # type: ignore[arg-type]
    (lambda x: x.mask().shuffled(1, scope="net"), "unknown scope 'net'.*Known: global, layer, unit"),
    (lambda x: accuracy(x.mask()), "accuracy: asked of a Mask; expected a Network"),  # type: ignore[arg-type]
    (lambda x: accuracy(x, split="valid"), "unknown split 'valid'; did you mean 'validation'"),
    (lambda x: curve(x, "loss"), "unknown curve 'loss'.*Known: train accuracy, train loss"),
    (lambda x: measure("acuracy", x), "unknown measure 'acuracy'; did you mean 'accuracy'"),
    (lambda x: measure("accuracy", x, options={"k": 1}), "the measure 'accuracy' takes no options, got k"),
    (lambda x: measure("m:f", x, better="more"), "unknown better 'more'.*Known: higher, lower"),
    (
        lambda x: measure("m", x.mask(), split="s", better="b"),  # type: ignore[arg-type]
        "(?s)unknown measure 'm'.*asked of a Mask.*unknown split 's'.*unknown better 'b'",
    ),
]


class TestMistakes:
    @pytest.mark.parametrize(("given", "message"), BAD_NETWORKS)
    def test_of_a_network(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            network(**given)

    @pytest.mark.parametrize(("say", "message"), BAD_WORDS)
    def test_of_a_word(self, say: Callable[[Network], object], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            say(network())
