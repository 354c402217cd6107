"""The table of words: for each name that a sentence may use, where it lives, what it needs, what it takes.

Torch-free, so that a wrong name is told before anything heavy is loaded. Every kind of word is open: where a name may
stand, `"module:function"` may stand too, for code of one's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from whether.errors import CODE_RAISES, RequestError, unknown

OWN_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Word:
    """One name of the language.

    Attributes:
        kind: what it may stand for: "model", "initialiser", "score", "measure".
        name: as it is written; for a family, its form ("mlp-<width>-…").
        lives: "module:function" that carries it out.
        takes: what it needs, for people.
        pattern: the form that a family's names match, when the name is not fixed.
    """

    kind: str
    name: str
    lives: str
    takes: str
    pattern: str = ""


WORDS = (
    Word("model", "lenet-300-100", "whether.models.mlp:lenet_300_100", "images of 28 × 28 with one channel"),
    Word("model", "mlp-<width>-…", "whether.models.mlp:mlp", "anything; flattens it", r"mlp(-[1-9]\d*)+"),
    Word("initialiser", "kaiming-normal", "whether.models.init:kaiming_normal", "He et al. (2015)"),
    Word("initialiser", "kaiming-uniform", "whether.models.init:kaiming_uniform", "He et al. (2015)"),
    Word("initialiser", "xavier-normal", "whether.models.init:xavier_normal", "Glorot & Bengio (2010)"),
    Word("initialiser", "xavier-uniform", "whether.models.init:xavier_uniform", "Glorot & Bengio (2010)"),
    Word("initialiser", "pytorch", "whether.models.init:pytorch", "PyTorch's own for linear and convolution layers"),
    Word("score", "magnitude", "whether.prune.scores:magnitude", "trained or fresh weights"),
    Word("measure", "accuracy", "whether.probe.measures:accuracy", "a classifier; per cent right"),
    Word("measure", "loss", "whether.probe.measures:loss", "mean cross-entropy in nats"),
    Word("measure", "solved", "whether.probe.measures:solved", "a classifier; whether every example is right"),
    Word("measure", "density", "whether.prune.masks:density_percent", "per cent of the prunable weights that exist"),
    Word("measure", "early_stop", "whether.probe.measures:early_stop", "a trained network; iterations"),
    Word("measure", "curve", "whether.train.replica:Curves", "a trained network; one recorded curve"),
)


@dataclass(frozen=True)
class MeasureKind:
    """What a measure's numbers mean.

    Attributes:
        unit: for people; differences of `points` are in the same unit.
        better: "higher" or "lower".
        share: each value is 0 or 100 (a thing happened or not), so that a mean is a share and gets a share's interval.
        split: whether it is asked of a split of the data.
        worst: what a diverged network counts as; None for the built-in rule of each measure.
    """

    unit: str
    better: str = "higher"
    share: bool = False
    split: bool = False
    worst: float | None = None


MEASURES: dict[str, MeasureKind] = {
    "accuracy": MeasureKind("points", split=True),
    "loss": MeasureKind("nats", better="lower", split=True),
    "solved": MeasureKind("points", share=True, split=True),
    "density": MeasureKind("points", better="lower"),
    "early_stop": MeasureKind("it", better="lower"),
    "curve": MeasureKind("", split=False),
}
CURVES = ("train loss", "train accuracy", "validation loss", "validation accuracy")


def is_own_code(name: str) -> bool:
    """Whether a name has the form "module:function"."""
    return isinstance(name, str) and OWN_CODE.fullmatch(name) is not None


def find(kind: str, name: str) -> Word:
    """The word of a kind with this name; "module:function" makes one.

    Raises:
        RequestError: for an unknown name, with the nearest ones and how code of one's own is named.
    """
    if is_own_code(name):
        return Word(kind, name, name, "code of your own")
    for word in WORDS:
        if word.kind == kind and (name == word.name or (word.pattern and re.fullmatch(word.pattern, str(name)))):
            return word
    names = [word.name for word in WORDS if word.kind == kind]
    raise unknown(kind, name, names, f"Or name code of your own as 'module:function' to use it as {_article(kind)}.")


def table(kind: str) -> list[Word]:
    """All words of a kind, in the order of the table."""
    return [word for word in WORDS if word.kind == kind]


def load(word: Word) -> Any:
    """Import what a word names.

    Raises:
        RequestError: when the module cannot be imported or has no such name; says where it was looked for.
    """
    import importlib
    import sys

    module, _, name = word.lives.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the working directory; installed scripts leave it out
    try:
        loaded = importlib.import_module(module)
    except CODE_RAISES as error:
        trouble = f"{type(error).__name__}: {error}"
        raise RequestError(
            f"{word.kind} {word.name!r}: the module {module!r} fails to import ({trouble}). Modules are looked for in "
            "the working directory and among the installed packages."
        ) from error
    if not hasattr(loaded, name):
        public = [item for item in vars(loaded) if not item.startswith("_") and callable(getattr(loaded, item))]
        raise unknown(f"name in module {module!r}", name, public)
    found = getattr(loaded, name)
    if not callable(found):
        raise RequestError(f"{word.kind} {word.name!r} is a {type(found).__name__}; expected a function.")
    return found


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
