"""How an answer is reached: intervals, tests, verdicts. Pure functions on plain numbers; NumPy and SciPy only."""

from whether.stats.boundaries import constant_bounds, crossing, inflation, spending_bounds, spent
from whether.stats.intervals import Interval, Method, mean_interval, paired_t, unit_means, welch
from whether.stats.looks import nominal_levels
from whether.stats.permutation import sign_flip_p, smallest_label_p, smallest_sign_flip_p
from whether.stats.shares import newcombe, newcombe_paired, wilson
from whether.stats.tost import Summary, Tost, tost_one, tost_paired, tost_welch
from whether.stats.verdict import (
    KINDS,
    RULES,
    VERDICTS,
    Combined,
    Kind,
    Rule,
    Verdict,
    combine,
    combine_all,
    combine_any,
    combine_ordered,
    holm,
    verdict,
)

__all__ = [
    "KINDS",
    "RULES",
    "VERDICTS",
    "Combined",
    "Interval",
    "Kind",
    "Method",
    "Rule",
    "Summary",
    "Tost",
    "Verdict",
    "combine",
    "combine_all",
    "combine_any",
    "combine_ordered",
    "constant_bounds",
    "crossing",
    "holm",
    "inflation",
    "mean_interval",
    "newcombe",
    "newcombe_paired",
    "nominal_levels",
    "paired_t",
    "sign_flip_p",
    "smallest_label_p",
    "smallest_sign_flip_p",
    "spending_bounds",
    "spent",
    "tost_one",
    "tost_paired",
    "tost_welch",
    "unit_means",
    "verdict",
    "welch",
    "wilson",
]
