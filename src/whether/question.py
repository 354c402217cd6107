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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from whether.errors import RequestError, gather, unknown
from whether.history.network import Measure, Network, measure
from whether.seeds import Seed
from whether.stats.verdict import Kind, Rule
from whether.words import MEASURES, is_own_code

CATEGORIES = ("science", "engineering", "artifact")
COMBINE = ("all", "any", "ordered")
PAIRINGS = ("replicate", "none")


@dataclass(frozen=True)
class Replicate(Seed):
    """One replicate: the root of all its seeds, and its number, from 0."""

    index: int = 0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An estimand, its smallest size of interest, and where yes and no lie (`stats.verdict`).

    Made by `exceeds`, `not_worse`, `same`, `below` and `above`. For a comparison `size` is the smallest difference
    that matters, above zero; for a bound it is the bound. Effects are oriented so that positive supports the claim.
    """

    kind: Kind
    left: str
    right: str | None
    size: float
    unit: str
    because: str
    if_no: str = ""

    def __post_init__(self) -> None:
        wrong = isinstance(self.size, bool) or not isinstance(self.size, (int, float)) or self.size != self.size
        if wrong or (self.right is not None and self.size <= 0):
            raise RequestError(
                f"the claim '{self.said}' has the size {self.size!r}; expected a number of {self.unit} above zero: "
                "the smallest difference that would matter."
            )
        if not self.because.strip():
            raise RequestError(f"the claim '{self.said}' gives no reason for its size; write because='…'.")
        if self.left == self.right:
            raise RequestError(f"the claim '{self.said}' compares an arm with itself.")

    @property
    def said(self) -> str:
        """The claim in words."""
        by = f"{self.size:g} {self.unit}" if isinstance(self.size, (int, float)) else str(self.size)
        return {
            "exceeds": f"{self.left} exceeds {self.right} by more than {by}",
            "not_worse": f"{self.left} is not worse than {self.right} by {by} or more",
            "same": f"{self.left} and {self.right} differ by less than {by}",
            "below": f"{self.left} lies below {by}",
            "above": f"{self.left} lies above {by}",
        }[self.kind]

    @property
    def names(self) -> tuple[str, ...]:
        """The arms that it is about."""
        return (self.left,) if self.right is None else (self.left, self.right)


def exceeds(a: str, b: str, *, by: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` is better than `b` by more than `by`: yes when the interval lies above `by`, no when it lies below."""
    return Claim(kind="exceeds", left=a, right=b, size=by, unit=unit, because=because, if_no=if_no)


