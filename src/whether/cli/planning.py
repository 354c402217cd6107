"""What `plan` prints: the work that questions need, what of it is shared, what it would take on how many devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.cli.page import columns, complain, faint, heading, paragraph, say, say_json, strong
from whether.errors import RequestError
from whether.report.numbers import plural
from whether.seeds import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whether.plan import Course, Plan
    from whether.plan.forecast import Forecast
    from whether.question import Question
    from whether.store import Store

ALONE = (
    "Each arm on its own: the steps if every arm of every replicate were trained by itself, with all the networks that "
    "it needs, sharing nothing with another arm."
)
COUNTED = (
    "Counted: the operations of each step at 50 GFLOP/s and 0.15 ms a step beside them, about what one core of a CPU "
    "does; a GPU differs. Once a network of a kind was trained in this lab, its pace is known."
)
GUESSED = "Guessed: the median of the others; code of one's own is not looked into, and none like it was trained here."
UNKNOWN = (
    "How long it takes is not known: code of one's own cannot be counted, and none like it was trained in this lab. "
    "After a first run it is."
)


def without_lab(questions: Sequence[Question], *, open_test: bool, seed: int) -> Plan:
    """A plan as for an empty lab: planning makes no folder."""
    from whether.plan import ask, make_plan

    return make_plan([ask(question, seed=Seed(seed), open_test=open_test) for question in questions])


def device_counts(text: str) -> tuple[int, ...]:
    """The numbers of devices that `--devices` names.

    Raises:
        RequestError: when it names none.
    """
    try:
        counts = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        counts = ()
    if not counts or counts[0] < 1:
        raise RequestError(f"--devices is {text!r}; expected numbers of devices, such as --devices 1,8,64.")
    return counts


def doubts(plan: Plan) -> list[str]:
    """What may go wrong with code of one's own when the plan is run, as far as its text tells."""
    from whether.history.code import missing_imports

    names = sorted(frozenset().union(*(asked.own_code for asked in plan.asked)))
    return list(dict.fromkeys(said for name in names for said in missing_imports(name)))


def calibrate(store: Store, plan: Plan) -> None:
    """Train a moment of each kind of network that a plan has, so that its cost is measured; says which on stderr."""
    from whether.execute.trial import calibrate as measured

    measured(plan.pieces, store.paces, lambda what: complain(f"note: trying {what}"))


def show(plan: Plan, found: Forecast, *, pieces: bool, as_json: bool) -> None:
    """Print a plan.

    Args:
        plan: from `Lab.plan`.
        found: what it would take.
        pieces: list every piece, too.
        as_json: print it as plain JSON.
    """
    if as_json:
        say_json(plan.plain() | {"forecast": found.plain(plan)})
        return
    say(strong(", ".join(dict.fromkeys(plan.questions))))
    arms = f"{plural(plan.measures, 'measure')} of {plural(plan.replicates, 'replicate')}"
    stored = f"{plan.measures_stored:,}" if plan.measures_stored else "none"
    say(faint(f"  {arms}; {stored} of them in the lab already\n"))
    say(columns(_sums(plan, found), gap=3))
    notes = [ALONE]
    if plan.steps_to_train == 0:
        say("\n  Nothing would be trained.")
    else:
        notes += _time(plan, found)
    if pieces:
        say(heading("Pieces"))
        say(columns([_HEAD, *(_piece(course) for course in plan.trajectories)]))
    say("\n" + "\n".join(faint(paragraph(note, 2)) for note in notes))


def in_short(plan: Plan) -> str:
    """One line: what will be trained, and what sharing spares."""
    if plan.steps_to_train == 0:
        return f"nothing to train: what {plural(plan.measures, 'measure')} need is in the lab"
    left = sum(not course.stored for course in plan.trajectories)
    said = f"{plural(left, 'network')} to train, {plan.steps_to_train:,} steps"
    if plan.sharing >= 1.05:
        said += f": {plan.sharing:.1f} times less than each arm on its own"
    if plan.steps_stored:
        said += f"; {plan.steps_stored / plan.steps_unique:.0%} of the work is in the lab already"
    return said


def _sums(plan: Plan, found: Forecast) -> list[tuple[str, str, str]]:
    unique, left = len(plan.trajectories), sum(not course.stored for course in plan.trajectories)
    less = f", {plan.sharing:.1f} times less" if plan.sharing >= 1.05 else ""
    rows = [
        ("each arm on its own", plan.steps_alone, ""),
        ("every network once", plan.steps_unique, f"{plural(unique, 'network')}{less}"),
        ("in the lab already", plan.steps_stored, plural(unique - left, "network")),
        ("to train", plan.steps_to_train, f"{plural(left, 'network')}{_packed(found)}"),
    ]
    wide = max(len(f"{steps:,}") for _, steps, _ in rows)
    return [(name, f"{steps:>{wide},} steps", faint(note)) for name, steps, note in rows]


