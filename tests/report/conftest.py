"""What the tests of the report share: every kind of answer, drawn and rendered once."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from report_answers import MAKERS

from whether.answer import Answer
from whether.report import write
from whether.report.figures import figures


@pytest.fixture(scope="session")
def answers() -> dict[str, Answer]:
    """Every kind of answer, by name."""
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="session")
def drawn(answers: dict[str, Answer]) -> dict[str, dict[str, Figure]]:
    """Every answer's figures, to be looked at."""
    return {name: figures(answer) for name, answer in answers.items()}


@pytest.fixture(scope="session")
def rendered(answers: dict[str, Answer]) -> dict[str, dict[str, bytes]]:
    """Every answer's files; drawn once, since drawing is what takes time."""
    return {name: write.render(answer) for name, answer in answers.items()}
