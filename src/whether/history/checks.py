"""What every sentence of a history is checked for when it is written: nothing here needs data or torch."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from whether import words
from whether.digest import canonical
from whether.errors import RequestError, unknown
from whether.recipe import Recipe


def fraction_of(what: str, value: float, *, closed: bool = False) -> Fraction:
    """A part that goes, exactly."""
    wrong = isinstance(value, bool) or not isinstance(value, (int, float, Fraction))
    if wrong or not (0 <= value < 1 if closed else 0 < value < 1):
        where = "[0, 1)" if closed else "(0, 1)"
        raise RequestError(
            f"{what} is {value!r}; expected a number in {where}: the part that goes, such as 0.2 for a fifth."
        )
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def check_recipe(given: Recipe, what: str) -> None:
    """Refuse what is no recipe."""
    if not isinstance(given, Recipe):
        hint = (
            "for a step write train(until='500it')" if what == "train()" else "write Recipe(optimizer=adam(0.001), …)"
        )
        raise RequestError(f"{what} got {given!r} as its recipe; {hint}.")


def plain_options(kind: str, word: str, given: Mapping[str, Any]) -> None:
    """Refuse options that a word does not take, and such as have no identity."""
    known = words.find(kind, word).options
    strangers = [name for name in given if name not in known]
    if strangers and not words.draws_itself(word):
        if known:
            raise RequestError.join(unknown(f"option of the {kind} {word!r}", name, known) for name in strangers)
        raise RequestError(f"the {kind} {word!r} takes no options, got {', '.join(given)}; only code of your own does.")
    for name, value in given.items():
        try:
            canonical(value)
        except (TypeError, ValueError) as error:
            raise RequestError(f"the option {name!r} of {word!r} cannot be part of an identity: {error}.") from error


def one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not one of a few, with the nearest ones."""
    if value not in known:
        raise unknown(what, value, known)


def whole_number(what: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number, or too small a one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RequestError(f"{what} is {value!r}; expected a whole number, {least} or more.")


def needed(kind: str, word: str, needs: str, given: object, example: str) -> None:
    """Refuse a word without what it needs, and with what it does not take.

    Args:
        kind, word: which.
        needs: what the table says of it: "other", "since", "seed", "examples".
        given: None when the sentence does not say it.
        example: how it is written.
    """
    if words.is_own_code(word):
        return  # what it takes is seen when it runs
    takes = needs in words.find(kind, word).needs
    if takes and given is None:
        raise RequestError(f"the {kind} {word!r} needs {needs}=…: write {example}.")
    if not takes and given is not None:
        raise RequestError(f"the {kind} {word!r} takes no {needs}=…; leave it out.")
