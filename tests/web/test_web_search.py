"""Searching: every word, what counts more, marks that cannot break a page, and the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_cases import EVIL, add, bench, folder_of, get, read

from whether.store.folder import Store
from whether.web.search import Entry, Field, fold, marked, search, words_of


def entry(title: str, *texts: str, kind: str = "answer", weight: float = 1.0) -> Entry:
    fields = (Field("title", title, 4), *(Field("text", text, weight) for text in texts))
    return Entry(kind=kind, title=title, href="/x", fields=fields)


def titles(entries: list[Entry], query: str, **said: Any) -> list[str]:
    return [hit.entry.title for hit in search(entries, query, **said).hits]


class TestWords:
    def test_every_word_must_occur_somewhere(self) -> None:
        entries = [entry("Tickets win", "on digits"), entry("Tickets lose", "on mnist")]
        assert titles(entries, "tickets") == ["Tickets win", "Tickets lose"]
        assert titles(entries, "tickets mnist") == ["Tickets lose"]
        assert titles(entries, "mnist digits") == []

    def test_case_and_accents_do_not_matter(self) -> None:
        assert titles([entry("Élan vital")], "elan VITAL") == ["Élan vital"]
        assert titles([entry("Straße")], "STRASSE") == ["Straße"]

    def test_words_in_quotation_marks_stand_together(self) -> None:
        entries = [entry("a random mask"), entry("a mask, random")]
        assert titles(entries, '"random mask"') == ["a random mask"]
        assert len(titles(entries, "random mask")) == 2

    @pytest.mark.parametrize("query", ["", "   ", '""', "\u202e", "\n\t"])
    def test_no_word_finds_nothing(self, query: str) -> None:
        found = search([entry("x")], query)
        assert (found.words, list(found.hits)) == ((), [])

    def test_long_queries_are_cut(self) -> None:
        assert len(words_of(" ".join(f"w{n}" for n in range(500)))) == 10
        assert len(words_of("x" * 10_000)[0]) == 200


class TestRanking:
    def test_titles_count_more_than_texts(self) -> None:
        assert titles([entry("other", "ticket"), entry("ticket")], "ticket") == ["ticket", "other"]

    def test_whole_words_before_beginnings_before_insides(self) -> None:
        entries = [entry("the unticketed one"), entry("the ticketing one"), entry("the ticket one"), entry("ticket")]
        assert titles(entries, "ticket") == [one.title for one in reversed(entries)]

    def test_the_earlier_of_equals_comes_first(self) -> None:
        entries = [entry("a ticket"), entry("b ticket")]
        assert titles(entries, "ticket") == ["a ticket", "b ticket"]

    def test_kinds_are_counted_whichever_is_asked_for(self) -> None:
        found = search([entry("ticket"), entry("ticket too", kind="study")], "ticket", kind="study")
        assert ([hit.entry.kind for hit in found.hits], found.kinds) == (["study"], {"answer": 1, "study": 1})

    def test_digests_are_found_by_their_beginning_only(self) -> None:
        one = Entry(kind="network", title="n", fields=(Field("digest", "abcdef0123" * 6, 5, digest=True),))
        assert [len(search([one], query).hits) for query in ("abcd", "ABCDEF", "bcde", "abc")] == [1, 1, 0, 0]


class TestMarks:
    @given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=5), max_size=4))
    def test_pieces_are_the_text(self, text: str, words: list[str]) -> None:
        assert "".join(piece for piece, _ in marked(text, [fold(word)[0] for word in words])) == text

    @given(st.text(max_size=60))
    def test_folding_knows_where_every_sign_stands(self, text: str) -> None:
        folded, places = fold(text)
        assert len(folded) == len(places)
        assert places == sorted(places)
        assert all(0 <= place < len(text) for place in places)

    def test_the_place_is_told_where_it_is_not_the_title(self) -> None:
        long = "word " * 200 + "the needle here " + "word " * 200
        hit = search([entry("title", long)], "needle").hits[0]
        assert hit.place == "text"
        assert ("needle", True) in hit.excerpt
        assert len("".join(text for text, _ in hit.excerpt)) < 200

    def test_a_hit_in_the_title_needs_no_excerpt(self) -> None:
        assert search([entry("a needle", "a needle, too")], "needle").hits[0].excerpt == ()


class TestNothing:
    def test_words_that_occur_nowhere_are_named_with_others_like_them(self) -> None:
        found = search([entry("winning tickets")], "tikcets zzz")
        assert (list(found.nowhere), list(found.near)) == (["tikcets", "zzz"], ["tickets"])

    def test_words_that_never_meet_are_not_called_unknown(self) -> None:
        found = search([entry("winning"), entry("tickets")], "winning tickets")
        assert (list(found.hits), list(found.nowhere)) == ([], [])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from whether.web.app import create_app

    store = Store.find(tmp_path_factory.mktemp("search") / "lab")
    one = bench().answer_of("question-00", 4, 5, 0)
    table = [replace(one.table[0], note="stopped where the curve was censored"), *one.table[1:]]
    add(store, replace(one, table=table, options={"density": "0.05"}))
    add(store, replace(bench().answer_of("question-01", 3, 3, 1), text=f"Is {EVIL} so?"))
    store.ledger.append("registered", bench().registered("question-00", 3))
    for run in one.table[:2]:
        store.records.write(run.state, {"kind": "point", "outcome": "done", "parents": {}})
    return create_app(store.root)


class TestPage:
    @pytest.mark.parametrize(
        ("query", "address"),
        [
            ("density%3D0.05", f"/answers/{folder_of('question-00')}"),
            ("censored", f"/answers/{folder_of('question-00')}"),
            ("%22arm+2%22", f"/answers/{folder_of('question-00')}"),
            ("prune+before+training", f"/answers/{folder_of('question-00')}"),
            ("lottery-ticket", "/questions/lottery-ticket"),
            ("alert", f"/answers/{folder_of('question-01')}"),
        ],
    )
    def test_it_finds(self, lab: Any, query: str, address: str) -> None:
        assert address in read(get(lab, f"/search?q={query}")).links()

    def test_it_finds_networks_studies_and_answers_by_digest(self, lab: Any) -> None:
        one = bench().answer_of("question-00", 4, 5, 0)
        study = bench().registered("question-00", 3)["digest"]
        for digest, address in (
            (one.table[0].state, f"/networks/{one.table[0].state}"),
            (one.digest, f"/answers/{folder_of('question-00')}"),
            (study, f"/studies/{study[:8]}"),
        ):
            page = read(get(lab, f"/search?q={digest[:12]}"))
            assert address in page.links()
        assert "network of arm 0, replicate 0" in read(get(lab, f"/search?q={one.table[0].state[:12]}")).words

    def test_it_knows_the_words_of_the_language(self, lab: Any) -> None:
        words = read(get(lab, "/search?q=magnitude&kind=word")).words
        assert "score" in words
        assert "question-00" not in words

    def test_what_was_found_is_marked(self, lab: Any) -> None:
        assert "<mark>censored</mark>" in get(lab, "/search?q=censored").text

    def test_nothing_of_it_is_markup(self, lab: Any) -> None:
        for query in ("script", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "onerror", "%22%3E%3Cimg+src%3Dx%3E"):
            page = read(get(lab, f"/search?q={query}"))
            assert page.named("img") == []
            assert page.named("script") == []

    def test_empty_and_without_result_it_teaches(self, lab: Any) -> None:
        assert "Every word must occur" in read(get(lab, "/search")).words
        page = read(get(lab, "/search?q=tickket"))
        assert "tickket occurs nowhere in this lab. Perhaps ticket" in page.words
        page = read(get(lab, "/search?q=censored+magnitude"))
        assert "Each occurs, but never together" in page.words

    def test_a_kind_that_is_none_is_passed_over(self, lab: Any) -> None:
        assert get(lab, "/search?q=sparse&kind=%3Cb%3E").status == 200
