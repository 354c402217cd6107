"""A small lab, made once and copied for each test that changes it, and the application that shows it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from web_cases import bench, drawn

from whether.store.folder import Store


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with three answers, the first of 40 runs, and two studies, one of them open. Not to be changed."""
    root = tmp_path_factory.mktemp("web") / "lab"
    bench().make_lab(root, 3, 40, drawn)
    Store(root).ledger.append("registered", bench().registered("open-question", 7))
    return root


@pytest.fixture(scope="session")
def shown(made: Path) -> Any:
    """The application that shows the lab that nobody changes."""
    from whether.web.app import create_app

    return create_app(made)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of the lab, to be changed, without its many records."""
    leave = shutil.ignore_patterns("records")
    return Path(shutil.copytree(made, tmp_path / "here" / "lab", symlinks=True, ignore=leave))


@pytest.fixture
def recorded(root: Path, made: Path) -> Path:
    """The copy with its records."""
    shutil.copytree(made / "records", root / "records")
    return root


@pytest.fixture
def app(root: Path) -> Any:
    """The application that shows the copy."""
    from whether.web.app import create_app

    return create_app(root)
