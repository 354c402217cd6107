"""Perturbations: what a state's weights are changed to. Pure functions on tensors by name.

Each changes the prunable weights that `names` names, leaves everything else as it was, and never writes into what it
was given. A mask stays what it is: whoever calls puts it on again afterwards.
"""

from whether.perturb.noise import noise
from whether.perturb.shuffled import shuffle, shuffle_signs
from whether.perturb.signs import redraw_magnitudes, redraw_signs, swap_magnitudes, swap_signs

__all__ = [
    "noise",
    "redraw_magnitudes",
    "redraw_signs",
    "shuffle",
    "shuffle_signs",
    "swap_magnitudes",
    "swap_signs",
]
