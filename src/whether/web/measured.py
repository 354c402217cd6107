"""Which measures were taken of which networks: found once in the records of a lab, and kept up as records come."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from whether.store.plain_file import plain_file

if TYPE_CHECKING:
    from whether.web.view import View

_KIND = b'"kind":"measure"'
_PARENTS = re.compile(rb'"parents":\{([^{}]*)\}')
_DIGEST = re.compile(rb'"([0-9a-f]{64})":"')


class Measured:
    """The measures of one lab by the trained networks that they were taken of.

    A record is looked at once, and only as far as that takes; what is shown of it is read whole, with its seal.

    Args:
        view: of the lab.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._looked_at: set[str] = set()
        self._by_parent: dict[str, list[str]] = {}

    def of(self, points: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The measures whose numbers rest on any of some trained networks: digest and record, each once.

        Args:
            points: digests of trained networks.
        """
        with self._lock:
            self._look()
            digests = dict.fromkeys(name for point in points for name in self._by_parent.get(point, ()))
        for digest in digests:
            record = self._view.record(digest)
            if isinstance(record, Mapping):
                yield digest, record

    def begin(self) -> None:
        """Look at the records that there are, beside what else is done: the first who asks has less to wait for."""
        threading.Thread(target=self._begin, name="measured", daemon=True).start()

    def _begin(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # whoever asks will be told
            self._look()

    def _look(self) -> None:
        records = self._view.store.records
        there = records.listing()
        for digest in there - self._looked_at:
            path = records.path(digest)
            for parent in _parents(plain_file(path.parent, path.name) or b""):
                self._by_parent.setdefault(parent, []).append(digest)
        self._looked_at = there


def _parents(raw: bytes) -> list[str]:
    """The trained networks behind a measure, from the bytes of its record; none for records of other kinds."""
    found = _PARENTS.search(raw) if _KIND in raw else None
    return [match.decode() for match in _DIGEST.findall(found[1])] if found else []


def state_of(digest: str, record: Mapping[str, Any]) -> str:
    """The digest of the state that a recorded measure was asked of; empty where it does not say."""
    try:
        return str(record["history"][digest]["state"])
    except (KeyError, TypeError):
        return ""
