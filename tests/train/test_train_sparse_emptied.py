"""A layer without weights, and networks of a pack with unequally many, train as dense ones do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cases import CASES, Case, bits, distance, train
from whether.train.replica import Replica

COMPRESSED = [case for case in CASES if case.kernels == "sparse"]


def emptied(replica: Replica, name: str) -> Replica:
    assert replica.masks is not None
    return replace(replica, masks=replica.masks | {name: torch.zeros_like(replica.masks[name])})


@pytest.mark.parametrize("case", COMPRESSED, ids=str)
def test_a_layer_without_weights_trains_as_a_dense_one_does(case: Case) -> None:
    first, second = case.replica(1), case.replica(2)
    for name in first.masks or {}:
        pack = [emptied(first, name), second]
        sparse = train(case, pack)
        dense = train(replace(case, kernels="dense"), pack)
        for key, snapshot in sparse.items():
            assert distance(snapshot.weights, dense[key].weights) < 10 * case.close
        last = (0, case.total)
        assert not bool(sparse[last].weights[name].any())
        assert bits(sparse[last]) == bits(train(case, pack[:1])[last]), "who has more weights changes nothing"
