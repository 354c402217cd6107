"""What goes into a pack and what comes out of it: one network at a time, on the host, in tensors as they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from whether.history.facts import Training
from whether.seeds import Seed

CURVES = ("train loss", "train accuracy", "validation loss", "validation accuracy")
Named = dict[str, Tensor]


@dataclass
class Curves:
    """What was recorded on the grid of steps, and what has gathered since its last point.

    Attributes:
        steps: of the grid, ascending.
        values: by name of CURVES, one number a step; None where there is none (training loss before the first step).
        gathered: sum of the batches' mean losses, right answers and examples seen since the last point of the grid.
        batches: how many batches have gathered.
    """

    steps: list[int] = field(default_factory=list)
    values: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in CURVES})
    gathered: tuple[float, int, int] = (0.0, 0, 0)
    batches: int = 0

    def copy(self) -> Curves:
        """Curves that no longer grow."""
        return Curves(
            list(self.steps), {name: list(row) for name, row in self.values.items()}, self.gathered, self.batches
        )


@dataclass
class Replica:
    """One network to train: from `step` on, through its stops.

    Attributes:
        weights: parameters and buffers by name.
        masks: by name of prunable weights, None for every weight.
        optimizer: moments as "exp_avg/0.weight" and "count", None to begin afresh.
        stops: the steps at which its state is wanted, ascending; training ends at the last.
        checks: what the training asserts have said so far.
        seconds: that its training has taken so far.
        trains: by parameter name, true where it is trained; None for all of them.
        prunable: names of the weights that masks are of, in the order of layers.
        fresh: its weights are as an initialiser drew them.
    """

    training: Training
    order: Seed
    step: int
    stops: tuple[int, ...]
    weights: Named
    masks: Named | None = None
    optimizer: Named | None = None
    curves: Curves = field(default_factory=Curves)
    checks: tuple[str, ...] = ()
    seconds: float = 0.0
    trains: Named | None = None
    prunable: tuple[str, ...] = ()
    fresh: bool = True


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network at one step of its training.

    Attributes:
        outcome: "done", or "diverged" when loss or weights were no longer finite; weights are then empty.
        checks: what the built-in training asserts had to say.
        seconds: this network's share of the time that its packs have taken since it began.
        said: what the recipe's own asserts say of these weights; nothing in a checkpoint, which no plan asked for.
    """

    step: int
    outcome: str
    weights: Named
    masks: Named | None
    optimizer: Named
    curves: Curves
    checks: tuple[str, ...]
    seconds: float
    said: tuple[str, ...] = ()
