"""Time is a type: a length of training is said in iterations, epochs or per cent of the whole.

`"500it"`, `"2ep"` and `"10%"` are Steps. A bare number is refused, because 500 what?
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from whether.errors import RequestError

_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(it|ep|%)\s*")
_NAMES = {"it": "iterations", "ep": "epochs", "%": "per cent of the recipe's total"}


@dataclass(frozen=True)
class Steps:
    """An amount of training: exact, and without a meaning in iterations until a data set and a batch give it one.

    Example:
        >>> Steps.parse("2ep").count(per_epoch=13)
        26
        >>> Steps.parse("10%").count(per_epoch=13, total=400)
        40
    """

    amount: Fraction
    unit: str

    @staticmethod
    def parse(given: Steps | str, what: str = "a number of steps") -> Steps:
        """Read `"500it"`, `"2ep"`, `"1.5ep"` or `"10%"`; a Steps passes through.

        Raises:
            RequestError: for anything else, a bare number above all.
        """
        if isinstance(given, Steps):
            return given
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            whole = given if isinstance(given, int) and given > 0 else 500
            raise RequestError(
                f"{what} is {given!r}, a bare number: {given!r} of what? Write '{whole}it' for iterations, '{whole}ep' "
                "for epochs or '10%' for a part of the recipe's total."
            )
        found = _FORM.fullmatch(given) if isinstance(given, str) else None
        if found is None:
            raise RequestError(f"{what} is {given!r}; expected a form like '500it', '2ep' or '10%'.")
        steps = Steps(Fraction(found[1]), found[2])
        if steps.unit == "it" and steps.amount.denominator != 1:
            raise RequestError(f"{what} is {given!r}; iterations come whole: write '{round(steps.amount)}it'.")
        if steps.unit == "%" and steps.amount > 100:
            raise RequestError(f"{what} is {given!r}; expected at most '100%', which is the recipe's total.")
        return steps

    def count(self, *, per_epoch: int, total: int | None = None) -> int:
        """Iterations: halves round to even.

        Args:
            per_epoch: iterations in an epoch, ≥ 1.
            total: iterations of the whole recipe; needed for per cent only.
        """
        if self.unit == "it":
            return int(self.amount)
        if self.unit == "ep":
            return round(self.amount * per_epoch)
        if total is None:
            raise RequestError(
                f"'{self}' is a part of a total, but here the total itself is asked; write it in 'it' or 'ep'."
            )
        return round(self.amount * total / 100)

    def __str__(self) -> str:
        amount = int(self.amount) if self.amount.denominator == 1 else float(self.amount)
        return f"{amount}{self.unit}"

    def __repr__(self) -> str:
        return f"Steps('{self}')"

    @property
    def words(self) -> str:
        """For people: '500 iterations'."""
        return f"{str(self).removesuffix(self.unit)} {_NAMES[self.unit]}"
