"""An Answer: verdict, effects with intervals, the rule that was fixed, every run accounted for.

Plain values that are written to `answer.json` and read back; `conclude` (next door) makes them of numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from whether.stats.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from whether.question import Published

DONE, DIVERGED, FAILED, OVERRUN = "done", "diverged", "failed", "overrun"
FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """One arm of one replicate.

    Attributes:
        value: in the measure's unit; a diverged run has the metric's worst value.
        outcome: "done", "diverged", or "failed": it always failed, for a reason that says nothing of the network.
        note: what a reader must know, such as a censored early stop.
        measure, state: digests of what was measured and of whose state.
        steps: iterations of training behind the state.
    """

    arm: str
    family: str
    x: float | None
    replicate: int
    seed: str
    value: float
    outcome: str
    note: str
    measure: str
    state: str
    steps: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """What an arm's numbers mean, and its runs by replicate."""

    arm: str
    family: str
    x: float | None
    unit: str
    better: str
    share: bool
    resolution: float
    split: str | None
    measure: str
    runs: Sequence[Run]
    worst: float | None = None  # what a diverged run counts as, where the question says it

    @property
    def values(self) -> list[float]:
        """One number a replicate, in the order of replicates."""
        return [run.value for run in self.runs]

    def first(self, n: int) -> Column:
        """The same with its first `n` replicates only."""
        return self if len(self.runs) <= n else replace(self, runs=self.runs[:n])


@dataclass(frozen=True, kw_only=True)
class ClaimResult:
    """One claim, answered.

    `estimate`, `low` and `high` are of the effect, oriented so that positive supports the claim (for a bound: the mean
    itself); None stands for an unbounded limit. `verdict_strict` is at α over the number of claims.
    """

    said: str
    kind: str
    left: str
    right: str | None
    size: float
    unit: str
    because: str
    if_no: str
    verdict: Verdict
    verdict_strict: Verdict
    estimate: float
    low: float | None
    high: float | None
    n: int
    method: str
    sd: float | None
    floored: bool
    p: float | None
    p_holm: float | None
    p_sign_flip: float | None
    shared: str
    note: str
    level: float
    look: int


@dataclass(frozen=True, kw_only=True)
class LookResult:
    """One look: the claims as they were read at `n` replicates, in the order of the question's claims.

    Attributes:
        n: replicates 0 … n−1 were used.
        level: the nominal one-sided level at this look; `level_strict` that for α over the number of claims.
        verdict: of the question after this look.
        verdicts: of the claims, one that was decided at an earlier look kept; `verdicts_strict` likewise.
        estimates, lows, highs: of the claims' effects at this look; None where it was decided before, or unbounded.
    """

    n: int
    level: float
    level_strict: float
    verdict: Verdict
    verdicts: Sequence[Verdict]
    verdicts_strict: Sequence[Verdict]
    estimates: Sequence[float | None]
    lows: Sequence[float | None]
    highs: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class LadderResult:
    """How far a ladder of claims holds: `held` of them, from the first on."""

    held: int
    claims: Sequence[ClaimResult]


@dataclass(frozen=True, kw_only=True)
class ControlResult:
    """A control: what was expected, what came, and whether it behaved."""

    claim: ClaimResult
    expect: str
    because: str
    behaved: bool


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """An arm over its replicates; `low` and `high` are the interval of its mean, None where there is none.

    `better`, `share`, `resolution` and `worst` say what its numbers mean (`Column`), so that the verdict can be found
    again.
    """

    arm: str
    family: str
    x: float | None
    measure: str
    unit: str
    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    diverged: int
    better: str = "higher"
    share: bool = False
    resolution: float = 0.0
    worst: float | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a question, with everything that it rests on.

    Everything but `circumstances`, `overrun`, `study` and `ledger` is a function of the question and of the numbers of
    its runs.

    Attributes:
        replicates: that were used; `planned` is how many there would have been at most.
        spending: how α was shared out among several looks; empty when there was one.
        looks: what was seen at each, in order; `schedule` are the replicates of all that there would have been.
        study: of a registered question its registration, in plain values (`registration.told`); empty otherwise.
        sources: what varied between replicates, what was held fixed, and what the arms of each claim share.
        overrun: runs of replicates beyond the look that decided; shown, and never analysed.
        published: figures of the literature, shown beside the arms; no part of what decides.
        ledger: how long the lab's ledger was when this was written.
    """

    format: int = FORMAT
    digest: str
    name: str
    text: str
    category: str
    options: Mapping[str, str]
    source: str = ""
    seed: int = 0
    grade: str
    verdict: str
    meaning: str
    if_yes: str
    if_no: str
    if_inconclusive: str
    combine: str
    held: int | None
    hold_to: int | None
    alpha: float
    pairing: str
    replicates: int
    planned: int
    spending: str = ""
    looks: Sequence[LookResult] = field(default_factory=list)
    schedule: Sequence[int] = field(default_factory=list)
    study: Mapping[str, Any] = field(default_factory=dict)
    axis: str
    split: str
    data: Mapping[str, Any]
    claims: Sequence[ClaimResult]
    secondary: Sequence[ClaimResult]
    ladders: Sequence[LadderResult]
    controls: Sequence[ControlResult]
    arms: Sequence[ArmSummary]
    table: Sequence[Run]
    curves: Mapping[str, Mapping[str, Sequence[float | None]]] = field(default_factory=dict)
    checks: Sequence[str] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)
    overrun: Sequence[Run] = field(default_factory=list)
    published: Sequence[Published] = field(default_factory=list)
    circumstances: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> pd.DataFrame:
        """Every run with its outcome: a row for each arm of each replicate.

        Numbers are floats and whole numbers, whatever arms there are: `x` is NaN where an arm has none.
        """
        from whether.report.tables import KINDS, typed

        return typed({name: [getattr(run, name) for run in self.table] for name in KINDS})

    @property
    def failed(self) -> int:
        """How many runs always failed, for a reason that says nothing of their network."""
        return sum(run.outcome == FAILED for run in self.table)

    @property
    def diverged(self) -> int:
        """How many of the runs diverged."""
        return sum(run.outcome == DIVERGED for run in self.table)

    def to_json(self) -> str:
        """`answer.json`: readable, with sorted keys."""
        return json.dumps(self.plain(), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"

    def plain(self) -> dict[str, Any]:
        """All of it in plain values, as it is stored; without published figures nothing is said of them."""
        said = asdict(self)
        if not said["published"]:
            del said["published"]
        return said

    @staticmethod
    def from_json(text: str) -> Answer:
        """Read `answer.json` back."""
        from whether.question import Published

        said = json.loads(text)

        def claim(item: dict[str, Any]) -> ClaimResult:
            return ClaimResult(**item)

        return Answer(
            **said
            | {
                "claims": [claim(item) for item in said["claims"]],
                "secondary": [claim(item) for item in said["secondary"]],
                "ladders": [
                    LadderResult(held=item["held"], claims=[claim(one) for one in item["claims"]])
                    for item in said["ladders"]
                ],
                "controls": [ControlResult(**item | {"claim": claim(item["claim"])}) for item in said["controls"]],
                "arms": [ArmSummary(**item) for item in said["arms"]],
                "table": [Run(**item) for item in said["table"]],
                "overrun": [Run(**item) for item in said["overrun"]],
                "looks": [LookResult(**item) for item in said["looks"]],
                "published": [Published(**item) for item in said.get("published", ())],
            }
        )

    def _repr_html_(self) -> str:
        from whether.report.notebook import answer_html

        return answer_html(self)
