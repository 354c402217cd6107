"""If I gave you 500 GPUs, could you keep them busy? The real planner and driver, against simulated devices.

    python benchmarks/five_hundred.py [--devices 500 5000] [--questions 40] [--json FILE] [--picture FILE]

A portfolio of questions like `lottery-ticket` (several widths, densities and protocols, so that they differ and share
what they share) is planned together and carried out in simulated time: no network is trained. A piece takes one minute
for every 250 steps; packs are one network wide, as for networks that fill a device.

The bound: no schedule is done sooner than max(work / devices, longest chain of pieces that wait for one another).
"busy" is the share of the devices' time with a job until the last verdict opens (the last measure stands). "scheduler"
is the driver's own time a piece.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from whether.catalogue.find import find
from whether.execute.dealer import Wish
from whether.execute.driver import Driver
from whether.execute.simulated import Nowhere, Simulated, World
from whether.plan.plan import Piece, Plan, ask, make_plan
from whether.plan.schedule import Schedule
from whether.seeds import Seed

MINUTE_STEPS = 250.0


def seconds(piece: Piece) -> float:
    """What a piece takes on one device."""
    return 60.0 * piece.steps / MINUTE_STEPS


@dataclass(frozen=True)
class Outcome:
    """One simulation."""

    name: str
    devices: int
    pieces: int
    work_hours: float
    path_hours: float
    bound_hours: float
    finished_hours: float
    over: float
    longest_piece_hours: float
    busy: float
    lost: int
    scheduler_ms: float
    history: list[tuple[float, int, int]]


def portfolio(questions: int, replicates: int) -> list[Any]:
    """Questions that differ in the network, the protocol and the length of their chain."""
    template = find("lottery-ticket")
    found = []
    for number in range(questions):
        options = {
            "model": f"mlp-{(100, 150, 200, 300)[number % 4]}-{(50, 100)[number // 4 % 2]}",
            "rounds": (6, 8, 10, 12)[number // 8 % 4],
            "density": (0.33, 0.17, 0.11, 0.069)[number // 8 % 4],
            "scope": ("layer", "global")[number // 32 % 2],
            "replicates": replicates,
        }
        found.append(template(**options))
    return found


def planned(questions: Sequence[Any]) -> tuple[Plan, float]:
    """All questions planned together, and the seconds that it took."""
    began = time.perf_counter()
    plan = make_plan([ask(question, seed=Seed(0), open_test=False) for question in questions])
    return plan, time.perf_counter() - began


def simulate(name: str, plan: Plan, world: World) -> Outcome:
    """Carry a plan out on simulated devices."""
    executor = Simulated(world)
    wish = Wish(seconds=seconds, width=lambda _piece: 1)
    began = time.perf_counter()
    tally = Driver(executor, Nowhere()).carry_out(plan.pieces, plan.missing, wish)
    spent = time.perf_counter() - began
    assert tally.trained == len(plan.pieces), "not every piece was trained"
    assert tally.measured == len(plan.missing), "not every measure was taken"
    schedule = Schedule(plan.pieces, seconds)
    bound = schedule.at_least(world.devices)
    return Outcome(
        name=name,
        devices=world.devices,
        pieces=len(plan.pieces),
        work_hours=schedule.work / 3600,
        path_hours=schedule.critical_path / 3600,
        bound_hours=bound / 3600,
        finished_hours=executor.clock / 3600,
        over=executor.clock / bound - 1,
        longest_piece_hours=max(seconds(piece) for piece in plan.pieces) / 3600,
        busy=1.0 - tally.idle_share,
        lost=tally.lost,
        scheduler_ms=1000 * spent / len(plan.pieces),
        history=executor.history,
    )


def worlds(devices: int) -> dict[str, World]:
    """The ways in which devices are not ideal."""
    calm = World(devices=devices, seconds=seconds)
    return {
        "calm": calm,
        "durations vary by 20 %": replace(calm, jitter=0.2),
        "1 % of pieces killed": replace(calm, deaths=0.01),
        "2 % of devices 3 × slower": replace(calm, stragglers=0.02),
        "devices arrive over 1 h": replace(calm, arrive=3600.0),
    }


def picture(outcomes: Sequence[Outcome], path: Path) -> None:
    """Utilisation over time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(outcomes), 1, figsize=(8, 1.55 * len(outcomes)), constrained_layout=True)
    for axis, outcome in zip(axes, outcomes, strict=True):
        hours = [at / 3600 for at, _, _ in outcome.history]
        axis.fill_between(hours, [busy for _, busy, _ in outcome.history], step="post", color="#4477aa", linewidth=0)
        axis.axvline(outcome.bound_hours, color="#222222", linewidth=1, linestyle=":")
        axis.set_xlim(0, outcome.finished_hours * 1.02)
        axis.set_ylim(0, outcome.devices * 1.02)
        axis.set_yticks([0, outcome.devices])
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        axis.set_title(
            f"{outcome.devices:,} devices, {outcome.name}: {outcome.finished_hours:.2f} h, bound "
            f"{outcome.bound_hours:.2f} h, {outcome.busy:.1%} busy",
            fontsize=9,
            loc="left",
        )
        axis.tick_params(labelsize=8)
    axes[-1].set_xlabel("hours of simulated time (dotted: the bound)", fontsize=9)
    figure.supylabel("devices at work", fontsize=9)
    figure.savefig(path, dpi=110)


def show(outcomes: Sequence[Outcome]) -> None:
    """One table."""
    print(
        f"{'':30}{'devices':>8}{'pieces':>9}{'work h':>9}{'chain h':>9}{'bound h':>9}{'done h':>8}{'over':>7}"
        f"{'busy':>7}{'died':>6}{'scheduler':>11}"
    )
    for item in outcomes:
        print(
            f"{item.name:30}{item.devices:8,}{item.pieces:9,}{item.work_hours:9.0f}{item.path_hours:9.2f}"
            f"{item.bound_hours:9.2f}{item.finished_hours:8.2f}{item.over:7.1%}{item.busy:7.1%}{item.lost:6,}"
            f"{item.scheduler_ms:8.2f} ms"
        )


def main() -> None:
    """Simulate and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    plan, took = planned(portfolio(chosen.questions, chosen.replicates))
    print(
        f"{chosen.questions} questions of {chosen.replicates} replicates: {len(plan.pieces):,} pieces, "
        f"{len(plan.missing):,} measures, {plan.sharing:.2f} times less than each arm on its own; "
        f"planned in {took:.1f} s\n"
    )
    outcomes = [simulate(name, plan, world) for devices in chosen.devices for name, world in worlds(devices).items()]
    (one, _) = planned(portfolio(1, chosen.replicates))
    outcomes.append(simulate("one question alone", one, World(devices=chosen.devices[0], seconds=seconds)))
    show(outcomes)
    if chosen.json:
        told = [{key: value for key, value in vars(item).items() if key != "history"} for item in outcomes]
        chosen.json.write_text(json.dumps({"planned_seconds": took, "simulations": told}, indent=1))
    if chosen.picture:
        picture([item for item in outcomes if item.devices == chosen.devices[0]], chosen.picture)


if __name__ == "__main__":
    main()
