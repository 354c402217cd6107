"""The gates of registration: what a question must show before anything is run for it, each with what would mend it.

    outcomes                a yes and a no are written, and differ
    rule                    whatever comes out is exactly one of yes, no and inconclusive
    planned effects         δ_yes and δ_no lie where yes and no are
    verdicts attainable     the measure and the replicates allow a yes, and a no
    answerable either way   the chances of a yes where it is true, and of a no, reach the power that is stated
    rehearsal               the analysis itself, on drawn numbers, errs no more than α and finds what is planned for
    data                    they are here, and are what the question says
    controls                one where there is something to see, and one where there is nothing
    replicates              the arms of claims are other networks in each replicate

A gate that fails says so, and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement, product
from typing import Any, TypeAlias

from whether import stats
from whether.answer import Answer
from whether.answerable import Chances, Spread, around, chances, curve, enough, option, spreads_of
from whether.attainable import unattainable
from whether.claim import Claim, Control
from whether.data.cards import Data
from whether.errors import RequestError, WhetherError
from whether.evidence import not_repeated
from whether.history.facts import MeasureFact, Point
from whether.history.walk import parents_first
from whether.plan.plan import Asked
from whether.question import Question
from whether.rehearsal import Progress, Tried, rehearse
from whether.words import MeasureKind

OUTCOMES, RULE, PLANNED, ATTAINABLE = "outcomes", "rule", "planned effects", "verdicts attainable"
ANSWERABLE, REHEARSAL, DATA, CONTROLS = "answerable either way", "rehearsal", "data", "controls"
REPLICATES = "replicates"
WAIVABLE = (ANSWERABLE, CONTROLS)

Load = Callable[[Data], str]
"""Reads a data set and says its digest."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One check.

    Attributes:
        message: what was found; where it failed, what would mend it.
        waived: it failed, and that is accepted: every page says so.
    """

    name: str
    passed: bool
    message: str
    waived: bool = False


@dataclass(frozen=True, kw_only=True)
class Gates:
    """All gates of a question, and what was computed on the way.

    Attributes:
        chances: of a yes and of a no; None where something is lacking to compute them.
        spreads: what they rest on; none likewise.
        curve: the chances by number of replicates; empty likewise.
        enough: how many replicates would do, where those that are asked for do not; None where none would, or all do.
    """

    gates: Sequence[Gate]
    chances: Chances | None
    spreads: Sequence[Spread]
    curve: Mapping[str, Sequence[float]]
    enough: int | None

    @property
    def planned(self) -> dict[str, Any]:
        """The chances "yes" and "no", what is true then, how many replicates are "enough", where "sd" comes from."""
        found = self.chances
        told: dict[str, Any] = {"yes": found and found.yes, "no": found and found.no}
        told |= {"when_yes": found and found.when_yes, "when_no": found and found.when_no}
        return told | {"enough": self.enough, "sd": said_of(self.spreads)}

    @property
    def refused(self) -> list[Gate]:
        """Those that failed and are not waived."""
        return [gate for gate in self.gates if not gate.passed and not gate.waived]

    def plain(self) -> list[dict[str, Any]]:
        """The gates in plain values."""
        return [asdict(gate) for gate in self.gates]


def check_gates(
    asked: Asked,
    spreads: Sequence[Spread] | None = None,
    *,
    pilot: Answer | None = None,
    waived: Collection[str] = (),
    load: Load | None = None,
    uses: Sequence[str] = (),
    progress: Progress = lambda _done, _of: None,
) -> Gates:
    """Check all gates.

    Args:
        asked: the question, resolved.
        spreads: what is assumed of its claims; by default what they state, or what the pilot showed.
        pilot: an exploratory answer to the same question.
        waived: names of gates that may fail; of WAIVABLE. A question whose chances are not known is not waived.
        load: reads a data set and says its digest; by default from where data are.
        uses: earlier uses of the test split, for people.
        progress: told how many of how many rehearsals are done.
    """
    question = asked.question
    lacking, found = "", None
    try:
        spreads = list(spreads if spreads is not None else spreads_of(asked, pilot))
        found = chances(question, spreads)
    except RequestError as error:
        spreads, lacking = [], " ".join(problem[0].upper() + problem[1:] for problem in error.problems)
    kinds = {arm.name: arm.measure.kind for arm, _ in asked.arms[0]}
    would_do = enough(question, spreads) if found and found.least < question.power else None
    gates = [
        _outcomes(question),
        _rule(question),
        _planned(question),
        _attainable(asked),
        _answerable(question, spreads, found, would_do, lacking),
        _rehearsal(question, spreads, kinds, found, progress),
        _data(asked, load or _load, uses),
        _controls(question, kinds),
        _replicates(asked),
    ]
    accepted = [
        Gate(name=gate.name, passed=False, message=gate.message, waived=True)
        if not gate.passed and gate.name in waived and gate.name in WAIVABLE and (found or gate.name != ANSWERABLE)
        else gate
        for gate in gates
    ]
    counts = sorted({*around(question), *([would_do] if would_do else [])})
    told = curve(question, spreads, counts) if found else {}
    return Gates(gates=accepted, chances=found, spreads=spreads, curve=told, enough=would_do)


def _outcomes(question: Question) -> Gate:
    yes, no = question.if_yes.strip(), question.if_no.strip()
    if yes and no and yes != no:
        return Gate(name=OUTCOMES, passed=True, message="A yes and a no are written, and differ.")
    return Gate(
        name=OUTCOMES,
        passed=False,
        message="Write if_yes and if_no: what a reader should then believe or do. They differ, or nothing is asked.",
    )


def _rule(question: Question) -> Gate:
    """Every interval has one verdict, which no interval within contradicts, and so has every row of the claims'."""
    try:
        for claim in question.claims:
            _try_intervals(claim)
        rows = list(_rows(question))
        named = (question.hold_to or len(question.claims)) - 1 if question.combine == "ordered" else None
        for row in rows:
            said = stats.combine(question.combine, [one for one, _ in row], [one for _, one in row], named=named)
            if said.verdict not in stats.VERDICTS:
                raise RequestError(f"claims that are {', '.join(one for one, _ in row)} have no verdict together.")
    except RequestError as error:
        return Gate(name=RULE, passed=False, message=f"What comes out is not always one verdict: {error}")
    told = f"Every interval, and each of {len(rows):,} rows of the claims' verdicts, gives exactly one verdict."
    return Gate(name=RULE, passed=True, message=told)


