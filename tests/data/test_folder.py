"""Which folder a name means, which files are the data set, and what is said of files that are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from whether.data import card
from whether.data.folder import find, fingerprint
from whether.data.load import load
from whether.data.parquet import Files
from whether.errors import RequestError

GREY = np.zeros((5, 4), np.uint8)


def test_shards_are_read_in_order(write: Any, rows: Any, tmp_path: Path) -> None:
    whole = card(str(write(tmp_path / "whole")))
    path = write(tmp_path / "parts", (rows[0][:12], rows[1][:12]))
    (path / "train-00000-of-00001.parquet").rename(path / "train-00000-of-00002.parquet")
    rest = write(tmp_path / "rest", (rows[0][12:], rows[1][12:]))
    (rest / "train-00000-of-00001.parquet").rename(path / "train-00001-of-00002.parquet")
    assert card(str(path)).digest == whole.digest
    (path / "train-00001-of-00002.parquet").unlink()
    with pytest.raises(
        RequestError, match=r"holds parts that make no whole: train-00000-of-00002.parquet; expected all"
    ):
        card(str(path))


def test_parts_of_two_numberings_make_no_whole(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    (path / "train-extra.parquet").write_bytes((path / "train-00000-of-00001.parquet").read_bytes())
    with pytest.raises(RequestError, match=r"make no whole: train-00000-of-00001.parquet, train-extra.parquet"):
        card(str(path))


def test_the_fingerprint_is_of_bytes_and_splits_not_of_names(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    first = fingerprint(find(path))
    for split in ("train", "test"):
        (path / f"{split}-00000-of-00001.parquet").rename(path / f"{split}.parquet")
    assert fingerprint(find(path)) == first
    (path / "train.parquet").rename(path / "aside")
    (path / "test.parquet").rename(path / "train.parquet")
    (path / "aside").rename(path / "test.parquet")
    assert fingerprint(find(path)) != first


def test_a_part_that_moves_to_the_other_split_is_told_apart(write: Any, tmp_path: Path) -> None:
    train, test = (write(tmp_path / "set") / f"{split}-00000-of-00001.parquet" for split in ("train", "test"))
    files = Files((train, train), (test,)), Files((train,), (train, test))
    assert fingerprint(files[0]) != fingerprint(files[1])


def test_names_that_are_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        RequestError, match=r"no folder at data='no/such' \(that is /.*no/such\); expected one with train"
    ):
        card("no/such")
    with pytest.raises(RequestError, match=r"no folder at data='~nobody-of-that-name/x'"):
        card("~nobody-of-that-name/x")
    file = tmp_path / "x.parquet"
    file.write_bytes(b"")
    with pytest.raises(RequestError, match=r"x.parquet' is a file; expected the folder that holds it"):
        card(str(file))
    with pytest.raises(RequestError, match=r"cannot be read: .*File name too long"):
        card("x" * 300)
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path / "gone"))
    with pytest.raises(RequestError, match="unknown data set 'letters'"):
        card("letters")


def test_the_parent_of_whether_data_is_no_data_set_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home")
    with pytest.raises(RequestError, match=r"^\.\. is no data set: found home; expected train"):
        card("..")


def test_folders_that_are_no_data_set(write: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="empty is no data set: found nothing; expected train"):
        card(str(tmp_path / "empty"))
    several = tmp_path / "several"
    write(several / "a")
    write(several / "b")
    with pytest.raises(RequestError, match=r"holds several data sets: a, b; expected one; .*data='.*a'"):
        card(str(several))
    (several / "a" / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(RequestError, match=r"a has no test split: found train-00000-of-00001.parquet"):
        card(str(several / "a"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom file permissions bind")
def test_a_folder_that_may_not_be_read(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "closed")
    path.chmod(0)
    try:
        with pytest.raises(RequestError, match="closed cannot be read"):
            card(str(path))
    finally:
        path.chmod(0o700)


def test_a_file_that_cannot_be_opened(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    (path / "test-00000-of-00001.parquet").unlink()
    (path / "test-00000-of-00001.parquet").mkdir()
    with pytest.raises(RequestError, match=r"set cannot be read: .*Is a directory"):
        card(str(path))


def test_bytes_that_are_no_parquet(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    (path / "train-00000-of-00001.parquet").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(RequestError, match=r"train-00000-of-00001.parquet cannot be read as parquet: ArrowInvalid"):
        card(str(path))


def test_a_parquet_that_breaks_off_inside(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    file = path / "train-00000-of-00001.parquet"
    content = bytearray(file.read_bytes())
    content[4:60] = b"\xff" * 56
    file.write_bytes(content)
    with pytest.raises(RequestError, match=r"train-00000-of-00001.parquet cannot be read from row 0 on"):
        card(str(path))


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (pa.table({"picture": [b""], "label": [0]}), r"picture \(binary\), label \(int64\)"),
        (pa.table({"image": [b""], "digit": [0]}), r"image \(binary\), digit \(int64\)"),
        (pa.table({"image": ["a.png"], "label": [0]}), r"image \(string\), label \(int64\)"),
        (pa.table({"image": [b""], "label": ["cat"]}), r"image \(binary\), label \(string\)"),
        (pa.table({"image": [{"path": "a"}], "label": [0]}), r"image \(struct<path: string>\)"),
        (pa.table({}), "none"),
    ],
)
def test_other_columns_are_told_beside_the_expected(made: pa.Table, found: str, write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set", made)
    with pytest.raises(
        RequestError, match=f"train-.*other columns .*: found {found}.*; expected image or img .*and label"
    ):
        load(str(path))


def test_bare_bytes_are_images_too(write: Any, rows: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set")
    file = path / "train-00000-of-00001.parquet"
    held = pq.read_table(file)
    bare = pa.table({"img": held["image"].combine_chunks().field("bytes"), "label": held["label"].cast(pa.uint8())})
    pq.write_table(bare, file)
    assert np.array_equal(load(str(path)).train_x[:, 0], np.stack(rows[0]))


@pytest.mark.parametrize(
    ("image", "label", "told"),
    [
        (b"\x89PNG\r\n\x1a\nbroken", 0, "row 1: 14 bytes that are no image; expected a PNG or JPEG"),
        (b"", 0, "row 1: 0 bytes that are no image"),
        (None, 0, "row 1: no image; expected the bytes of a PNG or JPEG"),
        (np.zeros((4, 5), np.uint8), 0, "row 1: an image of 4 × 5 pixels in mode L; expected 5 × 4 pixels in mode L"),
        (
            np.zeros((5, 4, 4), np.uint8),
            0,
            "row 1: an image of 5 × 4 pixels in mode RGBA; expected 5 × 4 pixels in mode L",
        ),
        (GREY, None, "row 1: no label; expected 0 to 1"),
        (GREY, -1, "row 1: label -1; expected 0 to 1"),
        (GREY, 2, r"row 1: label 2; expected 0 to 1 \(each class needs a training row to be learned from\)"),
    ],
)
def test_a_wrong_row_is_named(image: Any, label: Any, told: str, write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set", ([GREY, image], [0, label]), ([GREY], [0]))
    with pytest.raises(RequestError, match=f"train-00000-of-00001.parquet, {told}"):
        load(str(path))


def test_a_truncated_image_is_named(write: Any, rows: Any, tmp_path: Path) -> None:
    large = np.arange(10_000, dtype=np.uint32).astype(np.uint8).reshape(100, 100)
    Image.fromarray(large).save(tmp_path / "large.png")
    half = (tmp_path / "large.png").read_bytes()[:100]
    path = write(tmp_path / "set", ([half], [0]), ([GREY], [0]))
    with pytest.raises(RequestError, match=r"row 0: 100 bytes that are no image .OSError"):
        load(str(path))


def test_the_first_image_must_be_grey_or_colour(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set", ([np.zeros((5, 4, 4), np.uint8)], [0]), ([GREY], [0]))
    with pytest.raises(RequestError, match=r"row 0: an image of .* RGBA; expected grey \(L\) or colour \(RGB\)"):
        load(str(path))


def test_a_split_without_rows(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "set", ([], []))
    with pytest.raises(RequestError, match="set has no training rows"):
        load(str(path))
    path = write(tmp_path / "other", ([GREY], [0]), ([], []))
    with pytest.raises(RequestError, match="other has no test rows"):
        load(str(path))
