"""How the command line looks: paragraphs, columns, a little weight and colour in a terminal, plain JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

WIDEST = 100
"""Columns beyond which lines of prose are hard to read."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def width() -> int:
    """Columns to write in: those of the terminal, at most WIDEST, which is also taken when there is no terminal."""
    return max(40, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST))


def say(text: str = "") -> None:
    """Print to stdout; what colours it is left out when that is no terminal."""
    typer.echo(text)


def complain(text: str) -> None:
    """Print to stderr."""
    typer.echo(text, err=True)


def say_json(value: Any) -> None:
    """Print a value as plain JSON, and nothing else, to stdout."""
    say(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str))


def strong(text: str) -> str:
    """What the eye should find first."""
    return _styled(text, bold=True)


def faint(text: str) -> str:
    """What may be passed over."""
    return _styled(text, dim=True)


def verdict(word: str) -> str:
    """A verdict in its colour: yes green, no red, inconclusive yellow."""
    return _styled(word, bold=True, fg={"yes": "green", "no": "red"}.get(word.lower(), "yellow"))


def told(text: str) -> str:
    """An answer's text with its verdict in colour and its headings strong."""
    first, _, rest = text.rstrip("\n").partition("\n")
    word, gap, asked = first.partition("  ")
    lines = [
        strong(line) if line and not line.startswith(" ") and "  " not in line else line for line in rest.split("\n")
    ]
    return "\n".join([f"{verdict(word)}{gap}{strong(asked)}", *lines])


def paragraph(text: str, indent: int = 0, *, hang: int = 0) -> str:
    """Text in lines of the page's width; blank lines keep paragraphs apart, indented ones stay as they are.

    Args:
        text: prose.
        indent: blanks before each line.
        hang: further blanks before each line but the first.
    """
    blocks = textwrap.dedent(text).strip("\n").split("\n\n")
    return "\n\n".join(_block(block, indent, hang) for block in blocks)


def columns(rows: Iterable[Sequence[str]], *, indent: int = 2, gap: int = 2) -> str:
    """Rows in columns; the last column is wrapped to the page's width."""
    table = [list(row) for row in rows]
    widths = [max(_length(row[place]) for row in table) for place in range(len(table[0]) - 1)] if table else []
    margin = indent + sum(wide + gap for wide in widths)
    lines: list[str] = []
    for row in table:
        head = "".join(cell + " " * (wide - _length(cell) + gap) for cell, wide in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], max(20, width() - margin), break_on_hyphens=False) or [""]
        lines.append((" " * indent + head + wrapped[0]).rstrip())
        lines += [" " * margin + line for line in wrapped[1:]]
    return "\n".join(lines)


def heading(text: str) -> str:
    """A heading with the blank line before it."""
    return "\n" + strong(text)


def near(path: Path) -> str:
    """A path as one would type it here: from the working directory when it lies inside, else in full."""
    try:
        inside = path.resolve().relative_to(Path.cwd().resolve())
    except ValueError:
        return str(path)
    return str(inside)


def size(count: float) -> str:
    """Bytes for people.

    Example:
        >>> size(512), size(20_480), size(3_500_000)
        ('512 bytes', '20 kB', '3.5 MB')
    """
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= least:
            value = count / least
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{count:.0f} bytes"


def duration(seconds: float) -> str:
    """A length of time for people.

    Example:
        >>> duration(0.4), duration(48.2), duration(125), duration(7500)
        ('less than a second', '48 s', '2 min 5 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 1:
        return "less than a second"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _block(block: str, indent: int, hang: int) -> str:
    lines = block.splitlines()
    if any(line.startswith("  ") for line in lines):  # a table or an example: its breaks have a meaning
        return "\n".join(" " * indent + line if line else "" for line in lines)
    return textwrap.fill(
        " ".join(line.strip() for line in lines),
        width(),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _length(text: str) -> int:
    """Columns that a text takes, without what colours it."""
    return len(_COLOUR.sub("", text))


def _styled(text: str, **how: Any) -> str:
    plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if plain else typer.style(text, **how)
