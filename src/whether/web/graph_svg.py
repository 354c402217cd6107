"""A graph with places drawn as SVG: boxes with words in them, links to pages, and words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from whether.report.numbers import plural
from whether.web.graph import DAMAGED, DIVERGED, DROPPED, FAILED, MISSING, STANDS, Edge, Graph, Node, Taken
from whether.web.graph_layout import WIDTH, Box, Places, Way, places
from whether.web.svg import fitted, safe, width_of

MARKS = {STANDS: "✓", DROPPED: "○", DAMAGED: "⚠", FAILED: "✗", DIVERGED: "≈", MISSING: "…"}
"""What stands before the word for how a state is, so that no colour is needed."""
_CLASS = {STANDS: "stands", DROPPED: "dropped", DAMAGED: "bad", FAILED: "bad", DIVERGED: "bad", MISSING: "missing"}
_PAD, _TITLE, _LINE, _BOTTOM = 14.0, 22.0, 17.0, 11.0
_INSIDE = WIDTH - 2 * _PAD
_MOST_TAKEN = 3
_ROUND = 6.0


def graph_svg(graph: Graph, *, root: str, title: str, text: str, name: str = "history") -> str:
    """A graph as one <svg> element; colours come from the page's style by class names.

    Args:
        graph: with what is known of its nodes.
        root: the key of what is asked about, which is marked.
        title, text: a short name, and what is seen, for those who cannot see it.
        name: begins every identifier; unique in the page.
    """
    lines = {node.key: list(_lines(node)) for node in graph.nodes}
    heights = {key: _TITLE + _LINE * len(said) + _BOTTOM + 4 for key, said in lines.items()}
    found = places(heights, [(edge.tail, edge.head) for edge in graph.edges])
    kinds = {(edge.tail, edge.head): edge.kind for edge in graph.edges}
    drawn = [_way(way, kinds[way.tail, way.head], name) for way in found.ways]
    drawn += [_node(node, found.boxes[node.key], lines[node.key], here=node.key == root) for node in graph.nodes]
    return _opening(found, name, title, text) + _arrow(name) + "".join(drawn) + "</svg>"


def spoken(edge: Edge) -> str:
    """What an edge carries, in words."""
    return {"weights": "for its weights", "mask": "as its mask", "score": "to score", "asked": "to measure"}[edge.kind]


def taken_text(taken: Taken) -> str:
    """A measure with its value."""
    return f"{taken.name}: {taken.value}"


def _lines(node: Node) -> Iterator[tuple[str, str]]:
    """The lines under a node's word, each with its class."""
    yield from (("", line) for line in node.detail)
    for taken in node.taken[:_MOST_TAKEN]:  # of a long name the end is left out, and of the value nothing
        value = fitted(f": {taken.value}", _INSIDE / 2)
        yield "taken", f"{fitted(taken.name, _INSIDE - width_of(value, 12))}{value}"
    if len(node.taken) > _MOST_TAKEN:
        yield "taken", f"and {len(node.taken) - _MOST_TAKEN} measures more"


def _opening(found: Places, name: str, title: str, text: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="history" width="{found.width:g}" height="{found.height:g}" '
        f'viewBox="0 0 {found.width:g} {found.height:g}" role="group" aria-labelledby="{name}-title" '
        f'aria-describedby="{name}-text"><title id="{name}-title">{safe(title)}</title>'
        f'<desc id="{name}-text">{safe(text)}</desc>'
    )


def _arrow(name: str) -> str:
    return (
        f'<defs><marker id="{name}-arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0.6 8 4 0 7.4z"/></marker></defs>'
    )


def _way(way: Way, kind: str, name: str) -> str:
    return f'<path class="way {kind}" d="{_path(way.points)}" marker-end="url(#{name}-arrow)"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Straight pieces with rounded corners."""
    said = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = _towards(corner, before), _towards(corner, after)
        said.append(f"L{ax:g} {ay:g}Q{corner[0]:g} {corner[1]:g} {bx:g} {by:g}")
    said.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(said)


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The point where the rounding of a corner begins, on the way to a neighbour."""
    (x, y), (ox, oy) = corner, other
    far = abs(ox - x) + abs(oy - y)  # pieces run along one axis
    share = min(_ROUND, far / 2) / far if far else 0.0
    return x + share * (ox - x), y + share * (oy - y)


def _node(node: Node, box: Box, lines: Sequence[tuple[str, str]], *, here: bool) -> str:
    standing = f"{MARKS[node.standing]} {node.standing}" if node.standing else ""
    room = _INSIDE - (width_of(standing, 12) + 8 if standing else 0)
    x, y = box.x, box.y
    said = [
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{WIDTH:g}" height="{box.height:g}" rx="7"/>',
        f'<rect class="side" x="{x:g}" y="{y + 6:g}" width="4" height="{box.height - 12:g}" rx="2"/>',
        _text(x + _PAD, y + _TITLE, "word", fitted(node.word, room, 14)),
    ]
    if standing:
        said.append(_text(x + WIDTH - _PAD, y + _TITLE, f"standing {_CLASS[node.standing]}", standing, end=True))
    for number, (kind, line) in enumerate(lines, 1):
        said.append(_text(x + _PAD, y + _TITLE + _LINE * number + 1, kind, fitted(line, _INSIDE)))
    inner = f"<title>{safe(_whole(node))}</title>" + "".join(said)
    kinds = " ".join(filter(None, ["node", node.kind, "here" if here else ""]))
    body = f'<g class="{kinds}">{inner}</g>'
    if not node.href or here:
        return body
    return f'<a href="{escape(node.href)}" aria-label="{safe(_whole(node))}">{body}</a>'


def _whole(node: Node) -> str:
    """A node in one sentence, for its tooltip and its link."""
    parts = [node.word, *node.detail, node.standing, *map(taken_text, node.taken)]
    return ", ".join(filter(None, parts))


def _text(x: float, y: float, kind: str, text: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    of = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{of}{anchor}>{safe(text)}</text>'


def summary(graph: Graph) -> str:
    """What is seen, in a sentence or two."""
    coming: dict[str, set[str]] = {}
    for edge in graph.edges:
        coming.setdefault(edge.head, set()).add(edge.tail)
    joins = sum(len(tails) > 1 for tails in coming.values())
    events = plural(sum(max(len(node.members), 1) for node in graph.nodes), "event")
    starts = plural(sum(node.kind == "start" for node in graph.nodes), "start")
    return f"{events} from {starts}, from top to bottom; in {plural(joins, 'place')} two come together."
