from __future__ import annotations

from works import trained

__all__ = ["trained"]
