"""Wrong requests: what was got, what was expected, the nearest valid name, what to do; all at once, no traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fault_cases import LAB, Call, command, records

pytestmark = pytest.mark.usefixtures("plain_pages", "own_files")

LOTTERY = ("run", "lottery-ticket")
PRINTED = "unknown {} {!r}; did you mean {!r}".format

REFUSED: list[tuple[tuple[str, ...], list[str]]] = [
    # Names.
    (("run", "lotery-ticket"), [PRINTED("question", "lotery-ticket", "lottery-ticket"), "`whether list` shows them"]),
    (("show", "lotery-ticket"), [PRINTED("question", "lotery-ticket", "lottery-ticket")]),
    (("plan", "xorr"), [PRINTED("question", "xorr", "xor")]),
    (("answer", "xorr"), ["there is no lab in"]),
    (("run",), ["which question? Known: batchnorm-only, early-phase"]),
    (("rnu", "xor"), [PRINTED("verb", "rnu", "run"), "`whether --help` tells"]),
    (("xor",), ["xor is a question; what about it? To answer it: whether run xor"]),
    (("run", "xor", "hiden=3"), [PRINTED("option of xor", "hiden", "hidden"), "`whether show NAME` explains them"]),
    (("run", "xor", "--hidden=3"), ["no such option: --hidden", "written without dashes: hidden=…"]),
    (("run", "xor", "hidden"), ["unknown question 'hidden'", "Known: batchnorm-only, early-phase"]),
    ((*LOTTERY, "preset=papers"), [PRINTED("preset", "papers", "paper")]),
    ((*LOTTERY, "model=lenet-300"), [PRINTED("model", "lenet-300", "lenet-300-100"), "'module:function'"]),
    ((*LOTTERY, "data=digit"), [PRINTED("data set", "digit", "digits"), "train*.parquet and test*.parquet"]),
    ((*LOTTERY, "init=kaiming"), [PRINTED("initialiser", "kaiming", "kaiming-normal")]),
    ((*LOTTERY, "optimizer=adem"), [PRINTED("optimizer", "adem", "adam")]),
    ((*LOTTERY, "scope=globl"), [PRINTED("scope", "globl", "global")]),
    # Steps.
    ((*LOTTERY, "rewind=500"), ["rewind is 500, a bare number: 500 of what? Write '500it'"]),
    ((*LOTTERY, "steps=500"), ["steps is 500, a bare number: 500 of what? Write '500it'"]),
    ((*LOTTERY, "rewind=5xx"), ["rewind is '5xx'; expected a form like '500it', '2ep' or '10%'"]),
    ((*LOTTERY, "rewind=1.5it"), ["rewind is '1.5it'; iterations come whole: write '2it'"]),
    ((*LOTTERY, "rewind=110%"), ["rewind is '110%'; expected at most '100%'"]),
    ((*LOTTERY, "steps=0it"), ["a recipe's total is '0it'; expected more than nothing"]),
    (
        (*LOTTERY, "rewind=9000it"),
        ["is 9000 iterations, beyond the recipe's total of 400", "recipe.but(total='9000it')"],
    ),
    # Numbers.
    *(
        ((*LOTTERY, f"fraction={wrong}"), [f"fraction is {float(wrong)}; expected a number in (0, 1)", "such as 0.2"])
        for wrong in ("0", "1", "1.5", "-.2")
    ),
    ((*LOTTERY, "fraction=half"), ["fraction=half: expected a number, such as fraction=0.2"]),
    ((*LOTTERY, "density=2"), ["density is 2.0; expected a number in (0, 1)"]),
    ((*LOTTERY, "density=.9"), ["no round leaves a density of 0.9; these rounds leave 0.800, 0.640", "Name one"]),
    ((*LOTTERY, "replicates=0"), ["replicates is 0; expected a whole number, 1 or more"]),
    ((*LOTTERY, "replicates=-1"), ["replicates is -1; expected a whole number, 1 or more"]),
    ((*LOTTERY, "replicates=few"), ["replicates=few: expected a whole number, such as replicates=16"]),
    ((*LOTTERY, "alpha=.7"), ["alpha is 0.7; expected a one-sided level in (0, 0.5), such as 0.05"]),
    ((*LOTTERY, "batch=0"), ["a recipe's batch is 0; expected a whole number of examples, 1 or more"]),
    ((*LOTTERY, "lr=-1"), ["lr is -1.0; expected a number, 0 or more"]),
    ((*LOTTERY, "rounds=0"), ["rounds is 0; expected a whole number, 1 or more"]),
    ((*LOTTERY, "s=0"), ["has the size 0.0; expected a number of points above zero"]),
    (("run", "xor", "keep=10"), ["keep is 10 of hidden=10 units; expected 1 or more, and fewer than hidden"]),
    (("run", "xor", "--seed", "x"), ["--seed is 'x'; expected a whole number, such as --seed 7"]),
    (("run", "xor", "--seed", "-1"), ["a seed is an integer from 0 to 2^64 - 1, got -1"]),
    # Models that do not fit.
    (
        (*LOTTERY, "model=lenet-300-100"),
        ["'lenet-300-100' does not fit the data set 'digits': it takes 1 × 28 × 28", "'mlp-300-100'"],
    ),
    (
        ("run", "own.py", "model=models:seven"),
        ["'models:seven' does not fit the data: for 2 examples it gives (2, 7); expected (2, 10), a logit for each"],
    ),
    (
        ("run", "own.py", "model=models:refuses"),
        ["does not fit the data", "ArithmeticError: the wheel came off (models.py, line 17)"],
    ),
    (("run", "own.py", "model=models:picture"), ["does not fit the data: examples are 1 × 8 × 8, and it says"]),
    (("run", "own.py", "model=models:number"), ["'models:number' gave something of type int; expected an nn.Module"]),
    (
        ("run", "own.py", "model=models:needy"),
        ["cannot be made from nothing", "'depth'", "given those of name, shape and classes that it takes"],
    ),
    (("run", "own.py", "model=models:god"), ["unknown name in models.py 'god'; did you mean 'good'"]),
    (("run", "own.py", "model=model:good"), ["there is no module 'model' in the working directory", "notebook"]),
    (("run", "own.py", "model=lame:net"), ["'lame' fails to import", "No module named 'a_package_that_is_not_here'"]),
    (("run", "own.py", "model=cut:net"), ["cut.py, line 1: this is not Python: invalid syntax"]),
    (("run", "own.py", "metric=lame:net"), ["measure 'lame:net': the module 'lame' fails to import"]),
    (("run", "own.py", "by=lame:net"), ["score 'lame:net': the module 'lame' fails to import"]),
    (("run", "own.py", "check=lame:net"), ["assert 'lame:net': the module 'lame' fails to import"]),
    (("run", "own.py", "metric=acuracy"), [PRINTED("measure", "acuracy", "accuracy")]),
    (("run", "own.py", "by=magnitud"), [PRINTED("score", "magnitud", "magnitude")]),
    (("run", "own.py", "fraction=1.2"), ["own.py, line 14: fraction is 1.2; expected a number in (0, 1)"]),
    (("run", "own.py", "until=3"), ["until is 3, a bare number: 3 of what? Write '3it'"]),
    # Labs.
    (("verify", "--lab", "nowhere"), ["there is no lab at", "Check the path; `whether run NAME` makes a lab"]),
    (("run", "xor", "--lab", "own.py"), ["own.py is a file; a lab is a folder. Name another with --lab FOLDER"]),
    (("run", "xor", "--lab", "."), ["is no lab: it holds", "Whether puts nothing into folders of others"]),
    (("why", "abc"), ["there is no lab in"]),
]


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_it_says_what_was_got_and_what_to_do(whether: Call, words: tuple[str, ...], said: list[str]) -> None:
    done = whether(*words)
    assert done.code == 2
    for part in said:
        assert part in done.err
    assert done.err.startswith("error: ")
    assert not LAB.exists() or records(LAB) == {}  # nothing was done


# Data.


def parquet(folder: Path, columns: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    for split in ("train", "test"):
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")


DATA: dict[str, tuple[Any, list[str]]] = {
    "other columns": (
        {"text": ["a"], "target": [0]},
        [
            "other columns than an image data set: found text (string), target (int64); expected image or img",
            "name the columns",
        ],
    ),
    "no image": ({"image": [b"abc"], "label": [0]}, ["row 0: 3 bytes that are no image; expected a PNG or JPEG"]),
    "a label that is none": ({"image": [b"abc"], "label": [-1]}, ["row 0: label -1; expected 0 to"]),
    "no rows": ({"image": [], "label": []}, ["expected"]),
}


@pytest.mark.parametrize("what", DATA)
def test_data_with(whether: Call, folder: Path, what: str) -> None:
    columns, said = DATA[what]
    parquet(folder / "mine", columns)
    done = whether(*LOTTERY, "data=mine", "fraction=2")
    assert done.code == 2
    for part in ["2 things are wrong", "fraction is 2.0", *said]:
        assert part in done.err


def test_data_that_is_no_parquet(whether: Call, folder: Path) -> None:
    (folder / "mine").mkdir()
    assert "mine is no data set: found nothing; expected train*.parquet" in whether(*LOTTERY, "data=mine").err
    for split in ("train", "test"):
        (folder / "mine" / f"{split}.parquet").write_bytes(b"nothing")
    done = whether(*LOTTERY, "data=mine")
    assert done.code == 2
    assert "mine/train.parquet cannot be read as parquet: ArrowInvalid" in done.err
    assert "fetch it again, or choose another folder" in done.err


# Several mistakes at once.


def test_all_mistakes_are_told_at_once(whether: Call) -> None:
    wrong = ["fraction=1.5", "replicates=0", "model=lenet", "data=digts", "rewind=3", "foo=7", "scope=globl", "lr=x"]
    done = whether(*LOTTERY, *wrong)
    assert done.code == 2
    assert f"{len(wrong)} things are wrong:" in done.err
    for word in wrong:
        name = word.partition("=")[0].replace("data", "data set")
        assert any(
            f"{name} " in line or f"{word}: " in line or f"'{name}'" in line for line in done.err.splitlines()
        ), word


def test_all_modules_that_do_not_fit_are_told_at_once(whether: Call) -> None:
    done = whether("run", "own.py", "model=models:seven", "metric=lame:net", "by=lame:net", "check=models:check")
    assert done.code == 2
    assert "3 things are wrong:" in done.err
    assert records(LAB) == {}


def test_wrong_names_and_right_ones(whether: Call) -> None:
    done = whether("run", "xor", "lotery-ticket", "own", "replicates=0")
    assert done.code == 2
    assert "3 things are wrong:" in done.err
    for part in (
        "replicates is 0",
        "'lotery-ticket'",
        "unknown question 'own'. ",
        "There is a file own.py; did you mean",
    ):
        assert part in done.err


def test_a_process_of_its_own(folder: Path) -> None:
    """As a shell sees it: exit codes and one line, without anything of Python's."""
    wrong = command("run", "own.py", "fraction=2", "model=models:god", folder=folder)
    broken = command("run", "own.py", "model=models:refuses", folder=folder)
    told = [(wrong, "error: 2 things are wrong:\n  - own.py, line 14: fraction is 2.0"), (broken, "error: the model")]
    for process, said in told:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 2
        assert said in out
        assert "Traceback" not in out
