"""A text as rows of characters: from input.txt or from the parquet files of its repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whether.data.arrays import Arrays
from whether.data.facts import Card
from whether.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

PLAIN = "input.txt"
_SPLITS = ("train", "validation", "test")


def files_in(folder: Path) -> list[Path]:
    """Where a folder keeps the text: input.txt, or the parts of the repository in their order.

    Raises:
        RequestError: when it has neither.
    """
    if (folder / PLAIN).is_file():
        return [folder / PLAIN]
    for home in (folder, folder / "data"):
        parts = [part for split in _SPLITS for part in sorted(home.glob(f"{split}-*.parquet"))]
        if parts:
            return parts
    names = sorted(path.name for path in folder.iterdir())
    raise RequestError(
        f"{folder} holds no text: found {', '.join(names[:8]) or 'nothing'}; expected {PLAIN}, or train, validation "
        "and test parquet files with a column text"
    )


def read(paths: list[Path]) -> str:
    """The whole text of `paths`, one after the other.

    Raises:
        RequestError: for a file that cannot be read, is not UTF-8, or is parquet without a column text.
    """
    return "".join(_read(path) for path in paths)


def windows(text: str, length: int) -> Arrays:
    """A text cut into rows of `length` characters that do not overlap; the last tenth of it is the test split.

    Characters are numbered as the vocabulary is sorted. y is x one character on, so that every position asks for the
    next character; what is left over at the end of a split is not used.

    Args:
        text: of at most 256 different characters.
        length: characters in a row.

    Raises:
        RequestError: when the text has more different characters, or is too short for a row in each split.

    Example:
        >>> arrays = windows("abracadabra " * 3, 2)
        >>> arrays.train_x[:2].tolist(), arrays.train_y[:2].tolist()
        ([[1, 2], [5, 1]], [[2, 5], [1, 3]])
    """
    vocabulary = sorted(set(text))
    if len(vocabulary) > 256:
        raise RequestError(f"the text has {len(vocabulary)} different characters; expected at most 256")
    number = {character: place for place, character in enumerate(vocabulary)}
    tokens = np.array([number[character] for character in text], np.uint8)
    cut = len(tokens) * 9 // 10
    if min(cut, len(tokens) - cut) <= length:
        raise RequestError(
            f"the text has {len(tokens)} characters; its last tenth is the test split, and each split needs more than "
            f"{length} for one row"
        )
    train_x, train_y = _rows(tokens[:cut], length)
    test_x, test_y = _rows(tokens[cut:], length)
    return Arrays(train_x=train_x, train_y=train_y, test_x=test_x, test_y=test_y)


def checked(paths: list[Path], card: Card, cure: str) -> Arrays:
    """The rows of the text in `paths`, which is the card's.

    Args:
        paths: from `files_in` or the hub.
        card: what the text must be.
        cure: what to do when it is another.

    Raises:
        RequestError: from `read`, and when the text is another.
    """
    text = read(paths)
    arrays = windows(text, card.shape[0])
    got = arrays.digest()
    if got != card.digest:
        raise RequestError(
            f"{', '.join(map(str, paths))} is not the text of {card.name}: {len(text)} characters, whose rows have the "
            f"SHA-256 {got}; expected {card.digest}; {cure}"
        )
    return arrays


def _rows(tokens: npt.NDArray[np.uint8], length: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    rows = (len(tokens) - 1) // length
    x = tokens[: rows * length].reshape(rows, length)
    return x, tokens[1 : rows * length + 1].reshape(rows, length).astype(np.int64)


def _read(path: Path) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix != ".parquet":
            return path.read_bytes().decode()
        return "".join(pq.read_table(path, columns=["text"]).column("text").to_pylist())
    except (OSError, UnicodeDecodeError, pa.ArrowException, KeyError, TypeError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise RequestError(
            f"{path} cannot be read as text: {type(error).__name__}: {said}; expected UTF-8, or parquet "
            "with a column text"
        ) from error
