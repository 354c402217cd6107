"""Measures: numbers asked of networks.

measures.py      accuracy, loss, solved, early stop
calibration.py   whether confidence says how often a network is right
classes.py       the error of one class, of the worst, of a subgroup
disparity.py     what something costs the weakest classes, of errors by class
activity.py      zeros in weights, activations and gradients; units that never fire
rank.py          how many dimensions are used
curvature.py     the largest eigenvalue of the loss's Hessian
distance.py      how far a network has gone
cost.py          parameters and multiply-adds that remain
speed.py         time of a step and of inference; of a layer, dense against sparse
layers.py        which weights a layer's name means

Each is `f(module, data, split, **options) -> float`: the module has the network's weights, works in evaluation mode and
is left as it was. `disparity.cost` alone is derived of other measures.
"""
