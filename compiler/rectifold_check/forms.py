"""Affine forms with integer coefficients over one denominator.

    Form(6, 3, {0: 2, 5: -1})     is     1/2 + 1/3 v0 − 1/6 v5

Sums of such forms need no fractions, and two of them are compared by products of integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd


class Form:
    """(constant + Σ coefficients[v] · v) / den over variables v (integers); no coefficient is 0."""

    __slots__ = ("coefficients", "constant", "den")

    def __init__(self, den: int, constant: int, coefficients: dict[int, int]) -> None:
        self.den = den
        self.constant = constant
        self.coefficients = coefficients

    def equals(self, other: Form, factor: Fraction = Fraction(1)) -> bool:
        """self = factor · other, as forms."""
        left, right = other.den * factor.denominator, self.den * factor.numerator
        if (
            self.constant * left != other.constant * right
            or self.coefficients.keys() != other.coefficients.keys()
        ):
            return False
        theirs = other.coefficients
        return all(c * left == theirs[v] * right for v, c in self.coefficients.items())


def add_into(total: dict[int, int], coefficients: dict[int, int], scale: int) -> None:
    """total += scale · coefficients."""
    if total:
        get = total.get
        for v, c in coefficients.items():
            total[v] = get(v, 0) + scale * c
    else:
        total.update({v: scale * c for v, c in coefficients.items()})


def reduced(den: int, constant: int, total: dict[int, int]) -> Form:
    """Without zero coefficients and without common powers of two."""
    coefficients = {v: c for v, c in total.items() if c}
    twos = den & -den
    if twos > 1:
        common = gcd(twos, constant)
        for c in coefficients.values():
            if common == 1:
                break
            common = gcd(common, c)
        if common > 1:
            den //= common
            constant //= common
            coefficients = {v: c // common for v, c in coefficients.items()}
    return Form(den, constant, coefficients)
