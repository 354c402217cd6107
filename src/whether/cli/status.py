"""The verb that looks at a lab as a whole: `status`, once or live."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whether.cli.page import columns, duration, faint, heading, near, say, say_json, size, strong, verdict
from whether.cli.verbs import AsJson, LabPath, open_lab
from whether.report.numbers import plural

if TYPE_CHECKING:
    from whether.lab import Lab

PANEL = "Read"
EVERY = 1.0  # seconds between two looks
ROWS = 16
"""Slots that are listed one by one; more are told by host and by what they do."""

SILENT = 20.0  # seconds without a sign of life that are worth a word


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("status", rich_help_panel=PANEL)(status)


def status(
    ctx: typer.Context,
    live: Annotated[bool, typer.Option("--live", help="Watch the work go on, until Ctrl-C.")] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """The lab: what it holds, what is answered, what is at work.

    What is at work is told by the commands that work there, on whatever machine: devices, what each does, how busy
    they were over the last minutes, what waits, what failed, and when it will be done.
    """
    place = open_lab(ctx, lab, create=False)
    if live and sys.stdout.isatty() and not as_json:
        _watch(place)
        return
    told = {"at_work": at_work(place)} if live else _status(place) | {"at_work": at_work(place)}
    if as_json:
        say_json(told)
        return
    if not live:
        _show(place, told)
    say("\n".join(working(told["at_work"])))


def at_work(lab: Lab) -> list[dict[str, Any]]:
    """What the commands at work in a lab say of themselves; those known to be dead are left out."""
    return [said for said in lab.store.claims.others() if said["alive"] is not False]


def working(commands: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The commands at work, in lines."""
    if not commands:
        yield "  nobody is at work; `whether run NAME` begins"
    for said in commands:
        told = said.get("status") or {}
        who = f"{said['host']}, process {said['pid']}" + (f", on {told['on']}" if told.get("on") else "")
        yield f"{strong(', '.join(told.get('questions', ())) or 'work')}  {faint(who)}"
        if "slots" not in told:
            yield "  about to begin"
            continue
        yield columns(_sums(told), gap=3)
        if told["slots"]:
            yield ""
            yield columns(_slots(told["slots"]), gap=3)
        yield ""


