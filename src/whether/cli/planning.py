"""What `plan` prints: the work that questions need, what of it is shared, what the lab has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.cli.page import columns, faint, heading, say, say_json, strong
from whether.report.numbers import plural
from whether.seeds import Seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.plan import Course, Plan
    from whether.question import Question


def without_lab(questions: Sequence[Question], *, open_test: bool, seed: int) -> Plan:
    """A plan as for an empty lab: planning makes no folder."""
    from whether.plan import ask, make_plan

    return make_plan([ask(question, seed=Seed(seed), open_test=open_test) for question in questions])


def show(plan: Plan, *, pieces: bool, as_json: bool) -> None:
    """Print a plan.

    Args:
        plan: from `Lab.plan`.
        pieces: list every piece, too.
        as_json: print it as plain JSON.
    """
    if as_json:
        say_json(plan.plain())
        return
    say(strong(", ".join(dict.fromkeys(plan.questions))))
    arms = f"{plural(plan.measures, 'measure')} of {plural(plan.replicates, 'replicate')}"
    say(faint(f"  {arms}; {plan.measures_stored:,} of them in the lab already\n"))
    say(columns(_sums(plan), gap=3))
    if plan.steps_to_train == 0:
        say("\n  Nothing would be trained.")
    if pieces:
        say(heading("Pieces"))
        say(columns([_HEAD, *(_piece(course) for course in plan.trajectories)]))


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


def _sums(plan: Plan) -> list[tuple[str, str, str]]:
    unique, left = len(plan.trajectories), sum(not course.stored for course in plan.trajectories)
    rows = [
        ("each arm on its own", plan.steps_alone, "if every arm of every replicate were trained sharing nothing"),
        ("every network once", plan.steps_unique, f"{plural(unique, 'network')}; {plan.sharing:.1f} times less"),
        ("in the lab already", plan.steps_stored, plural(unique - left, "network")),
        ("to train", plan.steps_to_train, f"{plural(left, 'network')}, up to {plan.width} at once"),
    ]
    wide = max(len(f"{steps:,}") for _, steps, _ in rows)
    return [(name, f"{steps:>{wide},} steps", faint(note)) for name, steps, note in rows]


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
