"""Data sets: cards that are known beforehand, content that is checked against them, tensors on a device.

    facts.py    Card                    what is known of a data set
    known.py    CARDS                   the data sets that are known by name
    cards.py    card, Data              what a sentence says; no NumPy, no PyTorch
    folder.py   parquet files           where they are, what they hold; hub.py fetches them
    parquet.py  decode                  pixels and labels out of parquet, every row checked
    text.py     windows                 a text as rows of characters
    generated.py                        sums, brackets, a regression, exclusive or
    cache.py    decoded content         so that PNGs are decoded once on a machine
    load.py     load, Arrays            name -> NumPy arrays, from wherever the content is found
    alter.py    blurred, randomised …   what a question does to images and labels beforehand
    tensors.py  tensors, Tensors, split Data -> tensors and the rows of each split
    draws.py    draws                   what augmentation draws in an epoch
    augment.py  apply                   images turned over, moved, partly blanked, for a whole pack

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
