"""What `whether.stats` offers, and what importing it costs."""

import subprocess
import sys
from types import ModuleType

import whether.stats


def test_the_front_door_lists_exactly_what_it_holds() -> None:
    held = {
        name
        for name, value in vars(whether.stats).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert held == set(whether.stats.__all__)


def test_importing_it_loads_no_heavy_library() -> None:
    asked = "import sys, whether.stats; print([m for m in ('torch', 'scipy', 'numpy', 'pandas') if m in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
