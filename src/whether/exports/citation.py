"""A sheet as CITATION.cff 1.2.0, which code hosts and archives show as "cite this".

YAML is written here by hand: a mapping of scalars needs no library, and every scalar is quoted.
Format: Citation File Format 1.2.0, https://doi.org/10.5281/zenodo.5171937.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from whether.cover.sheet import Sheet
from whether.errors import RequestError, gather
from whether.handwritten import quoted

Scalar: TypeAlias = str | Sequence[Mapping[str, str]] | Sequence[str]

_LIKE_ORCID = re.compile(
    r"\(?(?:orcid:?\s*)?(?:https?://orcid\.org/)?([0-9]{4}(?:-?[0-9]{4}){2}-?[0-9]{3}[0-9x])\)?", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"(.*\S)\s*\(([^()]+)\)")
_DOI = re.compile(
    r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.[0-9]{4,9}(?:\.[0-9]+)*/[\w:/;.()\[\]-]+)", re.IGNORECASE | re.ASCII
)
_ADDRESS = re.compile(r"https?://[^\s<>\"';,)]+")
_PARTICLES = {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "ten", "zu"}
_LICENCES = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "EPL-2.0", "EUPL-1.2"),
    *("GPL-2.0-only", "GPL-3.0-only", "GPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "ISC"),
    *("LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MPL-2.0", "Unlicense"),
}


def citation(sheet: Sheet) -> str:
    """CITATION.cff of a sheet.

    An artifact is cited as software, an answer as the data set that its evidence is. An author's ORCID stands in the
    author's line: "Ada Example (0000-0002-1825-0097)".

    Returns:
        YAML, UTF-8, ending with a newline.

    Raises:
        RequestError: the sheet states no title or no authors, or an ORCID is mistyped; all of it told together.

    Example:
        >>> from whether.cover.sheet import DECLARED, Said
        >>> told = {"title": "Tickets", "authors": "Ada Example (0000-0002-1825-0097)"}
        >>> said = {name: Said(state=DECLARED, text=text, pointer="paper.pdf") for name, text in told.items()}
        >>> print(citation(Sheet(category="science", fields=said)).splitlines()[-3])
          - given-names: "Ada"
    """
    people: list[Mapping[str, str]] = []

    def entitled() -> None:
        if not _text(sheet, "title"):
            raise RequestError("a citation needs a title, and the sheet states none: fill in `title`")

    def named() -> None:
        if not _text(sheet, "authors"):
            raise RequestError(
                "a citation names its authors, and the sheet states none: fill in `authors`, one a line "
                "(a blinded sheet has none to cite)"
            )

    lines = [line for line in _text(sheet, "authors").splitlines() if line.strip()]
    gather(entitled, named, *(lambda line=line: people.append(author(line)) for line in lines))
    entries: dict[str, Scalar] = {
        "cff-version": "1.2.0",
        "message": "If you use this work, please cite it as below.",
        "title": " ".join(_text(sheet, "title").split()),
        "type": "software" if sheet.category == "artifact" else "dataset",
        **_where(sheet),
        "authors": people,
    }
    return "".join(_lines(entries))


def author(line: str) -> dict[str, str]:
    """Who one line of `authors` names, by the keys of CITATION.cff.

    "Family, Given" is taken as it stands; else the last word is the family's name, with particles before it. A name of
    one word is kept whole. What stands in brackets after a name is an affiliation, unless it is an ORCID.

    Raises:
        RequestError: what looks like an ORCID is none.

    Example:
        >>> author("Ludwig van Beispiel")
        {'given-names': 'Ludwig', 'name-particle': 'van', 'family-names': 'Beispiel'}
        >>> author("Example, Ada (0000-0002-1825-0097)")["orcid"]
        'https://orcid.org/0000-0002-1825-0097'
    """
    whole, orcid = split_orcid(line)
    name, affiliation = split_affiliation(whole)
    more = {"affiliation": affiliation} if affiliation else {}
    more |= {"orcid": f"https://orcid.org/{orcid}"} if orcid else {}
    if "," in name.strip(","):
        family, given = (part.strip() for part in name.split(",", 1))
        return {"given-names": given, "family-names": family, **more}
    words = name.split()
    if len(words) < 2:
        return {"name": name, **more}
    last = len(words) - 1
    while last > 1 and words[last - 1] in _PARTICLES:
        last -= 1
    particle = " ".join(words[last:-1])
    return {
        "given-names": " ".join(words[:last]),
        **({"name-particle": particle} if particle else {}),
        "family-names": words[-1],
        **more,
    }


def split_affiliation(name: str) -> tuple[str, str]:
    """The name and what stands in brackets after it; "" where nothing does.

    Example:
        >>> split_affiliation("Ada Example (Example University)")
        ('Ada Example', 'Example University')
    """
    found = _IN_BRACKETS.fullmatch(name)
    return (found[1], found[2].strip()) if found else (name, "")


def split_orcid(line: str) -> tuple[str, str]:
    """The name and the ORCID that a line of `authors` states; "" without one.

    Raises:
        RequestError: the last sign of the ORCID does not fit the others, or nothing but an ORCID stands there.

    Example:
        >>> split_orcid("Ada Example (https://orcid.org/0000-0002-1825-0097)")
        ('Ada Example', '0000-0002-1825-0097')
    """
    found = _LIKE_ORCID.search(line)
    if found is None:
        return " ".join(line.split()), ""
    digits = found[1].replace("-", "").upper()
    name = " ".join((line[: found.start()] + line[found.end() :]).split()).strip(" ,;")
    orcid = "-".join(digits[at : at + 4] for at in range(0, 16, 4))
    if digits[-1] != check_digit(digits[:-1]):
        raise RequestError(
            f"{orcid} is no ORCID: after {orcid[:-1]} the last sign would be {check_digit(digits[:-1])}; "
            f"look it up at orcid.org and mend the line of {name!r} in `authors`"
        )
    if not name:
        raise RequestError(f"a line of `authors` says {orcid} and no name: write 'Ada Example ({orcid})'")
    return name, orcid


def check_digit(digits: str) -> str:
    """The sign that ends an ORCID, by ISO 7064 MOD 11-2, of the fifteen digits before it.

    Example:
        >>> check_digit("000000021825009")
        '7'
    """
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    left = (12 - total % 11) % 11
    return "X" if left == 10 else str(left)


def _text(sheet: Sheet, name: str) -> str:
    said = sheet.fields.get(name)
    return said.text.strip() if said and said.state != "not stated" else ""


def _where(sheet: Sheet) -> dict[str, Scalar]:
    """What is optional in the format: each entry only when the sheet says it in the form that the format wants."""
    doi = _DOI.fullmatch(_text(sheet, "doi")) or _DOI.search(_text(sheet, "release"))
    address, lasting = _ADDRESS.search(_text(sheet, "code")), _text(sheet, "doi")
    licence = next((word for word in _LICENCES if word.lower() == _text(sheet, "licence").lower()), "")
    about = " ".join(f"{_text(sheet, 'question')} {_text(sheet, 'verdict')}".split())
    date = _text(sheet, "date")
    entries: dict[str, Scalar] = {
        "version": " ".join(_text(sheet, "version").split()),
        "date-released": date if _is_date(date) else "",
        "doi": doi[1].rstrip(".,;") if doi else "",
        "url": lasting if not doi and _ADDRESS.fullmatch(lasting) else "",
        "repository-code": address[0].rstrip(".") if address else "",
        "license": licence,
        "abstract": about,
        "keywords": [sheet.category, *([sheet.verdict] if sheet.verdict else [])],
        "identifiers": _identifiers(sheet),
    }
    return {name: entry for name, entry in entries.items() if entry}


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _identifiers(sheet: Sheet) -> list[Mapping[str, str]]:
    told = {"identifier": "the name of this sheet", "digest": "SHA-256 of the file that holds the answer"}
    return [
        {"type": "other", "value": _text(sheet, name), "description": what}
        for name, what in told.items()
        if _text(sheet, name)
    ]


def _lines(entries: Mapping[str, Scalar]) -> Iterable[str]:
    for name, entry in entries.items():
        if isinstance(entry, str):
            yield f"{name}: {quoted(entry)}\n"
            continue
        yield f"{name}:\n"
        for item in entry:
            if isinstance(item, str):
                yield f"  - {quoted(item)}\n"
                continue
            for at, (key, value) in enumerate(item.items()):
                yield f"  {'- ' if at == 0 else '  '}{key}: {quoted(value)}\n"
