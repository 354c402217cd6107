"""Files and code of one's own that are wrong, or fail while they work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fault_cases import LAB, MODELS, OWN, Call, answers, records, sound

from whether.lab import Lab

pytestmark = pytest.mark.usefixtures("plain_pages", "own_files")

FILES = {
    "a syntax error": ("def x(:\n    pass\n", ["mine.py, line 1: this is not Python: invalid syntax: def x(:"]),
    "an exception": ("x = 1\ny = x / 0\n", ["mine.py, line 2: ZeroDivisionError: division by zero"]),
    "a missing package": ("import no_such_package\n", ["mine.py, line 1: ModuleNotFoundError: No module named"]),
    "a name that we do not have": (
        "from whether import Netwrk\n",
        ["mine.py, line 1: ImportError: cannot import name 'Netwrk'", "Did you mean 'Network'?"],
    ),
    "no question": (
        "x = 1\n",
        ["mine.py has no question", "The smallest one:", "`whether new FILE` writes one for you"],
    ),
    "an end": ("import sys\nsys.exit(3)\n", ["mine.py, line 2: the file ends Python (sys.exit)"]),
    "two questions": (
        OWN + OWN.replace("def own", "def other").partition("sgd\n")[2],
        ["mine.py has 2 questions: own, other. Say which: mine.py:own"],
    ),
    "no text": (OWN.replace('"""Does code of one\'s own do as well?"""', ""), ["the question 'own' has no text"]),
    "an option without default": (OWN.replace('model="mlp-4"', "model"), ["options without a default: model"]),
    "a bare number for a step": (
        OWN.replace("until=until", "until=3"),
        ["mine.py, line 13: until is 3, a bare number: 3 of what? Write '3it' for iterations, '3ep' for epochs"],
    ),
    "a bare number for a total": (OWN.replace('"6it"', "6"), ["mine.py, line 9: a recipe's total is 6, a bare number"]),
    "a step that comes before": (
        OWN.replace("pruned =", 'mine = mine.train(until="1it")\n        pruned ='),
        ["train(until='1it') lies before the 3 iterations that this network already has"],
    ),
    "a slip in its arms": (
        OWN.replace("mine.prune(", "mine.prunee("),
        ["mine.py, line 14: AttributeError: 'Network' object has no attribute 'prunee'. Did you mean 'prune'?"],
    ),
    "arms of nothing": (
        OWN.replace("        return {", "        {"),
        ["arms() gave None; expected a dict of names"],
    ),
    "a claim about no arm": (
        OWN.replace('"plain", by', '"plane", by'),
        ["unknown arm in a claim 'plane'; did you mean 'plain'"],
    ),
    "a claim without size": (
        OWN.replace("by=1", "by=0"),
        ["mine.py, line 18: the claim 'mine exceeds plain", "above zero"],
    ),
    "a claim without reason": (OWN.replace("less is noise", " "), ["gives no reason for its size; write because='…'"]),
    "one meaning for yes and no": (OWN.replace("Do not.", "Use it."), ["if_yes and if_no say the same"]),
    "another result": (
        OWN.replace("return Question(", "return 7\n    Question("),
        ["own returned something of type int; expected a Question"],
    ),
    "no result": (
        OWN.replace("    return Question(", "    Question("),
        ["own returned nothing; expected a Question"],
    ),
}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_file_with(whether: Call, folder: Path, what: str, verb: str) -> None:
    text, said = FILES[what]
    (folder / "mine.py").write_text(text, encoding="utf-8")
    done = whether(verb, "mine.py")
    assert done.code == 2
    for part in said:
        assert part in done.err
    assert not LAB.exists() or records(LAB) == {}


def test_a_file_that_is_not_there(whether: Call) -> None:
    done = whether("run", "going-on.py")
    assert done.code == 2
    assert (
        "there is no file going-on.py; did you mean going_on.py or own.py? `whether new going-on.py` writes" in done.err
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("model=models:late", "training models:late failed: ArithmeticError: the wheel came off (models.py, line 17)."),
        ("metric=models:measured", "the measure 'models:measured' failed: ArithmeticError: no ruler (models.py, line"),
        ("by=models:score", "the score 'models:score' failed: ArithmeticError: no scales (models.py, line"),
        ("check=models:check", "the assert 'models:check' failed: ArithmeticError: no opinion (models.py, line"),
    ],
)
def test_code_that_fails_while_it_works(whether: Call, folder: Path, word: str, said: str) -> None:
    (folder / "broken").touch()
    done = whether("run", "own.py", word)
    assert done.code == 1
    assert said in done.err
    assert "stays; mend the cause and run the same command again." in done.err
    assert "fault in Whether" not in done.err
    assert sound(LAB, untouched=True)
    kept = records(LAB)
    assert kept or word.startswith("check")

    (folder / "broken").unlink()
    text = MODELS.replace('raise ArithmeticError("no ruler")', "return 1.0")
    text = text.replace('raise ArithmeticError("no scales")', "return weights")
    (folder / "models.py").write_text(text.replace('raise ArithmeticError("no opinion")', "return None"))
    for name in ("models", "own"):
        sys.modules.pop(name, None)
    again = whether("run", "own.py", word)
    assert again.code == 0, again.err
    assert kept.items() <= records(LAB).items()
    assert sound(LAB, untouched=True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("metric=models:words", "the measure 'models:words' returned 'good'; expected a number"),
        (
            "by=models:narrow",
            "the score 'models:narrow' returned a dict of layer.weight (1, 64); expected a dict of one",
        ),
    ],
)
def test_code_that_returns_something_else(whether: Call, word: str, said: str) -> None:
    done = whether("run", "own.py", "model=models:good", word)
    assert done.code == 2
    assert said in done.err
    assert sound(LAB, untouched=True)


def test_what_went_before_stays(whether: Call, folder: Path) -> None:
    """Other answers of the lab, and what the failing question shares with them."""
    assert whether("run", "own.py").code == 0
    before = answers(LAB), records(LAB)
    (folder / "broken").touch()
    assert whether("run", "own.py", "model=models:late").code == 1
    assert answers(LAB) == before[0]
    assert before[1].items() <= records(LAB).items()
    assert Lab(LAB).latest() is not None


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan"])
def test_a_wrong_interval_of_checkpoints(whether: Call, monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", seconds)
    done = whether("run", "xor", "replicates=1", "steps=2it")
    assert done.code == 2
    assert f"WHETHER_CHECKPOINT_SECONDS is {seconds!r}; expected a number of seconds, such as 20." in done.err
