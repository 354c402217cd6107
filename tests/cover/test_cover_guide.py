"""The guides to cover sheets say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from whether.cover.elsewhere import read
from whether.cover.fields import FIELDS
from whether.cover.filled import RESTS_ON
from whether.cover.form import blank
from whether.cover.hand import read as read_hand
from whether.cover.page import SIGNS
from whether.errors import RequestError

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
COVER, ELSEWHERE = ((GUIDE / name).read_text(encoding="utf-8") for name in ("cover.md", "cover-elsewhere.md"))


def test_states_have_their_signs() -> None:
    assert dict(re.findall(r"^\| (\S) ([a-z ]+) \|", COVER, re.M)) == {sign: word for word, sign in SIGNS.items()}


def test_every_field_of_which_it_is_said_what_it_rests_on_is_told() -> None:
    table = COVER[COVER.index("| field | the evidence |") : COVER.index("Trained weights")]
    for name in RESTS_ON:
        assert name in table, name


def test_what_hides_the_authors_is_told() -> None:
    told = " ".join(COVER[COVER.index("`--blind` leaves out") : COVER.index("The sheet lists what")].split()).lower()
    for name, item in FIELDS.items():
        assert not item.names_authors or item.label.lower().split()[0] in told, name


def test_the_file_of_an_author_is_one() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", COVER, re.S)
    assert set(read_hand(text, "t").said) == {"title", "authors", "limits", "start", "variation", "baselines"}


def test_mistakes_are_told_in_these_words() -> None:
    _, claim = re.findall(r"```toml\n(.*?)```", ELSEWHERE, re.S)
    filled = re.sub(
        r'^(\w+) = ""$', r'\1 = "x"', re.sub(r"^(\w+) = \[\]$", r'\1 = ["x"]', blank("science"), flags=re.M), flags=re.M
    )
    wrong = filled.replace('title = "x"', 'titel = "x"').replace('runs = "x"', f'runs = "{"r" * 900}"')
    wrong = wrong.replace('question = "x"', "").replace('annex = "x"', 'title = "x"').replace('verdict = "x"', "")
    wrong = re.sub(r'(doi|date) = "x"', "", wrong).replace('contact = "x"', 'contact = "not stated"')
    wrong = wrong.partition("# [[claim]]")[0] + claim.replace("low = -0.45", 'low = -2.0\nverdict = "yes"')
    with pytest.raises(RequestError, match="titel is unknown") as caught:
        read(wrong, "work.toml")
    shown = [line.strip() for line in ELSEWHERE.splitlines() if line.startswith("    work.toml: ")]
    assert list(caught.value.problems) == shown
