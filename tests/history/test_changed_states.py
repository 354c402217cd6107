"""States that are neither fresh nor trained nor masked: changed, held, loaded, at another step, under grown masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from histories import mask, network, point, state

from whether import Network, gradual
from whether.history.facts import GrownMask, Point, PrunedMask, Training, Trajectory
from whether.history.walk import generations
from whether.seeds import Seed


class TestChanges:
    def test_perturbed_keeps_step_and_mask_and_its_optimizer_begins_afresh(self) -> None:
        early = network().train(until="30it")
        ticket = early.masked(early.prune(fraction=0.5))
        found = point(ticket.perturbed("redraw-signs", 4).train())
        assert (found.trajectory.begin.step, found.step, found.trajectory.resumes) == (30, 100, None)
        assert found.mask is not None
        assert found.mask.digest == mask(ticket.mask()).digest

    def test_only_lasts_until_another_word_and_all_ends_it(self) -> None:
        held = network().only("output").train(until="30it").only("biases").train()
        assert state(held).held is not None
        assert state(held).held.trains == "biases"  # type: ignore[union-attr]
        begun = point(held).trajectory.begin.before
        assert begun is not None
        assert begun.held is not None
        assert begun.held.trains == "output"
        assert state(held.only("all")).held is None
        assert state(held.masked(held.mask()).reinit(3)).held is not None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("output+biases", "biases+output"),
            ("biases+biases", "biases"),
            ("nothing+output", "output"),
            ("output+all", "all"),
        ],
    )
    def test_the_order_of_what_is_trained_is_of_no_account(self, one: str, other: str) -> None:
        assert state(network().only(one)).digest == state(network().only(other)).digest

    def test_rate_rewound_goes_back_in_the_schedule_and_not_in_the_weights(self) -> None:
        dense = network().train()
        ticket = dense.masked(dense.prune(fraction=0.5)).rate_rewound("30it")
        found = point(ticket.train())
        assert (state(ticket).step, found.trajectory.begin.step, found.step) == (30, 30, 100)
        assert found.trajectory.resumes is None
        assert state(ticket).mask is not None
        assert state(dense.rate_rewound("100it")).digest == state(dense).digest
        assert state(dense.rate_rewound("30%")).digest == state(dense.rate_rewound("30it")).digest

    def test_integers_and_floats_of_an_option_are_one(self) -> None:
        start, other = network(), network(2)
        assert state(start.mixed(other, at=1)).digest == state(start.mixed(other, at=1.0)).digest
        assert state(start.perturbed("noise", 1)).digest == state(start.perturbed("noise", 1, scale=1)).digest
        assert state(start.perturbed("noise", 1)).digest != state(start.perturbed("noise", 1, scale=2)).digest

    def test_weights_from_a_file_are_named_by_their_content(self, tmp_path: Path) -> None:
        paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
        for path, content in zip(paths, (b"one", b"one", b"another"), strict=True):
            path.write_bytes(content)
        one, same, other = (state(Network.from_file(path, model="mlp-2", data="xor")) for path in paths)
        assert one.digest == same.digest != other.digest
        assert (one.step, one.mask, one.before) == (0, None, None)

    def test_a_mask_that_training_changes_is_that_of_the_point(self) -> None:
        begun = network().train(sparsify=gradual(0.5), until="30it")
        early, late = mask(begun.mask()), mask(begun.train().mask())
        assert isinstance(early, GrownMask)
        assert isinstance(late, GrownMask)
        assert (early.state.at, late.state.at) == (30, 100)
        assert early.state.trajectory.digest == late.state.trajectory.digest
        assert state(begun.reinit(4)).mask.digest == early.digest  # type: ignore[union-attr]
        again = point(network().masked(begun.mask()).train())
        assert again.mask is not None
        assert again.mask.digest == early.digest
        assert [item.tag for item in generations(late)] == ["mask-grown"]

    def test_what_a_score_needs_is_said_for_it(self) -> None:
        start = network().train(until="9it")
        moved, drawn, seen = (mask(start.prune(fraction=0.5, by=by)) for by in ("movement", "random", "snip"))
        assert isinstance(moved, PrunedMask)
        assert isinstance(drawn, PrunedMask)
        assert isinstance(seen, PrunedMask)
        assert moved.since is not None
        assert moved.since.digest == state(network()).digest
        assert (moved.seed, moved.examples, moved.data) == (None, None, None)
        assert drawn.seed == seen.seed == Seed(1).seed("order").seed("score")
        assert (drawn.examples, seen.examples) == (None, 4)  # XOR has no more
        assert mask(start.prune(fraction=0.5, by="movement", since=network())).digest == moved.digest

    def test_a_structure_may_say_the_fraction(self) -> None:
        dense = network()
        assert mask(dense.prune(structure="1:4")).digest == mask(dense.prune(fraction=0.75, structure="1:4")).digest

    def test_an_optimizer_of_ones_own_goes_on_while_its_code_is_the_same(self) -> None:
        def trained(code: str) -> Training:
            said = {"name": "nets:opt", "lr": 0.1, "weight_decay": 0.0, "options": {}, "code": code}
            return replace(point(network().train()).trajectory.training, optimizer=said)

        early = Point(trajectory=Trajectory(begin=state(network()), training=trained("a"), order=Seed(1)), at=30)
        for code, goes_on in (("a", True), ("b", False)):
            after = Trajectory(begin=early, training=replace(trained(code), total=200), order=Seed(1))
            assert (after.resumes is not None) == goes_on
