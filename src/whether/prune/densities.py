"""How dense each layer is when the whole has a density: random sparse networks that are sparser where they are large.

The density of a layer is proportional to a rule's score of its shape, and one where that would be more; then the rest
of the layers share what is left. Counts are whole and their sum is exact: parts of a weight go to the layers with the
largest remainders, ties to those that come first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from whether.errors import RequestError, unknown

Shapes = Mapping[str, tuple[int, ...]]
Number = Fraction | float | int


def erdos_renyi(shapes: Shapes, density: Number) -> dict[str, Fraction]:
    """Densities in proportion to (out + in)/(out·in): Mocanu et al. (2018), section 2.

    A random bipartite graph whose layers have ε·(out + in) edges. Of a convolution every channel pair counts once,
    however large the kernel, as Evci et al. (2020) extend it.

    Args:
        shapes: of the prunable weights [out, in, *kernel], by name.
        density: of them all, in (0, 1].

    Returns:
        The exact density of each layer; density times size is whole, and the sum of these is round(density·total).

    Raises:
        RequestError: for a density that is none.

    Example:
        >>> erdos_renyi({"a": (10, 10), "b": (10, 2)}, 0.5)
        {'a': Fraction(2, 5), 'b': Fraction(1, 1)}
    """
    return _share(shapes, density, lambda shape: Fraction(shape[0] + shape[1], shape[0] * shape[1]))


def erk(shapes: Shapes, density: Number) -> dict[str, Fraction]:
    """Densities in proportion to (out + in + kernel sides)/(out·in·kernel): Evci et al. (2020), section 3.

    Arguments, result and errors as of `erdos_renyi`, which it is for linear layers.

    Example:
        >>> erk({"a": (8, 8, 3, 3), "b": (8, 8)}, Fraction(1, 4))
        {'a': Fraction(1, 6), 'b': Fraction(1, 1)}
    """
    return _share(shapes, density, lambda shape: Fraction(sum(shape), math.prod(shape)))


def uniform(shapes: Shapes, density: Number) -> dict[str, Fraction]:
    """The same density in every layer, as far as whole weights allow.

    Evci et al. (2020) leave the first layer dense; here none is. Arguments, result and errors as of `erdos_renyi`.

    Example:
        >>> uniform({"a": (2, 5), "b": (3, 5)}, 0.5)
        {'a': Fraction(1, 2), 'b': Fraction(7, 15)}
    """
    return _share(shapes, density, lambda _: Fraction(1))


RULES: dict[str, Callable[[Shapes, Number], dict[str, Fraction]]] = {
    "erdos-renyi": erdos_renyi,
    "erk": erk,
    "uniform": uniform,
}


def by_layer(rule: str, shapes: Shapes, density: Number) -> dict[str, int]:
    """How many weights each layer has under a rule: "erdos-renyi", "erk" or "uniform".

    Raises:
        RequestError: for an unknown rule, or a density that is none.

    Example:
        >>> by_layer("uniform", {"a": (2, 5), "b": (3, 5)}, 0.5)
        {'a': 5, 'b': 7}
    """
    if rule not in RULES:
        raise unknown("rule for the densities of layers", rule, RULES)
    found = RULES[rule](shapes, density)
    return {name: int(part * math.prod(shapes[name])) for name, part in found.items()}


def exactly(number: Number) -> Fraction:
    """A number as people write it: 0.1 is a tenth."""
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def _share(shapes: Shapes, density: Number, score: Callable[[tuple[int, ...]], Fraction]) -> dict[str, Fraction]:
    if isinstance(density, bool) or not 0 < density <= 1:
        raise RequestError(f"density is {density!r}; expected a number in (0, 1], such as 0.1 for a tenth.")
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    total = round(exactly(density) * sum(sizes.values()))
    raw = {name: score(shape) * sizes[name] for name, shape in shapes.items()}
    dense: set[str] = set()
    while True:
        rest = [name for name in sizes if name not in dense]
        left = total - sum(sizes[name] for name in dense)
        weight = sum(raw[name] for name in rest)
        wanted = {name: raw[name] * left / weight for name in rest}
        over = {name for name in rest if wanted[name] > sizes[name]}
        if not over:
            break
        dense |= over
    counts = {name: sizes[name] if name in dense else math.floor(wanted[name]) for name in sizes}
    # Stable: ties go to the layer that comes first. A layer with a remainder is not full.
    by_remainder = sorted(rest, key=lambda name: counts[name] - wanted[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return {name: Fraction(counts[name], sizes[name]) for name in sizes}
