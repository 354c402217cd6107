"""States and masks that are cheap to make, of tensors that are there: drawn, perturbed, scored, held.

Each function is given what its fact is said of as tensors, and the architecture's module to compute with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from whether import words
from whether.connect.groups import Groups, groups
from whether.data.tensors import Tensors
from whether.errors import RequestError
from whether.execute.offered import Offered, asked
from whether.history import facts
from whether.history.resolve import content_of
from whether.models import build, draw, prunable
from whether.prune import full, readers, select, wear
from whether.prune.iterate import iterate
from whether.prune.select import Masks
from whether.seeds import Seed, Stream
from whether.tasks.task import find
from whether.train.replica import Named


@dataclass(frozen=True)
class Made:
    """A state's tensors: weights (parameters and buffers) and the masks that they wear, None for every weight."""

    weights: Named
    masks: Named | None


Looks = Callable[[], Tensors]
"""Gives a fact's data, for those that look at examples."""


def fresh(module: nn.Module, fact: facts.Start | facts.Redrawn) -> Named:
    """Weights as they are drawn.

    Args:
        module: the architecture's; code of one's own draws what it draws when it is made, so it is made again.
        fact: with initialiser and seed.
    """
    return drawn(module, fact.model, fact.init, fact.seed)


def drawn(module: nn.Module, model: facts.Model, init: str, seed: Seed) -> Named:
    """Fresh weights of an architecture by an initialiser.

    A module that draws values when it is made, and any whose initialiser is its "own", is made again with the seed.
    """
    again = words.draws_itself(model.name) or init == "own"
    return draw(build(model, seed) if again else module, init, seed)


def redrawn(module: nn.Module, fact: facts.Redrawn, old: Made) -> Made:
    """A state drawn again, its mask kept."""
    new = fresh(module, fact)
    if fact.keep != "nothing":
        for name in prunable(module):
            signs, sizes = (old.weights, new) if fact.keep == "signs" else (new, old.weights)
            new[name] = sizes[name].abs() * signs[name].sign()
    return Made(wear(new, old.masks or {}), old.masks)


def loaded(module: nn.Module, fact: facts.Loaded) -> Made:
    """Weights from a file, held to the module's names and shapes.

    Raises:
        RequestError: when the file is another one by now, is no safetensors file, or does not fit the module.
    """
    if content_of(fact.path) != fact.content:
        raise RequestError(f"the weights {fact.path} have changed since the history was resolved; ask again.")
    try:
        given = load_file(fact.path)
    except SafetensorError as error:
        raise RequestError(f"the weights {fact.path} are no safetensors file: {error}") from error
    kept = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
    wanted = {name: value for name, value in module.state_dict().items() if name in kept}
    wrong = [
        f"{name} {tuple(given[name].shape)}, expected {tuple(value.shape)}" if name in given else f"{name} is missing"
        for name, value in wanted.items()
        if name not in given or given[name].shape != value.shape
    ]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise RequestError(f"the weights {fact.path} do not fit {fact.model.name!r}: {'; '.join(wrong[:3])}{more}.")
    return Made({name: given[name].to(value.dtype) for name, value in wanted.items()}, None)


def perturbed(
    module: nn.Module, fact: facts.Perturbed, old: Made, other: Made | None, data: Looks, start: facts.State
) -> Made:
    """A state with its weights changed by a word or somebody's own function; its mask stays on.

    Args:
        module: a copy that may be written into.
        fact: says how.
        old: the state.
        other: the second one, if any.
        data: gives the training split.
        start: the fresh state behind it, whose initialiser draws.
    """
    function = words.load(words.find("perturbation", fact.how))
    seed = fact.seed or Seed(int(fact.digest[:16], 16))
    redraw: dict[str, Named] = {}

    def init(name: str) -> Tensor:
        if "" not in redraw:
            redraw[""] = drawn(module, fact.model, getattr(start, "init", "own"), seed.seed("redraw"))
        return redraw[""][name]

    offered: Offered = {
        "names": lambda: prunable(module),
        "masks": lambda: old.masks,
        "seed": lambda: seed,
        "other": lambda: needed(other, "other").weights,
        "module": lambda: put(module, old.weights),
        "init": lambda: init,
        "units": lambda: units_of(module, fact.model),
        **_examples(fact, seed, data),
    }
    given = {name: value.clone() for name, value in old.weights.items()}
    new = function(given, **asked(function, offered, fact.options))
    shapes = {name: tuple(value.shape) for name, value in old.weights.items()}
    if not isinstance(new, dict) or {name: tuple(getattr(v, "shape", ())) for name, v in new.items()} != shapes:
        raise RequestError(
            f"the perturbation {fact.how!r} returned {told(new)}; expected all {len(shapes)} tensors of the network by "
            "name, each in its shape."
        )
    return Made(wear(new, old.masks or {}), old.masks)


