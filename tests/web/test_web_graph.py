"""A network's history as a graph: what is told of it, that nothing covers anything, and its page."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graph_cases import measure, network, remember, rounds, state, told_lab
from hypothesis import given, settings
from hypothesis import strategies as st
from web_cases import EVIL, get, read

from whether import Network, accuracy, barrier
from whether.history import facts
from whether.store.folder import Store
from whether.web.graph import EARLIER, WORST, Graph, Known, Node, Taken, history, known, latest
from whether.web.graph_layout import WIDTH, Places, places
from whether.web.graph_rounds import alike, folded
from whether.web.graph_svg import graph_svg, summary
from whether.web.svg import fitted

SVG = "{http://www.w3.org/2000/svg}"


def words(graph: Graph) -> list[str]:
    return [node.word for node in graph.nodes]


def drawn(graph: Graph, root: str = "") -> ET.Element:
    return ET.fromstring(graph_svg(graph, root=root, title="Title", text="Text"))


class TestHistory:
    def test_a_round_is_trained_masked_rewound_and_trained(self) -> None:
        graph = history(state(rounds(network(), 1)))
        assert words(graph) == ["start", "trained", "mask", "rewound", "trained"]
        place = {node.key: number for number, node in enumerate(graph.nodes)}
        found = {(place[edge.tail], place[edge.head], edge.kind) for edge in graph.edges}
        assert found == {
            (0, 1, "weights"),
            (1, 2, "score"),
            (0, 3, "weights"),
            (2, 3, "mask"),
            (3, 4, "weights"),
        }

    def test_masks_tell_what_they_leave(self) -> None:
        masks = [node for node in history(state(rounds(network(), 3, 0.5))).nodes if node.kind == "mask"]
        assert [node.detail[1] for node in masks] == ["100 % → 50 % left", "50 % → 25 % left", "25 % → 12.5 % left"]
        inverted = history(state(network().masked(network().train().prune(by="magnitude", fraction=0.2).inverted())))
        assert inverted.nodes[-2].detail == ("what it leaves out", "20 % left")

    def test_nodes_stand_after_all_that_went_into_them(self) -> None:
        graph = history(measure(barrier(rounds(network(), 4), network(2).train())))
        place = {node.key: number for number, node in enumerate(graph.nodes)}
        assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)

    @pytest.mark.parametrize(
        ("sentence", "word"),
        [
            (lambda one, two: two.masked(one.train().prune(by="magnitude", fraction=0.5)), "masked"),
            (lambda one, _: (done := one.train()).masked(done.prune(by="magnitude", fraction=0.5)), "pruned"),
            (lambda one, _: one.masked(one.train().prune(by="magnitude", fraction=0.5)), "rewound"),
            (lambda one, _: one.reinit(5, keep="magnitudes"), "drawn again"),
            (lambda one, two: one.mixed(two), "perturbed"),
            (lambda one, _: one.only("batchnorm"), "partly held"),
            (lambda one, _: one.perturbed("noise", 3, scale=0.1), "perturbed"),
            (lambda one, _: one.train().rate_rewound("0it"), "rate rewound"),
        ],
    )
    def test_what_happened_has_a_word(self, sentence: Any, word: str) -> None:
        assert words(history(state(sentence(network(1), network(2)))))[-1] == word

    def test_two_networks_meet_in_a_measure(self) -> None:
        graph = history(measure(barrier(network(1).train(), network(2).train())))
        assert words(graph).count("start") == 2
        assert len({edge.tail for edge in graph.edges if edge.head == graph.nodes[-1].key}) == 2
        assert "1 place two come together" in summary(graph)

    def test_a_later_stop_comes_of_the_earlier_one(self) -> None:
        start = network()
        first = start.train(until="40it")
        graph = history(measure(barrier(first, first.train())))
        stops = [node.key for node in graph.nodes if node.kind == "train"]
        assert (stops[0], stops[1]) in {(edge.tail, edge.head) for edge in graph.edges}
        assert [node.detail[0] for node in graph.nodes if node.kind == "train"] == [
            "to step 40 of 100",
            "to step 100 of 100",
        ]

    @pytest.mark.parametrize("later_first", [True, False])
    def test_stops_are_in_order_whichever_is_asked_for_first(self, later_first: bool) -> None:
        stops = [network().train(until="40it"), network().train()]
        graph = history(measure(barrier(*(stops[::-1] if later_first else stops))))
        place = {node.key: number for number, node in enumerate(graph.nodes)}
        assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)
        check(places({node.key: 70.0 for node in graph.nodes}, [(edge.tail, edge.head) for edge in graph.edges]))

    def test_a_history_of_any_depth_is_told_from_its_end(self) -> None:
        deep: Network = network()
        for seed in range(700):
            deep = deep.reinit(seed)
        whole = history(state(deep))
        graph = latest(whole, 50)
        assert latest(whole, len(whole.nodes)) == whole
        assert len(graph.nodes) == 51
        assert graph.nodes[0].key == EARLIER
        assert graph.nodes[0].detail == ("651 events",)
        assert {edge.tail for edge in graph.edges} <= {node.key for node in graph.nodes}


class TestRounds:
    def test_fifteen_rounds_are_nine_nodes(self) -> None:
        root = state(rounds(network(), 15))
        graph = folded(history(root), root, "?all=1")
        assert len(history(root).nodes) == 1 + 1 + 3 * 15
        assert words(graph) == [
            *("start", "trained", "mask", "rewound", "trained"),
            *("13 more rounds", "mask", "rewound", "trained"),
        ]
        node = graph.nodes[5]
        assert (node.href, len(node.members)) == ("?all=1", 39)
        assert node.detail == ("mask · rewound · trained, 13 times", f"64 % → {100 * 0.8**14:.3g} % left")

    def test_hundreds_of_rounds_are_folded_before_anything_is_left_out(self) -> None:
        root = state(rounds(network(), 300, 0.01))
        assert len(latest(folded(history(root), root)).nodes) == 9

    def test_no_edge_of_a_folded_graph_leads_nowhere(self) -> None:
        pruned = rounds(network(), 5).prune(by="magnitude", fraction=0.1)
        root = measure(barrier(rounds(network(), 9), network(2).masked(pruned)))
        graph = folded(history(root), root)
        keys = {node.key for node in graph.nodes}
        assert {edge.tail for edge in graph.edges} | {edge.head for edge in graph.edges} <= keys
        order = {node.key: number for number, node in enumerate(graph.nodes)}
        assert all(order[edge.tail] < order[edge.head] for edge in graph.edges)

    def test_few_rounds_stay(self) -> None:
        root = state(rounds(network(), 3))
        assert folded(history(root), root) == history(root)

    def test_rounds_that_are_unlike_are_told_apart(self) -> None:
        start, found = network(), network().train()
        for fraction in (0.2, 0.2, 0.5, 0.5):
            found = start.masked(found.prune(by="magnitude", fraction=fraction)).train()
        assert [len(run) for run in alike(state(found))] == [2, 2]

    def test_a_round_that_something_else_rests_on_is_not_hidden(self) -> None:
        start, marks = network(), []
        found = start.train()
        for _ in range(6):
            found = start.masked(found.prune(by="magnitude", fraction=0.2)).train()
            marks.append(found)
        root = measure(barrier(marks[-1], marks[2]))
        assert folded(history(root), root) == history(root)

    def test_the_worst_of_what_is_folded_shows(self) -> None:
        root = state(rounds(network(), 8))
        graph = history(root)
        points = [node.key for node in graph.nodes if node.kind == "train"]
        said = {key: Known(standing="damaged" if key == points[4] else "stands") for key in points}
        node = next(node for node in folded(known(graph, said.get), root).nodes if node.kind == "rounds")
        assert node.standing == "damaged"
        assert "1 damaged, 5 stands" in node.told


def segments(found: Places) -> Iterator[tuple[str, str, tuple[float, float, float, float]]]:
    for way in found.ways:
        for (ax, ay), (bx, by) in itertools.pairwise(way.points):
            yield way.tail, way.head, (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


def check(found: Places) -> None:
    """Boxes lie apart and inside; ways run along the axes, through no box, and none upon another's."""
    boxes = [(key, (box.x, box.y, box.x + WIDTH, box.y + box.height)) for key, box in found.boxes.items()]
    for (_, a), (_, b) in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for _, (left, top, right, low) in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= found.width
        assert low <= found.height
    pieces = list(segments(found))
    for tail, head, (left, top, right, low) in pieces:
        assert left == right or top == low
        assert left >= 0
        for key, box in boxes:
            crosses = left < box[2] - 1e-6 and right > box[0] + 1e-6 and top < box[3] - 1e-6 and low > box[1] + 1e-6
            assert not crosses, (tail, head, key)
    for (tail, _, a), (other, _, b) in itertools.combinations(pieces, 2):
        if tail != other:
            assert not lie_upon(a, b), (tail, other)
    for way in found.ways:
        box, end = found.boxes[way.tail], found.boxes[way.head]
        assert way.points[0][1] == box.y + box.height
        assert way.points[-1][1] == end.y
        assert box.x < way.points[0][0] < box.x + WIDTH
        assert end.x < way.points[-1][0] < end.x + WIDTH


