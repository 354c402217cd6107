"""Progress: what is said, when, and how long the rest takes."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from whether.cli.live import Bar, Lines, Pace, Progress, watching
from whether.cli.planning import in_short
from whether.execute.progress import Finished, Measuring, Note, Planned, Training


class Clock:
    """A clock that stands until it is told to go."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def training(done: int, trained: int = 0) -> Training:
    return Training(16, "mlp-4 on digits", done, 1000, trained, 120)


def plan(**changed: Any) -> Any:
    sums = {"measures": 24, "steps_to_train": 800, "steps_stored": 0, "steps_unique": 800, "sharing": 1.0}
    left = [SimpleNamespace(stored=False)] * 8
    return SimpleNamespace(**{**sums, "trajectories": left, **changed})


class TestPace:
    def test_too_early_to_tell(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        assert pace.left(0, 10) is None
        pace.note(0)
        clock.now += 1
        assert pace.left(1, 10) is None

    def test_the_rest_takes_as_long_as_the_pace_says(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        pace.note(0)
        clock.now += 10
        pace.note(200)
        assert pace.left(200, 1000) == pytest.approx(40)

    def test_only_the_last_half_minute_counts(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        for second in range(101):
            pace.note(second if second < 50 else 50 + 10 * (second - 50))
            clock.now += 1
        assert pace.left(550, 1050) == pytest.approx(50, rel=0.1)

    def test_no_progress_is_no_pace(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        pace.note(5)
        clock.now += 10
        pace.note(5)
        assert pace.left(5, 10) is None


class TestProgress:
    def test_what_is_known(self) -> None:
        clock = Clock()
        progress = Progress(clock)
        assert (progress.share, progress.counted, progress.now, progress.left) == (0, "", "", "")
        progress.take(training(0))
        clock.now += 20
        progress.take(training(500, trained=60))
        assert progress.share == 0.5
        assert (progress.word, progress.counted) == ("training", " 60 of 120 networks")
        assert progress.now == "16 networks at once: mlp-4 on digits"
        assert progress.left == "20 s left"

    def test_measuring_has_a_pace_of_its_own(self) -> None:
        clock = Clock()
        progress = Progress(clock)
        progress.take(training(0))
        clock.now += 20
        progress.take(training(1000))
        progress.take(Measuring(0, 30))
        clock.now += 3
        progress.take(Measuring(10, 30))
        assert (progress.word, progress.counted, progress.left) == (
            "measuring",
            "10 of 30 measures",
            "a few seconds left",
        )
        progress.take(Measuring(30, 30))
        assert progress.left == ""


class TestLines:
    def test_now_and_then_a_line(self) -> None:
        clock, said = Clock(), []
        lines = Lines(said.append, clock)
        lines(Planned(plan()))
        for second in range(25):
            lines(training(10 * second, trained=second))
            clock.now += 1
        lines(Note("a note"))
        assert said == [
            "  8 networks to train, 800 steps",
            "  training: 10%,  10 of 120 networks, 1 min 30 s left",
            "  training: 20%,  20 of 120 networks, 1 min 20 s left",
            "  note: a note",
        ]

    def test_an_answer_that_stood(self) -> None:
        said: list[str] = []
        Lines(said.append)(Finished(answer=None))  # type: ignore[arg-type]
        assert said == ["  the answer stands already: nothing was trained"]

    def test_how_long_it_took(self) -> None:
        said: list[str] = []
        with watching(said.append, terminal=False) as listen:
            listen(Planned(plan()))
            listen(training(1000))
        assert said[-1] == "  done in less than a second"


class TestInShort:
    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({}, "8 networks to train, 800 steps"),
            ({"sharing": 3.91}, "8 networks to train, 800 steps: 3.9 times less than each arm on its own"),
            ({"steps_stored": 200}, "8 networks to train, 800 steps; 25% of the work is in the lab already"),
            ({"steps_to_train": 0}, "nothing to train: what 24 measures need is in the lab"),
        ],
    )
    def test_one_line(self, changed: dict[str, Any], said: str) -> None:
        assert in_short(plan(**changed)) == said


class TestBar:
    @pytest.mark.parametrize("columns", [60, 80, 120])
    def test_it_keeps_to_its_two_lines_at_any_stage(self, columns: int) -> None:
        console = Console(file=io.StringIO(), width=columns, force_terminal=True, color_system=None)
        bar = Bar(console)
        wide = set()
        for done in (0, 1, 500, 999, 1000):
            bar(training(done, trained=done // 10))
            with console.capture() as captured:
                console.print(bar)
            first, second, *rest = captured.get().rstrip("\n").split("\n")
            assert rest == []
            assert len(first) <= columns
            assert second.strip() == "16 networks at once: mlp-4 on digits"
            wide.add(first.count("━"))
            assert f"{done / 1000:>4.0%}" in first
        assert len(wide) == 1

    def test_notes_and_plans_stand_above_it(self) -> None:
        console = Console(file=io.StringIO(), width=80, force_terminal=False)
        bar = Bar(console)
        bar(Planned(plan()))
        bar(Note("[bold] is not markup here"))
        bar(Finished(answer=None))  # type: ignore[arg-type]
        lines = [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
        assert lines == ["  8 networks to train, 800 steps", "  note: [bold] is not markup here"]
