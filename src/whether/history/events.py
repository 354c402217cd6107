"""The events of a history in a few words: what happened in one and not in the other."""

from __future__ import annotations

from collections.abc import Sequence

from whether.history import facts
from whether.history.fact import Fact
from whether.history.phrases import fraction_text
from whether.history.walk import generations

NOTHING = "nothing"


def told(events: Sequence[Fact]) -> str:
    """What happened, one after the other."""
    return ", then ".join(_event_text(event) for event in events) or NOTHING


def _event_text(event: Fact) -> str:
    match event:
        case facts.Point(at=at):
            return f"trained to {at}it"
        case facts.Wearing(worn=worn):
            rounds = sum(isinstance(item, facts.PrunedMask) for item in generations(worn))
            return f"pruned {rounds} times" if rounds > 1 else "pruned once" if rounds else "every weight kept"
        case facts.Redrawn(keep=keep):
            return "drawn again" + ("" if keep == "nothing" else f", {keep} kept")
        case facts.Loaded(path=path):
            return f"loaded from {path}"
        case facts.Perturbed(how=how):
            return f"perturbed ({how})"
        case facts.Holding(trains=trains):
            return f"only {trains} trained"
        case facts.Clocked(at=at):
            return f"rate rewound to {at}it"
        case facts.GrownMask(state=point):
            return f"grown in training to {point.at}it"
        case facts.PrunedMask(fraction=part):
            return f"pruned by {fraction_text(part)}"
        case facts.ShuffledMask(scope=scope):
            return f"shuffled ({scope})"
        case facts.InvertedMask():
            return "inverted"
        case facts.FullMask():
            return "every weight"
    return f"a {event.tag}"
