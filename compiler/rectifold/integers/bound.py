"""How far the integer code may be from the network: a certified bound over the domain.

    |code(x, r) - f(x)|     x in the box, r the rounding errors         two networks, bounded as one

The two are bounded as any pair of close networks is, by the differences of their units
(bounds/pairs.py), layer by layer and backward; where a bound is wanted that this does not give, the
box is split. Sound by docs/mathematics.md#integer-code.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import bounded
from rectifold.effort.integers import IntegerEffort
from rectifold.exact.conversion import Floats
from rectifold.integers.network import IntegerNetwork
from rectifold.integers.pair import joint_domain, network_and_code
from rectifold.integers.scales import grid_box
from rectifold.ir.domain import Domain
from rectifold.ir.joint import LAST, gap, names_of
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pair
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.largest import TightestSearch
from rectifold.search.witnesses import Witnesses


@dataclass(frozen=True, eq=False)
class Joined:
    """The gap of a network and its integer code on a box of points and rounding errors."""

    bounds: Bounds
    code_names: dict[str, str]  # of the code's layers in the joined network
    outputs: int

    @staticmethod
    def of(
        network: Network, code: IntegerNetwork, domain: Domain, *, rounds_inputs: bool
    ) -> Joined:
        """On the domain's box and every accepted grid point.

        With `rounds_inputs` the code sees a real point of the box rounded to the grid; else both
        see the same point.
        """
        one, other = network_and_code(network, code)
        box = joint_domain(code, grid_box(code, domain), rounds_inputs=rounds_inputs)
        joined = gap(one, other, [Fraction(0)] * network.output_size)
        every = names_of(tuple(Pair(k, k) for k in range(len(one.layers))))
        numbered = list(zip(every.items(), one.layers, strict=True))
        paired = {a: b for (a, b), layer in numbered if layer.is_relu}
        code_names = {layer.name: b for (_, b), layer in numbered}
        return Joined(bounded(joined, box, paired), code_names, network.output_size)

    def at_once(self) -> Floats:
        """Per output a bound of |code - f|, of the box as one."""
        count = 2 * self.outputs
        with np.errstate(over="ignore", invalid="ignore"):  # where numbers are too large: no bound
            boxes = BoundsOnBoxes(self.bounds, LAST)
            batch = BoxBatch(boxes, LAST, [boxes.domain_box()])
            upper = batch.ask(np.zeros(count, dtype=np.int64), np.arange(count), 1).upper
        return self._of_both(np.minimum(upper, self.bounds.upper[LAST]))

    def by_splitting(self, wanted: float, deadline: float) -> Floats:
        """The same by splitting the box, until all are at most `wanted`, or the deadline passes.

        The deadline is in seconds of time.monotonic.
        """
        witnesses = Witnesses(self.bounds, 0, [])
        start = witnesses.fresh(IntegerEffort.search_points)
        search = _Wanted(self.bounds, witnesses, LAST, start)
        search.wanted = wanted
        search.begin()
        with np.errstate(over="ignore", invalid="ignore"):
            search.go_on(deadline)
        return self._of_both(search.outcome().upper)

    def passed_on(self, layer: str) -> Interval:
        """Bounds of the code's values of a layer."""
        return self.bounds.passed_on(self.code_names[layer])

    def _of_both(self, upper: Floats) -> Floats:
        return np.asarray(upper.reshape(2, self.outputs).max(axis=0).clip(min=0.0))


class _Wanted(TightestSearch):
    """The search ends where all bounds are at most `wanted`, or a point is beyond it."""

    wanted = 0.0

    def _is_near(self, value: float) -> bool:
        return value <= self.wanted or super()._is_near(value)

    @property
    def is_complete(self) -> bool:
        return self.reached > self.wanted or super().is_complete
