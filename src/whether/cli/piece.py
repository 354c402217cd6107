"""What `why` prints: one piece of work, its digests shortened, of its curves the last values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from whether.cli.page import columns, faint, heading, paragraph, say, strong

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ELSEWHERE = (
    *("kind", "digest", "outcome", "seal", "state_stands", "would_train_again_for", "sentence", "label"),
    *("named_by", "error", "traceback", "sentence_untold", "host"),
)
_CALLED = {"parents": "made from", "state": "weights", "seconds": "seconds of work", "machine": "made on"}
_PLACE = re.compile(r'  File ".*", line \d+')
_LINES = 16
"""Of a sentence; a longer one shows its beginning and its end."""


def show(told: Mapping[str, Any]) -> None:
    """Print a piece.

    Args:
        told: from `Lab.why`.
    """
    name = strong(f"{told.get('kind', 'piece')} {short(told['digest'])}")
    state = [str(told.get("outcome", "not made yet")), "its weights stand" if told.get("state_stands") else ""]
    say(f"{name}  {', '.join(filter(None, state))}\n")
    if told.get("label"):
        say(f"  {told['label']}\n")
    if sentence := told.get("sentence"):
        say("\n".join(f"  {line}" for line in _shortened(sentence.splitlines())) + "\n")
    elif told.get("sentence_untold"):
        say(paragraph(told["sentence_untold"], 2) + "\n")
    say(columns((faint(name), text) for name, text in _rows(told)))
    if told.get("error"):
        say(heading("Why it failed"))
        raised = (faint(f"  {line}") for line in _raised(told.get("traceback", "")))
        say("\n".join([paragraph(told["error"], 2), *raised]))
    if named := told.get("named_by"):
        say(heading("Answers that rest on it"))
        say("\n".join(f"  {name}" for name in named))
    if again := told.get("would_train_again_for"):
        say(heading("Why it would be made again"))
        say("\n".join(paragraph(f"- {reason}", 2, hang=2) for reason in again))


def short(digest: str) -> str:
    """The first digits of a digest, enough for `whether why`."""
    return f"{digest[:12]}…" if _DIGEST.fullmatch(digest) else digest


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _LINES:
        return lines
    half = _LINES // 2
    left = faint(f"… {len(lines) - 2 * half} lines more; --json has them all")
    return [*lines[:half], left, *lines[-half:]]


def _raised(traceback: str) -> Iterator[str]:
    """Of a traceback the place that raised, which is where to look; what Whether added to the error comes last."""
    own, _, last = traceback.rpartition("\n\nThe above exception was the direct cause")
    lines = (own or last).splitlines()
    places = [number for number, line in enumerate(lines) if _PLACE.match(line)]
    if places:
        yield from lines[places[-1] :]
        yield "(--json has the whole traceback)"


def _rows(told: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Each field that says something; nested ones by their path."""
    for name, value in told.items():
        called = before + _CALLED.get(name, name)
        if (name in _ELSEWHERE and not before) or value in (None, "", [], {}):
            continue
        if name == "curves" and isinstance(value, Mapping) and "steps" in value:
            yield from _curves(value)
        elif isinstance(value, Mapping) and all(_DIGEST.fullmatch(str(key)) for key in value):
            yield called, ", ".join(short(key) for key in value)
        elif isinstance(value, Mapping):
            yield from _rows(value, f"{called}, ")
        else:
            yield called, _written(value)


def _curves(curves: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    steps = curves["steps"]
    for name, values in curves.get("values", {}).items():
        if values:
            yield name, f"{_written(values[-1])} at step {steps[-1]}, of {len(values)} points"


def _written(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case list():
            return ", ".join(_written(item) for item in value[:8]) + (f", … ({len(value)} in all)" if value[8:] else "")
        case _:
            return short(str(value))
