"""The author's file: read strictly, all mistakes at once; written so that it reads back the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from whether.cover.fields import FIELDS
from whether.cover.hand import BY_HAND, Hand, grown, read, write
from whether.cover.questions import question
from whether.cover.words import Words, annex_of
from whether.errors import RequestError

HOSTILE = '"]\n[x]\ntitle = """ \\u0000 \u202e <script>\x7f\x00 = \\ \u2028 #'


def said(text: str) -> dict[str, Words]:
    return dict(read(text, "t.cover.toml").said)


def wrong(text: str) -> tuple[str, ...]:
    with pytest.raises(RequestError, match=r"^t\.cover\.toml") as caught:
        read(text, "t.cover.toml")
    return caught.value.problems


class TestRead:
    def test_texts_lists_and_pointers(self) -> None:
        told = said('title = "T"\nauthors = ["A", "B"]\nstart = {text = "s", pointer = "p"}\n[open]\ntext = ["x", "y"]')
        assert told == {
            "title": Words(text="T"),
            "authors": Words(text="A\nB"),
            "start": Words(text="s", pointer="p"),
            "open": Words(text="x\ny"),
        }

    def test_what_is_empty_says_nothing(self) -> None:
        assert said('title = ""\nauthors = []\nopen = ["", "  "]\nstart = {pointer = "p"}') == {}

    def test_one_line_does_for_a_list(self) -> None:
        assert said('authors = "Ada"') == {"authors": Words(text="Ada")}

    def test_signs_that_no_page_may_hold_are_left_out(self) -> None:
        assert said('title = "a\\tb\\u202e\\nc"') == {"title": Words(text="a b c")}

    def test_reproductions_lead_from_its_folder(self) -> None:
        hand = read('reproductions = ["a/b.json"]', "t.cover.toml", Path("there"))
        assert (hand.reproductions, hand.folder) == (("a/b.json",), Path("there"))

    def test_all_mistakes_at_once(self) -> None:
        text = (
            'titel = "x"\nverdict = "yes"\ncontact = 3\ncategory = "sience"\nopen = ["1", "2", "3", "4"]\n'
            'funding = {text = "a", ponter = "b"}\nlimits = ["a", "b"]\nreproductions = "x"\nai = ["a", 7]\n'
            'title = "confirmed"\nannex = "code"\n'
        )
        problems = wrong(text)
        assert [problem.removeprefix("t.cover.toml: ").split(";")[0] for problem in problems] == [
            "unknown field 'titel'",
            "'verdict' is not for authors: it is filled from the evidence. Leave it out.",
            "contact is 3",
            "unknown category 'sience'",
            "open has 4 items",
            "funding.ponter is unknown",
            "limits is a list of 2",
            "ai is ['a', 7]",
            "title is 'confirmed', but nothing is drafted there",
            "annex begins with 'code'",
            "reproductions is no list of paths",
        ]
        assert "did you mean 'title'" in problems[0]
        assert "did you mean 'pointer'" in problems[5]

    @pytest.mark.parametrize("name", BY_HAND)
    def test_limits_are_those_of_the_table(self, name: str) -> None:
        most = FIELDS[name].most
        if name in ("category", "annex", "contact", "doi"):
            return
        assert len(said(f'{name} = "{"x" * most}"')[name].text) == most
        (problem,) = wrong(f'{name} = "{"x" * (most + 1)}"')
        assert f"{name} has {most + 1:,} characters; the page has room for {most}." in problem

    @pytest.mark.parametrize(
        ("name", "right", "wrong_ones"),
        [
            (
                "contact",
                ["ada@example.org", "Ada <ada@example.org>", "https://x.org/a", "lab.example.org", "not stated"],
                ["Ada", "ada@", "ask me. Or not"],
            ),
            (
                "doi",
                ["10.5281/zenodo.1", "doi:10.1234/x", "https://x.org/1", "arXiv:1803.03635"],
                ["none yet", "10.1/x"],
            ),
        ],
    )
    def test_addresses_are_addresses(self, name: str, right: list[str], wrong_ones: list[str]) -> None:
        for text in right:
            assert said(f'{name} = "{text}"')[name].text == text
        for text in wrong_ones:
            assert f"{name} is '{text}'; expected a" in wrong(f'{name} = "{text}"')[0]

    def test_ten_thousand_characters(self) -> None:
        assert "has 10,000 characters" in wrong(f'title = "{"x" * 10_000}"')[0]
        assert "pointer of title has 10,000 characters" in wrong(f'title = {{text="a", pointer="{"x" * 10_000}"}}')[0]

    def test_no_toml_is_told_where(self) -> None:
        assert "not TOML" in wrong("title = x")[0]
        assert "line 2" in wrong('title = "a"\nb\n')[0]

    def test_a_file_of_brackets_is_no_toml(self) -> None:
        assert "not TOML" in wrong("title = " + "[" * 100_000)[0]


