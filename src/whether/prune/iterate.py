"""Scoring again and again while pruning, without training in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from whether.errors import RequestError
from whether.prune.select import Masks, Scores, groups, named, select


def iterate(
    rescore: Callable[[Masks], Scores],
    masks: Masks,
    *,
    fraction: Fraction,
    rounds: int,
    scope: str = "global",
    structure: str = "weight",
    layers: Mapping[str, Fraction] | None = None,
    readers: Mapping[str, str] | None = None,
) -> Masks:
    """Prune in rounds of equal ratio, with fresh scores in each: after round k of n, (1−f)^(k/n) is left.

    Tanaka et al. (2020) prune so at initialisation, by SynFlow in 100 rounds, because what a weight is worth depends on
    which others are there. What is left in the end is exactly as much as `select` leaves in one go.

    Args:
        rescore: the scores of the network under the masks that it is given.
        masks: what exists now.
        fraction: of what exists, to prune in all rounds together.
        rounds: how many, at least one.
        scope, structure, layers, readers: as of `select`; layers with a fraction of their own have rounds of it.

    Returns:
        New masks, subsets of the old ones.

    Raises:
        RequestError: for fewer rounds than one, and whatever `select` refuses.

    Example:
        >>> import torch
        >>> start, seen = {"w": torch.ones(100).bool()}, []
        >>> def rescore(masks):
        ...     seen.append(int(masks["w"].sum()))
        ...     return {"w": torch.arange(100.0)}
        >>> int(iterate(rescore, start, fraction=Fraction(9, 10), rounds=2)["w"].sum()), seen
        (10, [100, 32])
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise RequestError(f"rounds is {rounds!r}; expected a whole number, 1 or more (SynFlow's paper has 100).")
    own = named(layers or {}, masks)
    begun = _counts(masks, structure, own)
    parts = {name: own.get(name, fraction) for name in begun}
    # Layers that are pruned by themselves go by their own counts; the others are compared, and counted, together.
    apart = list(begun) if scope == "layer" else [name for name in begun if name in own]
    together = [name for name in begun if name not in apart]
    for round_ in range(1, rounds + 1):
        now = _counts(masks, structure, own)
        whole = _part(_sum(begun, together), _sum(now, together), fraction, round_, rounds)
        each = {name: _part(begun[name], now[name], parts[name], round_, rounds) for name in apart}
        scores = rescore(masks)
        masks = select(scores, masks, fraction=whole, structure=structure, layers=own | each, readers=readers)
    return masks


def _counts(masks: Masks, structure: str, own: Mapping[str, Fraction]) -> dict[str, int]:
    whole = [name for name, part in own.items() if not part]
    return {name: int(there.sum()) for name, there in groups(masks, structure, whole=whole).items()}


def _sum(counts: Mapping[str, int], names: list[str]) -> int:
    return sum(counts[name] for name in names)


def _part(begun: int, now: int, fraction: Fraction, round_: int, rounds: int) -> Fraction:
    """The part of what exists now that has to go in a round, so that `select` leaves exactly the count of its end."""
    left = 1 - fraction if round_ == rounds else Fraction(float(1 - fraction) ** (round_ / rounds))
    return max(1 - Fraction(round(left * begun), now), Fraction(0)) if now else Fraction(0)
