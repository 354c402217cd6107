"""A workshop that opens when something is made in it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from works import fact, network

from whether.errors import DamagedPieceError
from whether.execute.unopened import UnopenedWorkshop
from whether.execute.workshop import Workshop
from whether.history import accuracy
from whether.lab import Lab

ASKED = ["run", "xor", "replicates=2", "steps=20it"]


def run(lab: Lab) -> str:
    """Ask in an interpreter of its own; whether PyTorch was there when the answer was."""
    words = [*ASKED, "--lab", str(lab.root)]
    code = f"import sys\nfrom whether.cli import main\nmain({words})\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_what_stands_is_concluded_anew_without_pytorch(lab: Lab) -> None:
    first = run(lab)
    assert first.endswith("True\n")
    for answer in lab.store.answers.listing():
        (answer.path / "answer.json").unlink()
    again = run(lab)
    assert "0 networks to train" in again or "nothing" in again
    assert again.endswith("False\n")
    assert len(lab.answers()) == 1


def test_it_opens_for_what_is_made_and_does_what_a_workshop_does(lab: Lab) -> None:
    state = fact(network(seed=3))
    door = UnopenedWorkshop(lab.store, lambda _event: None)
    door.prepare([])
    door.forget(state.digest)
    assert "_opened" not in vars(door)
    with pytest.raises(DamagedPieceError, match="is missing"):
        door.record(state.digest)
    assert "_opened" not in vars(door)
    made, plain = door.state(state), Workshop(lab.store).state(state)
    assert "_opened" in vars(door)
    assert {name: value.tolist() for name, value in made.weights.items()} == {
        name: value.tolist() for name, value in plain.weights.items()
    }


def test_damage_that_is_mended_is_forgotten_by_the_workshop_behind(lab: Lab) -> None:
    net = network().train()
    lab.value(accuracy(net))
    point = fact(net)
    door = UnopenedWorkshop(lab.store, lambda _event: None)
    first = door.state(point)
    door.forget(point.digest)
    assert door.state(point) is not first
