"""What an author is asked at the terminal, and what typed lines say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cover_labs import the_answer

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

    def put(_ask: Ask) -> list[str]:
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


def test_the_file_grows_field_by_field() -> None:
    first = kept(None, Hand(name="t"), {"title": Words(text="T")}, {})
    second = kept(f"{first}# mine\n", read(first, "t"), {"doi": Words(text="D")}, {})
    assert second.endswith("# mine\n")
    assert {name: words.text for name, words in read(second, "t").said.items()} == {"title": "T", "doi": "D"}


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
    grown = kept(older, replace(read(older, "t"), answer="tiny-12345678"), {"doi": Words(text="10.1/2")}, {})
    assert grown.startswith("# my head\n\n# Of which answer")
    assert read(grown, "t").answer == "tiny-12345678"
