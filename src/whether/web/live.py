"""What runs where at the moment, in words: from what the commands at work in a lab say of themselves.

Their files are written by other processes, on other machines, by other versions perhaps: whatever they say is taken as
far as it can be read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whether.report.numbers import listed, plural

SLOTS = 16
"""Devices of a command that are listed one by one; of more the hosts are listed with what theirs do."""
SILENT = 20.0
"""Seconds without a sign of life that are worth a word."""
_TROUBLE = (
    ("lost", "device lost", "devices lost"),
    ("retried", "job given again", "jobs given again"),
    ("failed", "network failed", "networks failed"),
)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command at work.

    Attributes:
        id: its name in the lab.
        questions: that it answers.
        who: host and process, and on what it runs.
        begun: False while it makes its plan.
        share: of its steps, 0 to 1.
        rows: what else is known: heads and texts.
        slots: its devices: name, where, what it does, for how long, whether it is silent.
        trouble: what went wrong, in words; empty when nothing did.
    """

    id: str
    questions: tuple[str, ...]
    who: str
    begun: bool
    share: float = 0.0
    rows: tuple[tuple[str, str], ...] = ()
    slots: tuple[tuple[str, str, str, str, str], ...] = ()
    trouble: str = ""

    @property
    def percent(self) -> str:
        """Its share, rounded down: nothing is done before it is."""
        return f"{math.floor(100 * self.share)} %"


def commands(said: Sequence[Mapping[str, Any]]) -> list[Command]:
    """The commands at work, by their names.

    Args:
        said: from `Claims.others`, without those that are known to be dead.

    Example:
        >>> one = {"id": "vm-1-ab", "host": "vm", "pid": 1, "status": {"questions": ["xor"]}}
        >>> [(found.questions, found.who, found.begun) for found in commands([one])]
        [(('xor',), 'vm, process 1', False)]
    """
    return sorted(map(_command, said), key=lambda one: one.id)


def _command(said: Mapping[str, Any]) -> Command:
    told = said.get("status")
    told = told if isinstance(told, Mapping) else {}
    names = told.get("questions")
    who = f"{said.get('host', '?')}, process {said.get('pid', '?')}" + (f", on {told['on']}" if told.get("on") else "")
    questions = tuple(map(str, names)) if isinstance(names, Sequence) and not isinstance(names, str) else ()
    slots = told.get("slots")
    if not isinstance(slots, Sequence) or isinstance(slots, str):
        return Command(id=str(said.get("id", "?")), questions=questions, who=who, begun=False)
    known = [slot for slot in slots if isinstance(slot, Mapping)]
    done, of = _pair(told, "steps")
    return Command(
        id=str(said.get("id", "?")),
        questions=questions,
        who=who,
        begun=True,
        share=min(max(done / of, 0.0), 1.0) if of else 1.0,
        rows=_rows(told, len(known)),
        slots=_slots(known),
        trouble=", ".join(plural(int(_number(told, name)), *said) for name, *said in _TROUBLE if _number(told, name)),
    )


def _rows(told: Mapping[str, Any], slots: int) -> tuple[tuple[str, str], ...]:
    done, of = _pair(told, "steps")
    trained, to_train = _pair(told, "pieces")
    measured, to_measure = _pair(told, "measures")
    left = _number(told, "seconds_left")
    elsewhere = int(_number(told, "elsewhere"))
    return (
        ("Networks", f"{trained:,.0f} of {to_train:,.0f} trained"),
        ("Measures", f"{measured:,.0f} of {to_measure:,.0f} taken"),
        ("Steps", f"{done:,.0f} of {of:,.0f}"),
        ("Time", duration(_number(told, "seconds")) + (f", about {duration(left)} left" if left and done < of else "")),
        (
            "Devices",
            f"{_number(told, 'busy'):.0f} of {slots} at work, busy {100 * _number(told, 'utilisation'):.0f} % lately",
        ),
        (
            "Queue",
            f"{_number(told, 'ready'):,.0f} ready, {_number(told, 'waiting'):,.0f} wait for others"
            + (f", {elsewhere:,} at work in another command" if elsewhere else ""),
        ),
    )


def _slots(slots: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, str, str, str], ...]:
    if len(slots) > SLOTS:
        return _hosts(slots)
    return tuple(
        (
            str(slot.get("slot", "")),
            f"{slot.get('host', '')} {slot.get('device', '')}".strip(),
            str(slot.get("doing") or "idle"),
            duration(_number(slot, "seconds")),
            _silence(slot),
        )
        for slot in slots
    )


def _silence(slot: Mapping[str, Any]) -> str:
    seconds = _number(slot, "silent") if slot.get("doing") else 0.0
    return f"silent for {duration(seconds)}" if seconds > SILENT else ""


def _hosts(slots: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, str, str, str], ...]:
    hosts: dict[str, Counter[str]] = {}
    for slot in slots:
        hosts.setdefault(str(slot.get("host", "?")), Counter())[str(slot.get("doing") or "idle")] += 1
    told = [
        (host, plural(doing.total(), "device"), ", ".join(f"{n} {what}" for what, n in doing.most_common(3)), "", "")
        for host, doing in hosts.items()
    ]
    rest = len(told) - SLOTS
    return tuple(told[:SLOTS] + ([("", "", f"and {plural(rest, 'host')} more", "", "")] if rest > 0 else []))


def spoken(working: Sequence[Command]) -> str:
    """What is worth reading aloud: it changes a few times in a run, not every second.

    Example:
        >>> spoken([])
        'Nobody is at work.'
    """
    if not working:
        return "Nobody is at work."
    told = []
    for one in working:
        name = listed(one.questions) if one.questions else "Work"
        tens = 10 * math.floor(10 * one.share + 1e-9)
        state = f"{tens} % done" if one.begun else "about to begin"
        told.append(f"{name}: {', '.join(filter(None, [state, one.trouble]))}")
    return f"{'. '.join(told)}."


def duration(seconds: float) -> str:
    """A length of time for people.

    Example:
        >>> duration(0.4), duration(125), duration(7500)
        ('under 1 s', '2 min 5 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def _number(told: Mapping[str, Any], name: str) -> float:
    value = told.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    try:
        return float(value) if math.isfinite(value) else 0.0
    except OverflowError:
        return 0.0


def _pair(told: Mapping[str, Any], name: str) -> tuple[float, float]:
    """What is done, and of how much."""
    found = told.get(name)
    both = list(found)[:2] if isinstance(found, Sequence) and not isinstance(found, str) else []
    done, of = (_number({"is": one}, "is") for one in ([*both, 0, 0])[:2])
    return done, of
