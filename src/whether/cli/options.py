"""A question's options as they stand on a command line: `model=resnet-20 rounds=12 rewind=500it widths=[2,4,8]`.

The type of an option is that of its default. Every mistake of a line is found, and all are told together.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from whether.errors import RequestError, gather, unknown
from whether.question import Question, Template
from whether.seeds import Seed
from whether.steps import Steps

GENERAL: dict[str, Any] = {
    "replicates": 8,
    "alpha": 0.05,
    "looks": [4, 8, 16],
    "spending": "obrien-fleming",
    "power": 0.8,
    "preset": "",
}
"""Options of every question, each with a value of its type."""

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_KEY = re.compile(r"[A-Za-z_][\w\-]*")
_STEPS = re.compile(r"\d+(\.\d+)?(it|ep|%)")
_NUMBER = re.compile(r"\d+(\.\d+)?")


def is_option(token: str) -> bool:
    """Whether a word of the command line is an option: a name, "=", and anything."""
    key, equals, _ = token.partition("=")
    return bool(equals) and _KEY.fullmatch(key) is not None


def parse_options(template: Template, tokens: Sequence[str]) -> dict[str, Any]:
    """The options of a question, from words of the form `k=v`.

    Args:
        template: the question; the types of its defaults are those of its options.
        tokens: the words; any order.

    Returns:
        Name to value, ready for `template(**options)`; `replicates`, `alpha` and `preset` are options of every
        question.

    Raises:
        RequestError: for unknown names, values of another type, names given twice and words that are no options, all
            together.
    """
    chosen, wrong = _parse(template, tokens)
    if wrong:
        raise RequestError.join(wrong)
    return chosen


def ask(template: Template, tokens: Sequence[str]) -> Question:
    """The question with its options from words of the form `k=v`.

    Raises:
        RequestError: as `parse_options`, together with what the question itself refuses.
    """
    chosen, wrong = _parse(template, tokens)
    while True:
        refused = _refused(template, chosen)
        if refused is None:
            break
        wrong.append(refused)
        # What else is wrong is heard without the option that is to blame.
        rests = [{name: value for name, value in chosen.items() if name != culprit} for culprit in chosen]
        better = (rest for rest in rests if (left := _refused(template, rest)) is None or str(left) != str(refused))
        chosen = next(better, {})
        if not chosen:
            break
    if wrong:
        raise RequestError.join(wrong)
    return template(**chosen)


def sweep(sweeps: Sequence[str]) -> list[list[str]]:
    """From `k=1,2,4` the words k=1, k=2 and k=4; from several every combination, the last one changing fastest.

    Commas inside brackets do not separate. Without sweeps there is one combination, of no words.

    Raises:
        RequestError: for a sweep of fewer than two different values.
    """
    families: list[list[str]] = []

    def spread(word: str) -> None:
        key, value = split(word)
        values = list(dict.fromkeys(_parts(value)))
        if len(values) < 2:
            raise RequestError(f"--sweep {word}: expected several different values, such as --sweep {key}=1,2,4.")
        families.append([f"{key}={part}" for part in values])

    gather(*(lambda word=word: spread(word) for word in sweeps))
    return [list(words) for words in itertools.product(*families)]


def split(token: str) -> tuple[str, str]:
    """Name and value of `k=v`.

    Raises:
        RequestError: when the word has no such form.
    """
    if not is_option(token):
        raise RequestError(f"{token!r} is neither a question nor an option; options are written name=value.")
    key, _, value = token.partition("=")
    return key.strip(), value.strip()


def read(key: str, text: str, like: Any) -> Any:
    """The value that a text says, of the type of `like`; None stands for whatever the text looks like.

    Raises:
        RequestError: when the text says no such value.
    """
    if not text and like not in ("", None):
        raise RequestError(f"{key}= says nothing; expected {_expected(key, like)}.")
    match like:
        case bool():
            return _take(key, text, like, lambda: _YES_NO[text.lower()])
        case int():
            return _take(key, text, like, lambda: int(text))
        case float():
            return _take(key, text, like, lambda: _finite(text))
        case Steps():
            return Steps.parse(_bare(text), key)
        case str():
            if _STEPS.fullmatch(like) and _NUMBER.fullmatch(text):
                Steps.parse(_bare(text), key)  # raises, and says what a bare number lacks
            return text
        case list() | tuple():
            return _list(key, text, like)
        case _:
            return _guess(text)


def _refused(template: Template, chosen: dict[str, Any]) -> RequestError | None:
    """What the question or the sentences of its first replicate refuse, or None."""
    from whether.plan import ask as resolve

    try:
        resolve(replace(template(**chosen), replicates=1, looks=()), seed=Seed(0), open_test=False)
    except RequestError as error:
        return error
    return None


def _parse(template: Template, tokens: Sequence[str]) -> tuple[dict[str, Any], list[RequestError]]:
    """What the words say, and what is wrong with those that say nothing."""
    kinds = _kinds(template)
    chosen: dict[str, Any] = {}
    seen: set[str] = set()
    wrong: list[RequestError] = []

    def take(token: str) -> None:
        key, value = split(token)
        if key not in kinds:
            raise unknown(f"option of {template.name}", key, kinds, "`whether show NAME` explains them.")
        if key in seen:
            raise RequestError(f"{key} is given twice; once is enough.")
        seen.add(key)
        if key == "preset" and value not in template.presets:
            raise unknown("preset", value, template.presets, "" if template.presets else f"{template.name} has none.")
        may_be_none = key in template.options and template.options[key] is None
        chosen[key] = None if may_be_none and value.lower() == "none" else read(key, value, kinds[key])

    for token in tokens:
        try:
            take(token)
        except RequestError as error:
            wrong.append(error)
    return chosen, wrong


def _kinds(template: Template) -> dict[str, Any]:
    """For each option a value of its type: its default, or a preset's value where the default is None."""
    kinds = GENERAL | template.options
    for preset in template.presets.values():
        kinds |= {name: value for name, value in preset.items() if kinds.get(name) is None}
    return kinds