def lie_upon(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two pieces share more than a point."""
    if a[0] == a[2] == b[0] == b[2]:
        return min(a[3], b[3]) - max(a[1], b[1]) > 1e-6
    return a[1] == a[3] == b[1] == b[3] and min(a[2], b[2]) - max(a[0], b[0]) > 1e-6


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Any graph whose nodes stand after what went into them: chains, joins, forks, lone nodes."""
    count = draw(st.integers(1, 14))
    pairs = [
        (f"n{tail}", f"n{head}")
        for head in range(1, count)
        for tail in draw(st.sets(st.integers(0, head - 1), max_size=3))
    ]
    return {f"n{number}": draw(st.sampled_from([40.0, 90.0])) for number in range(count)}, pairs


class TestPlaces:
    @given(graphs())
    @settings(max_examples=120, deadline=None)
    def test_nothing_covers_anything(self, graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
        found = places(*graph)
        check(found)
        assert {(way.tail, way.head) for way in found.ways} == set(graph[1])
        assert all(found.boxes[tail].row < found.boxes[head].row for tail, head in graph[1])

    @pytest.mark.parametrize("fold", [True, False])
    def test_fifteen_rounds_go_straight_down(self, fold: bool) -> None:
        root = measure(accuracy(rounds(network(), 15)))
        graph = folded(history(root), root) if fold else history(root)
        found = places({node.key: 70.0 for node in graph.nodes}, [(edge.tail, edge.head) for edge in graph.edges])
        check(found)
        assert {box.lane for box in found.boxes.values()} == {0}
        assert found.width < 330  # a phone shows it

    def test_a_join_stands_beside_what_it_joins(self) -> None:
        root = state(network(1).reinit(5).masked(rounds(network(1), 6).prune(by="magnitude", fraction=0.2)).train())
        graph = folded(history(root), root)
        found = places({node.key: 70.0 for node in graph.nodes}, [(edge.tail, edge.head) for edge in graph.edges])
        check(found)
        lanes = {node.word: found.boxes[node.key].lane for node in graph.nodes}
        assert (lanes["masked"], lanes["drawn again"]) == (0, 1)

    def test_no_node_has_places_too(self) -> None:
        assert places({}, []).boxes == {}


class TestDrawing:
    def test_every_node_is_there_with_its_words_and_links(self) -> None:
        root = state(rounds(network(), 5))
        graph = known(history(root), lambda key: Known(standing="stands", href=f"/networks/{key}"))
        svg = drawn(graph, root.digest)
        links = [link.get("href") for link in svg.iter(f"{SVG}a")]
        assert links == [f"/networks/{node.key}" for node in graph.nodes if node.key != root.digest]
        assert len(list(svg.iter(f"{SVG}g"))) == len(graph.nodes)
        assert all(link.get("aria-label") for link in svg.iter(f"{SVG}a"))

    def test_it_has_a_name_and_words_and_no_look_of_its_own(self) -> None:
        svg = drawn(history(state(network().train())))
        ids = {part.get("id"): part.text for part in svg.iter() if part.get("id")}
        assert ids[str(svg.get("aria-labelledby"))] == "Title"
        assert ids[str(svg.get("aria-describedby"))] == "Text"
        assert svg.get("role") == "group"  # an image would hide its links
        assert all(part.get("style") is None and part.get("fill") is None for part in svg.iter())

    def test_hostile_words_stay_words(self) -> None:
        node = Node(
            key=EVIL,
            kind="change",
            word=EVIL * 9,
            detail=(EVIL,),
            href='/x"><script>',
            taken=(Taken(name=EVIL, value=EVIL),),
        )
        text = graph_svg(Graph((node,), ()), root="", title=EVIL, text=EVIL)
        tags = {part.tag for part in ET.fromstring(text).iter()}
        assert tags <= {
            f"{SVG}{name}" for name in ("svg", "title", "desc", "defs", "marker", "path", "a", "g", "rect", "text")
        }
        assert "\u202e" not in text

    def test_words_that_are_too_long_are_cut(self) -> None:
        assert fitted("x" * 10_000, 200).endswith("x…")
        assert len(fitted("x" * 10_000, 200)) < 40
        assert fitted("", 200) == ""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.find(tmp_path_factory.mktemp("graph") / "lab")


@pytest.fixture(scope="module")
def pieces(store: Store) -> dict[str, str]:
    return told_lab(store)


@pytest.fixture(scope="module")
def lab(store: Store, pieces: dict[str, str]) -> Any:
    from whether.web.app import create_app

    return create_app(store.root)


class TestPage:
    def test_a_ticket_is_told_as_a_graph_and_as_a_list(self, lab: Any, pieces: dict[str, str]) -> None:
        page = read(get(lab, f"/networks/{pieces['ticket']}"))
        parts = ("pruned 6 times", "4 more rounds", "The same as a list", "accuracy")
        assert [part for part in parts if part not in page.words] == []
        assert len([said for tag, said in page.elements if tag == "svg"]) == 3  # the graph and two panels of curves
        assert "62.5 %" in page.words
        assert "/answers/question-77-" in " ".join(page.links())

    def test_every_round_can_be_shown(self, lab: Any, pieces: dict[str, str]) -> None:
        page = get(lab, f"/networks/{pieces['ticket']}?all=1").text
        assert "more rounds" not in page
        assert page.count('<li id="n') == 1 + 1 + 3 * 6

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("ticket", "stands"),
            ("failed", "ValueError: &lt;b&gt;no&lt;/b&gt;"),
            ("diverged", "diverged"),
            ("barrier", "75 points"),
            ("borrowed", "with a mask that other weights gave"),
            ("accuracy", "62.5 %"),
        ],
    )
    def test_each_piece_says_how_it_is(self, lab: Any, pieces: dict[str, str], name: str, told: str) -> None:
        got = get(lab, f"/networks/{pieces[name]}")
        assert got.status == 200
        assert told in got.text

    def test_the_beginning_of_a_digest_leads_there(self, lab: Any, pieces: dict[str, str]) -> None:
        got = get(lab, f"/networks/{pieces['ticket'][:10]}")
        assert (got.status, got.headers["location"]) == (307, f"/networks/{pieces['ticket']}")

    @pytest.mark.parametrize("name", ["0" * 64, "abcdef", "xyz", "A" * 64, "%2e%2e", "0" * 65])
    def test_what_is_not_there_is_not_found(self, lab: Any, name: str) -> None:
        assert get(lab, f"/networks/{name}").status == 404

    def test_dropped_and_damaged_are_told(self, tmp_path: Path) -> None:
        from whether.web.app import create_app

        store = Store.find(tmp_path / "lab")
        facts_ = [state(network(seed).train()) for seed in (1, 2, 3)]
        for fact in facts_:
            remember(store, fact)
        store.states.path(facts_[0].digest).unlink()
        store.states.path(facts_[1].digest).write_bytes(b"other")
        path = store.records.path(facts_[2].digest)
        path.write_bytes(path.read_bytes().replace(b'"step":100', b'"step":101'))
        told = [read(get(create_app(store.root), f"/networks/{fact.digest}")).words for fact in facts_]
        assert "weights dropped" in told[0]
        assert "damaged" in told[1]
        assert "It is not what was written there" in told[2]

    def test_a_parent_without_record_is_told(self, tmp_path: Path) -> None:
        from whether.web.app import create_app

        store = Store.find(tmp_path / "lab")
        root = state(rounds(network(), 1))
        remember(store, root)
        before = next(item for item in history(root).nodes if item.kind == "train")
        store.records.path(before.key).unlink()
        got = get(create_app(store.root), f"/networks/{root.digest}")
        assert got.status == 200
        assert f"the record {before.key[:12]}" in got.text

    def test_measures_that_come_later_are_found(self, tmp_path: Path) -> None:
        from whether.web.app import create_app

        store = Store.find(tmp_path / "lab")
        trained = network().train()
        remember(store, state(trained))
        app = create_app(store.root)
        address = f"/networks/{state(trained).digest}"
        assert "81.25" not in get(app, address).text
        remember(store, measure(accuracy(trained)), value=81.25)
        assert "81.25 %" in get(app, address).text

    def test_states_are_those_that_a_page_knows(self) -> None:
        assert len(set(WORST)) == 6
        assert issubclass(facts.Point, facts.State)
