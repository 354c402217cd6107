"""A short reading of a sentence, for reprs and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.history import ops
from whether.history.ops import MaskOp, NetworkOp

if TYPE_CHECKING:
    from whether.history.network import Network


def describe(op: NetworkOp | MaskOp, data: str) -> str:
    """At most the last few words of a history, however long it is.

    Args:
        op: what is said last.
        data: the name of the network's data set.
    """
    said: list[str] = []
    while len(said) < 4:
        match op:
            case ops.Start(model=model):
                return " ← ".join([*said, f"{model} on {data}"])
            case ops.Loaded(model=model, path=path):
                return " ← ".join([*said, f"{model} from {path}"])
            case ops.Pruned(network=network, fraction=part):
                said.append(f"pruned by {float(part):.3g}")
                op, data = network.op, network.data.name
            case ops.WornBy(network=network):
                said.append("mask")
                op, data = network.op, network.data.name
            case ops.Shuffled(mask=mask, scope=scope):
                said.append(f"shuffled ({scope})")
                op = mask.op
            case ops.Inverted(mask=mask):
                said.append("inverted")
                op = mask.op
            case _:
                said.append(_word(op))
                origin: Network = op.origin
                op, data = origin.op, origin.data.name
    return " ← ".join([*said, "…"])


def _word(op: NetworkOp) -> str:
    match op:
        case ops.Trained(until=until):
            return f"trained to {until or 'the end'}"
        case ops.Masked(mask=mask):
            return f"masked ({type(mask.op).__name__.lower()})"
        case ops.Redrawn(keep=keep):
            return "redrawn" + ("" if keep == "nothing" else f", {keep} kept")
        case ops.Perturbed(how=how):
            return f"perturbed ({how})"
        case ops.Only(trains=trains):
            return f"only {trains}"
        case ops.RateRewound(to=to):
            return f"rate rewound to {to}"
    raise TypeError(f"{op!r} comes of nothing")
