"""How many networks a CPU trains at once, as a rule of their size.

Measured (`docs/performance.md`): a pack pays while its weights, gradients and moments stay in the caches, about 2^18
weights; beyond it one network fills the cores by itself. Results do not depend on it.
"""

from __future__ import annotations

import itertools
import math

from whether.history.facts import Model

WEIGHTS_AT_ONCE = 2**18
MOST = 256


def networks_at_once(model: Model) -> int:
    """The width of a pack of this architecture: 1 for code of one's own, whose networks are trained one by one."""
    name = "mlp-300-100" if model.name == "lenet-300-100" else model.name
    if not name.startswith("mlp-"):
        return 1
    widths = [math.prod(model.shape), *(int(width) for width in name.split("-")[1:]), model.classes]
    padded = [-(-width // 16) * 16 for width in widths]
    weights = sum((before + 1) * after for before, after in itertools.pairwise(padded))
    return max(1, min(MOST, WEIGHTS_AT_ONCE // weights))


def shares(count: int, width: int) -> list[int]:
    """Cut `count` networks into as few packs as `width` allows, as even as they go.

    Example:
        >>> shares(10, 4)
        [4, 3, 3]
    """
    packs = -(-count // width)
    return [count // packs + (place < count % packs) for place in range(packs)]
