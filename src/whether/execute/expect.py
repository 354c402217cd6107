"""What to expect of this machine, in sentences: each is computed of what was measured in the same minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from whether.execute import memory
from whether.execute.sparse_trial import SparseTrial, lines, seconds_at
from whether.execute.trial import Trial, pace_of
from whether.plan.cost import Costs, kind_of
from whether.plan.plan import Piece, Plan
from whether.plan.schedule import Schedule
from whether.probe.peaks import peak_bandwidth, peak_flops
from whether.train.profile import Settings

LEVELS, EPOCHS, ROWS, KEPT = 13, 10, 60_000, 0.8
"""Of a ticket as in OpenLTH: networks one after the other, epochs of each, MNIST's rows, what a round leaves."""


@dataclass(frozen=True)
class Machine:
    """What one thread of this machine does at most.

    Attributes:
        gflops: GFLOP/s of a large product in fp32.
        bandwidth: GB/s of the memory.
    """

    gflops: float
    bandwidth: float


@dataclass(frozen=True)
class Expectation:
    """One sentence, and what it is computed of.

    Attributes:
        what: "question", "ticket" or "sparse".
        value: seconds; of "sparse" per cent of the weights.
        said: the sentence.
    """

    what: str
    value: float
    said: str


def machine(tell: Callable[[str], None]) -> Machine:
    """Measure a large product and a large sum of vectors, on one thread.

    Args:
        tell: hears what is tried.
    """
    tell("a large product and a large sum")
    nobody, before = torch.nn.Identity(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Machine(peak_flops(nobody), peak_bandwidth(nobody))
    finally:
        torch.set_num_threads(before)


def lanes() -> int:
    """How many networks train beside one another unless one says otherwise: as many as PyTorch has threads."""
    return torch.get_num_threads()


def paces(plan: Plan, settings: Settings, tell: Callable[[str], None]) -> dict[str, float]:
    """Seconds of a network-step of each kind of network in a plan, on one thread, by the kind.

    Args:
        plan: with pieces to train.
        settings: how wide packs are.
        tell: hears which is tried.
    """
    kinds: dict[str, list[Piece]] = {}
    for piece in plan.pieces:
        kinds.setdefault(kind_of(piece), []).append(piece)
    tell(f"what {' and '.join(plan.questions)} trains")
    return {kind: 1 / pace_of(alike, settings) for kind, alike in kinds.items()}


def of_question(plan: Plan, seconds: Mapping[str, float], share: float, cores: int) -> Expectation:
    """How long a question with its defaults would train here, at most: as if each network had every weight.

    Args:
        plan: what it trains in an empty lab.
        seconds: of a network-step on one thread, by kind.
        share: of what a core does alone, what it does beside all the others.
        cores: that train beside one another.
    """
    costs = Costs({kind: {"cpu": {"seconds": one, "networks": 1}} for kind, one in seconds.items()}, device="cpu")
    whole = Schedule(plan.pieces, costs.seconds).finish(cores) / (share if cores > 1 else 1.0)
    return Expectation(
        "question",
        whole,
        f"The default {' and '.join(plan.questions)} question trains {len(plan.pieces):,} networks: at most about "
        f"{duration(whole)} here, on {cores} core{'' if cores == 1 else 's'}.",
    )


def of_ticket(trial: SparseTrial, settings: Settings) -> Expectation:
    """How long the networks of one ticket train, one after the other: each level has four fifths of the one before.

    Args:
        trial: of LeNet-300-100 at several densities.
        settings: say which of them are computed in compressed rows.
    """
    steps = EPOCHS * -(-ROWS // trial.batch)
    levels = [trial.weights * KEPT**level for level in range(LEVELS)]
    ours = steps * sum(seconds_at(trial, left, settings) for left in levels)
    plain = steps * LEVELS / trial.plain
    return Expectation(
        "ticket",
        ours,
        f"A LeNet-300-100 ticket on MNIST, {LEVELS} levels of {EPOCHS} epochs: about {duration(ours)} of training on "
        f"one core; a plain loop takes about {duration(plain)}.",
    )


def of_sparse(trial: SparseTrial) -> Expectation:
    """Below which density a network of the size of LeNet-300-100 trains faster in compressed rows."""
    found = lines(trial)
    even = 0.0 if found is None else 100 * found.even(trial.weights)
    if not trial.sparse:
        said = "Sparse layers do not pay here: this build of PyTorch has no product in compressed rows."
    elif even == 0:
        said = "Sparse layers do not pay here at any density that was tried."
    else:
        left, fastest = max(trial.sparse.items(), key=lambda item: item[1])
        said = (
            f"Sparse layers pay below {even:.0f} % of the weights here (batch {trial.batch}); at "
            f"{100 * left / trial.weights:.1f} % a step is {fastest / trial.dense:.1f} times as fast as a dense one."
        )
    return Expectation("sparse", even, said)


def share_of(found: Sequence[Trial]) -> float:
    """Of what a core does alone, what it does beside all the others, with the largest network that was tried.

    Args:
        found: trials.

    Returns:
        At most 1.
    """
    if not found:
        return 1.0
    last = max(found, key=lambda trial: trial.weights)
    return min(1.0, max(last.lanes, last.together) / last.packed[last.best] / memory.cores())


def duration(seconds: float) -> str:
    """Seconds as a person would say them.

    Example:
        >>> [duration(seconds) for seconds in (0.4, 42.4, 85.0, 600.0, 8000.0)]
        ['less than a second', '42 seconds', '1.4 minutes', '10 minutes', '2.2 hours']
    """
    if seconds < 1:
        return "less than a second"
    for least, unit, name in ((3600.0, 3600.0, "hours"), (75.0, 60.0, "minutes")):
        if seconds >= least:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds:.0f} seconds"
