"""What a step may not do: revive masked weights, move held ones, take a gradient that is too long.

One object a pack, beside its optimiser: the mask of every network (which may change inside training) and what of it is
held. Everything is said for flat rows [replica, flat], as the pack keeps its weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from whether.prune import dynamic
from whether.seeds import Stream
from whether.train.layout import Rows
from whether.train.replica import Named, Replica


class Bounds:
    """The masks of a pack's networks, what of them is held, and how long a gradient may be.

    Args:
        layout: where each tensor lies in a row.
        replicas: the networks.
        like: the pack's weights [replica, flat], already loaded: what is held keeps these values.

    Attributes:
        masks: of each network by name, None for every weight.
    """

    def __init__(self, layout: Rows, replicas: Sequence[Replica], like: Float[Tensor, "replica flat"]) -> None:
        self.layout = layout
        training = replicas[0].training
        self.plan = training.sparsify
        self.clip = training.clip
        self.streams = [Stream(replica.order, "sparsify") for replica in replicas]
        self.masks = [self._first(replica) for replica in replicas]
        self.keep_bits = self._bits(like) if any(masks is not None for masks in self.masks) else None
        self.trains = self._trains(replicas, like) if any(r.trains is not None for r in replicas) else None
        self.held = like.clone() if self.trains is not None else None

    def limit(self, gradient: Float[Tensor, "replica flat"]) -> None:
        """What a gradient may be, in place: nothing where weights are held, and no longer than the recipe says."""
        if self.trains is not None:
            gradient.masked_fill_(~self.trains, 0.0)
        if self.clip is not None:
            norms = torch.linalg.vector_norm(self.existing(gradient), dim=1, keepdim=True)
            gradient.mul_((self.clip / (norms + 1e-6)).clamp_(max=1.0))  # as torch.nn.utils.clip_grad_norm_ has it

    def existing(self, gradient: Float[Tensor, "replica flat"]) -> Float[Tensor, "replica flat"]:
        """A gradient with zeros where no weight exists; itself where all do."""
        if self.keep_bits is None:
            return gradient
        return (gradient.view(torch.int32) & self.keep_bits).view(torch.float32)

    def restore(self, weights: Float[Tensor, "replica flat"], bits: Int[Tensor, "replica flat"]) -> None:
        """What weights must be after a step, in place: those that are held as they were, masked ones zero.

        Args:
            weights: after the update.
            bits: the same memory, seen as integers.
        """
        if self.trains is not None and self.held is not None:
            torch.where(self.trains, weights, self.held, out=weights)
        if self.keep_bits is not None:
            # Exactly zero whatever stood there, at the speed of a product: the bits of masked weights are cleared.
            bits.bitwise_and_(self.keep_bits)

    def change(
        self,
        step: int,
        weights: Float[Tensor, "replica flat"],
        gradient: Float[Tensor, "replica flat"],
    ) -> Mapping[int, Bool[Tensor, " flat"]]:
        """Change masks where the recipe's course of sparsity asks for it after so many updates.

        Weights that go and weights that come are zero, those that are held too. A network that has diverged keeps its
        mask until it is let go.

        Returns:
            By place of each network whose masks have changed, true where a weight was and stays: of all others the
            optimiser has nothing to remember.
        """
        stayed: dict[int, Tensor] = {}
        if self.plan is None or self.keep_bits is None or not dynamic.changes_at(self.plan, step):
            return stayed
        for place, masks in enumerate(self.masks):
            assert masks is not None
            if not bool((torch.isfinite(weights[place]) & torch.isfinite(gradient[place])).all()):
                continue
            new = dynamic.change(
                self.plan,
                step,
                weights=self._prunable(place, weights, masks),
                gradients=self._prunable(place, gradient, masks),
                masks=masks,
                stream=self.streams[place],
            )
            if new is None:
                continue
            before = self.keep_bits[place].clone()
            self.masks[place] = new
            self._fill_bits(place, self.keep_bits, new)
            stayed[place] = (before & self.keep_bits[place]) != 0
            for rows in (weights, self.held):
                if rows is not None:
                    rows[place].masked_fill_(~stayed[place], 0.0)
        return stayed

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these."""
        self.streams = [self.streams[place] for place in places]
        self.masks = [self.masks[place] for place in places]
        for name in ("keep_bits", "trains", "held"):
            rows = getattr(self, name)
            if rows is not None:
                setattr(self, name, rows[torch.tensor(list(places), dtype=torch.int64, device=rows.device)])

    def _first(self, replica: Replica) -> Named | None:
        """The masks that training begins with: those that are worn, or those of a course of sparsity."""
        if self.plan is None:
            return replica.masks
        if replica.masks is not None:  # in the order of layers, which files do not keep and which decides ties
            return {name: replica.masks[name] for name in replica.prunable}
        shapes = {name: tuple(replica.weights[name].shape) for name in replica.prunable}
        return dynamic.begin(self.plan, None, shapes, Stream(replica.order, "sparsify"))

    def _prunable(self, place: int, rows: Float[Tensor, "replica flat"], masks: Named) -> Named:
        taken = self.layout.at(place).take(rows[place])
        return {name: taken[name] for name in masks}

    def _bits(self, like: Float[Tensor, "replica flat"]) -> Int[Tensor, "replica flat"] | None:
        rows = torch.empty(like.shape, dtype=torch.int32)
        for place, masks in enumerate(self.masks):
            self._fill_bits(place, rows, masks or {})
        if self.plan is None and bool((rows == -1).all()):
            return None  # a row holds nothing that is masked: there is nothing to clear
        return rows.to(like.device)

    def _fill_bits(self, place: int, rows: Int[Tensor, "replica flat"], masks: Named) -> None:
        """All bits of what exists, none of what does not; what no mask names exists."""
        keep = torch.ones(rows.shape[1])
        ones = {slot.name: torch.ones(slot.shape) for slot in self.layout.slots}
        self.layout.at(place).fill(keep, ones | {name: mask.float() for name, mask in masks.items()})
        rows[place].copy_(-keep.to(torch.int32))

    def _trains(self, replicas: Sequence[Replica], like: Float[Tensor, "replica flat"]) -> Bool[Tensor, "replica flat"]:
        rows = torch.zeros(like.shape)
        for place, replica in enumerate(replicas):
            whole = {slot.name: torch.ones(slot.shape) for slot in self.layout.slots}
            said = {name: mask.float() for name, mask in (replica.trains or {}).items() if name in whole}
            self.layout.at(place).fill(rows[place], whole | said)
        return rows.bool().to(like.device)
