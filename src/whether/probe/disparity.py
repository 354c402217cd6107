"""What something costs the weakest classes, beside dense networks that err as often."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from statistics import fmean

TOLD = ("extra", "weakness", "overall")


def cost(parts: Mapping[str, float], *, weakest: int, middle: str, tell: str = "extra") -> float:
    """By how much more the errors of the weakest classes exceed those over all classes than in dense networks.

    The networks of each kind stand in folds, one a seed. In each fold the other folds say three things: which classes
    are weakest, on average of the tested networks and the dense ones of the middle size; how often the tested networks
    err over all classes; and how often dense ones of each size do. The excess e of the fold's networks is the mean
    error of the named classes less the error over all classes; the value is the mean over folds of

        e(tested) - sum over sizes of v(size) e(size)

    with v the weights under which the sizes err as often as the tested ones (`between`). Nothing is selected by what it
    is then asked about.

    Args:
        parts: in per cent, by "kind, fold, class" the error of a class, and by "kind, fold, accuracy" how much is
            right; kind is "tested" or a dense size.
        weakest: how many classes are named.
        middle: the dense size that names classes.
        tell: "extra" for that value, "weakness" for the dense side of it alone, "overall" for the same difference in
            the error over all classes.

    Returns:
        Points.

    Example:
        >>> tested = {"tested, 0, 0": 30.0, "tested, 0, 1": 10.0, "tested, 0, accuracy": 80.0}
        >>> dense = {"w4, 0, 0": 26.0, "w4, 0, 1": 14.0, "w4, 0, accuracy": 80.0}
        >>> parts = {key.replace(" 0,", f" {fold},", 1): v for fold in (0, 1) for key, v in (tested | dense).items()}
        >>> cost(parts, weakest=1, middle="w4"), cost(parts, weakest=1, middle="w4", tell="weakness")
        (4.0, 6.0)

    Source:
        Ours. Classes that are named where they are then measured would look weak by chance alone.
    """
    kinds = dict.fromkeys(key.rsplit(", ", 2)[0] for key in parts)
    folds = sorted({key.split(", ")[-2] for key in parts}, key=int)
    labels = sorted({key.split(", ")[-1] for key in parts} - {"accuracy"}, key=int)

    def overall(kind: str, *of: str) -> float:
        return fmean(100.0 - parts[f"{kind}, {fold}, accuracy"] for fold in of)

    def error(kind: str, label: str, *of: str) -> float:
        return fmean(parts[f"{kind}, {fold}, {label}"] for fold in of)

    found = []
    for fold in folds:
        others = [other for other in folds if other != fold]
        known = {label: error("tested", label, *others) + error(middle, label, *others) for label in labels}
        named = sorted(labels, key=lambda label: -known[label])[:weakest]
        sizes = {kind: overall(kind, *others) for kind in kinds if kind != "tested"}
        weights = between(sizes, overall("tested", *others))

        def asked(kind: str, fold: str = fold, named: list[str] = named) -> float:
            if tell == "overall":
                return overall(kind, fold)
            return fmean(error(kind, label, fold) for label in named) - overall(kind, fold)

        dense = sum(weight * asked(size) for size, weight in weights.items())
        found.append(dense if tell == "weakness" else asked("tested") - dense)
    return fmean(found)


def between(levels: Mapping[str, float], level: float) -> dict[str, float]:
    """Weights of the two whose levels lie around a level, under which their mean is it; beyond all, the nearest alone.

    Example:
        >>> between({"small": 12.0, "large": 4.0}, 6.0)
        {'large': 0.75, 'small': 0.25}
        >>> between({"small": 12.0, "large": 4.0}, 3.0)
        {'large': 1.0}
    """
    order = sorted(levels, key=lambda name: levels[name])
    for low, high in pairwise(order):
        if levels[low] <= level < levels[high]:
            part = (level - levels[low]) / (levels[high] - levels[low])
            return {low: 1.0 - part, high: part}
    return {order[0] if level < levels[order[0]] else order[-1]: 1.0}
