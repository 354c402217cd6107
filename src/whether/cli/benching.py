"""The verb that measures: `bench`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, open_lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.execute.profiles import Profile
    from whether.execute.trial import Trial

PANEL = "Keep"


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
    """How fast this machine trains, beside a plain PyTorch loop.

    With --update the settings that are fastest are frozen in the lab: what is trained from then on is trained under
    another profile, and answers that mix the two say so.
    """
    from dataclasses import asdict

    from whether.cli.page import complain, say, say_json
    from whether.execute import profiles
    from whether.execute.trial import choose, trials
    from whether.train.profile import Settings

    place = open_lab(ctx, lab, create=True) if update else None
    before = profiles.current(place.store) if place else None

    def tell(text: str) -> None:
        if sys.stderr.isatty():
            complain(f"  trying {text}")

    found = list(trials(tell))
    today = datetime.now(UTC).date().isoformat()
    chosen = choose(found, before.settings if before else Settings(), today)
    after = profiles.update(place.store, "cpu", chosen) if place else None
    if as_json:
        say_json(
            {
                "trials": [asdict(trial) | {"gain": trial.gain} for trial in found],
                "settings": chosen.plain(),
                "profile": after.digest if after else None,
                "changed": bool(after and before and after.digest != before.digest),
            }
        )
        return
    _table(found)
    say("")
    say(f"  packs of up to {chosen.weights_at_once:,} weights; a worker on {_workers(chosen.workers)}")
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


def _workers(count: int) -> str:
    return "each core" if count == 0 else f"{count} in all"


def _kept(before: Profile, after: Profile) -> str:
    if after.digest == before.digest:
        return f"the lab's profile {before.digest[:8]} stays: nothing else is clearly faster"
    return (
        f"the lab's profile is {after.digest[:8]} now, the {after.number}. of this machine; it was {before.digest[:8]}"
    )