def _try_intervals(claim: Claim) -> None:
    middle = claim.size if claim.right is None else 0.0
    size = 1.0 if claim.right is None else claim.size
    grid = [middle + size * step for step in (-1e6, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 1e6)]
    for low, high in product(grid, grid):
        if low > high:
            continue
        said = stats.verdict(claim.kind, low, high, claim.size)
        within = {stats.verdict(claim.kind, at, at, claim.size) for at in grid if low <= at <= high}
        if said not in stats.VERDICTS or (said != "inconclusive" and within != {said}):
            raise RequestError(f"'{claim.said}' is {said} from {low:g} to {high:g}, but not everywhere within.")


Row: TypeAlias = "Sequence[tuple[stats.Verdict, stats.Verdict]]"
_STATES: Row = (
    ("yes", "yes"),
    ("yes", "inconclusive"),
    ("inconclusive", "inconclusive"),
    ("no", "inconclusive"),
    ("no", "no"),
)
"""What a claim can be at α, and at α over the number of claims."""


def _rows(question: Question) -> Iterator[Row]:
    """The rows of verdicts that claims can have: of more than four only those that the rule can tell apart."""
    many = len(question.claims)
    if many <= 4:
        yield from product(_STATES, repeat=many)
    elif question.combine != "ordered":
        yield from combinations_with_replacement(_STATES, many)
    else:
        for held, stop, rest in product(range(many), _STATES, _STATES):
            yield [*[_STATES[0]] * held, stop, *[rest] * (many - held - 1)]


def _planned(question: Question) -> Gate:
    wrong = []
    for claim in question.claims:
        if claim.planned is None:
            wrong.append(
                f"'{claim.said}' is a bound: state delta_yes=… and delta_no=…, means at which a yes and a no are to be "
                "found."
            )
            continue
        for name, word, effect in zip(("delta_yes", "delta_no"), ("yes", "no"), claim.planned, strict=True):
            if stats.verdict(claim.kind, effect, effect, claim.size) != word:
                wrong.append(f"{name} of '{claim.said}' is {effect:g}, which is not inside its {word} region.")
    if wrong:
        return Gate(name=PLANNED, passed=False, message=" ".join(wrong))
    told = "; ".join(
        f"'{claim.said}': yes at {claim.planned[0]:g}, no at {claim.planned[1]:g} {claim.unit}"
        for claim in question.claims[:3]
        if claim.planned is not None
    )
    more = f"; and {len(question.claims) - 3} more" if len(question.claims) > 3 else ""
    return Gate(name=PLANNED, passed=True, message=f"{told}{more}.")


def _replicates(asked: Asked) -> Gate:
    wrong = not_repeated(asked)
    told = f"{'; '.join(wrong)}." if wrong else "every arm of a claim is another network in each replicate."
    return Gate(name=REPLICATES, passed=not wrong, message=told[0].upper() + told[1:])


def _attainable(asked: Asked) -> Gate:
    wrong = list(unattainable(asked))
    told = "The measures and the number of replicates allow a yes and a no of every claim."
    return Gate(name=ATTAINABLE, passed=not wrong, message=" ".join(wrong) or told)


def _answerable(
    question: Question, spreads: Sequence[Spread], found: Chances | None, would_do: int | None, lacking: str
) -> Gate:
    if found is None:
        return Gate(name=ANSWERABLE, passed=False, message=f"The chances are not known. {lacking}")
    told = (
        f"The chance of a yes is {found.yes:.3f} ({found.when_yes}), of a no {found.no:.3f} ({found.when_no}); "
        f"{question.power:g} is asked of both. Standard deviation: {said_of(spreads)}. {_method(found)}."
    )
    if found.least >= question.power:
        return Gate(name=ANSWERABLE, passed=True, message=told)
    cure = (
        f"With {option(question, would_do)} both would reach it (now {question.replicates})"
        if would_do is not None
        else "No number of replicates up to 10,000 would do"
    )
    more = (
        "or plan for larger effects (delta_yes, delta_no), or ask a larger size; --underpowered registers it as it is"
    )
    return Gate(name=ANSWERABLE, passed=False, message=f"{told} {cure}; {more}.")


