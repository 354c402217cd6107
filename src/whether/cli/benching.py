"""The verb that measures: `bench`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, open_lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.execute.expect import Expectation, Machine
    from whether.execute.profiles import Profile
    from whether.execute.sparse_trial import SparseTrial
    from whether.execute.trial import Trial
    from whether.train.profile import Settings

PANEL = "Keep"
DEFAULT = "lottery-ticket"  # whose time is told


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("bench", rich_help_panel=PANEL)(bench)


def bench(
    ctx: typer.Context,
    update: Annotated[
        bool, typer.Option("--update", help="Freeze what is fastest in the lab's profile of this machine.")
    ] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """How fast this machine trains, and what to expect of it.

    Small networks and LeNet-300-100 train for a moment each, beside a plain PyTorch loop; half a minute in all. With
    --update the settings that are fastest are frozen in the lab: what is trained from then on is trained under
    another profile, and answers that mix the two say so.
    """
    from whether.execute import profiles
    from whether.train.profile import Settings

    place = open_lab(ctx, lab, create=True) if update else None
    before = profiles.current(place.store) if place else None
    found = _measured(before.settings if before else Settings())
    after = profiles.update(place.store, "cpu", found.chosen) if place else None
    if as_json:
        _print_json(found, before, after)
    else:
        _print(found, before, after)


@dataclass(frozen=True)
class Measured:
    """All that was measured, and what follows from it."""

    machine: Machine
    trials: Sequence[Trial]
    sparse: SparseTrial
    chosen: Settings
    expected: Sequence[Expectation]


def _measured(now: Settings) -> Measured:
    from whether.catalogue.find import find
    from whether.execute import expect
    from whether.execute.sparse_trial import choose_sparse, sparse_trial
    from whether.execute.trial import choose, trials
    from whether.plan.plan import ask, make_plan
    from whether.seeds import Seed

    machine = expect.machine(_tell)
    found, sparse = list(trials(_tell)), sparse_trial(_tell)
    today = datetime.now(UTC).date().isoformat()
    chosen = choose_sparse(sparse, choose(found, now, today), today)
    plan = make_plan([ask(find(DEFAULT)(), seed=Seed(0), open_test=False)])
    expected = [
        expect.of_question(plan, expect.paces(plan, chosen, _tell), expect.share_of(found), expect.lanes()),
        expect.of_ticket(sparse, chosen),
        expect.of_sparse(sparse),
    ]
    return Measured(machine, found, sparse, chosen, expected)


def _tell(what: str) -> None:
    from whether.cli.page import complain

    if sys.stderr.isatty():
        complain(f"  trying {what}")


def _print_json(found: Measured, before: Profile | None, after: Profile | None) -> None:
    from dataclasses import asdict

    from whether.cli.page import say_json

    say_json(
        {
            "machine": asdict(found.machine),
            "trials": [asdict(trial) | {"gain": trial.gain} for trial in found.trials],
            "sparse": asdict(found.sparse),
            "expect": [asdict(one) for one in found.expected],
            "settings": found.chosen.plain(),
            "profile": after.digest if after else None,
            "changed": bool(after and before and after.digest != before.digest),
        }
    )


def _print(found: Measured, before: Profile | None, after: Profile | None) -> None:
    from whether.cli.page import heading, paragraph, say

    _table(found.trials)
    say("")
    _sparse_table(found.sparse)
    say("")
    peaks = found.machine
    say(
        f"  one thread reaches {peaks.gflops:.0f} GFLOP/s in a large product and {peaks.bandwidth:.0f} GB/s from memory"
    )
    say(heading("What to expect"))
    for one in found.expected:
        say(paragraph(one.said, 2))
    say(heading("Settings"))
    chosen = found.chosen
    say(
        paragraph(
            f"packs of up to {chosen.weights_at_once:,} weights; a worker on {_workers(chosen.workers)}; compressed "
            f"rows below {100 * chosen.sparse_below:.3g} % of the weights of a large network",
            2,
        )
    )
    if after and before:
        say(f"  {_kept(before, after)}")
    else:
        say("  to freeze this in a lab: whether bench --update")


def _table(found: Sequence[Trial]) -> None:
    from whether.cli.page import columns, faint, say

    widths = list(found[0].packed)
    head = ("steps a second of", "plain loop", *(f"{width} at once" for width in widths), "all cores", "gain")
    rows = [
        (
            f"{trial.model} on {trial.data}",
            f"{trial.plain:,.0f}",
            *(f"{trial.packed[width]:,.0f}" for width in widths),
            f"{max(trial.lanes, trial.together):,.0f}",
            f"{trial.gain:.1f} ×",
        )
        for trial in found
    ]
    say(columns([tuple(faint(item) for item in head), *rows], gap=3))


def _sparse_table(found: SparseTrial) -> None:
    from whether.cli.page import columns, faint, say

    parts = [f"{100 * left / found.weights:.2g} %" for left in found.sparse]
    head = ["steps a second on one thread", "plain loop", "all weights", *parts]
    paces = [f"{pace:,.0f}" for pace in (found.plain, found.dense, *found.sparse.values())]
    say(columns([[faint(item) for item in head], [f"LeNet-300-100, batch {found.batch}", *paces]], gap=3))


def _workers(count: int) -> str:
    return "each core" if count == 0 else f"{count} in all"


def _kept(before: Profile, after: Profile) -> str:
    if after.digest == before.digest:
        return f"the lab's profile {before.digest[:8]} stays: nothing else is clearly faster"
    return (
        f"the lab's profile is {after.digest[:8]} now, the {after.number}. of this machine; it was {before.digest[:8]}"
    )
