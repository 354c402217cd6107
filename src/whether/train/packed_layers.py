"""Packed forms of layers: the same layer of R networks as one product, convolution or norm.

Between layers the networks lie in one of two ways, and every layer takes what it is given:

- rows: [replica · batch, …], the networks one behind the other. Linear layers are batched products, norms of a row and
  attention are as for one network with a larger batch. Perceptrons and GPTs are rows throughout.
- maps: [batch, replica · channel, height, width], the networks side by side in the channels. A convolution is a grouped
  one, BatchNorm one norm over replica × channel, GroupNorm one with R times as many groups; ReLU and pools need
  nothing. A flattening, or the first linear layer after a mean over the image, turns maps into rows.

So the models' own code runs unchanged, with these layers in the place of theirs. What has no form here is computed
through `torch.func.vmap` (`stacked.py`) or one network after the other (`module.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from whether.models import gpt, resnet, vgg
from whether.train.replica import Named

CONVOLUTIONS = {"fp32": "grouped", "tf32": "grouped, channels last", "bf16": "grouped, channels last"}
"""How convolutions are computed, by precision: "grouped", "grouped, channels last", "unfolded" (patches, then a batched
product) or "each by itself" (what is between them stays packed; for libraries whose grouped convolutions are slow).
Chosen from what is known of cuDNN's kernels; `benchmarks/packs_gpu.py --convolutions` compares them.
"""

FORMS = ("grouped", "grouped, channels last", "unfolded", "each by itself")


@dataclass
class Held:
    """What packed layers read while they compute.

    Attributes:
        replicas: networks.
        maps: whether images lie side by side in the channels.
        convolution: one of FORMS.
        named: every tensor of the networks by its name in the module, replica first.
    """

    replicas: int
    maps: bool = False
    convolution: str = "grouped"
    named: Named = field(default_factory=dict)


class Layer(nn.Module):
    """A layer of all networks.

    Args:
        layer: as one network has it: gives settings, never weights.
        names: of its tensors in the whole module, by what it calls them; what it lacks is missing.
        held: the networks' tensors.
    """

    def __init__(self, layer: nn.Module, names: Mapping[str, str], held: Held) -> None:
        super().__init__()
        self.names, self.held = dict(names), held
        self.settings = {name: value for name, value in vars(layer).items() if not name.startswith("_")}

    def own(self, part: str) -> Tensor | None:
        """One of the layer's tensors, of all networks: [replica, …]."""
        return self.held.named[self.names[part]] if part in self.names else None

    def flat(self, part: str) -> Tensor | None:
        """The same with the networks' channels one behind the other: [replica · channel]."""
        value = self.own(part)
        return None if value is None else value.flatten(0, 1)

    def weight(self) -> Tensor:
        """The layer's weight, which it has."""
        value = self.own("weight")
        assert value is not None
        return value

    def rows(self, x: Tensor, features: int) -> Tensor:
        """[replica, row, feature] of rows, or of maps whose image is gone ([batch, replica · feature])."""
        count = self.held.replicas
        if x.shape[-1] == features:
            return x.reshape(count, -1, features)
        if x.dim() != 2 or x.shape[1] != count * features:
            raise ValueError(f"{x.dim()} dimensions of {list(x.shape)} are no rows of {features} numbers")
        return x.reshape(-1, count, features).transpose(0, 1)


class Linear(Layer):
    """x Wᵀ + b as one batched product."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows, or maps whose image is gone, to rows."""
        weight, bias = self.weight(), self.own("bias")
        flat = self.rows(x, weight.shape[2])
        turned = weight.transpose(1, 2)
        out = torch.bmm(flat, turned) if bias is None else torch.baddbmm(bias.unsqueeze(1), flat, turned)
        leading = x.shape[:-1] if x.shape[-1] == weight.shape[2] else (out.shape[0] * out.shape[1],)
        return out.reshape(*leading, weight.shape[1])


