"""Answers of registered questions, of several looks, with overrun, deviations and runs that always failed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from report_cases import CIRCUMSTANCES, DIGITS, asked, column, concluded, grid, name_of

from whether.answer import FAILED, OVERRUN, Answer, Column
from whether.failures import conclude_bounded
from whether.question import Control, Question, exceeds, not_worse, same

SOURCES: Mapping[str, Any] = {
    "varied": ["initial weights", "order of the data", "mask"],
    "fixed": ["recipe", "training data", "architecture", "the 300 examples that are measured on"],
    "shared": [
        {
            "left": "ticket",
            "right": "dense",
            "shared": ["initial weights", "order of the data", "recipe", "training data", "architecture"],
            "apart": ["mask"],
        },
        {
            "left": "ticket",
            "right": "new signs",
            "shared": ["order of the data", "mask", "recipe", "training data", "architecture"],
            "apart": ["initial weights"],
        },
    ],
}
POWER_BY_N = {
    "n": [3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32],
    "yes": [0.21, 0.34, 0.48, 0.60, 0.76, 0.86, 0.92, 0.975, 0.992, 0.998, 0.9999],
    "no": [0.15, 0.27, 0.40, 0.52, 0.70, 0.81, 0.88, 0.958, 0.986, 0.996, 0.9998],
}
"""Invented, but shaped as chances are; the figures draw what they are given."""


def study(chosen: int = 20, **said: Any) -> dict[str, Any]:
    """What is told of a registration."""
    place = POWER_BY_N["n"].index(chosen)
    told: dict[str, Any] = {
        "id": "signs-2026",
        "title": "Signs of winning tickets",
        "registration": name_of("registration"),
        "time": "2026-03-02T13:41:07.120+00:00",
        "entry": 17,
        "stamped_by": "",
        "stamped_at": "",
        "power": {"yes": POWER_BY_N["yes"][place], "no": POWER_BY_N["no"][place], "stated": 0.8},
        "underpowered": False,
        "uncontrolled": False,
        "amendments": [],
        "deviations": [],
        "answerable": POWER_BY_N,
        "sd": "0.94 points: a pilot of 5 replicates, its upper 80 % limit",
        "remarks": [],
        "reworded": [],
        "exposure": ["exploratory answer signs-matter-1f2e3d4c: inconclusive with 5 replicates"],
    }
    return told | said


def signs(looks: Sequence[int], **fields: Any) -> Question:
    """Does a ticket need its signs: two claims, two controls."""
    seeds = "two seeds of the same network differ by less"
    controls = [
        Control(
            claim=exceeds("ticket", "random mask", by=1.0, because=seeds),
            expect="yes",
            because="a mask that was found must beat one that was drawn",
        ),
        Control(
            claim=same("ticket", "ticket in another order", within=1.0, because=seeds),
            expect="yes",
            because="the order of the data is not what is asked about",
        ),
    ]
    said: dict[str, Any] = {
        "name": "signs-matter",
        "text": "Does a winning ticket need the signs it was drawn with?",
        "if_yes": "Signs carry the ticket: keep them when rewinding.",
        "if_no": "The mask alone carries it: signs may be redrawn.",
        "controls": controls,
        "looks": looks,
        "options": {"model": "mlp-300-100", "density": 0.1},
    }
    claims = [
        exceeds("ticket", "new signs", by=1.0, because=seeds),
        not_worse("ticket", "dense", by=1.0, because=seeds, if_no="A ticket as sparse as this loses accuracy."),
    ]
    return asked(**{"claims": claims} | said | fields)


def columns_of_signs(n: int, *, effect: float = 2.6, loss: float = 0.1, seed: int = 7) -> list[Column]:
    """The arms of that question, each with as many runs."""
    draw = random.Random(seed)
    luck = [draw.gauss(0.0, 0.4) for _ in range(n)]
    means = {
        "ticket": 97.0,
        "new signs": 97.0 - effect,
        "dense": 97.0 + loss,
        "random mask": 93.1,
        "ticket in another order": 97.0,
    }
    return [column(arm, [grid(mean + by, draw, 0.5) for by in luck]) for arm, mean in means.items()]


def beyond(columns: Sequence[Column], n: int) -> list[Any]:
    """The runs after the n-th of each arm, as overrun."""
    return [replace(run, outcome=OVERRUN) for one in columns for run in one.runs[n:]]


def confirmed() -> Answer:
    """A yes at the second of three looks, stamped from outside, with overrun and one amendment."""
    columns = columns_of_signs(20)
    told = study(
        stamped_by="timestamp.example, an RFC 3161 authority",
        stamped_at="2026-03-02T14:44:30+01:00",
        amendments=[
            {"time": "2026-03-02T13:59:00Z", "what": "title reworded", "because": "a word was misspelt"},
        ],
    )
    answer = concluded(
        signs((5, 10, 20)),
        columns,
        grade="confirmatory",
        study=told,
        sources=SOURCES,
        checks=["4 of 20 values of 'early stop of dense' are censored: lowest at the end"],
    )
    return replace(answer, overrun=beyond(columns, answer.replicates))


def still_open() -> Answer:
    """Registered by the lab's own word; three looks, and inconclusive after the last."""
    columns = columns_of_signs(20, effect=0.7, loss=-0.3, seed=12)
    return concluded(signs((5, 10, 20)), columns, grade="registered", study=study(), sources=SOURCES)


def underpowered() -> Answer:
    """Registered with too few replicates and no controls; two deviations; a no."""
    question = signs((), controls=[], claims=[exceeds("ticket", "new signs", by=1.0, because="seeds differ by less")])
    deviations = [
        {
            "time": "2026-03-03T08:00:00+00:00",
            "what": "replicate 3 was trained with PyTorch 2.14 in place of 2.13",
            "reason": "unforeseen",
            "because": "the machine was updated overnight",
            "effect": "unchanged",
        },
        {
            "time": "2026-03-03T09:30:00+00:00",
            "what": "the density was 0.11 in place of 0.1",
            "reason": "mistake",
            "because": "the option was mistyped",
            "effect": "lower",
        },
    ]
    told = study(4, underpowered=True, uncontrolled=True, deviations=deviations)
    columns = columns_of_signs(4, effect=-0.3)[:3]
    return concluded(question, columns, grade="registered", study=told, sources=SOURCES)


def lost() -> Answer:
    """Two runs always failed, and the verdict depends on what they would have been."""
    question = signs((), claims=[exceeds("ticket", "new signs", by=1.0, because="seeds differ by less")], controls=[])
    columns = columns_of_signs(8)[:3]
    ticket = columns[0]
    runs = [
        replace(run, value=10.0, outcome=FAILED, note="out of memory") if run.replicate in (2, 5) else run
        for run in ticket.runs
    ]
    return conclude_bounded(
        replace(question, replicates=8),
        [replace(ticket, runs=runs), *columns[1:]],
        checks=[],
        digest=name_of("lost"),
        grade="exploratory",
        split="validation",
        data=DIGITS,
        circumstances=CIRCUMSTANCES,
    )
