"""What `plan` tells of time: where its seconds are from, on how many devices, in which order, and what it doubts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.xor import xor
from whether.cli.planning import device_counts, length
from whether.errors import RequestError
from whether.plan import ask, make_plan
from whether.plan.cost import kind_of
from whether.seeds import Seed
from whether.store import Store

OWN = '''\
from whether import Network, Question, exceeds, question


@question(category="science")
def own(model="nets:make", other="mlp-4", replicates=2):
    """Does code of one's own do as well?"""

    def arms(rep):
        return {name: Network(name, data="digits", seed=rep).train() for name in (model, other)}

    return Question(
        arms,
        claims=[exceeds(model, other, by=1, because="less is noise")],
        if_yes="Use it.",
        if_no="Do not.",
        replicates=replicates,
    )
'''


@pytest.fixture
def own(folder: Path) -> Path:
    """A question with a model of one's own, whose module is in nets.py."""
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    path = folder / "nets.py"
    path.write_text("def make():\n    return None\n\n\nalike = make\n", encoding="utf-8")
    return path


class TestTime:
    def test_counted_is_said_to_be_so(self, whether: Any) -> None:
        printed = whether("plan", "xor", "replicates=3").out
        assert "counted from FLOPs, not measured" in printed
        assert "Counted: the operations of each step at 50 GFLOP/s" in printed

    def test_a_table_of_devices(self, whether: Any) -> None:
        lines = whether("plan", "lottery-ticket", "replicates=4", "--devices", "1,2000").out.splitlines()
        place = next(number for number, line in enumerate(lines) if line.split()[:2] == ["devices", "done"])
        one, many = lines[place + 1 : place + 3]
        assert one.split()[0] == "1"
        assert one.endswith("the work")
        assert many.split()[0] == "2,000"
        assert "the longest chain: 16 networks, one" in many

    def test_measured_is_taken_from_the_lab(self, whether: Any, folder: Path, lab: Any) -> None:
        store = Store.find(folder / "lab")
        for piece in make_plan([ask(xor(replicates=1), seed=Seed(0), open_test=False)]).pieces:
            store.paces.note(kind_of(piece), 0.25, 4, "an abacus")
        printed = whether("plan", "xor", "replicates=2").out
        assert "measured in this lab (an abacus)" in printed
        assert "Counted:" not in printed
        found = json.loads(whether("plan", "xor", "replicates=2", "--json").out)
        assert found["forecast"]["device_seconds"] == 0.25 * found["steps_to_train"]
        assert found["forecast"]["sources"] == {"measured": 8}

    def test_what_cannot_be_known_is_said_to_be_so(self, whether: Any, own: Path) -> None:
        printed = whether("plan", "own.py", "other=nets:alike").out
        assert "How long it takes is not known" in " ".join(printed.split())
        assert "Time" not in printed
        mixed = whether("plan", "own.py").out
        assert "2 networks counted from FLOPs, not measured; 2 networks guessed" in " ".join(mixed.split())

    def test_nothing_to_train(self, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("whether.cli.planning.without_lab", _without_work)
        printed = whether("plan", "xor").out
        assert "Nothing would be trained." in printed
        assert "Time" not in printed

    @pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("120", 100)])
    def test_no_line_is_wider_than_the_terminal(
        self, columns: str, widest: int, whether: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", columns)
        printed = whether("plan", "xor", "lottery-ticket", "--sweep", "replicates=5,300", "--pieces").out
        assert max(map(len, printed.splitlines())) <= widest


class TestSeveral:
    def test_the_order_of_questions_and_what_each_adds(self, whether: Any) -> None:
        lines = whether("plan", "lottery-ticket", "xor", "replicates=2", "--sweep", "s=1,2").out.splitlines()
        order = [" ".join(line.split()) for line in lines[lines.index("In this order") + 1 :]][:4]
        assert [line.rsplit(" networks, ")[0] for line in order] == [
            "1 xor s=1.0 8",
            "2 xor s=2.0 nothing more",
            "3 lottery-ticket s=1.0 52",
            "4 lottery-ticket s=2.0 nothing more",
        ]

    def test_json_has_it_all(self, whether: Any) -> None:
        found = json.loads(whether("plan", "lottery-ticket", "xor", "replicates=2", "--devices", "8", "--json").out)
        told = found["forecast"]
        assert [turn["question"] for turn in told["turns"]] == ["xor", "lottery-ticket"]
        assert sum(turn["pieces"] for turn in told["turns"]) == len(found["trajectories"])
        assert sum(pack["networks"] * pack["packs"] for pack in told["packs"]) == len(found["trajectories"])
        (finish,) = told["finishes"]
        assert finish["devices"] == 8
        assert told["device_seconds"] / 8 <= finish["at_least"] <= finish["seconds"]
        assert told["chain_pieces"] == 16


class TestDoubts:
    def test_an_import_that_will_fail_is_told_before_the_run(self, whether: Any, own: Path) -> None:
        own.write_text("import torch\nimport no_such_package\n\n\ndef make():\n    return None\n", encoding="utf-8")
        done = whether("plan", "own.py")
        assert done.code == 0
        assert "nets.py, line 2, imports no_such_package, which is not installed: `run` would fail" in done.err

    def test_nothing_is_doubted_of_a_sound_module(self, whether: Any, own: Path) -> None:
        assert "imports" not in whether("plan", "own.py").err


@pytest.mark.parametrize("text", ["", "two", "1,,2", "0,1", "-1", "1.5"])
def test_numbers_of_devices_that_are_none(text: str) -> None:
    with pytest.raises(RequestError, match="expected numbers of devices, such as --devices 1,8,64"):
        device_counts(text)


def test_numbers_of_devices() -> None:
    assert device_counts("8, 1,8,500") == (1, 8, 500)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0 s"), (9.96, "10 s"), (59.6, "1 min"), (3600, "1 h"), (1e7, "115 d 17 h")]
)
def test_lengths(seconds: float, said: str) -> None:
    assert length(seconds) == said


def _without_work(*_: Any, **__: Any) -> Any:
    asked = ask(xor(replicates=1), seed=Seed(0), open_test=False)

    class Full:
        measures = frozenset(fact.digest for row in asked.arms for _, fact in row)
        points = resumable = ()

    return make_plan([asked], Full())
