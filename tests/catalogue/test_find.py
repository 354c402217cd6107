"""From a name to a question."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whether import words
from whether.catalogue.find import SMALLEST, check_stem, find, is_file, names
from whether.errors import RequestError

ONE = '''
from whether.question import Question, exceeds, question

@question(category="science")
def signs(density=0.1):
    """Does it need its signs?"""
    return Question(lambda rep: {}, claims=[exceeds("a", "b", by=1, because="less is noise")],
                    if_yes="Keep them.", if_no="Redraw them.")
'''
TWO = ONE + ONE.split("question\n", 1)[1].replace("def signs", "def deep_signs")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and forget afterwards what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def written(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


class TestCatalogue:
    def test_names_are_those_of_the_files(self) -> None:
        assert {"lottery-ticket", "xor"} <= set(names())
        assert not {"find", "--init--"} & set(names())
        assert names() == sorted(names())

    def test_listing_names_imports_no_question(self) -> None:
        code = (
            "import sys; from whether.catalogue.find import names; names();"
            "print([name for name in sys.modules if name.startswith('whether.catalogue.')])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "['whether.catalogue.find']"

    @pytest.mark.parametrize("name", names())
    def test_each_name_finds_its_question(self, name: str) -> None:
        template = find(name)
        assert template.name == name
        assert template.text.endswith("?")

    def test_unknown_names_are_told_the_nearest(self) -> None:
        with pytest.raises(RequestError, match=r"unknown question 'lotery-ticket'; did you mean 'lottery-ticket'"):
            find("lotery-ticket")

    def test_a_name_whose_file_stands_here_is_pointed_to_it(self) -> None:
        written("signs.py", ONE)
        with pytest.raises(RequestError, match=r"There is a file signs\.py; did you mean that\?"):
            find("signs")

    @pytest.mark.parametrize("name", ["../catalogue/xor", "find", "", "xor\0", "x" * 5000])
    def test_names_that_could_be_paths_are_unknown_names(self, name: str) -> None:
        with pytest.raises(RequestError, match="unknown question"):
            find(name)


class TestFiles:
    def test_the_only_question_of_a_file(self) -> None:
        assert find(written("signs.py", ONE)).text == "Does it need its signs?"

    def test_what_is_a_file_by_its_name(self) -> None:
        assert [is_file(name) for name in ("a.py", "b/a.py:two", "xor", "a.pyc", ".py")] == [
            True,
            True,
            False,
            False,
            False,
        ]

    def test_of_several_one_is_named_by_its_own_name_or_its_functions(self) -> None:
        written("signs.py", TWO)
        assert find("signs.py:deep-signs").build is find("signs.py:deep_signs").build
        assert find("signs.py:signs").name == "signs"

    def test_of_several_none_named(self) -> None:
        written("signs.py", TWO)
        with pytest.raises(RequestError, match=r"2 questions: signs, deep-signs\. Say which: signs\.py:signs"):
            find("signs.py")

    def test_a_question_that_the_file_does_not_have(self) -> None:
        written("signs.py", TWO)
        with pytest.raises(RequestError, match=r"unknown question in signs\.py 'deep-sign'; did you mean 'deep-signs'"):
            find("signs.py:deep-sign")

    def test_a_file_without_a_question_is_shown_the_smallest_one(self) -> None:
        written("nothing.py", "x = 1\n")
        with pytest.raises(RequestError, match=r"has no question") as caught:
            find("nothing.py")
        assert all(line in str(caught.value) for line in SMALLEST.splitlines())

    def test_the_smallest_one_is_a_question(self) -> None:
        assert find(written("smallest.py", SMALLEST)).name == "signs-matter"

    def test_imported_questions_are_not_the_files_own(self) -> None:
        written("signs.py", "from whether.catalogue.xor import xor\n" + ONE)
        assert find("signs.py").name == "signs"

    def test_a_file_in_another_folder_is_a_module_there(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        written("deep/beside.py", "HINT = 'there'\ndef model():\n    return HINT\n")
        written("deep/signs_there.py", "from beside import HINT\n" + ONE.replace("its signs", "{HINT}"))
        find("deep/signs_there.py")
        assert words.load(words.find("model", "beside:model"))() == "there"
        assert sys.modules["signs_there"].HINT == "there"

    def test_twice_the_same_file_is_one_module(self) -> None:
        written("signs.py", ONE)
        assert find("signs.py").build is find("./signs.py").build


class TestTrouble:
    """Never a traceback: the file, the line, the last line of the trouble."""

    def wrong(self, text: str, match: str, name: str = "trouble.py") -> None:
        written(name, text)
        with pytest.raises(RequestError, match=match):
            find(name)
        assert "trouble" not in sys.modules

    def test_what_is_not_python(self) -> None:
        self.wrong("x = 1\ndef broken(:\n", r"^trouble\.py, line 2: this is not Python: .+: def broken\(:$")

    def test_null_bytes(self) -> None:
        self.wrong("x = 1\0\n", r"^trouble\.py.*: this is not Python: .*null bytes")

    def test_bytes_that_are_no_text(self) -> None:
        Path("trouble.py").write_bytes(b"x = '\xff'\n")
        with pytest.raises(RequestError, match=r"trouble\.py, line \d: this is not Python"):
            find("trouble.py")

    def test_an_exception(self) -> None:
        self.wrong("import math\n\nmath.sqrt(-1)\n", r"^trouble\.py, line 3: ValueError: ")

    def test_a_module_that_is_missing(self) -> None:
        self.wrong("import nowhere_at_all\n", r"line 1: ModuleNotFoundError: No module named 'nowhere_at_all'$")

    def test_trouble_in_a_module_beside_is_told_with_the_line_that_led_there(self) -> None:
        written("beside_trouble.py", "1 / 0\n")
        self.wrong("x = 1\nimport beside_trouble\n", r"^trouble\.py, line 2: ZeroDivisionError: division by zero$")

    def test_syntax_of_a_module_beside_is_told_of_that_module(self) -> None:
        written("beside_syntax.py", "(\n")
        self.wrong("import beside_syntax\n", r"^beside_syntax\.py, line 1: this is not Python")

    def test_a_mistake_in_a_question_keeps_its_own_words(self) -> None:
        self.wrong(
            ONE.replace('"science"', '"scence"'), r"^trouble\.py, line 4: unknown category 'scence'; did you mean"
        )

    def test_a_file_that_ends_python(self) -> None:
        self.wrong("import sys\nsys.exit(0)\n", r"^trouble\.py, line 2: the file ends Python")

    def test_stopping_by_hand_stays_stopping(self) -> None:
        written("trouble.py", "raise KeyboardInterrupt\n")
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            find("trouble.py")
        assert "trouble" not in sys.modules

    def test_a_mended_file_is_read_again(self) -> None:
        self.wrong("1 / 0\n", "ZeroDivisionError")
        Path("trouble.py").write_text(ONE + "# mended\n")
        assert find("trouble.py").name == "signs"


class TestPlaces:
    def test_a_missing_file_is_told_the_nearest(self) -> None:
        written("signs.py", ONE)
        with pytest.raises(RequestError, match=r"there is no file sings\.py; did you mean signs\.py\? `whether new"):
            find("sings.py")

    def test_a_missing_folder(self) -> None:
        with pytest.raises(RequestError, match=r"no file nowhere.signs\.py: its folder does not exist"):
            find("nowhere/signs.py")

    def test_a_folder_with_such_a_name(self) -> None:
        Path("signs.py").mkdir()
        with pytest.raises(RequestError, match="is a folder; expected a Python file"):
            find("signs.py")

    @pytest.mark.parametrize("name", ["random.py", "whether.py", "__main__.py"])
    def test_names_of_modules_that_others_import(self, name: str) -> None:
        written(name, ONE)
        with pytest.raises(RequestError, match=r"is the name of a module that others import; .*such as my_"):
            find(name)

    def test_the_name_of_an_installed_package(self) -> None:
        written("typer.py", ONE)
        with pytest.raises(RequestError, match=r"there is another module 'typer', .*such as my_typer\.py"):
            find("typer.py")

    def test_two_files_of_one_name_are_not_taken_for_each_other(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        written("signs.py", ONE)
        written("deep/signs.py", ONE)
        sys.path.insert(0, str(tmp_path))
        with pytest.raises(RequestError, match="they would be taken for each other"):
            check_stem(Path("deep/signs.py"))
        assert find("signs.py").name == "signs"