class Conv2d(Layer):
    """A convolution of every network, grouped or as a product with patches."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps to maps."""
        weight, bias, settings = self.weight(), self.flat("bias"), self.settings
        if self.held.convolution == "unfolded" and self._is_plain():
            return self._unfolded(x, weight, bias)
        if self.held.convolution == "each by itself":
            return self._each(x, weight, bias)
        flat = weight.flatten(0, 1)
        layout = torch.channels_last if self.held.convolution.endswith("last") else torch.contiguous_format
        device = x.device.type
        # Cast and laid out in one pass, not in two.
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else flat.dtype
        flat = flat.to(kind, memory_format=layout)
        groups = settings["groups"] * self.held.replicas
        return F.conv2d(x, flat, bias, settings["stride"], settings["padding"], settings["dilation"], groups)

    def _each(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        count, said = len(weight), self.settings
        biases = [None] * count if bias is None else bias.chunk(count)
        how = (said["stride"], said["padding"], said["dilation"], said["groups"])
        own = zip(x.chunk(count, dim=1), weight, biases, strict=True)
        return torch.cat([F.conv2d(part, kernel, shift, *how) for part, kernel, shift in own], dim=1)

    def _is_plain(self) -> bool:
        said = self.settings
        return said["dilation"] == (1, 1) and said["groups"] == 1 and not isinstance(said["padding"], str)

    def _unfolded(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        count, out, channels, *kernel = weight.shape
        (down, right), (rows, columns) = self.settings["padding"], self.settings["stride"]
        wide = F.pad(x, (right, right, down, down))
        wide = wide.view(len(x), count, channels, *wide.shape[2:])
        patches = wide.unfold(3, kernel[0], rows).unfold(4, kernel[1], columns)
        batch, _, _, height, width = patches.shape[:5]
        flat = patches.permute(1, 0, 3, 4, 2, 5, 6).reshape(count, batch * height * width, -1)
        found = torch.bmm(flat, weight.flatten(2).transpose(1, 2))
        maps = found.view(count, batch, height, width, out).permute(1, 0, 4, 2, 3)
        result = maps.reshape(batch, count * out, height, width)
        return result if bias is None else result + bias.to(result.dtype).view(1, -1, 1, 1)


class BatchNorm(Layer):
    """BatchNorm of one and two dimensions: one norm over replica × channel, each network's statistics its own."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps to maps; rows, or maps whose image is gone, to rows."""
        features = self.settings["num_features"]
        if x.dim() == 4:
            return self._normed(x)
        if x.dim() != 2:
            raise ValueError(f"{x.dim()} dimensions of {list(x.shape)} are neither images nor rows")
        rows = self.rows(x, features)
        side = rows.transpose(0, 1).reshape(rows.shape[1], -1)
        return self._normed(side).reshape(rows.shape[1], -1, features).transpose(0, 1).reshape(-1, features)

    def _normed(self, x: Tensor) -> Tensor:
        mean, count = self.flat("running_mean"), self.own("num_batches_tracked")
        if self.training and count is not None:
            count.add_(1)
        return F.batch_norm(
            x,
            mean,  # of a contiguous [replica, channel] a view: it is updated in place
            self.flat("running_var"),
            self.flat("weight"),
            self.flat("bias"),
            self.training or mean is None,
            self.settings["momentum"],
            self.settings["eps"],
        )


class GroupNorm(Layer):
    """GroupNorm over R times as many groups."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps to maps."""
        groups, eps = self.settings["num_groups"] * self.held.replicas, self.settings["eps"]
        return F.group_norm(x, groups, self.flat("weight"), self.flat("bias"), eps)


class LayerNorm(Layer):
    """LayerNorm of rows; scale and shift are each network's own."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        shape = self.settings["normalized_shape"]
        normed = F.layer_norm(x, shape, None, None, self.settings["eps"])
        scale, shift = self.own("weight"), self.own("bias")
        flat = normed.reshape(self.held.replicas, -1, *shape)
        if scale is not None and shift is not None:
            flat = torch.addcmul(shift.unsqueeze(1), flat, scale.unsqueeze(1))
        elif scale is not None:
            flat = flat * scale.unsqueeze(1)
        return flat.reshape(x.shape)


class Embedding(Layer):
    """Rows of R tables, as rows of one.

    By `index_select`, whose gradient adds where it must: that of `nn.Embedding` waits for the host beyond 3072 indices
    and cannot be captured (pytorch/pytorch issue 82886).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Rows of indices to rows of vectors."""
        table = self.weight()
        count, size, width = table.shape
        begin = torch.arange(count, device=x.device).mul_(size).unsqueeze(1)
        index = (x.reshape(count, -1) + begin).flatten()
        return table.flatten(0, 1).index_select(0, index).view(*x.shape, width)


class Flatten(Layer):
    """What turns maps into rows: each network's image as one row of numbers."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps to rows; rows become flat."""
        if self.held.maps and x.dim() == 4:
            return x.reshape(len(x), self.held.replicas, -1).transpose(0, 1).flatten(0, 1)
        return x.flatten(1)


class GPT(nn.Module):
    """Our GPT, whose own code adds a table of places that has no axis for networks."""

    def __init__(self, module: gpt.GPT, pack: Callable[[nn.Module], nn.Module], name: str, held: Held) -> None:
        super().__init__()
        self.tokens, self.blocks, self.norm, self.head = map(
            pack, (module.tokens, module.blocks, module.norm, module.head)
        )
        self.name, self.held = name, held

    def forward(self, x: Tensor) -> Tensor:
        """Rows of tokens to rows of logits."""
        places = self.held.named[self.name][:, : x.shape[1]]
        stream: Tensor = self.tokens(x)
        stream = (stream.view(len(places), -1, *places.shape[1:]) + places.unsqueeze(1)).view(stream.shape)
        logits: Tensor = self.head(self.norm(self.blocks(stream)))
        return logits


LAYERS: Mapping[type[nn.Module], type[Layer]] = {
    nn.Linear: Linear,
    nn.Conv2d: Conv2d,
    nn.BatchNorm1d: BatchNorm,
    nn.BatchNorm2d: BatchNorm,
    nn.GroupNorm: GroupNorm,
    nn.LayerNorm: LayerNorm,
    nn.Embedding: Embedding,
    nn.Flatten: Flatten,
}
"""What stands for a layer, by its exact type: a subclass may compute something else."""

ALIKE = (
    *(nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.Hardswish, nn.Identity),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Dropout, nn.Dropout2d),  # dropout of nothing
)
"""Layers that take rows and maps as they are."""

CONTAINERS = (nn.Sequential, resnet.ResNet, resnet.Block, gpt.Block, gpt.Attention, vgg.Mean)
"""Modules whose own code runs, with packed layers inside."""

SIDE_BY_SIDE = (nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm)
"""Layers that need images as maps."""


def names_of(module: nn.Module) -> dict[int, str]:
    """The name of every tensor of a module; of one that is shared the first."""
    return {id(value): name for name, value in (*module.named_parameters(), *module.named_buffers())}


def pack(module: nn.Module, names: Mapping[int, str], held: Held) -> nn.Module:
    """A module with packed layers in the place of its own, which it does not share weights with.

    Args:
        module: one that `lacks` says nothing of; it is left as it is.
        names: of its tensors, from `names_of` the whole.
        held: where the layers find the networks' tensors.
    """
    kind = type(module)
    if isinstance(module, gpt.GPT):
        return GPT(module, lambda child: pack(child, names, held), names[id(module.places.weight)], held)
    if kind in LAYERS:
        tensors = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        return LAYERS[kind](module, {part: names[id(value)] for part, value in tensors}, held)
    fresh = copy.copy(module)
    fresh._modules = {name: child and pack(child, names, held) for name, child in module._modules.items()}
    return fresh


def lacks(module: nn.Module) -> str:
    """Why a module has no packed form; empty when it has one.

    Example:
        >>> lacks(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)))
        ''
        >>> lacks(nn.Sequential(nn.Flatten(), nn.Bilinear(3, 2, 1)))
        'a Bilinear has no packed form'
    """
    return next((said for layer in module.modules() if (said := _layer_lacks(layer))), "")


def _layer_lacks(layer: nn.Module) -> str:
    kind, name = type(layer), type(layer).__name__
    if kind not in (*LAYERS, *ALIKE, *CONTAINERS, gpt.GPT):
        return f"a {name} has no packed form"
    if layer._forward_hooks or layer._forward_pre_hooks or "forward" in vars(layer):
        return f"a {name} runs code of one's own"
    if kind in CONTAINERS and (layer._parameters or layer._buffers):
        return f"a {name} has parameters beside its layers"
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0:
        return f"it draws random numbers ({name})"
    odd = {
        "momentum=None": isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.momentum is None,
        "padding_mode": isinstance(layer, nn.Conv2d) and layer.padding_mode != "zeros",
        "padding_idx, max_norm or scaled gradients": isinstance(layer, nn.Embedding)
        and (layer.padding_idx is not None or layer.max_norm is not None or layer.scale_grad_by_freq or layer.sparse),
        "start_dim or end_dim": isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) != (1, -1),
        "indices": isinstance(layer, nn.MaxPool2d) and layer.return_indices,
    }
    said = next((what for what, is_odd in odd.items() if is_odd), "")
    return f"a {name} with {said} has no packed form" if said else ""
