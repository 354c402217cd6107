"""What remains of a p-value when nothing is assumed about the shape of the noise.

Shown beside the t interval, which decides. With few replicates such a p cannot be small, whatever the data: the
attainable smallest values are functions of their own here, so that a page can say so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from whether.errors import RequestError
from whether.stats.inputs import numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from whether.seeds import Stream

EXACT_UP_TO = 16  # 65,536 sign patterns: a few milliseconds


def sign_flip_p(
    differences: Iterable[float], *, two_sided: bool = False, stream: Stream | None = None, draws: int = 9_999
) -> float:
    """How often random signs on the differences give a mean at least as large as the one observed.

    p = #{patterns with Σ ±d ≥ Σ d} / 2ⁿ; two-sided, the absolute sums are compared. Exact for n ≤ 16; beyond, over
    random patterns, as (1 + hits) / (1 + draws). The hypothesis is that the differences are symmetric about 0; subtract
    a size first to test against that size.

    Args:
        differences: paired differences a − b, one per replicate, oriented so that positive supports the claim.
        two_sided: whether a large negative mean counts as well.
        stream: where random signs come from; needed when there are more than 16 differences, not read otherwise.
        draws: how many random patterns then.

    Returns:
        p in (0, 1].

    Raises:
        RequestError: for no differences, differences that are not finite, more than 16 without a stream, draws below 1.

    Example:
        >>> sign_flip_p([1.2, 0.7, 0.9]), sign_flip_p([1.2, 0.7, 0.9], two_sided=True)
        (0.125, 0.25)

    Source: Fisher (1935), The Design of Experiments; the random version Phipson and Smyth (2010), "Permutation p-values
    should never be zero".
    """
    import numpy as np

    taken = numbers(differences, "differences")
    seen = math.fsum(taken)
    # Patterns that tie with the observed one in exact arithmetic must count, whatever order they were summed in.
    least = (abs(seen) if two_sided else seen) - 1e-12 * math.fsum(map(abs, taken))
    if len(taken) <= EXACT_UP_TO:
        sums = np.zeros(1)
        for value in taken:
            sums = np.concatenate([sums + value, sums - value])
        return float(np.mean((np.abs(sums) if two_sided else sums) >= least))
    if stream is None or draws < 1:
        raise RequestError(
            f"{len(taken)} differences have too many sign patterns to try all (exact up to {EXACT_UP_TO}); pass "
            f"stream=Stream(seed, name) for random ones, and draws of at least 1, got stream={stream!r}, draws={draws}"
        )
    sums = _random_sums(taken, stream, draws)
    hits = int(np.count_nonzero((np.abs(sums) if two_sided else sums) >= least))
    return (1 + hits) / (1 + draws)


def smallest_sign_flip_p(n: int, *, two_sided: bool = True) -> float:
    """The smallest p that `sign_flip_p` can give for n differences: 2 / 2ⁿ, one-sided 1 / 2ⁿ.

    Args:
        n: number of pairs, at least 1.
        two_sided: whether the mirrored pattern counts as well.

    Raises:
        RequestError: for n below 1.

    Example:
        >>> smallest_sign_flip_p(3), smallest_sign_flip_p(5), smallest_sign_flip_p(6)
        (0.25, 0.0625, 0.03125)
    """
    if n < 1:
        raise RequestError(f"a sign-flip test needs at least 1 difference, got n={n}")
    return math.ldexp(2.0 if two_sided else 1.0, -n)


def smallest_label_p(n_a: int, n_b: int, *, two_sided: bool = True) -> float:
    """The smallest p that permuting arm labels can give for n_a + n_b unpaired values.

    1 / C(n_a + n_b, n_a). Two-sided with equal arms it is twice that: swapping the arms only turns the sign round.

    Args:
        n_a: values in the first arm, at least 1.
        n_b: values in the second arm, at least 1.
        two_sided: whether differences of either sign count.

    Raises:
        RequestError: for an arm without values.

    Example:
        >>> smallest_label_p(3, 3), round(smallest_label_p(4, 4), 4), round(smallest_label_p(5, 5), 4)
        (0.1, 0.0286, 0.0079)
    """
    if min(n_a, n_b) < 1:
        raise RequestError(f"a label permutation needs at least 1 value in each arm, got {n_a} and {n_b}")
    return (2 if two_sided and n_a == n_b else 1) / math.comb(n_a + n_b, n_a)


def _random_sums(values: list[float], stream: Stream, draws: int) -> npt.NDArray[np.float64]:
    import numpy as np

    sums = np.zeros(draws)
    for start in range(0, len(values), 64):
        # One word per draw carries the signs of 64 differences; block number is the stream's time.
        block = np.asarray(values[start : start + 64])
        words = stream.words(draws, at=start // 64)
        bits = (words[:, None] >> np.arange(len(block), dtype=np.uint64)) & np.uint64(1)
        sums += np.where(bits == 1, block, -block).sum(axis=1)
    return sums
