"""Code of one's own as a plan meets it: read once, named, and doubted where its imports lead nowhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from whether import Network, Recipe, adam, loss, measure
from whether.errors import RequestError
from whether.history import code, resolve
from whether.history.code import missing_imports
from whether.history.resolve import Resolver

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4, asserts=("nets:check",))
SOUND = """\
import json
import numpy
import os.path
from typing import TYPE_CHECKING

import parts

if TYPE_CHECKING:
    import no_such_types
try:
    import no_such_speedup
except ImportError:
    no_such_speedup = None


def make():
    import no_such_luck


def check(weights):
    return None


def score(weights, masks):
    return weights
"""


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of one's own, nets.py, which imports another, parts.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts.py").write_text("half = 0.5\n", encoding="utf-8")
    path = tmp_path / "nets.py"
    path.write_text(SOUND, encoding="utf-8")
    return path


class TestImports:
    def test_what_need_not_be_there_is_not_missed(self, nets: Path) -> None:
        assert missing_imports("nets:make") == []

    def test_what_must_be_there_is(self, nets: Path) -> None:
        nets.write_text("import os\nimport no_such_a.b, no_such_c\nfrom no_such_d import e\n" + SOUND)
        assert missing_imports("nets:make") == [
            "nets.py, line 2, imports no_such_a.b, which is not installed",
            "nets.py, line 2, imports no_such_c, which is not installed",
            "nets.py, line 3, imports no_such_d, which is not installed",
        ]

    def test_local_modules_are_looked_into(self, nets: Path) -> None:
        (nets.parent / "parts.py").write_text("import nets\nimport no_such_package\n", encoding="utf-8")
        assert missing_imports("nets:make") == ["parts.py, line 2, imports no_such_package, which is not installed"]

    def test_packages_of_ones_own(self, nets: Path) -> None:
        package = nets.parent / "mine"
        package.mkdir()
        (package / "__init__.py").write_text("from . import inner\n", encoding="utf-8")
        (package / "inner.py").write_text("from .deep import x\nimport no_such_package\n", encoding="utf-8")
        (package / "deep.py").write_text("x = 1\n", encoding="utf-8")
        assert missing_imports("mine.inner:x") == ["inner.py, line 2, imports no_such_package, which is not installed"]

    def test_what_is_loaded_already_is_there(self, nets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made_by_hand = ModuleType("no_such_file")
        made_by_hand.__spec__ = None
        monkeypatch.setitem(sys.modules, "no_such_file", made_by_hand)
        nets.write_text("import no_such_file\n" + SOUND, encoding="utf-8")
        assert missing_imports("nets:make") == []

    def test_installed_code_is_its_authors_affair(self, nets: Path) -> None:
        assert missing_imports("whether.models.mlp:mlp") == missing_imports("numpy.linalg:norm") == []

    def test_nothing_is_run(self, nets: Path) -> None:
        nets.write_text("raise ArithmeticError('run')\n" + SOUND, encoding="utf-8")
        assert missing_imports("nets:make") == []
        assert "nets" not in sys.modules


class TestResolving:
    def test_names_of_code_of_ones_own(self, nets: Path) -> None:
        resolver = Resolver()
        start = Network("nets:make", data="xor", seed=1, recipe=RECIPE)
        ticket = start.masked(start.train().prune(fraction=0.5, by="nets:score")).train()
        resolver.measure(measure("nets:check", ticket))
        assert resolver.own_code == {"nets:make", "nets:score", "nets:check"}
        plain = Resolver()
        plain.measure(loss(Network("mlp-2", data="xor", seed=1)))
        assert plain.own_code == frozenset()

    def test_it_is_read_once(self, nets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []

        def counted(name: str) -> str:
            read.append(name)
            return code.code_digest(name)

        monkeypatch.setattr(resolve, "code_digest", counted)
        resolver = Resolver()
        for seed in range(5):
            network = Network("nets:make", data="xor", seed=seed)
            resolver.measure(loss(network.masked(network.prune(fraction=0.5, by="nets:score")).train()))
        assert sorted(read) == ["nets:make", "nets:score"]

    def test_recipes_that_come_and_go_are_not_mistaken_for_one_another(self) -> None:
        """What is remembered by a place in memory must not outlive what stood there."""
        resolver, start = Resolver(), Network("mlp-2", data="xor", seed=1)

        def asked(total: int) -> None:
            recipe = Recipe(optimizer=adam(0.02), total=f"{total}it", batch=4)
            resolver.state(start.train(recipe, until="500it"))

        for total in range(20, 220, 2):
            with pytest.raises(RequestError, match=f"beyond the recipe's total of {total}"):
                asked(total)
