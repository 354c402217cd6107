"""What fits what: networks that are compared, masks that are worn, measures that a task has. Told when resolved."""

from __future__ import annotations

from typing import Any

from whether import words
from whether.errors import RequestError
from whether.history import facts


def check_alike(word: str, one: facts.State, other: facts.State) -> None:
    """Refuse to compare networks of two architectures weight by weight."""
    if one.model.digest != other.model.digest:
        raise RequestError(
            f"{word} compares a {_named(one.model)} with a {_named(other.model)}; expected two networks of one "
            "architecture, so that each weight has its counterpart."
        )


class Models:
    """The architecture that each state and mask is of, looked for once, so that deep histories cost what they hold."""

    def __init__(self) -> None:
        self._known: dict[str, facts.Model] = {}

    def of(self, fact: facts.State | facts.MaskFact) -> facts.Model:
        """The architecture of a fact, found without recursion."""
        passed: list[str] = []
        at: facts.State | facts.MaskFact = fact
        while at.digest not in self._known:
            passed.append(at.digest)
            behind = _behind(at)
            if isinstance(behind, facts.Model):
                self._known[at.digest] = behind
            else:
                at = behind
        self._known |= dict.fromkeys(passed, self._known[at.digest])
        return self._known[at.digest]


def _behind(fact: facts.State | facts.MaskFact) -> facts.State | facts.MaskFact | facts.Model:
    """What has the same architecture as a fact, or that architecture."""
    match fact:
        case facts.FullMask(model=model) | facts.Start(architecture=model) | facts.Loaded(architecture=model):
            return model
        case facts.PrunedMask(state=state) | facts.GrownMask(state=state):
            return state
        case facts.ShuffledMask(origin=mask) | facts.InvertedMask(origin=mask):
            return mask
        case facts.State(before=before) if before is not None:
            return before
    raise TypeError(f"{fact!r} is of no architecture")


def check_worn(state: facts.State, mask: facts.MaskFact, models: Models) -> None:
    """Refuse to put the mask of one architecture on another."""
    of, worn_by = models.of(mask), models.of(state)
    if of.digest != worn_by.digest:
        raise RequestError(f"a mask of a {_named(of)} does not fit a {_named(worn_by)}; prune a network of that kind.")


def check_task(name: str, task: str) -> None:
    """Refuse to count what is right where nothing is, and classes where there are none."""
    if task == "regression" and name in words.COUNTING:
        raise RequestError(
            f"{name} counts what is right, and in regression nothing is right or wrong; ask for the loss."
        )
    if task != "classification" and name in words.OF_CLASSES:
        raise RequestError(f"{name} is of classes, and these data are for {task}; ask for the loss.")


def check_masks(how: str, origin: facts.State, other: facts.State | None) -> None:
    """Refuse to reorder units under a mask, and to mix networks that wear two."""
    worn = [state.mask for state in (origin, other) if state is not None]
    masks = [None if isinstance(mask, facts.FullMask) else mask for mask in worn]
    if how in ("align-weights", "align-activations", "permute-units") and any(mask is not None for mask in masks):
        raise RequestError(
            f"{how} reorders units, and a mask would have to be reordered with them: align the dense networks, and "
            "prune what comes of it."
        )
    if how == "interpolate" and len({mask.digest if mask is not None else "" for mask in masks}) > 1:
        raise RequestError(
            "interpolate mixes two networks that wear different masks; a point between them has neither. Give both "
            "the same mask, or ask for the barrier, which wears none."
        )


def freed(trains: str) -> str:
    """The words for what is trained in one form: their order and what adds nothing are of no account."""
    parts = set(trains.split("+"))
    if "all" in parts:
        return "all"
    return "+".join(sorted(parts - {"nothing"})) or "nothing"


def like(value: Any, usual: Any) -> Any:
    """An option in the form of its usual value, so that 1 and 1.0 are one."""
    return float(value) if isinstance(usual, float) else value


def _named(model: facts.Model) -> str:
    return f"{model.name} for {' × '.join(map(str, model.shape))} values and {model.classes} classes"
