from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny import Ear, asking

from whether import Lab


@pytest.fixture(autouse=True)
def _no_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and are looked at elsewhere."""
    if "pages" not in request.fixturenames:
        monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})


@pytest.fixture
def pages() -> None:
    """Write them after all."""


@pytest.fixture(scope="session")
def _answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab in which the tiny question was answered, made once and copied."""
    root = tmp_path_factory.mktemp("answered") / "lab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        Lab(root).run(asking())
    return root


@pytest.fixture
def stood(_answered: Path, tmp_path: Path) -> Lab:
    """The lab in which the tiny question was answered."""
    return Lab(shutil.copytree(_answered, tmp_path / "stood"))


@pytest.fixture
def ear() -> Ear:
    return Ear()
