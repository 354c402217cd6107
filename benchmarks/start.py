"""How long whole processes take to start: the help, an import, and a question that is answered already.

    python benchmarks/start.py [--runs 9] [--json FILE]

Each figure is the median of whole processes, from start to exit, after one that warms the file cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WHETHER = [sys.executable, "-m", "whether"]


def seconds(command: list[str], folder: str, runs: int) -> list[float]:
    """Wall-clock seconds of each of several runs of a command, after one that does not count."""
    found = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return found[1:]


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    question = [*WHETHER, "run", "lottery-ticket"]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(question, cwd=folder, check=True, capture_output=True)
        first = time.perf_counter() - began
        table = {
            "whether --help": seconds([*WHETHER, "--help"], folder, chosen.runs),
            "python -c 'import whether'": seconds([sys.executable, "-c", "import whether"], folder, chosen.runs),
            "whether run lottery-ticket, answered": seconds(question, folder, chosen.runs),
        }
    print(f"{'':40}{'median s':>10}{'min':>8}{'max':>8}")
    for name, found in table.items():
        print(f"{name:40}{statistics.median(found):10.3f}{min(found):8.3f}{max(found):8.3f}")
    print(f"{'whether run lottery-ticket, first':40}{first:10.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(table | {"first": first}, indent=1))


if __name__ == "__main__":
    main()
