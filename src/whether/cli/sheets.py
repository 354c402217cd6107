"""Cover sheets as verbs make them: the author's file beside the question, and a sheet in all its forms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whether.cli.files import text_of
from whether.errors import RequestError

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.cover.hand import Hand
    from whether.cover.sheet import Sheet

EXPECTED = "the file of a sheet; `whether cover --blank science` writes one with all questions"


def hand_file(answer: Answer, given: list[str]) -> Path:
    """Where the author's file is: beside the .py file of a question of one's own, else in the working directory."""
    from whether.catalogue.find import is_file
    from whether.cover.hand import SUFFIX

    source = next((word for word in given if is_file(word)), answer.source)
    match = re.fullmatch(r"(?P<path>.+\.py)(?::[^/\\]*)?", source)
    beside = Path(match["path"]).expanduser() if match else None
    folder = beside.parent if beside is not None and beside.is_file() else Path()
    return folder / f"{answer.name}{SUFFIX}"


def read_hand(file: Path) -> tuple[Hand, str | None]:
    """What the author says, and the text of the file; None where there is none."""
    from whether.cover.hand import Hand as Empty
    from whether.cover.hand import read

    if not file.exists():
        return Empty(name=file.name, folder=file.parent), None
    text = text_of(file, EXPECTED)
    return read(text, file.name, file.parent), text


def rendered(sheet: Sheet) -> tuple[dict[str, bytes], str]:
    """All forms of a sheet, and why there is no PDF; everything is made before anything is written."""
    from whether.cover.render import pdf, render

    files, remark = render(sheet), ""
    try:
        files["cover.pdf"] = pdf(sheet)
    except RequestError as error:
        remark = f"No PDF: {error}"
    return files, remark
