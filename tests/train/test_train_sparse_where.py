"""Which layers of any module are computed in compressed rows: those that nobody else reads, where that is faster."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from case import sparser
from cases import BY_NAME, Case, bits, raw, threads, train
from whether.recipe import own_optimizer
from whether.seeds import Seed, Stream
from whether.sparsify import gradual
from whether.train import program, sparse_where
from whether.train.module import Modules
from whether.train.pack import Watch, train_pack
from whether.train.profile import SHIPPED, Settings
from whether.train.replica import Replica
from whether.train.sparse_modules import SparseModules
from whether.train.sparse_where import Use, candidates, faster, layers

LINEAR, CONV = BY_NAME["smoothed-and-clipped-compressed"], BY_NAME["conv-2-compressed"]


def numbers(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    size = int(torch.Size(shape).numel())
    drawn = Stream(Seed(seed), "numbers").normal(size) if size else []
    return torch.as_tensor(drawn, dtype=torch.float64).to(dtype).reshape(shape)


def few(seed: int, *shape: int, density: float) -> Tensor:
    return torch.as_tensor(Stream(Seed(seed), "mask").uniform(int(torch.Size(shape).numel()))).reshape(shape) < density


class Reads(nn.Module):
    """A net that looks at the weight of its first layer, in the way that is asked for."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.first = nn.Linear(64, 12)
        self.second = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        if self.how == "product":
            return self.second(torch.relu(x @ self.first.weight.t()))
        if self.how == "in evaluation" and not self.training:
            return self.second(torch.relu(nn.functional.linear(x, self.first.weight, self.first.bias)))
        out: Tensor = self.second(torch.relu(self.first(x)))
        if self.how == "size":
            out = out + sum(value.numel() for value in self.parameters()) / 1e3
        if self.how == "norm":
            out = out + self.first.weight.square().sum()
        if self.how == "function":
            return out + self.kept()
        return self.second(torch.relu(self.first(x))) + out if self.how == "twice" else out

    def kept(self) -> Tensor:
        return 0.0 * self.get_parameter("first.weight").sum()


def tied() -> nn.Module:
    net = Reads("tied")
    net.third = nn.Linear(64, 12, bias=False)
    net.third.weight = net.first.weight
    return net


def hooked() -> nn.Module:
    net = Reads("no")
    net.first.register_forward_hook(lambda layer, given, out: out + layer.weight.sum())
    return net


def normed() -> nn.Module:
    net = Reads("no")
    parametrizations.weight_norm(net.first)
    return net


def overridden() -> nn.Module:
    net = Reads("no")
    net.first.forward = lambda x, layer=net.first: nn.functional.linear(x, layer.weight)  # type: ignore[method-assign]
    return net


def frozen() -> nn.Module:
    net = Reads("no")
    net.first.requires_grad_(False)
    return net


class OwnLinear(nn.Linear):
    pass


def subclassed() -> nn.Module:
    net = Reads("no")
    net.first = OwnLinear(64, 12)
    return net


