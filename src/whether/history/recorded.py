"""From records back to a history: each record has the facts between its state and the trained states behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from whether.errors import RequestError

Record = Mapping[str, Any]


def collect(digest: str, record: Callable[[str], Record | None]) -> dict[str, Mapping[str, Any]]:
    """The whole history of a recorded point or measure, in writing; `wire.read` makes facts of it.

    Args:
        digest: of the point or measure.
        record: gives the record of a digest, None where there is none.

    Raises:
        RequestError: when a record on the way is missing, or has no history since an earlier version wrote it.
    """
    found: dict[str, Mapping[str, Any]] = {}
    seen = {digest}
    waiting = [(digest, digest)]
    while waiting:
        name, child = waiting.pop()
        said = record(name)
        if said is None:
            raise RequestError(_missing(name, child))
        history = said.get("history")
        if not isinstance(history, Mapping) or name not in history:
            raise RequestError(
                f"the record {name[:12]} does not say how it came to be: an earlier version of Whether wrote it. It "
                "stands and is used; only its history cannot be shown. Name the question that needs it "
                f"(whether why {name[:12]} NAME): then its history is taken from there."
            )
        for fact, written in history.items():
            found.setdefault(fact, written)
            if written.get("type") == "point" and fact not in seen:
                seen.add(fact)
                waiting.append((fact, name))
    return found


def _missing(name: str, child: str) -> str:
    if name == child:
        return f"there is no record {name[:12]} in this lab."
    return (
        f"the record {name[:12]}, which {child[:12]} came of, is not in this lab, so the history cannot be followed to "
        "its beginning. Running the question again makes it anew."
    )
