"""What pruning takes at a time: the words "weight", "unit", "channel", and the forms "N:M" and "block-RxC".

Torch-free, so that a wrong word is told before anything heavy is loaded; `prune.structures` carries them out.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from fractions import Fraction

from whether.errors import RequestError

WORDS = ("unit", "weight", "channel")
FORMS = "N:M (such as 2:4, the 2 highest of each 4 inputs), block-RxC (such as block-4x4)"
SYNONYMS = {
    "channel": ("filter", "row", "output"),
    "unit": ("neuron", "node"),
    "weight": ("unstructured", "element", "none", "single"),
    "block-4x4": ("block", "tile"),
    "2:4": ("n:m", "semi-structured"),
}


@dataclass(frozen=True)
class Structure:
    """A structure that was read.

    Attributes:
        name: as it is written.
        kind: "weight", "unit", "channel", "n:m" or "block".
        first: the N of "N:M", the rows of a block; 0 for a word.
        second: the M of "N:M", the columns of a block; 0 for a word.
    """

    name: str
    kind: str
    first: int = 0
    second: int = 0


def parse(structure: str) -> Structure:
    """Read the word for a structure.

    Args:
        structure: "weight"; "unit", a row of a hidden linear layer with the columns that read it; "channel", a row or
            filter of any layer but the output; "N:M", the N highest of each M neighbouring inputs of a row stay;
            "block-RxC", tiles of R outputs by C inputs.

    Raises:
        RequestError: for anything else, with the nearest valid forms.

    Example:
        >>> parse("2:4")
        Structure(name='2:4', kind='n:m', first=2, second=4)
    """
    if not isinstance(structure, str):
        raise RequestError(f"structure is {structure!r}; expected a word: {', '.join(WORDS)}, {FORMS}.")
    if structure in WORDS:
        return Structure(structure, structure)
    number = r"([1-9][0-9]{0,5})"
    if found := re.fullmatch(rf"{number}:{number}", structure):
        kept, of = int(found[1]), int(found[2])
        if kept < of:
            return Structure(structure, "n:m", kept, of)
    elif found := re.fullmatch(rf"block-{number}x{number}", structure):
        rows, columns = int(found[1]), int(found[2])
        if rows * columns > 1:
            return Structure(structure, "block", rows, columns)
    near = " or ".join(repr(name) for name in _nearest(structure))
    guess = f"; did you mean {near}?" if near else "."
    raise RequestError(f"unknown structure {structure!r}{guess} Known: {', '.join(WORDS)}, {FORMS}.")


def fraction_of(structure: str) -> Fraction | None:
    """The fraction that a structure prunes by what it is; None where the fraction is free.

    Raises:
        RequestError: for an unknown structure.

    Example:
        >>> fraction_of("1:4"), fraction_of("unit")
        (Fraction(3, 4), None)
    """
    read = parse(structure)
    return 1 - Fraction(read.first, read.second) if read.kind == "n:m" else None


def _nearest(structure: str) -> list[str]:
    """What somebody may have meant: two numbers make a form, other words go by their letters."""
    said = structure.lower().strip()
    numbers = [int(digits) for digits in re.findall(r"[0-9]{1,6}", said)]
    if len(numbers) == 2 and min(numbers) > 0:
        if "x" in said or "block" in said or "×" in said or "tile" in said:
            return ["weight" if numbers == [1, 1] else f"block-{numbers[0]}x{numbers[1]}"]
        if numbers[0] != numbers[1]:
            return [f"{min(numbers)}:{max(numbers)}"]
        return ["weight"]
    known = {**{word: word for word in WORDS}, **{other: word for word, others in SYNONYMS.items() for other in others}}
    near = difflib.get_close_matches(said.removesuffix("s"), known, n=2, cutoff=0.6)
    return list(dict.fromkeys(known[name] for name in near))
