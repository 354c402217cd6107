"""Answers as real questions give them: numbers drawn with named seeds, concluded by the library's own rule."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from whether.answer import Answer, Column, Run
from whether.conclude import conclude
from whether.question import Control, Question, above, at, below, exceeds, not_worse, ordered, same

DENSITIES = tuple(round(100 * 0.8**level, 2) for level in range(16))
LEVELS = {"dense": 97.9, "ticket": 97.8, "random re-initialisation": 97.6, "random mask": 97.5}
LOSS_AT_3_5 = {"ticket": 1.3, "random re-initialisation": 5.6, "random mask": 8.6}
DIGITS = {"name": "digits", "split": "validation", "rows": 300, "classes": 10, "one_split": False}
CIRCUMSTANCES = {
    "machine": {"processor": "2 cores", "device": "cpu", "memory": "8 GB"},
    "versions": {"whether": "0.1.0", "torch": "2.13.0", "python": "3.11.9"},
    "seconds": 87.4,
    "steps_trained": 121_600,
    "steps_shared": 3_200,
    "began": "2026-03-02 14:05 UTC",
}


def name_of(*parts: object) -> str:
    """A digest as the lab gives one: 64 hexadecimal digits."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def column(
    arm: str,
    values: Sequence[float],
    *,
    family: str = "",
    x: float | None = None,
    diverged: Sequence[int] = (),
    measure: str = "accuracy",
    **meaning: Any,
) -> Column:
    """An arm with one value per replicate."""
    facts = {
        "unit": "points",
        "better": "higher",
        "share": False,
        "resolution": 100 / 300,
        "split": "validation",
    } | meaning
    runs = [
        Run(
            arm=arm,
            family=family or arm,
            x=x,
            replicate=index,
            seed=name_of("seed", index)[:16],
            value=value,
            outcome="diverged" if index in diverged else "done",
            note="the loss was not finite at step 212" if index in diverged else "",
            measure=name_of("measure", arm, index),
            state=name_of("state", arm, index),
            steps=400,
        )
        for index, value in enumerate(values)
    ]
    return Column(arm=arm, family=family or arm, x=x, measure=measure, runs=runs, **facts)


def asked(claims: Sequence[Any], *, name: str, text: str, **fields: Any) -> Question:
    """A question that is only ever concluded."""
    fields = {"if_yes": "Believe it.", "if_no": "Do not believe it."} | fields
    return replace(Question(lambda rep: {}, claims=claims, **fields), name=name, text=text)


def concluded(question: Question, columns: Sequence[Column], **facts: Any) -> Answer:
    """The answer, with what a lab would say of where it was made; without looks every run is a replicate."""
    if not question.looks:
        question = replace(question, replicates=len(columns[0].runs))
    said: dict[str, Any] = {
        "digest": name_of(question.name),
        "grade": "exploratory",
        "split": "validation",
        "data": DIGITS,
        "circumstances": CIRCUMSTANCES,
    }
    return conclude(question, columns, **said | facts)


def grid(mean: float, draw: random.Random, sd: float = 0.35) -> float:
    """An accuracy on 300 examples."""
    return round(min(draw.gauss(mean, sd), 100.0) * 3) / 3


def curve(end: float, *, slow: float = 60.0) -> Mapping[str, list[float | None]]:
    """A learning curve that starts at chance."""
    steps = [0.0, *(float(step) for step in range(10, 401, 10))]
    means = [end - (end - 10.0) * 2.718281828 ** (-step / slow) for step in steps]
    half = [0.2 + 3.0 * 2.718281828 ** (-step / 80) for step in steps]
    limits = zip(means, half, strict=True)
    low, high = zip(*((mean - by, mean + by) for mean, by in limits), strict=True)
    return {"step": list(steps), "mean": [None, *means[1:]], "low": [None, *low[1:]], "high": [None, *high[1:]]}


def lottery(replicates: int = 8, densities: Sequence[float] = DENSITIES, **fields: Any) -> Answer:
    """Tickets, two controls and the dense network over densities."""
    draw = random.Random(5)
    luck = [draw.gauss(0.0, 0.3) for _ in range(replicates)]  # what arms of a replicate share
    columns = [column("dense", [grid(97.9 + by, draw, 0.15) for by in luck])]
    deepest = max(len(densities) - 1, 1)
    for family, lost in LOSS_AT_3_5.items():
        for level, density in enumerate(densities):
            mean = LEVELS[family] - lost * (level / deepest) ** 2.2
            values = [grid(mean + by, draw, 0.2) for by in luck]
            columns.append(column(at(family, density), values, family=family, x=density))
    for name, step in (("early stop of dense", 300), ("early stop of ticket", 220)):
        steps = [8.0 * round(draw.gauss(step, 30) / 8) for _ in range(replicates)]
        columns.append(column(name, steps, unit="it", better="lower", resolution=8.0))
    question = lottery_question(replicates, densities, **fields)
    first, second = question.claims
    curves = {"dense": curve(97.9), first.left: curve(97.5), str(second.right): curve(96.2, slow=90.0)}
    return concluded(question, columns, curves=curves)


