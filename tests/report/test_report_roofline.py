"""A roofline: what is under which roof, in the figure, in words, and in a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from whether.answer import Answer
from whether.report import roofline_figure
from whether.report.captions import caption
from whether.report.figures import drawings
from whether.report.roofline_figure import Place, bandwidths, peak, places
from whether.report.together import along_axis, apart

Drawn = dict[str, dict[str, Figure]]


def without(answer: Answer, measure: str) -> Answer:
    return replace(answer, arms=[arm for arm in answer.arms if arm.measure != measure])


def test_rates_go_with_their_intensities(answers: dict[str, Answer]) -> None:
    found = {(one.side, one.x): one for one in places(answers["roofs"])}
    assert len(found) == 7
    assert found["dense", None] == Place("dense", None, 23.5, 92.0)
    assert found["sparse", 10.0].intensity == pytest.approx(4.2)
    assert found["sparse", 10.0].rate == pytest.approx(19.0, abs=0.3)
    assert bandwidths(answers["roofs"]) == [("bandwidth of the memory", 25.0), ("bandwidth of the cache", 80.0)]
    assert peak(answers["roofs"]) == 100.0


def test_roofs_rise_with_the_bandwidth_and_are_level_at_the_peak(drawn: Drawn) -> None:
    axes = drawn["roofs"]["roofline"].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    memory, cache = axes.get_lines()[:2]
    for line, bandwidth in ((memory, 25.0), (cache, 80.0)):
        xs, ys = (np.asarray(values) for values in line.get_data())
        assert ys == pytest.approx(np.minimum(100.0, bandwidth * xs))
        assert xs[1] == pytest.approx(100.0 / bandwidth)
    assert cache.get_data()[0][-1] == pytest.approx(4.0)  # where it meets the memory's
    assert memory.get_data()[0][-1] == axes.get_xlim()[1]


def test_every_side_is_in_view_and_named(drawn: Drawn, answers: dict[str, Answer]) -> None:
    axes = drawn["roofs"]["roofline"].axes[0]
    for one in places(answers["roofs"]):
        assert axes.get_xlim()[0] < one.intensity < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < one.rate < axes.get_ylim()[1]
    told = {text.get_text() for text in axes.texts}
    assert told >= {"dense", "sparse", "1 %", "10 %", "100 %", "memory, 25 GB/s", "cache, 80 GB/s"}
    assert "products, 100 GFLOP/s" in told


def test_names_do_not_touch(drawn: Drawn) -> None:
    figure = drawn["roofs"]["roofline"]
    renderer = figure.canvas.get_renderer()
    boxes = {
        text.get_text(): text.get_window_extent(renderer) for text in figure.axes[0].texts if not text.get_rotation()
    }
    names = list(boxes)
    touching = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if boxes[a].overlaps(boxes[b])]
    assert touching == []


def test_what_a_roofline_shows_no_other_figure_does(answers: dict[str, Answer]) -> None:
    answer = answers["roofs"]
    assert [{arm.measure for arm in group} for group in along_axis(answer)] == [{"speed_up"}, {"share_of_bound"}]
    assert apart(answer) == []
    assert set(drawings(answer)) == {"claims", "against_axis", "roofline"}


@pytest.mark.parametrize("measure", ["flop_rate", "intensity", "peak_flops", "peak_bandwidth"])
def test_without_a_part_there_is_none_and_the_rest_is_shown_as_ever(measure: str, answers: dict[str, Answer]) -> None:
    less = without(answers["roofs"], measure)
    assert "roofline" not in drawings(less)
    assert roofline_figure.rows(less) == []
    shown = {arm.measure for group in (*along_axis(less), *apart(less)) for arm in group}
    assert shown == {arm.measure for arm in less.arms}


def test_a_table_has_each_side_with_its_bound(
    answers: dict[str, Answer], rendered: dict[str, dict[str, bytes]]
) -> None:
    rows = {row[0]: row[1:] for row in roofline_figure.rows(answers["roofs"])}
    assert rows["dense"] == ("23.5", "100", "92.0", "92 %")
    assert rows["sparse at 1 %"][:2] == ("0.9", "23")
    assert rows["sparse at 100 %"][1] == "100"
    page = rendered["roofs"]["report.html"].decode()
    assert "The roofline in numbers" in page
    assert '<th scope="row">sparse at 1 %</th>' in page
    assert "The roofline in numbers" not in rendered["lottery"]["report.html"].decode()


def test_it_is_told_in_words(answers: dict[str, Answer]) -> None:
    told = caption("roofline", answers["roofs"])
    assert "bandwidth of the memory 25 GB/s, bandwidth of the cache 80 GB/s" in told.spoken
    assert "dense: 92.0 GFLOP/s at 23.5 FLOP/byte" in told.spoken
    assert "The dashed roof is that of data which stay in a cache" in told.text
    assert "Numbers beside marks are weights left in the layer (%)" in told.text
    one = replace(answers["roofs"], arms=[arm for arm in answers["roofs"].arms if arm.arm != "bandwidth of the cache"])
    assert "dashed" not in caption("roofline", one).text
