"""One small bundle for all tests here, made once."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import bundle_cases
import pytest

from whether import Lab
from whether.answer import Answer
from whether.catalogue.find import find


@dataclass(frozen=True)
class Made:
    """A folder with a lab in which a question of one's own was answered, the answer, and its bundle."""

    folder: Path
    answer: Answer
    zip: Path
    unpacked: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """To be read only; `bundle` is a copy to tamper with."""
    folder = tmp_path_factory.mktemp("bundled")
    answer = bundle_cases.make(folder)
    path, unpacked = folder / "tiny.zip", folder / "unpacked"
    path.write_bytes(bundle_cases.packed(folder, answer))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(unpacked)
    return Made(folder, answer, path, unpacked)


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab with an exploratory answer to a question of the catalogue, to be read only."""
    lab = Lab(tmp_path_factory.mktemp("explored") / "lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"<p>page</p>"})
        lab.run(find("xor")(replicates=3, steps="40it"))
    return lab


@pytest.fixture
def bundle(made: Made, tmp_path: Path) -> Path:
    """The unpacked bundle, to tamper with."""
    return shutil.copytree(made.unpacked, tmp_path / "bundle")
