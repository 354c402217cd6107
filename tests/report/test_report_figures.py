"""Figures: which there are, what they show, that nothing lies outside or on top of anything, that bytes repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_answers import MAKERS
from report_cases import asked, column, concluded, lottery

from whether.answer import Answer, ClaimResult
from whether.question import at, below, exceeds, ordered
from whether.report import style
from whether.report.captions import caption
from whether.report.chart import linear, logarithmic, tick_labels
from whether.report.figures import against_axis, claims_axis, figures, learning_curves
from whether.report.lines import axis_scale, curves_range, curves_shown
from whether.report.rows import spread
from whether.report.together import along_axis

Boxes = list[tuple[str, Any, float]]
Drawn = dict[str, dict[str, Figure]]


def boxes(figure: Figure) -> Boxes:
    """Every text of a figure with its extent in points from the lower left corner, and its size."""
    with style.styled():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        scale = 72 / style.DPI
        found = []
        for text in texts:
            extent = text.get_window_extent(renderer)
            box = (extent.x0 * scale, extent.y0 * scale, extent.x1 * scale, extent.y1 * scale)
            found.append((text.get_text(), box, text.get_fontsize()))
        return found


def words(figure: Figure) -> list[str]:
    return [text for text, _, _ in boxes(figure)]


def outside(figure: Figure, found: Boxes) -> list[str]:
    across, down = (72 * inches for inches in figure.get_size_inches())
    return [
        text
        for text, (left, low, right, high), _ in found
        if left < -1 or low < -1 or right > across + 1 or high > down + 1
    ]


def overlapping(found: Boxes) -> list[tuple[str, str]]:
    touching = []
    for (one, a, _), (other, b, _) in combinations(found, 2):
        wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        if wide > 1 and tall > 1.5:
            touching.append((one, other))
    return touching


def test_every_answer_has_the_figures_that_apply(drawn: Drawn) -> None:
    assert {name: list(figures) for name, figures in drawn.items() if name != "hostile"} == {
        "lottery": ["claims", "against_axis", "learning_curves", "arms", "ladder"],
        "xor": ["claims", "shares"],
        "single": ["claims", "arms"],
        "diverged": ["claims", "arms"],
        "confirmed": ["claims", "looks", "answerable", "arms"],
        "open": ["claims", "looks", "answerable", "arms"],
        "underpowered": ["claims", "answerable", "arms"],
        "lost": ["claims", "arms"],
        "connectivity": ["claims", "against_axis"],
        "nats": ["claims", "against_axis", "ladder"],
        "ratios": ["claims", "arms", "arms_2", "arms_3"],
        "pair": ["claims", "against_axis", "arms"],
        "beyond": ["claims", "arms"],
        "roofs": ["claims", "against_axis", "roofline"],
    }


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_lies_outside_or_on_top_and_type_is_large_enough(name: str, drawn: Drawn) -> None:
    for figure in drawn[name].values():
        found = boxes(figure)
        assert outside(figure, found) == []
        assert overlapping(found) == []
        at_ten_centimetres = 10 / 10.5
        assert min(size for _, _, size in found) * at_ten_centimetres >= 8


@pytest.mark.parametrize(
    ("replicates", "densities"), [(1, (100.0, 51.2)), (2, (100.0, 50.0, 10.0)), (2, (100.0, 99.5))]
)
def test_few_replicates_and_few_places_draw_too(replicates: int, densities: tuple[float, ...]) -> None:
    for figure in figures(lottery(replicates, densities)).values():
        assert outside(figure, boxes(figure)) == []


def test_weights_left_run_from_dense_to_sparse_on_a_logarithm(drawn: Drawn) -> None:
    axes = drawn["lottery"]["against_axis"].axes[0]
    left, right = axes.get_xlim()
    assert left > 100 > 3.52 > right
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "10", "20", "50", "100"]


@pytest.mark.parametrize(
    ("name", "xs", "log", "reverse"),
    [
        ("weights left (%)", [100.0, 3.5], True, True),
        ("density (%)", [100.0, 40.0], False, True),
        ("rewound to (it)", [0.0, 500.0], False, False),
        ("rewound to (it)", [10.0, 5000.0], True, False),
        ("rewound to (it)", [0.0, 10.0, 500.0], True, False),
        ("step k (it)", [50.0, 1000.0], False, False),
        ("width", [8.0, 16.0], False, False),
    ],
)
def test_an_axis_is_chosen_by_its_name_and_range(name: str, xs: list[float], log: bool, reverse: bool) -> None:
    scale = axis_scale(name, xs)
    assert (scale.log, scale.reverse) == (log, reverse)
    assert scale.low < min(xs)
    assert scale.high > max(xs)


def test_families_are_lines_and_lone_arms_are_levels_with_a_band(answers: dict[str, Answer], drawn: Drawn) -> None:
    figure = drawn["lottery"]["against_axis"]
    dense = next(arm for arm in answers["lottery"].arms if arm.arm == "dense")
    levels = [line for line in figure.axes[0].lines if len(set(line.get_ydata())) == 1]
    assert any(line.get_ydata()[0] == dense.mean for line in levels)
    assert {"dense", "ticket", "random mask"} <= set(words(figure))


def test_names_stand_in_a_key_where_they_would_collide() -> None:
    columns = [column(at(name, x), [97.0, 97.1], family=name, x=x) for name in "abcdefgh" for x in (1.0, 2.0)]
    claims = [exceeds(at("a", 1.0), at("b", 1.0), by=1.0, because="x")]
    answer = concluded(asked(claims, name="n", text="t", axis="width"), columns)
    figure = against_axis(answer)
    assert set("abcdefgh") <= set(words(figure))
    assert overlapping(boxes(figure)) == []


def test_units_have_panels_of_their_own() -> None:
    accuracy = [column(at("net", x), [97.0, 97.1], family="net", x=x) for x in (1.0, 2.0)]
    steps = [column(at("stop", x), [200.0, 210.0], family="stop", x=x, unit="it", resolution=8.0) for x in (1.0, 2.0)]
    claims = [exceeds(at("net", 1.0), at("net", 2.0), by=1.0, because="x")]
    answer = concluded(asked(claims, name="n", text="t", axis="width"), [*accuracy, *steps])
    assert [group[0].unit for group in along_axis(answer)] == ["points", "it"]
    assert len(against_axis(answer).axes) == 2


def test_a_claim_far_out_of_view_is_an_arrow_with_its_value(answers: dict[str, Answer], drawn: Drawn) -> None:
    control = answers["lottery"].controls[0].claim
    assert control.estimate > 5 * control.size
    assert f"{control.estimate:.2f}" in words(drawn["lottery"]["claims"])


def test_an_unbounded_interval_is_an_arrow_at_both_rims(drawn: Drawn) -> None:
    axes = drawn["single"]["claims"].axes[0]
    low, high = axes.get_xlim()
    arrows = {line.get_marker(): line.get_xdata()[0] for line in axes.lines if line.get_marker() in "<>"}
    assert arrows == {"<": low, ">": high}


def test_bounds_and_other_units_have_panels_of_their_own(drawn: Drawn) -> None:
    assert len(drawn["xor"]["claims"].axes) == 2
    assert len(drawn["lottery"]["claims"].axes) == 2
    assert len(drawn["diverged"]["claims"].axes) == 1


def test_a_row_is_shaded_where_a_yes_and_a_no_lie(drawn: Drawn) -> None:
    from matplotlib.colors import to_hex

    axes = drawn["xor"]["claims"].axes[0]
    first: dict[str, tuple[float, float]] = {}
    for patch in axes.collections:
        tone = to_hex(patch.get_facecolor()[0]) if len(patch.get_facecolor()) else ""
        if tone in (style.LIGHT["yes-tint"], style.LIGHT["no-tint"]):
            xs = patch.get_paths()[0].vertices[:, 0]
            first.setdefault(tone, (min(xs), max(xs)))
    assert first[style.LIGHT["no-tint"]][1] == 25.0 == first[style.LIGHT["yes-tint"]][0]


numbers = st.floats(-1e5, 1e5).map(lambda value: round(value, 3))


@st.composite
def claim_results(draw: st.DrawFn) -> ClaimResult:
    kind = draw(st.sampled_from(["exceeds", "not_worse", "same", "below", "above"]))
    base = concluded(
        asked([exceeds("a", "b", by=1.0, because="x")], name="n", text="t"),
        [column("a", [1.0, 2.0]), column("b", [1.0, 1.5])],
    ).claims[0]
    middle, half = draw(numbers), draw(st.floats(1e-3, 1e5))
    return replace(
        base,
        kind=kind,
        right=None if kind in ("below", "above") else "b",
        size=draw(st.floats(1e-3, 1e4)),
        estimate=middle,
        low=draw(st.sampled_from([None, middle - half])),
        high=draw(st.sampled_from([None, middle + half])),
        verdict=draw(st.sampled_from(["yes", "no", "inconclusive"])),
    )


def test_a_mark_at_the_rim_hangs_over_no_side() -> None:
    claim = replace(MAKERS["single"]().claims[0], estimate=-24345.0, low=None, high=None, size=1.0)
    figure = claims_axis(replace(MAKERS["single"](), claims=[claim], secondary=[]))
    assert outside(figure, boxes(figure)) == []


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(claim_results(), min_size=1, max_size=3), st.lists(claim_results(), max_size=2))
def test_any_claims_fit_the_figure(claims: list[ClaimResult], others: list[ClaimResult]) -> None:
    answer = replace(MAKERS["single"](), claims=claims, secondary=others)
    figure = claims_axis(answer)
    assert outside(figure, boxes(figure)) == []
    for axes in figure.axes:
        assert all(math.isfinite(limit) for limit in axes.get_xlim())


def test_curves_are_those_of_the_claims_and_drawn_once(answers: dict[str, Answer]) -> None:
    answer = answers["lottery"]
    twice = replace(answer, curves={**answer.curves, "early stop of dense": answer.curves["dense"]})
    assert curves_shown(twice) == ["ticket at 10.7", "dense", "random re-initialisation at 10.7"]


def test_the_beginning_of_curves_is_cut_only_where_it_would_flatten_the_rest(answers: dict[str, Answer]) -> None:
    low, high, cut = curves_range(answers["lottery"])
    assert cut
    assert 50 < low < high < 100
    assert "is cut off" in caption("learning_curves", answers["lottery"]).text
    slow = {"dense": {"step": [0, 1, 2], "mean": [0.0, 50.0, 100.0], "low": [None] * 3, "high": [None] * 3}}
    assert curves_range(replace(answers["lottery"], curves=slow)) == (0.0, 100.0, False)


def test_a_curve_may_have_gaps_and_no_interval(answers: dict[str, Answer]) -> None:
    gaps = {"dense": {"step": [0, 1, 2, 3], "mean": [None, 50.0, None, 90.0], "low": [None] * 4, "high": [None] * 4}}
    drawn = learning_curves(replace(answers["lottery"], curves=gaps)).axes[0].lines[0].get_ydata()
    assert [value == value for value in drawn] == [False, True, False, True]
    nothing = {"dense": {"step": [0], "mean": [None], "low": [None], "high": [None]}}
    assert "learning_curves" not in figures(replace(answers["lottery"], curves=nothing))


def test_a_ladder_of_bounds_is_drawn_on_the_means_axis() -> None:
    columns = [column(at("barrier", k), [4.0 / k, 4.2 / k], family="barrier", x=k) for k in (1.0, 2.0, 4.0, 8.0)]
    rungs = ordered(*(below(at("barrier", k), 2.0, because="usual") for k in (8.0, 4.0, 2.0, 1.0)))
    question = asked(rungs.claims[:1], name="n", text="t", secondary=[rungs], axis="step k (it)")
    figure = figures(concluded(question, columns))["ladder"]
    assert {"mean (points)", "yes", "no"} <= set(words(figure))


@pytest.mark.parametrize("draw", [style.svg, style.png])
def test_the_same_answer_gives_the_same_bytes(draw: Callable[[Figure], bytes]) -> None:
    first, second = (claims_axis(MAKERS["xor"]()) for _ in range(2))
    assert draw(first) == draw(second)


def test_a_users_matplotlib_settings_change_nothing_and_stay() -> None:
    import matplotlib

    plain = style.svg(claims_axis(MAKERS["xor"]()))
    with matplotlib.rc_context({"font.size": 30, "xtick.direction": "in", "svg.fonttype": "path"}):
        assert style.svg(claims_axis(MAKERS["xor"]())) == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_text_stays_text_in_svg_and_nothing_says_when_it_was_made() -> None:
    drawn = style.svg(claims_axis(MAKERS["xor"]())).decode()
    assert ">pruned to 2 units exceeds fresh 2 units by more than 25 points</text>" in drawn
    assert "metadata" not in drawn
    assert "<dc:" not in drawn


def test_a_long_name_keeps_its_ends() -> None:
    with style.styled():
        (line,) = style.wrap("random re-initialisation " * 9 + "at 10.7", 120, lines=1)
        assert line.startswith("random")
        assert "…" in line
        assert line.endswith("at 10.7")
        assert style.text_width(line) <= 120
        assert style.wrap("one two three", 30, lines=3) == ["one", "two", "three"]


def test_marks_of_an_axis_are_round_and_within() -> None:
    assert linear(-0.4, 3.1).labels == ["0", "1", "2", "3"]
    assert logarithmic(3.0, 110.0).labels == ["5", "10", "20", "50", "100"]
    assert tick_labels([0.0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert tick_labels([-1e-7, 0.0, 1e-7]) == ["−1e−07", "0", "1e−07"]


@pytest.mark.parametrize("values", [[20.0] * 16, [290.0] * 24, [50.0] * 9 + [51.0] * 9 + [52.5] * 9, [100.0] * 50])
def test_equal_replicates_can_be_counted(values: list[float]) -> None:
    """No dot covers another, none is moved far, none leaves the line."""
    places = spread(values, [3.2] * len(values), 300.0)
    pairs = combinations(places, 2)
    assert all(one[1] != other[1] or abs(one[0] - other[0]) >= 3.2 for one, other in pairs)
    assert {row for _, row in places} == {0, 1, 2}
    assert all(abs(x - value) <= 30 and 0 <= x <= 300 for (x, _), value in zip(places, values, strict=True))


def test_too_many_equal_replicates_stay_where_they_belong() -> None:
    places = spread([150.0] * 500, [3.2] * 500, 300.0)
    assert places[-1] == (150.0, 0)
    assert max(abs(x - 150) for x, _ in places) <= 30
