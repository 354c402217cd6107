"""Both error rates of `all`, `any` and `ordered`, where errors are most likely, for independent and for tied claims."""

import math
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats as reference

from whether.stats import Rule, Verdict, chance, combine, mean_interval, verdict

ALPHA, SIZE, N, CLAIMS = 0.05, 1.0, 3, 3
EDGE, FAR, NONE = SIZE, SIZE + 60.0, SIZE - 60.0
WORDS: tuple[Verdict, ...] = ("inconclusive", "yes", "no")
TIES = {"independent": 0.0, "tied": 0.8, "opposed": -0.5}  # -.5 is as opposed as three claims can be to each other
FAST, LONG = 40_000, 200_000
EACH = [FAST, pytest.param(LONG, marks=pytest.mark.long)]


def effects(truths: tuple[float, ...], correlation: float, trials: int, n: int = N) -> npt.NDArray[np.float64]:
    """Replicates of every claim's effect, trials × claims × n, with standard deviation 1."""
    m = len(truths)
    root = np.linalg.cholesky(np.full((m, m), correlation) + (1 - correlation + 1e-12) * np.eye(m))
    drawn = np.random.default_rng((m, n, int(100 + 100 * correlation))).standard_normal((trials, m, n))
    return np.array(truths)[:, None] + np.einsum("ij,tjn->tin", root, drawn)


def said(runs: npt.NDArray[np.float64], alpha: float) -> npt.NDArray[np.int64]:
    """Each claim's verdict that its effect exceeds SIZE, as a place in WORDS: the interval and the table in arrays."""
    n = runs.shape[2]
    half = reference.t.isf(alpha, n - 1) * runs.std(axis=2, ddof=1) / math.sqrt(n)
    middle = runs.mean(axis=2)
    return np.where(middle - half > SIZE, 1, np.where(middle + half < SIZE, 2, 0))


def rates(rule: Rule, truths: tuple[float, ...], correlation: float, trials: int) -> dict[Verdict, float]:
    """How often the rule says what; it is asked once for every row of verdicts that came out."""
    runs, m = effects(truths, correlation, trials), len(truths)
    rows, counts = np.unique(np.hstack([said(runs, ALPHA), said(runs, ALPHA / m)]), axis=0, return_counts=True)
    total: dict[Verdict, float] = dict.fromkeys(WORDS, 0.0)
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        words = [WORDS[place] for place in row]
        total[combine(rule, words[:m], words[m:]).verdict] += count / trials
    return total


def margin(trials: int, share: float = ALPHA) -> float:
    return 4 * math.sqrt(share * (1 - share) / trials)


def test_the_arrays_say_what_the_analysis_says() -> None:
    runs = effects((EDGE, EDGE + 1.0, EDGE - 1.0), 0.3, 300)
    for alpha in (ALPHA, ALPHA / CLAIMS):
        found = [[mean_interval(row, alpha=alpha) for row in claims] for claims in runs]
        words = [[verdict("exceeds", one.low, one.high, SIZE) for one in claims] for claims in found]
        assert words == [[WORDS[place] for place in row] for row in said(runs, alpha).tolist()]


