"""A Ray cluster of several nodes on this machine: nodes, actors and the command itself are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_cases import FILE, LAB, command, everything, same, sound, until

from whether.catalogue.find import find
from whether.execute import cluster
from whether.lab import Lab

pytest.importorskip("ray", reason="Ray is not installed: pip install 'whether[ray]'")
pytestmark = [
    pytest.mark.usefixtures("place_of_ray"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
    pytest.mark.xdist_group("ray"),  # one after the other, where xdist can: they keep a machine busy
]

OPTIONS = {"total": "900it", "until": "300it", "replicates": 3, "width": 9}
WAIT = 240.0  # a command of Ray's takes ten seconds, and on a machine at other work several times as long
SHORT = ("xor", "replicates=1", "steps=50it")
RAY = ("raylet", "gcs_server", "ray::", "default_worker.py", "ray/dashboard", "log_monitor.py")


def processes() -> dict[int, str]:
    """The processes of Ray on this machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if any(word in line for word in RAY):
                found[int(entry.name)] = line
    return found


def parents() -> dict[int, int]:
    """The parent of every process of this machine that is no zombie."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state not in "ZX":
                found[int(entry.name)] = int(parent)
    return found


def below(root: int) -> set[int]:
    """All processes that descend from one."""
    tree, found = parents(), {root}
    while more := {pid for pid, parent in tree.items() if parent in found} - found:
        found |= more
    return found - {root}


def ticks(pid: int) -> int:
    """How long a process has computed so far."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(stat[11]) + int(stat[12])


class Nodes:
    """A cluster of nodes of one core each, and one without any for the command."""

    def __init__(self, count: int) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self.nodes = [self.cluster.add_node(num_cpus=1) for _ in range(count)]
        self.seen: set[int] = set()

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def kill_node(self) -> bool:
        """End the node whose actor is busiest as a power cut would, with all that runs on it."""
        for pid in self.sitting()[:1]:
            (node,) = (node for node in self.nodes if raylet(node).pid == parents()[pid])
            self.seen |= below(raylet(node).pid)
            self.nodes.remove(node)
            raylet(node).kill()
            raylet(node).wait()
            return True
        return False

    def kill_actor(self) -> bool:
        """End the process of the busiest actor."""
        for pid in self.sitting()[:1]:
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def sitting(self) -> list[int]:
        """The actors that sit on these nodes, the busiest first; other tests may have clusters, too."""
        tree, raylets = parents(), {raylet(node).pid for node in self.nodes}
        found = [pid for pid, line in processes().items() if line.startswith("ray::Seat") and tree.get(pid) in raylets]
        before = {pid: ticks(pid) for pid in found}
        time.sleep(0.2)
        return sorted(found, key=lambda pid: before[pid] - ticks(pid))

    def left(self) -> set[int]:
        """Processes of Ray that began in this cluster and are still there."""
        return self.seen & processes().keys()

    def stop(self) -> None:
        import ray

        self.seen |= below(os.getpid())
        ray.shutdown()
        self.cluster.shutdown()


def raylet(node: Any) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = node.all_processes["raylet"][0].process
    return process


@pytest.fixture
def nodes(request: pytest.FixtureRequest) -> Iterator[Nodes]:
    made = Nodes(request.param)
    yield made
    made.stop()
    until(lambda: not made.left(), "processes of Ray are left", 30.0)


def calm(folder: Path, name: str, **options: Any) -> dict[str, Any]:
    """Everything of the lab of a run in this process that was left alone."""
    Lab(folder / "calm").run(find(name)(**options))
    return everything(folder / "calm")


def points() -> int:
    return len(list(LAB.glob("states/*/*.safetensors")))