def _take(key: str, text: str, like: Any, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (ValueError, KeyError):
        raise RequestError(f"{key}={text}: expected {_expected(key, like)}.") from None


def _expected(key: str, like: Any) -> str:
    match like:
        case bool():
            return f"yes or no, such as {key}={'yes' if like else 'no'}"
        case int():
            return f"a whole number, such as {key}={like}"
        case float():
            return f"a number, such as {key}={like:g}"
        case list() | tuple():
            return f"a list, such as {key}={written(like or [2, 4, 8])}"
        case _:
            return f"something, such as {key}={like}"


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _bare(text: str) -> Any:
    """A number without its unit as a number, for the message that a number deserves; anything else as it is."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def _list(key: str, text: str, like: Sequence[Any]) -> Any:
    first = like[0] if like else None
    try:
        items = [read(key, part, first) for part in _parts(_inside(text))]
    except RequestError:
        raise RequestError(f"{key}={text}: expected {_expected(key, like)}.") from None
    return tuple(items) if isinstance(like, tuple) else items


def _inside(text: str) -> str:
    """A list without its brackets; they may be left out, as some shells read them as patterns."""
    depths = list(itertools.accumulate((sign == "[") - (sign == "]") for sign in text))
    if depths and (depths[-1] != 0 or min(depths) < 0):
        raise RequestError(f"the brackets of {text} do not match.")
    # One pair around everything: it closes at the end, and not before.
    wrapped = text.startswith("[") and 0 not in depths[:-1]
    return text[1:-1] if wrapped else text


def _parts(text: str) -> list[str]:
    """Cut at commas that stand outside brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _guess(text: str) -> Any:
    """The plainest value that a text can mean: nothing, yes or no, a number, a list, or the text itself."""
    if text.lower() in ("", "none"):
        return None
    if text.lower() in _YES_NO:
        return _YES_NO[text.lower()]
    if text.startswith("[") and text.endswith("]"):
        return [_guess(part) for part in _parts(_inside(text))]
    for number in (int, _finite):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def written(value: Any) -> str:
    """A value as one writes it on the command line; `read` takes it back."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return f"[{','.join(written(item) for item in value)}]"
        case _:
            return str(value)
