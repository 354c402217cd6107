"""Checks that run in every training: a table, to which a recipe adds its own.

A check that fails does not stop anything: it is written into the record and shown on the answer's page, since a
surprising network is still an outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from whether import words
from whether.errors import CODE_RAISES, WorkError, failed
from whether.models.alone import alone
from whether.train.replica import Named

FIRST_LOSS = (0.3, 3.0)  # times ln C; a well-scaled fresh network lies between


def loss_at_start(loss: float, classes: int) -> str:
    """The first batch's loss of a fresh network lies near ln C, that of guessing."""
    guess = math.log(classes)
    if FIRST_LOSS[0] * guess <= loss <= FIRST_LOSS[1] * guess:
        return ""
    return f"the loss of the first batch was {loss:.3g}, far from ln {classes} = {guess:.3g}: is all scaled?"


def masks_hold(weights: Named, masks: Named | None) -> None:
    """Every masked weight is exactly zero.

    Raises:
        WorkError: when one is not; nothing of that training is kept.
    """
    for name, mask in (masks or {}).items():
        revived = int((weights[name][~mask] != 0).sum())
        if revived:
            raise WorkError(f"{revived} masked weights of {name} are not zero after training; the result is not kept.")


Own = Callable[[Named], str | None]


def own_checks(names: Sequence[str], weights: Named) -> tuple[str, ...]:
    """What a recipe's own asserts say of the weights at a stop: functions that return a sentence, or nothing."""
    said: list[str] = []
    for name in names:
        check: Own = words.load(words.find("assert", name.partition("@")[0]))
        try:
            with alone(0):
                found = check(weights)
        except CODE_RAISES as error:
            raise failed(f"the assert {name.partition('@')[0]!r}", error) from error
        if found:
            said.append(f"{name.partition('@')[0]}: {found}")
    return tuple(said)
