"""Bounds on boxes inside the domain, as trees of boxes have them, at the vertices in each box.

    gap network of relu(x) and relu(x + 1/8), x in [1/4, 1/2]       −1/8 ≤ d ≤ −1/8, it is −1/8

A claim tells whether one bound is good enough; here all those that a tree would use are looked at:
of units, of the differences of pairs, and of the last layer. So what is too narrow by little, on
some box, is found soon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from forged_networks import Values, values_at, vertices

from rectifold_check.integers.boxes import BoxWalk, Cases
from rectifold_check.integers.substitution import Box
from rectifold_check.networks import Domain
from rectifold_check.state import State


class Inside:
    """Boxes of the gap network of a state, or of A or B; what was `seen` and what is `wrong`."""

    def __init__(self, random: Random, state: State, net: int) -> None:
        self.random = random
        self.state = state
        self.network = state.network(net)
        self.rule = state.substitution(net)
        self.last = len(self.network.layers)
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []

    def look(self) -> None:
        """At the boxes of one random tree."""
        BoxWalk(self.rule, self.last, 1, self._at_leaf).from_the_root(self._tree(0))

    def _tree(self, depth: int) -> Any:
        if depth > 3 or self.random.random() < 0.3:
            return [[0]]
        j = self.random.randrange(self.network.inputs)
        low, high = (ends[j] or Fraction(0)
                     for ends in (self.state.domain.lower, self.state.domain.upper))  # fmt: skip
        at = low + (high - low) * Fraction(self.random.randint(0, 8), 8)
        return [[], j, str(at), self._tree(depth + 1), self._tree(depth + 1)]

    def _at_leaf(self, _number: int, box: Box, _cases: Cases) -> None:
        unit = 1 << self.rule.bits
        low, high = ([Fraction(v, unit) for v in side] for side in (box.low, box.high))
        if any(a > b for a, b in zip(low, high, strict=True)):
            return  # a half of nothing
        own = Domain(tuple(low), tuple(high), self.state.domain.constraints)
        values = [values_at(self.network, point) for point in vertices([self.network], own)]
        if values:
            self.wrong += self._false(box, values)

    def _false(self, box: Box, values: list[Values]) -> Iterator[str]:
        """Bounds that vertices are beyond."""
        for k, bounds in box.bounds.items():
            for j, (low, high) in enumerate(bounds):
                yield from self._beyond(
                    f"unit {j} of layer {k}", low, high, [v[k][j] for v in values]
                )
        for (p, q), bounds in box.differences.items():
            for j, (low, high) in enumerate(bounds):
                apart = [v[p][j] - v[q][j] for v in values]
                yield from self._beyond(f"x - y of {j} in {p} and {q}", low, high, apart)
        for j in range(self.network.layers[-1].size):
            high, low = (self.rule.bound([(self.last, j, sign)], box) for sign in (1, -1))
            yield from self._beyond(f"unit {j} of the end", -low, high, [v[-1][j] for v in values])

    def _beyond(self, what: str, low: int, high: int, values: list[Fraction]) -> Iterator[str]:
        unit = 1 << self.rule.bits
        self.seen["tried"] += 1
        self.seen["close"] += high - low <= unit * (max(values) - min(values)) + 2**20
        if not low <= unit * min(values) <= unit * max(values) <= high:
            yield f"{what} in [{low}, {high}] / {unit}: it is in [{min(values)}, {max(values)}]"
