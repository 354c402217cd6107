"""A Question: arms to compare, claims with the smallest size that matters, and what a yes and a no would mean.

    @question(category="science")
    def signs_matter(model="mlp-300-100", data="digits", density=0.1, s=1.0):
        '''Does a winning ticket need the signs it was drawn with?'''
        def arms(rep): ...
        return Question(arms, claims=[exceeds("ticket", "new signs", by=s, unit="points", because="…")],
                        if_yes="…", if_no="…")

The decorated function is a Template: its parameters are the question's options, its docstring is its text.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from whether.claim import Claim, Control, Ladder, above, below, exceeds, mismatch, not_worse, ordered, same
from whether.errors import RequestError, gather, in_its_file, unknown
from whether.history import Measure, Network, measure
from whether.seeds import Seed
from whether.stats.verdict import SPENDINGS, Rule, Spending
from whether.words import MEASURES, SEVERAL, is_own_code

__all__ = [
    "Arm",
    "Claim",
    "Control",
    "Ladder",
    "Published",
    "Question",
    "Replicate",
    "Template",
    "above",
    "at",
    "below",
    "exceeds",
    "not_worse",
    "ordered",
    "question",
    "same",
]

CATEGORIES = ("science", "engineering", "artifact")
COMBINE = ("all", "any", "ordered")
PAIRINGS = ("replicate", "none")
GENERAL = ("replicates", "alpha", "looks", "spending", "power")  # options of every question
REPLICATES = 8
_LISTS = {"claims": (Claim,), "secondary": (Claim, Ladder), "controls": (Control,)}


@dataclass(frozen=True)
class Replicate(Seed):
    """One replicate: the root of all its seeds, and its number, from 0."""

    index: int = 0


@dataclass(frozen=True)
class Arm:
    """What a replicate's seeds lead to: a measure under a name; `family` and `x` place it in a figure."""

    name: str
    measure: Measure
    family: str
    x: float | None


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure from the literature, shown beside an arm's result where the protocol is the published one.

    Attributes:
        arm: of this question, or what the figure is of, where no arm has its measure.
        value: in the arm's unit.
        unit: such as "points", "%".
        spread: ± of it as published, if it is.
        source: paper, and table or figure; "second-hand" where it was not read in the paper itself.
        note: how its protocol differs from this one.
    """

    arm: str
    value: float
    unit: str
    source: str
    spread: float | None = None
    note: str = ""


ArmsOf = Callable[[Replicate], Mapping[str, "Network | Measure | Mapping[float, Network | Measure]"]]


def at(family: str, x: float) -> str:
    """The name of one member of a family of arms: `at("ticket", 10.7)` is "ticket at 10.7"."""
    if isinstance(x, bool) or not isinstance(x, (int, float)) or not math.isfinite(x):
        raise RequestError(f"the family {family!r} has the key {x!r}; expected a number, its place on the axis.")
    return f"{family} at {x:.0f}" if 999.5 <= abs(x) < 1e6 else f"{family} at {x:.3g}"


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, fixed before it is answered.

    Attributes:
        arms: from a replicate to named Networks and Measures; a dict of them under one name is a family along `axis`.
        claims: the primary claims, one or more; they decide.
        if_yes: what a reader should believe or do if the answer is yes; `if_no` likewise, and it must differ. To be
            given, both.
        if_inconclusive: what would settle it.
        combine: "all", "any" or "ordered" (`stats.verdict`).
        hold_to: for "ordered", how many of the claims must hold; by default all.
        secondary: shown, corrected by Holm, never deciding; a Ladder reports how far it holds.
        controls: claims of known outcome.
        replicates: independent repetitions, at most; by default the last look's, else 8.
        alpha: one-sided level of each verdict.
        looks: numbers of replicates at which the claims are read, until the verdict stands; by default the end only.
        spending: how α is shared out among the looks (`stats.looks`): "obrien-fleming" keeps most for the end, "pocock"
            spends it evenly.
        power: the least chance of a yes where it is true, and of a no, with which the question can be registered.
        pairing: "replicate" where arms share a replicate's seeds, "none" where they do not.
        metric: the measure of arms that are given as Networks.
        axis: what the keys of a family of arms are, with unit.
        published: figures of the literature, shown beside the result; they decide nothing.
        name, text, category, options, source: filled in by the Template; `source` is what the command line calls it.
    """

    arms: ArmsOf
    _: KW_ONLY
    claims: Sequence[Claim] = ()
    if_yes: str = ""
    if_no: str = ""
    if_inconclusive: str = "More replicates, or a larger smallest size of interest, would be needed."
    combine: Rule = "all"
    hold_to: int | None = None
    secondary: Sequence[Claim | Ladder] = ()
    controls: Sequence[Control] = ()
    replicates: int = None  # type: ignore[assignment]  # said in __post_init__
    alpha: float = 0.05
    looks: Sequence[int] = ()
    spending: Spending = "obrien-fleming"
    power: float = 0.8
    pairing: str = "replicate"
    metric: str = "accuracy"
    axis: str = ""
    published: Sequence[Published] = ()
    name: str = "question"
    text: str = ""
    category: str = "science"
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        if self.replicates is None:
            last = self.looks[-1] if isinstance(self.looks, (list, tuple)) and self.looks else REPLICATES
            last = last if type(last) is int and last > 0 else REPLICATES  # what is wrong with looks is told of them
            object.__setattr__(self, "replicates", last)
        gather(
            self._check_kinds,
            self._check_claims,
            self._check_outcomes,
            self._check_numbers,
            self._check_looks,
            self._check_words,
        )

    def _check_kinds(self) -> None:
        wrong: list[str] = []
        if not callable(self.arms):
            kind = type(self.arms).__name__
            wrong.append(f"arms is a {kind}; expected a function from a replicate to a dict of arms.")
        for name, kinds in _LISTS.items():
            if not _is_list_of(getattr(self, name), kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                wrong.append(f"{name} is {getattr(self, name)!r}; expected a list of {names}, as exceeds(…) gives one.")
        if not self.claims:
            wrong.append("a Question needs at least one claim, for example exceeds('a', 'b', by=1, because='…').")
        if wrong:
            raise RequestError(*wrong)

    def _check_claims(self) -> None:
        lists = [getattr(self, name) for name, kinds in _LISTS.items() if _is_list_of(getattr(self, name), kinds)]
        gather(*(item.check for items in lists for item in items))

    def _check_outcomes(self) -> None:
        for name in ("if_yes", "if_no"):
            said = getattr(self, name)
            if not isinstance(said, str):
                raise RequestError(f"{name} is {said!r}; expected text: what a reader should then believe or do.")
            if not said.strip():
                raise RequestError(f"{name} is empty: say what a reader should then believe or do.")
        if self.if_yes.strip() == self.if_no.strip():
            raise RequestError("if_yes and if_no say the same: a question is worth asking when its answers differ.")

    def _check_numbers(self) -> None:
        if isinstance(self.replicates, bool) or not isinstance(self.replicates, int) or self.replicates < 1:
            raise RequestError(
                f"replicates is {self.replicates!r}; expected a whole number, 1 or more (2 to have a spread)."
            )
        if not isinstance(self.alpha, (int, float)) or not 0 < self.alpha < 0.5:
            raise RequestError(f"alpha is {self.alpha!r}; expected a one-sided level in (0, 0.5), such as 0.05.")
        many = max(1, len(self.claims)) if _is_list_of(self.claims, (Claim,)) else 1
        if self.hold_to is not None and self.hold_to not in range(1, many + 1):
            raise RequestError(f"hold_to is {self.hold_to!r}; expected 1 to {many}, the number of claims.")
        if self.hold_to is not None and self.combine != "ordered":
            raise RequestError(f"hold_to={self.hold_to} is read under combine='ordered' only; leave it out.")

    def _check_looks(self) -> None:
        if isinstance(self.power, bool) or not isinstance(self.power, (int, float)) or not 0 < self.power < 1:
            raise RequestError(f"power is {self.power!r}; expected a chance in (0, 1), such as 0.8.")
        if not isinstance(self.looks, (list, tuple)):
            raise RequestError(f"looks is {self.looks!r}; expected numbers of replicates, such as looks=[4, 8, 16].")
        wrong = [look for look in self.looks if isinstance(look, bool) or not isinstance(look, int) or look < 1]
        if wrong or list(self.looks) != sorted(set(self.looks)):
            raise RequestError(
                f"looks is {list(self.looks)}; expected whole numbers of replicates that increase, such as [4, 8, 16]."
            )
        if len(self.looks) > 1 and self.looks[0] < 2:
            raise RequestError("the first look is at 1 replicate, which shows no spread; look at 2 or more.")
        last = self.looks[-1] if self.looks else self.replicates
        if last != self.replicates:
            raise RequestError(
                f"the last look is at {last} replicates, and replicates is {self.replicates}; leave replicates out, "
                "or give looks that end with it."
            )

    def _check_words(self) -> None:
        for what, got, known in (
            ("category", self.category, CATEGORIES),
            ("rule to combine claims", self.combine, COMBINE),
            ("pairing", self.pairing, PAIRINGS),
            ("spending", self.spending, SPENDINGS),
        ):
            if got not in known:
                raise unknown(what, got, known)
        if self.metric not in MEASURES and not is_own_code(self.metric):
            raise unknown("metric", self.metric, MEASURES)

    @property
    def looked_at(self) -> tuple[int, ...]:
        """The numbers of replicates at which the claims are read: the looks, or the end only."""
        return tuple(self.looks) or (self.replicates,)

    @property
    def every_claim(self) -> tuple[Claim, ...]:
        """Primary, secondary and control claims."""
        secondary = [
            claim for item in self.secondary for claim in (item.claims if isinstance(item, Ladder) else (item,))
        ]
        return (*self.claims, *secondary, *(control.claim for control in self.controls))

    def replicate(self, index: int, root: Seed) -> list[Arm]:
        """The arms of one replicate.

        Raises:
            RequestError: when an arm is of the wrong kind, or a claim names an arm that is not there.
        """
        with in_its_file(self.arms):
            given = self.arms(Replicate(root.seed("replicate", index).value, index))
        if not isinstance(given, Mapping) or not given:
            raise RequestError(f"arms() gave {given!r}; expected a dict of names to Networks or Measures.")
        arms: list[Arm] = []
        for name, item in given.items():
            if isinstance(item, Mapping):
                arms += [self._arm(at(name, x), member, name, float(x)) for x, member in item.items()]
            else:
                arms.append(self._arm(name, item, name, None))
        self._check_arms(arms)
        return arms

    def _check_arms(self, arms: Sequence[Arm]) -> None:
        known = {arm.name: arm.measure.kind for arm in arms}
        twice = [name for name, count in Counter(arm.name for arm in arms).items() if count > 1]
        wrong = [RequestError(f"two arms are called {name!r}; a family's keys are read to 3 digits.") for name in twice]
        for claim in self.every_claim:
            strangers = [unknown("arm in a claim", name, known) for name in claim.names if name not in known]
            wrong += strangers or mismatch(claim, [known[name] for name in claim.names])
        if wrong:
            raise RequestError.join(wrong)

    def _arm(self, name: str, item: Any, family: str, x: float | None) -> Arm:
        if isinstance(item, Network):
            item = measure(self.metric, item)
        if not isinstance(item, Measure):
            raise RequestError(f"the arm {name!r} is a {type(item).__name__}; expected a Network or a Measure.")
        if item.name == "curve" or item.name in SEVERAL:
            what = "a curve" if item.name == "curve" else f"{item.name}, which is several numbers"
            raise RequestError(f"the arm {name!r} is {what}; an arm is a number, such as accuracy(network).")
        return Arm(name, item, family, x)

    def _repr_html_(self) -> str:
        from whether.report.notebook import question_html

        return question_html(self)


def _is_list_of(given: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(given, (list, tuple)) and all(isinstance(item, kinds) for item in given)


@dataclass(frozen=True, eq=False)
class Template:
    """A question with its options open: what `@question` makes of a function.

    Attributes:
        build: the function; its parameters are the options, each with a default.
        name: as the command line knows it.
        category: "science", "engineering" or "artifact".
        presets: named sets of options, such as the published protocol.
        source: what the command line calls it: the name, or the file that it stands in.
    """

    build: Callable[..., Question]
    name: str
    category: str
    presets: Mapping[str, Mapping[str, Any]]
    source: str = ""

    @property
    def text(self) -> str:
        """The question in one sentence: the first line of the docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[0].strip()

    @property
    def idea(self) -> str:
        """The rest of the docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[2].strip()

    @property
    def options(self) -> dict[str, Any]:
        """The options with their defaults."""
        return {name: item.default for name, item in inspect.signature(self.build).parameters.items()}

    def __call__(self, *, preset: str | None = None, **given: Any) -> Question:
        """The question with these options; `replicates` and `alpha` are options of every question.

        Raises:
            RequestError: for unknown options and presets, and whatever the function itself refuses.
        """
        if preset is not None and preset not in self.presets:
            raise unknown("preset", preset, self.presets, "" if self.presets else f"{self.name} has none.")
        known = self.options
        wrong = [name for name in given if name not in known and name not in GENERAL]
        if wrong:
            names = dict.fromkeys([*known, *GENERAL, "preset"])
            raise RequestError.join(unknown(f"option of {self.name}", name, names) for name in wrong)
        chosen = known | dict(self.presets[preset] if preset else {}) | given
        with in_its_file(self.build):
            made = self.build(**{name: value for name, value in chosen.items() if name in known})
        if not isinstance(made, Question):
            got = "nothing" if made is None else f"something of type {type(made).__name__}"
            raise RequestError(f"{self.name} returned {got}; expected a Question, as in `return Question(arms, …)`.")
        outside = {name: value for name, value in chosen.items() if name not in known}
        if "looks" in outside and "replicates" not in given:
            outside["replicates"] = None  # the last look's
        told: dict[str, Any] = {
            "name": self.name,
            "text": self.text,
            "category": self.category,
            "source": self.source or self.name,
        }
        return replace(made, options=chosen, **told, **outside)


def question(
    category: str = "science", *, name: str | None = None, presets: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Callable[..., Question]], Template]:
    """Make a Template of a function that returns a Question.

    Args:
        category: "science", "engineering" or "artifact": it chooses the criteria of a review.
        name: as the command line will know it; by default the function's, with hyphens.
        presets: named sets of options.
    """
    if category not in CATEGORIES:
        raise unknown("category", category, CATEGORIES)

    def wrap(build: Callable[..., Question]) -> Template:
        called = name or build.__name__.replace("_", "-")
        if not inspect.getdoc(build):
            raise RequestError(f"the question {called!r} has no text; its docstring's first line is what is asked.")
        bare = [
            key for key, item in inspect.signature(build).parameters.items() if item.default is inspect.Parameter.empty
        ]
        if bare:
            raise RequestError(f"the question {called!r} has options without a default: {', '.join(bare)}.")
        for preset, chosen in (presets or {}).items():
            for key in chosen:
                if key not in (known := [*inspect.signature(build).parameters, *GENERAL]):
                    raise unknown(f"option in preset {preset!r} of {called}", key, known)
        return Template(build, called, category, dict(presets or {}))

    return wrap
