"""What a function of the language is given: what its signature names, made only then."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from whether.errors import CODE_RAISES, WhetherError, failed
from whether.history.facts import Fact
from whether.models.alone import alone

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


@contextmanager
def by_itself(fact: Fact, what: str) -> Iterator[None]:
    """Run a function that may be somebody's own: what it draws follows from the fact, what it raises is told."""
    try:
        with alone(int(fact.digest[:16], 16)):
            yield
    except WhetherError:
        raise
    except CODE_RAISES as error:
        raise failed(what, error) from error
