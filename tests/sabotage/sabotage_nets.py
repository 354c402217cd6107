"""Modules of one's own."""

from __future__ import annotations

from torch import Tensor, nn


def linear(shape: tuple[int, ...], classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))


def broken_score(weights: dict[str, Tensor], masks: dict[str, Tensor]) -> dict[str, Tensor]:
    raise ZeroDivisionError("no score today")
