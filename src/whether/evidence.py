"""From records to an answer's evidence: what each arm of each replicate gave, its curves, its failed checks.

Everything here reads records through a function that is handed in, so that a lab, a bundle or a test can stand behind.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from whether import __version__
from whether.answer import DONE, Column, Run
from whether.errors import RequestError
from whether.history import facts
from whether.history.walk import measured
from whether.plan.demand import closure, stops_of
from whether.plan.plan import Asked, Plan
from whether.question import Arm
from whether.seeds import Seed

CONTINUOUS = 1e-6  # resolution of measures that are no counts
Records = Callable[[str], Mapping[str, Any]]


def columns(asked: Asked, record: Records) -> list[Column]:
    """Every arm with its runs by replicate.

    Raises:
        RequestError: when a network that diverged has no worst value to stand for it.
    """
    found = []
    for rows in asked.columns:
        arm, fact = rows[0]
        runs = [
            run_of(named, found, record(found.digest), index, asked.seeds[index])
            for index, (named, found) in enumerate(rows)
        ]
        kind = arm.measure.kind
        found.append(
            Column(
                arm=arm.name,
                family=arm.family,
                x=arm.x,
                unit=kind.unit,
                better=kind.better,
                share=kind.share,
                resolution=resolution_of(fact),
                split=fact.split,
                measure=fact.name,
                runs=runs,
                worst=kind.worst,
            )
        )
    return found


def run_of(arm: Arm, fact: facts.MeasureFact, record: Mapping[str, Any], index: int, seed: Seed) -> Run:
    """One arm of one replicate, from its record."""
    lost = record["outcome"] != DONE
    return Run(
        arm=arm.name,
        family=arm.family,
        x=arm.x,
        replicate=index,
        seed=seed.hex,
        value=_worst(arm, fact) if lost else float(record["value"]),
        outcome=record["outcome"],
        note=record["note"],
        measure=fact.digest,
        state=fact.state.digest,
        steps=fact.state.step,
    )


def _worst(arm: Arm, fact: facts.MeasureFact) -> float:
    worst = arm.measure.kind.worst if arm.measure.kind.worst is not None else worst_of(fact)
    if worst is None:
        raise RequestError(
            f"a network of the arm {arm.name!r} diverged, and its measure {fact.name!r} has no worst value to stand "
            "for that; give one: measure(…, worst=0.0)."
        )
    return worst


def worst_of(fact: facts.MeasureFact) -> float | None:
    """What a diverged network counts as: guessing, never solved, never stopping early, far from any other.

    None for other measures, and in regression, where guessing has no such value.
    """
    if fact.state.model.task == "regression":
        return None
    return {
        "accuracy": 100.0 / fact.state.model.classes,
        "loss": math.log(fact.state.model.classes),
        "solved": 0.0,
        "early_stop": float(fact.state.step),
        "barrier": 100.0 - 100.0 / fact.state.model.classes,  # a network that guesses in the middle
        "loss_barrier": math.log(fact.state.model.classes),
        "disagreement": 100.0,
    }.get(fact.name)


def resolution_of(fact: facts.MeasureFact) -> float:
    """The smallest difference that a measure can show, in its unit."""
    if fact.name in ("accuracy", "solved") and fact.data is not None and fact.split is not None:
        return 100.0 / max(1, int(fact.data[fact.split]))
    if fact.name == "early_stop" and isinstance(fact.state, facts.Point):
        grid = fact.state.trajectory.training.grid
        return float(grid[1] - grid[0])
    return CONTINUOUS


def curves(asked: Asked, record: Records) -> dict[str, Any]:
    """Mean validation accuracy by step of the arms that are claimed about, with the interval of the mean."""
    from whether import stats

    named = {name for claim in asked.question.every_claim for name in claim.names}
    found: dict[str, Any] = {}
    for rows in asked.columns:
        arm, states = rows[0][0], [fact.state for _, fact in rows]
        if arm.name not in named or not all(isinstance(state, facts.Point) for state in states):
            continue
        if rows[0][1].parts:  # of several networks no curve is its own
            continue
        curves = [record(state.digest).get("curves") for state in states]
        whole = [curve for curve in curves if curve and None not in curve["values"]["validation accuracy"]]
        longest = max((len(curve["steps"]) for curve in whole), default=0)
        whole = [curve for curve in whole if len(curve["steps"]) == longest]
        if not longest:
            continue
        by_step = zip(*(curve["values"]["validation accuracy"] for curve in whole), strict=True)
        bands = [stats.mean_interval(values, alpha=asked.question.alpha) for values in by_step]
        found[arm.name] = {
            "step": whole[0]["steps"],
            "mean": [band.estimate for band in bands],
            "low": [_finite(band.low) for band in bands],
            "high": [_finite(band.high) for band in bands],
        }
    return found


def failed_checks(asked: Asked, record: Records) -> list[str]:
    """What the training asserts had to say, and of how many networks."""
    said: dict[str, int] = {}
    states = _points(asked)
    for state in states:
        for check in record(state.digest).get("checks", ()):
            said[check] = said.get(check, 0) + 1
    trained = [f"{check} ({count} of {len(states)} networks)" for check, count in sorted(said.items())]
    return [*not_repeated(asked), *_censored(asked, record), *_profiles(asked, record), *trained]


def not_repeated(asked: Asked) -> list[str]:
    """Arms that are claimed about and do not differ between replicates: what is counted as many is one."""
    named = {name for claim in asked.question.every_claim for name in claim.names}
    said = []
    for rows in asked.columns:
        name, different = rows[0][0].name, len({fact.digest for _, fact in rows})
        if name in named and different < len(rows):
            said.append(
                f"the arm {name!r} has {different} different networks in {len(rows)} replicates: its spread "
                "is too small; give each replicate's seed to its Network (seed=rep)"
            )
    return said


def _censored(asked: Asked, record: Records) -> list[str]:
    """Early stops at the end of training, whose true value may be later."""
    said = []
    for rows in asked.columns:
        arm, first = rows[0]
        if first.name == "early_stop":
            notes = [str(record(fact.digest).get("note", "")) for _, fact in rows]
            late = sum(note.startswith("censored") for note in notes)
            if late:
                said.append(f"{late} of {len(notes)} values of {arm.name!r} are censored: lowest at the end")
    return said


def _profiles(asked: Asked, record: Records) -> list[str]:
    """Whether what is compared was trained in one way: across profiles networks agree in distribution only."""
    found: dict[str, int] = {}
    for state in _points(asked):
        name = str(record(state.digest).get("profile", ""))
        found[name] = found.get(name, 0) + 1
    found.pop("", None)
    if len(found) < 2:
        return []
    counted = ", ".join(f"{count} under {name[:8]}" for name, count in sorted(found.items(), key=lambda it: -it[1]))
    return [f"compared networks were trained under {len(found)} profiles of machine and libraries ({counted})"]


def _points(asked: Asked) -> list[facts.Point]:
    """The trained states that are measured, be it as parts of a derived measure, each once."""
    states = (state for fact in asked.wanted for state in measured(fact))
    return list({state.digest: state for state in states if isinstance(state, facts.Point)}.values())


def device_seconds(asked: Asked, record: Records) -> dict[str, Any]:
    """What the training took, by arm: what several arms need is shared out evenly among them.

    Returns:
        "device_seconds_by_arm": over all replicates, the arms of a family together; they add up to what it all took.
    """
    wanted_by: dict[str, set[str]] = {}
    last: dict[str, facts.Point] = {}
    for column in asked.columns:
        for arm, fact in column:
            for trajectory, stops in stops_of(closure([fact])).values():
                wanted_by.setdefault(trajectory.digest, set()).add(arm.family or arm.name)
                point = stops[max(stops)]
                if trajectory.digest not in last or point.at > last[trajectory.digest].at:
                    last[trajectory.digest] = point
    spent = dict.fromkeys((arm.family or arm.name for arm, _ in asked.arms[0]), 0.0)
    for name, arms in wanted_by.items():
        seconds = float(record(last[name].digest).get("seconds", 0.0))
        for arm_name in arms:
            spent[arm_name] += seconds / len(arms)
    return {"device_seconds_by_arm": {name: round(seconds, 2) for name, seconds in spent.items()}}


def data_facts(asked: Asked) -> dict[str, Any]:
    """On which data, and how many rows of which split, the measures were taken.

    The split is the one that all measures name for themselves, if they do; otherwise the one that was opened.
    """
    taken = [one for row in asked.arms for _, fact in row for one in (fact, *fact.parts)]
    data = next((one.data for one in taken if one.data is not None), None)
    splits = {one.split for one in taken if one.split is not None}
    split = splits.pop() if len(splits) == 1 else asked.split
    named = next((fact.data_name for row in asked.arms for _, fact in row), None)
    name = named.name if named is not None else ""
    known = named.card if named is not None else None
    rows = int(data[split]) if data is not None else 0
    return {
        "name": name,
        "split": split,
        "rows": rows,
        "classes": known.classes if known else 0,
        "one_split": bool(known and known.one_split),
        "content": known.digest if known else "",
    }


def circumstances(plan: Plan, seconds: float, root: Path) -> dict[str, Any]:
    """When, on what and how long: what may differ between two runs that give the same answer."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),  # of two in one second one is the newest
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "versions": {"whether": __version__} | {name: version(name) for name in ("torch", "numpy", "scipy")},
        "seconds": round(seconds, 1),
        "networks": len(plan.trajectories),
        "networks_trained": len(plan.pieces),
        "steps_trained": plan.steps_to_train,
        "steps_unique": plan.steps_unique,
        "steps_alone": plan.steps_alone,
        "sharing": round(plan.sharing, 3),
        "lab": root.name,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
