from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cover_labs import asking, registered

from whether import Lab


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and are looked at elsewhere."""
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})


@pytest.fixture(scope="session")
def _answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("covered") / "lab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        patch.setattr("whether.studies.token_hex", lambda size: "ab" * size)
        lab = Lab(root)
        registered(lab)
        lab.run(asking())
    return root


@pytest.fixture
def stood(_answered: Path, tmp_path: Path) -> Lab:
    """A lab in which the tiny question was registered and answered."""
    return Lab(shutil.copytree(_answered, tmp_path / "stood"))
