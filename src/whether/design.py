"""The identity of what was asked: what decides, and nothing else. Prose and environment are not part of it."""

from __future__ import annotations

from typing import Any

from whether.answer import Answer
from whether.digest import digest
from whether.plan.plan import Asked
from whether.question import Claim, Ladder, Question


def design_digest(asked: Asked) -> str:
    """The identity of a question: claims, rule, looks, and every arm of every replicate.

    Asked with seed 0 it is the identity of the design alone, before any seeds are known that a registration gives.
    """
    return digest(decides(asked.question) | {"arms": arms_of(asked)})


def decides(question: Question) -> dict[str, Any]:
    """What of a question decides, beside its arms, in plain values."""
    said: dict[str, Any] = {
        "type": "design",
        "version": 1,
        "name": question.name,
        "claims": [claim_of(claim) for claim in question.claims],
        "secondary": [
            [claim_of(claim) for claim in item.claims] if isinstance(item, Ladder) else claim_of(item)
            for item in question.secondary
        ],
        "controls": [claim_of(control.claim) | {"expect": control.expect} for control in question.controls],
        "combine": question.combine,
        "hold_to": question.hold_to,
        "alpha": float(question.alpha),
        "pairing": question.pairing,
    }
    if len(question.looked_at) > 1:
        said |= {"looks": list(question.looked_at), "spending": question.spending}
    return said


def arms_of(asked: Asked) -> list[list[list[str]]]:
    """Every arm of every replicate: its name and the digest of what it asks."""
    return [[[arm.name, fact.digest] for arm, fact in row] for row in asked.arms]


def claim_of(claim: Claim) -> dict[str, Any]:
    """What of a claim decides: all but its prose and what it is planned with."""
    said = {"kind": claim.kind, "left": claim.left, "right": claim.right, "unit": claim.unit}
    return said | {"size": float(claim.size) + 0.0}  # which turns -0.0 into 0.0


def same_prose(answer: Answer, question: Question) -> bool:
    """Whether an answer says what its question now says; prose is no part of the design digest."""

    def told(item: Answer | Question) -> list[str]:
        return [item.text, item.category, item.axis, item.if_yes, item.if_no, item.if_inconclusive]

    claims = [*answer.claims, *(control.claim for control in answer.controls), *answer.secondary]
    claims += [claim for ladder in answer.ladders for claim in ladder.claims]
    now = {(claim.said, claim.because, claim.if_no) for claim in question.every_claim}
    reasons = [control.because for control in answer.controls] == [control.because for control in question.controls]
    then = {(claim.said, claim.because, claim.if_no) for claim in claims}
    return told(answer) == told(question) and now == then and reasons
