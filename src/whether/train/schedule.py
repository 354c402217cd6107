"""The learning rate at each step, as a factor of the optimiser's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def factor(schedule: Mapping[str, Any], step: int, total: int) -> float:
    """What the rate is multiplied by for the update that follows `step` updates.

    Args:
        schedule: resolved: name, and for some `warmup`, `at` and `factor`; lengths in iterations.
        step: from 0.
        total: iterations of the whole recipe.

    Example:
        >>> [factor({"name": "drops", "at": [2], "factor": 0.5}, step, 4) for step in range(4)]
        [1.0, 1.0, 0.5, 0.5]
    """
    warmup = schedule.get("warmup", 0)
    warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
    done = step / total
    match schedule["name"]:
        case "constant":
            return warm
        case "drops":
            return float(warm * schedule["factor"] ** sum(step >= at for at in schedule["at"]))
        case "cosine":
            return warm * 0.5 * (1.0 + math.cos(math.pi * done))
        case "linear":
            return warm * (1.0 - done)
    raise ValueError(f"{schedule['name']!r} is no schedule")
