"""Values as one would write them: recipes, optimisers, schedules, data, fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.history import facts


def recipe_text(training: facts.Training, data: Data | None = None) -> str:
    """A recipe as one would write it, lengths in iterations.

    Args:
        training: the resolved recipe.
        data: what it trains on, where that is not the network's own data set.
    """
    said = [
        f"optimizer={optimizer_text(training.optimizer)}",
        f"total='{training.total}it'",
        f"batch={training.batch}",
        f"schedule={schedule_text(training.schedule)}" if dict(training.schedule) != {"name": "constant"} else "",
        but("last_batch", training.last_batch, "drop"),
        f"loss={training.loss.partition('@')[0]!r}" if training.loss else "",
        f"label_smoothing={training.smoothing!r}" if training.smoothing else "",
        f"clip={training.clip!r}" if training.clip is not None else "",
        f"augment={training.augment!r}" if training.augment else "",
        but("precision", training.precision, "fp32"),
        f"sparsify={sparsify_text(training.sparsify)}" if training.sparsify else "",
        f"data={data_text(data)}" if data else "",
        f"evaluate='{training.evaluate}it'" if training.evaluate is not None else "",
        f"asserts={tuple(name.partition('@')[0] for name in training.asserts)}" if training.asserts else "",
    ]
    return f"Recipe({listed(said)})"


def optimizer_text(said: Mapping[str, Any]) -> str:
    """An optimiser as one would write it."""
    if words.is_own_code(said["name"]):
        options = [f"{name}={value!r}" for name, value in sorted(said["options"].items())]
        return f"own_optimizer({listed([repr(said['name']), repr(said['lr']), *options])})"
    usual: dict[str, Any] = {
        "momentum": 0.0,
        "nesterov": False,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
        "weight_decay": 1e-2 if said["name"] == "adamw" else 0.0,
    }
    given = {name: list(value) if name == "betas" else value for name, value in said.items()}
    others = [f"{name}={value!r}" for name, value in given.items() if name in usual and value != usual[name]]
    return f"{said['name']}({listed([repr(said['lr']), *sorted(others)])})"


def sparsify_text(said: Mapping[str, Any]) -> str:
    """A course of sparsity as one would write it."""
    lengths = [f"{name}='{said[name]}it'" for name in ("begin", "end", "every") if name in said]
    if said["name"] == "gradual":
        return f"gradual({listed([repr(said['density']), *lengths, but('scope', said['scope'], 'global')])})"
    word = "set_" if said["name"] == "set" else "rigl"
    usual = "erdos-renyi" if word == "set_" else "erk"
    fraction = f"fraction={said['fraction']!r}"
    return f"{word}({listed([repr(said['density']), fraction, *lengths, but('layers', said['layers'], usual)])})"


def schedule_text(said: Mapping[str, Any]) -> str:
    """A schedule as one would write it."""
    parts = [
        str([f"{step}it" for step in said["at"]]) if "at" in said else "",
        f"factor={said['factor']!r}" if said.get("factor", 0.1) != 0.1 else "",
        f"warmup='{said['warmup']}it'" if "warmup" in said else "",
    ]
    return f"{said['name']}({listed(parts)})"


def data_text(data: Data) -> str:
    """A data set as one would write it."""
    said = [f"{item.name}={getattr(data, item.name)!r}" for item in fields(Data) if item.name != "name"]
    others = [
        text for text, item in zip(said, fields(Data)[1:], strict=True) if getattr(data, item.name) != item.default
    ]
    return f"Data({listed([f'name={data.name!r}', *others])})" if others else repr(data.name)


def fraction_text(part: Fraction) -> str:
    """A fraction as one would write it: a decimal number where that is exact."""
    return str(float(part)) if Fraction(str(float(part))) == part else f"Fraction({part.numerator}, {part.denominator})"


def but(name: str, value: str, usual: str) -> str:
    """An argument, left out where it is the usual one."""
    return f"{name}={value!r}" if value != usual else ""


def listed(said: Sequence[str]) -> str:
    """Arguments, those that say nothing left out."""
    return ", ".join(part for part in said if part)
