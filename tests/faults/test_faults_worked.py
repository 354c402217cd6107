"""A network that always fails is recorded as failed where others of its kind work, today or on another day."""

from __future__ import annotations

from pathlib import Path

import pytest
from fault_cases import LAB, MODELS, OWN, Call, records, sound

PICKY = """

class Picky(Net):
    def forward(self, x):
        if self.training and self.bad:
            raise ArithmeticError("not these weights")
        return super().forward(x)

    def __init__(self):
        super().__init__()
        self.register_buffer("bad", (self.layer.bias.detach().sum() < 0).float())


def picky():
    return Picky()
"""

pytestmark = pytest.mark.usefixtures("plain_pages")


@pytest.fixture
def run(folder: Path, whether: Call) -> Call:
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    (folder / "nets.py").write_text(MODELS + PICKY, encoding="utf-8")

    def call(count: int) -> object:
        return whether("run", "own.py", "model=nets:picky", f"replicates={count}")

    return call  # type: ignore[return-value]


def failed() -> int:
    return sum(said["outcome"] == "failed" and said["kind"] == "point" for said in records(LAB).values())


def test_it_is_recorded_when_those_that_work_were_trained_on_another_day(run: Call) -> None:
    """Alone in its run it looks as if its whole kind did not work."""
    for count in range(1, 6):
        done = run(count)
        assert done.code == 0, done.err
    before = failed()
    assert 0 < before < 5
    assert sound(LAB, untouched=True)
    again = run(5)
    assert (again.code, failed()) == (0, before)


def test_several_bad_ones_among_good_ones_are_all_recorded(run: Call) -> None:
    done = run(12)
    assert done.code == 0, done.err
    assert 2 <= failed() <= 11
    assert "not these weights" in done.out + done.err
    assert "runs always failed" in " ".join((done.out + done.err).split())
    assert sound(LAB, untouched=True)
