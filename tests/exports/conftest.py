"""Forms of a venue, and sheets as authors have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from whether.cover.fields import FIELDS, fields_of
from whether.cover.sheet import CANNOT, DECLARED, VERIFIED, Said, Sheet
from whether.criteria.form import Form, load

PLAIN = {
    "date": "2026-11-25",
    "digest": "9c1185a5c5e9fc54612808977ee8f548b2258d319c1185a5c5e9fc5461280897",
    "annex": "artifact",
    "verdict": "winning tickets exist here",
    "authors": "Ada Example (0000-0002-1825-0097)\nBo van Beispiel",
}

MakeSheet = Callable[..., Sheet]


@pytest.fixture(scope="session")
def forms() -> Mapping[str, Form]:
    return {name: load(name) for name in ("science", "engineering", "artifact")}


@pytest.fixture(scope="session")
def short() -> Mapping[str, Form]:
    form = load("short")
    return dict.fromkeys(("science", "engineering", "artifact"), form)


@pytest.fixture(scope="session")
def make_sheet() -> MakeSheet:
    """A sheet with an entry in every field of its category: what is told, else the example of the table."""

    def make(category: str = "science", **told: str) -> Sheet:
        texts = {name: told.get(name, PLAIN.get(name, FIELDS[name].example)) for name in fields_of(category)}
        states = {"rule": VERIFIED, "grade": VERIFIED, "compute": CANNOT}
        fields = {
            name: Said(
                state=states.get(name, DECLARED),
                text=text,
                pointer="" if name in states else "paper.pdf, section 4",
                note="the record of run 7 is damaged" if name == "compute" else "",
            )
            for name, text in texts.items()
        }
        return Sheet(category=category, verdict="" if category == "artifact" else "yes", fields=fields)

    return make
