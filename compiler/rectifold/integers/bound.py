"""How far the integer code may be from the network: a certified bound over the domain.

    |code(x, r) - f(x)|     x in the box, r the rounding errors         two networks, bounded as one

The two are bounded as any pair of close networks is, by the differences of their units
(bounds/pairs.py), layer by layer and backward; where a bound is wanted that this does not give, the
box is split. Sound by docs/mathematics.md#integer-code.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, log

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
from rectifold.search.boxes.largest import Progress, TightestSearch
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

    def by_splitting(
        self, wanted: float, deadline: float, *, gives_up: bool
    ) -> tuple[Floats, bool]:
        """The same by splitting the box, until all are at most `wanted`, or the deadline passes.

        The deadline is in seconds of time.monotonic. With `gives_up` the search ends too where it
        is not on its way to `wanted` by then; the second answer says that it did.
        """
        witnesses = Witnesses(self.bounds, 0, [])
        start = witnesses.fresh(IntegerEffort.search_points)
        search = _Wanted(self.bounds, witnesses, LAST, start)
        search.wanted = wanted
        search.horizon = deadline - time.monotonic() if gives_up else inf
        search.begin()
        with np.errstate(over="ignore", invalid="ignore"):
            search.go_on(deadline)
        is_given_up = search.is_hopeless and time.monotonic() < deadline
        return self._of_both(search.outcome().upper), is_given_up

    def passed_on(self, layer: str) -> Interval:
        """Bounds of the code's values of a layer."""
        return self.bounds.passed_on(self.code_names[layer])

    def _of_both(self, upper: Floats) -> Floats:
        return np.asarray(upper.reshape(2, self.outputs).max(axis=0).clip(min=0.0))


class _Wanted(TightestSearch):
    """The search ends where all bounds are at most `wanted`, or a point is beyond it.

    And where `wanted` is out of reach in `horizon` seconds, judged by the progress so far.
    """

    wanted = 0.0
    horizon = inf

    @property
    def is_hopeless(self) -> bool:
        """Is `wanted` out of reach in `horizon` seconds, by what is seen?"""
        return is_out_of_reach(self.history, self.wanted, self.horizon)

    def _is_near(self, value: float) -> bool:
        return value <= self.wanted or super()._is_near(value)

    @property
    def is_complete(self) -> bool:
        return self.reached > self.wanted or self.is_hopeless or super().is_complete


def is_out_of_reach(history: Sequence[Progress], wanted: float, horizon: float) -> bool:
    """Will the bound be above `wanted` after `horizon` seconds, shrinking twice as fast as by now?

    It is taken to shrink like a power of the time: at least as 1 / time, and twice the power that
    was seen since half of the time. A guess that proves nothing; none is made at the beginning.
    """
    if not history or horizon == inf:
        return False
    seconds, _, upper = history[-1]
    if seconds < IntegerEffort.judged_from * horizon or seconds >= horizon:
        return False
    earlier = [v for v in history if 0 < v[0] <= seconds / 2]
    power = 1.0
    if earlier and earlier[-1][2] > upper > 0:
        grown = log(min(earlier[-1][2], sys.float_info.max) / upper)
        power = max(1.0, 2 * grown / log(seconds / earlier[-1][0]))
    return bool(upper * (seconds / horizon) ** power > wanted)
