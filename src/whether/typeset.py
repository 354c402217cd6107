"""PDF pages by typst: the same source gives the same bytes on every machine, as only its own fonts are used.

Where a text has signs that those lack, Chinese ones for instance, the machine's fonts help out: rather other bytes than
a name made of boxes.

Texts of people never become markup: they are handed over as data (`sys.inputs`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from whether.errors import RequestError

# What typst's own fonts have: Latin, Greek, Cyrillic, and signs up to dingbats; letters of other scripts are elsewhere.
_FOREIGN = re.compile("[\u0530-\u1dff\u2c00-\ud7ff\uf900-\ufdff\ufe30-\uffef\U00010000-\U0010ffff]")
NEEDS = "PDF pages are set by typst: pip install 'whether[pdf]'. HTML and Markdown need nothing."


def pdf(source: str, data: Mapping[str, Any] | None = None) -> bytes:
    """Set a document.

    Args:
        source: typst markup; what stands in `data` is `json(bytes(sys.inputs.data))` there.
        data: plain values.

    Returns:
        A PDF file without a date, so that it is the same each time. Fonts: "Libertinus Serif", "New Computer Modern",
        "DejaVu Sans Mono", which typst brings along.

    Raises:
        RequestError: typst is not installed.
    """
    import datetime

    return bytes(_compile(source, data, format="pdf", timestamp=datetime.datetime.fromtimestamp(0, datetime.UTC)))


def pictures(source: str, data: Mapping[str, Any] | None = None, *, dpi: int = 110) -> list[bytes]:
    """The pages of a document as PNG files, as `pdf` sets them."""
    made = _compile(source, data, format="png", ppi=float(dpi))
    return [bytes(page) for page in (made if isinstance(made, list) else [made])]


def _compile(source: str, data: Mapping[str, Any] | None, **how: Any) -> Any:
    try:
        import typst
    except ImportError:
        raise RequestError(NEEDS) from None
    told = json.dumps(data or {}, ensure_ascii=False, sort_keys=True)
    ours = not _FOREIGN.search(told)
    return typst.compile(source.encode(), ignore_system_fonts=ours, sys_inputs={"data": told}, **how)