class TestWrite:
    def test_what_is_written_reads_back_the_same(self) -> None:
        hand = Hand(
            said={
                "title": Words(text='A "quoted" \\ title'),
                "authors": Words(text="Ada\nBob"),
                "open": Words(text="one?\ntwo?", pointer="p"),
                "limits": Words(text="L", pointer="paper.pdf, §4"),
                "variation": Words(text="confirmed"),
            },
            reproductions=("a.json",),
            name="t.cover.toml",
        )
        for names in ((), tuple(BY_HAND)):
            assert read(write(hand, names=names), "t.cover.toml") == hand

    def test_hostile_words_stay_words(self) -> None:
        text = write(Hand(said={"title": Words(text=HOSTILE)}), drafts={"title": HOSTILE}, names=["authors", "title"])
        assert tomllib.loads(text).keys() == {"title", "authors", "reproductions"}
        assert set(said(text)) == {"title"}

    def test_every_field_has_its_question(self) -> None:
        text = write(Hand(), names=tuple(BY_HAND), drafts={"variation": "Varied: all."})
        assert said(text) == {}
        asked = " ".join(line.removeprefix("# ") for line in text.splitlines())
        assert all(FIELDS[name].ask in asked for name in BY_HAND)
        assert '# Drafted: Varied: all.\n# Write "confirmed", or what is to be added.\nvariation = ""' in text
        assert max(map(len, text.splitlines())) <= 110

    def test_without_names_only_what_is_said_stands(self) -> None:
        assert tomllib.loads(write(Hand(said={"doi": Words(text="10.1234/2")}))) == {"doi": "10.1234/2"}

    def test_an_entry_says_how_many_it_takes(self) -> None:
        assert f"At most {FIELDS['open'].most} characters, 3 items." in question("open").replace("\n# ", " ")


class TestGrown:
    TEXT = '# mine\ntitle = ""\n\n# of the money\nfunding = "F" # why\n[start]\ntext = "s"\n'

    def grow(self, text: str, **more: Words) -> tuple[str, Hand]:
        hand = read(text, "t.cover.toml")
        made = grown(text, hand, more)
        assert read(made, "t.cover.toml") == hand.saying(more)
        return made, hand

    def test_an_empty_field_is_filled_in_its_place(self) -> None:
        made, _ = self.grow(self.TEXT, title=Words(text="T"))
        assert made == self.TEXT.replace('title = ""', 'title = "T"')

    def test_a_new_one_is_put_ahead_and_all_else_stays(self) -> None:
        made, _ = self.grow(self.TEXT, ai=Words(text="None."), open=Words(text="a\nb"))
        assert made.endswith(self.TEXT)
        assert made.startswith(f"# {FIELDS['ai'].ask[:20]}")

    def test_one_that_nobody_touched_stays_in_the_order_of_the_page(self) -> None:
        made, _ = self.grow(write(Hand(said={"ai": Words(text="None.")})), title=Words(text="T"), open=Words(text="a"))
        assert list(tomllib.loads(made)) == ["title", "ai", "open"]

    def test_what_was_said_otherwise_makes_it_written_anew(self) -> None:
        made, _ = self.grow(self.TEXT, funding=Words(text="G"))
        assert said(made)["funding"].text == "G"

    def test_nothing_is_lost_when_words_look_like_an_empty_field(self) -> None:
        text = 'limits = """\ntitle = ""\n"""\n'
        made, _ = self.grow(text, title=Words(text="T"))
        assert said(made)["title"].text == "T"


def test_an_annex_begins_with_a_category() -> None:
    assert annex_of("Science") == "science"
    assert annex_of("code: artifact") is None
