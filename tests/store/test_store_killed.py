from __future__ import annotations

import random
import time
from pathlib import Path

from store_cases import Spawn

from whether.digest import digest
from whether.store import Store, verify

_WRITER = """
from whether.digest import digest
n = len(store.records.listing())
while True:
    store.work.write("piece", bytes([n % 256]) * 20_000)
    store.keep(digest(n), {"n": n}, state=bytes([n % 256]) * 20_000)
    store.ledger.append("looked", {"n": n})
    store.conclude(store.answers.open("xor", digest("xor")), {"n": n})
    print(n, flush=True)
    n += 1
"""


def test_killing_a_writer_loses_nothing_and_leaves_nothing_half_written(tmp_path: Path, spawn: Spawn) -> None:
    store = Store.find(tmp_path / "lab")
    rng = random.Random(1)
    told: set[int] = set()
    for _ in range(5):
        process = spawn(_WRITER, store.root)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        told |= {int(n) for n in [first, *process.stdout.read().split()]}
        assert store.ledger.check() == []
        for n in told:  # whatever was told of stands, whole
            record = store.records.read(digest(n))
            assert store.states.read(digest(n), record["state"]["sha256"]) == bytes([n % 256]) * 20_000
        looked = [entry.body["n"] for entry in store.ledger.entries() if entry.kind == "looked"]
        assert set(looked) >= told
        checkpoint = store.work.read("piece")
        assert checkpoint is not None
        assert len(set(checkpoint)) == 1
        # A conclusion that was interrupted between its answer and its entry is the one thing left to make good.
        assert {finding.place.split("/")[-1] for finding in verify(store)} <= {"answer.json"}
    store.conclude(store.answers.open("xor", digest("xor")), {"n": "in the end"})
    assert verify(store) == []
    assert len(told) > 5