def units_of(module: nn.Module, model: facts.Model) -> Groups:
    """Which units of an architecture may change places; of a language model those of its perceptrons.

    Raises:
        RequestError: when that cannot be read from what the module does.
    """
    tokens = model.task == "language-modelling"
    return groups(module, tuple(model.shape), tokens=tokens, hold=tokens)


def pruned(module: nn.Module, fact: facts.PrunedMask, made: Made, since: Made | None, data: Looks) -> Named:
    """The mask that is left when a state is scored and its lowest scores go, in one round or several.

    Args:
        module: a copy that may be written into.
        fact: says by what score, and how much.
        made: the state.
        since: the earlier one, for scores that compare.
        data: gives the training split.
    """
    names = prunable_of(module, fact.state.model.name)
    worn = made.masks or full(made.weights, names)
    # In the order of layers, which files do not keep: it decides which is the output, and ties.
    masks = {name: worn[name] for name in names}
    how: dict[str, Any] = {"scope": fact.scope, "structure": fact.structure, "layers": fact.layers}
    if fact.structure == "channel":
        how["readers"] = readers(module)
    rescore = partial(_scores, module, fact, made, since, data)
    if fact.rounds == 1:
        return select(rescore(masks), masks, fraction=fact.fraction, **how)
    return dict(iterate(rescore, masks, fraction=fact.fraction, rounds=fact.rounds, **how))


def _scores(
    module: nn.Module, fact: facts.PrunedMask, made: Made, since: Made | None, data: Looks, masks: Masks
) -> Named:
    score = words.load(words.find("score", fact.by))
    masks = dict(masks)
    worn = wear(made.weights, masks)
    seed = fact.seed or Seed(int(fact.digest[:16], 16))
    offered: Offered = {
        "module": lambda: put(module, worn).train(),
        "loss": lambda: find(fact.state.model.task).loss,
        "since": lambda: needed(since, "since").weights,
        "seed": lambda: seed,
        **_examples(fact, seed, data),
    }
    scores = score({name: worn[name].clone() for name in masks}, masks, **asked(score, offered, fact.options))
    shapes = {name: tuple(mask.shape) for name, mask in masks.items()}
    given = scores.items() if isinstance(scores, dict) else ()
    if {name: tuple(item.shape) for name, item in given if isinstance(item, Tensor)} != shapes:
        wanted = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise RequestError(
            f"the score {fact.by!r} returned {told(scores)}; expected a dict of one score a weight: {wanted}."
        )
    found: Named = scores
    return found


def _examples(fact: facts.PrunedMask | facts.Perturbed, seed: Seed, data: Looks) -> Offered:
    """The examples that a function sees: so many of the training split, drawn by its seed; else one of zeros."""
    if fact.data is None:
        kind = torch.int64 if fact_model(fact).task == "language-modelling" else torch.float32
        return {"x": lambda: torch.zeros(1, *fact_model(fact).shape, dtype=kind), "y": _unasked}

    def rows() -> Tensor:
        index = data().train_index
        chosen = Stream(seed, "examples").permutation(len(index))[: fact.examples]
        return index[torch.from_numpy(chosen)]

    return {"x": lambda: data().x_train[rows()], "y": lambda: data().y_train[rows()]}


def _unasked() -> Tensor:
    raise RequestError(
        "the function names y, the labels of examples, and the sentence says no examples=…: say how many."
    )


def fact_model(fact: facts.PrunedMask | facts.Perturbed) -> facts.Model:
    """The architecture that a fact is about."""
    return fact.model if isinstance(fact, facts.Perturbed) else fact.state.model


def put(module: nn.Module, weights: Named) -> nn.Module:
    """A module with these weights."""
    module.load_state_dict(weights, strict=False)
    return module


def prunable_of(module: nn.Module, model: str) -> tuple[str, ...]:
    """The names of the weights that can be pruned.

    Raises:
        RequestError: when there are none.
    """
    names = prunable(module)
    if not names:
        raise RequestError(f"the model {model!r} has no linear or convolution layer: nothing can be pruned.")
    return names


def told(given: object) -> str:
    """What a function returned, in a few words."""
    if not isinstance(given, Mapping):
        return f"a {type(given).__name__}"
    shapes = [f"{name} {tuple(getattr(item, 'shape', ()))}" for name, item in given.items()]
    return f"a dict of {', '.join(shapes[:4]) or 'nothing'}{', …' if len(shapes) > 4 else ''}"


def needed(made: Made | None, what: str) -> Made:
    """A second state that a function names."""
    if made is None:
        raise RequestError(f"the function names {what!r}, and the sentence says no {what}=…: give it one.")
    return made
