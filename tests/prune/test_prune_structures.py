"""Structures: N of each M, tiles, channels; against loops, exact counts, nested, refused where they do not fit."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prune_nets import everything, raw, scattered
from torch import Tensor

from whether.errors import RequestError, WorkError
from whether.prune import groups, magnitude, select
from whether.prune.structures import as_rows, channel_scores, from_rows

HALF = Fraction(1, 2)
SHAPES = {"conv": (6, 4, 2, 3), "wide": (8, 12), "out": (4, 8)}
scopes = st.sampled_from(["global", "layer"])
fractions = st.fractions(0, 1).filter(lambda part: 0 < part < 1)


def count(masks: dict[str, Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def holes(seed: int) -> dict[str, Tensor]:
    return {name: score > -0.5 for name, score in scattered(SHAPES, seed + 1000).items()}


# The view.


def test_rows_have_the_input_channels_of_one_place_side_by_side() -> None:
    layer = torch.arange(6 * 4 * 2 * 3).reshape(6, 4, 2, 3)
    rows = as_rows(layer)
    for out in range(6):
        for down in range(2):
            for across in range(3):
                for channel in range(4):
                    assert rows[out, (down * 3 + across) * 4 + channel] == layer[out, channel, down, across]
    assert torch.equal(from_rows(rows, layer.shape), layer)
    assert torch.equal(as_rows(layer[:, :, 0, 0]), layer[:, :, 0, 0])


# N of each M.


def of_each_by_loops(scores: Tensor, exists: Tensor, n: int, m: int) -> list[list[bool]]:
    rows, there = as_rows(scores).tolist(), as_rows(exists).tolist()
    kept = []
    for row, alive in zip(rows, there, strict=True):
        line = [False] * len(row)
        for begin in range(0, len(row), m):
            places = [place for place in range(begin, begin + m) if alive[place]]
            for place in sorted(places, key=lambda place, row=row: (-row[place], place))[:n]:
                line[place] = True
        kept.append(line)
    return kept


@given(st.sampled_from([(1, 2), (2, 4), (1, 4), (3, 4)]), st.integers(0, 99), st.booleans())
def test_the_n_highest_of_each_m_stay(form: tuple[int, int], seed: int, tied: bool) -> None:
    n, m = form
    masks, scores = holes(seed), scattered(SHAPES, seed)
    scores = {name: score.round() for name, score in scores.items()} if tied else scores
    kept = select(scores, masks, fraction=Fraction(m - n, m), structure=f"{n}:{m}")
    for name in SHAPES:
        assert as_rows(kept[name]).tolist() == of_each_by_loops(scores[name], masks[name], n, m)
        assert not bool((kept[name] & ~masks[name]).any())


def test_of_a_whole_layer_exactly_n_of_m_stay_ties_by_place() -> None:
    masks = everything(SHAPES)
    kept = select({name: torch.ones(shape) for name, shape in SHAPES.items()}, masks, fraction=HALF, structure="2:4")
    assert count(kept) * 2 == count(masks)
    assert as_rows(kept["conv"])[0].tolist() == [True, True, False, False] * 6
    again = select({name: torch.ones(shape) for name, shape in SHAPES.items()}, kept, fraction=HALF, structure="2:4")
    assert raw(again) == raw(kept), "what has two of four has two of four"


def test_layers_that_groups_do_not_divide_are_told_with_what_would_fit_all_at_once() -> None:
    shapes = {"stem": (4, 3, 3, 3), "body": (4, 30), "out": (4, 8)}
    with pytest.raises(
        RequestError,
        match=r"(?s)structure '2:4' does not fit stem \(4, 3, 3, 3\): its 27 inputs are no multiple of 4\. What would "
        r"fit as M: 3, 9, 27\. Or leave this layer whole: layer_fractions=\{'stem': 0\}\..*body \(4, 30\): its 30 "
        r"inputs .* fit as M: 2, 3, 5, 6, 10, 15, 30\.",
    ):
        select(scattered(shapes), everything(shapes), fraction=HALF, structure="2:4")
    own = {"stem": Fraction(0), "body": Fraction(0)}
    kept = select(scattered(shapes), everything(shapes), fraction=HALF, structure="2:4", layers=own)
    assert {name: int(mask.sum()) for name, mask in kept.items()} == {"stem": 108, "body": 120, "out": 16}


def test_n_of_m_has_one_fraction() -> None:
    for how in ({"fraction": Fraction(1, 5)}, {"fraction": HALF, "layers": {"output": Fraction(1, 5)}}):
        with pytest.raises(RequestError, match="structure '2:4' prunes exactly 1/2 of a layer, got 1/5; only 0 may"):
            select(scattered(SHAPES), everything(SHAPES), structure="2:4", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("structure", ["2:4", "block-2x2", "channel"])
def test_scores_that_are_no_numbers_are_an_error_where_they_count(structure: str) -> None:
    scores, masks = scattered(SHAPES), everything(SHAPES)
    scores["wide"][1, 2] = math.nan
    with pytest.raises(WorkError, match="a pruning score is not a finite number; the network that was scored has"):
        select(scores, masks, fraction=HALF, structure=structure)
    masks["wide"][1, 2] = False
    select(scores, masks, fraction=HALF, structure=structure)


# Tiles.


@given(
    st.sampled_from([(2, 4), (1, 2), (2, 1), (2, 8)]),
    fractions,
    st.sampled_from(["global", "layer"]),
    st.integers(0, 99),
)
def test_tiles_go_whole_and_exactly_so_many_stay(form: tuple[int, int], part: Fraction, scope: str, seed: int) -> None:
    shapes = {"conv": (6, 4, 2, 3) if form[1] != 8 else (6, 4, 2, 2), "out": (4, 8)}
    structure = f"block-{form[0]}x{form[1]}"
    masks = {name: score > -0.5 for name, score in scattered(shapes, seed + 1000).items()}
    for round_ in range(2):
        before = groups(masks, structure)
        kept = select(scattered(shapes, seed + round_), masks, fraction=part, scope=scope, structure=structure)
        after = groups(kept, structure)
        for name in shapes:
            wide = after[name].repeat_interleave(form[0], 0).repeat_interleave(form[1], 1)
            assert torch.equal(as_rows(kept[name]), as_rows(masks[name]) & wide)
            if scope == "layer":
                assert int(after[name].sum()) == round((1 - part) * int(before[name].sum()))
        if scope == "global":
            assert count(after) == round((1 - part) * count(before))
        masks = kept


def test_a_tile_is_worth_the_squares_of_what_exists_in_it() -> None:
    scores = {"w": torch.tensor([[3.0, 0.0, 2.0, 2.0], [0.0, 9.0, 2.0, 2.0]]), "out": torch.zeros(2, 2)}
    masks = everything({"w": (2, 4), "out": (2, 2)})
    masks["w"][1, 1] = False
    kept = select(scores, masks, fraction=Fraction(2, 3), structure="block-2x2")
    assert kept["w"].tolist() == [[False, False, True, True]] * 2, "3² against four times 2²; the 9 is gone"
    kept = select(scores, masks, fraction=Fraction(5, 6), structure="block-1x2")
    assert kept["w"].tolist() == [[True, True, False, False], [False] * 4], "3² against twice 2²"


def test_scores_below_zero_count_against_their_group() -> None:
    scores = {"w": torch.tensor([[-5.0, 1.0, 1.0, 1.0]]), "out": torch.zeros(1, 2)}
    kept = select(scores, everything({"w": (1, 4), "out": (1, 2)}), fraction=Fraction(2, 3), structure="block-1x2")
    assert kept["w"].tolist() == [[False, False, True, True]]
    assert channel_scores(torch.tensor([[3.0, -4.0], [-3.0, 4.0]]), torch.ones(2, 2).bool()).tolist() == pytest.approx(
        [-math.sqrt(7), math.sqrt(7)]
    )


def test_tiles_that_do_not_divide_a_layer_are_told_and_layers_may_stay_whole() -> None:
    shapes = {"body": (8, 12), "out": (10, 8)}
    scores, masks = scattered(shapes), everything(shapes)
    with pytest.raises(
        RequestError,
        match=r"structure 'block-4x4' does not fit out \(10, 8\): its 10 outputs are no multiple of 4\. What would fit "
        r"as R: 1, 2, 5, 10\.",
    ):
        select(scores, masks, fraction=HALF, structure="block-4x4")
    kept = select(scores, masks, fraction=HALF, structure="block-4x4", layers={"output": Fraction(0)})
    assert kept["out"].all()
    assert int(kept["body"].sum()) == 48


# Channels.


def test_channels_go_by_their_norm_and_never_those_of_the_output() -> None:
    weights, masks = scattered(SHAPES), everything(SHAPES)
    kept = select(magnitude(weights, masks), masks, fraction=Fraction(5, 14), structure="channel")
    norms = [
        (float(weights[name][row].norm()), name, row) for name in ("conv", "wide") for row in range(SHAPES[name][0])
    ]
    stay = {(name, row) for _, name, row in sorted(norms)[5:]}
    for name in ("conv", "wide"):
        for row in range(SHAPES[name][0]):
            assert bool(kept[name][row].all()) == bool(kept[name][row].any()) == ((name, row) in stay)
    assert kept["out"].all(), "without readers, only rows go"


@given(fractions, scopes, st.integers(0, 99))
def test_exactly_so_many_channels_stay_over_rounds(part: Fraction, scope: str, seed: int) -> None:
    masks = everything(SHAPES)
    for round_ in range(3):
        kept = select(scattered(SHAPES, seed + round_), masks, fraction=part, scope=scope, structure="channel")
        before, after = groups(masks, "channel"), groups(kept, "channel")
        assert not any(bool((kept[name] & ~masks[name]).any()) for name in SHAPES)
        if scope == "layer":
            assert count({"": after["wide"]}) == round((1 - part) * count({"": before["wide"]}))
        else:
            assert count(after) == round((1 - part) * count(before))
        masks = kept


def test_what_reads_a_channel_goes_with_it() -> None:
    shapes = {"first": (4, 1, 3, 3), "second": (6, 4, 3, 3), "flat": (5, 24), "out": (3, 5)}
    chain = {"first": "second", "second": "flat", "flat": "out"}
    masks = everything(shapes)
    kept = select(scattered(shapes), masks, fraction=HALF, structure="channel", scope="layer", readers=chain)
    rows = groups(kept, "channel")
    assert {name: int(alive.sum()) for name, alive in rows.items()} == {"first": 2, "second": 3, "flat": 2}
    for out, down in ((out, down) for out in range(6) for down in range(4)):
        assert bool(kept["second"][out, down].all()) == bool(rows["second"][out] and rows["first"][down])
    for out, place in ((out, place) for out in range(5) for place in range(24)):
        assert bool(kept["flat"][out, place]) == bool(rows["flat"][out] and rows["second"][place // 4])
    assert torch.equal(kept["out"], rows["flat"].unsqueeze(0).expand(3, 5))


def test_a_reader_has_a_place_for_each_channel() -> None:
    shapes = {"first": (4, 3), "second": (2, 6)}
    with pytest.raises(RequestError, match="second has 6 inputs, which cannot be first's 4 channels"):
        select(scattered(shapes), everything(shapes), fraction=HALF, structure="channel", readers={"first": "second"})


def test_channels_of_the_output_are_the_classes() -> None:
    with pytest.raises(
        RequestError, match=r"out is the output: its units are the classes\. Fractions of channels are of"
    ):
        select(
            scattered(SHAPES), everything(SHAPES), fraction=HALF, structure="channel", layers={"output": Fraction(1, 5)}
        )
    with pytest.raises(RequestError, match="channels of the output are the classes, and this network has no other"):
        select(scattered({"out": (3, 4)}), everything({"out": (3, 4)}), fraction=HALF, structure="channel")


@pytest.mark.parametrize("structure", ["2:4", "block-2x4", "channel", "weight"])
def test_what_was_given_stays(structure: str) -> None:
    scores, masks = scattered(SHAPES), everything(SHAPES)
    before = raw(scores), raw(masks)
    own = {"output": Fraction(0)} if structure != "channel" else {}
    kept = select(scores, masks, fraction=HALF, structure=structure, layers=own)
    assert raw(kept) != before[1]
    for mask in kept.values():
        mask.fill_(False)
    assert (raw(scores), raw(masks)) == before


def test_an_unknown_structure_is_refused() -> None:
    with pytest.raises(RequestError, match="unknown structure 'rows'; did you mean 'channel'"):
        select(scattered(SHAPES), everything(SHAPES), fraction=HALF, structure="rows")
