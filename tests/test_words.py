"""The table of words: every name lives somewhere, and wrong ones are told before anything heavy is loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from whether import words
from whether.digest import canonical
from whether.errors import RequestError


@pytest.mark.parametrize("word", words.WORDS, ids=lambda word: word.name)
def test_each_word_lives_where_the_table_says(word: words.Word) -> None:
    assert callable(words.load(word))


def test_measures_are_in_both_tables() -> None:
    assert {word.name for word in words.table("measure")} == set(words.MEASURES)


def test_names_are_unique_within_their_kind() -> None:
    named = [(word.kind, word.name) for word in words.WORDS]
    assert len(set(named)) == len(named)


def test_what_words_need_is_something_that_a_sentence_can_say() -> None:
    assert {need for word in words.WORDS for need in word.needs} == {"examples", "other", "since", "seed"}
    assert not [word.name for word in words.WORDS if words.is_own_code(word.name)]


def test_options_have_values_that_have_an_identity() -> None:
    for word in words.WORDS:
        assert canonical(dict(word.options))


@pytest.mark.parametrize(
    ("kind", "name", "lives"),
    [
        ("model", "conv-4", "whether.models.conv:conv"),
        ("model", "vgg-11-w8", "whether.models.vgg:vgg"),
        ("model", "resnet-20-w8-gn", "whether.models.resnet:resnet"),
        ("model", "gpt-2-64", "whether.models.gpt:gpt"),
        ("model", "torchvision/resnet18", "whether.models.zoo:torchvision"),
        ("model", "timm/vit_tiny.a_1", "whether.models.zoo:timm"),
        ("initialiser", "orthogonal+bn-uniform", "whether.models.init:orthogonal"),
        ("score", "synflow", "whether.prune.gradients:synflow"),
    ],
)
def test_members_of_families(kind: str, name: str, lives: str) -> None:
    assert words.find(kind, name).lives == lives


@pytest.mark.parametrize(
    ("name", "itself"), [("nets:make", True), ("timm/vit", True), ("mlp-3", False), ("gpt-2-8", False)]
)
def test_models_that_draw_themselves(name: str, itself: bool) -> None:
    assert words.draws_itself(name) == itself


@pytest.mark.parametrize("name", ["mlp-1", "mlp-300-100", "mlp-10-9-8-7"])
def test_a_family_has_every_member(name: str) -> None:
    assert words.find("model", name).lives == "whether.models.mlp:mlp"


@pytest.mark.parametrize("name", ["mlp", "mlp-", "mlp-0", "mlp-03", "mlp-3-", "mlp-3x", "MLP-3", "", 7])
def test_and_no_other(name: str) -> None:
    with pytest.raises(
        RequestError, match=r"unknown model .*Or name code of your own as 'module:function' to use it as a m"
    ):
        words.find("model", name)


def test_the_nearest_name_and_the_right_article() -> None:
    with pytest.raises(
        RequestError, match=r"'xavier-norml'; did you mean 'xavier-normal'.* to use it as an initialiser"
    ):
        words.find("initialiser", "xavier-norml")


@pytest.mark.parametrize("name", ["nets:make", "a.b.c:D", "_x:_y"])
def test_code_of_ones_own(name: str) -> None:
    assert words.is_own_code(name)
    assert words.find("score", name) == words.Word("score", name, name, "code of your own")


@pytest.mark.parametrize(
    "name", ["nets", "nets:", ":make", "nets:make:again", "C:\\nets:make", "my-nets:make", "1:2", None]
)
def test_what_is_no_code_of_ones_own(name: str) -> None:
    assert not words.is_own_code(name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


class TestLoading:
    def test_modules_are_found_in_the_working_directory(self, folder: Path) -> None:
        (folder / "beside_me.py").write_text("def f(): return 7\n", encoding="utf-8")
        assert words.load(words.find("measure", "beside_me:f"))() == 7

    def test_a_name_that_is_not_there(self, folder: Path) -> None:
        (folder / "beside_it.py").write_text("def fun(): ...\n_hidden = print\nnumber = 1\n", encoding="utf-8")
        with pytest.raises(
            RequestError, match=r"unknown name in module 'beside_it' 'fund'; did you mean 'fun'\? Known: fun\.$"
        ):
            words.load(words.find("measure", "beside_it:fund"))
        with pytest.raises(RequestError, match="measure 'beside_it:number' is a int; expected a function"):
            words.load(words.find("measure", "beside_it:number"))

    def test_a_module_that_fails(self, folder: Path) -> None:
        (folder / "failing.py").write_text("1 / 0\n", encoding="utf-8")
        with pytest.raises(
            RequestError, match=r"score 'failing:f': the module 'failing' fails to import \(ZeroDivision"
        ):
            words.load(words.find("score", "failing:f"))

    @pytest.mark.usefixtures("folder")
    def test_a_module_that_is_not_there(self) -> None:
        with pytest.raises(
            RequestError, match=r"fails to import .*Modules are looked for in the working directory and"
        ):
            words.load(words.find("score", "nowhere_at_all:f"))