def said_of(spreads: Sequence[Spread]) -> str:
    """The standard deviations that a plan rests on, and where they come from."""
    return "; ".join(dict.fromkeys(spread.said for spread in spreads))


def _method(found: Chances) -> str:
    return "Exact" if not found.error else f"From {found.method}, each chance ± {2 * found.error:.3f}"


def _rehearsal(
    question: Question,
    spreads: Sequence[Spread],
    kinds: Mapping[str, MeasureKind],
    found: Chances | None,
    progress: Progress,
) -> Gate:
    if found is None:
        return Gate(
            name=REHEARSAL, passed=False, message="Not rehearsed: without a standard deviation nothing is drawn."
        )
    try:
        tried = rehearse(question, spreads, kinds, found, progress=progress)
    except RequestError as error:
        return Gate(name=REHEARSAL, passed=False, message=f"The analysis refuses drawn numbers: {error}")
    told = ", ".join(_tried(one) for one in tried)
    if all(one.right for one in tried):
        message = f"The analysis on {tried[0].count} drawn results each: {told}; they differ by chance."
        return Gate(name=REHEARSAL, passed=True, message=message)
    wrong = " and ".join(one.what for one in tried if not one.right)
    return Gate(
        name=REHEARSAL,
        passed=False,
        message=f"The analysis on drawn numbers does not do what it says ({wrong}): {told}. Shares with few replicates "
        "have levels that hold on average only: take more. Otherwise this is a fault in Whether.",
    )


def _tried(one: Tried) -> str:
    return f"{one.what} {one.seen:.3f} ({'α ' if one.what.startswith('wrong') else ''}{one.expected:.3f})"


def _data(asked: Asked, load: Load, uses: Sequence[str]) -> Gate:
    """Every data set that is trained or measured on is here, and its content is what the histories name."""
    wrong, there = [], {}
    for data, content in _data_sets(asked):
        try:
            got = load(data)
        except WhetherError as error:
            wrong.append(f"{data.name} is not there: {str(error).splitlines()[0]}")
            continue
        if got != content:
            wrong.append(
                f"{data.name} has the digest {got[:12]}…, and the question names {content[:12]}…; ask it again."
            )
        there[data.name] = content
    if wrong:
        return Gate(name=DATA, passed=False, message=" ".join(wrong))
    told = ", ".join(f"{name} ({content[:12]}…)" for name, content in there.items())
    seen = f" Uses of the test split before: {'; '.join(uses)}." if uses else ""
    return Gate(name=DATA, passed=True, message=f"Here, and as named: {told or 'no data are read'}.{seen}")


def _data_sets(asked: Asked) -> list[tuple[Data, str]]:
    found: dict[tuple[str, str], Data] = {}
    for fact in parents_first([fact for _, fact in asked.arms[0]]):
        if isinstance(fact, Point):
            training = fact.trajectory.training
            found[training.data_name.name, str(training.data["content"])] = training.data_name
        elif isinstance(fact, MeasureFact) and fact.data is not None:
            found[fact.data_name.name, str(fact.data["content"])] = fact.data_name
    return [(data, content) for (_, content), data in found.items()]


def _load(data: Data) -> str:
    from whether.data.load import load

    return load(data.name, card=data.card, columns=data.columns).digest()


def _controls(question: Question, kinds: Mapping[str, MeasureKind]) -> Gate:
    sorts = {sort_of(control, kinds[control.claim.left]) for control in question.controls}
    lacking = [text for sort, text in _HOW.items() if sort not in sorts]
    if lacking:
        return Gate(name=CONTROLS, passed=False, message=" ".join(lacking))
    return Gate(
        name=CONTROLS, passed=True, message="One where there is something to see, and one where there is nothing."
    )


_HOW = {
    "positive": "A positive control is missing: a claim about a difference that is known to be there, such as "
    'Control(exceeds("trained", "untrained", by=…), expect="yes", because="…"). Without it a no may mean that nothing '
    "could be seen.",
    "negative": "A negative control is missing: a claim about a difference that is known not to be there, such as "
    'Control(same("network", "the same, said otherwise", within=…), expect="yes", because="…"). Without it a yes may '
    "come from the pipeline.",
}


def sort_of(control: Control, kind: MeasureKind) -> str:
    """Whether a control is "positive", about something that is known to be there, or "negative".

    `exceeds` that is expected to hold is positive, and so are `same` and `not_worse` that are expected to fail. A bound
    is positive where the arm is expected on the better side of it.
    """
    expected = control.expect == "yes"
    match control.claim.kind:
        case "exceeds":
            there = expected
        case "same" | "not_worse":
            there = not expected
        case bound:
            there = ((bound == "above") == (kind.better == "higher")) == expected
    return "positive" if there else "negative"
