"""The results described as Croissant 1.0: which files there are and what their columns mean, for machines.

Written by hand, as it is a small file; a test reads it with the reference library.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from whether.bundle import places
from whether.report.tables import KINDS

if TYPE_CHECKING:
    from whether.answer import Answer

DATA_TYPES = {"str": "sc:Text", "float64": "sc:Float", "int64": "sc:Integer"}
COLUMNS: dict[str, str] = {
    "arm": "The arm: what was compared.",
    "family": "Arms of one family differ in one number, x.",
    "x": "That number; empty where the family has none.",
    "replicate": "The replicate, from 0. What arms of one replicate share is in the answer's sources.",
    "seed": "The root of the replicate's random streams, 16 hexadecimal digits.",
    "value": "What was measured, in the unit of the arm; of a diverged run the worst value there is.",
    "outcome": "done, diverged, failed (says nothing of the network) or overrun (after the last look).",
    "note": "What a reader must know of this run.",
    "measure": "The digest of what was measured; its record is lab/records/ab/<digest>.json.",
    "state": "The digest of the trained network; its record stands beside.",
    "steps": "Iterations of training behind the network.",
}
"""What the columns of the table mean."""
_IDS = "@id"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(answer: Answer, csv: bytes, parquet: bytes, *, licence: str = "") -> bytes:
    """`croissant.json`.

    Args:
        answer: whose runs the table has.
        csv, parquet: the two files.
        licence: an address or a name; empty where none is stated.
    """
    said = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{answer.name}-{answer.digest[:8]}-runs",
        "description": f"Every run behind an answer ({answer.verdict}, {answer.grade}) to: {answer.text}",
        "version": "1.0.0",
        "distribution": [
            _file(places.RUNS_CSV, csv, "text/csv"),
            _file(places.RUNS_PARQUET, parquet, "application/vnd.apache.parquet"),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                _IDS: "runs",
                "name": "runs",
                "description": "A row for each arm of each replicate.",
                "key": [{_IDS: "runs/arm"}, {_IDS: "runs/replicate"}],
                "field": [_field(name, kind, COLUMNS[name]) for name, kind in KINDS.items()],
            }
        ],
    }
    said |= {"license": licence} if licence else {}
    said |= {"datePublished": time[:10]} if (time := str(answer.circumstances.get("time", ""))) else {}
    return (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _file(place: str, raw: bytes, form: str) -> dict[str, Any]:
    name = place.removeprefix(places.RESULTS)
    said = {"@type": "cr:FileObject", _IDS: name, "name": name, "contentUrl": place, "contentSize": f"{len(raw)} B"}
    return said | {"encodingFormat": form, "sha256": hashlib.sha256(raw).hexdigest()}


def _field(name: str, kind: str, what: str) -> dict[str, Any]:
    source = {"fileObject": {_IDS: "runs.csv"}, "extract": {"column": name}}
    said = {"@type": "cr:Field", _IDS: f"runs/{name}", "name": f"runs/{name}", "description": what}
    return said | {"dataType": DATA_TYPES[kind], "source": source}
