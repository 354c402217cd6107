"""Data sets: cards that are known beforehand, content that is checked against them, tensors on a device.

    cards.py    Card, CARDS, card, Data     what a sentence needs; no NumPy, no PyTorch
    folder.py   parquet files in a folder   where they are, what they hold
    parquet.py  decode                      pixels and labels out of parquet, every row checked
    cache.py    decoded content             so that PNGs are decoded once on a machine
    load.py     load, Arrays                name -> NumPy arrays, from wherever the content is found
    tensors.py  tensors, Tensors, split     Data -> normalised tensors and the rows of each split

`load` and `tensors` are taken from their modules (`from whether.data.load import load`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whether.data.cards import CARDS, Card, Data, card

if TYPE_CHECKING:
    from whether.data.arrays import Arrays
    from whether.data.tensors import Tensors

__all__ = ["CARDS", "Arrays", "Card", "Data", "Tensors", "card"]

_LATER = {"Arrays": "whether.data.arrays", "Tensors": "whether.data.tensors"}


def __getattr__(name: str) -> Any:
    # Arrays bring NumPy and Tensors PyTorch; who only writes a sentence pays for neither.
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
