"""Sets that are made and texts that are cut: content by definition, the best loss by enumeration."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from whether.data import CARDS, Data, arrays, cache, card, generated, hub, known
from whether.data.load import load
from whether.data.tensors import tensors
from whether.data.text import windows
from whether.errors import DamageError, RequestError


@pytest.mark.parametrize("name", ["modular-addition", "grammar", "friedman"])
def test_made_content_is_what_the_card_says(name: str) -> None:
    facts, made = CARDS[name], load(name)
    assert made.digest() == facts.digest
    assert made.train_x.shape == (facts.train_rows, *facts.shape)
    assert made.test_x.shape == (facts.test_rows, *facts.shape)
    assert made.train_y.shape == (facts.train_rows, *facts.label_shape)
    content = np.concatenate([np.frombuffer(part, np.uint8) for part in made.parts()])
    again = arrays.unpack(facts, content)
    assert again is not None
    assert np.array_equal(again.train_y, made.train_y)
    assert again.train_y.dtype == made.train_y.dtype
    assert np.array_equal(again.test_x, made.test_x)


@pytest.mark.parametrize("name", ["modular-addition", "modular-addition-7", "modular-addition-12"])
def test_every_sum_stands_in_one_split(name: str) -> None:
    made, modulus = load(name), card(name).classes - 1
    x, y = np.concatenate([made.train_x, made.test_x]).astype(int), np.concatenate([made.train_y, made.test_y])
    assert sorted(map(tuple, x[:, :2])) == [(a, b) for a in range(modulus) for b in range(modulus)]
    assert (x[:, 2] == modulus).all()
    assert np.array_equal(y[:, 2], (x[:, 0] + x[:, 1]) % modulus)
    assert (y[:, :2] == -100).all()
    assert 0 <= len(made.train_y) - len(made.test_y) <= 1
    assert card(name).digest == made.digest()
    assert len(set(made.train_y[:, 2])) == modulus


def test_a_modulus_by_name() -> None:
    assert card("modular-addition-23").digest == CARDS["modular-addition"].digest
    assert Data(name="modular-addition-23").resolve() == Data(name="modular-addition").resolve()
    assert "modulo 97" in card("modular-addition-97").citation
    with pytest.raises(
        RequestError, match="'modular-addition-1' asks for addition modulo 1; expected a modulus from 2"
    ):
        card("modular-addition-1")
    with pytest.raises(RequestError, match="addition modulo 256; expected a modulus from 2 to 255"):
        load("modular-addition-256")
    with pytest.raises(RequestError, match="'modular-addition-x' asks for addition modulo 0"):
        card("modular-addition-x")


def words_of(length: int, opened: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every word of the grammar with its probability."""
    if not length:
        yield (), 1.0
        return
    if len(opened) < length:
        chance = 0.5 if not opened else 0.25
        for kind in (0, 1):
            for rest, likely in words_of(length - 1, (*opened, kind)):
                yield (kind, *rest), chance * likely
    if opened:
        chance = 1.0 if len(opened) == length else 0.5
        for rest, likely in words_of(length - 1, opened[:-1]):
            yield (2 + opened[-1], *rest), chance * likely


@pytest.mark.parametrize("length", [2, 4, 8])
def test_the_best_loss_is_the_entropy_of_all_words(length: int) -> None:
    likely = [chance for _, chance in words_of(length)]
    assert sum(likely) == pytest.approx(1)
    assert generated.grammar_best_loss(length) == pytest.approx(-sum(p * math.log(p) for p in likely) / length)


def chance_of(word: list[int]) -> float:
    """The probability of one word, bracket by bracket; 0 for what is no word."""
    opened: list[int] = []
    chance = 1.0
    for place, token in enumerate(word):
        left = len(word) - place
        if token < 2:
            chance *= 0.0 if len(opened) >= left else 0.5 if not opened else 0.25
            opened.append(token)
        else:
            if not opened or opened.pop() != token - 2:
                return 0.0
            chance *= 1.0 if len(opened) + 1 == left else 0.5
    return chance


def test_the_grammars_rows_are_its_words_and_as_likely() -> None:
    made = load("grammar")
    y = np.concatenate([made.train_y, made.test_y])
    x = np.concatenate([made.train_x, made.test_x])
    assert (x[:, 0] == 4).all()
    assert np.array_equal(x[:, 1:], y[:, :-1])
    told = np.array([-math.log(chance_of(row)) / 16 for row in y.tolist()])
    assert abs(told.mean() - generated.grammar_best_loss()) < 5 * told.std() / len(told) ** 0.5
    assert len({tuple(row) for row in y.tolist()}) > 1000


def test_friedmans_labels_are_his_function_and_noise_of_one() -> None:
    made = load("friedman")
    x, y = np.concatenate([made.train_x, made.test_x]) / 255, np.concatenate([made.train_y, made.test_y])[:, 0]
    mean = [10 * math.sin(math.pi * row[0] * row[1]) + 20 * (row[2] - 0.5) ** 2 + 10 * row[3] + 5 * row[4] for row in x]
    noise = y.astype(np.float64) - mean
    rows = len(noise)
    assert y.dtype == np.float32
    assert abs(noise.mean()) < 5 / rows**0.5
    assert abs(noise.std() - 1) < 5 / (2 * rows) ** 0.5
    assert abs(float(x.mean()) - 0.5) < 5 * 0.29 / x.size**0.5
    assert (np.abs(np.corrcoef(x.T)[0, 1:]) < 5 / rows**0.5).all()


