"""A network's history as a graph of plain values: what was done to which weights, and where two networks meet.

Nodes are states, masks and measures, parents first; edges say what of the one went into the other. `graph_layout` gives
them places, `graph_svg` draws them, and a page lists them in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from whether.history import facts
from whether.history.phrases import optimizer_text, schedule_text
from whether.history.walk import parents_first
from whether.report.numbers import number, plural

STANDS, DROPPED, DAMAGED = "stands", "weights dropped", "damaged"
FAILED, DIVERGED, MISSING = "failed", "diverged", "not trained"
WORST = (DAMAGED, FAILED, DIVERGED, MISSING, DROPPED, STANDS)
"""What may be said of a trained state, the worst first."""

MOST = 240
"""Nodes that are drawn; of a longer history what came before them is one node."""

Drawn = facts.State | facts.MaskFact | facts.MeasureFact


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A measure of a state: its name with its split, its value in words, and the page that it has."""

    name: str
    value: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One thing that happened.

    Attributes:
        key: the digest of the fact; of folded rounds that of the first.
        kind: "start", "train", "mask", "change", "measure", "rounds" or "earlier".
        word: what happened, in a word or two.
        detail: at most two short lines.
        told: of what stands for several, what these are, in a sentence.
        standing: one of `WORST`; empty for what is made anew whenever it is needed.
        href: the page of the network or measure; empty where it has none.
        taken: measures of this state.
        members: of folded rounds what they consist of.
    """

    key: str
    kind: str
    word: str
    detail: tuple[str, ...] = ()
    told: str = ""
    standing: str = ""
    href: str = ""
    taken: tuple[Taken, ...] = ()
    members: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Edge:
    """What of `tail` went into `head`: "weights", "mask" (which weights exist), "score" (what a mask is made of), or
    "asked" (of what a measure was taken)."""

    tail: str
    head: str
    kind: str


@dataclass(frozen=True)
class Graph:
    """Nodes, each after all that went into it, and edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a lab knows of a piece: whether it stands, and what was measured of it."""

    standing: str = ""
    href: str = ""
    taken: tuple[Taken, ...] = ()


def history(root: Drawn) -> Graph:
    """The graph of a state, a mask or a measure, down to the fresh weights that it comes of; itself is the last node.

    Example:
        >>> from whether.seeds import Seed
        >>> model = facts.Model(name="mlp-2", shape=(2,), classes=2, options={})
        >>> [node.word for node in history(facts.Start(architecture=model, init="pytorch", seed=Seed(0))).nodes]
        ['start']
    """
    items = [item for item in parents_first([root]) if isinstance(item, Drawn) and not isinstance(item, facts.FullMask)]
    story = _Story(items)
    edges = dict.fromkeys(edge for item in story.items for edge in story.edges(item))
    return Graph(tuple(map(story.node, story.items)), tuple(edges))


EARLIER = "earlier"


def latest(graph: Graph, most: int = MOST) -> Graph:
    """The same graph with its last nodes only, so many; those before them are one."""
    if len(graph.nodes) <= most:
        return graph
    left, kept = graph.nodes[:-most], graph.nodes[-most:]
    there = {node.key for node in kept}
    count = plural(sum(max(len(node.members), 1) for node in left), "event")
    told = f"{count} before these are not drawn."
    first = Node(key=EARLIER, kind="earlier", word="earlier", detail=(count,), told=told)
    edges = (edge if edge.tail in there else replace(edge, tail=EARLIER) for edge in graph.edges if edge.head in there)
    return Graph((first, *kept), tuple(dict.fromkeys(edges)))


def known(graph: Graph, of: Callable[[str], Known | None]) -> Graph:
    """The same graph with what a lab knows of its nodes."""

    def with_(node: Node) -> Node:
        said = of(node.key)
        if said is None:
            return node
        return replace(node, standing=said.standing, href=said.href, taken=said.taken)

    return replace(graph, nodes=tuple(map(with_, graph.nodes)))


def percent(share: float | Fraction) -> str:
    """A share in per cent, to three digits.

    Example:
        >>> percent(0.8 ** 15), percent(0.2), percent(1)
        ('3.52 %', '20 %', '100 %')
    """
    return f"{100 * float(share):.3g} %"


class _Story:
    """What is known of each item from those before it: which mask it wears, how dense, what came of what."""

    def __init__(self, items: Sequence[Drawn]) -> None:
        self._stops: dict[str, list[facts.Point]] = {}
        for item in items:
            if isinstance(item, facts.Point):
                self._stops.setdefault(item.trajectory.digest, []).append(item)
        self.items = self._ordered(items)
        self._place = {item.digest: number for number, item in enumerate(self.items)}
        self._behind: list[int] = []
        self._worn: dict[str, str | None] = {}
        self._left: dict[str, Fraction | None] = {}
        for item in self.items:
            self._take(item)

    def _ordered(self, items: Sequence[Drawn]) -> list[Drawn]:
        """The items, each after all that went into it: a later stop after the earlier one, too."""
        by_key = {item.digest: item for item in items}
        given: dict[str, Drawn] = {}
        waiting = [*reversed(items)]
        while waiting:
            item = waiting[-1]
            tails = dict.fromkeys(tail.digest for tail, _ in self._behind_of(item))
            missing = [by_key[key] for key in tails if key in by_key and key not in given and key != item.digest]
            if missing and item.digest not in given:
                waiting.extend(reversed(missing))
                continue
            waiting.pop()
            given.setdefault(item.digest, item)
        return list(given.values())

    def _take(self, item: Drawn) -> None:
        # Who comes of whom as the bits of one number, so that long histories cost no walk for each of their masks.
        bits = 1 << self._place[item.digest]
        for edge in self.edges(item):
            bits |= self._behind[self._place[edge.tail]]
        self._behind.append(bits)
        if isinstance(item, facts.State):
            self._worn[item.digest] = self._mask_of(item)
        elif isinstance(item, facts.MaskFact):
            self._left[item.digest] = self._kept(item)

    def _mask_of(self, state: facts.State) -> str | None:
        if isinstance(state, facts.Wearing):
            return None if isinstance(state.worn, facts.FullMask) else state.worn.digest
        if isinstance(state, facts.Point) and state.trajectory.training.sparsify is not None:
            return ""  # grown in training: how dense it is, no sentence says
        return self._worn.get(state.before.digest) if state.before is not None else None

    def _kept(self, mask: facts.MaskFact) -> Fraction | None:
        """The share of weights that a mask leaves, where it follows from what is said."""
        match mask:
            case facts.PrunedMask(layers=layers) if layers:
                return None
            case facts.PrunedMask(state=state, fraction=part):
                before = self._before(state)
                return None if before is None else before * (1 - part)
            case facts.ShuffledMask(origin=origin):
                return Fraction(1) if isinstance(origin, facts.FullMask) else self._left.get(origin.digest)
            case facts.InvertedMask(origin=origin):
                kept = self._left.get(origin.digest)
                return None if kept is None else 1 - kept
        return None

    def _before(self, state: facts.State) -> Fraction | None:
        worn = self._worn.get(state.digest)
        return Fraction(1) if worn is None else self._left.get(worn)

    def edges(self, item: Drawn) -> Iterator[Edge]:
        """What went into an item; only what came before it."""
        for tail, kind in self._behind_of(item):
            if tail.digest in self._place and tail.digest != item.digest:
                yield Edge(tail.digest, item.digest, kind)

    def _behind_of(self, item: Drawn) -> Iterator[tuple[facts.Fact, str]]:
        match item:
            case facts.Point(trajectory=on, at=at):
                stops = [stop for stop in self._stops.get(on.digest, ()) if stop.at < at]
                yield (max(stops, key=lambda stop: stop.at) if stops else on.begin), "weights"
            case facts.Wearing(origin=origin, worn=worn):
                yield origin, "weights"
                yield worn, "mask"
            case facts.Perturbed(origin=origin, other=other):
                yield origin, "weights"
                if other is not None:
                    yield other, "weights"
            case facts.State():
                if item.before is not None:
                    yield item.before, "weights"
            case facts.PrunedMask(state=state, since=since):
                yield state, "score"
                if since is not None:
                    yield since, "score"
            case facts.ShuffledMask(origin=of) | facts.InvertedMask(origin=of):
                yield of, "mask"
            case facts.GrownMask(state=point):
                yield point, "mask"
            case facts.MeasureFact(state=state, other=other, parts=parts):
                yield from ((part, "asked") for part in parts or (state,))
                if other is not None:
                    yield other, "asked"

    def node(self, item: Drawn) -> Node:
        """An item as a node."""
        kind, word, detail = self._words(item)
        return Node(key=item.digest, kind=kind, word=word, detail=tuple(filter(None, detail)))

    def _words(self, item: Drawn) -> tuple[str, str, Iterable[str]]:
        match item:
            case facts.Start(architecture=model, init=init):
                return "start", "start", (_sized(model), f"{init}, {_shape(model)}")
            case facts.Loaded(architecture=model):
                return "start", "weights from a file", (_sized(model), _shape(model))
            case facts.Point(trajectory=on, at=at):
                return "train", "trained", (f"to step {at:,} of {on.training.total:,}", _recipe(on.training))
            case facts.Wearing():
                return ("change", *self._wearing(item))
            case facts.Redrawn(init=init, keep=keep):
                return "change", "drawn again", (init, "" if keep == "nothing" else f"{keep} kept")
            case facts.Perturbed(how=how, options=options):
                said = ", ".join(f"{name}={value}" for name, value in options.items())
                return "change", "perturbed", (how.partition("@")[0], said)
            case facts.Holding(trains=trains):
                return "change", "partly held", (f"only {trains} trained",)
            case facts.Clocked(at=at):
                return "change", "rate rewound", (f"to that of step {at:,}",)
            case facts.MaskFact():
                return ("mask", *self._mask(item))
            case facts.MeasureFact(name=name, split=split, parts=parts):
                return "measure", spoken_name(name), (f"on {split}" if split else "", _parts(parts))
        return "change", item.tag, ()

    def _wearing(self, item: facts.Wearing) -> tuple[str, Iterable[str]]:
        origin, worn = item.origin, item.worn
        if isinstance(worn, facts.FullMask):
            return "every weight", ("no mask from here on",)
        if isinstance(worn, facts.PrunedMask) and worn.state.digest == origin.digest:
            return "pruned", ("its weights stay as they were",)
        of = self._behind[self._place[worn.digest]]
        if of >> self._place[origin.digest] & 1:
            return "rewound", (f"weights of step {origin.step:,}, under the mask",)
        return "masked", ("with a mask that other weights gave",)

    def _mask(self, mask: facts.MaskFact) -> tuple[str, Iterable[str]]:
        left = self._left.get(mask.digest)
        match mask:
            case facts.PrunedMask(state=state, by=by, scope=scope, structure=structure, fraction=part):
                before = self._before(state)
                of = "" if structure == "weight" else f" of {structure}s"
                how = f"prunes {percent(part)}{of} by {by.partition('@')[0]}, {_where(scope)}"
                change = "" if left is None or before is None else f"{percent(before)} → {percent(left)}{of} left"
                return "mask", (how, change)
            case facts.ShuffledMask(scope=scope):
                return "mask shuffled", (scope, "" if left is None else f"{percent(left)} left")
            case facts.InvertedMask():
                return "mask inverted", ("what it leaves out", "" if left is None else f"{percent(left)} left")
            case facts.GrownMask(state=point):
                return "grown mask", (f"as training has it at step {point.at:,}",)
        return "mask", ()


def spoken_name(measure: str) -> str:
    """What a measure is called in a sentence: a word of the language, or a function of somebody's own.

    Example:
        >>> spoken_name("early_stop"), spoken_name("my.module:drift@0123abcd")
        ('early stop', 'drift')
    """
    return measure.partition("@")[0].rpartition(":")[2].replace("_", " ")


def _shape(model: facts.Model) -> str:
    shape = " × ".join(map(str, model.shape))
    return f"{shape} inputs"


def _sized(model: facts.Model) -> str:
    return f"{model.name}, {plural(model.classes, 'output')}"


def _parts(parts: Sequence[facts.MeasureFact]) -> str:
    return f"of {plural(len(parts), 'measure')}" if parts else ""


def _recipe(training: facts.Training) -> str:
    schedule = schedule_text(training.schedule).partition("(")[0]
    said = [training.data_name.name, optimizer_text(training.optimizer), "" if schedule == "constant" else schedule]
    return ", ".join(filter(None, said))


def value_text(value: object, unit: str = "") -> str:
    """A measured value in words: a number with its unit, or what kind of thing it is."""
    if isinstance(value, bool | int | float):
        told = number(float(value), 4 if abs(value) < 1 else 2).rstrip("0").rstrip(".")
        return f"{told or '0'} {unit}".rstrip()
    if isinstance(value, Mapping):
        return plural(len(value), "value")
    return plural(len(value), "value") if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _where(scope: str) -> str:
    return "per layer" if scope == "layer" else scope