class Transformer(nn.Module):
    """PyTorch's layer reads the weights of its linear layers itself when it is only evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.second = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(self.body(x.flatten(1).view(-1, 8, 8)).mean(1))
        return out


FIRST, SECOND = "first.weight", "second.weight"
NETS: dict[str, tuple[Callable[[], nn.Module], set[str]]] = {
    "nothing": (lambda: Reads("no"), {FIRST, SECOND}),
    "twice": (lambda: Reads("twice"), {FIRST, SECOND}),
    "product": (lambda: Reads("product"), {SECOND}),
    "in evaluation": (lambda: Reads("in evaluation"), {SECOND}),
    "size": (lambda: Reads("size"), set()),
    "norm": (lambda: Reads("norm"), {SECOND}),
    "function": (lambda: Reads("function"), {SECOND}),
    "tied": (tied, {SECOND}),
    "hooked": (hooked, {SECOND}),
    "normed": (normed, {SECOND}),
    "overridden": (overridden, {SECOND}),
    "frozen": (frozen, {SECOND}),
    "subclassed": (subclassed, {SECOND}),
    "transformer": (Transformer, {SECOND}),
    "one layer": (lambda: nn.Linear(8, 10), set()),
    "convolutions": (
        lambda: nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=(1, 2)), nn.Conv2d(4, 4, 1, groups=2)),
            *(nn.Conv2d(4, 4, 3, dilation=1, padding="same"), nn.Conv2d(4, 4, 2, dilation=2)),
            *(nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), nn.Flatten(), nn.LazyLinear(10)),
        ),
        {"0.weight", "1.weight"},
    ),
}


class TestWhichLayers:
    @pytest.mark.parametrize("name", NETS)
    def test_layers_whose_weights_somebody_else_reads_are_left_as_they_are(self, name: str) -> None:
        make, expected = NETS[name]
        module = make()
        x = numbers(1, 9, 1, 8, 8, dtype=torch.float32)
        if name == "convolutions":
            module(x)  # the lazy layer is made
            expected = {*expected, "7.weight"}
        before = copy.deepcopy(module.state_dict())
        state = torch.get_rng_state()
        assert set(candidates(module, x)) == expected
        assert raw(dict(module.state_dict())) == raw(dict(before))
        assert torch.equal(torch.get_rng_state(), state)
        assert module.training

    def test_it_is_known_what_goes_through_a_layer(self) -> None:
        net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Flatten(2), nn.Linear(9, 5))
        assert candidates(net, numbers(1, 20, 1, 8, 8, dtype=torch.float32)) == {
            "0.weight": Use((4, 9), rows=9.0, width=3),
            "2.weight": Use((5, 9), rows=4.0),
        }
        twice = candidates(Reads("twice"), numbers(1, 20, 1, 8, 8, dtype=torch.float32))
        assert {name: use.rows for name, use in twice.items()} == {FIRST: 2, SECOND: 2}

    def test_a_module_is_tried_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tries: list[int] = []
        plain = sparse_where._trial
        monkeypatch.setattr(sparse_where, "_trial", lambda *given: tries.append(1) or plain(*given))
        net, x = Reads("no"), numbers(1, 20, 1, 8, 8, dtype=torch.float32)
        assert candidates(net, x) == candidates(net, x[:10])
        assert len(tries) == 1
        assert candidates(copy.deepcopy(net), x) == candidates(net, x)
        assert len(tries) == 2

    def test_what_cannot_be_tried_is_left_as_it_is(self) -> None:
        net = Reads("no")
        net.lock = (_ for _ in ())  # cannot be copied
        assert not candidates(net, numbers(1, 9, 1, 8, 8, dtype=torch.float32))


class TestTheChoice:
    @pytest.mark.parametrize(
        ("use", "density", "batch", "expected"),
        [
            (Use((256, 4096), 1.0), 0.1, 60, True),
            (Use((256, 4096), 1.0), 0.3, 60, False),
            (Use((84, 120), 1.0), 0.01, 60, False),  # too small
            (Use((256, 256), 1.0), 0.02, 60, True),
            (Use((256, 256), 1.0), 0.02, 5, False),  # too few rows
            (Use((256, 256), 64.0), 0.02, 5, True),
            (Use((128, 1152), 256.0, 16), 0.05, 60, True),
            (Use((128, 1152), 256.0, 16), 0.15, 60, False),
            (Use((128, 1152), 4.0, 2), 0.01, 60, False),  # lines of two numbers
            (Use((16, 144), 1024.0, 32), 0.01, 60, False),
        ],
    )
    def test_it_follows_from_density_and_shape(self, use: Use, density: float, batch: int, expected: bool) -> None:
        assert faster(SHIPPED, use, int(use.shape[0] * use.shape[1] * density), batch) is expected

    def test_each_layer_is_chosen_by_its_own_mask(self) -> None:
        net, x = Reads("no"), numbers(1, 9, 1, 8, 8, dtype=torch.float32)
        masks = {FIRST: few(1, 12, 64, density=0.05), SECOND: few(1, 10, 12, density=0.9)}
        free = Settings(layers_turning=0.0, layers_overhead=0.0)
        assert layers(net, masks, x, 60, free) == (FIRST,)
        assert layers(net, masks, x, 60, SHIPPED) == ()
        assert layers(net, {}, x, 60, free) == ()

    @pytest.mark.parametrize("case", [LINEAR, CONV], ids=str)
    def test_where_compressed_rows_do_not_serve_everything_is_dense(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def chosen(case: Case, **changes: object) -> type:
            replica = replace(case.replica(1), **changes)
            return type(program.choose(case.module(), [replica], case.tensors, case.settings, print))

        assert chosen(case) is SparseModules
        assert chosen(case, masks=None) is Modules
        assert chosen(replace(case, kernels="dense")) is Modules
        assert chosen(case.but(precision="bf16")) is Modules
        assert chosen(case.but(optimizer=own_optimizer("foreign:momentum", 0.1))) is Modules
        assert chosen(case.but(sparsify=gradual(0.3, begin="0it", end="2it", every="1it"))) is Modules
        monkeypatch.setattr(program, "available", lambda: False)
        assert chosen(case) is Modules
        dense = train(replace(case, kernels="dense"), [case.replica(1)])[0, case.total]
        assert bits(train(case, [case.replica(1)])[0, case.total]) == bits(dense)

    def test_bits_do_not_depend_on_companions_that_are_computed_otherwise(self) -> None:
        case = replace(CONV, kernels="dense")  # shipped settings below
        settings = Settings(layers_turning=0.0, layers_overhead=0.0, convs_turning=0.0, convs_lines=0.0)
        replicas = [sparser(case.replica(seed), fraction) for seed, fraction in ((1, 0.1), (2, 0.9), (3, 0.97))]
        assert len(program.alike(case.module(), replicas, case.tensors, settings)) >= 2

        def ends(replicas: list[Replica]) -> list[object]:
            found = {}
            watch = Watch(stop=lambda place, snapshot: found.__setitem__(place, bits(snapshot)))
            train_pack(case.module(), replicas, case.tensors, watch, settings)
            return [found[place] for place in range(len(replicas))]

        with threads(2):
            together = ends(replicas)
        assert together == [ends([replica])[0] for replica in replicas]
