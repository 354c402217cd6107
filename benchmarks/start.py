"""The small costs: how long whole processes take beside the arithmetic, from start to exit.

    [WHETHER_DATA=…] python benchmarks/start.py [--runs 7] [--whole] [--json FILE]

Rows take turns, so that a moment in which the machine is slow meets all of them; the first turn, which warms the file
cache, does not count. Beside what is ours stands what cannot be less: Python that does nothing, and Python that imports
PyTorch. "Concluded anew" is a question of which everything stands but the answer: nothing is trained, figures and pages
are drawn. With --whole it is lottery-ticket as it is by default (416 networks, a minute and a half), otherwise the
same with two replicates of 40 steps. MNIST is opened where WHETHER_DATA or the cache of decoded images has it, inside a
process in which PyTorch is there already; beside it the plain way, which believes the file: read, divide, subtract.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PYTHON = [sys.executable, "-c"]
WHETHER = [sys.executable, "-m", "whether"]
SHORT = ["replicates=2", "steps=40it"]
BRIEFLY = """
import time, torch
{before}
began = time.perf_counter()
{timed}
print(time.perf_counter() - began)
"""
OURS = BRIEFLY.format(before="from whether.data.tensors import tensors", timed="tensors('mnist')")
PLAIN = BRIEFLY.format(
    before="import numpy as np",
    timed="x = torch.from_numpy(np.fromfile('pixels', np.uint8)).float().div_(255 * 0.3081).sub_(0.1307 / 0.3081)",
)
PIXELS = 70_000 * 784


@dataclass
class Row:
    """One figure: a command, and what it is held to.

    Attributes:
        command: the words of it.
        limit: seconds that ENGINE's targets allow; None where there is none.
        before: what is made ready each time, and is not counted.
        inside: the process says itself how long it took.
    """

    name: str
    command: Sequence[str]
    limit: float | None = None
    before: Callable[[], object] = lambda: None
    inside: bool = False
    seconds: list[float] = field(default_factory=list)

    def take(self, folder: Path) -> None:
        """Run the command once, and take down how long it took."""
        self.before()
        began = time.perf_counter()
        done = subprocess.run(self.command, cwd=folder, check=True, capture_output=True, text=True)
        took = time.perf_counter() - began
        self.seconds.append(float(done.stdout) if self.inside else took)

    @property
    def told(self) -> str:
        """This row of the table."""
        median = statistics.median(self.seconds)
        held = "" if self.limit is None else f"{self.limit:8.1f}  {'met' if median <= self.limit else 'MISSED'}"
        return f"{self.name:44}{median:10.3f}{min(self.seconds):8.3f}{max(self.seconds):8.3f}{held}"


def rows(folder: Path, question: Sequence[str]) -> list[Row]:
    """What is measured, in a folder that has the question's answer."""
    run = [*WHETHER, "run", *question]
    fresh = folder / "fresh"
    found = [
        Row("python, nothing", [*PYTHON, "pass"]),
        Row("python, import torch", [*PYTHON, "import torch"]),
        Row("python, import whether", [*PYTHON, "import whether"]),
        Row("whether --help", [*WHETHER, "--help"], limit=0.3),
        Row("whether list", [*WHETHER, "list"]),
        Row("whether show lottery-ticket", [*WHETHER, "show", "lottery-ticket"]),
        Row("whether plan lottery-ticket", [*WHETHER, "plan", "lottery-ticket"]),
        Row(
            "whether run xor, first",
            [*WHETHER, "run", "xor", "--lab", str(fresh)],
            before=lambda: shutil.rmtree(fresh, ignore_errors=True),
        ),
        Row("whether run xor, answered", [*WHETHER, "run", "xor", "--lab", str(fresh)], limit=3.0),
        Row("whether run lottery-ticket, concluded anew", run, before=lambda: forget(folder)),
        Row("whether run lottery-ticket, answered", run, limit=3.0),
    ]
    if has_mnist(folder):
        (folder / "pixels").write_bytes(os.urandom(PIXELS))
        found.append(Row("opening MNIST", [*PYTHON, OURS], inside=True))
        found.append(Row("opening MNIST, plain and unchecked", [*PYTHON, PLAIN], inside=True))
    return found


def forget(folder: Path) -> None:
    """Remove the answers, so that they are concluded again from what stands."""
    for answer in (folder / "lab" / "answers").glob("*/answer.json"):
        answer.unlink()


def has_mnist(folder: Path) -> bool:
    """Whether MNIST can be opened here."""
    return subprocess.run([*PYTHON, OURS], cwd=folder, check=False, capture_output=True).returncode == 0


def imports_no_torch() -> bool:
    """Whether `import whether` leaves PyTorch alone."""
    code = "import sys, whether; sys.exit('torch' in sys.modules)"
    return subprocess.run([*PYTHON, code], check=False).returncode == 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--whole", action="store_true", help="lottery-ticket as it is by default")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    question = ["lottery-ticket", *([] if chosen.whole else SHORT)]
    light = imports_no_torch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = Row(f"whether run {' '.join(question)}, first", [*WHETHER, "run", *question])
        first.take(folder)
        table = rows(folder, question)
        for turn in range(chosen.runs + 1):
            for row in table:
                row.take(folder)
            if not turn:
                for row in table:
                    row.seconds.clear()
    print(f"{'':44}{'median s':>10}{'min':>8}{'max':>8}{'target':>8}")
    print("\n".join(row.told for row in [*table, first]))
    print(f"import whether loads PyTorch: {'no, as it should be' if light else 'YES'}")
    if chosen.json:
        machine = {"machine": platform.machine(), "python": platform.python_version(), "cores": os.cpu_count()}
        seconds = {row.name: {"seconds": row.seconds, "target": row.limit} for row in [*table, first]}
        chosen.json.write_text(json.dumps({"rows": seconds, "import without torch": light} | machine, indent=1))


if __name__ == "__main__":
    main()
