"""A small GPT: blocks of causal attention and a perceptron, normed before each."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import gelu, relu, scaled_dot_product_attention

from whether import fit
from whether.errors import RequestError


class Attention(nn.Module):
    """Causal attention of several heads: softmax(QKᵀ/√d)V, where each place sees itself and those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "batch place width"]) -> Float[Tensor, "batch place width"]:
        """What each place gathers from those before it."""
        batch, places, width = x.shape
        split = self.inward(x).view(batch, places, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(query, key, value, is_causal=True)
        gathered: Tensor = self.out(seen.transpose(1, 2).reshape(batch, places, width))
        return gathered


class Block(nn.Module):
    """x + attention(norm(x)), then x + perceptron(norm(x)) with a hidden layer four times as wide."""

    def __init__(self, width: int, heads: int, *, rectified: bool = False) -> None:
        super().__init__()
        self.rectified = rectified
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Float[Tensor, "batch place width"]) -> Float[Tensor, "batch place width"]:
        """The stream after this block."""
        x = x + self.attention(self.norm1(x))
        hidden = self.up(self.norm2(x))
        after: Tensor = x + self.down(relu(hidden) if self.rectified else gelu(hidden))
        return after


class GPT(nn.Module):
    """Embeddings of tokens and places, blocks, a norm, a linear output.

    Attributes:
        residual: names of the weights whose products are added to the stream; an initialiser may make them smaller.
    """

    def __init__(
        self, layers: int, width: int, heads: int, places: int, vocabulary: int, *, rectified: bool = False
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(places, width)
        self.blocks = nn.Sequential(*(Block(width, heads, rectified=rectified) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.residual = tuple(
            f"blocks.{layer}.{name}.weight" for layer in range(layers) for name in ("attention.out", "down")
        )

    def forward(self, x: Int[Tensor, "batch place"]) -> Float[Tensor, "batch place vocabulary"]:
        """Logits of the token that follows each place."""
        stream = self.tokens(x) + self.places.weight[: x.shape[1]]
        logits: Tensor = self.head(self.norm(self.blocks(stream)))
        return logits


def gpt(name: str, shape: tuple[int, ...], classes: int, heads: int | None = None, tied: bool = False) -> GPT:
    """A GPT without dropout: "gpt-2-64" has two blocks of width 64.

    Args:
        name: "gpt-", the blocks, and the width; "-relu" after it gives the perceptrons ReLU in the place of GELU.
        shape: (places,): the longest sequence.
        classes: size of the vocabulary.
        heads: of attention, of which the width is a multiple; by default one for each 32 of the width.
        tied: let the output share the weights of the tokens' embedding.

    Returns:
        A module from token ids [batch, place] to logits [batch, place, vocabulary].

    Raises:
        RequestError: for another form of the name, or heads that do not divide the width.

    Example:
        >>> import torch
        >>> gpt("gpt-2-64", (16,), 32)(torch.zeros(3, 16, dtype=torch.int64)).shape
        torch.Size([3, 16, 32])

    Source:
        Radford et al., "Language models are unsupervised multitask learners" (2019): norms before, learnt places. The
        original ties its output to its embedding and has dropout.
    """
    fit.fits(name, shape, fit.TOKENS)
    parts = fit.gpt(name)
    heads = parts.heads if heads is None else heads
    if heads < 1 or parts.width % heads:
        near = [count for count in range(1, parts.width + 1) if parts.width % count == 0]
        raise RequestError(f"the model {name!r} cannot have {heads} heads of {parts.width} numbers; one of {near} can.")
    module = GPT(parts.layers, parts.width, heads, shape[0], classes, rectified=parts.relu)
    if tied:
        module.head.weight = module.tokens.weight
    return module
