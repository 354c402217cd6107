from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from frozen_cases import asking, registered

from whether import Lab

PAGE = {"report.html": b"page"}


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and are looked at elsewhere."""
    monkeypatch.setattr("whether.report.write.render", lambda answer: PAGE)


@pytest.fixture(autouse=True)
def _same_nonces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nonce after the other, the same in every run of a test: what is trained with their seeds is the same, too."""
    drawn = itertools.count(1)
    monkeypatch.setattr("whether.studies.token_hex", lambda size: f"{next(drawn):0{2 * size}x}")


@pytest.fixture(scope="session")
def _answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("registered") / "lab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: PAGE)
        patch.setattr("whether.studies.token_hex", lambda size: "ab" * size)
        lab = Lab(root)
        registered(lab)
        lab.run(asking())
    return root


@pytest.fixture
def stood(_answered: Path, tmp_path: Path) -> Lab:
    """A lab in which the tiny question was registered and answered."""
    return Lab(shutil.copytree(_answered, tmp_path / "stood"))
