"""The claims of a sheet as somebody writes them: tables, and a verdict that must follow from its interval.

Imports pydantic; import it where it is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from whether.cover.sheet import AxisRow
from whether.errors import RequestError, gather
from whether.handwritten import one_line, sentences, shown
from whether.report.numbers import amount
from whether.stats.verdict import verdict

_Table = TypeVar("_Table", bound="RowTable")

MOST_CLAIMS = 40
_LARGEST = 1e15
"""Of a number; what is larger cannot be drawn to scale."""


def _open(limit: float) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value == limit else value)


Number = Annotated[float, AllowInfNan(False), Field(ge=-_LARGEST, le=_LARGEST)]


class RowTable(BaseModel):
    """One row of the axis, as `AxisRow` has it; a limit that is infinite, or not given, is open."""

    model_config = ConfigDict(extra="forbid", strict=True)
    said: Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(one_line)]
    kind: Literal["exceeds", "not_worse", "same", "below", "above"]
    verdict: Literal["yes", "no", "inconclusive"]
    estimate: Number | None = None
    low: Annotated[Number | None, _open(-math.inf)] = None
    high: Annotated[Number | None, _open(math.inf)] = None
    size: Number
    unit: Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)] = ""
    level: Annotated[float, Field(gt=0, le=0.5)] | None = None


class ClaimTable(RowTable):
    """A claim as somebody writes it: shorter, and its verdict may be left to the numbers."""

    said: Annotated[str, StringConstraints(min_length=1, max_length=160), AfterValidator(one_line)]
    verdict: Literal["yes", "no", "inconclusive"] | None = None  # type: ignore[assignment]
    unit: Annotated[str, StringConstraints(max_length=24), AfterValidator(one_line)] = ""
    level: Annotated[float, Field(gt=0, lt=0.5)] | None = None


def rows_of(value: Any) -> list[AxisRow]:
    """The rows of a cover.json.

    Raises:
        RequestError: with all that is wrong with them.
    """
    return _each("axis", value, _row)


def claims_of(value: Any) -> list[AxisRow]:
    """Claims as they are written: the verdict of each must be what its numbers say.

    Raises:
        RequestError: with all that is wrong with them.
    """
    return _each("claim", value, _claim)


def _each(what: str, value: Any, read: Any) -> list[AxisRow]:
    if not isinstance(value, list) or len(value) > MOST_CLAIMS:
        got = f"has {len(value):,} rows" if isinstance(value, list) else f"is {shown(value)}"
        raise RequestError(f"{what} {got}; expected a list of at most {MOST_CLAIMS} tables.")
    rows: list[AxisRow] = []

    def take(place: int, one: Any) -> None:
        rows.append(read(f"{what} {place}", one))

    gather(*(partial(take, place, one) for place, one in enumerate(value, 1)))
    return rows


def _row(where: str, value: Any) -> AxisRow:
    table = _checked(where, value, RowTable)
    if table.low is not None and table.high is not None and table.low > table.high:
        raise RequestError(f"{where}: its interval ends at {table.high:g} before it begins at {table.low:g}.")
    return AxisRow(**table.model_dump())


def _claim(where: str, value: Any) -> AxisRow:
    claim = _checked(where, value, ClaimTable)
    low = -math.inf if claim.low is None else claim.low
    high = math.inf if claim.high is None else claim.high
    try:
        follows = verdict(claim.kind, low, high, claim.size)
    except RequestError as error:
        raise RequestError(*(f"{where}: {problem}." for problem in error.problems)) from None
    alone = claim.low is None and claim.high is None
    if claim.estimate is not None and not low <= claim.estimate <= high:
        raise RequestError(f"{where}: the estimate {claim.estimate:g} lies outside its interval.")
    if alone and claim.estimate is not None:
        follows = verdict(claim.kind, claim.estimate, claim.estimate, claim.size)
    given = claim.verdict or ("inconclusive" if alone else follows)
    # Without an interval nobody need be sure.
    if given != follows and not (alone and given == "inconclusive"):
        raise RequestError(f"{where} is declared {given!r}, but {_because(claim, follows)}")
    return AxisRow(**claim.model_dump() | {"verdict": given})


def _checked(where: str, value: Any, model: type[_Table]) -> _Table:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RequestError(*sentences(error, model, where)) from None


def _because(claim: ClaimTable, follows: str) -> str:
    """What a claim's numbers say instead."""
    size = amount(claim.size, claim.unit)
    if claim.low is None and claim.high is None:
        if claim.estimate is None:
            return "neither an estimate nor an interval is given; expected one of them, or verdict = 'inconclusive'."
        return f"its estimate lies where the answer is {follows!r} (size {size})."
    if follows == "inconclusive":
        return f"its interval reaches across the smallest size of interest ({size}), which is 'inconclusive'."
    return f"its interval lies where the answer is {follows!r} (size {size})."


def check_together(word: str, rows: Sequence[AxisRow]) -> None:
    """Hold a verdict to its claims: it is one that some claim has, and none other than what all of them have.

    Raises:
        RequestError: it is not.
    """
    found = {row.verdict for row in rows}
    if not rows or not word:
        return
    if len(found) == 1 and word not in found:
        raise RequestError(f"the verdict is {word!r}, but every claim is {found.pop()!r}.")
    if word != "inconclusive" and word not in found:
        raise RequestError(f"the verdict is {word!r}, but no claim is: they are {', '.join(sorted(found))}.")
