from __future__ import annotations

import hashlib
import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_cases import CHILD, PARENT, Spawn, flip

from whether.digest import canonical, digest
from whether.errors import DamageError, WorkError
from whether.store import Store, floats, number, numbers, plain
from whether.store.sealed import seal, unseal

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats().map(number),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "sea", "seal_", "z", "ü"]), _values))
def test_what_is_sealed_comes_back(body: dict[str, object]) -> None:
    raw = seal(body)
    found = unseal(raw)
    assert found is not None
    assert found.pop("seal") == hashlib.sha256(canonical(body)).hexdigest()
    assert found == body
    assert raw == canonical(json.loads(raw)) + b"\n"


def test_a_seal_inside_is_no_obstacle() -> None:
    inner = json.loads(seal({"a": 1}))
    assert unseal(seal({"parent": inner})) is not None


@pytest.mark.parametrize("body", [{}, {"a": [1.5, "nan"], "z": {"b": None}}, {"z": 1}])
def test_every_flipped_bit_is_found(body: dict[str, object]) -> None:
    raw = seal(body)
    for position in range(len(raw)):
        for bit in range(8):
            altered = bytearray(raw)
            altered[position] ^= 1 << bit
            assert unseal(bytes(altered)) is None, (position, bit)


def test_every_other_change_is_found() -> None:
    raw = seal({"a": 1})
    for altered in (
        b"",
        raw[:-1],
        raw[:-2],
        raw[:-1] + b" ",
        raw + b"\n",
        b" " + raw,
        raw[1:],
        b"[]\n",
        b"null\n",
        b'{"seal":1}\n',
    ):
        assert unseal(altered) is None, altered


def test_the_seal_is_ours_to_add() -> None:
    with pytest.raises(ValueError, match="'seal' is added by the store"):
        seal({"seal": "x"})


def test_records(store: Store) -> None:
    assert store.records.listing() == set()
    assert store.records.write(CHILD, {"accuracy": 0.5})
    assert store.records.path(CHILD) == store.root / "records" / CHILD[:2] / f"{CHILD}.json"
    assert store.records.has(CHILD)
    assert not store.records.has(PARENT)
    assert not store.records.write(CHILD, {"accuracy": 0.75})
    record = store.records.read(CHILD)
    assert {key: record[key] for key in ("accuracy", "digest")} == {"accuracy": 0.5, "digest": CHILD}
    assert store.records.listing() == {CHILD}


def test_what_was_read_can_be_written_elsewhere(filled: Store) -> None:
    other = Store.find(filled.root.parent / "other")
    record = filled.records.read(PARENT)
    assert other.records.write(PARENT, record)
    assert other.records.path(PARENT).read_bytes() == filled.records.path(PARENT).read_bytes()
    with pytest.raises(ValueError, match=r"says digest = '.*', which is not its own"):
        other.records.write(CHILD, record)
    with pytest.raises(ValueError, match=r"says seal = '.*', which is not its own"):
        other.records.write(PARENT, {**record, "accuracy": 1.0})


def test_a_missing_record(store: Store) -> None:
    with pytest.raises(DamageError, match=r"the record .*… is missing: records/.*the next run that needs it makes it"):
        store.records.read(CHILD)


def test_a_damaged_record_is_never_read(filled: Store) -> None:
    flip(filled.records.path(CHILD), 30)
    with pytest.raises(DamageError, match=r"the record .*… is damaged: records/.*It is not used") as caught:
        filled.records.read(CHILD)
    assert caught.value.place == f"records/{CHILD[:2]}/{CHILD}.json"


def test_a_record_under_anothers_name_is_damage(filled: Store) -> None:
    filled.records.path(CHILD).write_bytes(filled.records.path(PARENT).read_bytes())
    with pytest.raises(DamageError, match="is damaged"):
        filled.records.read(CHILD)


def test_a_record_that_the_system_keeps_to_itself(store: Store) -> None:
    store.records.path(CHILD).mkdir(parents=True)
    with pytest.raises(WorkError, match="could not read the record"):
        store.records.read(CHILD)


def test_the_listing_opens_nothing_and_takes_only_our_names(filled: Store) -> None:
    shelf = filled.records.path(CHILD).parent
    (shelf / f"{digest('elsewhere')}.json").write_text("not on its shelf, whatever the first two digits")
    (shelf / f".{CHILD}.json.1-2.partial").write_text("")
    (filled.records.folder / f"{digest('flat')}.json").write_text("")
    flip(filled.records.path(CHILD), 0)
    assert digest("elsewhere")[:2] != CHILD[:2]
    assert filled.records.listing() >= {CHILD, PARENT}
    assert len(filled.records.listing()) == 3


def test_profiles_stand_until_they_are_changed(store: Store) -> None:
    cpu = digest("cpu")
    assert store.profiles.write(cpu, {"threads": 1})
    assert not store.profiles.write(cpu, {"threads": 2})
    assert store.profiles.read(cpu)["threads"] == 1
    store.profiles.change(cpu, {"threads": 2})
    assert store.profiles.read(cpu)["threads"] == 2
    assert store.profiles.listing() == {cpu}
    assert store.profiles.path(cpu) == store.root / "profiles" / f"{cpu}.json"


def test_numbers_that_json_has_no_words_for() -> None:
    curve = [0.1, 2.0, math.nan, math.inf, -math.inf, -0.0, 0.0]
    assert numbers(curve) == [0.1, 2.0, "nan", "inf", "-inf", "-0.0", 0.0]
    back = floats(json.loads(canonical(numbers(curve))))
    assert [value.hex() for value in back] == [value.hex() for value in curve]
    assert plain({"curve": tuple(curve[:3]), "steps": 3}) == {"curve": [0.1, 2.0, "nan"], "steps": 3}
    for bad in ("Infinity", "1.0", True, None):
        with pytest.raises(ValueError, match=r"expected a number or one of nan, inf, -inf, -0.0, got"):
            floats([bad])


def test_many_write_the_same_record(store: Store, spawn: Spawn) -> None:
    text = (
        "import sys\n"
        "from whether.digest import digest\n"
        "won = [n for n in range(50) if store.keep(digest(n), {'who': NAME}, state=b'same' + bytes([n]))]\n"
        "print(*won)"
    )
    processes = [spawn(text.replace("NAME", str(name)), store.root) for name in range(4)]
    won = {name: [int(n) for n in process.communicate(timeout=30)[0].split()] for name, process in enumerate(processes)}
    assert sorted(n for each in won.values() for n in each) == list(range(50))  # each by exactly one
    for name, each in won.items():
        assert {store.records.read(digest(n))["who"] for n in each} <= {name}
    for n in range(50):
        assert store.states.read(digest(n), store.records.read(digest(n))["state"]["sha256"]) == b"same" + bytes([n])


def test_writing_and_listing_are_quick(store: Store) -> None:
    body = {"curve": [0.5] * 40}
    started = time.perf_counter()
    for n in range(200):
        store.records.write(digest(n), body)
    assert time.perf_counter() - started < 3.0  # 1,000 take .6 s on a quiet machine
    started = time.perf_counter()
    for _ in range(10):
        assert len(store.records.listing()) == 200
    assert time.perf_counter() - started < 1.0
