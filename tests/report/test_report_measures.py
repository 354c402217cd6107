"""Measures other than accuracies, few replicates, published figures: what figures and text make of them."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import measure_cases
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from report_cases import asked, column, concluded

from whether.answer import Answer
from whether.question import Published, at, exceeds
from whether.report import published, style, wording
from whether.report.chart import from_zero, logarithmic
from whether.report.extent import cut, extent
from whether.report.lines import against_axis
from whether.report.numbers import number, with_unit
from whether.report.text import as_text
from whether.report.together import along_axis, groups

Drawn = dict[str, dict[str, Figure]]


def test_accuracies_and_barriers_have_no_axis_in_common(answers: dict[str, Answer]) -> None:
    found = [{arm.measure for arm in group} for group in along_axis(answers["connectivity"])]
    assert found == [{"barrier"}, {"accuracy"}]


def test_what_a_claim_compares_has() -> None:
    columns = [column(name, [1.0, 2.0], measure=f"mine:{name}", unit="nats") for name in ("law", "line", "other")]
    claim = exceeds("line", "law", by=0.1, unit="nats", because="x")
    answer = concluded(asked([claim], name="n", text="t"), columns)
    assert [[arm.arm for arm in group] for group in groups(answer)] == [["law", "line"], ["other"]]


@pytest.mark.parametrize(
    ("measure", "unit", "expected"),
    [
        ("accuracy", "points", (0.0, 100.0)),
        ("barrier", "points", (0.0, 100.0)),
        ("loss", "nats", (0.0, math.inf)),
        ("step_time", "ms", (0.0, math.inf)),
        ("hessian_eigenvalue", "", (-math.inf, math.inf)),
        ("mine:gain", "points", (-math.inf, math.inf)),
    ],
)
def test_what_a_measure_can_be(measure: str, unit: str, expected: tuple[float, float]) -> None:
    claim = exceeds("a", "b", by=1.0, unit=unit, because="x")
    columns = [column(name, [1.0, 2.0], measure=measure, unit=unit) for name in "ab"]
    assert extent(concluded(asked([claim], name="n", text="t"), columns).arms[0]) == expected


def test_two_accuracies_have_no_interval_beyond_100(answers: dict[str, Answer], drawn: Drawn) -> None:
    dense = next(arm for arm in answers["pair"].arms if arm.arm == "dense")
    assert dense.high is not None
    assert dense.high > 102
    assert cut(dense)[1] == 100.0
    assert wording.arm_interval(dense, answers["pair"]).endswith("to 100.0")
    axes = drawn["pair"]["against_axis"].axes[0]
    assert 100 < axes.get_ylim()[1] < 102
    assert max(axes.get_yticks()) <= 100
    assert min(drawn["pair"]["arms"].axes[0].get_xticks()) >= 0


def test_a_mean_beyond_its_measure_is_kept() -> None:
    claim = exceeds("a", "b", by=1.0, because="x")
    columns = [column(name, [-0.2, -0.1], measure="barrier", better="lower") for name in "ab"]
    arm = concluded(asked([claim], name="n", text="t"), columns).arms[0]
    assert cut(arm)[0] == pytest.approx(-0.15)


def test_units_of_means(answers: dict[str, Answer]) -> None:
    told = {
        f"{name}: {arm.arm}": wording.mean_unit(arm)
        for name in ("connectivity", "ratios")
        for arm in answers[name].arms
    }
    assert told["connectivity: barrier at 0"] == "points"
    assert told["connectivity: accuracy at 0"] == "%"
    assert [told[f"ratios: {arm}"] for arm in ("sparse over dense", "step of dense", "variance")] == [
        "times",
        "ms",
        "points²",
    ]
    assert with_unit("1", "times") == "1 times"
    assert (number(0.0, 5), number(-8.23e-7, 5)) == ("0", "−8.2e−07")


def lines_and_labels(figure: Figure) -> list[tuple[float, tuple[float, float, float, float]]]:
    """Where the sizes of interest of each panel are drawn, beside every text on the same row, in pixels."""
    with style.styled():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        texts = [text.get_window_extent(renderer) for text in figure.texts if text.get_text()]
    found = []
    for axes in figure.axes:
        for drawn in axes.collections:
            if isinstance(drawn, LineCollection) and drawn.get_zorder() == 2:
                for (x, top), (_, foot) in drawn.get_segments():
                    (px, a), (_, b) = axes.transData.transform([(x, top), (x, foot)])
                    low, high = sorted((a, b))
                    found += [(px, (t.x0, t.x1, low, high)) for t in texts if low < (t.y0 + t.y1) / 2 < high]
    return found


@pytest.mark.parametrize("name", ["beyond", "ratios", "lottery", "pair"])
def test_no_label_lies_on_a_line_of_a_size(name: str, drawn: Drawn) -> None:
    beside = lines_and_labels(drawn[name]["claims"])
    assert beside
    assert [text for x, text in beside if text[0] < x < text[1]] == []


def test_places_from_zero_on_a_logarithm() -> None:
    scale = from_zero(10.0, 2000.0)
    shares = [scale.share(x) for x in (0.0, 5.0, 10.0, 100.0, 1000.0, 2000.0)]
    assert shares == sorted(shares)
    assert shares[3] - shares[2] == pytest.approx(shares[4] - shares[3])
    assert shares[1] == pytest.approx((shares[0] + shares[2]) / 2)
    figure = style.sheet(100)
    axes = style.panel(figure, left=10, top=10, width=200, height=50)
    scale.apply_x(axes)
    seen = [axes.transAxes.inverted().transform(axes.transData.transform((x, 0)))[0] for x in (0.0, 10.0, 500.0)]
    assert seen == pytest.approx([scale.share(x) for x in (0.0, 10.0, 500.0)])


def test_labels_that_would_touch_are_left_out() -> None:
    scale = logarithmic(9.0, 2100.0).spaced(120.0)
    assert "10" in scale.labels
    assert "100" in scale.labels
    assert "1000" in scale.labels
    assert "2000" not in scale.labels


def test_a_bound_is_a_line_where_the_arms_are(answers: dict[str, Answer], drawn: Drawn) -> None:
    lines = drawn["connectivity"]["against_axis"].axes[0].lines
    assert any(set(line.get_ydata()) == {2.0} for line in lines)


class TestPublished:
    def test_each_stands_beside_its_arm_or_a_dash(self, answers: dict[str, Answer]) -> None:
        first, second, third = published.rows(answers["connectivity"])
        assert (first.arm, first.published, second.ours, third.ours) == ("barrier at 0", "1 point", "–", "–")
        assert first.ours.startswith("38.")
        assert third.published == "5 ± 0.25 points"
        assert "decide nothing" in published.said(answers["connectivity"])
        assert "differs from that of this answer" in published.said(answers["connectivity"])
        assert "differs from" not in published.said(answers["pair"])
        assert published.said(answers["lottery"]) == ""

    def test_they_are_hollow_marks_of_their_family(self, answers: dict[str, Answer]) -> None:
        figure = against_axis(answers["pair"])
        marks = [line for line in figure.axes[0].lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 3]
        assert [list(line.get_ydata()) for line in marks] == [[91.9, 91.7, 91.0]]
        assert marks[0].get_markerfacecolor() == style.colour("paper")
        assert "published" in [text.get_text() for text in figure.texts]
        assert "published" not in [text.get_text() for text in against_axis(answers["lottery"]).texts]

    def test_other_units_and_strangers_are_not_drawn(self, answers: dict[str, Answer]) -> None:
        group = along_axis(answers["pair"])[0]
        strange = [
            Published(arm=at("ticket", 10.0), value=1.0, unit="nats", source="s"),
            Published(arm=at("another", 10.0), value=1.0, unit="%", source="s"),
            Published(arm="ticket at last", value=1.0, unit="%", source="s"),
            Published(arm="ticket", value=1.0, unit="%", source="s"),
        ]
        assert published.points(replace(answers["pair"], published=strange), group) == {}

    def test_the_page_and_the_text_tell_them(
        self, answers: dict[str, Answer], rendered: dict[str, dict[str, bytes]]
    ) -> None:
        page = rendered["connectivity"]["report.html"].decode()
        assert '<h2 id="published-head">Beside the published figures</h2>' in page
        assert "Frankle et al. (2020), figure 3" in page
        assert "ResNet-20" in page
        assert "published-head" not in rendered["lottery"]["report.html"].decode()
        text = as_text(answers["pair"])
        assert "Beside the published figures" in text
        assert text.count("A. Author (2020), table 2") == 1
        assert max(map(len, text.splitlines())) <= 100

    def test_an_answer_keeps_them_and_older_ones_are_read(self, answers: dict[str, Answer]) -> None:
        answer = answers["connectivity"]
        assert Answer.from_json(answer.to_json()).published == answer.published
        older = json.loads(answers["lottery"].to_json())
        assert "published" not in older
        assert Answer.from_json(json.dumps(older)).published == []


def test_the_pair_has_two_replicates() -> None:
    assert measure_cases.pair().replicates == 2
