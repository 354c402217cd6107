"""Tensors in rows: what is written comes back, each begins on a cache line, and what pads is zero."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from cases import BY_NAME, raw, zero_bits
from whether.train.layout import LINE, Layout
from whether.train.pack import Watch, _Pack

shapes = st.dictionaries(
    st.text("abc.", min_size=1, max_size=6), st.lists(st.integers(1, 20), max_size=3).map(tuple), min_size=1, max_size=5
)


@given(shapes, st.booleans())
def test_tensors_come_back_and_begin_on_a_line(shapes: dict[str, tuple[int, ...]], padded: bool) -> None:
    layout = Layout.of(shapes, padded=padded)
    rows = torch.zeros(3, layout.size)
    values = {name: torch.arange(1.0, 1.0 + torch.Size(shape).numel()).reshape(shape) for name, shape in shapes.items()}
    layout.fill(rows[1], values)
    assert raw(layout.take(rows[1])) == raw(values)
    assert zero_bits(rows[0])
    assert zero_bits(rows[2])
    assert layout.size % LINE == 0
    assert int((rows[1] != 0).sum()) == sum(value.numel() for value in values.values())
    for name, shape in shapes.items():
        slot = layout.slot(name)
        assert slot.begin % LINE == 0
        view = layout.view(rows, name)
        assert view.shape == (3, *slot.stored)
        assert torch.equal(view[1][tuple(slice(0, size) for size in shape)], values[name])
        assert slot.stored == (tuple(-(-size // LINE) * LINE for size in shape) if padded else shape)


def test_what_is_taken_no_longer_changes() -> None:
    layout = Layout.of({"w": (2, 16)}, padded=True)
    rows = torch.ones(1, layout.size)
    taken = layout.take(rows[0])["w"]
    rows.zero_()
    assert bool((taken == 1).all())
    assert taken.is_contiguous()


def test_padding_stays_zero_while_a_pack_trains() -> None:
    case = BY_NAME["momentum-keeps-the-last-batch"]
    pack = _Pack(case.module(), case.replicas(2, stops=(100,)), case.tensors, Watch(stop=lambda *_: None))
    slots = pack.program.layout.slots
    for _ in range(5):
        pack._advance()
    for rows in (pack.weights, *pack.optimizer.moments.values()):
        ones = torch.zeros_like(rows)
        for place in range(2):
            pack.program.layout.fill(ones[place], {slot.name: torch.ones(slot.shape) for slot in slots})
        assert ones.numel() > ones.sum() > 0
        assert zero_bits(rows[ones == 0])