def _packed(found: Forecast) -> str:
    """How the networks are trained together: ", in 104 packs of 4"."""
    if set(found.packs) <= {1}:
        return ", one by one" if found.packs else ""
    (width, count), *others = found.packs.items()
    said = [f"{plural(count, 'pack')} of {width}"]
    said += [f"{count:,} alone" if width == 1 else f"{count:,} of {width}" for width, count in others]
    if len(said) > 3:
        said = [*said[:2], f"{sum(count for _, count in others[1:]):,} smaller"]
    return ", in " + ", ".join(said[:-1]) + " and " * (len(said) > 1) + said[-1]


def _time(plan: Plan, found: Forecast) -> list[str]:
    """Print what it takes, and give the notes that explain it."""
    if not found.known:
        return [UNKNOWN]
    say(heading("Time, as estimated"))
    say(columns([("  " + _of_devices(found.device_seconds), _from(found))], indent=0, gap=3) + "\n")
    say(columns(_finishes(found), gap=3))
    if len(found.turns) > 1:
        say(heading("In this order"))
        say(columns(_order(plan, found), gap=3))
    return [note for source, note in (("counted", COUNTED), ("unknown", GUESSED)) if source in found.sources]


def _from(found: Forecast) -> str:
    """Where the seconds are from; of several sources, for how many networks each."""
    words = {
        "measured": f"measured in this lab ({found.device})",
        "counted": "counted from FLOPs, not measured",
        "unknown": "guessed",
    }
    if len(found.sources) == 1:
        return words[next(iter(found.sources))]
    counts = {name: found.sources[name] for name in ("measured", "counted", "unknown") if name in found.sources}
    return "; ".join(f"{plural(count, 'network')} {words[name]}" for name, count in counts.items())


def _finishes(found: Forecast) -> Iterator[tuple[str, ...]]:
    chain = "the longest chain: " + plural(found.chain_pieces, "network")
    if found.chain_pieces > 1:
        chain += ", one after the other"
    cells = [
        (f"{finish.devices:,}", length(finish.seconds), length(finish.at_least), finish.bound_by)
        for finish in found.finishes
    ]
    heads = ("devices", "done in", "at best")
    wide = [max(len(head), *(len(row[place]) for row in cells)) for place, head in enumerate(heads)]
    yield (*(head.rjust(size) for head, size in zip(heads, wide, strict=True)), "bound by")
    told = False
    for row in cells:
        by = "the work" if row[3] == "work" else "the longest chain" if told else chain
        told = told or row[3] == "chain"
        yield (*(cell.rjust(size) for cell, size in zip(row, wide, strict=False)), by)


def _order(plan: Plan, found: Forecast) -> Iterator[tuple[str, ...]]:
    """The questions in their order, and what each adds to those before it."""
    names = _names(plan)
    for number, turn in enumerate(found.turns, 1):
        adds = f"{plural(turn.pieces, 'network')}, {_of_devices(turn.seconds)}" if turn.pieces else "nothing more"
        yield f"{number}", names[turn.place], adds


def _names(plan: Plan) -> list[str]:
    """The names of the questions, with the options in which those of one name differ."""
    names = []
    for asked in plan.asked:
        question = asked.question
        alike = [other.question for other in plan.asked if other.question.name == question.name]
        differ = {
            key: value
            for key, value in question.options.items()
            if any(other.options.get(key) != value for other in alike)
        }
        names.append(" ".join([question.name, *(f"{key}={value}" for key, value in differ.items())]))
    return names


def _of_devices(seconds: float) -> str:
    """Time on one device; what is long is told in device-hours."""
    return f"{seconds / 3600:,.1f} device-hours" if seconds >= 2 * 3600 else f"{length(seconds)} of one device"


def length(seconds: float) -> str:
    """A length of time in a table.

    Example:
        >>> [length(value) for value in (0.04, 3.46, 59.8, 125, 7500, 400_000)]
        ['0.04 s', '3.5 s', '1 min', '2 min 5 s', '2 h 5 min', '4 d 15 h']
    """
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    for size, name, small, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size:,} {name}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


_HEAD = ("piece", "network", "data", "steps", "arms", "")


def _piece(course: Course) -> tuple[str, ...]:
    """One row: which network, from where to where, for how many arms, whether it is there; `why` tells more."""
    stops = [stop for stop in course.stops if stop != course.end]
    between = f", stops at {', '.join(map(str, stops))}" if stops else ""
    return (
        course.digest[:10],
        course.model,
        course.data,
        f"{course.begin} to {course.end}{between}",
        str(course.wanted_by),
        "in the lab" if course.stored else "to train",
    )
