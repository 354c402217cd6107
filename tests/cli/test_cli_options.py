"""From `k=v` to values, by the types of defaults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.catalogue.find import find
from whether.cli.options import ask, is_option, parse_options, read, split, sweep, written
from whether.errors import RequestError
from whether.history import Network
from whether.question import Question, Replicate, Template, exceeds, question
from whether.steps import Steps


@question(category="science", presets={"paper": {"rounds": 20, "lr": 0.1}, "long": {"length": "10ep"}})
def toy(
    model: str = "mlp-4",
    rounds: int = 3,
    density: float = 0.1,
    deep: bool = False,
    widths: Any = (2, 4),
    shares: Any = [0.5],  # noqa: B006
    grid: Any = [[1, 2], [3]],  # noqa: B006
    names: Any = [],  # noqa: B006
    rewind: str = "0it",
    total: Any = Steps.parse("400it"),  # noqa: B008
    note: str = "",
    length: str | None = None,
    lr: float | None = None,
    open_to: Any = None,
) -> Question:
    """Is it a toy?"""
    if rounds > 100:
        raise RequestError(f"rounds is {rounds}; expected at most 100.")
    claims = [exceeds("a", "b", by=1, because="less is noise")]

    def arms(rep: Replicate) -> dict[str, Network]:
        start = Network("mlp-4", data="xor", seed=rep)
        return {"a": start.train(), "b": start}

    return Question(arms, claims=claims, if_yes="Play.", if_no="Work.")


template: Template = toy


class TestTypes:
    @pytest.mark.parametrize(
        ("token", "value"),
        [
            ("model=resnet-20", "resnet-20"),
            ("model=zoo:big=1", "zoo:big=1"),
            ("rounds=12", 12),
            ("rounds=-1", -1),
            ("density=.2", 0.2),
            ("density=1e-3", 0.001),
            ("density=1", 1.0),
            ("deep=yes", True),
            ("deep=False", False),
            ("deep=no", False),
            ("widths=[8,16]", (8, 16)),
            ("widths=8,16", (8, 16)),
            ("widths=8", (8,)),
            ("widths=[]", ()),
            ("shares=[.1, .2,1]", [0.1, 0.2, 1.0]),
            ("grid=[[1,2],[4]]", [[1, 2], [4]]),
            ("grid=[1,2],[4]", [[1, 2], [4]]),
            ("names=[a,2,no]", ["a", 2, False]),
            ("rewind=500it", "500it"),
            ("total=2ep", Steps.parse("2ep")),
            ("note=", ""),
            ("length=none", None),
            ("length=3ep", "3ep"),
            ("lr=none", None),
            ("lr=1e-3", 0.001),
            ("open_to=", None),
            ("open_to=3", 3),
            ("open_to=0.5", 0.5),
            ("open_to=yes", True),
            ("open_to=[1,[2,x]]", [1, [2, "x"]]),
            ("open_to=10%", "10%"),
            ("replicates=4", 4),
            ("alpha=.01", 0.01),
            ("preset=paper", "paper"),
        ],
    )
    def test_value(self, token: str, value: Any) -> None:
        chosen = parse_options(template, [token])[token.partition("=")[0]]
        assert chosen == value
        assert type(chosen) is type(value)

    @pytest.mark.parametrize(
        ("token", "message"),
        [
            ("rounds=ten", r"rounds=ten: expected a whole number, such as rounds=3\."),
            ("rounds=2.0", r"rounds=2\.0: expected a whole number"),
            ("rounds=", r"rounds= says nothing; expected a whole number"),
            ("density=high", r"density=high: expected a number, such as density=0\.1"),
            ("density=nan", "density=nan: expected a number"),
            ("alpha=inf", "alpha=inf: expected a number"),
            ("deep=maybe", r"deep=maybe: expected yes or no, such as deep=no"),
            ("model=", "model= says nothing; expected something, such as model=mlp-4"),
            ("widths=[2,x]", r"widths=\[2,x\]: expected a list, such as widths=\[2,4\]"),
            ("widths=[2,4", r"widths=\[2,4: expected a list"),
            ("widths=2]", r"widths=2\]: expected a list"),
            ("grid=[1,x]", r"grid=\[1,x\]: expected a list, such as grid=\[\[1,2\],\[3\]\]"),
            ("names=", "names= says nothing; expected a list, such as names=\\[2,4,8\\]"),
            ("rewind=500", r"rewind is 500, a bare number: .*Write '500it'"),
            ("total=500", r"total is 500, a bare number"),
            ("total=soon", r"total is 'soon'; expected a form like '500it'"),
            ("length=10", r"length is 10, a bare number"),
            ("lr=fast", "lr=fast: expected a number, such as lr=0.1"),
            ("preset=papr", r"unknown preset 'papr'; did you mean 'paper'\? Known: long, paper\."),
            ("round=3", r"unknown option of toy 'round'; did you mean 'rounds'"),
            ("replicate=3", r"unknown option of toy 'replicate'; did you mean 'replicates'"),
            ("twelve", "'twelve' is neither a question nor an option; options are written name=value"),
            ("=3", "'=3' is neither a question nor an option"),
        ],
    )
    def test_what_is_no_value(self, token: str, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            parse_options(template, [token])

    def test_the_default_of_each_option_can_be_written_and_read_back(self) -> None:
        tokens = [f"{name}={written(value)}" for name, value in template.options.items()]
        assert parse_options(template, tokens) == template.options

    @given(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
    def test_what_is_written_is_read_back(self, value: Any) -> None:
        assert read("k", written(value), value) == value
        assert read("k", written([value, value]), [value]) == [value, value]


class TestTogether:
    def test_all_mistakes_are_told_at_once_each_once(self) -> None:
        with pytest.raises(RequestError, match="rounds=ten") as caught:
            parse_options(template, ["rounds=ten", "round=3", "model=a", "density=x", "word", "model=b"])
        found = [problem.split(":")[0].split(";")[0] for problem in caught.value.problems]
        assert found == [
            "rounds=ten",
            "unknown option of toy 'round'",
            "density=x",
            "'word' is neither a question nor an option",
            "model is given twice",
        ]

    def test_what_the_question_refuses_is_told_with_them(self) -> None:
        with pytest.raises(RequestError, match="unknown option of toy 'round'") as caught:
            ask(template, ["round=3", "rounds=101", "density=x"])
        assert len(caught.value.problems) == 3
        assert "expected at most 100" in caught.value.problems[-1]

    def test_what_its_general_options_refuse_too(self) -> None:
        with pytest.raises(RequestError, match="replicates is 0; expected a whole number, 1 or more") as caught:
            ask(template, ["replicates=0", "density=x"])
        assert len(caught.value.problems) == 2

    def test_what_its_arms_refuse_beside_other_mistakes(self) -> None:
        found: Template = find("lottery-ticket")
        line = ["fraction=1.5", "replicates=0", "model=lenet", "data=digts", "rewind=3", "foo=7", "scope=globl"]
        with pytest.raises(RequestError, match="unknown model 'lenet'; did you mean 'lenet-5'") as caught:
            ask(found, line)
        assert len(caught.value.problems) == len(line)

    def test_the_question_gets_its_options(self) -> None:
        made = ask(template, ["preset=paper", "rounds=5", "replicates=3"])
        assert (made.options["rounds"], made.options["lr"], made.replicates) == (5, 0.1, 3)


class TestWords:
    @pytest.mark.parametrize("word", ["a=1", "output_fraction=.1", "a=", "a-b=c", "a=b=c"])
    def test_options(self, word: str) -> None:
        assert is_option(word)
        assert split(word)[0] == word.partition("=")[0]

    @pytest.mark.parametrize("word", ["xor", "=1", "1=2", "a b=1", "signs.py:deep", ""])
    def test_others(self, word: str) -> None:
        assert not is_option(word)


class TestSweeps:
    def test_one_word_for_each_value(self) -> None:
        assert sweep(["rounds=1,2,4"]) == [["rounds=1"], ["rounds=2"], ["rounds=4"]]

    def test_lists_are_values(self) -> None:
        assert sweep(["widths=[2,4],[8,16]"]) == [["widths=[2,4]"], ["widths=[8,16]"]]

    def test_several_make_every_combination(self) -> None:
        assert sweep(["a=1,2", "b=x,y"]) == [["a=1", "b=x"], ["a=1", "b=y"], ["a=2", "b=x"], ["a=2", "b=y"]]

    def test_none_is_one_combination_of_nothing(self) -> None:
        assert sweep([]) == [[]]

    def test_fewer_than_two_values_are_no_sweep(self) -> None:
        with pytest.raises(RequestError, match="--sweep a=1,1: expected several different values") as caught:
            sweep(["a=1,1", "b", "c=1"])
        assert len(caught.value.problems) == 3
