"""What every sentence of a history is checked for when it is written: nothing here needs data or torch."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from whether import words
from whether.digest import canonical
from whether.errors import RequestError, gather, unknown
from whether.recipe import Recipe
from whether.structure import fraction_of as fixed_share

BLIND = ("magnitude", "initial-magnitude", "movement", "random")
"""Scores of a weight by itself."""


def fraction_of(what: str, value: float, *, closed: bool = False) -> Fraction:
    """A part that goes, exactly."""
    wrong = isinstance(value, bool) or not isinstance(value, (int, float, Fraction))
    if wrong or not (0 <= value < 1 if closed else 0 < value < 1):
        where = "[0, 1)" if closed else "(0, 1)"
        raise RequestError(
            f"{what} is {value!r}; expected a number in {where}: the part that goes, such as 0.2 for a fifth."
        )
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def share(fraction: float | None, structure: str) -> Fraction:
    """The fraction that goes: as it is said, or as the structure has it."""
    fixed = fixed_share(structure)
    if fixed is None:
        if fraction is None:
            raise RequestError("prune() needs fraction=…: the part of what remains that goes, such as 0.2 for a fifth.")
        return fraction_of("fraction", fraction)
    if fraction is not None and fraction_of("fraction", fraction) != fixed:
        raise RequestError(f"structure {structure!r} prunes exactly {fixed}; leave fraction={fraction!r} out.")
    return fixed


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
        _same_kind(f"the option {name!r} of {word!r}", value, known.get(name))
        try:
            canonical(value)
        except (TypeError, ValueError) as error:
            raise RequestError(f"the option {name!r} of {word!r} cannot be part of an identity: {error}.") from error


def _same_kind(what: str, value: Any, usual: Any) -> None:
    """Refuse text where a number belongs, and the like; None for the usual value says that anything may stand there."""
    whole = isinstance(usual, int) and not isinstance(usual, bool)
    wanted = "a whole number" if whole else {float: "a number", bool: "True or False", str: "a text"}.get(type(usual))
    kinds = (int, float) if isinstance(usual, float) else type(usual)
    wrong = not isinstance(value, kinds) or (isinstance(value, bool) and not isinstance(usual, bool))
    if usual is not None and wanted and wrong:
        raise RequestError(f"{what} is {value!r}; expected {wanted}, such as {usual!r}.")


def one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not one of a few, with the nearest ones."""
    if value not in known:
        raise unknown(what, value, known)


def whole_number(what: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number, or too small a one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RequestError(f"{what} is {value!r}; expected a whole number, {least} or more.")


def needed(kind: str, word: str, needs: str, given: object, example: str) -> None:
    """Refuse a word without what it needs.

    Args:
        kind, word: which.
        needs: what the table says of it: "other", "since", "seed", "examples".
        given: None when the sentence does not say it.
        example: how it is written.
    """
    if given is None and needs in words.find(kind, word).needs:
        raise RequestError(f"the {kind} {word!r} needs {needs}=…: write {example}.")


def heeded(kind: str, word: str, given: Mapping[str, object]) -> None:
    """Refuse what a word does not look at: said, it would make another history of what is the same.

    Args:
        kind, word: which.
        given: by name, None for what the sentence does not say.
    """
    if words.is_own_code(word):
        return  # what it takes is seen when it runs
    takes = {*words.find(kind, word).needs}
    takes |= {"seed"} if "examples" in takes else set()  # of which ones
    if idle := [f"{name}=…" for name, value in given.items() if value is not None and name not in takes]:
        raise RequestError(f"the {kind} {word!r} takes no {' and no '.join(idle)}; leave it out.")


def told_freezing(trains: Any, seed: object) -> None:
    """Refuse words for what is trained that nobody knows, a draw without a seed, and a seed that draws nothing."""
    if not isinstance(trains, str):
        raise RequestError(f"only() got {trains!r}; expected words such as 'batchnorm' or 'output+biases', or 'all'.")
    parts = [part for part in trains.split("+") if part != "all"]
    gather(*(lambda part=part: words.find("freezing", part) for part in parts))
    draws = any("seed" in words.find("freezing", part).needs for part in parts)
    if draws and seed is None:
        raise RequestError(f"only({trains!r}) draws which weights are trained: write only({trains!r}, seed=…).")
    if seed is not None and not draws and not any(map(words.is_own_code, parts)):
        raise RequestError(f"only({trains!r}) draws nothing; leave seed=… out.")


def in_rounds(by: str, structure: str, rounds: Any) -> None:
    """Refuse rounds of a score that would be the same in each, and of a structure that prunes once."""
    whole_number("rounds", rounds)
    if rounds > 1 and by in BLIND:
        raise RequestError(f"the score {by!r} is the same in every round; rounds={rounds} would change nothing.")
    if rounds > 1 and fixed_share(structure) is not None:
        raise RequestError(f"structure {structure!r} prunes once, to its own share; leave rounds={rounds} out.")
