"""A question's file with several mistakes: all are told at once, whatever the verb, and nothing is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

MISTAKEN = '''\
from whether import Network, Question, above, exceeds, not_worse, question


@question()
def mistaken(width=2):
    """Is it wide enough?"""

    def arms(rep):
        return {"a": Network("mlp-2", data="xor", seed=rep).train(), "b": Network("mlp-3", data="xor", seed=rep)}

    return Question(
        arms,
        claims=[
            exceeds("a", "b", because="two seeds differ by less"),
            above("a", 50),
            not_worse("a", "b", by=1, because="less is noise", delta_yes=-2),
        ],
        if_yes="Yes.",
        if_no="Yes.",
        looks=[8, 4],
        metric="acuracy",
    )
'''
TOLD = [
    "the claim 'a exceeds b by more than … points' says no size; write by=…, in points",
    "the claim 'a lies above 50 points' gives no reason for its size; write because='…'",
    "delta_yes of the claim 'a is not worse than b by 1 point or more' is -2; expected an effect strictly inside its "
    "yes region: above -1",
    "if_yes and if_no say the same: a question is worth asking when its answers differ",
    "looks is [8, 4]; expected whole numbers of replicates that increase, such as [4, 8, 16]",
    "unknown metric 'acuracy'; did you mean 'accuracy'",
]


@pytest.mark.parametrize("verb", ["show", "plan", "run"])
def test_all_are_told_with_their_place(verb: str, whether: Any, folder: Path) -> None:
    (folder / "wrong.py").write_text(MISTAKEN, encoding="utf-8")
    done = whether(verb, "wrong.py")
    assert (done.code, done.out) == (2, "")
    told = " ".join(done.err.split())
    assert [told.count(problem) for problem in TOLD] == [1] * len(TOLD)
    assert told.count("wrong.py, line 11: ") == len(TOLD)
    assert sorted(path.name for path in folder.iterdir() if path.suffix) == ["wrong.py"]
