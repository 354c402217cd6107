"""Cover sheets as verbs make them: the author's file beside the question, and a sheet in all its forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whether.cli.files import text_of
from whether.errors import RequestError

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.cover.hand import Hand
    from whether.cover.sheet import Sheet
    from whether.store.answers import AnswerFolder

EXPECTED = "the file of a sheet; `whether cover --blank science` writes one with all questions"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the author of an answer says, and where.

    Attributes:
        hand: the words.
        file: the author's file, or where it would be.
        text: of that file; None where there is none.
        remark: what is to be said of it, if anything.
    """

    hand: Hand
    file: Path
    text: str | None = None
    remark: str = ""

    @property
    def here(self) -> Hand:
        """The words as `file` says them, or would."""
        return self.hand.moved(self.file)


def found_words(folder: AnswerFolder, answer: Answer, given: list[str]) -> Found:
    """The author's words: of a file beside the question, else as they were kept with the answer.

    A file of this very answer (`NAME-DIGEST.cover.toml`) is looked for first; one that names another is left alone.

    Args:
        folder: of the answer.
        answer: of which they are.
        given: what was typed to name it.

    Raises:
        RequestError: the file is wrong.
        DamageError: what was kept is.
    """
    from whether.cover.hand import SUFFIX, read
    from whether.cover.keeping import kept

    beside = _beside(answer, given)
    own, shared = beside / f"{folder.name}{SUFFIX}", beside / f"{answer.name}{SUFFIX}"
    file, remarks = shared, []
    for one in (own, shared):
        if not one.exists():
            continue
        text = text_of(one, EXPECTED)
        hand = read(text, one.name, beside)
        if hand.answer in ("", folder.name):
            unnamed = one == shared and not hand.answer and _is_one_of_several(folder)
            remark = (
                f"{one.name} does not say of which answer it speaks, and is used for {folder.name}. If it is of this "
                f'one, write into it: answer = "{folder.name}"'
            )
            return Found(hand=hand, text=text, file=one, remark=remark if unnamed else "")
        if one == own:
            raise RequestError(f"{one.name} has the name of this answer, and says that it speaks of {hand.answer}.")
        remarks.append(f"{one.name} speaks of {hand.answer} and is not used. The file of this answer: {own.name}")
        file = own
    hand = kept(folder.path)
    if hand.said or hand.reproductions:
        place = f"answers/{folder.name}/cover/{hand.name}"
        remarks.append(f"its author's words are those that were kept with the answer, {place}")
    return Found(hand=hand, file=file, remark=". ".join(remarks))


def to_keep(folder: AnswerFolder, hand: Hand) -> dict[str, bytes]:
    """What is written into an answer's folder so that its author's words stay with it; nothing where none are."""
    from whether.cover.hand import write
    from whether.cover.keeping import FOLDER, HAND, keep

    made = keep(hand, folder.name)
    place = f"{FOLDER}/{HAND}"
    if not (hand.said or hand.reproductions or (folder.path / place).exists()):
        return {}
    return {f"{FOLDER}/{name}": raw for name, raw in made.files.items()} | {place: write(made.hand).encode()}


def _beside(answer: Answer, given: list[str]) -> Path:
    """Beside the .py file of a question of one's own, else the working directory."""
    from whether.catalogue.find import is_file

    source = next((word for word in given if is_file(word)), answer.source)
    match = re.fullmatch(r"(?P<path>.+\.py)(?::[^/\\]*)?", source)
    beside = Path(match["path"]).expanduser() if match else None
    return beside.parent if beside is not None and beside.is_file() else Path()


def _is_one_of_several(folder: AnswerFolder) -> bool:
    from whether.store.answers import ANSWER_FILE

    siblings = folder.path.parent.glob(f"{folder.question}-????????/{ANSWER_FILE}")
    return any(path.parent.name != folder.name for path in siblings)


def rendered(sheet: Sheet) -> tuple[dict[str, bytes], str]:
    """All forms of a sheet, and why there is no PDF; everything is made before anything is written."""
    from whether.cover.render import pdf, render

    files, remark = render(sheet), ""
    try:
        files["cover.pdf"] = pdf(sheet)
    except RequestError as error:
        remark = f"No PDF: {error}"
    return files, remark
