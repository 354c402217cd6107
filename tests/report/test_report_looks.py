"""The figures of a study: what each look showed, and the chances of a yes and of a no by replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.axes import Axes
from report_cases import asked, column, concluded
from study_cases import POWER_BY_N
from test_report_figures import boxes, outside, overlapping, words

from whether.answer import Answer
from whether.question import below, same
from whether.report import answerable_figure, looks_figure, style
from whether.report.answerable_figure import answerable
from whether.report.captions import caption
from whether.report.looks_figure import looks


def dots(axes: Axes) -> list[tuple[float, float, bool]]:
    """Every dot: where, and whether it is full."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]), line.get_markerfacecolor() != style.LIGHT["paper"])
        for line in axes.lines
        if line.get_marker() == "o"
    ]


def test_every_claim_has_a_panel_with_a_dot_for_each_look(answers: dict[str, Answer]) -> None:
    answer = answers["open"]
    first, second = looks(answer).axes
    assert [(x, full) for x, _, full in dots(first)] == [(5, False), (10, False), (20, False)]
    assert [(x, full) for x, _, full in dots(second)] == [(5, False), (10, True)]
    assert [y for _, y, _ in dots(first)] == [look.estimates[0] for look in answer.looks]


def test_bars_are_the_intervals_of_the_looks(answers: dict[str, Answer]) -> None:
    answer = answers["open"]
    axes = looks(answer).axes[0]
    low, high = axes.get_ylim()
    bars = [lines.get_segments()[0] for lines in axes.collections if hasattr(lines, "get_segments")]
    for look, bar in zip(answer.looks, bars, strict=True):
        assert look.lows[0] is not None
        assert look.highs[0] is not None
        assert bar[:, 0].tolist() == [look.n, look.n]
        assert bar[:, 1].tolist() == [max(look.lows[0], low), min(look.highs[0], high)]


def test_the_decision_is_written_beside_it(answers: dict[str, Answer]) -> None:
    assert {"? open", "n = 20", "✓ yes", "at n = 10"} <= set(words(looks(answers["open"])))
    assert words(looks(answers["confirmed"])).count("at n = 10") == 2


def test_the_axis_goes_on_to_what_was_planned(answers: dict[str, Answer]) -> None:
    assert [label.get_text() for label in looks(answers["confirmed"]).axes[0].get_xticklabels()] == ["5", "10", "20"]


def seen_at(ns: Sequence[int], *, claims: Sequence[Any], spread: float) -> Answer:
    values = [spread * (1 if index % 2 else -1) for index in range(ns[-1])]
    columns = [column("a", [1.0 + value for value in values], unit="nats"), column("b", [0.0] * ns[-1], unit="nats")]
    return concluded(asked(claims, name="n", text="t", looks=list(ns)), columns)


@pytest.mark.parametrize("spread", [0.01, 1.0, 50.0])
@pytest.mark.parametrize("ns", [(2, 4), (3, 30), (4, 5, 6, 7, 8)])
def test_any_looks_fit_the_figure(ns: tuple[int, ...], spread: float) -> None:
    claims = [
        same("a", "b", within=1.5, unit="nats", because="x"),
        below("a", 0.7, unit="nats", because="x"),
        *(same("a", "b", within=size, unit="nats", because="x") for size in (0.2, 0.4, 0.8)),
    ]
    answer = seen_at(ns, claims=claims, spread=spread)
    figure = looks(answer)
    assert len(figure.axes) == 4
    found = boxes(figure)
    assert outside(figure, found) == []
    assert overlapping(found) == []
    assert "The first four claims are drawn." in caption("looks", answer).text
    assert "mean (nats)" in words(figure)


def test_what_is_read_aloud_names_every_look(answers: dict[str, Answer]) -> None:
    said = looks_figure.spoken(answers["open"])
    assert "ticket is not worse than dense by 1 point or more: inconclusive with 5 replicates at " in said
    assert "yes with 10 replicates at " in said


def test_chances_are_two_lines_with_the_number_that_was_chosen() -> None:
    figure = answerable(POWER_BY_N, power=0.8, chosen=20)
    axes = figure.axes[0]
    yes, no = (line for line in axes.lines if len(line.get_xdata()) == len(POWER_BY_N["n"]))
    assert list(yes.get_xdata()) == POWER_BY_N["n"]
    assert list(yes.get_ydata()) == [100 * share for share in POWER_BY_N["yes"]]
    assert list(no.get_ydata()) == [100 * share for share in POWER_BY_N["no"]]
    assert [line.get_ydata()[0] for line in axes.lines if set(line.get_xdata()) == {0, 1}] == [80.0]
    assert [line.get_xdata()[0] for line in axes.lines if set(line.get_ydata()) == {0, 1}] == [20]
    assert {"n = 20", "a yes", "a no", "chance of the answer that is true (%); dashed: the 80 % asked for"} <= set(
        words(figure)
    )


@pytest.mark.parametrize(
    ("curve", "chosen"),
    [
        (POWER_BY_N, 20),
        (POWER_BY_N, 3),
        (POWER_BY_N, None),
        (POWER_BY_N, 200),
        ({"n": [8], "yes": [0.5], "no": [0.9]}, 8),
        ({"n": list(range(2, 200)), "yes": [1.0] * 198, "no": [0.0] * 198}, 100),
    ],
)
def test_any_chances_fit_the_figure(curve: dict[str, list[float]], chosen: int | None) -> None:
    figure = answerable(curve, power=0.8, chosen=chosen)
    found = boxes(figure)
    assert outside(figure, found) == []
    assert overlapping(found) == []
    assert any(text.startswith("n = ") for text, _, _ in found) == (chosen is not None)


def test_chances_need_no_answer_and_repeat_their_bytes() -> None:
    first, second = (style.svg(answerable(POWER_BY_N, power=0.9, chosen=None)) for _ in range(2))
    assert first == second
    assert b"dashed: the 90 % asked for" in first


def test_the_chances_are_read_aloud() -> None:
    assert answerable_figure.spoken(POWER_BY_N, power=0.8, chosen=10) == (
        "Chances of a yes and of a no: with 10 replicates 86 % and 81 %; 80 % is asked for."
    )
    assert answerable_figure.spoken(POWER_BY_N, power=0.8, chosen=None).count("replicates") == 11


def test_the_caption_tells_the_chances_and_where_the_spread_is_from(answers: dict[str, Answer]) -> None:
    told = caption("answerable", answers["underpowered"]).text
    assert "a yes comes with a chance of 34 %" in told
    assert told.endswith("Standard deviation: 0.94 points: a pilot of 5 replicates, its upper 80 % limit.")
    bare = replace(answers["underpowered"], study={**answers["underpowered"].study, "sd": ""})
    assert caption("answerable", bare).text.endswith("was asked for.")
