"""Calibration error against a plain loop over bins, and by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from probe_nets import Says, written

from whether.errors import RequestError
from whether.probe.calibration import calibration, expected_calibration_error


def plain(logits: list[list[float]], y: list[int], bins: int) -> float:
    total = 0.0
    rows = []
    for row in logits:
        top = max(row)
        exps = [math.exp(value - top) for value in row]
        rows.append((max(exps) / sum(exps), row.index(top)))
    for place in range(bins):
        inside = [i for i, (sure, _) in enumerate(rows) if place / bins < sure <= (place + 1) / bins]
        if inside:
            right = sum(rows[i][1] == y[i] for i in inside) / len(inside)
            sure = sum(rows[i][0] for i in inside) / len(inside)
            total += len(inside) / len(y) * abs(right - sure)
    return 100 * total


rows = st.lists(
    st.tuples(st.lists(st.integers(-40, 40), min_size=3, max_size=3, unique=True), st.integers(0, 2)),
    min_size=1,
    max_size=40,
)


@given(rows, st.integers(1, 20))
def test_as_a_loop_over_bins(drawn: list[tuple[list[int], int]], bins: int) -> None:
    logits = [[value / 10 for value in row] for row, _ in drawn]
    y = [label for _, label in drawn]
    found = expected_calibration_error(torch.tensor(logits, dtype=torch.float64), torch.tensor(y), bins=bins)
    assert found == pytest.approx(plain(logits, y, bins), abs=1e-9)


def test_by_hand_and_on_a_split() -> None:
    logits = torch.tensor([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.45, 0.55]]).log()
    data = written(logits, torch.tensor([0, 0, 1, 1]))
    expected = 100 * (3 / 4 * abs(2 / 3 - 0.8) + 1 / 4 * abs(1 - 0.55))
    assert calibration(Says(), data, "test") == pytest.approx(expected, rel=1e-6)
    assert calibration(Says(), data, "test", bins=1) == pytest.approx(100 * abs(0.75 - (2.4 + 0.55) / 4), rel=1e-6)


@pytest.mark.parametrize("bins", [0, True, 2.5])
def test_bins_are_a_whole_number(bins: int) -> None:
    data = written(torch.eye(2), torch.tensor([0, 1]))
    with pytest.raises((RequestError, TypeError), match=r"whole number of bins, at least 1; got|bins"):
        calibration(Says(), data, "test", bins=bins)


def test_numbers_have_no_confidence() -> None:
    with pytest.raises(RequestError, match="about classes, and the labels of this data set are numbers"):
        calibration(Says(), written(torch.eye(2), torch.tensor([0.5, 1.5])), "test")
