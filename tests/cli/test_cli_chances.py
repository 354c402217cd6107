"""`show`: the chances of a yes and of a no, from what the claims state, from a pilot, or what they lack."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from whether.cli.chances import WIDE, bar

STATED = '''\
from whether import Control, Network, Question, exceeds, question


@question()
def stated(sd=1.0, s=1.0):
    """Is it?"""

    def arms(rep):
        return {"a": Network("mlp-2", data="digits", seed=rep).train(), "b": Network("mlp-3", data="digits", seed=rep)}

    return Question(
        arms,
        claims=[exceeds("a", "b", by=s, because="less is noise", sd=sd)],
        if_yes="Yes.",
        if_no="No.",
        replicates=12,
    )
'''


@pytest.fixture
def stated(folder: Path) -> str:
    (folder / "stated.py").write_text(STATED, encoding="utf-8")
    return "stated.py"


def section(printed: str) -> list[str]:
    """The lines of the section on chances."""
    return printed.partition("\nChances")[2].partition("\n\n")[0].splitlines()[1:]


class TestStated:
    def test_a_row_for_each_number_of_replicates(self, whether: Any, stated: str) -> None:
        lines = section(whether("show", stated).out)
        assert lines[0].split() == ["replicates", "a", "yes", "a", "no"]
        assert [line.split()[0] for line in lines[1:7]] == ["3", "6", "9", "12", "18", "24"]
        assert [line.split()[1] == "*" for line in lines[1:7]] == [False, False, False, True, False, False]
        assert lines[4].split() == ["12", "*", *["94", "%", "################|#.."] * 2]
        assert "* as asked; | marks 80 %, which registering asks of both" in lines[7]
        rest = " ".join(" ".join(lines[8:]).split())
        assert rest == (
            "a yes when a is better than b by 2 points a no when a and b are equal "
            "Standard deviation: 1 points, stated in the question. Exact."
        )

    def test_too_few_are_told_with_how_many_would_do(self, whether: Any, stated: str) -> None:
        said = " ".join(whether("show", stated, "sd=2", "replicates=5").out.split())
        n = int(said.partition("As asked it is underpowered: replicates=")[2].split()[0])
        assert n > 5
        assert "underpowered" not in whether("show", stated, "sd=2", f"replicates={n}").out
        none = " ".join(whether("show", stated, "sd=900").out.split())
        assert "underpowered: no number of replicates up to 10,000 would do" in none

    def test_looks_are_told_with_what_they_save(self, whether: Any, stated: str) -> None:
        out = whether("show", stated, "looks=[6,12]", "spending=pocock").out
        said = " ".join(out.split())
        assert (
            "Looked at with 6 and 12, until the verdict stands; the level is shared out among the looks (pocock)"
            in said
        )
        used = said.partition("With its looks it takes ")[2]
        assert 6 < float(used.split()[0]) < 12
        assert "From 20,000 simulated courses" in said

    def test_no_line_is_too_wide(self, whether: Any, stated: str) -> None:
        assert max(map(len, whether("show", stated, "looks=[6,12]").out.splitlines())) <= 80

    def test_no_lab_is_looked_for(
        self, whether: Any, stated: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nowhere(*given: Any, **how: Any) -> None:
            raise AssertionError("a lab was opened")

        monkeypatch.setattr("whether.lab.Lab", nowhere)
        assert whether("show", stated).code == 0
        assert not (folder / "lab").exists()

    def test_json_has_everything(self, whether: Any, stated: str) -> None:
        found = json.loads(whether("show", stated, "--json").out)["chances"]
        assert found["yes"] == found["curve"]["yes"][found["curve"]["n"].index(12)]
        assert (found["method"], found["error"], found["power"], found["enough"]) == ("exact", 0.0, 0.8, 12)
        assert found["spreads"] == [
            {
                "claim": "a exceeds b by more than 1 point",
                "sd": 1.0,
                "source": "stated in the question",
                "resolution": pytest.approx(1 / 3),
            }
        ]

    def test_of_the_catalogue_it_is_quick(self, whether: Any) -> None:
        whether("show", "xor")  # imports what it needs
        begin = time.process_time()
        assert "96 %" in whether("show", "lottery-ticket").out
        assert time.process_time() - begin < 1.5


class TestPilot:
    def test_where_nothing_is_stated_that_is_told_and_no_lab_is_made(
        self, whether: Any, signs: Path, folder: Path
    ) -> None:
        done = whether("show", "signs.py")
        assert done.code == 0
        said = " ".join(section(done.out)[0:4]).split()
        assert " ".join(said).startswith(
            "Not known: no standard deviation over replicates is known to plan with: 'ticket exceeds new signs by more "
            "than 1 point' (of the paired differences, in points). State sd=… in the claim"
        )
        assert not (folder / "lab").exists()
        lacking = json.loads(whether("show", "signs.py", "--json").out)["chances"]["lacking"]
        assert "whether run signs.py replicates=5" in lacking[0]

    def test_an_exploratory_answer_shows_it(self, whether: Any, signs: Path, lab: Any) -> None:
        whether("run", "signs.py", "replicates=5")
        out = whether("show", "signs.py").out
        said = " ".join(" ".join(section(out)).split())
        assert "upper 80 % limit of pilot signs-" in said
        assert "at n 5)" in said
        other = whether("show", "signs.py", "density=.2").out
        assert "Not known: no standard deviation" in other

    def test_a_damaged_lab_shows_nothing_and_does_not_stop_it(
        self, whether: Any, signs: Path, lab: Any, folder: Path
    ) -> None:
        whether("run", "signs.py", "replicates=5")
        for entry in (folder / "lab" / "ledger").iterdir():
            entry.chmod(0o644)
            entry.write_bytes(b"{}")
        done = whether("show", "signs.py")
        assert done.code == 0
        assert "Not known: no standard deviation" in done.out

    def test_a_lab_that_is_named_must_be_there(self, whether: Any, signs: Path) -> None:
        done = whether("show", "signs.py", "--lab", "nowhere")
        assert done.code == 2
        assert "there is no lab at" in done.err


class TestPicture:
    @pytest.mark.parametrize(("name", "begin"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("A.SVG", b"<?xml")])
    def test_it_is_drawn(self, whether: Any, stated: str, folder: Path, name: str, begin: bytes) -> None:
        done = whether("show", stated, "--picture", name)
        assert done.code == 0
        assert done.out.endswith(f"\nDrawn: {name}\n")
        assert (folder / name).read_bytes().startswith(begin)
        if begin == b"<?xml":
            assert "n = 12" in (folder / name).read_text(encoding="utf-8")

    def test_with_json_it_is_drawn_too_and_json_stays_json(self, whether: Any, stated: str, folder: Path) -> None:
        json.loads(whether("show", stated, "--picture", "a.svg", "--json").out)
        assert (folder / "a.svg").is_file()

    @pytest.mark.parametrize(
        ("picture", "message"),
        [
            ("a.pdf", "--picture a.pdf: expected a file that ends in .png or .svg"),
            ("nowhere/a.png", "--picture nowhere/a.png: there is no folder nowhere; make it first"),
        ],
    )
    def test_where_it_cannot_be(self, whether: Any, stated: str, picture: str, message: str) -> None:
        done = whether("show", stated, "--picture", picture)
        assert (done.code, done.out) == (2, "")
        assert message in done.err

    def test_nothing_is_drawn_where_nothing_is_known(self, whether: Any, signs: Path, folder: Path) -> None:
        done = whether("show", "signs.py", "--picture", "a.png")
        assert done.code == 2
        assert "--picture a.png: there is nothing to draw; no standard deviation" in done.err
        assert not (folder / "a.png").exists()

    def test_a_place_that_cannot_be_written_to(self, whether: Any, stated: str, folder: Path) -> None:
        (folder / "a.png").mkdir()
        done = whether("show", stated, "--picture", "a.png")
        assert done.code == 1
        assert "a.png could not be written: Is a directory" in done.err


@pytest.mark.parametrize(
    ("share", "power", "signs"),
    [
        (0.0, 0.8, "................|..."),
        (1.0, 0.8, "################|###"),
        (0.7999, 0.8, "###############.|..."),
        (0.8, 0.8, "################|..."),
        (0.5, 0.99, "##########.........|"),
    ],
)
def test_bars(share: float, power: float, signs: str) -> None:
    assert bar(share, power) == signs
    assert len(signs) == WIDE