def _sums(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    done, of = told["steps"]
    left = told["seconds_left"]
    share = done / of if of else 1.0
    trained, to_train = told["pieces"]
    yield "done", f"{share:.0%}  " + faint(f"{done:,} of {of:,} steps, {trained:,} of {to_train:,} networks")
    yield (
        "time",
        f"{duration(told['seconds'])} so far" + (f", about {duration(left)} left" if left and share < 1 else ""),
    )
    yield "devices", f"{told['busy']} of {len(told['slots'])} at work; {told['utilisation']:.0%} over the last minutes"
    yield (
        "queue",
        f"{told['ready']:,} ready, {told['waiting']:,} wait for others"
        + (f", {told['elsewhere']:,} are at work in another command" if told["elsewhere"] else ""),
    )
    trouble = [
        f"{plural(told[name], *words)}"
        for name, words in (
            ("lost", ("device lost", "devices lost")),
            ("retried", ("job given again", "jobs given again")),
            ("failed", ("network failed", "networks failed")),
        )
        if told[name]
    ]
    if trouble:
        yield "trouble", ", ".join(trouble)


def _slots(slots: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    if len(slots) <= ROWS:
        for slot in slots:
            silent = f"silent for {duration(slot['silent'])}" if slot["silent"] > SILENT and slot["doing"] else ""
            doing = slot["doing"] or "idle"
            yield slot["slot"], faint(f"{slot['host']} {slot['device']}"), doing, duration(slot["seconds"]), silent
        return
    hosts: dict[str, Counter[str]] = {}
    for slot in slots:
        hosts.setdefault(slot["host"], Counter())[slot["doing"] or "idle"] += 1
    for host, doing in list(hosts.items())[:ROWS]:
        yield host, plural(sum(doing.values()), "device"), ", ".join(f"{n} {what}" for what, n in doing.most_common(3))
    if len(hosts) > ROWS:
        yield f"and {len(hosts) - ROWS} more hosts", "", ""


def _watch(lab: Lab) -> None:
    """Draw what is at work again and again; Ctrl-C ends it."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    with Live(console=console, screen=False, auto_refresh=False) as shown:
        while True:
            lines = [f"{strong(near(lab.root))}  {faint(time.strftime('%H:%M:%S'))}", "", *working(at_work(lab))]
            shown.update(Text.from_ansi("\n".join(lines)), refresh=True)
            time.sleep(EVERY)


def _show(place: Lab, told: Mapping[str, Any]) -> None:
    say(f"{strong(near(place.root))}  {faint(str(place.root))}\n")
    rows = [
        ("size", size(told["bytes"])),
        ("records", f"{told['records']:,}  {faint('numbers and curves of finished pieces')}"),
        ("states", f"{told['states']:,}  {faint('weights and masks')}"),
        ("ledger", plural(told["ledger"], "entry", "entries")),
        ("begun", f"{told['begun']:,}  {faint('pieces with a checkpoint: the same command goes on there')}"),
    ]
    say(columns(rows, gap=3))
    if told["studies"]:
        say(heading("Registered"))
        say(columns([_study(item) for item in told["studies"]]))
    say(heading("Answers"))
    if told["damaged"]:
        say(f"  {plural(told['damaged'], 'answer')} not as given, and not shown; `whether verify` tells more")
    elif not told["answers"]:
        say("  none yet; `whether run NAME` makes one")
    answers = [
        (item["name"], verdict(item["verdict"]), faint(item["grade"]), near(Path(item["folder"])))
        for item in told["answers"]
    ]
    if answers:
        say(columns(answers))
    say(heading("At work"))


def _study(told: Mapping[str, Any]) -> tuple[str, ...]:
    """One registered question: where it stands between its registration and its answer."""
    looks = f"looked at with {', '.join(map(str, told['looked']))}" if told["looked"] else "not looked at yet"
    state = verdict(told["verdict"]) if told["verdict"] else f"open: {told['command']}"
    beside = ", ".join(
        plural(told[name], name.removesuffix("s")) for name in ("amendments", "deviations") if told[name]
    )
    return told["name"], state, faint(f"study {told['study']}, {told['grade']}, {looks}"), faint(beside)


def _studies(lab: Lab) -> Iterator[dict[str, Any]]:
    from whether.registration import command

    looks = lab.store.ledger.said("looked")
    verdicts = {answer.digest: answer.verdict for _, answer in lab.answers()}
    for study in lab.studies.listing():
        for name, question in study.questions.items():
            own = [body["n"] for body in looks if (body["study"], body["question"]) == (study.digest, name)]
            yield {
                "study": study.id,
                "grade": study.grade_of(name),
                "time": study.time,
                "name": name,
                "command": command(question),
                "looks": question["looks"],
                "looked": own,
                "verdict": verdicts.get(study.answers[name]),
                "amendments": sum(item["question"] == name for item in study.amendments),
                "deviations": sum(item["question"] == name for item in study.deviations),
            }


def _status(lab: Lab) -> dict[str, Any]:
    head = lab.store.ledger.head()
    whole = lab.answers()
    given = [folder for folder in lab.store.answers.listing() if folder.read("answer.json") is not None]
    return {
        "lab": str(lab.root),
        "bytes": sum(_size(path) for path in lab.root.rglob("*")),
        "records": len(lab.store.records.listing()),
        "states": len(lab.store.states.listing("state")),
        "ledger": head.number + 1 if head else 0,
        "begun": len(lab.store.work.listing()),
        "studies": list(_studies(lab)),
        "answers": [
            {
                "name": found.name,
                "verdict": found.verdict,
                "grade": found.grade,
                "replicates": found.replicates,
                "folder": str(folder),
            }
            for folder, found in whole
        ],
        "damaged": len(given) - len(whole),
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0  # somebody is at work
