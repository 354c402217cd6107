"""What looking more than once saves: mean runs of a sequential question against a fixed n with equal error rates.

    python benchmarks/looks.py [--fixed 10 20 40] [--power 0.8 0.9] [--looks 3 5 8 12] [--paths 131072] [--json FILE]

The claim is `exceeds(a, b, by=s)`: yes where L > s, no where U < s, with the truth at 2 s (yes) or at 0 (no), alpha .05
for either, as the lab reads it: `nominal_levels`, t statistics of replicates 1…n, stopping at whichever comes first.
The ratio of s to the standard deviation is what gives a fixed n exactly the power named. Each sequential design then
gets the smallest n at its last look that gives it at least that power. Its first look is at three tenths of that n, the
others evenly spaced.

"runs" is the mean over the truths yes and no relative to the fixed n, which is what the target speaks of. As n is a
whole number, most designs have more power than that; "like" is relative to the n, between whole ones, whose power is
theirs. "halfway" is "runs" where the effect is s, so that neither is true, and "wrong" the larger of the chances of yes
and of no there, which alpha bounds. Rows of n "∞" are what normal theory says of these designs in large samples: what
is between them and the rows of small n is the price of early looks at t statistics with few degrees of freedom.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from whether.seeds import Seed, Stream
from whether.stats import crossing, inflation, nominal_levels, spending_bounds, t_power
from whether.stats.verdict import SPENDINGS

ALPHA = 0.05
TARGETS = {0.8: 0.8, 0.9: 0.7}  # mean runs relative to the fixed n, by power
FIRST = 0.3
ROWS = 2**12  # paths in one draw


@dataclass(frozen=True)
class Row:
    """One design beside the fixed n."""

    power: float
    fixed_n: float
    sd_over_s: float
    spending: str
    looks: tuple[float, ...]
    power_seen: float
    runs: float
    like: float
    halfway: float
    wrong: float

    @property
    def meets(self) -> bool | None:
        """Whether it meets the target of its power, if there is one."""
        target = TARGETS.get(self.power)
        return None if target is None else self.runs <= target


class Paths:
    """Sums and sums of squares of replicates 1…n of many paths without an effect; any effect is added to them."""

    def __init__(self, count: int, longest: int) -> None:
        stream = Stream(Seed(4), "looks")
        self.count = max(1, count // ROWS) * ROWS
        self.total = np.empty((longest, self.count))
        self.square = np.empty((longest, self.count))
        for at, start in enumerate(range(0, self.count, ROWS)):
            values = stream.normal(longest * ROWS, at).reshape(longest, ROWS)
            self.total[:, start : start + ROWS] = values.cumsum(0)
            self.square[:, start : start + ROWS] = (values**2).cumsum(0)

    def ask(self, looks: tuple[int, ...], spending: str, effect: float) -> tuple[float, float, float]:
        """Chance of yes, chance of no and mean runs where the effect is above s by so many standard deviations."""
        open_yet = np.ones(self.count, dtype=bool)
        yes = no = runs = 0.0
        before = 0
        for n, level in zip(looks, nominal_levels(looks, spending, ALPHA), strict=True):
            runs += (n - before) * float(open_yet.mean())
            t, bound = self.statistic(n, effect), -float(stdtrit(n - 1, level))
            yes += float((open_yet & (t > bound)).mean())
            no += float((open_yet & (t < -bound)).mean())
            open_yet &= np.abs(t) <= bound
            before = n
        return yes, no, runs

    def statistic(self, n: int, effect: float) -> npt.NDArray[np.float64]:
        """The t statistic of "the effect is above s" at n replicates."""
        total = self.total[n - 1] + n * effect
        square = self.square[n - 1] + 2.0 * effect * self.total[n - 1] + n * effect**2
        return np.asarray(total / np.sqrt(n * (square - total**2 / n) / (n - 1)))


def spaced(count: int, last: int) -> tuple[int, ...]:
    """Looks from three tenths of the last on, at least 3, as evenly spaced as whole numbers are."""
    first = max(3, round(FIRST * last))
    return tuple(sorted({round(first + (last - first) * k / (count - 1)) for k in range(count)}))


def same_power(effect: float, power: float) -> float:
    """The fixed n, between whole numbers, that finds an effect with a power."""
    n = next(n for n in range(2, 10_000) if t_power(effect, n, alpha=ALPHA) >= power)
    under, over = (t_power(effect, m, alpha=ALPHA) for m in (n - 1, n))
    return n - (over - power) / (over - under)


def small(paths: Paths, power: float, fixed_n: int, spending: str, count: int) -> Row | None:
    """A design of so many looks with at least the power of the fixed n; nothing if the paths are too short for it."""
    effect = float(brentq(lambda d: t_power(d, fixed_n, alpha=ALPHA) - power, 1e-3, 10.0))
    for last in range(fixed_n, len(paths.total) + 1):
        looks = spaced(count, last)
        yes, _, runs_yes = paths.ask(looks, spending, effect)
        _, no, runs_no = paths.ask(looks, spending, -effect)
        found = (yes + no) / 2.0  # the rule is the same in both directions
        if found >= power:
            wrong_yes, wrong_no, halfway = paths.ask(looks, spending, 0.0)
            return Row(
                power=power,
                fixed_n=fixed_n,
                sd_over_s=1.0 / effect,
                spending=spending,
                looks=looks,
                power_seen=found,
                runs=(runs_yes + runs_no) / 2.0 / fixed_n,
                like=(runs_yes + runs_no) / 2.0 / same_power(effect, found),
                halfway=halfway / fixed_n,
                wrong=max(wrong_yes, wrong_no),
            )
    return None


def large(power: float, spending: str, count: int) -> Row:
    """The same in large samples, where n is measured in fixed n's: normal theory, both directions at alpha each."""
    shares = [FIRST + (1.0 - FIRST) * k / (count - 1) for k in range(count)]
    bounds = spending_bounds(spending, shares, 2.0 * ALPHA, two_sided=True)
    most = inflation(bounds, shares, alpha=2.0 * ALPHA, power=power, two_sided=True)
    drift = math.sqrt(most) * float(ndtri(power) - ndtri(ALPHA))

    def runs(drift: float) -> float:
        stopped = crossing(bounds, shares, drift=drift, two_sided=True)
        late = 1.0 - sum(stopped[:-1])
        return most * (sum(p * share for p, share in zip(stopped[:-1], shares, strict=False)) + late)

    return Row(
        power=power,
        fixed_n=math.inf,
        sd_over_s=math.inf,
        spending=spending,
        looks=tuple(most * share for share in shares),
        power_seen=sum(crossing(bounds, shares, drift=drift, two_sided=True)),
        runs=runs(drift),
        like=runs(drift),
        halfway=runs(0.0),
        wrong=sum(crossing(bounds, shares, two_sided=True)) / 2.0,
    )


