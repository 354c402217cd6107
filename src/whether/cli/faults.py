"""How errors look, and which exit code each has. A traceback is shown to those who ask for it: WHETHER_DEBUG=1."""

from __future__ import annotations

import errno
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from whether.cli.page import complain, width
from whether.errors import RequestError, WhetherError

STOPPED = 130
"""128 and the number of SIGINT, as shells have it."""


_NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)
_EXPECTED = {"a valid integer": "a whole number", "a valid number": "a number", "a valid boolean": "yes or no"}


def guarded(run: Callable[[], Any], words: Sequence[str] = (), verbs: Mapping[str, Any] | None = None) -> int:
    """Run a command; whatever goes wrong becomes lines on stderr and an exit code.

    Args:
        run: gives the exit code; anything that is no integer stands for 0.
        words: of the command line.
        verbs: that there are, by name, as the parser has them.
    """
    verb = next((word for word in words if word in (verbs or {})), "")
    options = _options((verbs or {}).get(verb), words)
    try:
        code = run()
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except WhetherError as error:
        _debug()
        _tell(error.problems if isinstance(error, RequestError) else [str(error) + _elsewhere(error, options)])
        return error.exit_code
    except Exception as error:
        if hasattr(error, "format_message"):  # the parser's own: a wrong option, a missing value
            _tell([_usage(error, words, verb)])
            return RequestError.exit_code
        _debug()
        _tell([_unforeseen(error) + _elsewhere(error, options)])
        return WhetherError.exit_code
    if code == STOPPED:
        complain("stopped; nothing done is lost: the same command goes on")
    return code if isinstance(code, int) else 0


def _tell(problems: Any) -> None:
    """Print problems: one as a line, several as a list. In a terminal lines are wrapped; elsewhere they stay whole."""
    problems = list(problems)
    label = "error:" if "NO_COLOR" in os.environ else typer.style("error:", fg="red", bold=True)
    if len(problems) == 1:
        complain(f"{label} {_wrapped(problems[0], 7).strip()}")
        return
    complain(f"{label} {len(problems)} things are wrong:")
    for problem in problems:
        complain(f"  - {_wrapped(problem, 4).strip()}")


def _wrapped(text: str, indent: int) -> str:
    if not sys.stderr.isatty():
        return text
    lines = text.splitlines()
    # Of a message with an example only the sentences are wrapped.
    wrapped = [
        line
        if line.startswith(" ")
        else textwrap.fill(
            line,
            width(),
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in lines
    ]
    return "\n".join(wrapped)


def _options(verb: Any, words: Sequence[str]) -> Sequence[Any]:
    """The options of a verb, or of the one of its own verbs that is meant: `criteria form`."""
    within: Mapping[str, Any] = getattr(verb, "commands", {})
    options: Sequence[Any] = getattr(next((within[word] for word in words if word in within), verb), "params", [])
    return options


def _elsewhere(error: Exception, options: Sequence[Any]) -> str:
    """Where a verb may write instead, when the place has no right to be written to and the verb takes another."""
    cause = error if isinstance(error, OSError) else error.__cause__
    to = next((option for option in options if "--to" in option.opts), None)
    if to is None or not isinstance(cause, OSError) or cause.errno not in _NO_RIGHT:
        return ""
    return f" Or write to another place: --to {to.metavar}"


def _usage(error: Any, words: Sequence[str], verb: str) -> str:
    """The parser's message, in our words where it has a library's, and where to read on."""
    message = str(error.format_message()).strip()
    message = message[:1].lower() + message[1:].rstrip(".")
    if found := re.match(r"invalid value for '?(?P<name>[^':]+)'?.*?: Input should be (?P<what>[^,]+)", message):
        name, what = found["name"].split(" / ")[0], found["what"]
        message = f"{name} is {_value(words, name)}; expected {_EXPECTED.get(what, what)}"
    path = getattr(getattr(error, "ctx", None), "command_path", f"whether {verb}".strip())
    wrong = getattr(error, "option_name", "") if "o such option" in message else ""
    if wrong and path not in ("whether",):
        message += f". A question's own options are written without dashes: {wrong.lstrip('-').replace('-', '_')}=…"
    return f"{message}. `{path} --help` shows what it takes."


def _value(words: Sequence[str], name: str) -> str:
    """What was given for an option, as it was typed."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == name or word.startswith(f"{name}="):
            return repr(after if word == name else word.partition("=")[2])
    return "something else"


def _unforeseen(error: Exception) -> str:
    last = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, OSError):
        return f"the system refused: {last}. What was done before stays done; the same command goes on."
    return (
        f"{last}. This is a fault in Whether, not in your request; what was done before stays done. "
        "WHETHER_DEBUG=1 shows where it is."
    )


def _debug() -> None:
    if os.environ.get("WHETHER_DEBUG", "0") not in ("", "0"):
        traceback.print_exc()
