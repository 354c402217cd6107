"""Questions, answers and plans as small HTML fragments for notebooks: no scripts, no classes that could clash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from whether.report.page import environment, place
from whether.report.style import LIGHT

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.question import Question

_MAIN = ("against_axis", "shares", "arms", "claims")
_MOST_GROUPS = 12


class Course(Protocol):
    """What is told of a trajectory that a plan would train."""

    @property
    def label(self) -> str:
        """The sentence that it carries out."""

    @property
    def model(self) -> str:
        """The network's shape."""

    @property
    def data(self) -> str:
        """What it learns from."""

    @property
    def begin(self) -> int:
        """The step it starts at."""

    @property
    def end(self) -> int:
        """The step it ends at."""

    @property
    def steps(self) -> int:
        """Iterations to train."""

    @property
    def stored(self) -> bool:
        """Whether the lab has it."""

    @property
    def wanted_by(self) -> int:
        """How many arms of replicates need it."""


class Planned(Protocol):
    """What is told of a plan."""

    @property
    def questions(self) -> Sequence[str]:
        """Their names."""

    @property
    def replicates(self) -> int:
        """Independent repetitions."""

    @property
    def arms(self) -> int:
        """Arms of one replicate."""

    @property
    def measures(self) -> int:
        """Numbers that are asked for."""

    @property
    def measures_stored(self) -> int:
        """Of these, what the lab has."""

    @property
    def trajectories(self) -> Sequence[Course]:
        """Every unique training."""

    @property
    def steps_alone(self) -> int:
        """Iterations if each arm were trained on its own."""

    @property
    def steps_unique(self) -> int:
        """Iterations with each trajectory trained once."""

    @property
    def steps_stored(self) -> int:
        """Of these, what the lab has."""

    @property
    def steps_to_train(self) -> int:
        """What is left to do."""

    @property
    def width(self) -> int:
        """Networks trained at once, at most."""


def question_html(question: Question) -> str:
    """A question as a notebook shows it: what is asked, what decides, what a yes and a no would mean."""
    from whether.question import Claim

    return _fragment(
        "question.html.j2",
        question=question,
        secondary=[item for item in question.secondary if isinstance(item, Claim)],
        ladders=[item for item in question.secondary if not isinstance(item, Claim)],
    )


def answer_html(answer: Answer) -> str:
    """An answer as a notebook shows it: the verdict, warnings, the claims in a table, the main figure."""
    from whether.report.figures import drawings
    from whether.report.style import svg

    found = drawings(answer)
    main = main_figure(found)
    # Several answers may stand in one notebook, so the names inside a figure begin with the answer's own.
    shown = place(main, svg(found[main]()), answer, prefix=f"whether-{answer.digest[:8]}") if main else None
    return _fragment("answer.html.j2", answer=answer, figure=shown)


def main_figure(names: Iterable[str]) -> str | None:
    """The name of the figure that says most, of those that an answer has."""
    there = set(names)
    return next((name for name in _MAIN if name in there), None)


def plan_html(plan: Planned) -> str:
    """A plan as a notebook shows it: what would be trained, what is shared, what the lab has already."""
    sharing = plan.steps_alone / plan.steps_unique if plan.steps_unique else 1.0
    alike: dict[tuple[object, ...], list[Course]] = {}
    for course in plan.trajectories:
        alike.setdefault((course.label, course.model, course.data, course.begin, course.end), []).append(course)
    groups = sorted(alike.values(), key=lambda courses: -sum(course.steps for course in courses if not course.stored))
    return _fragment(
        "plan.html.j2", plan=plan, sharing=sharing, groups=groups[:_MOST_GROUPS], more=len(groups[_MOST_GROUPS:])
    )


def _fragment(name: str, **told: object) -> str:
    """A template of this folder, with the few styles that it writes into its elements."""
    return environment().get_template(f"notebook/{name}").render(tones=LIGHT, **told)
