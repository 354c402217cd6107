"""Is the pipeline honest? A question asked again with planted truths and with published bugs.

planted.py   truths: labels of arms shuffled, an arm replaced by what was never trained
bugs.py      the bugs that published code has had, each switched on for a while (bug.py: what a bug is)
masks.py     those of them that are in masks
trial.py     asks the question honestly and with each of them, in scratch labs
result.py    what came of it, in plain values

from whether.sabotage import sabotage
found = sabotage(Lab(), lottery_ticket())
found.ok, found.trust
"""

from whether.sabotage.bugs import BUGS
from whether.sabotage.planted import compared
from whether.sabotage.result import BugFound, Effect, Noticed, Sabotaged, TruthFound
from whether.sabotage.trial import sabotage, usual_replicates

__all__ = [
    "BUGS",
    "BugFound",
    "Effect",
    "Noticed",
    "Sabotaged",
    "TruthFound",
    "compared",
    "sabotage",
    "usual_replicates",
]