def show(rows: Sequence[Row], count: int) -> None:
    """One table, and which designs meet the target."""
    print(
        f"{'power':>5}{'fixed n':>9}{'sd / s':>8}  {'spending':15}{'looks':>6}{'first':>7}{'last':>7}{'power':>8}"
        f"{'runs':>8}{'like':>8}{'halfway':>9}{'wrong':>8}  target"
    )
    for row in rows:
        told = {None: "", True: "met", False: "missed"}[row.meets]
        n, sd = ("∞", "") if math.isinf(row.fixed_n) else (f"{row.fixed_n}", f"{row.sd_over_s:.2f}")
        first, last = (f"{n:.2f}" if math.isinf(row.fixed_n) else f"{n}" for n in (row.looks[0], row.looks[-1]))
        print(
            f"{row.power:5.2f}{n:>9}{sd:>8}  {row.spending:15}{len(row.looks):6}{first:>7}{last:>7}"
            f"{row.power_seen:8.3f}{row.runs:8.1%}{row.like:8.1%}{row.halfway:9.1%}{row.wrong:8.4f}  {told}"
        )
    error = math.sqrt(ALPHA * (1.0 - ALPHA) / count)
    print(
        f"\n{count:,} paths: the standard error of a wrong rate of {ALPHA} is {error:.4f}, of a power of .8 twice that."
    )
    for power, target in TARGETS.items():
        asked = [row for row in rows if row.power == power]
        for fixed_n in sorted({row.fixed_n for row in asked}):
            best = min((row for row in asked if row.fixed_n == fixed_n), key=lambda row: row.runs)
            n = "large samples" if math.isinf(fixed_n) else f"fixed n {fixed_n}"
            print(
                f"power {power}, {n}: target {target:.0%} {'met' if best.meets else 'missed'}; "
                f"least runs {best.runs:.1%}, {best.spending}, {len(best.looks)} looks"
            )


def designs(chosen: argparse.Namespace) -> Iterator[Row]:
    """Every design that was asked for."""
    paths = Paths(chosen.paths, math.ceil(1.4 * max(chosen.fixed)) + 4)
    for power in chosen.power:
        for fixed_n in chosen.fixed:
            for spending in SPENDINGS:
                found: dict[tuple[float, ...], Row] = {}
                for count in chosen.looks:
                    row = small(paths, power, fixed_n, spending, count)
                    if row is not None:
                        found[row.looks] = row  # of few replicates there may be no more looks than before
                yield from found.values()
        yield from (large(power, spending, count) for spending in SPENDINGS for count in chosen.looks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixed", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--power", type=float, nargs="+", default=[0.8, 0.9])
    parser.add_argument("--looks", type=int, nargs="+", default=[3, 5, 8, 12])
    parser.add_argument("--paths", type=int, default=2**17)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    if min(chosen.looks) < 2:
        parser.error("a sequential design has at least 2 looks")
    rows = list(designs(chosen))
    show(rows, max(1, chosen.paths // ROWS) * ROWS)
    if chosen.json:
        told = [
            {name: None if value == math.inf else value for name, value in asdict(row).items()} | {"meets": row.meets}
            for row in rows
        ]
        chosen.json.write_text(json.dumps({"alpha": ALPHA, "paths": chosen.paths, "designs": told}, indent=1))


if __name__ == "__main__":
    main()
