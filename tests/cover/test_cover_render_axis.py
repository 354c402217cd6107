"""The axis of the verdict: what lies where, as shares that drawing, text and LaTeX all use."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from sheets import CLAIM, HOSTILE, example

from whether.cover import axis
from whether.cover.axis_svg import svg
from whether.cover.render import render
from whether.cover.sheet import AxisRow
from whether.stats.verdict import KINDS, verdict

SVG = "{http://www.w3.org/2000/svg}"


def row(kind: Any, low: float | None, high: float | None, estimate: float | None = None, size: float = 1.0) -> AxisRow:
    came = verdict(kind, -math.inf if low is None else low, math.inf if high is None else high, size)
    return replace(CLAIM, kind=kind, low=low, high=high, estimate=estimate, size=size, verdict=came)


ROWS = [
    row(kind, low, high, (low + high) / 2, size)
    for kind in KINDS
    for size in (0.5, 3.0)
    for low, high in ((-4.0, -3.5), (-0.6, 0.1), (-0.2, 0.2), (0.4, 0.6), (2.9, 3.1), (5.0, 5.2))
]


@pytest.mark.parametrize("one", ROWS, ids=lambda one: f"{one.kind} {one.low} {one.size}")
def test_an_interval_lies_in_the_region_of_its_verdict(one: AxisRow) -> None:
    placed = axis.panels([one])[0].rows[0]
    assert placed.low is not None
    assert placed.high is not None
    inside = [word for low, high, word in placed.bands if low <= placed.low and placed.high <= high]
    assert (inside[0] if inside else "inconclusive") == one.verdict
    assert placed.bands[0][0] == 0.0
    assert placed.bands[-1][1] == 1.0


def test_places_are_to_scale() -> None:
    placed = axis.panels([row("not_worse", -0.5, 0.5, 0.0)])[0]
    (edge,), zero, low, high = placed.rows[0].edges, placed.rows[0].zero, placed.rows[0].low, placed.rows[0].high
    assert zero == placed.rows[0].dot
    assert (zero - edge) == pytest.approx(2 * (zero - low)) == pytest.approx(high - low)
    assert {label: share for share, label in placed.marks}["−1.0"] == pytest.approx(edge)


def test_what_is_open_or_far_goes_on() -> None:
    assert axis.panels([row("above", 2.0, None, 3.0)])[0].rows[0].beyond == (False, True)
    assert axis.panels([row("exceeds", -1e9, 2.0, 0.0)])[0].rows[0].beyond == (True, False)
    bare = axis.panels([row("same", None, None)])[0].rows[0]
    assert (bare.low, bare.high, bare.dot, bare.beyond) == (None, None, None, (False, False))


def test_units_and_bounds_stand_apart() -> None:
    rows = [CLAIM, replace(CLAIM, unit="it"), row("below", 0.0, 0.5), CLAIM, CLAIM]
    assert [(panel.unit, panel.bound, len(panel.rows)) for panel in axis.panels(rows)] == [
        ("points", False, 2),
        ("it", False, 1),
        ("points", True, 1),
    ]
    assert "and 1 more in cover.json" in svg(rows)


@pytest.mark.parametrize("paper", [False, True])
def test_the_drawing_is_well_formed_and_stays_within(paper: bool) -> None:
    for rows in ([], [replace(CLAIM, said=HOSTILE, unit=HOSTILE)] * 2, *([one] for one in ROWS)):
        drawn = svg(rows, paper=paper)
        if not rows:
            assert drawn == ""
            continue
        root = ET.fromstring(drawn)
        wide, tall = map(float, root.attrib["viewBox"].split()[2:])
        for rect in root.iter(f"{SVG}rect"):
            assert 0 <= float(rect.attrib["x"]) <= float(rect.attrib["x"]) + float(rect.attrib["width"]) <= wide + 0.02
        assert all(0 < float(text.attrib["y"]) <= tall for text in root.iter(f"{SVG}text"))
        assert ("var(--" in drawn) != paper


def test_it_is_told_to_those_who_cannot_see_it() -> None:
    root = ET.fromstring(svg([CLAIM], name="a"))
    assert root.attrib["role"] == "img"
    said = root.findtext(f"{SVG}desc")
    assert said == (
        "Tickets at 7 % are at most a point worse than the dense network: −0.23 points, 90 % interval −0.45 to −0.01; "
        "a yes needs all of it above −1 point; yes."
    )


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (row("exceeds", 2.0, 3.0, 2.5), "no ···············│·············├──────●──────┤··· yes"),
        (row("same", -0.4, 1.6, 0.6), "no ···│·······├──────────────●───────┼────────┤··· no"),
        (row("below", 2.0, None, 3.0, 5.0), "yes ··├──────────●───────────────────────┼──────► no"),
        (row("above", None, None), "no"),
    ],
)
def test_as_a_line_of_text(one: AxisRow, line: str) -> None:
    told = axis.text_line(one, 46)
    first, signs, last = told.split(" ")
    assert (first, last) == (line.split(" ")[0], "no" if one.kind in ("same", "below") else "yes")
    assert len(signs) == 46
    assert ("●" in signs) == (one.estimate is not None)
    assert ("►" in signs) == (one.low is not None and one.high is None)
    order = [sign for sign in signs if sign in "│┼├┤►●"]
    assert order == [sign for sign in line if sign in "│┼├┤►●"] or one.low is None


def test_the_only_claim_is_named_in_every_form() -> None:
    """Two arms' difference says nothing without their names."""
    made = render(replace(example(), axis=[replace(CLAIM, said="blue exceeds green by more than 1 point")]))
    for form in ("cover.html", "cover.md", "cover.tex"):
        assert b"blue exceeds green by more than 1 point" in made[form], form
    assert ">blue exceeds green" in made["cover.html"].decode()  # drawn, not only read aloud
