"""Figures that lie beside an answer, made safe to stand in a page.

They are files, which anybody may have put there, and not evidence that the ledger witnesses. So they are read as XML,
and written again with the few elements and attributes that our figures have, each of the form that ours have. Styles
become attributes, because pages allow no style but that of our own files.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 4 * 1024 * 1024
"""Signs beyond which a file is no figure of ours: they have tens of thousands."""
_XLINK = "{http://www.w3.org/1999/xlink}href"
_ELEMENTS = frozenset(("svg", "g", "defs", "path", "use", "rect", "circle", "line", "text", "tspan", "clipPath"))
_PASSED = frozenset(("style", "metadata", "title", "desc"))
_STYLES = frozenset(
    (
        *("fill", "fill-opacity", "fill-rule", "opacity", "stroke", "stroke-dasharray", "stroke-dashoffset"),
        *("stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width"),
        *("font-size", "font-style", "font-weight", "text-anchor", "clip-path", "dominant-baseline"),
    )
)
_NUMBERS = frozenset(("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height"))
_WORD = re.compile(r"[#\w.,+\-% ]{1,80}|url\(#[A-Za-z][\w.\-]*\)")
_NAME = re.compile(r"[A-Za-z][\w.\-]{0,80}")
_NUMBER = re.compile(r"-?[\d.]+(e-?\d+)?(pt|px|%)?( -?[\d.]+(e-?\d+)?(pt|px|%)?)*")
_BOX = re.compile(r"0 0 [\d.]{1,12} [\d.]{1,12}")
_PATH = re.compile(r"[MLHVCSQTAZmlhvcsqtaz0-9eE+\-.,\s]*")
_TRANSFORM = re.compile(r"[a-zA-Z0-9(),.+\-\s]{0,200}")
_NO_FIGURE = "is no figure of ours"


def safe_svg(svg: bytes) -> bytes | None:
    """An SVG file with nothing in it but shapes and texts; None where it is no SVG file of the kind that we draw.

    Args:
        svg: the file's bytes, whoever wrote them.

    Example:
        >>> safe_svg(b'<svg viewBox="0 0 9 9"><path d="M0 0" style="fill: #ffffff" onload="x()"/></svg>')
        b'<svg viewBox="0 0 9 9"><path d="M0 0" fill="#ffffff"/></svg>'
        >>> safe_svg(b'<svg><script>x()</script></svg>') is None
        True
    """
    from xml.etree import ElementTree

    try:
        text = svg.decode()  # in other encodings entities could hide
        if len(text) > LARGEST or "<!ENTITY" in text:
            return None
        root = ElementTree.fromstring(text)
        shapes = {item.get("id", "") for item in root.iter() if item.tag.rpartition("}")[2] == "path"}
        return "".join(_written(root, shapes)).encode()
    except (ElementTree.ParseError, ValueError, RecursionError, LookupError):
        return None


def _written(element: Element, shapes: Set[str]) -> list[str]:
    """An element and all in it, as text.

    Args:
        element: of the figure.
        shapes: the names of its paths. Only they are used again: groups in groups would grow without end.

    Raises:
        ValueError: for an element that our figures do not have.
    """
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if name in _PASSED:
        return []
    if name not in _ELEMENTS:
        raise ValueError(_NO_FIGURE)
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in _attributes(element, shapes).items())
    inside = [escape(element.text)] if element.text and name in ("text", "tspan") else []
    for child in element:
        inside += _written(child, shapes)
        if child.tail and name in ("text", "tspan"):
            inside.append(escape(child.tail))
    return [f"<{name}{attributes}>", *inside, f"</{name}>"] if inside else [f"<{name}{attributes}/>"]


def _attributes(element: Element, shapes: Set[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "style":
            kept |= _styles(value)
        elif key == _XLINK or key == "href":
            if value.startswith("#") and value[1:] in shapes and _NAME.fullmatch(value[1:]):
                kept["href"] = value
        elif (pattern := _FORMS.get(key)) is not None and pattern.fullmatch(value):
            kept[key] = value
    return kept


def _styles(style: str) -> dict[str, str]:
    """What a style says, as attributes."""
    pairs = [item.partition(":") for item in style.split(";")]
    said = {key.strip(): value.strip() for key, _, value in pairs}
    return {key: value for key, value in said.items() if key in _STYLES and _WORD.fullmatch(value)}


_FORMS = {
    **dict.fromkeys(_STYLES, _WORD),
    **dict.fromkeys(_NUMBERS, _NUMBER),
    "id": _NAME,
    "d": _PATH,
    "transform": _TRANSFORM,
    "viewBox": _BOX,
}
