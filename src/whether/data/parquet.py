"""Pixels and labels out of the parquet files of an image data set, as Hugging Face repositories hold them.

Each row has an image (the bytes of a PNG, JPEG or similar, bare or in a struct with a field `bytes`) and an integer
label. Every row is checked, and what is wrong is told with its file and row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whether.data.arrays import Arrays
from whether.data.facts import Card
from whether.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.parquet as pq

Progress = Callable[[int, int], None]
"""Is told (rows decoded, rows in all), a few times a second at most."""

IMAGE_COLUMNS = ("image", "img")
LABEL_COLUMN = "label"
_MODES = {"L": 1, "RGB": 3}
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Files:
    """The parquet files of the two splits, each in the order of its rows."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]


def decode(
    files: Files,
    expected: Card | None = None,
    progress: Progress | None = None,
    *,
    columns: tuple[str, str] | None = None,
) -> Arrays:
    """All pixels and labels of `files`.

    Args:
        files: where they are.
        expected: what every image and label must agree with; without it the first image says how large they all are.
        progress: told how far it is.
        columns: names of the image and the label column; without, one of `IMAGE_COLUMNS` and `LABEL_COLUMN`.

    Raises:
        RequestError: for a file that is no parquet or has other columns, an image that cannot be decoded or has another
            size or mode, a label that is missing or out of range; names the file and the row, counted from 0.
    """
    opened = {path: _open(path, columns) for path in (*files.train, *files.test)}
    rows = {path: file.metadata.num_rows for path, file in opened.items()}
    train, total = sum(rows[path] for path in files.train), sum(rows.values())
    for split, count in (("training", train), ("test", total - train)):
        if not count:
            raise RequestError(f"{files.train[0].parent} has no {split} rows; expected at least one image and label")
    limit = expected.classes if expected else train
    why = f"{expected.name} has {limit} classes" if expected else "each class needs a training row to be learned from"
    shape = expected.shape if expected else None
    x, y, at = None, np.empty(total, np.int64), 0
    for path, file in opened.items():
        for images, labels, row in _batches(path, file, columns):
            y[at : at + len(labels)] = _checked(labels, limit, why, path, row)
            for offset, image in enumerate(images):
                pixels = _pixels(image, shape, f"{path}, row {row + offset}")
                if x is None:
                    shape = pixels.shape
                    x = np.empty((total, *shape), np.uint8)
                x[at + offset] = pixels
            at += len(labels)
            if progress:
                progress(at, total)
    assert x is not None, "there is a row"
    return Arrays(train_x=x[:train], train_y=y[:train], test_x=x[train:], test_y=y[train:])


def _open(path: Path, wanted: tuple[str, str] | None) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise RequestError(
            f"{path} cannot be read as parquet: {_line(error)}; fetch it again, or choose another folder"
        ) from error
    _columns(path, file.schema_arrow, wanted)
    return file


def _columns(path: Path, schema: pa.Schema, wanted: tuple[str, str] | None) -> tuple[str, str]:
    """The names of the image and the label column."""
    import pyarrow as pa

    def holds_bytes(kind: pa.DataType) -> bool:
        if pa.types.is_struct(kind):
            index = kind.get_field_index("bytes")
            return index >= 0 and holds_bytes(kind.field(index).type)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    images, label = ((wanted[0],), wanted[1]) if wanted else (IMAGE_COLUMNS, LABEL_COLUMN)
    image = next((name for name in images if name in schema.names), None)
    if image and label in schema.names:
        label_kind = schema.field(label).type
        if holds_bytes(schema.field(image).type) and pa.types.is_integer(label_kind):
            return image, label
    found = ", ".join(f"{field.name} ({field.type})" for field in schema) or "none"
    raise RequestError(
        f"{path} has other columns than an image data set: found {found}; expected {' or '.join(images)} "
        f"(bytes of a PNG or JPEG, or a struct with a field bytes) and {label} (integers from 0); name the columns "
        'with Data(name=…, columns=("image", "label")), or choose another folder'
    )


def _batches(
    path: Path, file: pq.ParquetFile, wanted: tuple[str, str] | None
) -> Iterator[tuple[list[bytes | None], list[int | None], int]]:
    """Images, still encoded, and labels, with the row that the first of them has in its file."""
    import pyarrow as pa
    import pyarrow.compute as pc

    image, label = _columns(path, file.schema_arrow, wanted)
    row = 0
    try:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=[image, label]):
            images = batch.column(image)
            if pa.types.is_struct(images.type):
                images = pc.struct_field(images, "bytes")
            yield images.to_pylist(), batch.column(label).to_pylist(), row
            row += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise RequestError(f"{path} cannot be read from row {row} on: {_line(error)}") from error


def _checked(labels: list[int | None], limit: int, why: str, path: Path, first: int) -> npt.NDArray[np.int64]:
    for offset, label in enumerate(labels):
        if label is None or not 0 <= label < limit:
            got = "no label" if label is None else f"label {label}"
            raise RequestError(f"{path}, row {first + offset}: {got}; expected 0 to {limit - 1} ({why})")
    return np.array(labels, np.int64)


def _pixels(image: bytes | None, shape: tuple[int, ...] | None, where: str) -> npt.NDArray[np.uint8]:
    """One image as uint8 [channel, height, width]."""
    from PIL import Image, UnidentifiedImageError

    if image is None:
        raise RequestError(f"{where}: no image; expected the bytes of a PNG or JPEG")
    try:
        picture = Image.open(BytesIO(image))
        channels = _MODES.get(picture.mode, 0)
        found = (channels, picture.height, picture.width)
        if channels and (shape is None or found == shape):
            pixels = np.asarray(picture)
            return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
    except Exception as error:  # a decoder fed with foreign bytes raises whatever it likes
        said = "" if isinstance(error, UnidentifiedImageError) else f" ({_line(error)})"
        raise RequestError(f"{where}: {len(image)} bytes that are no image{said}; expected a PNG or JPEG") from error
    wanted = "grey (L) or colour (RGB)" if shape is None else _told("L" if shape[0] == 1 else "RGB", *shape[1:])
    raise RequestError(
        f"{where}: an image of {_told(picture.mode, picture.height, picture.width)}; expected {wanted}, as all images "
        "of a data set have one size and mode"
    )


def _told(mode: str, height: int, width: int) -> str:
    return f"{height} × {width} pixels in mode {mode}"


def _line(error: BaseException) -> str:
    """The first line of what an error says, with its type: enough to tell by, short enough to read."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}".rstrip(": ")
