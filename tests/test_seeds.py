"""Randomness by name: the generator is Philox, and streams do not know of each other."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.question import Replicate
from whether.seeds import Seed, Stream, as_seed

seeds = st.integers(0, 2**64 - 1).map(Seed)
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter: int, key: int) -> list[int]:
    """One block of Philox4x64-10, written down from the paper (Salmon et al., SC 2011, section 4)."""
    mask = 2**64 - 1
    c = [counter >> 64 * place & mask for place in range(4)]
    k = [key & mask, key >> 64]
    for _ in range(10):
        first, second = MULTIPLIERS[0] * c[0], MULTIPLIERS[1] * c[2]
        c = [(second >> 64) ^ c[1] ^ k[0], second & mask, (first >> 64) ^ c[3] ^ k[1], first & mask]
        k = [(k[0] + WEYL[0]) & mask, (k[1] + WEYL[1]) & mask]
    return c


def test_reference_meets_the_authors_known_answers() -> None:
    zero = [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    ones = [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0]
    assert philox(0, 0) == zero
    assert philox(2**256 - 1, 2**128 - 1) == ones


@settings(max_examples=20)
@given(seeds, st.text(max_size=5), st.integers(0, 2**64 - 1), st.integers(1, 9))
def test_words_are_those_of_the_paper(seed: Seed, name: str, at: int, count: int) -> None:
    parts = [seed.hex, "stream", name]
    hashed = hashlib.sha256(b"".join(f"{len(part.encode())}:{part}".encode() for part in parts)).digest()
    key = int.from_bytes(hashed[:16], "little")
    # NumPy's generator counts up before it draws: block i of time t has the counter (i + 1, t).
    blocks = [word for block in range(3) for word in philox((at << 128) + block + 1, key)]
    assert [int(word) for word in Stream(seed, name).words(count, at)] == blocks[:count]


def test_golden_words() -> None:
    drawn = [f"{int(word):016x}" for word in Stream(Seed(7), "order").words(3, at=2)]
    assert drawn == ["3eb1bb845a21bf07", "f4d597eacf080ef8", "757968a0bbb2e091"]


def test_golden_seeds() -> None:
    assert repr(Seed(7)) == "Seed(0000000000000007)"
    assert [Seed(7).seed("order", 1).hex, Seed(7).seed("order").hex] == ["c8d2d27d8a03f155", "504345cc01a2c93f"]


@given(seeds, st.integers(1, 50), st.integers(0, 5))
def test_a_word_depends_on_its_place_and_time_only(seed: Seed, count: int, at: int) -> None:
    stream = Stream(seed, "order")
    assert (stream.words(count, at) == stream.words(count + 7, at)[:count]).all()
    assert (stream.words(count, at) == Stream(seed, "order").words(count, at)).all()


def test_streams_differ_by_seed_name_and_time() -> None:
    drawn = [
        Stream(Seed(seed), name).words(8, at).tobytes()
        for seed in (0, 1, 2**63)
        for name in ("order", "weights", "")
        for at in (0, 1, 2**60)
    ]
    assert len(set(drawn)) == len(drawn)


def test_streams_are_uncorrelated_by_name_and_time() -> None:
    n = 4000
    rows = [Stream(Seed(seed), name).uniform(n, at) for seed in (1, 2) for name in ("a", "b") for at in (0, 1)]
    correlations = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
    assert abs(correlations).max() < 4.5 / np.sqrt(n)


def test_names_do_not_run_into_each_other() -> None:
    named = [("ab", "c"), ("a", "bc"), ("abc",), ("1",), (1,), ("i1",), ("a", 1), ("a", "1"), (11,), (1, 1)]
    assert len({Seed(3).seed(*name) for name in named}) == len(named)


@given(seeds, st.integers(0, 300), st.integers(0, 3))
def test_a_permutation_has_every_place_once(seed: Seed, count: int, at: int) -> None:
    order = Stream(seed, "order").permutation(count, at)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(count))


def test_every_order_is_as_likely() -> None:
    found: dict[bytes, int] = {}
    stream = Stream(Seed(5), "order")
    for epoch in range(2400):
        key = stream.permutation(4, epoch).tobytes()
        found[key] = found.get(key, 0) + 1
    expected = 2400 / 24
    chi_square = sum((count - expected) ** 2 / expected for count in found.values())
    assert len(found) == 24
    assert chi_square < 49.7  # 23 degrees of freedom, p = .001


def test_uniform_has_its_moments_and_range() -> None:
    drawn = Stream(Seed(1), "u").uniform(100_000)
    assert 0.0 <= drawn.min() < drawn.max() < 1.0
    assert abs(drawn.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / 1e5)
    assert abs(drawn.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / 1e5)


def test_normal_has_its_moments() -> None:
    drawn = Stream(Seed(1), "n").normal(100_000)
    se = 1 / np.sqrt(1e5)
    assert abs(drawn.mean()) < 4 * se
    assert abs(drawn.var() - 1) < 4 * np.sqrt(2) * se
    assert abs((drawn**3).mean()) < 4 * np.sqrt(15) * se
    assert abs((drawn**4).mean() - 3) < 4 * np.sqrt(96) * se
    assert abs(np.corrcoef(drawn[:50_000], drawn[50_000:])[0, 1]) < 4 / np.sqrt(5e4)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_odd_and_empty_counts_are_served(count: int) -> None:
    assert Stream(Seed(1), "n").normal(count).shape == (count,)


def test_global_generators_are_neither_read_nor_moved() -> None:
    def state() -> tuple[object, bytes]:
        return random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tobytes()

    before = state()
    first = Stream(Seed(9), "order").normal(10)
    np.random.seed(3)
    random.seed(3)
    assert (Stream(Seed(9), "order").normal(10) == first).all()
    np.random.seed(4)
    assert state() != before
    moved = state()
    Stream(Seed(9), "order").permutation(10)
    assert state() == moved


@pytest.mark.parametrize("value", [-1, 2**64, 1.0, True, "7", None])
def test_what_is_no_seed_is_refused(value: int) -> None:
    with pytest.raises(RequestError, match=r"a seed is an integer from 0 to 2\^64 - 1, got .*; write Seed\(7\)"):
        Seed(value)


def test_a_purpose_needs_a_name() -> None:
    with pytest.raises(
        RequestError, match=r'seed\(\) needs a name for its purpose, for example rep.seed\("order", 1\)'
    ):
        Seed(1).seed()


def test_an_integer_is_taken_as_a_seed_and_a_replicate_is_one() -> None:
    assert as_seed(7) == Seed(7)
    assert as_seed(Seed(7)) == Seed(7)
    assert Replicate(7, 3).seed("a") == Seed(7).seed("a")


def test_hex_is_sixteen_digits_and_orders_like_the_value() -> None:
    values = [0, 1, 255, 2**32, 2**64 - 1]
    written = [Seed(value).hex for value in values]
    assert all(len(digits) == 16 for digits in written)
    assert all(one < other for one, other in pairwise(written))
