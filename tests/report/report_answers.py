"""Every kind of answer that the report is tested with, by name."""

from __future__ import annotations

from collections.abc import Callable

import measure_cases
import report_cases
import study_cases

from whether.answer import Answer

MAKERS: dict[str, Callable[[], Answer]] = {
    "lottery": report_cases.lottery,
    "xor": report_cases.xor,
    "single": report_cases.single,
    "diverged": report_cases.diverged,
    "hostile": report_cases.hostile,
    "confirmed": study_cases.confirmed,
    "open": study_cases.still_open,
    "underpowered": study_cases.underpowered,
    "lost": study_cases.lost,
    "connectivity": measure_cases.connectivity,
    "nats": measure_cases.nats,
    "ratios": measure_cases.ratios,
    "pair": measure_cases.pair,
    "beyond": measure_cases.beyond,
    "roofs": measure_cases.roofs,
}
