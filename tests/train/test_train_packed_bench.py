"""The benchmark of packs runs, on a CPU in tiny forms, and says so when there is no GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "packs_gpu.py"


@pytest.mark.long
def test_its_tiny_forms_run_and_packed_networks_agree(tmp_path: Path) -> None:
    said = [sys.executable, str(SCRIPT), "--smoke", "--json", str(tmp_path / "told.json")]
    done = subprocess.run(said, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "the figures mean nothing" in done.stdout
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    for work in ("lenet", "lenet-tf32", "resnet", "gpt"):
        assert told[work]["agreement"] < 1e-4
        assert {*told[work]["paces"]} == {"plain loop", "captured loop", "pack of 1", "pack of 3"}
        assert all(len(paces) == 1 and paces[0] > 0 for paces in told[work]["paces"].values())
        assert f"\n{work}: " in done.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no GPU here that PyTorch can use, and nothing was measured" in done.stderr
