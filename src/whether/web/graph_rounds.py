"""Rounds that are alike: found in a history, and folded into one node of its graph.

A round is a mask made of a trained state, weights put under it, and their training. Fifteen of them, which differ in
nothing but their place, are read as the first, what was done again and again, and the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from whether.history import facts
from whether.history.fact import Fact
from whether.history.phrases import fraction_text
from whether.history.walk import parents_first
from whether.web.graph import WORST, Graph, Node

LEAST = 4
"""Rounds in a row from which on those between the first and the last are folded."""

Keys = tuple[str, ...]
"""Of one round: the digests of its mask, of the weights under it, and of the point that training reached."""
Round = tuple[facts.Point, tuple[object, ...], Keys]
"""Where a round ends, in what it is like others, and its keys."""


def alike(root: Fact) -> list[tuple[Keys, ...]]:
    """Rounds that are alike and follow one another, behind a fact."""
    points = [item for item in parents_first([root]) if isinstance(item, facts.Point)]
    following: dict[str, Round] = {}
    for point in points:
        begin = point.trajectory.begin
        if isinstance(begin, facts.Wearing) and isinstance(begin.worn, facts.PrunedMask):
            mask = begin.worn
            before = mask.state
            if isinstance(before, facts.Point) and before.digest not in following:
                following[before.digest] = point, _kind(point, mask, begin), (mask.digest, begin.digest, point.digest)
    heads = {point.digest for point, _, _ in following.values()}
    found: list[tuple[Keys, ...]] = []
    for point in points:
        if point.digest in following and point.digest not in heads:
            found += list(_chain(point.digest, following))
    return found


def _kind(point: facts.Point, mask: facts.PrunedMask, begin: facts.Wearing) -> tuple[object, ...]:
    """In what rounds are alike: how they prune, where the weights come from, how they train."""
    origin = "itself" if begin.origin.digest == mask.state.digest else begin.origin.digest
    layers = tuple(sorted((name, fraction_text(part)) for name, part in mask.layers.items()))
    pruned = mask.by, mask.fraction, mask.scope, mask.structure, layers, mask.rounds
    return *pruned, origin, point.trajectory.training.digest, point.at


def _chain(start: str, following: Mapping[str, Round]) -> Iterator[tuple[Keys, ...]]:
    """The chain of rounds from a point on, cut where they are no longer alike."""
    run: list[Keys] = []
    before: tuple[object, ...] = ()
    while start in following:
        point, kind, keys = following[start]
        if kind != before and run:
            yield tuple(run)
            run = []
        run, before, start = [*run, keys], kind, point.digest
    if run:
        yield tuple(run)


def folded(graph: Graph, root: Fact, href: str = "") -> Graph:
    """The same graph with rounds that are alike as one node, but for the first and the last of them.

    Args:
        graph: the history of `root`, before or after `known`.
        root: what is asked about.
        href: where all rounds are shown one by one.
    """
    for rounds in alike(root):
        if len(rounds) >= LEAST:
            graph = _fold(graph, rounds[1:-1], href)
    return graph


def _fold(graph: Graph, rounds: Sequence[tuple[str, ...]], href: str) -> Graph:
    inside = {key for keys in rounds for key in keys}
    by_key = {node.key: node for node in graph.nodes}
    if not inside <= by_key.keys() or _is_used_elsewhere(graph, rounds, inside):
        return graph
    key = f"rounds-{rounds[0][0]}"
    members = [node for node in graph.nodes if node.key in inside]
    one = _folded_node([by_key[name] for name in rounds[0]], members, len(rounds))
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.key == rounds[-1][-1]:
            nodes.append(replace(one, key=key, href=href))
        elif node.key not in inside:
            nodes.append(node)
    ends = {name: key if name in inside else name for name in by_key}
    edges = (replace(edge, tail=ends[edge.tail], head=ends[edge.head]) for edge in graph.edges)
    return replace(graph, nodes=tuple(nodes), edges=tuple(dict.fromkeys(e for e in edges if e.tail != e.head)))


def _is_used_elsewhere(graph: Graph, rounds: Sequence[tuple[str, ...]], inside: set[str]) -> bool:
    """Whether something other than the next round rests on what would be hidden."""
    last = set(rounds[-1][-1:])
    return any(edge.tail in inside - last and edge.head not in inside for edge in graph.edges)


def _folded_node(first: Sequence[Node], members: Sequence[Node], count: int) -> Node:
    masks = [node for node in members if node.kind == "mask"]
    left = " → ".join(dict.fromkeys(part for part in (_left(masks, 0), _left(masks, -1)) if part))
    said = [standing for standing in WORST if any(node.standing == standing for node in members)]
    how = {standing: sum(node.standing == standing for node in members) for standing in said}
    standing = said[0] if said else ""
    told = f"{count} times the same: " + ", then ".join(_lower(node) for node in first)
    if len(how) > 1:
        told += f". Of their networks: {', '.join(f'{n} {name}' for name, n in how.items())}"
    detail = (f"{' · '.join(node.word for node in first)}, {count} times", f"{left} left" if left else "")
    return Node(
        key="",
        kind="rounds",
        word=f"{count} more rounds",
        detail=tuple(filter(None, detail)),
        told=f"{told}.",
        standing=standing,
        members=tuple(members),
    )


def _left(masks: Sequence[Node], at: int) -> str:
    """What a mask leaves, as its second line says: "80 % → 64 % left"."""
    lines = masks[at].detail[1:] if masks else ()
    return lines[0].removesuffix(" left").partition(" of ")[0].rpartition(" → ")[2] if lines else ""


def _lower(node: Node) -> str:
    return f"{node.word} ({', '.join(node.detail[:1])})" if node.detail else node.word
