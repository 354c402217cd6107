"""An SVG file made fit to stand inside a page.

No names that could clash, colours that follow light and dark, and words for those who cannot see it.
"""

from __future__ import annotations

import re
from html import escape

from whether.report.numbers import clean
from whether.report.style import LIGHT

_PROLOG = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)
_TAG = re.compile(r"<[A-Za-z/][^>]*>")
_ID = re.compile(r'\sid="([^"]*)"')
_USED = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_OPENING = re.compile(r"<svg\b[^>]*>")
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONT = re.compile(r"font-family:[^;\"]*;?\s*")
_ROLES = {tone: f"var(--{role},{tone})" for role, tone in LIGHT.items()}
_COLOURS = re.compile("|".join(map(re.escape, _ROLES)))


def inline(svg: bytes, *, name: str, title: str, text: str) -> str:
    """A figure's SVG as part of an HTML page.

    Args:
        svg: as `style.svg` gives it.
        name: of the figure; unique in the page, since it begins every identifier.
        title: a short name, read aloud.
        text: what the figure shows, in words.

    Returns:
        One <svg> element. Its colours are CSS variables named after their roles, with the light ones as fallback; its
        type is the page's.
    """
    drawn = _PROLOG.sub("", svg.decode("utf-8")).strip()
    used = set(_USED.findall(drawn))
    box = _BOX.search(drawn)
    width, height = box.groups() if box else ("298", "200")

    def tag(found: re.Match[str]) -> str:
        # Only tags are rewritten: what a user wrote stands between them, escaped, and stays as it is.
        kept = _ID.sub(lambda one: f' id="{name}-{one[1]}"' if one[1] in used else "", found[0])
        kept = (
            kept.replace("xlink:href", "href").replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
        )
        kept = _COLOURS.sub(lambda tone: _ROLES[tone[0]], _FONT.sub("", kept))
        return kept.replace("; ", ";").replace(": ", ":")

    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-text"><title id="{name}-title">{escape(clean(title))}</title>'
        f'<desc id="{name}-text">{escape(clean(text))}</desc>'
    )
    body = _OPENING.sub("", _TAG.sub(tag, drawn), count=1)
    return opening + re.sub(r">\s*\n\s*<", "><", body)
