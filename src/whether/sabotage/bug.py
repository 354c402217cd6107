"""What a bug is: a name, the trap that it falls into, the questions that it applies to, and how it is switched on.

A bug replaces named functions of this process while it is planted. Whatever is trained meanwhile has an identity of its
own (every fact says under which bug it was made), and bytes go to the bug's scratch lab only. So no question that is
asked honestly can come upon a number that a bug made, wherever a file of it may get to.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from whether.answer import Answer
from whether.errors import RequestError, WorkError
from whether.history.facts import Fact, Model
from whether.models import build
from whether.plan import Asked
from whether.question import Question
from whether.store import publish

Kind = TypeVar("Kind", bound=Fact)
_one_at_a_time = threading.Lock()


@dataclass(eq=False)
class Acts:
    """How often a planted bug did something else than the honest code."""

    count: int = 0

    def note(self) -> None:
        """Once more."""
        self.count += 1


@dataclass(frozen=True, eq=False)
class Histories:
    """The facts that a question asks for, for bugs to see whether they apply."""

    facts: Sequence[Fact]
    _modules: dict[str, nn.Module] = field(default_factory=dict)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Those of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def module(self, model: Model) -> nn.Module:
        """The module of an architecture, built once."""
        if model.digest not in self._modules:
            self._modules[model.digest] = build(model)
        return self._modules[model.digest]


@dataclass(frozen=True, eq=False)
class Honest:
    """A question as it was answered without a bug.

    Attributes:
        question: reduced to what decides.
        asked: the same with its arms resolved.
        answer: what came of it.
        record: a record of the lab that it was answered in, by digest.
        run: asks another question in that lab.
    """

    question: Question
    asked: Asked
    answer: Answer
    record: Callable[[str], Mapping[str, Any]]
    run: Callable[[Question], Answer]


@dataclass(frozen=True)
class Bug:
    """A bug.

    Attributes:
        name: as it is called.
        trap: the trap as published code fell into it.
        does: what it does here, in a sentence or two.
        why_not: why it does not apply to a question with these histories; empty when it does.
    """

    name: str
    trap: str
    does: str
    why_not: Callable[[Histories], str]


@dataclass(frozen=True)
class TrainingBug(Bug):
    """A bug in what trains, prunes or measures: networks are made anew under it.

    Attributes:
        plant: switches it on in this process, and off again; gives the count of what it did.
        version: raised when it does something else than before, so that its old networks are not taken for new ones.
    """

    plant: Callable[[], AbstractContextManager[Acts]]
    version: int = 1


@dataclass(frozen=True)
class AnalysisBug(Bug):
    """A bug in what is made of the numbers: the honest networks serve.

    Attributes:
        answer: what it makes of them.
    """

    answer: Callable[[Honest], Answer]


Planting = Callable[[], Iterator[Acts]]
Answering = Callable[[Honest], Answer]


def training_bug(
    name: str, *, trap: str, why_not: Callable[[Histories], str], version: int = 1
) -> Callable[[Planting], TrainingBug]:
    """Make a bug of a function that is one while it stands at its `yield`; its docstring says what the bug does."""

    def make(plant: Planting) -> TrainingBug:
        return TrainingBug(name, trap, _said(plant), why_not, contextmanager(plant), version)

    return make


def analysis_bug(name: str, *, trap: str, why_not: Callable[[Histories], str]) -> Callable[[Answering], AnalysisBug]:
    """Make a bug of a function that answers wrongly; its docstring says how."""

    def make(answer: Answering) -> AnalysisBug:
        return AnalysisBug(name, trap, _said(answer), why_not, answer)

    return make


def _said(function: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


@contextmanager
def replaced(owner: object, name: str, by: object) -> Iterator[None]:
    """One named attribute is another for a while.

    Raises:
        AttributeError: when there is none of that name: a bug must never be planted where nothing reads it.
    """
    real = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, real)


@contextmanager
def quarantined(bug: TrainingBug, folder: Path) -> Iterator[Acts]:
    """A bug is planted: what is made has identities of its own, and only what lies in a folder can be written.

    Args:
        bug: to plant.
        folder: of its scratch lab.

    Raises:
        RequestError: when networks are being trained in this process, on which the bug would act, too.
    """
    if any(thread.name.startswith("lane") for thread in threading.enumerate()):
        raise RequestError(
            f"the bug {bug.name} is not planted: other networks are being trained in this process, and it would act on "
            "them, too. Wait until they are done, or use another process."
        )
    plain, persist = Fact.plain, publish._persist
    inside = folder.resolve()

    def branded(fact: Fact) -> dict[str, Any]:
        return {**plain(fact), "sabotage": f"{bug.name}/{bug.version}"}

    def fenced(path: Path, *how: Any) -> bool:
        if not path.resolve().is_relative_to(inside):
            raise WorkError(
                f"{path} is not written: the bug {bug.name} is planted in this process, and what it touches must not "
                "get into a lab. Wait until `whether sabotage` is through, or work in another process."
            )
        return persist(path, *how)

    with (
        _one_at_a_time,
        replaced(Fact, "plain", branded),
        replaced(publish, "_persist", fenced),
        bug.plant() as acts,
    ):
        yield acts
