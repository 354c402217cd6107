from __future__ import annotations

import pytest
from store_cases import CHILD, PARENT, flip, sha

from whether.errors import DamageError, WorkError
from whether.store import Store
from whether.store.states import sha256_of


def test_the_first_state_stands_and_says_its_hash(store: Store) -> None:
    assert store.states.write(CHILD, b"weights") == sha(b"weights")
    assert store.states.write(CHILD, b"others") == sha(b"weights")
    assert store.states.read(CHILD, sha(b"weights")) == b"weights"
    assert store.states.path(CHILD).name == f"{CHILD}.safetensors"


def test_the_optimisers_part_is_apart(store: Store) -> None:
    store.states.write(CHILD, b"momentum", part="optimizer")
    assert store.states.path(CHILD, "optimizer").name == f"{CHILD}.optimizer.safetensors"
    assert store.states.has(CHILD, "optimizer")
    assert not store.states.has(CHILD)
    store.states.write(PARENT, b"weights")
    assert store.states.listing("optimizer") == {CHILD}
    assert store.states.listing() == {PARENT}
    assert store.states.read(CHILD, sha(b"momentum"), part="optimizer") == b"momentum"


def test_a_missing_state(store: Store) -> None:
    with pytest.raises(DamageError, match=r"the state of .*… is missing: states/.*training the piece again") as caught:
        store.states.read(CHILD, sha(b""))
    assert caught.value.place == f"states/{CHILD[:2]}/{CHILD}.safetensors"
    with pytest.raises(DamageError, match=r"the optimiser state of .*… is missing"):
        store.states.read(CHILD, sha(b""), "optimizer")


def test_a_damaged_state_is_never_handed_out(filled: Store) -> None:
    named = filled.records.read(CHILD)["state"]["sha256"]
    for position in range(len(b"child's weights")):
        flip(filled.states.path(CHILD), position, position % 8)
        with pytest.raises(
            DamageError, match=r"the state of .*… is damaged: .* hashes to .*its record says .*not used"
        ):
            filled.states.read(CHILD, named)
        flip(filled.states.path(CHILD), position, position % 8)
    assert filled.states.read(CHILD, named) == b"child's weights"


def test_a_state_that_the_system_keeps_to_itself(store: Store) -> None:
    store.states.path(CHILD).mkdir(parents=True)
    with pytest.raises(WorkError, match=r"could not read .*See that the file can be read"):
        sha256_of(store.states.path(CHILD))
    with pytest.raises(WorkError, match="could not read the state of"):
        store.states.read(CHILD, sha(b""))
