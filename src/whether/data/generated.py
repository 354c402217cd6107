"""Data sets that are made rather than read: the same bytes on every machine, from streams of fixed seeds."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whether.data.arrays import Arrays
from whether.data.facts import Card
from whether.data.known import ADDITION, FRIEDMAN, GRAMMAR, XOR
from whether.errors import DamageError, RequestError
from whether.seeds import Seed, Stream

if TYPE_CHECKING:
    import numpy.typing as npt

IGNORED = -100
_MODULAR = re.compile(r"modular-addition-(\d+)")
_LARGEST = 255  # tokens are bytes, and "=" is one more than the numbers
_OPENING, _CLOSING, _BEGIN = (0, 1), (2, 3), 4  # "(" "[" ")" "]" and what stands before the first bracket


def is_family(name: str) -> bool:
    """Whether a name is "modular-addition-" and a number: data that is made, and that the table does not list."""
    return _MODULAR.fullmatch(name) is not None


def family_card(name: str) -> Card:
    """The card of "modular-addition-<p>".

    Raises:
        RequestError: for a modulus that is not from 2 to 255.

    Example:
        >>> family_card("modular-addition-97").train_rows
        4705
    """
    modulus = _modulus(name)
    arrays = modular_addition(modulus)
    rows = len(arrays.train_y)
    return replace(
        ADDITION,
        name=name,
        train_rows=rows,
        test_rows=len(arrays.test_y),
        classes=modulus + 1,
        validation=rows // 5,
        digest=arrays.digest(),
        citation=ADDITION.citation.replace("modulo 23", f"modulo {modulus}").replace(
            " (modulo 97: modular-addition-97)", ""
        ),
    )


def make(name: str, card: Card) -> Arrays:
    """The content of a generated data set.

    Args:
        name: of the table, or of the family of modular additions.
        card: what the content must be.

    Raises:
        DamageError: when this machine's arithmetic gives other bytes than the card was made of.
    """
    if is_family(name):
        arrays = modular_addition(_modulus(name))
    else:
        makers = {XOR.name: xor, ADDITION.name: modular_addition, GRAMMAR.name: grammar, FRIEDMAN.name: friedman}
        arrays = makers[name]()
    got = arrays.digest()
    if got != card.digest:
        raise DamageError(
            f"{name} is generated here with the SHA-256 {got}; expected {card.digest}: this NumPy computes otherwise "
            "than the one that the card was made with; install another version of it, or use another data set",
            place=name,
        )
    return arrays


def xor() -> Arrays:
    """The four points of two bits, labelled by their exclusive or."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8)
    y = (x[:, 0] ^ x[:, 1]).astype(np.int64)
    return Arrays(train_x=x, train_y=y, test_x=x, test_y=y)


def modular_addition(modulus: int = 23) -> Arrays:
    """All pairs a, b as the text "a b =", to be followed by (a + b) mod p.

    Tokens 0 to p - 1 are numbers, p is "=". Only the last position is to be told; the labels of the others are -100. A
    pseudorandom half of the p² pairs is the test split, the same whenever p is.

    Source: Power et al., "Grokking" (2022), whose text is longer ("a ∘ b = c") and says the same.
    """
    order = Stream(Seed(0), f"modular-addition-{modulus}").permutation(modulus * modulus)
    first, second = np.divmod(order, modulus)
    x = np.stack([first, second, np.full_like(first, modulus)], axis=1).astype(np.uint8)
    y = np.full(x.shape, IGNORED, np.int64)
    y[:, -1] = (first + second) % modulus
    half = (len(order) + 1) // 2
    return Arrays(train_x=x[:half], train_y=y[:half], test_x=x[half:], test_y=y[half:])