@pytest.mark.long
@pytest.mark.parametrize("nodes", [3], indirect=True)
def test_killed_nodes_and_actors_cost_nothing_but_time(
    nodes: Nodes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0.2")
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    killed: list[bool] = []

    def disturb() -> None:
        until(lambda: points() > 2, "some work")
        killed.append(nodes.kill_actor())
        until(lambda: points() > 7, "more work")
        killed.append(nodes.kill_node())

    thread = threading.Thread(target=disturb)
    thread.start()
    Lab(LAB).run(find(FILE)(**OPTIONS), on="ray")
    thread.join()
    assert killed == [True, True]
    same(calm(folder, FILE, **OPTIONS), everything(LAB))
    assert sound(LAB)


TICKETS = {"replicates": 6, "rounds": 5, "density": 0.33}


@pytest.mark.long
@pytest.mark.parametrize("nodes", [20], indirect=True)
def test_twenty_nodes_and_everything_is_killed(nodes: Nodes, folder: Path) -> None:
    """Nodes, actors and the command die in the middle of lottery-ticket; the answer is the undisturbed one."""
    words = ["lottery-ticket", *(f"{key}={value}" for key, value in TICKETS.items())]
    environment = {"RAY_ADDRESS": nodes.address, "WHETHER_CHECKPOINT_SECONDS": "0.2"}

    def start() -> subprocess.Popen[str]:
        return command("run", *words, "--on", "ray", "--lab", "lab", folder=folder, **environment)

    first = start()
    until(lambda: points() > 4, "some work", 240.0)
    first.kill()  # the command
    first.communicate()
    stood = points()
    second = start()
    killed = 0
    for more in (4, 8, 12):
        until(lambda: points() > stood + more or second.poll() is not None, "more work", 240.0)  # noqa: B023
        killed += nodes.kill_node() + nodes.kill_actor()
    said, _ = second.communicate(timeout=500)
    assert second.returncode == 0, said
    assert killed == 6
    assert " is gone (" in said, "nothing was killed in the middle"
    same(calm(folder, "lottery-ticket", **TICKETS), everything(LAB))
    assert sound(LAB)


AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_cluster_of_its_own_leaves_nobody(folder: Path, killed: bool) -> None:
    """But for Ray's two agents, which after a kill try for a minute to reach what is dead, and then end themselves."""
    process = command("run", "xor", "replicates=4", "steps=3000it", "--on", "ray", folder=folder)
    seen: set[int] = set()

    def at_work() -> bool:
        seen.update(below(process.pid))
        here = processes()
        return process.poll() is not None or any(here.get(pid, "").startswith("ray::Seat") for pid in seen)

    until(at_work, "an actor", WAIT)
    assert seen, process.communicate(timeout=WAIT)[0]
    if killed:
        process.kill()
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == (-signal.SIGKILL if killed else 0), said
    spared = AGENTS if killed else ()

    def left() -> list[str]:
        lines = processes()
        return [lines[pid] for pid in seen & lines.keys() if not lines[pid].startswith(spared)]

    until(lambda: not left(), f"processes of Ray are left: {left()}", 10.0)


BYSTANDER = """
import sys
import ray

ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print("there", flush=True)
sys.stdin.read()
"""


@pytest.mark.long
def test_a_cluster_that_another_process_made_for_itself_is_left_alone(folder: Path) -> None:
    """It would end with that process, under the command that had joined it."""
    with subprocess.Popen(
        [sys.executable, "-c", BYSTANDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as bystander:
        assert bystander.stdout is not None
        assert bystander.stdout.readline() == "there\n"
        process = command("run", *SHORT, "--on", "ray", folder=folder)
        own: set[int] = set()

        def its_own() -> bool:
            here = processes()
            own.update(pid for pid in below(process.pid) if "raylet" in here.get(pid, ""))
            return process.poll() is not None

        until(its_own, "an answer", WAIT)
        said, _ = process.communicate()
        bystander.communicate()
    assert process.returncode == 0, said
    assert own, said


@pytest.mark.long
def test_a_cluster_without_tokens_is_told_to_a_command_with_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = folder / ".ray" / "auth_token"
    token.parent.mkdir()
    token.write_text("a" * 64)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    nodes = Nodes(1)
    monkeypatch.delenv("RAY_AUTH_MODE")
    try:
        assert cluster.running() == nodes.address
        process = command("run", *SHORT, "--on", "ray", folder=folder, HOME=str(folder))
        said, _ = process.communicate(timeout=WAIT)
        assert process.returncode == 1, said
        flat = " ".join(said.split())
        assert "3 actors in a row died before they could work" in flat
        assert "the cluster was started without one: then RAY_AUTH_MODE=disabled lets this command do without" in flat
        process = command("run", *SHORT, "--on", "ray", folder=folder, HOME=str(folder), RAY_AUTH_MODE="disabled")
        said, _ = process.communicate(timeout=WAIT)
        assert process.returncode == 0, said
    finally:
        nodes.stop()