def lottery_question(replicates: int, densities: Sequence[float], **fields: Any) -> Question:
    """Not worse than dense and better than fresh weights, with a ladder, secondary claims and two controls."""
    named = densities[-6] if len(densities) > 6 else densities[-1]
    ticket, other = at("ticket", named), at("random re-initialisation", named)
    seeds = "two seeds of the same network differ by less"
    return asked(
        [
            not_worse(ticket, "dense", by=1.0, because=seeds, if_no="Tickets at this density lose accuracy."),
            exceeds(ticket, other, by=1.0, because=seeds, if_no="Fresh weights do as well: the mask alone matters."),
        ],
        name="lottery-ticket",
        text="Do winning tickets exist: sparse networks that match the dense one, but only from their own start?",
        if_yes="Sparse networks that train as well as the dense one exist from the start: found early, they save time.",
        if_no="Pruned networks do not train alone from their start at this density: prune after training instead.",
        secondary=[
            ordered(*(not_worse(at("ticket", x), "dense", by=1.0, because=seeds) for x in densities[1:])),
            exceeds(ticket, at("random mask", named), by=1.0, because=seeds),
            same(other, at("random mask", named), within=1.0, because=seeds),
            exceeds(
                "early stop of ticket", "early stop of dense", by=20.0, unit="it", because="a twentieth of training"
            ),
        ],
        controls=[
            Control(
                claim=exceeds("dense", at("random mask", densities[-1]), by=1.0, because="a random mask must hurt"),
                expect="yes",
                because="if a random mask costs nothing, the task is too easy to tell networks apart",
            ),
            Control(
                claim=same(at("ticket", 100.0), "dense", within=1.0, because="they are the same network"),
                expect="yes",
                because="a ticket with every weight is the dense network",
            ),
        ],
        axis="weights left (%)",
        replicates=replicates,
        options={"model": "mlp-300-100", "data": "digits", "density": 10.7, "rewind": "0it", "hidden": [300, 100]},
        **fields,
    )


def xor() -> Answer:
    """Shares of networks that solve XOR."""
    solved = {"pruned to 2 units": 41, "wide network": 50, "fresh 2 units": 17, "random 2 units of the same network": 9}
    columns = [
        column(arm, [100.0 if index * 37 % 50 < count else 0.0 for index in range(50)], share=True, resolution=0.0)
        for arm, count in solved.items()
    ]
    question = asked(
        [
            exceeds(
                "pruned to 2 units", "fresh 2 units", by=25.0, because="less would not change how one starts small nets"
            )
        ],
        name="xor",
        text="Does a pruned two-unit part of a wide network solve XOR where fresh two-unit networks fail?",
        controls=[
            Control(
                claim=exceeds("wide network", "random 2 units of the same network", by=25.0, because="as above"),
                expect="yes",
                because="random units hold no solution",
            )
        ],
        secondary=[above("wide network", 80.0, because="a wide network must solve its task")],
        replicates=50,
        options={"width": 20},
    )
    data = {"name": "xor", "split": "validation", "rows": 4, "classes": 2, "one_split": True}
    return concluded(question, columns, data=data)


def single() -> Answer:
    """One replicate: no interval, and a bound on another axis."""
    question = asked(
        [
            exceeds("ticket", "new signs", by=1.0, because="two seeds differ by less"),
            below("barrier", 2.0, because="usual"),
        ],
        name="signs-matter",
        text="Does a winning ticket need the signs it was drawn with?",
        replicates=1,
    )
    return concluded(question, [column("ticket", [97.3]), column("new signs", [95.0]), column("barrier", [0.4])])


def diverged() -> Answer:
    """Three runs diverged and a control that did not behave."""
    draw = random.Random(11)
    bold = [10.0 if index in (1, 4, 6) else grid(97.0, draw) for index in range(8)]
    columns = [
        column("bold", bold, diverged=(1, 4, 6)),
        column("careful", [grid(97.2, draw) for _ in range(8)]),
        column("untrained", [grid(96.9, draw) for _ in range(8)]),
    ]
    question = asked(
        [not_worse("bold", "careful", by=1.0, because="two seeds differ by less")],
        name="high-rate",
        text="May the learning rate be ten times higher?",
        controls=[
            Control(
                claim=exceeds("careful", "untrained", by=50.0, because="training must matter"),
                expect="yes",
                because="a network that was never trained guesses",
            )
        ],
    )
    checks = ["the loss at the start is 4.1 and should lie near ln 10 = 2.3 (arm bold, replicate 4)"]
    return concluded(question, columns, checks=checks)


HOSTILE = '<script>alert("1")</script> & $\\frac{$ _x \N{GRINNING FACE} 彩票 \u202e\x00 style="fill: #1b1f24" {{ 7*7 }}'


def hostile() -> Answer:
    """Every string that a user supplies tries to break out."""
    draw = random.Random(3)
    arms = [f"_{HOSTILE} {letter}" for letter in "ab"]
    columns = [
        column(at(arm, x), [grid(95.0 + 2 * index, draw) for _ in range(3)], family=arm, x=x)
        for index, arm in enumerate(arms)
        for x in (1.0, 2.0, 4.0)
    ]
    left, right = at(arms[1], 2.0), at(arms[0], 2.0)
    question = asked(
        [exceeds(left, right, by=0.5, unit="points", because=HOSTILE, if_no=HOSTILE)],
        name="hostile",
        text=HOSTILE,
        if_yes=HOSTILE,
        if_no=HOSTILE + "!",
        if_inconclusive=HOSTILE,
        controls=[Control(claim=exceeds(right, left, by=0.5, because=HOSTILE), expect="yes", because=HOSTILE)],
        secondary=[
            ordered(*(exceeds(at(arms[1], x), at(arms[0], x), by=0.5, because=HOSTILE) for x in (1.0, 2.0, 4.0)))
        ],
        axis=HOSTILE,
        replicates=3,
        options={HOSTILE: HOSTILE},
    )
    return concluded(
        question,
        columns,
        data=DIGITS | {"name": HOSTILE},
        curves={left: curve(97.0), right: curve(95.0)},
        checks=[HOSTILE],
        circumstances={HOSTILE: {HOSTILE: [HOSTILE]}},
    )
