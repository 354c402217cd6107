"""Paces: how long a step took, the last time that networks of a kind were trained in this lab.

They serve estimates only: what a plan will cost, which piece goes first. Nothing that is answered depends on them, so
they lie in work/ and may be deleted at any time; then costs are counted instead, until something is trained again.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from whether.store.publish import replace

Noted = dict[str, dict[str, dict[str, float]]]
"""By kind of network, then by device: "seconds" a network and step, and how many "networks" were trained at once."""


class Paces:
    """work/paces.json: the last measurement of each kind on each device, the newest at the end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "paces.json"

    def read(self) -> Noted:
        """All paces that can be read; none when there is no such file, or it is damaged."""
        try:
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        kinds = {kind: _sound(devices) for kind, devices in found.items()}
        return {kind: devices for kind, devices in kinds.items() if devices}

    def note(self, kind: str, seconds_per_step: float, networks: int, device: str) -> None:
        """Take down a measurement; of two that are taken down in the same instant the last one stands.

        Args:
            kind: from `plan.cost.kind_of`.
            seconds_per_step: of one network's share: the seconds of a pack by its network-steps.
            networks: in the pack.
            device: on which it trained, in words.

        Raises:
            ValueError: when no step can take that long.
            WorkError: the disk refused; the measurements before it stand.
        """
        if not 0 < seconds_per_step < math.inf:
            raise ValueError(f"a step takes seconds above zero, got {seconds_per_step!r}")
        noted = self.read()
        devices = noted.pop(kind, {})
        devices.pop(device, None)
        noted[kind] = devices | {device: {"seconds": seconds_per_step, "networks": networks}}
        text = json.dumps(noted, indent=1)
        replace(self.path, text.encode() + b"\n", what="the paces of the lab", lasting=False)


def _sound(devices: Any) -> dict[str, dict[str, float]]:
    """The measurements of one kind that are such."""
    if not isinstance(devices, dict):
        return {}
    return {device: found for device, found in devices.items() if _is_pace(found)}


def _is_pace(found: Any) -> bool:
    if not isinstance(found, dict) or set(found) != {"seconds", "networks"}:
        return False
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in found.values())
    return numbers and 0 < found["seconds"] < math.inf
