"""The percentile bootstrap: against every draw tried, the same bits from the same stream, and how little it covers."""

import math
from collections.abc import Callable, Mapping
from itertools import chain, product

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from whether.errors import RequestError
from whether.seeds import Seed, Stream
from whether.stats import Interval, iqm, percentile_bootstrap, probability_of_improvement

Runs = Mapping[str, list[float]]
STREAM = Stream(Seed(5), "display")


def mean(scores: Runs) -> float:
    return math.fsum(math.fsum(runs) / len(runs) for runs in scores.values()) / len(scores)


def shown(*arms: Runs, draws: int = 4000, alpha: float = 0.05, of: Callable[..., float] = mean) -> Interval:
    return percentile_bootstrap(of, *arms, alpha=alpha, stream=STREAM, draws=draws)


@pytest.mark.parametrize("alpha", [0.025, 0.1])
def test_one_task_against_every_draw(alpha: float) -> None:
    runs = [0.2, 1.1, 0.5, 0.65]
    every = [math.fsum(chosen) / 4 for chosen in product(runs, repeat=4)]
    found = shown({"digits": runs}, draws=40_000, alpha=alpha)
    assert (found.low, found.high) == pytest.approx(np.quantile(every, [alpha, 1 - alpha]), abs=0.012)
    assert (found.estimate, found.n, found.alpha) == (mean({"digits": runs}), 4, alpha)
    assert found.method == "percentile bootstrap"
    assert "for display" in found.note


def test_runs_are_drawn_within_their_task() -> None:
    # Tasks lie far apart, runs of one near each other: drawn across tasks the mean would vary by tens.
    found = shown({"easy": [100.0, 100.2, 100.4], "hard": [0.0, 0.2, 0.4]})
    assert 50.0 <= found.low < found.estimate < found.high <= 50.4
    seen: set[tuple[float, ...]] = set()

    def look(scores: Runs) -> float:
        seen.update(tuple(sorted(runs)) for runs in scores.values())
        assert all(run > 50 for run in scores["easy"])
        assert [len(runs) for runs in scores.values()] == [3, 3]
        return 0.0

    shown({"easy": [100.0, 100.2, 100.4], "hard": [0.0, 0.2, 0.4]}, of=look)
    assert len(seen) == 20  # ten ways to draw three of three, in each task


def test_arms_and_tasks_are_drawn_independently() -> None:
    runs = [float(x) for x in range(8)]
    found: list[tuple[float, ...]] = []

    def look(one: Runs, other: Runs) -> float:
        found.append(tuple(mean({"": arm[task]}) for arm in (one, other) for task in ("a", "b")))
        return 0.0

    shown({"a": runs, "b": runs}, {"a": runs, "b": runs}, of=look)
    apart = np.corrcoef(np.array(found[1:]).T) - np.eye(4)
    assert np.abs(apart).max() < 4 / math.sqrt(4000)


def test_the_same_stream_gives_the_same_bits_in_whatever_order_tasks_stand() -> None:
    a, b = {"x": [1.0, 2.0, 4.0], "y": [3.0, 3.5]}, {"x": [0.0, 1.5], "y": [3.0, 9.0, 1.0]}
    one = shown(a, b, of=probability_of_improvement)
    assert one == shown(a, b, of=probability_of_improvement)
    assert one == shown(dict(reversed(a.items())), dict(reversed(b.items())), of=probability_of_improvement)
    assert one != percentile_bootstrap(
        probability_of_improvement, a, b, alpha=0.05, stream=Stream(Seed(6), "display"), draws=4000
    )
    assert 0 <= one.low <= one.estimate <= one.high <= 1
    assert one.n == 2


def test_a_statistic_of_all_runs_at_once() -> None:
    found = shown({"x": [1.0, 2.0, 3.0], "y": [2.0, 30.0]}, of=lambda scores: iqm(chain(*scores.values())))
    assert found.estimate == iqm([1, 2, 3, 2, 30])
    assert found.low < found.estimate < found.high


def test_one_run_shows_no_spread() -> None:
    found = shown({"x": [1.0, 2.0], "y": [3.0]})
    assert (found.low, found.high, found.n) == (-math.inf, math.inf, 1)
    assert "a task with one run shows no spread" in found.note


def covered(n: int, tasks: int, trials: int, draws: int = 400) -> float:
    """How often the 90 % interval of a mean over tasks covers 0, in arrays."""
    draw, hits = np.random.default_rng((n, tasks)), 0
    for _ in range(trials // 50):
        runs = draw.standard_normal((50, 1, tasks, n))
        chosen = draw.integers(0, n, (50, draws, tasks, n))
        means = np.take_along_axis(runs, chosen, axis=3).mean(axis=(2, 3))
        low, high = np.quantile(means, [0.05, 0.95], axis=1)
        hits += int(np.sum((low <= 0) & (high >= 0)))
    return hits / trials


@pytest.mark.parametrize(
    ("tasks", "want"), [(1, (0.61, 0.78, 0.84)), (2, (0.74, 0.82, 0.86)), (10, (0.81, 0.855, 0.88))]
)
def test_it_covers_as_little_as_documented(tasks: int, want: tuple[float, ...]) -> None:
    found = [covered(n, tasks, 1500 if tasks < 10 else 600) for n in (3, 5, 10)]
    assert found == pytest.approx(want, abs=0.035 if tasks < 10 else 0.05)


@pytest.mark.long
@pytest.mark.parametrize(("tasks", "want"), [(1, (0.61, 0.78, 0.84)), (2, (0.74, 0.82, 0.86))])
def test_it_covers_as_little_as_documented_by_more_trials(tasks: int, want: tuple[float, ...]) -> None:
    assert [covered(n, tasks, 15_000, 1000) for n in (3, 5, 10)] == pytest.approx(want, abs=0.012)


def test_what_very_many_tasks_would_cover() -> None:
    found = [2 * ndtr(-ndtri(0.05) * math.sqrt((n - 1) / n)) - 1 for n in (3, 5, 10)]
    assert found == pytest.approx([0.82, 0.86, 0.88], abs=0.005)


def test_the_arrays_draw_as_the_function_does() -> None:
    runs = np.random.default_rng(2).standard_normal((60, 2, 4))
    found = [shown({"a": list(one), "b": list(other)}, draws=2000) for one, other in runs]
    draw = np.random.default_rng(3)
    chosen = draw.integers(0, 4, (60, 2000, 2, 4))
    means = np.take_along_axis(runs[:, None], chosen, axis=3).mean(axis=(2, 3))
    low, high = np.quantile(means, [0.05, 0.95], axis=1)
    assert [one.low for one in found] == pytest.approx(low, abs=0.12)
    assert np.mean([one.low for one in found]) == pytest.approx(low.mean(), abs=0.01)
    assert np.mean([one.high for one in found]) == pytest.approx(high.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: shown(), "at least one arm and 100 draws, got 0 arms"),
        (lambda: shown({"a": [1.0, 2.0]}, draws=99), "got 1 arms and draws=99"),
        (lambda: shown({"a": [1.0, 2.0]}, alpha=0.5), "below 0.5, got 0.5"),
        (lambda: shown({"a": [1.0, 2.0]}, {"a": []}), "arm 1, task 'a': got no values"),
        (lambda: shown({"a": [1.0, 2.0]}, of=lambda scores: math.nan), "the statistic returned nan; expected a finite"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()
