"""What `list --words` and `list --data` print: every word of the language by what it may stand for; the data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whether import words
from whether.cli.options import written
from whether.cli.page import columns, faint, say, say_json, strong
from whether.data.facts import LANGUAGE, Card
from whether.recipe import OPTIMIZERS, PRECISIONS, SCHEDULES
from whether.structure import FORMS
from whether.structure import WORDS as STRUCTURES

PLACES = {
    "model": "Network(model, …)",
    "initialiser": "Network(…, init=…); each but pytorch also with +bn-uniform",
    "score": "network.prune(by=…)",
    "perturbation": "network.perturbed(…)",
    "freezing": "network.only(…); several joined by +",
    "measure": "measure(…, network)",
    "derivation": "derived(…, parts)",
}
_NEEDS = {"examples": "examples", "other": "another network", "since": "an earlier state", "seed": "a seed"}


def table_of_words(*, as_json: bool) -> None:
    """Every name that a sentence may use, by what it may stand for."""
    if as_json:
        say_json([_plain(word) for word in words.WORDS])
        return
    for kind, place in PLACES.items():
        say(f"{strong(f'{kind}s')}  {faint(place)}")
        say(columns([(word.name, faint(_told(word))) for word in words.table(kind)]) + "\n")
    say(strong("further words"))
    say(columns([(name, faint(told)) for name, told in _further()]) + "\n")
    data_sets(as_json=False)
    say(faint("\nWhere a name of the first kinds may stand, module:function may stand too, for code of your own."))


def data_sets(*, as_json: bool) -> None:
    """The data sets that are known by name: rows, task, shape, licence."""
    from whether.data.known import CARDS

    if as_json:
        fields = ("name", "train_rows", "test_rows", "shape", "classes", "task", "source", "licence", "citation")
        say_json([{field: getattr(card, field) for field in fields} for card in CARDS.values()])
        return
    say(f"{strong('data sets')}  {faint('rows to train and to test; the task; its licence')}")
    rows = [
        (
            card.name,
            f"{card.train_rows:,} + {card.test_rows:,}",
            f"{card.task}, {_shape(card)}",
            faint(f"{card.licence.partition(',')[0]}{'' if card.source in ('shipped', 'generated') else '; fetched'}"),
        )
        for card in CARDS.values()
    ]
    say(columns(rows))
    say(faint("  so is a folder with train*.parquet and test*.parquet; modular-addition-<prime> is made as well"))


def _told(word: words.Word) -> str:
    """What a word takes, with what must be said beside it and its options."""
    needs = [_NEEDS[need] for need in word.needs if _NEEDS[need].split()[-1] not in word.takes]
    options = [f"{name}={written(value)}" for name, value in word.options.items()]
    beside = [f"needs {' and '.join(needs)}"] if needs else []
    return "; ".join([word.takes, *beside, *([" ".join(options)] if options else [])])


def _further() -> list[tuple[str, str]]:
    return [
        ("optimisers", _listed(OPTIMIZERS)),
        ("schedules", _listed(SCHEDULES)),
        ("precisions", _listed(PRECISIONS)),
        ("augmentations", "flip, crop-<pixels>, cutout-<pixels>"),
        ("structures", f"{_listed(STRUCTURES)}, {FORMS}"),
        ("courses of sparsity", "gradual (Zhu & Gupta, 2017), set_ (Mocanu et al., 2018), rigl (Evci et al., 2020)"),
    ]


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(names)


def _shape(card: Card) -> str:
    told = " × ".join(map(str, card.shape))
    if card.task == LANGUAGE:
        return f"{told} positions, {card.classes} tokens"
    told = told if len(card.shape) > 1 else f"{told} inputs"
    return f"{told}, {card.classes} classes" if card.classes > 1 else told


def _plain(word: words.Word) -> dict[str, Any]:
    return {
        "kind": word.kind,
        "name": word.name,
        "takes": word.takes,
        "needs": list(word.needs),
        "options": dict(word.options),
    }
