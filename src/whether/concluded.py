"""From an answer back to what it was concluded from: its question with all that decides, and its columns.

With these an answer can be concluded anew, and compared.
"""

from __future__ import annotations

from dataclasses import replace

from whether.answer import Answer, Column
from whether.claim import Claim, Control, Ladder
from whether.digest import digest
from whether.question import Question


def question_of(answer: Answer) -> Question:
    """The question of an answer with all that decides; its arms lead nowhere."""

    def claim(item: object) -> Claim:
        names = ("kind", "left", "right", "size", "unit", "because", "if_no")
        return Claim(**{name: getattr(item, name) for name in names})

    return Question(
        lambda _rep: {},
        claims=[claim(item) for item in answer.claims],
        if_yes=answer.if_yes,
        if_no=answer.if_no,
        if_inconclusive=answer.if_inconclusive,
        combine=answer.combine,  # type: ignore[arg-type]  # checked by the Question
        hold_to=answer.hold_to,
        secondary=[
            *(claim(item) for item in answer.secondary),
            *(Ladder(tuple(claim(item) for item in ladder.claims)) for ladder in answer.ladders),
        ],
        controls=[Control(claim(item.claim), expect=item.expect, because=item.because) for item in answer.controls],
        replicates=answer.planned,
        looks=tuple(answer.schedule) if len(answer.schedule) > 1 else (),
        spending=answer.spending or "obrien-fleming",  # type: ignore[arg-type]
        alpha=answer.alpha,
        pairing=answer.pairing,
        name=answer.name,
    )


def columns_of(answer: Answer) -> list[Column]:
    """The columns that an answer was concluded from, as it tells of them: its runs by arm and replicate."""
    return [
        Column(
            arm=arm.arm,
            family=arm.family,
            x=arm.x,
            unit=arm.unit,
            better=arm.better,
            share=arm.share,
            resolution=arm.resolution,
            split=answer.split,
            measure=arm.measure,
            worst=arm.worst,
            runs=sorted((run for run in answer.table if run.arm == arm.arm), key=lambda run: run.replicate),
        )
        for arm in answer.arms
    ]


def rule_of(question: Question) -> str:
    """What of a question decides and does not depend on its arms' histories."""
    from whether.design import claim_of, decides

    plain = replace(question, secondary=())
    secondary = sorted(
        digest(claim_of(claim))
        for item in question.secondary
        for claim in (item.claims if isinstance(item, Ladder) else (item,))
    )
    return digest(decides(plain) | {"secondary": secondary, "replicates": question.replicates})


def alike(a: object, b: object) -> bool:
    """Equal but for the last bits of numbers, which may differ between versions of libraries."""
    match a, b:
        case dict(), dict():
            return a.keys() == b.keys() and all(alike(a[name], b[name]) for name in a)
        case list(), list():
            return len(a) == len(b) and all(alike(one, other) for one, other in zip(a, b, strict=True))
        case float(), float() | int():
            return abs(a - b) <= 1e-9 + 1e-6 * abs(b)
    return a == b
