"""The course of one question through its looks: which replicates of which arms are asked now, and whether it is over.

    replicates up to the first look ─▶ look ─ verdict open ─▶ the next batch, of the arms that an open claim needs ─▶ …

Looks go by the number of a replicate, never by which were done first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from whether import evidence
from whether.answer import OVERRUN, LookResult, Run
from whether.digest import digest
from whether.failures import is_over, joint_look, look_bounded, needed_bounded
from whether.plan.plan import Asked


class Course:
    """One question on its way.

    Args:
        asked: the question with all its replicates.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.looks = asked.question.looked_at
        self.taken = 0  # looks that left the verdict open
        self.upto = {arm.name: self.looks[0] for arm, _ in asked.arms[0]}
        self.over = False

    @property
    def now(self) -> Asked:
        """What is asked up to the next look."""
        return replace(self.asked, upto=self.upto)

    @property
    def ahead(self) -> Asked | None:
        """What will be asked at the look after the next, should every claim stay open; None when there is none."""
        if self.taken + 1 >= len(self.looks):
            return None
        now, after = self.looks[self.taken], self.looks[self.taken + 1]
        return replace(self.asked, upto={name: after if n == now else n for name, n in self.upto.items()})

    def look(self, record: evidence.Records) -> LookResult:
        """Take the next look; afterwards the question is over, or the next batch is asked.

        Args:
            record: every measure that is asked now has one.
        """
        columns = evidence.columns(self.now, record)
        question = self.asked.question
        ways = look_bounded(question, columns)
        self.over = is_over(question, ways)
        if not self.over:
            self.taken += 1
            wanted = needed_bounded(question, columns, ways)
            self.upto = {name: self.looks[self.taken] if name in wanted else n for name, n in self.upto.items()}
        return joint_look(ways)

    def overrun(self, has: Callable[[str], bool], record: evidence.Records) -> list[Run]:
        """Runs that stand in the lab and lie beyond the look that decided: shown, and never analysed."""
        found: list[Run] = []
        for place, (arm, _) in enumerate(self.asked.arms[0]):
            beyond = [(index, row[place]) for index, row in enumerate(self.asked.arms) if index >= self.upto[arm.name]]
            for index, (named, fact) in beyond:
                if has(fact.digest):
                    run = evidence.run_of(named, fact, record(fact.digest), index, self.asked.seeds[index])
                    found.append(replace(run, note="; ".join(filter(None, [run.outcome, run.note])), outcome=OVERRUN))
        return found


def looked_entry(asked: Asked, design: str, found: LookResult, record: evidence.Records) -> Mapping[str, Any]:
    """What the ledger says of a look: the rule's level, the verdicts, and a digest of the numbers that were seen."""
    runs = (run for column in evidence.columns(asked, record) for run in column.runs)
    return {
        "question": asked.question.name,
        "study": str(asked.study.get("registration", "")),
        "design": design,
        "n": found.n,
        "level": repr(found.level),
        "verdict": found.verdict,
        "verdicts": list(found.verdicts),
        "seen": seen_digest({run.measure: (run.value, run.outcome) for run in runs}),
    }


def seen_digest(values: Mapping[str, tuple[float, str]]) -> str:
    """The identity of the numbers of a look: by measure the value that was analysed, and the run's outcome."""
    said = {name: [repr(value), outcome] for name, (value, outcome) in values.items()}
    return digest({"type": "seen", "version": 1, "values": said})
