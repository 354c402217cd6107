"""Alignment: the permutation of one network's hidden units that brings it closest to another.

Networks that differ by a permutation compute the same, and can lie far apart. Aligning takes that much out of their
distance and of the barrier between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from whether.connect.forms import LAYERS, known_name
from whether.connect.groups import Group, Groups, Read, Slot, along
from whether.connect.named import Named, carrier, check_alike, give
from whether.errors import RequestError, WorkError
from whether.seeds import Seed, Stream

Permutations = dict[str, Tensor]
EXAMPLES_AT_ONCE = 250


def permute(weights: Mapping[str, Tensor], groups: Groups, permutations: Mapping[str, Tensor]) -> Named:
    """A network with its hidden units in other places; what it computes stays the same.

    Args:
        weights: by name, or anything that lies as they do (masks, gradients); not all of them need be there.
        groups: of the network's module.
        permutations: for each group by name, which of the network's units comes to stand at each place. A group that
            is not named stays.

    Returns:
        New tensors where something moves, the given ones elsewhere.

    Raises:
        RequestError: when the weights do not fit the groups.
    """
    groups.check(weights)
    moved = dict(weights)
    for name, axes in groups.by_tensor.items():
        if name in moved:
            for group, slot in axes:
                if group.name in permutations:
                    moved[name] = along(moved[name], slot, permutations[group.name])
    return moved


def random_permutations(groups: Groups, seed: Seed) -> Permutations:
    """A permutation of every group, each with a stream of its own."""
    return {
        group.name: torch.from_numpy(Stream(seed, f"permutation/{group.name}").permutation(group.size))
        for group in groups.groups
    }


def match_weights(
    groups: Groups, a: Mapping[str, Tensor], b: Mapping[str, Tensor], *, seed: Seed, rounds: int = 100
) -> Permutations:
    """The permutations of b after which its weights lie close to a's: Σ a·π(b) over all parameters, as large as found.

    Coordinate descent: for one group after the other, in an order drawn for each round, the best permutation while the
    others stay (a linear assignment), until a round changes nothing. What is found is a local optimum.

    Args:
        groups: of both networks' module.
        a: the network that stays.
        b: the network to be permuted.
        seed: of the order of groups.
        rounds: at most so many.

    Returns:
        For `permute`: `permute(b, groups, permutations)` is aligned to a.

    Raises:
        RequestError: for networks that differ in a name or a shape.
        WorkError: when a weight is not a finite number.

    Source: Ainsworth, Hayase & Srinivasa, "Git Re-Basin" (ICLR 2023), algorithm 1. We differ in three ways. We descend
    twice, from b as it is and from a first pass through the layers in order, which uses only what lies before, and take
    the better (b as it is, if equal): so the permutation of a permuted copy is found whatever the depth. All parameters
    count, those of norms too. Where one tensor has a group along both axes the step is not an exact optimum, and
    is taken only if it is better.
    """
    check_alike(a, b, what="alignment")
    groups.check(a)
    match = _Match(groups, a, b)
    starts = [match.unmoved(), match.first_pass()]
    found = [match.descend(start, seed, rounds) for start in starts]
    return found[0] if match.score(found[0]) >= match.score(found[1]) else found[1]


def match_activations(
    module: nn.Module, groups: Groups, a: Mapping[str, Tensor], b: Mapping[str, Tensor], x: Tensor
) -> Permutations:
    """The permutations of b after which its hidden units respond to inputs as a's do.

    For each group the sum over matched units of the correlation of their activations is made as large as can be: one
    linear assignment, exact. Activations are taken where layers with weights read them, behind norms and
    non-linearities, in evaluation mode; every place of an image and every example counts alike; where several layers
    read a group (a residual stream, say) their correlations are added. A unit that never varies (a dead one) has
    correlation 0 with all, and is matched to any that is left over.

    Args:
        module: gives the computation; it stays as it was.
        groups: of the module.
        a: the network that stays.
        b: the network to be permuted.
        x: training inputs [row, *shape].

    Returns:
        For `permute`, as from `match_weights`.

    Raises:
        RequestError: for networks that differ, or a module that takes another way on these inputs than on empty ones.
        WorkError: when an activation is not a finite number.

    Source: Li, Yosinski, Clune, Lipson & Hopcroft, "Convergent learning" (ICLR 2016), section 3; Jordan et al.,
    "REPAIR" (ICLR 2023).
    """
    check_alike(a, b, what="alignment")
    groups.check(a)
    first, second = (give(carrier(module), weights) for weights in (a, b))
    moments = {(group.name, place): _Together() for group in groups.groups for place in range(len(group.reads))}
    for begin in range(0, len(x), EXAMPLES_AT_ONCE):
        piece = x[begin : begin + EXAMPLES_AT_ONCE]
        ours, others = _read(first, groups, piece), _read(second, groups, piece)
        for key, found in moments.items():
            found.add(ours[key], others[key])
    total = {group.name: torch.zeros(group.size, group.size, dtype=torch.float64) for group in groups.groups}
    for (name, _), found in moments.items():
        total[name] += found.correlation().cpu()
    return {name: _assigned(gain, f"an activation of {name!r}") for name, gain in total.items()}


class _Match:
    """The weights of two networks as coordinate descent looks at them: in float64, parameters that move only."""

    def __init__(self, groups: Groups, a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> None:
        self.groups = groups.groups
        self.axes = {
            name: [(group.name, slot) for group, slot in axes]
            for name, axes in groups.by_tensor.items()
            if axes[0][1].learned
        }
        self.a = {name: a[name].detach().double() for name in self.axes}
        self.b = {name: b[name].detach().double() for name in self.axes}

    def unmoved(self) -> Permutations:
        return {group.name: torch.arange(group.size) for group in self.groups}

    def first_pass(self) -> Permutations:
        """Layer by layer, each group by those of its weights whose other axis is settled."""
        found = self.unmoved()
        settled: set[str] = set()
        for group in self.groups:
            slots = [
                slot
                for slot in self._slots(group)
                if all(name in settled for name, other in self.axes[slot.tensor] if other != slot)
            ]
            found[group.name] = self._best(group, slots, found)
            settled.add(group.name)
        return found

    def descend(self, start: Permutations, seed: Seed, rounds: int) -> Permutations:
        found = dict(start)
        order = Stream(seed, "match weights")
        for number in range(rounds):
            changed = False
            for place in order.permutation(len(self.groups), number):
                group = self.groups[place]
                moved = found | {group.name: self._best(group, self._slots(group), found)}
                names = {slot.tensor for slot in self._slots(group)}
                before, after = self.score(found, names), self.score(moved, names)
                if after > before + 1e-12 * abs(before):
                    found, changed = moved, True
            if not changed:
                break
        return found

    def score(self, found: Permutations, names: set[str] | None = None) -> float:
        """Σ a·π(b), over all tensors or the named ones."""
        chosen = self.axes if names is None else sorted(names)
        return sum(float((self.a[name] * self._moved(name, found)).sum()) for name in chosen)

    def _slots(self, group: Group) -> list[Slot]:
        return [slot for slot in group.slots if slot.learned]

    def _best(self, group: Group, slots: list[Slot], found: Permutations) -> Tensor:
        gain = torch.zeros(group.size, group.size, dtype=torch.float64)
        for slot in slots:
            others = self._moved(slot.tensor, found, but=slot)
            ours, theirs = (
                value.movedim(slot.axis, 0).reshape(group.size, -1) for value in (self.a[slot.tensor], others)
            )
            gain += (ours @ theirs.T).cpu()
        return _assigned(gain, f"a weight beside the units of {group.name!r}")

    def _moved(self, name: str, found: Permutations, but: Slot | None = None) -> Tensor:
        value = self.b[name]
        for group, slot in self.axes[name]:
            if slot != but:
                value = along(value, slot, found[group])
        return value


def _assigned(gain: Tensor, what: str) -> Tensor:
    if not bool(torch.isfinite(gain).all()):
        raise WorkError(f"{what} is not a finite number; a network that is to be aligned has diverged.")
    from scipy.optimize import (
        linear_sum_assignment,
    )  # a quarter of a second to import, of which few questions have need

    return torch.from_numpy(linear_sum_assignment(gain.numpy(), maximize=True)[1])


class _Reading(TorchFunctionMode):
    """Keeps what layers with weights are given, by their place among all calls, as [unit, sample] in float64."""

    def __init__(self, wanted: Mapping[int, tuple[Read, int]]) -> None:
        super().__init__()
        self.wanted = wanted
        self.found: dict[int, Tensor] = {}
        self._calls = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Look at what an operation is given, and run it."""
        del types
        if known_name(func) in LAYERS:
            if self._calls in self.wanted:
                read, size = self.wanted[self._calls]
                value = args[0] if args else (kwargs or {})["input"]
                self.found[self._calls] = value.movedim(read.axis, 0).reshape(size, -1).double()
            self._calls += 1
        return func(*args, **(kwargs or {}))