def not_worse(a: str, b: str, *, by: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` is worse than `b` by less than `by`: yes when the interval lies above −by, no when it lies below."""
    return Claim(kind="not_worse", left=a, right=b, size=by, unit=unit, because=because, if_no=if_no)


def same(a: str, b: str, *, within: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` and `b` differ by less than `within`: yes when the interval lies inside ±within, no when outside."""
    return Claim(kind="same", left=a, right=b, size=within, unit=unit, because=because, if_no=if_no)


def below(arm: str, bound: float, *, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """The mean of `arm` lies below `bound`."""
    return Claim(kind="below", left=arm, right=None, size=bound, unit=unit, because=because, if_no=if_no)


def above(arm: str, bound: float, *, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """The mean of `arm` lies above `bound`."""
    return Claim(kind="above", left=arm, right=None, size=bound, unit=unit, because=because, if_no=if_no)


@dataclass(frozen=True)
class Ladder:
    """Claims in an order fixed beforehand, each asked only while all before it are yes: how far does it hold?"""

    claims: tuple[Claim, ...]


def ordered(*claims: Claim) -> Ladder:
    """A secondary ladder of claims, for example from dense to sparse."""
    return Ladder(tuple(claims))


@dataclass(frozen=True)
class Control:
    """A claim whose outcome is known: it tells whether the experiment could have seen what it looks for."""

    claim: Claim
    _: KW_ONLY
    expect: str
    because: str

    def __post_init__(self) -> None:
        if self.expect not in ("yes", "no"):
            raise unknown("expected outcome of a control", self.expect, ("yes", "no"))


@dataclass(frozen=True)
class Arm:
    """What a replicate's seeds lead to: a measure under a name; `family` and `x` place it in a figure."""

    name: str
    measure: Measure
    family: str
    x: float | None


ArmsOf = Callable[[Replicate], Mapping[str, "Network | Measure | Mapping[float, Network | Measure]"]]


def at(family: str, x: float) -> str:
    """The name of one member of a family of arms: `at("ticket", 10.7)` is "ticket at 10.7"."""
    return f"{family} at {x:.3g}"


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, fixed before it is answered.

    Attributes:
        arms: from a replicate to named Networks and Measures; a dict of them under one name is a family along `axis`.
        claims: the primary claims; they decide.
        if_yes: what a reader should believe or do if the answer is yes; `if_no` likewise, and it must differ.
        if_inconclusive: what would settle it.
        combine: "all", "any" or "ordered" (`stats.verdict`).
        hold_to: for "ordered", how many of the claims must hold; by default all.
        secondary: shown, corrected by Holm, never deciding; a Ladder reports how far it holds.
        controls: claims of known outcome.
        replicates: independent repetitions.
        alpha: one-sided level of each verdict.
        pairing: "replicate" where arms share a replicate's seeds, "none" where they do not.
        metric: the measure of arms that are given as Networks.
        axis: what the keys of a family of arms are, with unit.
        name, text, category, options: filled in by the Template.
    """

    arms: ArmsOf
    _: KW_ONLY
    claims: Sequence[Claim]
    if_yes: str
    if_no: str
    if_inconclusive: str = "More replicates, or a larger smallest size of interest, would be needed."
    combine: Rule = "all"
    hold_to: int | None = None
    secondary: Sequence[Claim | Ladder] = ()
    controls: Sequence[Control] = ()
    replicates: int = 8
    alpha: float = 0.05
    pairing: str = "replicate"
    metric: str = "accuracy"
    axis: str = ""
    name: str = ""
    text: str = ""
    category: str = "science"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        gather(self._check_outcomes, self._check_claims, self._check_numbers, self._check_words)

    def _check_outcomes(self) -> None:
        for name in ("if_yes", "if_no"):
            if not getattr(self, name).strip():
                raise RequestError(f"{name} is empty: say what a reader should then believe or do.")
        if self.if_yes.strip() == self.if_no.strip():
            raise RequestError("if_yes and if_no say the same: a question is worth asking when its answers differ.")

    def _check_claims(self) -> None:
        if not self.claims:
            raise RequestError("a Question needs at least one claim, for example exceeds('a', 'b', by=1, because='…').")
        if self.hold_to is not None and not 1 <= self.hold_to <= len(self.claims):
            raise RequestError(f"hold_to is {self.hold_to}; expected 1 to {len(self.claims)}, the number of claims.")

    def _check_numbers(self) -> None:
        if isinstance(self.replicates, bool) or not isinstance(self.replicates, int) or self.replicates < 1:
            raise RequestError(
                f"replicates is {self.replicates!r}; expected a whole number, 1 or more (2 to have a spread)."
            )
        if not 0 < self.alpha < 0.5:
            raise RequestError(f"alpha is {self.alpha!r}; expected a one-sided level in (0, 0.5), such as 0.05.")

    def _check_words(self) -> None:
        for what, got, known in (
            ("category", self.category, CATEGORIES),
            ("rule to combine claims", self.combine, COMBINE),
            ("pairing", self.pairing, PAIRINGS),
        ):
            if got not in known:
                raise unknown(what, got, known)
        if self.metric not in MEASURES and not is_own_code(self.metric):
            raise unknown("metric", self.metric, MEASURES)

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
        given = self.arms(Replicate(root.seed("replicate", index).value, index))
        if not isinstance(given, Mapping) or not given:
            raise RequestError(f"arms() gave {type(given).__name__}; expected a dict of names to Networks or Measures.")
        arms: list[Arm] = []
        for name, item in given.items():
            if isinstance(item, Mapping):
                arms += [self._arm(at(name, x), member, name, float(x)) for x, member in item.items()]
            else:
                arms.append(self._arm(name, item, name, None))
        names = [arm.name for arm in arms]
        strangers = dict.fromkeys(name for claim in self.every_claim for name in claim.names if name not in names)
        if strangers:
            raise RequestError.join(unknown("arm in a claim", name, names) for name in strangers)
        return arms

    def _arm(self, name: str, item: Any, family: str, x: float | None) -> Arm:
        if isinstance(item, Network):
            item = measure(self.metric, item)
        if not isinstance(item, Measure):
            raise RequestError(f"the arm {name!r} is a {type(item).__name__}; expected a Network or a Measure.")
        return Arm(name, item, family, x)

    def _repr_html_(self) -> str:
        from whether.report.notebook import question_html

        return question_html(self)


@dataclass(frozen=True, eq=False)
class Template:
    """A question with its options open: what `@question` makes of a function.

    Attributes:
        build: the function; its parameters are the options, each with a default.
        name: as the command line knows it.
        category: "science", "engineering" or "artifact".
        presets: named sets of options, such as the published protocol.
    """

    build: Callable[..., Question]
    name: str
    category: str
    presets: Mapping[str, Mapping[str, Any]]

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
        general = ("replicates", "alpha")
        for name in given:
            if name not in known and name not in general:
                raise unknown(
                    f"option of {self.name}", name, [*known, *(item for item in general if item not in known), "preset"]
                )
        chosen = known | dict(self.presets[preset] if preset else {}) | given
        made = self.build(**{name: value for name, value in chosen.items() if name in known})
        if not isinstance(made, Question):
            raise RequestError(f"{self.name} returned a {type(made).__name__}; expected a Question.")
        outside = {name: value for name, value in chosen.items() if name not in known}
        return replace(made, name=self.name, text=self.text, category=self.category, options=chosen, **outside)


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
        return Template(build, called, category, dict(presets or {}))

    return wrap
