"""Content by name: shipped, generated, from a folder, from the cache, from the hub."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest

from whether.data import CARDS, cache, folder, hub
from whether.data import load as loading
from whether.data.cards import Card, card
from whether.data.load import load
from whether.errors import DamageError, RequestError


@pytest.mark.parametrize("name", ["xor", "digits"])
def test_content_is_what_the_card_says(name: str) -> None:
    known, arrays = CARDS[name], load(name)
    assert arrays.digest() == known.digest
    assert arrays.train_x.shape == (known.train_rows, *known.shape)
    assert arrays.test_x.shape == (known.test_rows, *known.shape)
    assert arrays.train_x.dtype == np.uint8
    assert arrays.train_y.dtype == np.int64
    assert set(arrays.train_y) == set(range(known.classes))
    assert arrays.train_x.max() == known.peak


def test_xor_is_exclusive_or() -> None:
    arrays = load("xor")
    assert [(*map(int, x), int(y)) for x, y in zip(arrays.train_x, arrays.train_y, strict=True)] == [
        (0, 0, 0),
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 0),
    ]


def test_digits_are_golden() -> None:
    arrays = load("digits")
    assert CARDS["digits"].digest == "c381de9887f4830e558c61d6911419962894672bfec64cff6ced840b97223382"
    # Counts per class of the 1,797 forms, as the repository of their origin tells them.
    both = np.concatenate([arrays.train_y, arrays.test_y])
    assert np.bincount(both).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    inputs = arrays.train_x / 16
    assert (round(inputs.mean(), 4), round(inputs.std(), 4)) == (CARDS["digits"].mean[0], CARDS["digits"].std[0])


def test_no_digit_is_in_both_splits() -> None:
    arrays = load("digits")
    train, test = ({x.tobytes() for x in split} for split in (arrays.train_x, arrays.test_x))
    assert not train & test


def test_digits_on_disk_are_the_content_and_nothing_else() -> None:
    kept = gzip.decompress((Path(loading.__file__).parent / "digits.bin.gz").read_bytes())
    assert kept == b"".join(load("digits").parts())


def test_a_damaged_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(b"".join(load("digits").parts()))
    monkeypatch.setattr(loading.resources, "files", lambda _: tmp_path)
    content[100] ^= 1
    for bytes_there in (
        gzip.compress(bytes(content)),
        gzip.compress(bytes(content[:-1])),
        b"not gzip",
        b"\x1f\x8b\x08",
    ):
        (tmp_path / "digits.bin.gz").write_bytes(bytes_there)
        with pytest.raises(
            DamageError, match=r"digits that ships .* is damaged: .*digits.bin.gz .*install whether again"
        ):
            load("digits")


def test_a_folder_is_a_data_set(write: Any, rows: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "letters")
    told: list[tuple[int, int]] = []
    arrays = load(str(path), progress=lambda done, total: told.append((done, total)))
    assert np.array_equal(arrays.train_x[:, 0], np.stack(rows[0]))
    assert arrays.train_y.tolist() == rows[1]
    assert len(arrays.test_y) == 6
    assert told[-1] == (26, 26)
    made = card(str(path))
    assert (made.train_rows, made.test_rows, made.shape, made.classes, made.validation) == (20, 6, (1, 5, 4), 3, 2)
    assert made.digest == arrays.digest()
    inputs = arrays.train_x / 255
    assert (made.mean, made.std) == ((round(inputs.mean(), 4),), (round(inputs.std(), 4),))


def test_colour_has_three_channels_and_a_flat_one_is_left_as_it_is(write: Any, tmp_path: Path) -> None:
    image = np.zeros((4, 2, 3), np.uint8)
    image[..., 0], image[0, :, 1] = 255, 255
    path = write(tmp_path / "colours", ([image, image], [0, 1]), ([image], [0]), image="img")
    made = card(str(path))
    assert (made.shape, made.mean, made.std) == ((3, 4, 2), (1.0, 0.25, 0.0), (1.0, 0.433, 1.0))
    assert np.array_equal(load(str(path)).train_x[0].transpose(1, 2, 0), image)


def test_the_same_content_elsewhere_is_the_same_data(write: Any, tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "other" / "nested")
    assert card(str(one)).digest == card(str(other.parent)).digest
    assert (card(str(one)).name, card(str(other.parent)).name) == (str(one), str(other.parent))


def test_a_folder_of_whether_data_goes_by_its_name(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home" / "letters")
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path / "home"))
    assert card("letters").train_rows == 20
    assert len(load("letters").train_y) == 20


def test_a_folder_here_does_not_take_a_known_name(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mnist")
    monkeypatch.chdir(tmp_path)
    assert card("mnist") is CARDS["mnist"]
    assert card("./mnist").train_rows == 20


def test_a_card_follows_its_files(write: Any, rows: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "letters")
    first = card(str(path))
    assert card(str(path)) is first
    write(path, (rows[0][:10], rows[1][:10]))
    assert card(str(path)).train_rows == 10
    with pytest.raises(RequestError, match="its files were changed since they were first read") as caught:
        load(str(path), card=first)
    assert first.digest in str(caught.value)


def test_content_under_a_known_name_must_be_that_content(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.zeros((28, 28), np.uint8)
    write(tmp_path / "mnist", ([image, image], [0, 9]), ([image], [1]))
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path))
    with pytest.raises(RequestError, match=r"mnist is not mnist: .*2 and 1 rows of 1 × 28 × 28.*expected") as caught:
        load("mnist")
    assert CARDS["mnist"].digest in str(caught.value)
    assert card(str(tmp_path / "mnist")).digest in str(caught.value)
    assert "data='" + str(tmp_path / "mnist") in str(caught.value)


@pytest.mark.parametrize(
    ("image", "label", "told"),
    [
        (
            np.zeros((8, 8), np.uint8),
            0,
            r"train-.*, row 1: an image of 8 × 8 pixels in mode L; expected 28 × 28 pixels",
        ),
        (
            np.zeros((28, 28, 3), np.uint8),
            0,
            r"row 1: an image of 28 × 28 pixels in mode RGB; expected 28 × 28 pixels in",
        ),
        (np.zeros((28, 28), np.uint8), 10, r"row 1: label 10; expected 0 to 9 \(mnist has 10 classes\).*hf download"),
    ],
)
def test_a_row_that_is_not_of_the_known_data_is_named(
    image: np.ndarray, label: int, told: str, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = np.zeros((28, 28), np.uint8)
    write(tmp_path / "mnist", ([right, image], [0, label]), ([right], [1]))
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path))
    with pytest.raises(RequestError, match=told):
        load("mnist")


@pytest.fixture
def toy(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A data set of the table whose repository is a folder here."""
    made = card(str(write(tmp_path / "hub" / "toy")))
    files = ("toy/train-00000-of-00001.parquet", "toy/test-00000-of-00001.parquet")
    known = Card(**{**vars(made), "name": "toy", "source": "someone/toy", "files": files})
    monkeypatch.setitem(CARDS, "toy", known)
    cache.place(known).unlink()
    return known


