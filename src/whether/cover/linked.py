"""A cover sheet as JSON-LD: a `ScholarlyArticle` of schema.org, for search engines and libraries."""

from __future__ import annotations

import json
from typing import Any

from whether.cover.fields import FIELDS
from whether.cover.page import cut, link
from whether.cover.sheet import Sheet
from whether.report.numbers import clean

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def article(sheet: Sheet) -> dict[str, Any]:
    """The sheet in schema.org's words; what is not stated is left out."""
    said = {name: _within(one.text, FIELDS[name].most) for name, one in sheet.fields.items() if one.text}
    doi = link(said.get("doi", ""))
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "@id": doi,
        "headline": _line(said.get("title")),
        "author": [{"@type": "Person", "name": clean(name)} for name in said.get("authors", "").splitlines() if name],
        "identifier": _line(said.get("identifier")),
        "sameAs": doi,
        "version": _line(said.get("version")),
        "datePublished": _line(said.get("date")),
        "genre": sheet.category,
        "abstract": _line(said.get("verdict")),
        "about": _question(said),
        "disambiguatingDescription": _line(said.get("limits")),
        "creativeWorkStatus": _line(said.get("grade")),
        "license": _line(said.get("licence")),
        "maintainer": _named("Person", said.get("maintainer")),
        "funding": _named("Grant", said.get("funding")),
        "isBasedOn": _named("Dataset", said.get("data")),
    }
    return {key: value for key, value in found.items() if value}


def document(sheet: Sheet) -> str:
    """`cover.jsonld`."""
    return json.dumps(article(sheet), indent=1, ensure_ascii=False) + "\n"


def script(sheet: Sheet) -> str:
    """The same as an element of an HTML page; no text in it can end the element."""
    return f'<script type="application/ld+json">{in_script(article(sheet))}</script>'


def in_script(value: Any) -> str:
    """JSON that may stand in an element of a page: nothing in it ends the element.

    Example:
        >>> print(in_script({"a": "</script>"}))
        {"a": "\\u003c/script\\u003e"}
    """
    told = json.dumps(value, ensure_ascii=False)
    for sign, safe in _UNSAFE.items():
        told = told.replace(sign, safe)
    return told


def _within(text: str, most: int) -> str:
    """As much of a text as the page shows, line by line."""
    return "\n".join(cut(line, most) for line in text[:most].splitlines())


def _question(said: dict[str, str]) -> dict[str, Any]:
    if "question" not in said:
        return {}
    answer = {"@type": "Answer", "text": _line(said["verdict"])} if "verdict" in said else None
    return {"@type": "Question", "name": _line(said["question"]), **({"acceptedAnswer": answer} if answer else {})}


def _named(kind: str, text: str | None) -> dict[str, str]:
    return {"@type": kind, "name": _line(text)} if text else {}


def _line(text: str | None) -> str:
    return clean(text or "")
