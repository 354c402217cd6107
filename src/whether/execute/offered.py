"""What a function of the language is given: what its signature names, made only then."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Offered = Mapping[str, Callable[[], Any]]
"""By a parameter's name, how to make what it is given."""


def asked(function: Callable[..., Any], offered: Offered, options: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a call: the options that a sentence says, and what else the signature names.

    Args:
        function: a word's, or somebody's own.
        offered: what there is.
        options: goes before what is offered under the same name.

    Example:
        >>> asked(lambda weights, *, seed: seed, {"seed": lambda: 7, "x": lambda: 1 / 0}, {})
        {'seed': 7}
    """
    try:
        named = inspect.signature(function).parameters
    except (TypeError, ValueError):  # built into Python: it takes what it is told
        return dict(options)
    return {name: make() for name, make in offered.items() if name in named and name not in options} | dict(options)
