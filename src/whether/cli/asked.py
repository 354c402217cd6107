"""From the words of a line to questions: names, each question's options, and families of questions by `--sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whether.catalogue.find import find, is_file, names
from whether.cli.options import ask, is_option, sweep
from whether.errors import RequestError, gather, unknown

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.lab import Lab
    from whether.question import Question, Template

LAST = "@last"


def sort_words(words: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The names and the options among the words of a line, each in their order."""
    given = list(words or [])
    return list(dict.fromkeys(word for word in given if not is_option(word))), [
        word for word in given if is_option(word)
    ]


def templates(given: Sequence[str]) -> list[Template]:
    """The questions of these names; all wrong names are told together.

    Raises:
        RequestError: for unknown names, or for none at all.
    """
    if not given:
        raise RequestError(f"which question? Known: {', '.join(names())}; or a Python file with one of your own.")
    found: list[Template] = []

    def look_up(name: str) -> None:
        _see_question(name)
        if name == LAST:
            raise RequestError(f"{LAST} is an answer, for `whether answer` and `whether report`; name its question.")
        found.append(find(name))

    gather(*(lambda name=name: look_up(name) for name in given))
    return found


def questions(words: Sequence[str] | None, sweeps: Sequence[str] | None = None) -> list[Question]:
    """The questions that a line asks: each name with all the options, once for each value of a sweep.

    Raises:
        RequestError: for wrong names and options, all together.
    """
    called, options = sort_words(words)
    found: list[Template] = []
    families: list[list[str]] = [[]]
    asked: list[Question] = []
    wrong: list[RequestError] = []
    try:
        families = sweep(sweeps or ())
    except RequestError as error:
        wrong.append(error)
    for name in called or [""]:  # one by one, so that a wrong name does not hide what is wrong with the options
        try:
            found += templates([name] if name else [])
        except RequestError as error:
            wrong.append(error)
    for template in found:
        for family in families:
            try:
                asked.append(ask(template, [*options, *family]))
            except RequestError as error:
                wrong.append(error)
    if wrong:
        raise RequestError.join(wrong)
    return asked


def answer(lab: Lab, words: Sequence[str] | None, *, open_test: bool = False, seed: int = 0) -> Answer:
    """The answer that a line means: that of @last, the newest one of a name, or that of a question with its options.

    Raises:
        RequestError: when the lab has no such answer; says how to get it.
    """
    called, options = sort_words(words)
    if len(called) > 1:
        raise RequestError(f"one name at a time, got {' and '.join(called)}.")
    if not called or called == [LAST]:
        if options:
            raise RequestError(f"{LAST} takes no options; name the question: whether answer NAME {' '.join(options)}")
        found = lab.latest()
        if found is None:
            raise RequestError("this lab has no answer yet. `whether run NAME` makes one; `whether list` shows names.")
        return found
    return _named(lab, called[0], options, open_test=open_test, seed=seed)


def _see_question(word: str) -> None:
    """Tell what to do with a file that holds no question."""
    from shlex import quote

    if word.endswith(".zip"):
        raise RequestError(
            f"{word} is no question but a bundle: `whether verify {quote(word)}` checks it, "
            f"`whether reproduce {quote(word)}` makes a part of it again."
        )
    if word.endswith(".toml"):
        raise RequestError(
            f"{word} is no question but the file of a sheet: `whether cover {quote(word)}` makes a sheet of it."
        )


def _named(lab: Lab, name: str, options: list[str], *, open_test: bool, seed: int) -> Answer:
    _see_question(name)
    line = " ".join(["whether run", name, *options, *(["--open-test"] if open_test else [])])
    if options or open_test or seed:
        question = questions([name, *options])[0]
        found = lab.answered(question, open_test=open_test, seed=seed)
    elif is_file(name):
        found = lab.find(find(name).name)
    else:
        found = lab.find(name)
        if found is None and name not in names():
            answered = {answer.name for _, answer in lab.answers()}
            raise unknown("question", name, {*names(), *answered}, "`whether status` shows what is answered.")
    if found is None:
        raise RequestError(f"{name} has no such answer in this lab yet. To get it: {line}")
    return found
