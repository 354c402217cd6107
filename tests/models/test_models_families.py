"""The architectures: published counts, shapes, small images, norms, causality."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from whether.errors import RequestError
from whether.models.build import prunable
from whether.models.conv import conv, lenet_5
from whether.models.gpt import GPT, gpt
from whether.models.resnet import ResNet, resnet
from whether.models.vgg import vgg

CIFAR, MNIST, DIGITS = (3, 32, 32), (1, 28, 28), (1, 8, 8)


def count(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def empty(shape: tuple[int, ...], rows: int = 2) -> torch.Tensor:
    return torch.zeros(rows, *shape)


class TestConvolutions:
    @pytest.mark.parametrize(("shape", "parameters"), [(MNIST, 61_706), (CIFAR, 62_006), (DIGITS, 21_386)])
    def test_lenet_5(self, shape: tuple[int, ...], parameters: int) -> None:
        module = lenet_5(shape, 10)
        assert count(module) == parameters
        assert module(empty(shape)).shape == (2, 10)

    @pytest.mark.parametrize(
        ("depth", "parameters", "convolutions"),
        [(2, 4_301_642, 38_592), (4, 2_425_930, 259_776), (6, 2_262_602, 1_144_512)],
    )
    def test_conv_networks_of_the_tickets(self, depth: int, parameters: int, convolutions: int) -> None:
        """The paper says 38, 260 and 1,100 thousand in convolutions, and 4.3, 2.4 and 1.7 million in all.

        The layers that it describes add up to 2.3 million for the third.
        """
        module = conv(f"conv-{depth}", CIFAR, 10)
        assert count(module) == parameters
        kernels = [layer.weight.numel() for layer in module.modules() if isinstance(layer, nn.Conv2d)]
        assert (len(kernels), sum(kernels)) == (depth, convolutions)

    @pytest.mark.parametrize("name", ["conv-2", "conv-4", "conv-6"])
    def test_only_the_first_linear_layer_follows_the_image(self, name: str) -> None:
        large, small = ({k: v.shape for k, v in conv(name, (3, side, side), 10).named_parameters()} for side in (32, 8))
        differ = [key for key in large if large[key] != small[key]]
        first = next(key for key in large if len(large[key]) == 2)
        assert differ == [first]

    @given(st.integers(8, 34), st.integers(8, 34))
    @settings(max_examples=20, deadline=None)
    def test_any_image_from_the_smallest_on(self, height: int, width: int) -> None:
        for module in (lenet_5((2, height, width), 3), conv("conv-6", (2, height, width), 3)):
            assert module(empty((2, height, width))).shape == (2, 3)

    def test_too_small_is_told(self) -> None:
        assert lenet_5((1, 4, 4), 10)(empty((1, 4, 4))).shape == (2, 10)
        with pytest.raises(RequestError, match="the smallest are 8 × 8"):
            conv("conv-6", (1, 7, 8), 10)


class TestVgg:
    @pytest.mark.parametrize(
        ("depth", "parameters"), [(11, 9_231_114), (13, 9_416_010), (16, 14_728_266), (19, 20_040_522)]
    )
    def test_published_counts(self, depth: int, parameters: int) -> None:
        with torch.device("meta"):
            module = vgg(f"vgg-{depth}", CIFAR, 10)
        assert count(module) == parameters
        assert len(prunable(module)) == depth - 2  # its 4096-wide layers are gone, and one linear one is left

    @pytest.mark.parametrize("shape", [CIFAR, MNIST, DIGITS, (1, 1, 1), (2, 3, 40), (3, 64, 64)])
    def test_pools_leave_at_least_a_point(self, shape: tuple[int, ...]) -> None:
        module = vgg("vgg-11-w2", shape, 7)
        assert module(empty(shape)).shape == (2, 7)
        pools = sum(isinstance(layer, nn.MaxPool2d) for layer in module)
        assert pools == min(5, min(shape[1:]).bit_length() - 1)

    def test_width(self) -> None:
        channels = [layer.out_channels for layer in vgg("vgg-13-w8", CIFAR, 10) if isinstance(layer, nn.Conv2d)]
        assert channels == [8, 8, 16, 16, 32, 32, 64, 64, 64, 64]


class TestResnet:
    @pytest.mark.parametrize(("depth", "parameters"), [(20, 272_474), (110, 1_730_714)])
    def test_published_counts(self, depth: int, parameters: int) -> None:
        with torch.device("meta"):
            assert count(resnet(f"resnet-{depth}", CIFAR, 10)) == parameters

    @pytest.mark.parametrize(
        ("depth", "parameters"), [(14, 1_120), (32, 2_464), (56, 4_256), (110, 8_288), (866, 64_736)]
    )
    def test_parameters_of_batchnorm(self, depth: int, parameters: int) -> None:
        with torch.device("meta"):
            module = resnet(f"resnet-{depth}", CIFAR, 10)
        norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
        assert sum(count(norm) for norm in norms) == parameters
        assert len(prunable(module)) == depth + 2  # two shortcuts

    @pytest.mark.parametrize("suffix", ["", "-gn", "-ln"])
    @pytest.mark.parametrize("shape", [CIFAR, DIGITS])
    def test_shapes_and_norms(self, suffix: str, shape: tuple[int, ...]) -> None:
        module = resnet(f"resnet-14-w12{suffix}", shape, 7)
        assert module(empty(shape)).shape == (2, 7)
        assert count(module) == count(resnet("resnet-14-w12", shape, 7))
        kinds = {type(layer) for layer in module.modules() if "Norm" in type(layer).__name__}
        assert kinds == {nn.GroupNorm if suffix else nn.BatchNorm2d}

    def test_groups(self) -> None:
        def groups(name: str) -> list[int]:
            return [layer.num_groups for layer in resnet(name, DIGITS, 10).modules() if isinstance(layer, nn.GroupNorm)]

        assert groups("resnet-8-gn") == [2, 2, 2, 4, 4, 4, 8, 8, 8]
        assert set(groups("resnet-8-ln")) == {1}

    def test_layer_norm_is_over_all_channels_and_places(self) -> None:
        norm = next(layer for layer in resnet("resnet-8-ln", DIGITS, 10).modules() if isinstance(layer, nn.GroupNorm))
        x = torch.randn(3, 16, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        mean, deviation = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), unbiased=False, keepdim=True)
        torch.testing.assert_close(norm.double()(x), (x - mean) / torch.sqrt(deviation + norm.eps))

    def test_it_is_what_the_paper_draws(self) -> None:
        """Written out with plain functions in float64."""
        module = resnet("resnet-8-w4", DIGITS, 10).double()
        x = torch.randn(5, *DIGITS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

        def normed(h: torch.Tensor) -> torch.Tensor:  # a fresh BatchNorm in training
            mean, spread = h.mean((0, 2, 3), keepdim=True), h.var((0, 2, 3), unbiased=False, keepdim=True)
            return (h - mean) / torch.sqrt(spread + 1e-5)

        weights = dict(module.named_parameters())
        h = torch.relu(normed(nn.functional.conv2d(x, weights["conv.weight"], padding=1)))
        for block in range(3):
            stride, prefix = (2 if block else 1), f"blocks.{block}"
            inner = torch.relu(normed(nn.functional.conv2d(h, weights[f"{prefix}.conv1.weight"], None, stride, 1)))
            inner = normed(nn.functional.conv2d(inner, weights[f"{prefix}.conv2.weight"], padding=1))
            if block:
                h = normed(nn.functional.conv2d(h, weights[f"{prefix}.shortcut.0.weight"], None, stride))
            h = torch.relu(inner + h)
        expected = h.mean((2, 3)) @ weights["linear.weight"].T + weights["linear.bias"]
        torch.testing.assert_close(module(x), expected)

    def test_every_block_has_its_place(self) -> None:
        module = resnet("resnet-20-w8", CIFAR, 10)
        assert isinstance(module, ResNet)
        shortcuts = [place for place, block in enumerate(module.blocks) if len(list(block.shortcut)) > 0]
        assert shortcuts == [3, 6]


class TestGpt:
    @staticmethod
    def tokens(rows: int, places: int, vocabulary: int) -> torch.Tensor:
        return torch.randint(vocabulary, (rows, places), generator=torch.Generator().manual_seed(1))

    def test_counts_by_hand(self) -> None:
        layers, width, places, vocabulary = 2, 64, 16, 32
        block = 12 * width**2 + (3 + 1 + 4 + 1) * width + 4 * width  # weights, their biases, two norms
        expected = 2 * vocabulary * width + places * width + layers * block + 2 * width
        assert count(gpt("gpt-2-64", (places,), vocabulary)) == expected == 105_216
        assert count(gpt("gpt-2-64", (places,), vocabulary, tied=True)) == expected - vocabulary * width

    def test_prunable_are_its_linear_weights(self) -> None:
        names = prunable(gpt("gpt-1-32", (4,), 7))
        block = ("attention.inward", "attention.out", "up", "down")
        assert names == (*(f"blocks.0.{name}.weight" for name in block), "head.weight")

    def test_a_place_sees_itself_and_those_before(self) -> None:
        module, x = gpt("gpt-2-32", (6,), 11), self.tokens(1, 6, 11)
        changed = x.clone()
        changed[0, 3] = (x[0, 3] + 1) % 11
        before, after = module(x), module(changed)
        assert torch.equal(before[0, :3], after[0, :3])
        assert all(not torch.allclose(before[0, place], after[0, place]) for place in (3, 4, 5))

    def test_attention_is_that_of_the_equation(self) -> None:
        module = gpt("gpt-1-12", (5,), 7, heads=3).double()
        attention = module.blocks[0].attention
        x = torch.randn(2, 5, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        weight, bias = attention.inward.weight, attention.inward.bias
        gathered = torch.zeros(2, 5, 12, dtype=torch.float64)
        for row in range(2):
            for head in range(3):
                part = [slice(12 * kind + 4 * head, 12 * kind + 4 * head + 4) for kind in range(3)]
                query, key, value = (x[row] @ weight[cut].T + bias[cut] for cut in part)
                for place in range(5):
                    scores = torch.stack([query[place] @ key[other] / 2 for other in range(place + 1)])
                    gathered[row, place, 4 * head : 4 * head + 4] = torch.softmax(scores, 0) @ value[: place + 1]
        torch.testing.assert_close(attention(x), gathered @ attention.out.weight.T + attention.out.bias)

    def test_its_perceptrons_have_relu_where_the_name_says_so(self) -> None:
        x = torch.randn(2, 5, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        for name, function in (("gpt-1-12-relu", torch.relu), ("gpt-1-12", nn.functional.gelu)):
            block = gpt(name, (5,), 7).double().blocks[0]
            seen = x + block.attention(block.norm1(x))
            torch.testing.assert_close(block(x), seen + block.down(function(block.up(block.norm2(seen)))))

    def test_shorter_sequences_are_taken(self) -> None:
        assert gpt("gpt-1-8", (6,), 5)(self.tokens(2, 4, 5)).shape == (2, 4, 5)

    def test_residual_names_are_weights(self) -> None:
        module = gpt("gpt-3-32", (4,), 5)
        assert isinstance(module, GPT)
        assert len(module.residual) == 6
        assert set(module.residual) < set(prunable(module))

    def test_heads_that_do_not_divide_are_told(self) -> None:
        with pytest.raises(RequestError, match=r"cannot have 5 heads of 12 numbers; one of \[1, 2, 3, 4, 6, 12\] can"):
            gpt("gpt-1-12", (4,), 5, heads=5)
