"""Could a claim come out yes at all, and could it come out no?

Nothing is assumed but the measure's range and grain, and the number of replicates: it can if the clearest outcome that
there can be is one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from whether.claim import Claim
from whether.evidence import resolution_of
from whether.history.facts import MeasureFact
from whether.plan.plan import Asked
from whether.question import Question
from whether.reading import Level, levels, read_claim
from whether.rehearsal import column_of
from whether.words import MeasureKind

_FAR = 1_000.0  # where a measure has no end, in sizes of interest


@dataclass(frozen=True)
class Scale:
    """What values an arm can have, in its unit: from `low` to `high`, and how little two can differ."""

    kind: MeasureKind
    low: float
    high: float
    resolution: float

    @property
    def said(self) -> str:
        """In words."""
        ends = f"from {self.low:g} to {self.high:g}" if math.isfinite(self.high - self.low) else "of any size"
        grain = f" in steps of {self.resolution:.3g}" if self.resolution > 1e-3 else ""
        return f"values {ends}{grain}"


def scale_of(fact: MeasureFact, kind: MeasureKind) -> Scale:
    """The scale of one measure; of one's own nothing is known but what its kind says."""
    low, high = {
        "accuracy": (0.0, 100.0),
        "density": (0.0, 100.0),
        "barrier": (0.0, 100.0),
        "disagreement": (0.0, 100.0),
        "loss": (0.0, math.inf),
        "loss_barrier": (0.0, math.inf),
        "early_stop": (0.0, float(fact.state.step)),
    }.get(fact.name, (0.0, 100.0) if kind.share else (-math.inf, math.inf))
    return Scale(kind, low, high, 100.0 if kind.share else resolution_of(fact))


def unattainable(asked: Asked) -> Iterator[str]:
    """What can never come out, in sentences; nothing where every verdict that is asked for can.

    Of each primary claim a yes and a no, at the level at which it would decide and at the last look; of each control
    the outcome that is expected; and the effects that are planned for.
    """
    question = asked.question
    scales = {arm.name: scale_of(fact, arm.measure.kind) for arm, fact in asked.arms[0]}
    level = levels(question)[-1]
    means = [claim for claim in question.claims if not scales[claim.left].kind.share]
    if level.n < 2 and means:
        yield "With 1 replicate a mean has no interval, so that nothing is ever decided; take 2 or more."
        return
    strict = Level(level.n, level.among, level.among)
    yes_at, no_at = (strict if question.combine == rule else level for rule in ("any", "all"))
    for claim in question.claims:
        scale = scales[claim.left]
        for word, at in (("yes", yes_at), ("no", no_at)):
            if word not in _outcomes(question, claim, scale, at):
                yield _never(claim, word, scale, level.n)
        yield from _beyond(claim, scale)
    for control in question.controls:
        scale = scales[control.claim.left]
        if control.expect not in _outcomes(question, control.claim, scale, level):
            yield f"Of a control, {_never(control.claim, control.expect, scale, level.n)}"


def _outcomes(question: Question, claim: Claim, scale: Scale, level: Level) -> set[str]:
    """The verdicts of the clearest outcomes that there can be: replicates all alike, arms as far apart, or as near.

    The spread is then as small as the analysis ever takes it to be.
    """
    far = _FAR * max(abs(claim.size), scale.resolution)
    low = scale.low if math.isfinite(scale.low) else min(0.0, claim.size) - far
    high = scale.high if math.isfinite(scale.high) else max(0.0, claim.size) + far
    middle = high if scale.kind.share else (low + high) / 2.0
    found = set()
    for left, right in ((high, low), (low, high), (middle, middle)):
        arms = {name: value for name, value in ((claim.left, left), (claim.right, right)) if name is not None}
        resolution = 0.0 if scale.kind.share else scale.resolution
        columns = {name: column_of(name, [value] * level.n, scale.kind, resolution) for name, value in arms.items()}
        found.add(read_claim(question, claim, columns, level, beside=False).verdict)
    return set(map(str, found))


def _never(claim: Claim, word: str, scale: Scale, n: int) -> str:
    return (
        f"'{claim.said}' can never come out {word}: with {scale.said}, not even the clearest outcome of {n} "
        f"replicate{'' if n == 1 else 's'} does. Change its size, take more replicates, or measure on more examples."
    )


def _beyond(claim: Claim, scale: Scale) -> Iterator[str]:
    """Effects that are planned for and lie beyond what the measure can show."""
    least, most = (scale.low, scale.high) if claim.right is None else (scale.low - scale.high, scale.high - scale.low)
    for name, effect in zip(("delta_yes", "delta_no"), claim.planned or (), strict=False):
        if not least <= effect <= most:
            yield (
                f"{name} of '{claim.said}' is {effect:g}, and the measure has {scale.said}; state {name}=…, an effect "
                "that there can be."
            )
