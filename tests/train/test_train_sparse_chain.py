"""Compressed rows: the layout, the products, the choice. `cases.py` has twins that every property of training walks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import BY_NAME, DIGITS, Case, bits, distance, threads, train, zero_bits
from whether.prune import wear
from whether.recipe import Recipe, adam, own_optimizer, sgd
from whether.sparsify import gradual
from whether.train import compressed, program
from whether.train.chain import Chain
from whether.train.compressed import EXTRA, CompressedRows, Entries, Pattern, multiply, sample
from whether.train.loop import batch
from whether.train.pack import Watch, _Pack
from whether.train.profile import Settings
from whether.train.replica import Replica
from whether.train.sparse_chain import SparseChain

EVERYWHERE = Settings(sparse_below=1e9, sparse_overhead=0.0)
FEW = BY_NAME["adam-at-five-per-cent-compressed"]


def pattern_of(mask: torch.Tensor) -> Pattern:
    rows, columns = mask.nonzero(as_tuple=True)
    return Pattern.of(rows, columns, (mask.shape[0], mask.shape[1]))


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    batch_size=st.integers(1, 5),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_products_are_those_of_dense_matrices(
    rows: int, columns: int, batch_size: int, density: float, seed: int
) -> None:
    drawn = torch.Generator().manual_seed(seed)
    mask = torch.rand(rows, columns, generator=drawn) < density
    dense = torch.randn(rows, columns, generator=drawn) * mask
    x, delta = torch.randn(columns, batch_size, generator=drawn), torch.randn(rows, batch_size, generator=drawn)
    pattern = pattern_of(mask)
    values = dense[mask].clone()
    matrix, out = pattern.matrix(values), torch.full((rows, batch_size), 7.0)
    multiply(matrix, x, out)
    torch.testing.assert_close(out, dense @ x)
    below, order = pattern.transposed()
    back = torch.full((columns, batch_size), 7.0)
    multiply(below.matrix(values[order]), delta, back)
    torch.testing.assert_close(back, dense.t() @ delta)
    sample(matrix, delta, x, kept=0.5, by=2.0)
    torch.testing.assert_close(values, (0.5 * dense + 2 * delta @ x.t())[mask], msg="the matrix shares its values")


@given(seed=st.integers(0, 2**31), pad=st.integers(0, 19), on=st.sampled_from([1, 2]), size=st.integers(1, 70))
@settings(max_examples=40, deadline=None)
def test_what_fills_a_layer_up_changes_no_bit_and_has_no_gradient(seed: int, pad: int, on: int, size: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    weight, bias = torch.rand(6, 20, generator=drawn) < 0.3, torch.ones(6, dtype=torch.bool)
    plain, filled = Entries.of(weight, bias), Entries.of(weight, bias, int(weight.sum()) + 6 + pad)
    x = torch.cat([torch.randn(20, size, generator=drawn), torch.zeros(1, size), torch.ones(1, size)])
    delta = torch.randn(6, size, generator=drawn)
    values = torch.randn(len(plain.rows), generator=drawn)
    found = []
    with threads(on):
        for entries in (plain, filled):
            missing = len(entries.rows) - len(values)
            own = torch.cat([values, torch.zeros(missing)])
            matrix, out = Pattern.of(entries.rows, entries.columns, (6, 20 + EXTRA)).matrix(own), torch.empty(6, size)
            multiply(matrix, x, out)
            sample(matrix, delta, x)
            assert zero_bits(own[len(values) :].abs())
            found.append((out, own[: len(values)].clone()))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_a_row_gives_back_what_exists_and_zeros_elsewhere() -> None:
    masks = [torch.tensor([[True, False, True], [False, False, False]]), torch.ones(2, 3, dtype=torch.bool)]
    bias = torch.tensor([True, False])
    entries = [[Entries.of(mask, bias, 7)] for mask in masks]
    layout = CompressedRows(["a"], [(2, 3)], entries)
    weights = {"a.weight": torch.arange(1.0, 7.0).view(2, 3), "a.bias": torch.tensor([8.0, 9.0])}
    rows = torch.zeros(2, layout.size)
    for place, mask in enumerate(masks):
        layout.at(place).fill(rows[place], weights)
        taken = layout.at(place).take(rows[place])
        assert taken["a.weight"].tolist() == (weights["a.weight"] * mask).tolist()
        assert taken["a.bias"].tolist() == [8.0, 0.0]
    assert int((rows[0] != 0).sum()) == 3
    layout.keep([1])
    assert layout.at(0).take(rows[1])["a.weight"].tolist() == weights["a.weight"].tolist()


def weights_of(program: SparseChain | Chain, replicas: list[Replica]) -> torch.Tensor:
    rows = torch.zeros(len(replicas), program.layout.size)
    for place, replica in enumerate(replicas):
        program.layout.at(place).fill(rows[place], wear(replica.weights, replica.masks or {}))
    return rows


def test_the_gradient_is_the_dense_one_where_weights_exist() -> None:
    case = FEW
    replicas = case.replicas(3)
    module = case.module()
    sparse, dense = SparseChain(module, [replica.masks for replica in replicas]), Chain(module)
    drawn = [batch(replica, case.tensors, 0) for replica in replicas]
    y = torch.stack([labels for _, labels in drawn])
    found = []
    for made in (sparse, dense):
        x = torch.stack([made.inputs(rows) for rows, _ in drawn])
        weights = weights_of(made, replicas)
        slopes = torch.zeros_like(weights)
        losses, right = made.gradient(weights, slopes, x, y, 0)
        seen = made.evaluate(weights, made.inputs(case.tensors.x_train), case.tensors.y_train)
        found.append((slopes, losses, right, *seen))
    torch.testing.assert_close(found[0][1], found[1][1])
    torch.testing.assert_close(found[0][3], found[1][3])
    assert found[0][2].tolist() == found[1][2].tolist()
    assert found[0][4].tolist() == found[1][4].tolist()
    for place, replica in enumerate(replicas):
        own = sparse.layout.at(place).take(found[0][0][place])
        whole = dense.layout.at(place).take(found[1][0][place])
        assert replica.masks is not None
        for name, value in whole.items():
            exists = replica.masks.get(name, torch.ones_like(value, dtype=torch.bool))
            torch.testing.assert_close(own[name], value.where(exists, 0.0), atol=1e-6, rtol=1e-5)


def test_weights_that_do_not_exist_take_no_memory() -> None:
    replicas = FEW.replicas(2)
    module = FEW.module()
    existing = [sum(int(mask.sum()) for mask in (replica.masks or {}).values()) for replica in replicas]
    biases = sum(value.numel() for name, value in module.named_parameters() if name.endswith("bias"))
    pack = _Pack(module, replicas, FEW.tensors, Watch(stop=lambda *_: None), settings=EVERYWHERE)
    assert isinstance(pack.program, SparseChain)
    layers = len(pack.program.layout.counts)
    most = max(existing) + biases + 16 * layers
    assert pack.weights.shape[1] <= most
    assert all(rows.shape[1] <= most for rows in pack.optimizer.moments.values())  # type: ignore[union-attr]
    assert pack.bounds.keep_bits is None, "nothing is there that would have to be cleared"


def test_a_layer_may_be_left_without_a_weight() -> None:
    case = FEW
    replica = case.replica(1)
    assert replica.masks is not None
    first = next(iter(replica.masks))
    emptied = {name: torch.zeros_like(mask) if name == first else mask for name, mask in replica.masks.items()}
    sparse = train(case, [replace(replica, masks=emptied)])[0, case.total]
    dense = train(replace(case, kernels="dense"), [replace(replica, masks=emptied)])[0, case.total]
    assert distance(sparse.weights, dense.weights) < 1e-6
    assert zero_bits(sparse.weights[first])


class TestTheChoice:
    WIDE = Case(
        name="wide", model="mlp-300-100", data=DIGITS, recipe=Recipe(optimizer=adam(1e-3), total="2it", batch=60)
    )

    def sparse(self, case: Case, settings: Settings | None = None, **changes: object) -> list[list[int]]:
        replica = replace(case.replica(1), **changes)  # type: ignore[arg-type]
        dense = replace(case.replica(2), masks=None)
        return program.alike(case.module(), [dense, replica], case.tensors, settings or Settings())

    @pytest.mark.parametrize(("density", "apart"), [(0.05, True), (0.15, True), (0.25, False), (0.9, False)])
    def test_few_weights_are_multiplied_sparse(self, density: float, apart: bool) -> None:
        case = replace(self.WIDE, density=density)
        assert self.sparse(case) == ([[0], [1]] if apart else [[0, 1]])

    def test_small_networks_are_multiplied_dense(self) -> None:
        assert self.sparse(replace(self.WIDE, model="mlp-30-10", density=0.05)) == [[0, 1]]

    def test_a_profile_may_say_dense(self) -> None:
        assert self.sparse(replace(self.WIDE, density=0.05), Settings(kernels="dense")) == [[0, 1]]

    def test_a_machine_without_compressed_rows_multiplies_dense(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(program, "available", lambda: False)
        assert self.sparse(replace(self.WIDE, density=0.05)) == [[0, 1]]

    def test_available_is_found_out_by_trying(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert compressed.available()
        compressed.available.cache_clear()

        def fails(*_: object, **__: object) -> None:
            raise RuntimeError("Calling addmm on a sparse CPU tensor requires Linux platform or MKL")

        monkeypatch.setattr(compressed, "multiply", fails)
        assert not compressed.available()
        compressed.available.cache_clear()

    def test_what_looks_at_other_weights_is_left_dense(self) -> None:
        case = replace(self.WIDE, density=0.05)
        for changed in (
            case.but(optimizer=own_optimizer("foreign:momentum", 0.1)),
            case.but(sparsify=gradual(0.3, begin="0it", end="2it", every="1it")),
            case.but(precision="bf16"),
        ):
            assert self.sparse(changed) == [[0, 1]], changed.recipe

    def test_a_pack_of_both_kinds_gives_each_its_own_bits(self) -> None:
        case = replace(self.WIDE, density=0.05, kernels="sparse")
        masked, whole = case.replica(1), replace(case.replica(2), masks=None)
        together = train(case, [whole, masked, case.replica(3)])
        assert bits(together[1, 2]) == bits(train(case, [masked])[0, 2])
        assert bits(together[0, 2]) == bits(train(case, [whole])[0, 2])
        assert bits(together[0, 2]) == bits(train(replace(case, kernels="dense"), [whole])[0, 2])
        assert sorted(together) == [(0, 2), (1, 2), (2, 2)]


def test_plain_steps_of_a_module_agree_over_a_run() -> None:
    case = Case(
        name="run",
        model="mlp-40-20",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9, weight_decay=1e-3), total="60it", batch=60, evaluate="20it"),
        density=0.1,
        kernels="sparse",
    )
    sparse = train(case, [case.replica(1), case.replica(2)])
    dense = train(replace(case, kernels="dense"), [case.replica(1), case.replica(2)])
    for key, snapshot in sparse.items():
        assert distance(snapshot.weights, dense[key].weights) < 1e-4
        for name, values in snapshot.curves.values.items():
            assert values == pytest.approx(dense[key].curves.values[name], abs=0.2 if "accuracy" in name else 1e-4)
