"""For all tests: shapes in signatures are checked, no setting of the machine leaks in, labs are made in tmp_path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jaxtyping
import pytest
from jaxtyping import install_import_hook

# Tests run side by side: each on a core of its own. Those that are about threads ask for more.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Before anything of these packages is imported: whatever a test calls, tensors of other shapes or kinds are refused.
# Files that define modules are left out: torch.fx hands their forward methods what stands for a tensor, a check refuses
# that, and pruning by channel would then be another than without the tests.
CHECKED = [f"whether.{part}" for part in ("connect", "perturb", "probe", "prune", "tasks", "train")]
CHECKED += [f"whether.models.{file}" for file in ("alone", "build", "conv", "init", "mlp", "zoo")]
install_import_hook(CHECKED, "beartype.beartype")

if TYPE_CHECKING:
    from whether.lab import Lab

_SHARED = Path(os.environ.get("WHETHER_DATA") or Path(__file__).parents[1].parent / "shared" / "data")


@pytest.fixture(autouse=True)
def _settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """WHETHER_LAB, WHETHER_DATA and the like are the machine's; the cache of decoded data is the test session's."""
    for name in [name for name in os.environ if name.startswith("WHETHER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WHETHER_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Annotations check nothing, as outside the tests: for what our own code says of a wrong argument."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty lab."""
    from whether.lab import Lab

    return Lab(tmp_path / "lab")


@pytest.fixture
def shared_data(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Where a data set that does not ship lies; skips where it is not. WHETHER_DATA then names its home."""

    def find(name: str) -> Path:
        if not (_SHARED / name).is_dir():
            pytest.skip(f"no {name} here: set WHETHER_DATA to a folder that holds {name}/")
        monkeypatch.setenv("WHETHER_DATA", str(_SHARED))
        return _SHARED / name

    return find
