"""How an answer is reached: intervals, tests, verdicts. Pure functions on plain numbers; NumPy and SciPy only."""

from whether.stats.bootstrap import percentile_bootstrap
from whether.stats.boundaries import constant_bounds, crossing, inflation, spending_bounds, spent
from whether.stats.chance import chance, chance_unpaired
from whether.stats.crossed import Crossed, Source, crossed, variance_doublings, variance_ratio, variance_sum
from whether.stats.intervals import Interval, Method, mean_interval, paired_t, unit_means, welch
from whether.stats.looks import nominal_levels
from whether.stats.permutation import sign_flip_p, smallest_label_p, smallest_sign_flip_p
from whether.stats.power import Design, sd_upper, t_power, t_power_effect, t_power_n, tost_power, tost_power_n
from whether.stats.shares import newcombe, newcombe_paired, wilson
from whether.stats.summaries import expected_maximum, iqm, performance_profile, probability_of_improvement
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
    "Crossed",
    "Design",
    "Interval",
    "Kind",
    "Method",
    "Rule",
    "Source",
    "Summary",
    "Tost",
    "Verdict",
    "chance",
    "chance_unpaired",
    "combine",
    "combine_all",
    "combine_any",
    "combine_ordered",
    "constant_bounds",
    "crossed",
    "crossing",
    "expected_maximum",
    "holm",
    "inflation",
    "iqm",
    "mean_interval",
    "newcombe",
    "newcombe_paired",
    "nominal_levels",
    "paired_t",
    "percentile_bootstrap",
    "performance_profile",
    "probability_of_improvement",
    "sd_upper",
    "sign_flip_p",
    "smallest_label_p",
    "smallest_sign_flip_p",
    "spending_bounds",
    "spent",
    "t_power",
    "t_power_effect",
    "t_power_n",
    "tost_one",
    "tost_paired",
    "tost_power",
    "tost_power_n",
    "tost_welch",
    "unit_means",
    "variance_doublings",
    "variance_ratio",
    "variance_sum",
    "verdict",
    "welch",
    "wilson",
]