def test_tokens_stay_tokens_and_numbers_numbers() -> None:
    held, made = tensors("grammar"), load("grammar")
    assert (held.x_train.dtype, held.y_train.dtype) == (torch.int64, torch.int64)
    assert held.x_train.tolist() == made.train_x.tolist()
    assert held.y_test.tolist() == made.test_y.tolist()
    numbers = tensors("friedman")
    assert (numbers.x_train.dtype, numbers.y_train.dtype) == (torch.float32, torch.float32)
    assert torch.equal(numbers.y_train, torch.from_numpy(load("friedman").train_y))
    assert abs(float(numbers.x_train.std()) - 1) < 0.02
    assert numbers.card.task == "regression"
    assert (len(numbers.train_index), len(numbers.validation_index)) == (1000, 200)


def test_what_is_made_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "friedman_mean", lambda x: x[:, 0])
    with pytest.raises(DamageError, match=r"friedman is generated here with the SHA-256 .*; expected 98938dbb"):
        load("friedman")


def test_a_text_is_cut_into_rows_that_ask_for_the_next_character() -> None:
    text = "to be or not to be, that is the question " * 10
    cut, letters = windows(text, 8), sorted(set(text))
    spelled = ["".join(letters[token] for token in row) for row in cut.train_x]
    assert "".join(spelled) == text[: len(spelled) * 8]
    following = ["".join(letters[token] for token in row) for row in cut.train_y]
    assert "".join(following) == text[1 : len(spelled) * 8 + 1]
    begin = len(text) * 9 // 10
    assert "".join(letters[token] for token in cut.test_x[0]) == text[begin : begin + 8]
    assert len(spelled) == (begin - 1) // 8
    with pytest.raises(RequestError, match=r"the text has 10 characters; its last tenth .* needs more than 8"):
        windows("0123456789", 8)
    with pytest.raises(RequestError, match="the text has 300 different characters; expected at most 256"):
        windows("".join(map(chr, range(300))), 8)


TEXT = "All: Speak, speak. First Citizen: You are all resolved rather to die than to famish? " * 30


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A text of the table."""
    cut = windows(TEXT, 16)
    facts = known.SHAKESPEARE
    changed = {
        **vars(facts),
        "name": "a-play",
        "shape": (16,),
        "train_rows": len(cut.train_y),
        "test_rows": len(cut.test_y),
        "classes": len(set(TEXT)),
        "validation": 5,
        "digest": cut.digest(),
    }
    made = known.Card(**changed)
    monkeypatch.setitem(CARDS, "a-play", made)
    return made


@pytest.mark.parametrize("folder", ["a-play", "aplay", "a_play"])
def test_a_text_is_found_in_its_folder(folder: str, play: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "input.txt").write_text(TEXT)
    monkeypatch.setenv("WHETHER_DATA", str(tmp_path))
    assert load("a-play").digest() == play.digest
    assert tensors("a-play").x_train.dtype == torch.int64
    (tmp_path / folder / "input.txt").write_text(TEXT[1:])
    with pytest.raises(
        RequestError, match=rf"{len(TEXT) - 1} characters.*expected {play.digest}; fetch a-play with `hf"
    ):
        load("a-play")
    (tmp_path / folder / "input.txt").unlink()
    with pytest.raises(
        RequestError, match=r"holds no text: found nothing; expected input.txt, or train, validation and"
    ):
        load("a-play")
    (tmp_path / folder / "input.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(RequestError, match=r"cannot be read as text: UnicodeDecodeError.*expected UTF-8, or parquet"):
        load("a-play")


def test_a_text_comes_from_the_hub_once(play: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    third = len(TEXT) // 3
    parts = [TEXT[:third], TEXT[third : 2 * third], TEXT[2 * third :]]
    (tmp_path / "data").mkdir()
    for file, part in zip(play.files, parts, strict=True):
        pq.write_table(pa.table({"text": [part]}), tmp_path / file)
    asked: list[str] = []

    def download(repository: str, file: str, *, repo_type: str, local_files_only: bool) -> str:
        asked.append(f"{repository} {file} {repo_type} {local_files_only}")
        return str(tmp_path / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert load("a-play").digest() == play.digest
    assert asked == [f"karpathy/tiny_shakespeare {file} dataset True" for file in play.files]
    assert load("a-play").digest() == play.digest
    assert len(asked) == 3
    cache.place(play).unlink()
    pq.write_table(pa.table({"words": ["other"]}), tmp_path / play.files[0])
    with pytest.raises(RequestError, match=r"cannot be read as text: .*parquet with a column text"):
        load("a-play")


def test_a_text_that_cannot_be_fetched_says_how_it_is(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> str:
        raise ConnectionError("no route to host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", nowhere)
    monkeypatch.setattr(hub.socket, "getaddrinfo", lambda *_: [])
    with pytest.raises(
        RequestError, match=r"a-play is not on this machine.*fetch a-play with `hf download karpathy/tiny_shakespeare"
    ):
        load(play.name)


def test_tiny_shakespeare_is_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(os.environ.get("WHETHER_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

    if not (home / "tinyshakespeare").is_dir():
        pytest.skip("no text here: set WHETHER_DATA to a folder that holds tinyshakespeare/input.txt")
    monkeypatch.setenv("WHETHER_DATA", str(home))
    held, facts = tensors("tiny-shakespeare"), CARDS["tiny-shakespeare"]
    assert held.x_train.shape == (facts.train_rows, 64)
    assert int(held.x_train.max()) == 64
    assert torch.equal(held.x_train[0, 1:], held.y_train[0, :-1])
