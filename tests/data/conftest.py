"""Small data sets made on the spot, a cache of each test's own, and MNIST where a machine has it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from whether.data import folder, tensors

_HOME = Path(os.environ.get("WHETHER_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

Rows = tuple[list[Any], list[Any]]
Writer = Callable[..., Path]


def png(pixels: np.ndarray) -> bytes:
    held = BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def table(images: list[Any], labels: list[Any], image: str = "image", label: str = "label") -> pa.Table:
    """Rows as the hub's image repositories hold them."""
    encoded = [{"bytes": png(x) if isinstance(x, np.ndarray) else x, "path": None} for x in images]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table({image: pa.array(encoded, kind), label: pa.array(labels, pa.int64())})


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WHETHER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("WHETHER_DATA", raising=False)
    folder._seen.clear()
    folder._fetched.clear()
    tensors._held.clear()
    yield
    tensors._held.clear()


@pytest.fixture
def rows() -> Rows:
    """Twenty grey images of 5 × 4 pixels in three classes; what they hold is arbitrary but fixed."""
    values = np.arange(20 * 5 * 4) * 37 % 251
    return list(values.astype(np.uint8).reshape(20, 5, 4)), [i % 3 for i in range(20)]


@pytest.fixture
def write(rows: Rows) -> Writer:
    """Write a folder of one training and one test file; each split is rows or a table of its own."""

    def writer(path: Path, train: Any = rows, test: Any = (rows[0][:6], rows[1][:6]), **columns: str) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        for split, held in (("train", train), ("test", test)):
            made = held if isinstance(held, pa.Table) else table(*held, **columns)
            pq.write_table(made, path / f"{split}-00000-of-00001.parquet")
        return path

    return writer


@pytest.fixture(scope="session")
def mnist_home() -> Path:
    if not (_HOME / "mnist").is_dir():
        pytest.skip("no MNIST here: set WHETHER_DATA to a folder that holds mnist/train-00000-of-00001.parquet")
    return _HOME


@pytest.fixture(scope="session")
def mnist_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests of MNIST, so that its PNGs are decoded once."""
    return tmp_path_factory.mktemp("mnist")


@pytest.fixture
def mnist(mnist_home: Path, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHETHER_DATA", str(mnist_home))
    monkeypatch.setenv("WHETHER_CACHE", str(mnist_cache))
    return mnist_home / "mnist"
