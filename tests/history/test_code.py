"""The identity of code of one's own: what it says counts, wherever it says it; how it is written down does not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from whether import Network
from whether.errors import RequestError
from whether.history import code
from whether.history.code import code_digest
from whether.history.resolve import Resolver

MODEL = '''"""A model."""

import math

import numpy as np
from torch import nn

import layers
from pieces import head
from pieces.deep import stem

WIDTH = 3


def make(shape, classes):
    """Make it."""
    return nn.Linear(math.prod(shape), classes + 0 * WIDTH)


def other(): pass
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module that imports others: beside it, of a package, and of a package's package."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pieces" / "deep").mkdir(parents=True)
    write("model.py", MODEL)
    write("layers.py", "import shared\nSIZE = 1\n")
    write("shared.py", "VALUE = 1\n")
    write("unused.py", "VALUE = 1\n")
    write("pieces/__init__.py", "from . import head\n")
    write("pieces/head.py", "from .deep.stem import grow\n")
    write("pieces/deep/__init__.py", "")
    write("pieces/deep/stem.py", "from .. import tail\nfrom ...pieces import other\ndef grow(): return 1\n")
    write("pieces/tail.py", "LENGTH = 1\n")
    write("pieces/other.py", "LENGTH = 1\n")
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("folder")
class TestWhatCounts:
    @pytest.mark.parametrize(
        ("file", "before", "after"),
        [
            ("model.py", "WIDTH = 3", "WIDTH = 4"),
            ("model.py", "classes + 0", "classes - 0"),
            ("model.py", "def other(): pass", "def other(): return 0"),
            ("model.py", "import numpy as np", "import numpy"),
            ("layers.py", "SIZE = 1", "SIZE = 2"),
            ("shared.py", "VALUE = 1", "VALUE = 1.0"),
            ("pieces/__init__.py", "head", "head\nX = 1"),
            ("pieces/head.py", "grow", "grow as g"),
            ("pieces/deep/__init__.py", "", "X = 1"),
            ("pieces/deep/stem.py", "return 1", "return -1"),
            ("pieces/tail.py", "1", "2"),
        ],
    )
    def test_a_changed_line_here_or_in_what_is_imported(self, file: str, before: str, after: str) -> None:
        said = code_digest("model:make")
        text = Path(file).read_text(encoding="utf-8")
        write(file, text.replace(before, after, 1))
        assert code_digest("model:make") != said
        write(file, text)
        assert code_digest("model:make") == said

    @pytest.mark.parametrize(
        "text",
        [
            MODEL.replace('"""A model."""', ""),
            MODEL.replace('    """Make it."""\n', ""),
            MODEL.replace("Make it.", "Make another."),
            MODEL.replace("WIDTH = 3", "WIDTH = 3  # units"),
            MODEL.replace("\n\n\n", "\n\n\n\n# a line\n"),
            MODEL.replace("def other(): pass", "def other():\n        pass"),
            MODEL.replace("classes + 0 * WIDTH", "(classes\n        + (0 * WIDTH))"),
            MODEL.replace("\n", "\r\n"),
            "# -*- coding: latin-1 -*-\n" + MODEL,
        ],
    )
    def test_comments_docstrings_and_format_do_not(self, text: str) -> None:
        said = code_digest("model:make")
        Path("model.py").write_bytes(text.encode("latin-1"))
        assert code_digest("model:make") == said

    def test_neither_does_code_that_is_not_imported(self) -> None:
        said = code_digest("model:make")
        write("unused.py", "VALUE = 2\n")
        assert code_digest("model:make") == said

    def test_nor_the_place_of_the_folder(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        said = code_digest("model:make")
        folder.rename(folder.with_name("moved"))
        monkeypatch.chdir(folder.with_name("moved"))
        assert code_digest("model:make") == said

    def test_packages_count_by_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        depends = code._depends("model", Path("model.py").resolve())
        assert set(depends["packages"]) == {"torch", "numpy"}
        said = code_digest("model:make")
        monkeypatch.setattr(code.metadata, "version", lambda name: "99.0")
        code._version.cache_clear()
        try:
            assert code_digest("model:make") != said
        finally:
            monkeypatch.undo()
            code._version.cache_clear()

    def test_for_which_device_a_package_was_built_does_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = []
        for version in ("2.11.0+cpu", "2.11.0+cu128", "2.11.1"):
            monkeypatch.setattr(code.metadata, "version", lambda name, version=version: version)
            code._version.cache_clear()
            said.append(code_digest("model:make"))
        monkeypatch.undo()
        code._version.cache_clear()
        assert said[0] == said[1] != said[2]

    def test_a_local_module_goes_before_an_installed_one_of_its_name(self) -> None:
        said = code_digest("model:make")
        write("numpy.py", "float32 = 1\n")
        shadowed = code_digest("model:make")
        write("numpy.py", "float32 = 2\n")
        assert len({said, shadowed, code_digest("model:make")}) == 3

    def test_the_name_counts(self) -> None:
        assert code_digest("model:make") != code_digest("model:other")

    def test_modules_that_import_each_other(self) -> None:
        write("one.py", "import two\ndef f(): pass\n")
        write("two.py", "import one\nX = 1\n")
        said = code_digest("one:f")
        write("two.py", "import one\nX = 2\n")
        assert code_digest("one:f") != said

    def test_a_function_wherever_its_module_binds_it(self) -> None:
        write(
            "bound.py",
            "try:\n    from shared import VALUE as f\nexcept ImportError:\n    g = 1\nh: int = 2\nclass K: ...\n",
        )
        for name in "fghK":
            assert len(code_digest(f"bound:{name}")) == 64

    def test_star_imports_are_given_the_benefit_of_the_doubt(self) -> None:
        write("starred.py", "from shared import *\n")
        assert len(code_digest("starred:VALUE")) == 64

    def test_it_reaches_the_identity_of_a_network_and_nothing_is_run(self) -> None:
        def said() -> str:
            return Resolver().state(Network("model:make", data="xor", seed=1)).digest

        write("model.py", MODEL + "\nraise SystemExit('run')\n")
        before = said()
        assert said() == before
        write("layers.py", "SIZE = 5\n")
        assert said() != before


class TestInstalled:
    def test_a_function_of_a_package_counts_by_version(self) -> None:
        found = code._depends("scipy.stats", code._source("scipy.stats") or Path())
        assert list(found["packages"]) == ["scipy"]
        assert not found["local"]

    def test_whether_itself_is_versioned_by_operation(self) -> None:
        found = code._depends("whether.probe.measures", code._source("whether.probe.measures") or Path())
        assert found == {"local": {}, "packages": {"whether": ""}}


@pytest.mark.usefixtures("folder")
class TestMistakes:
    def test_no_such_module(self) -> None:
        with pytest.raises(RequestError, match=r"'modle:make': there is no module 'modle' in the working directory"):
            code_digest("modle:make")

    def test_no_such_function(self) -> None:
        with pytest.raises(RequestError, match=r"unknown name in model\.py 'mak'; did you mean 'make'"):
            code_digest("model:mak")

    def test_a_notebook_cell(self) -> None:
        with pytest.raises(RequestError, match="Code from a notebook cell cannot be named; put it into a file beside"):
            code_digest("__main__:make")

    def test_what_is_not_python(self) -> None:
        write("broken.py", "def f(:\n")
        with pytest.raises(RequestError, match=r"broken\.py, line 1: this is not Python: "):
            code_digest("broken:f")
        write("shared.py", "x = = 2\n")
        with pytest.raises(RequestError, match=r"shared\.py, line 1: this is not Python"):
            code_digest("model:make")
        Path("broken.py").write_bytes(b"x = 1\0\n")
        with pytest.raises(RequestError, match=r"broken\.py.*: this is not Python"):
            code_digest("broken:f")

    def test_a_package_that_fails_when_it_is_looked_into(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        (folder / "away" / "angry").mkdir(parents=True)
        write("away/angry/__init__.py", "raise RuntimeError('no')\n")
        monkeypatch.syspath_prepend(str(folder / "away"))
        with pytest.raises(RequestError, match=r"there is no module 'angry\.inner'"):
            code_digest("angry.inner:f")


def test_trees_read_the_same_in_every_python() -> None:
    """What later versions added is empty where it is not used, and what is empty is not said."""
    tree = ast.parse("def f(a, *, b=None):\n    return u'x'\n")
    before = code._words(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node._fields = (*node._fields, "type_params", "news")
            node.type_params, node.news = [], None  # type: ignore[attr-defined]
    assert code._words(tree) == before
    assert code._words(ast.parse("def f(a, *, b=None):\n    return 'x'\n")) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(a, b)", "f((a, b))"),
        ("x = 'a'", "x = a"),
        ("x = 1", "x = '1'"),
        ("[a, [b]]", "[[a], b]"),
        ("x = b'a'", "x = 'a'"),
    ],
)
def test_different_trees_read_differently(one: str, other: str) -> None:
    assert code._words(ast.parse(one)) != code._words(ast.parse(other))


def test_long_expressions_do_not_recurse() -> None:
    assert len(code._words(ast.parse("x = " + " + ".join("a" * 900)))) > 900


def test_the_command_line_and_a_script_agree(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def f(): return 1\n", encoding="utf-8")
    line = "from whether.history.code import code_digest; print(code_digest('own:f'))"
    told = {
        subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for how in (["-c", line], ["-P", "-c", line])
    }
    assert len(told) == 1
