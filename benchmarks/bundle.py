"""How long do bundling an answer and checking the bundle take, and how much memory?

    python benchmarks/bundle.py [--replicates 250] [--rounds 3] [--lab FOLDER]

XOR is answered with so many replicates of its four arms, then `whether bundle xor` and `whether verify` run as whole
processes; each time and each peak of resident memory is of that process. The aims for 1,000 runs are 30 s and 500 MB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

AIM_SECONDS, AIM_BYTES = 30.0, 500e6
WHETHER = (sys.executable, "-m", "whether")


def measured(words: list[str], folder: Path) -> tuple[float, float]:
    """What a command took: seconds, and the peak of its memory in bytes."""
    began = time.perf_counter()
    with subprocess.Popen([*WHETHER, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"whether {' '.join(words)}: {said.decode()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, float(used.ru_maxrss * unit)


def main() -> None:
    """Answer, bundle, verify, print what it took."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--replicates", type=int, default=250)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--lab", type=Path, help="a folder with a lab in which xor was answered")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = (given.lab.parent if given.lab else Path(made)).absolute()
        if not given.lab:
            asked = ["run", "xor", f"replicates={given.replicates}", "--on", "inprocess"]
            subprocess.run([*WHETHER, *asked], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        path = Path(made) / "xor.zip"
        commands = {"bundle": ["bundle", "xor", "--to", str(path)], "verify": ["verify", str(path)]}
        print(f"{'command':<10}{'median s':>10}{'min':>8}{'max':>8}{'peak MB':>10}")
        for name, command in commands.items():
            took = [measured(command, folder) for _ in range(given.rounds)]
            seconds, peak = [one for one, _ in took], max(most for _, most in took)
            told = f"{statistics.median(seconds):>10.2f}{min(seconds):>8.2f}{max(seconds):>8.2f}{peak / 1e6:>10.0f}"
            met = "met" if max(seconds) <= AIM_SECONDS and peak <= AIM_BYTES else "not met"
            print(f"{name:<10}{told}  {met}")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        packed, whole = path.stat().st_size, sum(member.file_size for member in members)
    print(f"{len(members):,} members, {packed / 1e6:.1f} MB, {whole / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
