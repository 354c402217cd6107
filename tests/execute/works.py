"""What the tests of execution share: small sentences, and ways to make them real and to look at what was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cases import raw
from whether.execute import worker
from whether.execute.driver import Driver
from whether.execute.inprocess import InProcess
from whether.execute.progress import Listener, nobody
from whether.execute.shelf import LabShelf
from whether.execute.stock import LabStock
from whether.execute.workshop import Made, Workshop
from whether.history import Measure, Network, accuracy, density, early_stop, loss, tickets
from whether.history.facts import State
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.plan.plan import Plan, plan_measures, plan_states
from whether.recipe import Recipe, adam
from whether.train.replica import Replica

RECIPE = Recipe(optimizer=adam(5e-3), total="12it", batch=60, evaluate="4it")


def network(model: str = "mlp-12-6", seed: int = 1, recipe: Recipe = RECIPE, **how: Any) -> Network:
    return Network(model, data="digits", seed=seed, recipe=recipe, **how)


def fact(net: Network) -> State:
    return Resolver().state(net)


def driver(lab: Lab, tell: Listener = nobody, workshop: Workshop | None = None) -> Driver:
    """Lanes in this process over a lab."""
    return Driver(InProcess(workshop or Workshop(lab.store, tell)), LabShelf(lab.store), tell)


def make(lab: Lab, net: Network, tell: Listener = nobody) -> Made:
    """The tensors of a network, trained if need be, read back from the lab."""
    state = fact(net)
    pieces = plan_states([state], LabStock(lab.store))
    if pieces:
        driver(lab, tell).carry_out(pieces)
    return Workshop(lab.store).state(state)


def made_bits(lab: Lab, net: Network) -> tuple[dict[str, bytes], dict[str, bytes]]:
    made = make(lab, net)
    return raw(made.weights), raw(made.masks or {})


def plan_of(lab: Lab, wanted: Sequence[Measure]) -> Plan:
    resolver = Resolver()
    return plan_measures([resolver.measure(item) for item in wanted], LabStock(lab.store))


def carry_out(lab: Lab, wanted: Sequence[Measure], tell: Listener = nobody) -> Plan:
    """Train and measure what is missing; the plan that was carried out."""
    plan = plan_of(lab, wanted)
    tally = driver(lab, tell).carry_out(plan.pieces, plan.missing)
    assert tally.done == plan.steps_to_train, "what was told of progress does not add up"
    assert (tally.trained, tally.measured) == (len(plan.pieces), len(plan.missing))
    return plan


def record(lab: Lab, net: Network) -> dict[str, Any]:
    """A network's record, but for what differs from run to run."""
    found = lab.store.records.read(fact(net).digest)
    return {name: value for name, value in found.items() if name not in ("seconds", "seal")}


def questions(recipe: Recipe = RECIPE, seeds: tuple[int, ...] = (1, 2)) -> list[Measure]:
    """Arms that share: for each replicate tickets rewound to step 4, a control, another order, several measures."""
    wanted: list[Measure] = []
    for seed in seeds:
        start = network(seed=seed, recipe=recipe)
        found = tickets(start, rounds=2, fraction=0.4, rewind="4it")
        again = start.reinit(seed + 50).masked(found.mask()).train()
        wanted += [accuracy(net) for net in (*found, again, found.early, found.early.train(order=7))]
        wanted += [loss(found.dense), early_stop(found[-1]), density(found[-1]), accuracy(start)]
    return wanted


def states(lab: Lab) -> dict[str, bytes]:
    return {name: lab.store.states.path(name).read_bytes() for name in lab.store.states.listing()}


def values(lab: Lab, wanted: list[Measure]) -> list[Any]:
    resolved = [plan.digest for plan in plan_of(Lab(lab.root.parent / "empty"), wanted).missing]
    return [lab.store.records.read(name)["value"] for name in resolved]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Replica]:
    """Collects every network that is handed to training."""
    seen: list[Replica] = []
    real: Callable[..., None] = worker.train_pack

    def counted(module: Any, replicas: Sequence[Replica], *rest: Any) -> None:
        seen.extend(replicas)
        real(module, replicas, *rest)

    monkeypatch.setattr(worker, "train_pack", counted)
    return seen
