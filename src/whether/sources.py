"""Where variation comes from: what differs between replicates, what is held fixed, what compared arms share.

Told from histories, not from what anybody says of them. Of a network its own line counts: the weights it began with,
the orders of the data that it was trained in, the mask that it wears, how and on what it was trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from whether.history import facts
from whether.plan.plan import Asked
from whether.report.numbers import plural

WEIGHTS, ORDER, MASK = "initial weights", "order of the data", "mask"
RECIPE, LENGTH, DATA, MODEL = "recipe", "length of training", "training data", "architecture"
HELD = "which parameters train"
PARTS = (WEIGHTS, ORDER, MASK, RECIPE, LENGTH, HELD, DATA, MODEL)


def sources(asked: Asked) -> dict[str, Any]:
    """What varies, what is fixed, and for each pair of arms that a claim compares what they share.

    Returns:
        "varied" and "fixed": words; "shared": for each pair "left", "right", and the parts that are "shared" and
        "apart" within a replicate.
    """
    named = list(dict.fromkeys(name for claim in asked.question.every_claim for name in claim.names))
    lines = {rows[0][0].name: [line(fact.state) for _, fact in rows] for rows in asked.columns}
    varied, fixed = _varied([lines[name] for name in named])
    about = _about(asked)
    fixed = [f"{part} ({about[part]})" if about.get(part) else part for part in fixed]
    examples = _examples(asked)
    return {"varied": varied, "fixed": [*fixed, *([examples] if examples else [])], "shared": _pairs(asked, lines)}


def _pairs(asked: Asked, lines: Mapping[str, Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The pairs of arms that are compared; pairs of the same families that share the same stand once, as families."""
    family = {arm.name: arm.family for arm, _ in asked.arms[0]}
    named = [(claim.left, claim.right) for claim in asked.question.every_claim if claim.right is not None]
    alike: dict[str, list[tuple[str, str]]] = {}
    told: dict[str, dict[str, list[str]]] = {}
    for left, right in dict.fromkeys(named):
        parts = _shared(lines[left][0], lines[right][0])
        key = repr((family[left], family[right], parts))
        alike.setdefault(key, []).append((left, right))
        told[key] = parts
    found = []
    for key, pairs in alike.items():
        lefts, rights = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 1))
        left, right = (names[0] if len(names) == 1 else family[names[0]] for names in (lefts, rights))
        found.append({"left": left, "right": right, **told[key]})
    return found


def line(state: facts.State) -> dict[str, Any]:
    """The parts of a network's own line, each as a value that is equal where the part is the same."""
    model = state.model.digest
    found: dict[str, Any] = {MODEL: model, MASK: state.mask.digest if state.mask is not None else None}
    orders: list[str] = []
    recipes: list[str] = []
    data: list[str] = []
    held: list[tuple[str, ...]] = []
    length = 0
    current: facts.State | None = state
    while current is not None:
        match current:
            case facts.Point(trajectory=trajectory, at=at):
                length += at - trajectory.begin.step
                orders.append(trajectory.order.hex)
                recipes.append(trajectory.training.digest)
                data.append(str(trajectory.training.data.get("content")))
            case facts.Holding():  # of what was trained since, and not by a later word
                held += [_held(current)] * (len(orders) - len(held))
            case facts.Redrawn(seed=seed, init=init, keep=keep):
                found.setdefault(WEIGHTS, (model, seed.hex, init, keep))
            case facts.Start(seed=seed, init=init):
                found.setdefault(WEIGHTS, (model, seed.hex, init, "nothing"))
            case facts.Loaded(content=content):
                found.setdefault(WEIGHTS, (model, content))
            case facts.Perturbed():  # whatever it came of, these weights are its own
                found.setdefault(WEIGHTS, (model, current.digest))
        current = current.before
    found |= {ORDER: _turns(orders), RECIPE: _turns(recipes), LENGTH: length, DATA: _turns(data)}
    return found | {HELD: tuple(held + [()] * (len(orders) - len(held))) if any(held) else ()}


def _turns(said: Sequence[str]) -> tuple[str, ...]:
    """What was said one after the other; who trains on as before trains no other way."""
    return tuple(item for item, _ in groupby(said))


def _held(said: facts.Holding) -> tuple[str, ...]:
    """Which parameters train; nothing when all do."""
    if said.trains == "all":
        return ()
    return said.trains, said.seed.hex if said.seed is not None else "", said.code


def _varied(columns: Sequence[Sequence[dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """The parts in which replicates of any arm differ, and those in which none does."""
    several = [rows for rows in columns if len(rows) > 1]
    if not several:
        return [], []
    different = {part for rows in several for part in PARTS if any(row[part] != rows[0][part] for row in rows[1:])}
    return [part for part in PARTS if part in different], [
        part for part in PARTS if part not in different and any(rows[0][part] for rows in several)
    ]


def _shared(left: dict[str, Any], right: dict[str, Any]) -> dict[str, list[str]]:
    parts = [part for part in PARTS if left[part] or right[part]]
    return {
        "shared": [part for part in parts if left[part] == right[part]],
        "apart": [part for part in parts if left[part] != right[part]],
    }


def _about(asked: Asked) -> dict[str, str]:
    """What the architecture, the recipe and the training data are, in a few words each."""
    states = [fact.state for fact in asked.wanted]
    trained = [state.trajectory.training for state in states if isinstance(state, facts.Point)]
    said = {
        MODEL: [state.model.name for state in states],
        RECIPE: [_recipe(training) for training in trained],
        DATA: [training.data_name.name for training in trained],
    }
    return {part: "; ".join(list(dict.fromkeys(words))[:3]) for part, words in said.items()}


def _recipe(training: facts.Training) -> str:
    optimizer = {name: value for name, value in training.optimizer.items() if value not in (0, 0.0, None, False)}
    name = optimizer.pop("name", "")
    settings = " ".join(f"{key} {value}" for key, value in sorted(optimizer.items()) if key in ("lr", "momentum"))
    return f"{name} {settings}, batch {training.batch}, {training.total:,} iterations".strip()


def _examples(asked: Asked) -> str:
    data = next((fact.data for fact in asked.wanted if fact.data is not None), None)
    rows = int(data[asked.split]) if data is not None else 0
    return f"the {plural(rows, 'example')} that are measured on" if rows else ""
