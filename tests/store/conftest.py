from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from merge_cases import forget
from store_cases import Spawn, fill

from whether.store import Store


@pytest.fixture(autouse=True)
def _no_lab_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHETHER_LAB", raising=False)


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new lab and a filled one, made once and copied, because every file of a lab waits for the disk."""
    folder = tmp_path_factory.mktemp("labs")
    Store.find(folder / "new")
    fill(Store.find(folder / "filled"))
    return folder


@pytest.fixture
def store(_made_once: Path, tmp_path: Path) -> Store:
    """A new lab."""
    return Store(shutil.copytree(_made_once / "new", tmp_path / "lab"))


@pytest.fixture
def filled(_made_once: Path, tmp_path: Path) -> Store:
    """A lab with one of everything."""
    return Store(shutil.copytree(_made_once / "filled", tmp_path / "lab"))


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start a Python process that runs a text with `store` being the lab; whatever is left of it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(text: str, root: Path) -> subprocess.Popen[bytes]:
        head = f"from whether.store import Store\nfrom pathlib import Path\nstore = Store.find(Path({str(root)!r}))\n"
        process = subprocess.Popen([sys.executable, "-c", head + text], stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty place, here and elsewhere."""
    if request.param == "folder":
        yield str(tmp_path / "other")
        return
    name = f"memory://{tmp_path.parent.name}-{tmp_path.name}/other"
    yield name
    forget(name)


@pytest.fixture
def other(_made_once: Path, tmp_path: Path) -> Store:
    """A second new lab."""
    return Store(shutil.copytree(_made_once / "new", tmp_path / "other"))
