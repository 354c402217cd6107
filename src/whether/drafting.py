"""Making a question ready to be registered: its spreads, its chances, its gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whether.answer import Answer
from whether.answered import Answered
from whether.conclude import as_option
from whether.errors import unknown
from whether.plan.plan import ask
from whether.question import GENERAL, Question
from whether.registration import freeze
from whether.seeds import Seed
from whether.store.folder import Store
from whether.studies import Draft, Studies

Progress = Callable[[int, int], None]
NEWEST, NONE = "newest", "none"


def draft(
    store: Store,
    question: Question,
    *,
    open_test: bool = False,
    pilot: str = NEWEST,
    waived: frozenset[str] = frozenset(),
    progress: Progress = lambda _done, _of: None,
) -> Draft:
    """A question with everything that its registration says of it.

    Args:
        store: the lab's, where pilots are.
        question: with its options.
        open_test: whether it will be answered on the test split.
        pilot: "newest" exploratory answer to the same question, the name of an answer's folder, or "none".
        waived: gates that may be failed; every page says so.
        progress: hears of the rehearsals of the analysis.

    Raises:
        RequestError: when the pilot is not there.
    """
    from whether.gates import check_gates

    asked = ask(question, seed=Seed(0), open_test=open_test)
    found = check_gates(
        asked,
        pilot=pilot_of(store, question, pilot),
        waived=waived,
        uses=Studies(store).uses(asked),
        progress=progress,
    )
    return Draft(asked, freeze(asked, planned=found.planned, answerable=found.curve, gates=found.plain()))


def pilot_of(store: Store, question: Question, pilot: str = NEWEST) -> Answer | None:
    """The exploratory answer that shows how far replicates of a question spread, or None.

    Raises:
        RequestError: when one is named that is not there.
    """
    if pilot == NONE:
        return None
    exploratory = {folder.name: answer for folder, answer in Answered(store).listing() if answer.grade == "exploratory"}
    if pilot != NEWEST:
        if pilot not in exploratory:
            raise unknown("pilot", pilot, exploratory, "Name the folder of an exploratory answer in answers/.")
        return exploratory[pilot]
    like = {name: as_option(value) for name, value in question.options.items() if value is not None}
    found = [
        answer
        for answer in exploratory.values()
        if answer.name == question.name and _same_setting(answer.options, like)
    ]
    return found[-1] if found else None


def _same_setting(a: Mapping[str, str], b: Mapping[str, str]) -> bool:
    """Whether two questions differ in nothing but how often and how strictly they are looked at."""
    one, other = ({name: value for name, value in options.items() if name not in GENERAL} for options in (a, b))
    return one == other
