from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from fault_cases import FILE, LAB, MODELS, OWN, QUESTION, SECOND, Call, Done, asked

from whether.cli import main
from whether.lab import Lab


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a question in a file; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / FILE).write_text(QUESTION, encoding="utf-8")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from a second thread, and wait long for it on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def place_of_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Ray notes which cluster runs on this machine; what runs beside this test has other places.

    Its name is short, as sockets of Ray lie there, too.
    """
    place = Path(tempfile.mkdtemp(prefix="ray-"))
    monkeypatch.setenv("RAY_TMPDIR", str(place))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    yield place
    shutil.rmtree(place, ignore_errors=True)  # its last agents still write


@pytest.fixture
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and figures take longer to draw than these networks to train, and are tested elsewhere."""
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page", "runs.csv": b"runs"})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for labs that are made once: `answered`, and `both` with a second question's answer."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def answered(made: Path, folder: Path, plain_pages: None) -> Path:
    """`lab`, in which the question was answered."""
    if not (made / "answered").exists():
        Lab(made / "answered").run(asked())
    return Path(shutil.copytree(made / "answered", LAB))


@pytest.fixture
def both(made: Path, folder: Path, plain_pages: None) -> Path:
    """A sound lab in which a second question was answered, too, that needs the trained networks of the first."""
    if not (made / "both").exists():
        Lab(made / "both").run(asked())
        Lab(made / "both").run(asked(**SECOND))
    return made / "both"


@pytest.fixture
def own_files(folder: Path) -> None:
    """Questions and models as people write them, right and wrong."""
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "lame.py").write_text("import a_package_that_is_not_here\n\n\ndef net():\n    return None\n")
    (folder / "cut.py").write_text("def net(:\n    return None\n")


@pytest.fixture
def whether(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line as a shell would; it never shows a traceback."""

    def call(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Done(code, printed.out, printed.err)

    return call
