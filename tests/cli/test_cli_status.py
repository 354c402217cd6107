"""`status`: what a lab holds and who is at work; `run --on`, `--budget` and `--print`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from whether.cli.status import ROWS, working
from whether.cli.working import seconds_of
from whether.errors import RequestError
from whether.store import Store


def told(slots: int = 3, **changes: Any) -> dict[str, Any]:
    rows = [
        {
            "slot": f"worker {n}",
            "host": f"node-{n % 5}",
            "device": "cpu",
            "doing": "mlp-4 on digits" if n % 3 else "",
            "seconds": 2.0 + n,
            "silent": 0.0,
        }
        for n in range(slots)
    ]
    status = {
        "on": "local",
        "questions": ["signs", "xor"],
        "slots": rows,
        "busy": sum(bool(row["doing"]) for row in rows),
        "utilisation": 0.93,
        "idle_share": 0.1,
        "steps": [250, 1000],
        "pieces": [2, 9],
        "measures": [0, 4],
        "ready": 3,
        "waiting": 4,
        "elsewhere": 0,
        "retried": 0,
        "lost": 0,
        "failed": 0,
        "seconds": 61.0,
        "seconds_left": 183.0,
    }
    return {"id": "a", "host": "laptop", "pid": 12, "alive": True, "status": status | changes}


class TestWorking:
    def test_it_says_what_a_person_wants_to_know(self) -> None:
        text = "\n".join(working([told()]))
        for said in (
            "signs, xor  laptop, process 12, on local",
            "25%  250 of 1,000 steps, 2 of 9 networks",
            "1 min 1 s so far, about 3 min 3 s left",
            "2 of 3 at work; 93% over the last minutes",
            "3 ready, 4 wait for others",
            "worker 0   node-0 cpu   idle",
            "worker 1   node-1 cpu   mlp-4 on digits",
        ):
            assert said in text
        assert "trouble" not in text

    def test_trouble_is_told(self) -> None:
        text = "\n".join(working([told(lost=2, retried=3, failed=1, elsewhere=5)]))
        assert "2 devices lost, 3 jobs given again, 1 network failed" in text
        assert "5 are at work in another command" in text

    def test_many_devices_are_told_by_host(self) -> None:
        text = "\n".join(working([told(slots=500)]))
        assert text.count("node-") == 5
        assert "100 devices" in text
        assert len(text.splitlines()) < ROWS + 12

    def test_one_that_has_said_nothing_yet(self) -> None:
        assert "about to begin" in "\n".join(working([told() | {"status": None}]))

    def test_nobody(self) -> None:
        assert "nobody is at work" in "\n".join(working([]))


class TestStatus:
    def test_live_for_scripts_is_one_look(self, whether: Any) -> None:
        store = Store.find(Path("lab"), create=True)
        with store.claims.enter() as claimant:
            claimant.beat(told()["status"])
            done = whether("status", "--live", "--json")
        (said,) = json.loads(done.out)["at_work"]
        assert said["status"]["questions"] == ["signs", "xor"]
        assert said["alive"] is True
        assert json.loads(whether("status", "--live", "--json").out)["at_work"] == []


class TestWhere:
    @pytest.mark.parametrize(
        ("on", "said"),
        [
            ("lokal", "unknown executor 'lokal'; did you mean 'local'"),
            ("local:none", "expected a number of workers after the colon, such as local:4"),
            ("local:0", "expected a number of workers after the colon"),
            ("inprocess:3", "unknown executor 'inprocess:3'"),
            ("slurm", "whether run NAME --on slurm --print"),
            ("ray://127.0.0.1:1", "no Ray cluster answers at ray://127.0.0.1:1"),
            ("ray://", "is no address"),
            ("ray:4", "unknown executor 'ray:4'"),
        ],
    )
    def test_wrong_places_make_no_lab(self, whether: Any, signs: Path, on: str, said: str) -> None:
        done = whether("run", "signs.py", "--on", on)
        assert done.code == 2
        assert said in done.err
        assert not Path("lab").exists()

    def test_print_goes_with_slurm(self, whether: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "--print")
        assert (done.code, "goes with --on slurm" in done.err) == (2, True)

    def test_where_and_budget_reach_the_lab(self, whether: Any, lab: Any, signs: Path) -> None:
        assert whether("run", "signs.py", "replicates=4", "--on", "local:2", "--budget", "1.5h", "--mixed").code == 0
        (means,) = lab.means
        assert (means.on, means.budget, means.mixed) == ("local:2", 5400.0, True)

    def test_a_slurm_script_is_a_script(self, signs: Path) -> None:
        import sys

        line = [sys.executable, "-m", "whether", "run", "signs.py", "density=.3", "--on", "slurm", "--print"]
        done = subprocess.run([*line, "--lab", "far away"], capture_output=True, text=True, check=True)
        assert "ray symmetric-run" in done.stdout
        assert f"whether run signs.py density=.3 --on ray --lab '{Path.cwd() / 'far away'}'" in done.stdout
        assert "--print" not in done.stdout
        checked = subprocess.run(["bash", "-n"], input=done.stdout, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
        assert not Path("far away").exists()


@pytest.mark.parametrize(
    ("said", "seconds"), [("90s", 90), ("30min", 1800), ("30 m", 1800), ("2h", 7200), ("1.5d", 129600)]
)
def test_budgets(said: str, seconds: float) -> None:
    assert seconds_of(said) == seconds


@pytest.mark.parametrize("said", ["2", "h", "0h", "-1h", "2 hours", "1e3s", ""])
def test_wrong_budgets(said: str) -> None:
    with pytest.raises(RequestError, match="expected device-time as a number with a unit, such as 90s, 30min, 2h"):
        seconds_of(said)
