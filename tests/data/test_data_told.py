"""Names whose original nobody here has seen: told by what is found, remembered, refused when it is another size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whether.data import CARDS, Card, Data, card, folder
from whether.data.load import load
from whether.data.tensors import tensors
from whether.digest import digest
from whether.errors import RequestError


@pytest.fixture
def toy(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A name of the table without a digest, with columns of its own, whose folder is under WHETHER_DATA."""
    made = card(str(write(tmp_path / "plain")))
    changed = {
        "name": "toy-set",
        "digest": "",
        "source": "someone/toy_set",
        "files": ("x/train-00000-of-00001.parquet", "x/test-00000-of-00001.parquet"),
        "columns": ("img", "fine_label"),
        "validation": 4,
        "mean": (0.0,),
        "std": (1.0,),
        "citation": "Someone, 2009.",
    }
    known = Card(**{**vars(made), **changed})
    monkeypatch.setitem(CARDS, "toy-set", known)
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path / "home"))
    return known


@pytest.fixture
def home(toy: Card, write: Any, tmp_path: Path) -> Path:
    return write(tmp_path / "home" / "toy_set", image="img", label="fine_label")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    done: list[Any] = []
    decode = folder.decode
    monkeypatch.setattr(folder, "decode", lambda *a, **k: done.append(a) or decode(*a, **k))
    return done


def test_the_content_found_is_the_identity(home: Path, toy: Card) -> None:
    made = card("toy-set")
    assert made.digest == load("toy-set").digest()
    assert (made.name, made.validation, made.classes) == ("toy-set", 4, 3)
    assert made.source == "folder"
    assert made.citation.startswith("Someone, 2009. Told by its size: whether this copy has the pixels of the original")
    inputs = load("toy-set").train_x / 255
    assert (made.mean, made.std) == ((round(inputs.mean(), 4),), (round(inputs.std(), 4),))
    assert Data(name="toy-set").resolve()["content"] == made.digest
    assert len(tensors("toy-set").validation_index) == 4
    by_path = Data(name=str(home), columns=toy.columns, validation=4)
    assert digest(by_path.resolve()) == digest(Data(name="toy-set").resolve())


@pytest.mark.usefixtures("home")
def test_it_is_decoded_once(decoded: list[Any]) -> None:
    first = card("toy-set")
    folder._seen.clear()
    assert card("toy-set") == first
    tensors("toy-set")
    assert len(decoded) == 1


@pytest.mark.usefixtures("home", "toy")
def test_a_file_that_changes_meanwhile_is_told(write: Any, rows: Any, tmp_path: Path) -> None:
    first = card("toy-set")
    write(tmp_path / "home" / "toy_set", (rows[0][::-1], rows[1]), image="img", label="fine_label")
    assert card("toy-set").digest != first.digest
    with pytest.raises(RequestError, match=r"is not toy-set: .*its files were changed since they were first read"):
        load("toy-set", card=first)


@pytest.mark.usefixtures("toy")
def test_another_size_is_another_set(write: Any, rows: Any, tmp_path: Path) -> None:
    write(tmp_path / "home" / "toy_set", (rows[0][:9], rows[1][:9]), image="img", label="fine_label")
    with pytest.raises(
        RequestError,
        match=r"is not toy-set: it holds 9 and 6 rows of 1 × 5 × 4 in 3 classes; expected 20 and 6 rows of .*"
        r"`hf download someone/toy_set.*under its own name, data='.*toy_set'",
    ):
        card("toy-set")
    zeros = (rows[0], [0] * 20), (rows[0][:6], [0] * 6)
    write(tmp_path / "home" / "toy_set", *zeros, image="img", label="fine_label")
    with pytest.raises(RequestError, match=r"20 and 6 rows of 1 × 5 × 4 in 1 classes; expected .* in 3 classes"):
        card("toy-set")
    write(tmp_path / "home" / "toy_set", (rows[0], [7] * 20), image="img", label="fine_label")
    with pytest.raises(RequestError, match=r"row 0: label 7; expected 0 to 2 \(toy-set has 3 classes\)"):
        card("toy-set")


@pytest.mark.usefixtures("toy")
def test_it_comes_from_the_hub_where_no_folder_is(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any]
) -> None:
    write(tmp_path / "hub" / "x", image="img", label="fine_label")
    asked: list[tuple[str, str]] = []

    def download(repository: str, file: str, *, repo_type: str, local_files_only: bool) -> str:
        assert (repo_type, local_files_only) == ("dataset", True)
        asked.append((repository, file))
        return str(tmp_path / "hub" / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    made = card("toy-set")
    assert made.source == "someone/toy_set"
    assert asked == [("someone/toy_set", file) for file in CARDS["toy-set"].files]
    assert card("toy-set") is made
    assert len(asked) == 2
    assert load("toy-set", card=made).digest() == made.digest
    assert tensors("toy-set").card == made
    assert len(decoded) == 1


@pytest.mark.usefixtures("toy")
def test_what_cannot_be_fetched_is_told_without_a_cache_that_cannot_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> str:
        raise ConnectionError("no route to host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", nowhere)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: [])
    with pytest.raises(
        RequestError, match=r"has no folder toy-set\) and on the hub \(someone/toy_set: ConnectionError"
    ):
        Data(name="toy-set").resolve()


def test_columns_are_named_where_they_are_others(write: Any, rows: Any, tmp_path: Path) -> None:
    name = str(write(tmp_path / "set", image="picture", label="kind"))
    with pytest.raises(RequestError, match=r"found picture .*kind .*name the columns with Data\(name=…, columns=\("):
        card(name)
    said = Data(name=name, columns=("picture", "kind"))
    assert said.card.train_rows == 20
    assert np.array_equal(load(name, columns=said.columns).train_x[:, 0], np.stack(rows[0]))
    assert tensors(said).y_train.tolist() == rows[1]
    assert Data(name=name, columns=["picture", "kind"]) == said
    with pytest.raises(RequestError, match=r"expected pictures \(bytes.* and kind \(integers"):
        card(name, ("pictures", "kind"))
    with pytest.raises(
        RequestError, match=r"columns=.* are of parquet files, and 'digits' has none; leave columns out"
    ):
        Data(name="digits", columns=("image", "kind")).resolve()


@pytest.mark.usefixtures("home")
def test_other_labels_of_a_known_name_are_another_set(tmp_path: Path, rows: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = tmp_path / "home" / "toy_set"
    for path in place.glob("*.parquet"):
        held = pq.read_table(path)
        coarse = pa.array([value % 2 for value in held.column("fine_label").to_pylist()], pa.int64())
        pq.write_table(held.append_column("coarse_label", coarse), path)
    fine, coarse = Data(name="toy-set"), Data(name="toy-set", columns=("img", "coarse_label"))
    assert (fine.card.classes, coarse.card.classes) == (3, 2)
    assert fine.card.digest != coarse.card.digest
    assert tensors(coarse).y_train.tolist() == [label % 2 for label in rows[1]]
    assert tensors(fine).y_train.tolist() == rows[1]


def test_columns_of_a_name_that_are_its_own_say_nothing() -> None:
    assert Data(name="mnist", columns=("image", "label")).resolve() == Data(name="mnist").resolve()
