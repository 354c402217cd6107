"""The profile under which a machine works in a lab: frozen when it first trains, changed only by `whether bench`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from whether.digest import digest
from whether.errors import DamageError
from whether.store.folder import Store
from whether.store.publish import one_at_a_time
from whether.train.profile import Settings, machine


@dataclass(frozen=True)
class Profile:
    """A profile that stands in a lab.

    Attributes:
        digest: its name, which stands in every record made under it.
        number: how many a machine of this kind has had in this lab.
    """

    digest: str
    number: int
    settings: Settings


def current(store: Store, device: torch.device | str = "cpu") -> Profile:
    """The profile of this machine in a lab: the last one that was chosen; the shipped settings when it is new here.

    Raises:
        WorkError: the disk refused.
    """
    with one_at_a_time(store.profiles.folder, what="the profile of this machine"):
        return _last(store, device) or _publish(store, device, 1, Settings())


def update(store: Store, device: torch.device | str, settings: Settings) -> Profile:
    """Freeze other settings: what is trained from now on is trained under another profile.

    Raises:
        WorkError: the disk refused.
    """
    with one_at_a_time(store.profiles.folder, what="the profile of this machine"):
        last = _last(store, device)
        if last is not None and replace(last.settings, source="") == replace(settings, source=""):
            return last  # measured again, and the same
        return _publish(store, device, last.number + 1 if last else 1, settings)


def _publish(store: Store, device: torch.device | str, number: int, settings: Settings) -> Profile:
    body = {"machine": machine(device), "number": number, "settings": settings.plain()}
    name = digest(body)
    if not store.profiles.has(name):
        store.profiles.write(name, body)
    return Profile(name, number, settings)


def _last(store: Store, device: torch.device | str) -> Profile | None:
    here = machine(device)
    found = []
    for name in sorted(store.profiles.listing()):
        try:
            body = store.profiles.read(name)
        except DamageError:
            continue  # `whether verify` tells; ours is made again
        if body.get("machine") == here:
            found.append(Profile(name, int(body["number"]), Settings(**body["settings"])))
    return max(found, key=lambda profile: profile.number, default=None)