def _read(module: nn.Module, groups: Groups, x: Tensor) -> dict[tuple[str, int], Tensor]:
    wanted = {read.call: (read, group.size) for group in groups.groups for read in group.reads}
    with torch.no_grad(), _Reading(wanted) as reading:
        module(x)
    if reading.found.keys() != wanted.keys():
        raise RequestError(
            f"alignment by activations needs a module that does the same with all inputs; {type(module).__name__} "
            "calls other layers on these than on empty ones. Align by weights."
        )
    return {
        (group.name, place): reading.found[read.call]
        for group in groups.groups
        for place, read in enumerate(group.reads)
    }


class _Together:
    """How the units of two networks vary together, over all samples that were added: batches merged exactly."""

    def __init__(self) -> None:
        self.count = 0
        self.means: tuple[Tensor, Tensor] | None = None
        self.squares: tuple[Tensor, Tensor, Tensor] | None = None

    def add(self, a: Float[Tensor, "unit sample"], b: Float[Tensor, "unit sample"]) -> None:
        count, total = a.shape[1], self.count + a.shape[1]
        means = a.mean(1), b.mean(1)
        a, b = a - means[0].unsqueeze(1), b - means[1].unsqueeze(1)
        squares = a.square().sum(1), b.square().sum(1), a @ b.T
        if self.means is None or self.squares is None:
            self.count, self.means, self.squares = total, means, squares
            return
        one, other = means[0] - self.means[0], means[1] - self.means[1]
        weight = self.count * count / total
        between = one.square() * weight, other.square() * weight, torch.outer(one, other) * weight
        first, second, both = (old + new + gap for old, new, gap in zip(self.squares, squares, between, strict=True))
        self.squares = first, second, both
        self.means = self.means[0] + one * (count / total), self.means[1] + other * (count / total)
        self.count = total

    def correlation(self) -> Float[Tensor, "unit unit"]:
        """Between every unit of a and every unit of b; 0 where one does not vary (but for roundings)."""
        assert self.means is not None
        assert self.squares is not None
        scales = [
            squares.sqrt().where(squares > 1e-20 * self.count * mean.square(), torch.inf)
            for squares, mean in zip(self.squares[:2], self.means, strict=True)
        ]
        return self.squares[2] / scales[0].unsqueeze(1) / scales[1].unsqueeze(0)
