"""Code of one's own where it is used: it must say there what it said where the question was asked."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from whether import words
from whether.errors import RequestError
from whether.history import facts
from whether.history.code import code_digest

_known: dict[str, tuple[object, str]] = {}
"""By name: how its module was imported, which tells one import from the next, and its hash then."""


def load(kind: str, name: str, code: str) -> Any:
    """What "module:function" names, after a look at its hash; another process or node may have other files.

    The files are read once for each import, so what is edited while a run goes on does not disturb the run.

    Args:
        kind: what it stands for.
        name: as it is written.
        code: its hash in the history, or how that begins.

    Raises:
        RequestError: when it is not there, or not the code that the history names, with the node and the file.
    """
    module = name.partition(":")[0]
    found = _hash(name, module)
    if not found.startswith(code):
        raise RequestError(
            f"{kind} {name!r}: the code on {platform.node()} ({_file(module)}) is not the code of this history. Where "
            "the question was asked it says something else, or it was edited since: have the same files on every node, "
            "leave them alone while a run begins, and in a notebook restart the kernel."
        )
    function = words.load(words.find(kind, name))
    _known[name] = (_import_of(module), found)
    return function


def _hash(name: str, module: str) -> str:
    imported = _import_of(module)
    if imported is not None and name in _known and _known[name][0] is imported:
        return _known[name][1]
    try:
        return code_digest(name)
    except RequestError as error:
        raise RequestError(f"on {platform.node()}, {error}") from error


def _import_of(module: str) -> object:
    """An object that is another one after each import; None before the first."""
    return getattr(sys.modules.get(module), "__spec__", None)


def _file(module: str) -> str:
    spec = _import_of(module) or importlib.util.find_spec(module)
    return str(getattr(spec, "origin", module))


def importable(kind: str, name: str, code: str = "") -> None:
    """See that code of one's own can be imported, and is that of the history; of a word of the table nothing."""
    name, _, begins = name.partition("@")  # some names carry the hash of their code
    if words.is_own_code(name):
        load(kind, name, code or begins)


def own_words(fact: facts.State) -> dict[object, Callable[[], object]]:
    """By word, how to see that code of one's own which makes a state can be used."""
    match fact:
        case facts.Start(init=init) | facts.Redrawn(init=init):
            return {("initialiser", init): partial(importable, "initialiser", init)}
        case facts.Perturbed(how=how, code=code):
            return {("perturbation", how): partial(importable, "perturbation", how, code)}
    return {}


def own_of(training: facts.Training) -> list[tuple[str, str]]:
    """The code of one's own in a recipe: kinds and names."""
    found = [("assert", name) for name in training.asserts]
    found += [("loss", training.loss)] if training.loss else []
    own = training.optimizer["name"]
    return found + ([("optimizer", own)] if words.is_own_code(own) else [])
