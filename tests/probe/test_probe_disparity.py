"""What something costs the weakest classes: against explicit loops, and without a bias where nothing is paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.probe.disparity import between, cost
from whether.seeds import Seed, Stream

FOLDS, CLASSES = 3, 4
SIZES = ("w4", "w8", "w16")


def parts_of(errors: dict[str, list[list[float]]]) -> dict[str, float]:
    """The parts of kinds' errors by fold and class, with as many examples of each class."""
    parts: dict[str, float] = {}
    for kind, folds in errors.items():
        for fold, of in enumerate(folds):
            parts |= {f"{kind}, {fold}, {label}": error for label, error in enumerate(of)}
            parts[f"{kind}, {fold}, accuracy"] = 100.0 - sum(of) / len(of)
    return parts


def drawn(seed: int, extra: float = 0.0) -> dict[str, list[list[float]]]:
    """Errors of three sizes and of tested networks that err as the middle one does, and more on classes 0 and 2."""
    weak, size = [20.0, 4.0, 15.0, 1.0], {"w4": 12.0, "w8": 4.0, "w16": 0.0, "tested": 4.0}
    noise = Stream(Seed(seed), "noise").normal(4 * FOLDS * CLASSES).reshape(4, FOLDS, CLASSES).tolist()
    found: dict[str, list[list[float]]] = {}
    for kind, of in zip(size, noise, strict=True):
        plus = [extra, -extra, extra, -extra] if kind == "tested" else [0.0] * CLASSES
        found[kind] = [[weak[c] + size[kind] + plus[c] + of[fold][c] for c in range(CLASSES)] for fold in range(FOLDS)]
    return found


def plainly(errors: dict[str, list[list[float]]], weakest: int, middle: str) -> float:
    """The value, fold by fold."""
    total = 0.0
    for fold in range(FOLDS):
        others = [k for k in range(FOLDS) if k != fold]
        weakness = []
        for label in range(CLASSES):
            pooled = [errors[kind][k][label] for kind in ("tested", middle) for k in others]
            weakness.append((sum(pooled) / len(pooled), label))
        named = [label for _, label in sorted(weakness, reverse=True)[:weakest]]
        mean = {kind: [sum(of) / CLASSES for of in folds] for kind, folds in errors.items()}
        level = {kind: sum(mean[kind][k] for k in others) / len(others) for kind in errors}
        excess = {kind: sum(errors[kind][fold][c] for c in named) / weakest - mean[kind][fold] for kind in errors}
        at = level["tested"]
        low, high = sorted(SIZES, key=lambda kind: abs(level[kind] - at))[:2]
        if min(level[low], level[high]) <= at <= max(level[low], level[high]):
            part = (at - level[low]) / (level[high] - level[low])
            dense = (1 - part) * excess[low] + part * excess[high]
        else:
            bracket = [kind for kind in SIZES if level[kind] > at], [kind for kind in SIZES if level[kind] <= at]
            above = min(bracket[0], key=lambda kind: level[kind], default=None)
            below = max(bracket[1], key=lambda kind: level[kind], default=None)
            if above is None or below is None:
                dense = excess[above or below or ""]
            else:
                part = (at - level[below]) / (level[above] - level[below])
                dense = (1 - part) * excess[below] + part * excess[above]
        total += (excess["tested"] - dense) / FOLDS
    return total


@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from(SIZES))
def test_it_is_that_of_explicit_loops(seed: int, weakest: int, middle: str) -> None:
    errors = drawn(seed, extra=3.0)
    assert cost(parts_of(errors), weakest=weakest, middle=middle) == pytest.approx(plainly(errors, weakest, middle))


def test_what_is_paid_extra_is_found_and_nothing_where_nothing_is() -> None:
    for extra, low, high in ((0.0, -0.3, 0.3), (3.0, 2.7, 3.3)):
        found = [cost(parts_of(drawn(seed, extra)), weakest=2, middle="w8") for seed in range(60)]
        assert low < sum(found) / len(found) < high


def test_what_is_compared_errs_alike_overall() -> None:
    found = [cost(parts_of(drawn(seed, 3.0)), weakest=2, middle="w8", tell="overall") for seed in range(60)]
    assert abs(sum(found) / len(found)) < 0.2


def test_the_dense_side_is_told_alone() -> None:
    weak = [20.0, 4.0, 15.0, 1.0]
    errors = {kind: [weak] * FOLDS for kind in (*SIZES, "tested")}
    assert cost(parts_of(errors), weakest=2, middle="w8", tell="weakness") == 17.5 - 10.0
    assert cost(parts_of(errors), weakest=1, middle="w4", tell="weakness") == 20.0 - 10.0


def test_a_network_does_not_name_what_it_is_asked_about() -> None:
    """One class is wrong in one fold alone: named in the others, where it is right, and not there."""
    errors = {kind: [[0.0, 10.0], [0.0, 10.0]] for kind in ("tested", "w4")}
    errors["tested"][0] = [90.0, 10.0]
    value = cost(parts_of(errors), weakest=1, middle="w4")
    fold_0 = (10.0 - 50.0) - (10.0 - 5.0)  # class 1 is named by fold 1, though class 0 is the weaker one here
    fold_1 = (0.0 - 5.0) - (0.0 - 5.0)  # class 0 is named by fold 0, and right here
    assert value == (fold_0 + fold_1) / 2


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 100), min_size=1),
    st.floats(0, 100),
)
def test_weights_are_a_mean_at_the_level_within_the_ends(levels: dict[str, float], level: float) -> None:
    weights = between(levels, level)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert min(weights.values()) >= 0.0
    inside = min(max(level, min(levels.values())), max(levels.values()))
    assert sum(weight * levels[name] for name, weight in weights.items()) == pytest.approx(inside)
    assert len(weights) <= 2
