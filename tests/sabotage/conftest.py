from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sabotage_cases import Ear, asking

from whether import Lab
from whether.sabotage import Sabotaged, sabotage


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and are looked at elsewhere."""
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from a second thread, and wait long for it on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, Sabotaged, Ear]:
    """The tiny question, sabotaged once: the lab, what was found, what was told."""
    lab, ear = Lab(tmp_path_factory.mktemp("tried") / "lab"), Ear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        found = sabotage(lab, asking(), progress=ear)
    return lab, found, ear


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "scratch"
