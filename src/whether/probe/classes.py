"""Errors of classes and of subgroups: what a mean over all hides."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from whether import words
from whether.data.tensors import Tensors
from whether.errors import CODE_RAISES, RequestError, failed, unknown
from whether.probe.measures import examples, logits
from whether.tasks.kinds import IGNORED


def labelled(module: nn.Module, data: Tensors, split: str) -> tuple[Float[Tensor, "row class"], Int[Tensor, " row"]]:
    """Outputs and labels of every prediction of a split: of examples, or of counted positions of sequences.

    Raises:
        RequestError: for labels that are no classes.
    """
    x, y = examples(data, split)
    if y.is_floating_point():
        raise RequestError(
            "this measure is about classes, and the labels of this data set are numbers; ask for the loss."
        )
    outputs = logits(module, x)
    if y.ndim == 1:
        return outputs, y
    return outputs[y != IGNORED], y[y != IGNORED]


def class_error(module: nn.Module, data: Tensors, split: str, *, label: int) -> float:
    """Per cent of the examples of one class that are classified wrongly.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        label: the class, from 0.

    Raises:
        RequestError: for a class that the split has no example of.
    """
    wrong, y = _wrong(module, data, split)
    return _of(wrong, y == label, "class", label, y, split)


def worst_class_error(module: nn.Module, data: Tensors, split: str) -> float:
    """The largest `class_error` of the classes that the split has examples of, in per cent.

    The worst of several is biased upwards on few examples of each: compare on the same split, or name the class on
    other replicates and ask for its `class_error`.
    """
    wrong, y = _wrong(module, data, split)
    return max(_of(wrong, y == label, "class", int(label), y, split) for label in torch.unique(y))


def subgroup_error(module: nn.Module, data: Tensors, split: str, *, groups: str, group: int) -> float:
    """Per cent of the examples of a subgroup that are classified wrongly.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        groups: "module:function" of (x, y), the inputs and labels of the split, that gives each row's group, an
            integer.
        group: which one.

    Raises:
        RequestError: when the function gives no integer for each row, or the split has no example of the group.
        WorkError: when it raises.
    """
    x, y = examples(data, split)
    name = groups.partition("@")[0]
    if not words.is_own_code(name):
        raise RequestError(f"groups={groups!r}; expected 'module:function' of (x, y) that gives each row's group.")
    function: Callable[[Tensor, Tensor], Tensor] = words.load(words.find("grouping", name))
    try:
        found = function(x, y)
    except CODE_RAISES as error:
        raise failed(f"the grouping {groups!r}", error) from error
    if not isinstance(found, Tensor) or found.shape != (len(y),) or found.is_floating_point():
        got = f"{found.dtype} {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise RequestError(f"the grouping {groups!r} gave {got}; expected integers ({len(y)},), one for each example.")
    if y.ndim > 1:
        raise RequestError("subgroups are of examples with one label each; these have a label at each place.")
    wrong, _ = _wrong(module, data, split)
    return _of(wrong, found == group, "group", group, found, split)


def _wrong(module: nn.Module, data: Tensors, split: str) -> tuple[Bool[Tensor, " row"], Int[Tensor, " row"]]:
    outputs, y = labelled(module, data, split)
    return outputs.argmax(-1) != y, y


def _of(wrong: Tensor, there: Tensor, kind: str, which: int, groups: Tensor, split: str) -> float:
    count = int(there.sum())
    if not count:
        known = [str(int(name)) for name in torch.unique(groups)]
        raise unknown(f"{kind} in the {split} split", which, known)
    return 100.0 * int(wrong[there].sum()) / count
