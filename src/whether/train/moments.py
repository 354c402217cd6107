"""What the optimisers of a pack remember: how they begin, and what of it is kept."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from whether import words
from whether.seeds import Stream
from whether.train.layout import Layout, Rows
from whether.train.optim import PackOptimizer
from whether.train.own import OwnOptimizer
from whether.train.packed_optim import RowOptimizer
from whether.train.replica import Named, Replica


def begin(replicas: Sequence[Replica], like: Tensor, layout: Rows, *, recorded: bool) -> PackOptimizer | OwnOptimizer:
    """The optimisers of networks whose weights are there, going on from where they were."""
    trainings = [replica.training for replica in replicas]
    made: PackOptimizer | OwnOptimizer
    if words.is_own_code(trainings[0].optimizer["name"]):
        assert isinstance(layout, Layout)  # code of one's own may look at whole matrices: nothing of them is left out
        made = OwnOptimizer(trainings, like, layout, [Stream(replica.order, "optimizer") for replica in replicas])
    else:
        made = (RowOptimizer if recorded else PackOptimizer)(trainings, like)
    for place, replica in enumerate(replicas):
        if replica.optimizer is not None:
            made.load(place, replica.optimizer, layout)
    return made


def on_host(tensors: Named) -> Named:
    """Tensors where whoever keeps them can read them."""
    return {name: value.cpu() for name, value in tensors.items()}


def of_existing(moments: Named, masks: Named) -> Named:
    """Moments by "name/weight" with zeros where no weight is: one that comes back under another mask has no past."""
    found = {}
    for name, value in moments.items():
        mask = masks.get(name.partition("/")[2])
        same = mask is not None and mask.shape == value.shape
        found[name] = value.masked_fill(~mask.cpu(), 0) if mask is not None and same else value
    return found
