"""What is known of data without reading any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from whether import data
from whether.data import CARDS, Card, Data, card
from whether.digest import canonical, digest
from whether.errors import RequestError


def test_importing_and_resolving_loads_neither_numpy_nor_torch() -> None:
    code = (
        "import sys; from whether.data import Data, card; Data.parse('mnist').resolve(); card('digits'); "
        "print(sorted({'numpy', 'torch', 'pyarrow', 'PIL', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_front_door_gives_every_name_it_lists() -> None:
    assert all(getattr(data, name) is not None for name in data.__all__)
    with pytest.raises(AttributeError, match="no attribute 'tensor'"):
        _ = data.tensor


@pytest.mark.parametrize(
    ("name", "train", "validation", "test", "shape"),
    [("xor", 4, 4, 4, (2,)), ("digits", 900, 300, 597, (1, 8, 8)), ("mnist", 55_000, 5_000, 10_000, (1, 28, 28))],
)
def test_split_sizes(name: str, train: int, validation: int, test: int, shape: tuple[int, ...]) -> None:
    given = Data(name=name)
    assert (given.train_count, given.validation_count) == (train, validation)
    assert (given.card.test_rows, given.card.shape) == (test, shape)


def test_every_card_is_whole() -> None:
    for name, known in CARDS.items():
        assert known.name == name
        if known.digest:
            assert card(name) is known
            assert len(known.digest) == 64
        else:
            assert known.files
            assert "/" in known.source
        assert known.licence
        assert known.citation
        assert len(known.mean) == len(known.std) == (known.shape[0] if len(known.shape) == 3 else 1)
        assert all(value > 0 for value in known.std)


def test_features_multiply_the_shape() -> None:
    assert [CARDS[name].features for name in ("xor", "digits", "mnist")] == [2, 64, 784]


# Final: a change here changes the digest of all that is trained or measured on these data.
GOLDEN = {
    "friedman": "99e720a7be4c638157e46b2918d677baab75304e3176a3378818d7b7aabca5a4",
    "grammar": "d0a1dcae89ad20032b497b4d5f5afbe1ebb0f9894f0ac7d218381bce27c18434",
    "modular-addition": "7ed151378ad75331cd737e5a830f298560300ec7e197c07197ef4144f527781d",
    "tiny-shakespeare": "9ee8d9359ce9c0a08d574a3839ae047f906ca7d8629aec73166e4224ec550a74",
    "xor": "e92e8a63386dcc60cd7f1d2c50a09c00fefdf0d4562638db2c34314f96a4ee39",
    "digits": "5e1a400c8beeef851a3dd576d55d911ef33d797dae91cd8d0083a05682a803d6",
    "mnist": "151b30319e4b348f0d04d773c5b4bb45c6dd388b13f97c6a9a97896c34b29d7f",
}


@pytest.mark.parametrize("name", sorted(name for name, known in CARDS.items() if known.digest))
def test_identity_of_data_is_golden(name: str) -> None:
    assert digest(Data(name=name).resolve()) == GOLDEN[name]


def test_resolved_facts_are_plain_and_written_with_their_defaults() -> None:
    assert Data(name="digits").resolve() == Data(name="digits", validation=300, split_seed=0).resolve()
    facts = Data(name="mnist", split_seed=255).resolve()
    canonical(facts)
    assert facts["content"] == CARDS["mnist"].digest
    assert (facts["train"], facts["validation"], facts["test"]) == (55_000, 5_000, 10_000)
    assert facts["split"] == "00000000000000ff"


def test_what_changes_the_rows_changes_the_identity() -> None:
    asked = [Data(name="digits"), Data(name="digits", validation=200), Data(name="digits", split_seed=1)]
    assert len({digest(one.resolve()) for one in asked}) == 3


def test_a_seed_that_draws_nothing_is_no_part_of_the_identity() -> None:
    assert Data(name="xor", split_seed=3).resolve() == Data(name="xor").resolve()
    whole = [Data(name="digits", validation=0, split_seed=seed) for seed in (0, 1)]
    assert whole[0].resolve() == whole[1].resolve()
    assert whole[0].train_count == 1200


def test_parse_takes_a_name_or_a_data() -> None:
    given = Data(name="mnist", validation=0)
    assert Data.parse(given) is given
    assert Data.parse("mnist") == Data(name="mnist")


def test_cards_are_values() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        CARDS["xor"].classes = 3
    assert isinstance(hash(CARDS["xor"]), int)
    assert isinstance(CARDS["xor"], Card)


def test_an_unknown_name_shows_the_nearest_and_the_folders_that_would_do(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        RequestError,
        match=r"unknown data set 'mnits'; did you mean 'mnist'.*\? Known: cifar10, .*, tiny-shakespeare, xor\.",
    ):
        card("mnits")
    write(tmp_path / "home" / "letters")
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path / "home"))
    with pytest.raises(RequestError, match=r"did you mean 'letters'\?.*the path of a folder with train\*\.parquet"):
        card("leters")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"name": 3},
            r"a data set is given by name or path, got 3; write data=\"digits\" \(known: cifar10, cifar100, digits, ",
        ),
        ({"name": ""}, "a data set is given by name or path, got ''"),
        ({"name": "digits", "validation": -1}, "validation is a number of rows, 0 or more, got -1"),
        ({"name": "digits", "validation": 0.2}, "validation is a number of rows, 0 or more, got 0.2"),
        ({"name": "digits", "validation": True}, "validation is a number of rows, 0 or more, got True"),
        ({"name": "digits", "split_seed": -1}, "a seed is an integer from 0"),
    ],
)
def test_a_malformed_request_is_told_at_once(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        Data(**arguments)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(RequestError, match=r"(?s)name or path.*validation is.*a seed is") as caught:
        Data(name="", validation=-1, split_seed=-1)
    assert len(caught.value.problems) == 3


def test_a_split_that_cannot_be_is_refused() -> None:
    assert Data(name="digits", validation=1199).train_count == 1
    with pytest.raises(
        RequestError, match="validation=1200 leaves nothing to train on: 'digits' has 1200 training rows"
    ):
        Data(name="digits", validation=1200).resolve()
    with pytest.raises(RequestError, match="validation=1 cannot be held out of 'xor': the same 4 rows"):
        Data(name="xor", validation=1).resolve()
