"""`whether new`: a question of one's own, asked for step by step, written to a file that runs as it is.

The file has the arms of an example, because arms are best written by changing some; everything that a person can say
in a sentence is asked for.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from whether.catalogue.find import check_stem
from whether.cli.page import columns, faint, near, say, strong
from whether.errors import RequestError, WorkError, gather, unknown

CLAIMS = ("exceeds", "not_worse", "same")
EXAMPLE: dict[str, Any] = {
    "question": "Does a winning ticket need the signs it was drawn with?",
    "if_yes": "Signs carry the ticket: keep them when rewinding.",
    "if_no": "The mask alone carries it: signs may be redrawn.",
    "claim": "exceeds",
    "size": 1.0,
    "because": "two seeds of the same network differ by less",
}
"""The question that stands in the file when nothing is said."""

_ASKED = {
    "question": "What do you ask, in one sentence?",
    "if_yes": "If the answer is yes, what should a reader believe or do?",
    "if_no": "And if it is no?",
    "claim": "When is it yes, first arm to second: exceeds, not_worse or same?",
    "size": "What is the smallest difference that matters, in points?",
    "because": "Why would a smaller one not matter?",
}
_TAKEN = {*keyword.kwlist, *CLAIMS, "question", "tickets"}
"""Names that the function in the file cannot have: Python's own, and those that it imports."""

_FLAGS = {"if_yes": "--yes", "if_no": "--no"}
_FILE = """\
{title}

from whether import Network, Question, {claim}, question, tickets


@question(category="science")
def {name}(model="mlp-300-100", data="digits", density=0.1, s={size}):
    {text}

    def arms(rep):
        # One replicate. What is drawn from `rep` is the same in every arm, so that arms are compared in pairs.
        # These two arms are an example: a winning ticket, and the same with its signs drawn again. Write yours here.
        start = Network(model, data=data, seed=rep)
        mask = tickets(start, density=density).mask()
        other = start.reinit(rep.seed("signs"), keep="magnitudes")
        return {{
            "ticket": start.masked(mask).train(),
            "new signs": other.masked(mask).train(),
        }}

    return Question(
        arms,
        claims=[
            {claim}(
                "ticket",
                "new signs",
                {by}=s,
                unit="points",
                because={because},
            )
        ],
        if_yes={if_yes},
        if_no={if_no},
    )
"""


def write(file: Path, given: Mapping[str, Any]) -> None:
    """Write a question's file and say how to go on.

    Args:
        file: where; its folder exists, it does not.
        given: what options said: any of the keys of EXAMPLE.

    Raises:
        RequestError: when the file cannot be a question's, exists, or what is needed is neither given nor can be asked.
    """
    gather(lambda: _check_place(file), lambda: _check_given(given))
    answers = _complete(dict(given))
    answers["question"] = _question(answers["question"])
    text = _text(file, answers)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise RequestError(f"{file} is there by now; it was left as it is. Choose another name.") from None
    except OSError as error:
        raise WorkError(f"{file} could not be written: {error.strerror or error}.") from error
    say(f"\n{strong(near(file))} asks: {answers['question']}\n")
    say(
        columns(
            [
                ("change arms() in it", faint("to what you compare; what stands there is an example that runs")),
                (f"whether show {near(file)}", faint("as others will read it")),
                (f"whether run {near(file)}", faint("the answer")),
            ]
        )
    )


def _check_place(file: Path) -> None:
    if file.suffix != ".py":
        raise RequestError(f"{file} is not the name of a Python file; write {file.with_suffix('.py')}.")
    if file.exists():
        raise RequestError(f"{file} exists; it was left as it is. Choose another name.")
    if not file.parent.is_dir():
        raise RequestError(f"{file}: there is no folder {file.parent}; make it first.")
    if not re.search(r"[A-Za-z]", file.stem):
        raise RequestError(f"{file}: a question is named after its file; use letters, such as signs.py.")
    check_stem(file)


def _check_given(given: Mapping[str, Any]) -> None:
    gather(*(lambda name=name: _check(name, given[name]) for name in given))
    if "if_yes" in given and str(given["if_yes"]).strip() == str(given.get("if_no", "")).strip():
        raise RequestError("--yes and --no say the same: a question is worth asking when its answers differ.")


def _check(name: str, value: Any) -> None:
    if name == "size":
        if not (isinstance(value, float) and 0 < value < float("inf")):
            raise RequestError(
                f"--size is {value:g}; expected a number above zero: the smallest difference that matters."
            )
    elif name == "claim":
        if value not in CLAIMS:
            raise unknown("claim", value, CLAIMS)
    elif not value.strip():
        raise RequestError(f"{_FLAGS.get(name, '--' + name)} says nothing.")


def _complete(given: dict[str, Any]) -> dict[str, Any]:
    """All that the file needs: asked for in a terminal; elsewhere the example when nothing at all is given."""
    missing = [name for name in EXAMPLE if name not in given and (name != "claim" or not given)]
    if not missing:
        return EXAMPLE | given
    if sys.stdin.isatty():
        return _ask(given)
    if given:
        flags = ", ".join(_FLAGS.get(name, f"--{name}") for name in missing)
        raise RequestError(f"nobody is there to be asked, and these are missing: {flags}. Give all of them, or none.")
    return dict(EXAMPLE)


def _ask(given: dict[str, Any]) -> dict[str, Any]:
    say(faint("A question of your own. Enter takes what stands in brackets; Ctrl-C leaves without writing anything.\n"))
    answers = dict(given)
    for name, text in _ASKED.items():
        while name not in answers:
            default = EXAMPLE[name] if name in ("claim", "size") else None
            said = typer.prompt(text, default=default, type=float if name == "size" else str)
            try:
                _check_given({**answers, name: said})
            except RequestError as error:
                say(str(error))
            else:
                answers[name] = said
    return answers


def _text(file: Path, answers: Mapping[str, Any]) -> str:
    name = re.sub(r"\W+", "_", file.stem).strip("_").lower()
    said = {key: json.dumps(" ".join(str(answers[key]).split()), ensure_ascii=False) for key in ("if_yes", "if_no")}
    return _FILE.format(
        title=_docstring(answers["question"]),
        text=_docstring(answers["question"]),
        name=name if name.isidentifier() and name not in _TAKEN else f"question_{name}",
        claim=answers["claim"],
        by="within" if answers["claim"] == "same" else "by",
        size=repr(float(answers["size"])),
        because=json.dumps(" ".join(str(answers["because"]).split()), ensure_ascii=False),
        **said,
    )


def _question(text: str) -> str:
    """On one line, with its mark."""
    line = " ".join(text.split())
    return line if line.endswith("?") else line.rstrip(".! ") + "?"


def _docstring(text: str) -> str:
    """A one-line docstring; whatever is in the text, it stays one."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'
