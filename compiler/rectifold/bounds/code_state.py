"""What is known about the errors of code, filled in layer by layer beside the network's bounds.

    |code's z - z| <= whole        whole = what comes from below + local: rounding, stored weights

Sound because code's z lies within `whole` of the network's z, which lies within its bounds: so the
code's phase of a unit is certain where the bounds clear 0 by more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rectifold.bounds.arithmetic import Arithmetic
from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import TINY, UNIT
from rectifold.bounds.state import Bounds
from rectifold.bounds.summation import Order
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask


@dataclass(frozen=True)
class Code:
    """How code computes.

    `leaky`: the layers that it holds as leaky units (ir/leaky.py). `order`: that of its sums, where
    it is known; None: any order.
    """

    arithmetic: Arithmetic
    leaky: frozenset[str] = frozenset()
    order: Order | None = None


@dataclass(eq=False)
class CodeErrors:
    """Per layer, and for the input, what is lost there (`local`) and in all (`whole`), per unit.

    Both are about pre-activations; those of the input are the same: the step from a point that is
    accepted to the domain.
    """

    bounds: Bounds
    code: Code
    local: dict[str, Floats] = field(default_factory=dict)
    whole: dict[str, Floats] = field(default_factory=dict)

    def is_relu(self, name: str) -> bool:
        """Does what a layer, or the input, passes on go through a relu?"""
        return name in self.bounds.floats and self.bounds.floats[name].is_relu

    def live(self, name: str) -> Mask:
        """The values that code may pass on as another number than 0."""
        if not self.is_relu(name):
            return self.bounds.magnitude(name) + self.whole[name] > 0
        return ~(self.bounds.upper[name] <= -self.whole[name])

    def certain(self, name: str) -> Mask:
        """The values that code and network both pass on as they are: their errors too."""
        if not self.is_relu(name):
            return np.ones(len(self.whole[name]), dtype=np.bool_)
        return np.asarray(self.bounds.lower[name] >= self.whole[name])

    def passed_on(self, name: str) -> Floats:
        """A bound of |code's value - the network's| for what a layer, or the input, passes on."""
        whole = self.whole[name]
        return np.where(self.live(name), whole, 0.0) if self.is_relu(name) else whole

    def values(self, name: str) -> Interval:
        """Where the values lie that code passes on."""
        low, high = self.bounds.passed_on(name)
        error = self.passed_on(name)
        lower = -above(-low + error, 1)
        upper = above(high + error, 1)
        return Interval(np.maximum(lower, 0.0) if self.is_relu(name) else lower, upper)


def above(value: Floats, terms: int) -> Floats:
    """At least what a float sum of `terms` products stands for, if none of them is negative.

    Of a number of any sign: at least every number that rounds to it. Not a number gives infinity.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        bound = value + np.abs(value) * (4.0 * (terms + 4) * UNIT) + (terms + 2) * TINY
    return np.where(np.isnan(bound), np.inf, bound)
