"""What is wrong with a sentence is told when it is written, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from histories import network

from whether import (
    Network,
    accuracy,
    barrier,
    curve,
    derived,
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
BAD_FILES: list[tuple[dict[str, Any], str]] = [
    ({"model": "mlp"}, "unknown model 'mlp'"),
    ({"init": "kaiming"}, "unknown initialiser 'kaiming'; did you mean 'kaiming-normal'"),
    ({"recipe": "fast"}, r"from_file\(\) got 'fast' as its recipe; write Recipe\(optimizer="),
    ({"options": {"width": 3}}, "the model 'mlp-2' takes no options, got width; only code of your own does"),
    (
        {"model": "x", "data": 3, "seed": -1, "init": "y"},
        "(?s)unknown model 'x'.*a data set is given by name.*a seed is an integer.*unknown initialiser 'y'",
    ),
]
BAD_CHANGES: list[tuple[Callable[[Network], object], str]] = [
    (lambda x: x.perturbed("nois", 1), "unknown perturbation 'nois'; did you mean 'noise'.*Or name code of your own"),
    (lambda x: x.perturbed("noise"), r"'noise' needs seed=…: write perturbed\('noise', rep.seed\('again'\)\)"),
    (lambda x: x.perturbed("noise", "a"), "a seed is an integer"),  # type: ignore[arg-type]
    (
        lambda x: x.perturbed("noise", 1, scale="big"),
        r"the option 'scale' of 'noise' is 'big'; expected a number, such as 1",
    ),
    (lambda x: x.perturbed("noise", 1, scale=True), "the option 'scale' of 'noise' is True; expected a number"),
    (lambda x: x.perturbed("noise", 1, size=2), "unknown option of the perturbation 'noise' 'size'.*Known: scale"),
    (
        lambda x: x.perturbed("shuffle", 1, scope=3),
        "the option 'scope' of 'shuffle' is 3; expected a text, such as 'layer'",
    ),
    (lambda x: x.perturbed("redraw-signs", 1, k=1), "the perturbation 'redraw-signs' takes no options, got k"),
    (
        lambda x: x.perturbed("swap-signs"),
        r"'swap-signs' needs other=…: write perturbed\('swap-signs', other=network\)",
    ),
    (lambda x: x.perturbed("swap-signs", 3, other=x), "the perturbation 'swap-signs' takes no seed=…; leave it out"),
    (
        lambda x: x.perturbed("noise", 3, other=x, examples=5),
        "'noise' takes no other=… and no examples=…; leave it out",
    ),
    (lambda x: x.perturbed("re-estimate", examples=0), "examples is 0; expected a whole number, 1 or more"),
    (lambda x: x.perturbed("interpolate", other=3), "other is a int; expected a Network"),  # type: ignore[arg-type]
    (
        lambda x: x.perturbed("n", "s", other=3, examples=-1),  # type: ignore[arg-type]
        "(?s)unknown perturbation 'n'.*other is a int.*examples is -1",
    ),
    (lambda x: x.aligned(x, by="weight"), "unknown by 'weight'; did you mean 'weights'.*Known: activations, weights"),
    (lambda x: x.aligned(x, examples=5), "the perturbation 'align-weights' takes no examples=…; leave it out"),
    (lambda x: x.aligned(None), r"aligned\(to\) is a NoneType; expected a Network"),  # type: ignore[arg-type]
    (lambda x: x.mixed(x.mask()), r"mixed\(other\) is a Mask; expected a Network"),  # type: ignore[arg-type]
    (lambda x: x.mixed(x, at="half"), "the option 'at' of 'interpolate' is 'half'; expected a number, such as 0.5"),  # type: ignore[arg-type]
    (lambda x: x.rewound(None), r"rewound\(to\) is a NoneType; expected a Network"),  # type: ignore[arg-type]
    (lambda x: x.rate_rewound(500), r"rate_rewound\(to\) is 500, a bare number: 500 of what\? Write '500it'"),  # type: ignore[arg-type]
    (lambda x: x.only("batch-norm"), "unknown freezing 'batch-norm'; did you mean 'batchnorm'"),
    (
        lambda x: x.only("outpu+bias"),
        "(?s)unknown freezing 'outpu'; did you mean 'output'.*unknown freezing 'bias'; did you",
    ),
    (lambda x: x.only(3), r"only\(\) got 3; expected words such as 'batchnorm' or 'output\+biases', or 'all'"),  # type: ignore[arg-type]
    (lambda x: x.only("random-as-batchnorm"), r"draws which weights are trained: write only\(.*, seed=…\)"),
    (lambda x: x.only("output", seed=1), r"only\('output'\) draws nothing; leave seed=… out"),
    (lambda x: x.train(sparsify="rigl"), r"sparsify is 'rigl'; write gradual\(density=0.1\) or rigl\(density=0.1\)"),  # type: ignore[arg-type]
    (lambda x: x.prune(), r"prune\(\) needs fraction=…: the part of what remains that goes, such as 0.2 for a fifth"),
    (lambda x: x.prune(fraction=0.3, structure="2:4"), "structure '2:4' prunes exactly 1/2; leave fraction=0.3 out"),
    (lambda x: x.prune(fraction=0.3, structure="block"), "unknown structure 'block'; did you mean 'block-4x4'"),
    (lambda x: x.prune(fraction=0.3, rounds=0), "rounds is 0; expected a whole number, 1 or more"),
    *[
        (
            lambda x, by=by: x.prune(fraction=0.3, by=by, since=x if by == "movement" else None, rounds=3),
            f"the score '{by}' is the same in every round; rounds=3 would change nothing",
        )
        for by in ("magnitude", "initial-magnitude", "movement", "random")
    ],
    (
        lambda x: x.prune(by="snip", structure="2:4", rounds=2),
        "structure '2:4' prunes once, to its own share; leave rounds=2 out",
    ),
    (lambda x: measure("subgroup_error", x, options={"group": 1}), "unknown grouping ''.*Or name code of your own as"),
    (lambda x: measure("subgroup_error", x, options={"groups": "halves"}), "unknown grouping 'halves'"),
    (lambda x: x.prune(fraction=0.3, by="snip", examples=1.5), r"examples is 1\.5; expected a whole number"),  # type: ignore[arg-type]
    (lambda x: x.prune(fraction=0.3, since=x), "the score 'magnitude' takes no since=…; leave it out"),
    (
        lambda x: x.prune(fraction=0.3, seed=1, examples=5),
        "'magnitude' takes no seed=… and no examples=…; leave it out",
    ),
    (lambda x: x.prune(fraction=0.3, by="movement", since=3), "since is a int; expected a Network"),  # type: ignore[arg-type]
    (lambda x: x.prune(fraction=0.3, by="snip", options={"k": 1}), "the score 'snip' takes no options, got k"),
    (lambda x: barrier(x, x, points=2), "points is 2; expected a whole number, 3 or more"),
    (lambda x: barrier(x, x, statistics="fresh"), "unknown statistics 'fresh'.*Known: interpolated, re-estimated"),
    (lambda x: barrier(x, 3), "barrier: compared with a int; expected a Network"),  # type: ignore[arg-type]
    (lambda x: measure("barrier", x), "the measure 'barrier' compares two networks: write other=network"),
    (lambda x: measure("accuracy", x, other=x), "the measure 'accuracy' compares nothing: leave other=… out"),
    (
        lambda x: measure("calibration", x, options={"bins": 1.5}),
        r"'bins' of 'calibration' is 1\.5; expected a whole number",
    ),
    (
        lambda x: measure("calibration", x, options={"bin": 5}),
        "unknown option of the measure 'calibration' 'bin'; did you",
    ),
    (
        lambda x: derived("law", {"a": accuracy(x)}),
        "unknown derivation 'law'; did you mean 'law_fit' or 'law_error'.*Or name code of your own as",
    ),
    (lambda x: derived("m:f", {}), "m:f: derived of {}; expected a dict of one Measure or more by name"),
    (lambda x: derived("m:f", {"a": x}), "expected a dict of one Measure or more by name"),  # type: ignore[dict-item]
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

    @pytest.mark.parametrize(("given", "message"), BAD_FILES)
    def test_of_weights_from_a_file(self, given: dict[str, Any], message: str) -> None:
        said: dict[str, Any] = {"model": "mlp-2", "data": "xor"} | given
        with pytest.raises(RequestError, match=message):
            Network.from_file("nowhere.safetensors", **said)

    @pytest.mark.parametrize(("say", "message"), BAD_CHANGES)
    def test_of_a_change_or_a_comparison(self, say: Callable[[Network], object], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            say(network())

    def test_code_of_ones_own_takes_what_it_takes(self) -> None:
        """What it looks at is seen when it runs."""
        start = network()
        start.prune(fraction=0.3, by="m:f", since=start, seed=1, examples=5, options={"k": 1})
        start.perturbed("m:f", 1, other=start, examples=5, k="any").only("m:f", seed=1)
        measure("m:f", start, other=start, options={"k": 1})

    @pytest.mark.parametrize(("say", "message"), BAD_WORDS)
    def test_of_a_word(self, say: Callable[[Network], object], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            say(network())
