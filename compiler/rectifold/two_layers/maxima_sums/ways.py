"""In which ways a part of a sum is written as units, and how many of them that takes.

    max(x1 .. x8) as the network has it: 7 layers       as Q + relu(P − Q): 2 units and one above

Every way is exact: they are chosen by their units above the first layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from rectifold.two_layers.maxima import MOST_ARGUMENTS, joins_of
from rectifold.two_layers.maxima_sums.parts import Parts, Sum

Kind = Literal["maximum", "unit", "two maxima", "top"]


class Way(NamedTuple):
    """`maximum`: by its identity; `two maxima`: relu(P − Q) + Q of half the forms each; else as the
    network has it, `unit` of the second layer or `top` of the third.
    """

    cost: int
    kind: Kind


class Ways:
    """The cheapest way of every part, each looked for once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._known: dict[tuple[int, int], Way] = {}

    def cheapest(self, number: int, layers: int) -> Way:
        """With at most so many layers, which are enough for the part."""
        known = self._known.get((number, layers))
        if known is None:
            known = self._known[number, layers] = min(self._ways(number, layers))
        return known

    def _ways(self, number: int, layers: int) -> Iterator[Way]:
        part = self.parts.found[number]
        count = len(part.corners or ())
        if 0 < count <= MOST_ARGUMENTS:
            yield Way(_joins(count), "maximum")
        if layers == 3 and MOST_ARGUMENTS // 2 < count <= 2 * MOST_ARGUMENTS:
            half = (count + 1) // 2
            yield Way(1 + _joins(half) + _joins(count - half), "two maxima")
        inner, low = self.parts.depth(part.inner), self.parts.depth(part.low)
        if inner <= 1 and low <= layers:
            yield Way(1 + self._cost(part.low, layers), "unit")
        if layers == 3 and inner <= 2 and low <= layers:
            cost = 1 + self._cost(part.inner, 2) + self._cost(part.low, layers)
            yield Way(cost, "top")

    def _cost(self, total: Sum, layers: int) -> int:
        """Units above the first layer of a sum that has so few layers."""
        return sum(self.cheapest(number, layers).cost for number in total.parts)


def _joins(count: int) -> int:
    """Units of the second layer for a maximum of one to six forms."""
    return len(joins_of(count)) if count > 2 else 0
