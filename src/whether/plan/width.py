"""Which networks may be trained at once, and how many: on a CPU a rule of their size, on a GPU what its memory holds.

Measured (`docs/performance.md`): a pack pays while its weights, gradients and moments stay in the caches, about 2^18
weights; beyond it one network fills the cores by itself. Results do not depend on it.
"""

from __future__ import annotations

from whether.history.facts import MaskFact, Model, PrunedMask, ShuffledMask, Training
from whether.plan.size import memory_per_network, moments, weights_stored

WEIGHTS_AT_ONCE = 2**18
MOST = 256
SPARSE = 6.0
"""As how many weights one that exists counts in compressed rows: it brings its place, and activations that are walked
along. Measured with LeNet-300-100: two networks at 7 %, four at 3.6 % train fastest (`docs/performance.md`)."""


def pack_key(training: Training) -> tuple[object, ...]:
    """What networks must share to be trained in one pack, beside their architecture and the step they begin at."""
    optimizer = {name: value for name, value in training.optimizer.items() if name not in ("lr", "weight_decay")}
    shared = training.plain() | {"optimizer": optimizer, "schedule": None}
    return tuple(sorted((name, repr(value)) for name, value in shared.items()))


def networks_at_once(model: Model, weights_at_once: int = WEIGHTS_AT_ONCE, left: float = 1.0) -> int:
    """The width of a pack of this architecture: 1 for code of one's own, whose networks are trained one by one.

    Args:
        model: the architecture.
        weights_at_once: of all networks of a pack; what a profile says, by default what is shipped.
        left: which part of the weights exists, in (0, 1]: in compressed rows each counts as SPARSE.
    """
    weights = weights_stored(model)
    return 1 if weights is None else max(1, min(MOST, int(weights_at_once / (weights * min(1.0, SPARSE * left)))))


def sparse_pays(left: float, weights: float, batch: int, *, below: float, overhead: float) -> bool:
    """Whether a step is faster in compressed rows than with every weight: left ÷ below + overhead ÷ batch < weights.

    Args:
        left: numbers that exist.
        weights: all of them.
        batch: examples in a step.
        below: the density at which a large network takes as long either way.
        overhead: what compressed rows cost beside their products, in weights × examples.

    Example:
        >>> sparse_pays(26_661, 266_610, 128, below=0.235, overhead=6e5)
        True
        >>> sparse_pays(66_652, 266_610, 128, below=0.235, overhead=6e5)
        False
    """
    return left / below + overhead / batch < weights


def part_left(mask: MaskFact | None) -> float:
    """Which part of the prunable weights a mask leaves, as far as its history says it: 1 where it does not.

    Example:
        >>> from whether.history import Network
        >>> from whether.history.resolve import Resolver
        >>> net = Network("mlp-20", data="digits", seed=1)
        >>> round(part_left(Resolver().state(net.masked(net.prune(fraction=0.9)).train()).mask), 6)
        0.1
    """
    left = 1.0
    while mask is not None:
        match mask:
            case PrunedMask(layers=layers, state=state, fraction=fraction) if not layers:
                left, mask = left * (1 - float(fraction)), state.mask
            case ShuffledMask(origin=origin):
                mask = origin
            case _:
                return left
    return left


def width_within(model: Model, training: Training, memory: int, *, most: int | None = None) -> int:
    """The widest pack that fits into so much memory.

    Args:
        model: the architecture.
        training: gives the batch and what the optimiser keeps.
        memory: bytes that a pack may take.
        most: what else bounds the width; by default `networks_at_once`.

    Returns:
        At least 1: whether one network fits is seen when it trains. For code of one's own `most`, since its size is not
        known beforehand.
    """
    bound = networks_at_once(model) if most is None else most
    each = memory_per_network(model, training.batch, moments(training))
    return max(1, bound if each is None else min(bound, memory // each))


def width_on_gpu(model: Model, training: Training, memory: int) -> int:
    """How many networks a GPU is given at once: what an estimate of their size allows, MOST where there is none.

    Whoever trains them measures and cuts them into packs that fit (`width_measured`): here it is only seen to that what
    cannot fit is not gathered for one device.

    Args:
        model: the architecture; code of one's own, too, whose networks may be stacked.
        training: gives the batch and what the optimiser keeps.
        memory: bytes of the device.
    """
    return width_within(model, training, memory, most=MOST)


def width_measured(one: int, two: int, beside: int, memory: int) -> int:
    """The widest pack that fits, by what one and two networks took.

    What a step takes is a part for whatever the width, and a part for each network: two measurements give both. Where
    the second took no more than the first, every network is counted as the first.

    Args:
        one, two: bytes at the peak of a step of one and of two networks.
        beside: bytes that something else takes at its peak, such as a look at the validation split.
        memory: bytes that may be taken.

    Returns:
        At least 1: whether one fits is seen when it trains.

    Example:
        >>> width_measured(one=150, two=250, beside=20, memory=1000)
        9
    """
    each = two - one if two > one else max(1, one)
    return max(1, (memory - max(0, one - each) - beside) // each)


def shares(count: int, width: int) -> list[int]:
    """Cut `count` networks into as few packs as `width` allows, as even as they go.

    Example:
        >>> shares(10, 4)
        [4, 3, 3]
    """
    packs = -(-count // width)
    return [count // packs + (place < count % packs) for place in range(packs)]
