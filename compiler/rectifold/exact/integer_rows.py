"""Layers of numbers over one another in integers: every row times what makes it whole.

    relu(x / 3 + 1 / 2) · 1 / 5, x = p / q      →      relu(2 p + 3 q) over 30 q

A row is used times a positive number, which the rows that read it divide by. Sound because
relu(s v) = s relu(v) for s > 0, and because a whole point over q makes all values whole over q. So
no denominator is common to more than one row, whatever the numbers are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from operator import mul

Terms = Iterable[tuple[int, Fraction | int]]  # (place of a value, its factor)


class IntegerRow:
    """Σ factor · value over some places, divided by `scale` > 0, which is what makes it whole."""

    __slots__ = ("numbers", "places", "scale")

    def __init__(self, terms: Terms) -> None:
        pairs = [(place, factor) for place, factor in terms if factor]
        self.places = [place for place, _ in pairs]
        self.numbers, factor = integers_of([factor for _, factor in pairs])
        self.scale = 1 / factor

    def times(self, values: Sequence[int]) -> int:
        """The sum times the scale."""
        return sum(map(mul, self.numbers, map(values.__getitem__, self.places)))


class IntegerLayers:
    """Rows over the inputs, then rows over what is there already, and so on.

    Places: the inputs from 0 on, then the number 1, then every row of every layer in order.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self._scales: list[Fraction] = [Fraction(1)] * (inputs + 1)
        self._layers: list[tuple[list[IntegerRow], bool]] = []

    def add(self, rows: Iterable[Terms], *, is_relu: bool, den: int = 1) -> range:
        """A layer of rows over all that is there, of positive parts if `is_relu`; their places.

        The factors are divided by `den`.
        """
        layer = [
            IntegerRow((place, factor / self._scales[place]) for place, factor in terms)
            for terms in rows
        ]
        start = len(self._scales)
        self._scales += [row.scale * den for row in layer]
        self._layers.append((layer, is_relu))
        return range(start, len(self._scales))

    def evaluate(self, point: Sequence[Fraction | int], places: Iterable[int]) -> list[Fraction]:
        """What is at these places where the inputs are the point, exactly.

        Raises ValueError for a wrong number of inputs.
        """
        if len(point) != self.inputs:
            raise ValueError(f"{self.inputs} inputs are read, the point has {len(point)}")
        den = lcm(*(v.denominator for v in point))
        values = [v.numerator * (den // v.denominator) for v in point]
        values.append(den)
        for layer, is_relu in self._layers:
            found = [row.times(values) for row in layer]
            values += [max(v, 0) for v in found] if is_relu else found
        return [Fraction(values[k]) / (self._scales[k] * den) for k in places]


def integers_of(numbers: Sequence[Fraction | int]) -> tuple[list[int], Fraction]:
    """(n, s) with numbers = s · n, s > 0, and n integers without a common factor (or all 0)."""
    den = lcm(*(v.denominator for v in numbers))
    integers = [v.numerator * (den // v.denominator) for v in numbers]
    common = gcd(*integers) or 1
    return [v // common for v in integers], Fraction(common, den)
