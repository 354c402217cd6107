"""What an author is asked at the terminal, and what typed lines say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cover_labs import the_answer
from sheets import CLAIM, example

from whether import Lab
from whether.cover.asked import Ask, ask_all, blank, drafts_of, kept, taken, to_ask
from whether.cover.hand import Hand, Words, read
from whether.cover.text import LEGEND, short
from whether.errors import RequestError


def test_drafted_fields_and_silent_ones_are_asked_for(stood: Lab) -> None:
    sheet = stood.cover(the_answer(stood))
    asks = {ask.name: ask.draft for ask in to_ask(sheet, Hand())}
    assert list(asks) == [
        *("title", "authors", "contact", "annex", "doi", "limits", "deviations", "variation", "data", "baselines"),
        *("ethics", "conflicts", "funding", "ai", "start", "open"),
    ]
    assert asks["deviations"] == "None recorded."
    assert asks["title"] == ""
    said = Hand(said={"title": Words(text="T"), "data": Words(text="confirmed")})
    assert not {"title", "data"} & {ask.name for ask in to_ask(stood.cover(the_answer(stood), said), said)}


def test_what_is_typed() -> None:
    drafted, plain, many = Ask(name="variation", draft="Varied."), Ask(name="title"), Ask(name="open")
    assert taken(drafted, [""]) == Words(text="confirmed")
    assert taken(drafted, ["-"]) is None
    assert taken(drafted, ["and the weather"]) == Words(text="and the weather")
    assert taken(plain, ["  "]) is None
    assert taken(many, ["one?", "two?", ""]) == Words(text="one?\ntwo?")
    with pytest.raises(RequestError, match="title has 200 characters"):
        taken(plain, ["x" * 200])


def test_a_wrong_line_is_asked_for_again_and_what_was_said_is_kept() -> None:
    typed = iter([["x" * 200], ["T"], KeyboardInterrupt])
    said: dict[str, Words] = {}
    refused: list[str] = []

    def put(_ask: Ask, _before: object) -> list[str]:
        line = next(typed)
        if line is KeyboardInterrupt:
            raise KeyboardInterrupt
        assert isinstance(line, list)
        return line

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        ask_all(
            [Ask(name="title"), Ask(name="doi")], put, lambda name, words: said.update({name: words}), refused.append
        )
    assert said == {"title": Words(text="T")}
    assert len(refused) == 1


def test_one_may_go_back_and_finds_what_was_typed() -> None:
    typed = iter([["One"], ["10.1/x"], ["<"], ["Two"], ["10.1234/x"]])
    seen: list[tuple[str, list[str]]] = []
    said: dict[str, str] = {}

    def put(ask: Ask, before: Sequence[str]) -> list[str]:
        seen.append((ask.name, list(before)))
        return next(typed)

    ask_all(
        [Ask(name="title"), Ask(name="doi")],
        put,
        lambda name, words: said.update({name: words.text}),
        lambda problem: None,
    )
    assert said == {"title": "Two", "doi": "10.1234/x"}
    assert seen == [("title", []), ("doi", []), ("doi", ["10.1/x"]), ("title", ["One"]), ("doi", ["10.1/x"])]


def test_a_list_says_how_it_ends() -> None:
    assert "one a line; an empty line ends it" in Ask(name="authors").question
    assert "empty line" not in Ask(name="title").question


def test_the_file_grows_field_by_field() -> None:
    first = kept(None, Hand(name="t"), {"title": Words(text="T")}, {})
    second = kept(f"{first}# mine\n", read(first, "t"), {"doi": Words(text="10.1234/D")}, {})
    assert second.endswith("# mine\n")
    assert {name: words.text for name, words in read(second, "t").said.items()} == {"title": "T", "doi": "10.1234/D"}


def test_a_blank_file_has_every_question_once_and_leaves_what_stands(stood: Lab) -> None:
    sheet = stood.cover(the_answer(stood))
    text = blank(None, Hand(name="t"), sheet)
    assert read(text, "t").said == {}
    assert "# Drafted: None recorded." in text
    assert "maintainer" not in text  # of artifacts only
    assert blank(text, Hand(name="t"), sheet) == text
    mine = '# mine\n[limits]\ntext = "L"\n'
    more = blank(mine, read(mine, "t"), sheet)
    assert more.endswith(mine)
    assert more.count("\ntitle = ") == 1
    assert "limits = " not in more
    assert drafts_of(sheet)["category"] == "science"


def test_the_sheet_in_short(stood: Lab) -> None:
    lines = short(stood.cover(the_answer(stood)), 80)
    assert lines[0] == "Does it?"
    assert lines[1:3] == ["  verified · science", f"  {LEGEND}"]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  ● Runs ") for line in lines)
    assert not any("Title" in line for line in lines)  # what is not stated is listed apart


def test_a_half_filled_file_gets_what_is_missing_below_its_head(stood: Lab) -> None:
    sheet = stood.cover(the_answer(stood))
    hand = Hand(name="t", answer="tiny-12345678", said={"title": Words(text="T")})
    half = kept(None, hand, {"ai": Words(text="None.")}, {})
    for text in (half, f"{half}# mine\n"):
        full = blank(text, read(text, "t"), sheet)
        assert 'title = "T"' in full
        assert 'limits = ""' in full
        assert "reproductions = []" in full
        assert full.count('answer = "tiny-12345678"') == 1
        assert full.splitlines()[0] == half.splitlines()[0]
        assert blank(full, read(full, "t"), sheet) == full
    older = '# my head\n\ntitle = "T"\n'
    grown = kept(older, replace(read(older, "t"), answer="tiny-12345678"), {"doi": Words(text="10.1234/2")}, {})
    assert grown.startswith("# my head\n\n# Of which answer")
    assert read(grown, "t").answer == "tiny-12345678"


def test_each_of_several_claims_is_named_over_its_axis_with_its_numbers() -> None:
    lines = "\n".join(" ".join(line.split()) for line in short(replace(example(), axis=[CLAIM, CLAIM]), 400))
    assert lines.count("yes: tickets at 7 % are at most a point worse than the dense network: −0.23 points") == 2
    one = "\n".join(short(example(authors="Ada\nBob", open="a?\nb?"), 400))
    assert "a yes needs it above" not in one.partition("What this is")[0]
    assert "Ada, Bob" in one
    assert "a?; b?" in one
    assert "Hidden from reviewers: Authors, Contact" in "\n".join(short(example().blind(), 400))
