"""The identity of what was asked: what decides, and nothing else. Prose and environment are not part of it."""

from __future__ import annotations

from typing import Any

from whether.answer import Answer, ClaimResult
from whether.digest import digest
from whether.plan.plan import Asked
from whether.question import Claim, Ladder, Question

PROSE = ("text", "category", "axis", "if_yes", "if_no", "if_inconclusive")


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


def claim_of(claim: Claim | ClaimResult) -> dict[str, Any]:
    """What of a claim decides: all but its prose and what it is planned with."""
    said = {"kind": claim.kind, "left": claim.left, "right": claim.right, "unit": claim.unit}
    return said | {"size": float(claim.size) + 0.0}  # which turns -0.0 into 0.0


def prose(item: Answer | Question) -> dict[str, Any]:
    """What a question says, or its answer, beside what decides: by field, in plain values that can be compared."""
    every: list[Claim | ClaimResult]
    if isinstance(item, Answer):
        every = [*item.claims, *item.secondary, *(control.claim for control in item.controls)]
        every += [claim for ladder in item.ladders for claim in ladder.claims]
    else:
        every = [*item.every_claim]
    reasons = [[str(claim_of(claim)), claim.because, claim.if_no] for claim in every]
    said = {name: getattr(item, name) for name in PROSE}
    return said | {"claims": sorted(reasons), "controls": [control.because for control in item.controls]}


def same_prose(answer: Answer, question: Question) -> bool:
    """Whether an answer says what its question now says, and shows the same published figures beside it.

    Neither is part of the design digest: a figure beside the result decides nothing.
    """
    shown = [list(item.published) for item in (answer, question)]
    return shown[0] == shown[1] and prose(answer) == prose(question)
