"""`whether new`: a question of one's own, asked for step by step, written to a file that runs as it is.

The file has the arms of an example, because arms are best written by changing some; everything that a person can say
in a sentence is asked for. Two controls stand in it unless others are chosen: an effect that is there and must be seen,
and none, of which nothing must be seen.
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
CONTROLS = ("both", "random-mask", "order", "none")
EXAMPLE: dict[str, Any] = {
    "question": "Does a winning ticket need the signs it was drawn with?",
    "if_yes": "Signs carry the ticket: keep them when rewinding.",
    "if_no": "The mask alone carries it: signs may be redrawn.",
    "claim": "exceeds",
    "size": 1.0,
    "because": "two seeds of the same network differ by less",
    "control": "both",
}
"""The question that stands in the file when nothing is said."""

_ASKED = {
    "question": "What do you ask, in one sentence?",
    "if_yes": "If the answer is yes, what should a reader believe or do?",
    "if_no": "And if it is no?",
    "claim": "When is it yes, first arm to second: exceeds, not_worse or same?",
    "size": "What is the smallest difference that matters, in points?",
    "because": "Why would a smaller one not matter?",
    "control": "Which controls: random-mask (must be seen), order (must not be seen), both or none?",
}
_USUAL = ("claim", "control")
"""What nobody needs to say who says something."""
_TAKEN = {*keyword.kwlist, *CLAIMS, "question", "tickets"}
"""Names that the function in the file cannot have: Python's own, and those that it imports."""

_FLAGS = {"if_yes": "--yes", "if_no": "--no"}
_FILE = """\
{title}

from whether import {imports}


@question(category="science")
def {name}(model="mlp-300-100", data="digits", density=0.05, s={size}):
    {text}

    def arms(rep):
        # One replicate. What is drawn from `rep` is the same in every arm, so that arms are compared in pairs.
        # The first two arms are an example: a winning ticket, and the same with new signs. Write yours in their place.
        start = Network(model, data=data, seed=rep)
        mask = tickets(start, density=density, fraction=0.5).mask()
        other = start.reinit(rep.seed("signs"), keep="magnitudes")
        return {{
            "ticket": start.masked(mask).train(),
            "new signs": other.masked(mask).train(),
{control_arms}\
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
{controls}\
        if_yes={if_yes},
        if_no={if_no},
    )
"""
_ARMS = {
    "random-mask": (
        "            # A control: as many weights in every layer, but others. That this is worse must be seen.\n"
        '            "random mask": start.masked(mask.shuffled(rep.seed("shuffle"), scope="layer")).train(),\n'
    ),
    "order": (
        "            # A control: the same ticket, other batches. No difference must be seen.\n"
        '            "another order": start.masked(mask).train(order=rep.seed("another order")),\n'
    ),
}
_CONTROLS = {
    "random-mask": """\
            Control(
                exceeds("ticket", "random mask", by=s, because="the size of the claim"),
                expect="yes",
                because="if a random mask does as well, this experiment cannot tell networks apart",
            ),
""",
    "order": """\
            Control(
                same("ticket", "another order", within=s, because="the size of the claim"),
                expect="yes",
                because="if the order of the data makes a difference, so does chance",
            ),
""",
}
_CLAIM_OF = {"random-mask": "exceeds", "order": "same"}
_LACKING = {"random-mask": "one where there is something to see", "order": "one where there is nothing to see"}


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
                (f"whether register {near(file)}", faint("before its runs, if others are to believe it")),
            ]
        )
    )
    lacking = [text for name, text in _LACKING.items() if name not in _chosen(answers["control"])]
    if lacking:
        say(f"\nnote: to register it, name a control too, {' and '.join(lacking)}.")


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
    elif name == "control":
        if value not in CONTROLS:
            raise unknown("control", value, CONTROLS)
    elif not value.strip():
        raise RequestError(f"{_FLAGS.get(name, '--' + name)} says nothing.")


def _complete(given: dict[str, Any]) -> dict[str, Any]:
    """All that the file needs: asked for in a terminal; elsewhere the example when nothing at all is given."""
    missing = [name for name in EXAMPLE if name not in given and (name not in _USUAL or not given)]
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
            default = EXAMPLE[name] if name in (*_USUAL, "size") else None
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
    chosen = _chosen(answers["control"])
    used = {answers["claim"], *(word for key, word in _CLAIM_OF.items() if key in chosen)}
    controls = "".join(_CONTROLS[key] for key in chosen)
    said = {key: json.dumps(" ".join(str(answers[key]).split()), ensure_ascii=False) for key in ("if_yes", "if_no")}
    return _FILE.format(
        title=_docstring(answers["question"]),
        text=_docstring(answers["question"]),
        name=name if name.isidentifier() and name not in _TAKEN else f"question_{name}",
        imports=", ".join(
            sorted({"Network", "Question", "question", "tickets", *used, *(["Control"] if chosen else [])})
        ),
        claim=answers["claim"],
        control_arms="".join(_ARMS[key] for key in chosen),
        controls=f"        controls=[\n{controls}        ],\n" if chosen else "",
        by="within" if answers["claim"] == "same" else "by",
        size=repr(float(answers["size"])),
        because=json.dumps(" ".join(str(answers["because"]).split()), ensure_ascii=False),
        **said,
    )


def _chosen(control: str) -> tuple[str, ...]:
    """The controls behind a word."""
    return {"both": ("random-mask", "order"), "none": ()}.get(control, (control,))


def _question(text: str) -> str:
    """On one line, with its mark."""
    line = " ".join(text.split())
    return line if line.endswith("?") else line.rstrip(".! ") + "?"


def _docstring(text: str) -> str:
    """A one-line docstring; whatever is in the text, it stays one."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'