def grammar() -> Arrays:
    """Balanced words of brackets of two kinds, drawn independently, one bracket after the other.

    Where nothing is open, a bracket opens. Where as many are open as brackets remain, the last opened one closes.
    Otherwise each with probability ½. What opens is "(" or "[" with probability ½ each; what closes is of the kind that
    was opened last. Tokens: 0 "(", 1 "[", 2 ")", 3 "]", 4 before the first bracket. x is the beginning token and all
    brackets but the last, y are the brackets. A row may occur twice, and in both splits.

    Whoever knows the grammar reaches `grammar_best_loss`, and nobody less on average.
    """
    rows, length = GRAMMAR.train_rows + GRAMMAR.test_rows, GRAMMAR.shape[0]
    draws = Stream(Seed(0), "grammar").uniform(2 * rows * length).reshape(2, rows, length)
    y = np.empty((rows, length), np.int64)
    for row in range(rows):
        opened: list[int] = []
        for place in range(length):
            closes = bool(opened) and (len(opened) == length - place or draws[0, row, place] < 0.5)
            kind = opened.pop() if closes else int(draws[1, row, place] >= 0.5)
            if not closes:
                opened.append(kind)
            y[row, place] = (_CLOSING if closes else _OPENING)[kind]
    x = np.concatenate([np.full((rows, 1), _BEGIN), y[:, :-1]], axis=1).astype(np.uint8)
    half = GRAMMAR.train_rows
    return Arrays(train_x=x[:half], train_y=y[:half], test_x=x[half:], test_y=y[half:])


def grammar_best_loss(length: int = 16) -> float:
    """The entropy of `grammar` in nats a bracket: the expected loss of one who knows the grammar.

    Summed over the distribution of how many brackets are open at each place: ln 2 where none is (which kind opens),
    1.5 ln 2 where both ways are free (¼, ¼, ½), 0 where the rest must close.

    Example:
        >>> round(grammar_best_loss(), 4)
        0.7675
    """
    likely, total = {0: 1.0}, 0.0
    for place in range(length):
        after: dict[int, float] = {}
        for depth, chance in likely.items():
            closing = 0.0 if depth == 0 else 1.0 if depth == length - place else 0.5
            entropy = {0.0: 1.0, 1.0: 0.0, 0.5: 1.5}[closing] * math.log(2)
            total += chance * entropy
            for change, part in ((-1, closing), (1, 1.0 - closing)):
                if part:
                    after[depth + change] = after.get(depth + change, 0.0) + chance * part
        likely = after
    return total / length


def friedman() -> Arrays:
    """y = 10 sin(π x₁x₂) + 20 (x₃ - ½)² + 10 x₄ + 5 x₅ + ε of ten inputs, of which five do nothing; ε is N(0, 1).

    The inputs are k/255 with k uniform from 0 to 255, so that they are kept exactly in a byte; labels are float32. The
    best possible mean squared error is the noise's, 1 in expectation.

    Source: Friedman, "Multivariate adaptive regression splines" (1991), with inputs uniform on [0, 1].
    """
    rows, features = FRIEDMAN.train_rows + FRIEDMAN.test_rows, FRIEDMAN.features
    levels = np.floor(256 * Stream(Seed(0), "friedman").uniform(rows * features)).reshape(rows, features)
    y = friedman_mean(levels / 255) + Stream(Seed(0), "friedman noise").normal(rows)
    x, labels = levels.astype(np.uint8), y.astype(np.float32)[:, None]
    half = FRIEDMAN.train_rows
    return Arrays(train_x=x[:half], train_y=labels[:half], test_x=x[half:], test_y=labels[half:])


def friedman_mean(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What Friedman's y is without its noise, for x [rows, 10] from 0 to 1."""
    return np.asarray(
        10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4], np.float64
    )


def _modulus(name: str) -> int:
    match = _MODULAR.fullmatch(name)
    modulus = int(match[1]) if match else 0
    if not 2 <= modulus <= _LARGEST:
        raise RequestError(
            f"data={name!r} asks for addition modulo {modulus}; expected a modulus from 2 to {_LARGEST}, such as "
            "modular-addition-97"
        )
    return modulus
