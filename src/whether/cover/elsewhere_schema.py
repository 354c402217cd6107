"""What may stand in the file of a sheet for work done elsewhere. Imports pydantic; import it where it is used."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from whether.cover.fields import FIELDS

_STRICT = ConfigDict(extra="forbid", strict=True)


class Entry(BaseModel):
    """What is said in one field, and where a reader can look."""

    model_config = _STRICT
    text: str | list[str] = ""
    pointer: str = ""


class ClaimTable(BaseModel):
    """One claim on the axis; numbers as `AxisRow` has them."""

    model_config = _STRICT
    said: Annotated[str, Field(min_length=1, max_length=160)]
    kind: Literal["exceeds", "not_worse", "same", "below", "above"]
    verdict: Literal["yes", "no", "inconclusive"] | None = None
    estimate: Annotated[float, AllowInfNan(False)] | None = None
    low: float | None = None
    high: float | None = None
    size: Annotated[float, AllowInfNan(False)]
    unit: Annotated[str, Field(max_length=24)] = ""
    level: Annotated[float, Field(gt=0, lt=0.5)] | None = None


def _shaped(value: Any) -> Any:
    """A text, a list or a date as a table."""
    if isinstance(value, datetime.date):
        return {"text": value.isoformat()}
    return value if isinstance(value, dict) else {"text": value}


_ENTRY: Any = (Annotated[Entry | None, BeforeValidator(_shaped)], None)
Work: type[BaseModel] = create_model(
    "Work",
    __config__=_STRICT,
    source=(str, ""),
    claim=(list[ClaimTable], []),
    **dict.fromkeys(FIELDS, _ENTRY),
)
"""The whole file: every field by its name, `source` and the claims."""