@pytest.mark.parametrize("trials", EACH)
@pytest.mark.parametrize("correlation", TIES.values(), ids=TIES)
class TestWorst:
    """Truths at which a wrong verdict is most likely, by rule; the margin is four standard errors."""

    @pytest.mark.parametrize("truths", [(EDGE, FAR, FAR), (FAR, EDGE, FAR), (FAR, FAR, EDGE)])
    def test_a_false_yes_of_all_hangs_on_the_one_claim_that_fails(
        self, truths: tuple[float, ...], correlation: float, trials: int
    ) -> None:
        assert rates("all", truths, correlation, trials)["yes"] == pytest.approx(ALPHA, abs=margin(trials))

    def test_a_false_no_of_all_may_come_from_any_claim(self, correlation: float, trials: int) -> None:
        found = rates("all", (EDGE,) * 3, correlation, trials)["no"]
        assert found <= ALPHA + margin(trials)
        if correlation == 0.0:
            assert found == pytest.approx(1 - (1 - ALPHA / 3) ** 3, abs=margin(trials))

    def test_a_false_yes_of_any_may_come_from_any_claim(self, correlation: float, trials: int) -> None:
        found = rates("any", (EDGE,) * 3, correlation, trials)["yes"]
        assert found <= ALPHA + margin(trials)
        if correlation == 0.0:
            assert found == pytest.approx(1 - (1 - ALPHA / 3) ** 3, abs=margin(trials))

    @pytest.mark.parametrize("truths", [(EDGE, NONE, NONE), (NONE, NONE, EDGE)])
    def test_a_false_no_of_any_hangs_on_the_one_claim_that_holds(
        self, truths: tuple[float, ...], correlation: float, trials: int
    ) -> None:
        assert rates("any", truths, correlation, trials)["no"] == pytest.approx(ALPHA, abs=margin(trials))

    @pytest.mark.parametrize("truths", [(EDGE, FAR, FAR), (FAR, EDGE, FAR), (FAR, FAR, EDGE)])
    def test_a_false_yes_of_ordered_must_pass_the_claim_that_fails(
        self, truths: tuple[float, ...], correlation: float, trials: int
    ) -> None:
        assert rates("ordered", truths, correlation, trials)["yes"] == pytest.approx(ALPHA, abs=margin(trials))

    def test_a_false_no_of_ordered_is_alpha_and_what_is_reached_beyond(self, correlation: float, trials: int) -> None:
        found = rates("ordered", (EDGE,) * 3, correlation, trials)["no"]
        if correlation == 0.0:
            assert found == pytest.approx(ALPHA * (1 - ALPHA**3) / (1 - ALPHA), abs=margin(trials))
        elif correlation > 0.0:
            # Who passed the first claim at its edge is unlikely to be denied the next: alpha and hardly more.
            assert found == pytest.approx(ALPHA, abs=margin(trials))
        else:
            assert ALPHA / (1 - ALPHA) < found < 2 * ALPHA


@pytest.mark.parametrize("trials", EACH)
def test_a_false_no_of_ordered_reaches_twice_alpha_where_two_claims_are_opposites(trials: int) -> None:
    # A yes of the first is a no of the second: alpha from the first, and alpha from having passed it.
    found = rates("ordered", (EDGE, EDGE), -1.0, trials)
    assert found["no"] == pytest.approx(2 * ALPHA, abs=margin(trials, 2 * ALPHA))
    assert found["yes"] == 0.0


# Nowhere else is it worse: truths on both sides of the edge, from just beyond it to far.
@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize(
    ("trials", "steps"),
    [(4000, (0.0, 0.3, 60.0)), pytest.param(20_000, (0.0, 0.3, 1.0, 60.0), marks=pytest.mark.long)],
)
@pytest.mark.parametrize("rule", ["all", "any", "ordered"])
def test_no_truth_errs_more_than_the_worst(
    rule: Rule, correlation: float, trials: int, steps: tuple[float, ...]
) -> None:
    limit = ALPHA / (1 - ALPHA) if rule == "ordered" else ALPHA
    # The whole grid shares its draws, so that one bad draw is seen by many truths: five standard errors.
    slack = 1.25 * margin(trials)
    for chosen in product(steps, repeat=2 if len(steps) == 3 else 3):
        holds, fails = tuple(EDGE + step for step in chosen), tuple(EDGE - step for step in chosen)
        # All hold: a no is false under every rule. None holds: a yes is.
        assert rates(rule, holds, correlation, trials)["no"] <= limit + slack
        assert rates(rule, fails, correlation, trials)["yes"] <= ALPHA + slack
        wrong: Verdict = "no" if rule == "any" else "yes"
        assert rates(rule, (fails[0], *holds[1:]), correlation, trials)[wrong] <= ALPHA + slack


@pytest.mark.parametrize("n", [3, 5, 10])
def test_one_claim_errs_by_alpha_each_way_at_its_edge(n: int) -> None:
    runs = effects((EDGE,), 0.0, FAST, n)
    words = said(runs, ALPHA).ravel()
    found = np.mean(words == 1), np.mean(words == 2)
    assert found == pytest.approx(chance("exceeds", EDGE, SIZE, 1.0, n, alpha=ALPHA), abs=margin(FAST))