def _stand_in(monkeypatch: pytest.MonkeyPatch, answer: Path | Exception) -> list[tuple[str, bool]]:
    """Answer for the hub; returns what it is asked for, and whether the client's own cache must do."""
    asked: list[tuple[str, bool]] = []

    def download(repository: str, file: str, *, repo_type: str, local_files_only: bool = False) -> str:
        assert (repository, repo_type) == ("someone/toy", "dataset")
        asked.append((file, local_files_only))
        if isinstance(answer, Exception):
            raise answer
        return str(answer / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(hub.socket, "getaddrinfo", lambda *_: [])
    return asked


def test_the_hub_is_asked_once_and_the_cache_from_then_on(
    toy: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _stand_in(monkeypatch, tmp_path / "hub")
    assert load("toy").digest() == toy.digest
    assert asked == [(file, True) for file in toy.files]
    assert load("toy").digest() == toy.digest
    assert len(asked) == 2


def test_what_cannot_be_fetched_says_how_it_is_fetched(
    toy: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _stand_in(monkeypatch, ConnectionError("no route to host\nand much more"))
    with pytest.raises(RequestError, match=r"toy is not on this machine: looked in WHETHER_DATA \(not set\)") as caught:
        load("toy")
    told = str(caught.value)
    assert "`hf download someone/toy --repo-type dataset --local-dir DATA/toy` and set WHETHER_DATA=DATA" in told
    assert "someone/toy: ConnectionError: no route to host)" in told
    assert "and much more" not in told
    assert str(cache.place(toy)) in told
    assert asked == [(toy.files[0], True), (toy.files[0], False)]
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path))
    with pytest.raises(RequestError, match=r"looked in WHETHER_DATA \(.* has no folder toy\)"):
        load("toy")


def test_without_a_network_the_hub_is_not_waited_for(toy: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _stand_in(monkeypatch, FileNotFoundError("not in the client's cache"))

    def nowhere(*_: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(hub.socket, "getaddrinfo", nowhere)
    monkeypatch.setattr(hub, "getproxies", dict)
    with pytest.raises(RequestError, match="Name or service not known"):
        load("toy")
    assert len(asked) == 1
    monkeypatch.setattr(hub, "getproxies", lambda: {"https": "proxy"})
    with pytest.raises(RequestError, match="not in the client's cache"):
        load("toy")
    assert len(asked) == 3


def test_other_content_on_the_hub_is_refused(
    toy: Card, write: Any, rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "hub" / "toy", (rows[0][::-1], rows[1]))
    _stand_in(monkeypatch, tmp_path / "hub")
    with pytest.raises(RequestError, match=r"someone/toy on the hub is not the toy that Whether knows") as caught:
        load("toy")
    assert toy.digest in str(caught.value)
    assert not cache.place(toy).exists()


def test_a_downloaded_repository_under_whether_data_is_found(
    toy: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # What `hf download … --local-dir home/toy` leaves: the repository, with the files in their subfolder.
    (home / "toy").symlink_to(tmp_path / "hub")
    monkeypatch.setenv("WHETHER_DATA", str(home))
    assert load("toy").digest() == toy.digest


def test_mnist_is_mnist(mnist: Path) -> None:
    arrays = load("mnist")
    assert arrays.digest() == CARDS["mnist"].digest
    assert arrays.train_y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert arrays.test_y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(arrays.train_x.mean() / 255, 4) == CARDS["mnist"].mean[0]


def test_a_path_to_mnist_is_mnist(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("mnist")
    monkeypatch.delenv("WHETHER_DATA")
    monkeypatch.setattr(folder, "decode", None)
    assert card(str(mnist)) is CARDS["mnist"]
    assert load(str(mnist)).digest() == CARDS["mnist"].digest
    assert load("mnist").digest() == CARDS["mnist"].digest
