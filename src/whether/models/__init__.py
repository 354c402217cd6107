"""Architectures and how their weights are drawn."""

from whether.models.build import build, prunable
from whether.models.init import draw

__all__ = ["build", "draw", "prunable"]
