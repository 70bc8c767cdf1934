"""Conditions on two points of one network that speak of their difference alone.

    s_0 + f_1(x + s) − f_1(x) < −1/8    is never met where     s_0 + M s ≥ −1/8

A condition  Σ b_k s_k + Σ c_j (f_j(x + s) − f_j(x)) ≤ bound  is about the step s and what it does.
The way from x to x + s is cut into pieces t_1 s, t_2 s, ..., on each of which the network's
difference is some M of the slopes there (gradients.py); t_i ≥ 0, Σ t_i = 1. So its left side is
Σ t_i (b + M_i) s: at least the least of (b + M) s over all slopes M that occur, and all steps s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from rectifold_check.gradients import Slopes
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain, Network
from rectifold_check.property import Condition, Unsafe, rows_of
from rectifold_check.terms import ZERO

Ends = tuple[Fraction, Fraction]
Ints = list[tuple[int, int]]


@dataclass(frozen=True)
class StepQuestion:
    """One part of a property of a network beside itself: its cases, with a margin each."""

    network: Network
    part: Unsafe
    margins: Sequence[Fraction]

    @property
    def box(self) -> Domain:
        """A box with x and x + s, and so with all that lies between them."""
        domain, n = self.part.domain, self.network.inputs
        low, high = [], []
        for k in range(n):
            (a, b), (c, d) = _ends(domain, k), _second_ends(domain, k)
            low.append(min(a, c))
            high.append(max(b, d))
        return Domain(tuple(low), tuple(high), ())

    def condition(self, case: int, number: int) -> Condition:
        """A condition of a case. Raises Refusal where it is none, or not about a step."""
        cases = self.part.cases
        if not (0 <= case < len(cases) and 0 <= number < len(cases[case])):
            raise Refusal("slopes are about a condition of a case")
        found, m = cases[case][number], self.network.size(self.network.output)
        outputs = dict(found.outputs)
        is_balanced = all(outputs.get(j, ZERO) == -outputs.get(m + j, ZERO) for j in range(m))
        if not is_balanced or any(k < self.network.inputs for k, _ in found.inputs):
            raise Refusal("a condition is not about a step and the differences of outputs alone")
        return found

    def rows(self, conditions: Sequence[Condition]) -> Network:
        """The network with one linear unit more for each condition: Σ c_j f_j."""
        m = self.network.size(self.network.output)
        weights = [[(j - m, c) for j, c in v.outputs if j >= m] for v in conditions]
        return rows_of(self.network, weights)

    def is_never_met(self, condition: Condition, margin: Fraction, slopes: Slopes) -> bool:
        """Does every step exceed the bound by the margin, with slopes between these ends?"""
        (den, ends), needed = slopes, condition.bound + margin
        scale = lcm(*(c.denominator for _, c in condition.inputs))
        sums = [(a * scale, b * scale) for a, b in ends]
        for k, c in condition.inputs:
            low, high = sums[k - self.network.inputs]
            own = int(c * scale) * den
            sums[k - self.network.inputs] = low + own, high + own
        unit, _ = self._steps
        return self._least(sums) * needed.denominator >= needed.numerator * den * scale * unit

    def _least(self, slopes: Ints) -> int:
        """What Σ slope_k s_k is at least, for all steps of the domain: times the unit of steps."""
        _, steps = self._steps
        found = sum(
            min(a * c, a * d, b * c, b * d) for (a, b), (c, d) in zip(slopes, steps, strict=True)
        )
        for k in self._largest:
            slope = slopes[k][0] - sum(
                max(-a, b) for i, (a, b) in enumerate(slopes) if i != k and steps[i] != (0, 0)
            )
            low, high = steps[k]
            found = max(found, slope * (low if slope > 0 else high))
        return found

    @cached_property
    def _steps(self) -> tuple[int, Ints]:
        """A denominator, and the ends of each step over it."""
        n = self.network.inputs
        ends = [_ends(self.part.domain, n + k) for k in range(n)]
        unit = lcm(*(v.denominator for pair in ends for v in pair))
        return unit, [(int(low * unit), int(high * unit)) for low, high in ends]

    @cached_property
    def _largest(self) -> list[int]:
        """The inputs k with s_k ≥ |s_i| for all i, by the box of the steps or by constraints."""
        _, steps = self._steps
        places = range(len(steps))
        return [k for k in places if steps[k][0] >= 0 and all(self._is_below(i, k) for i in places)]

    def _is_below(self, i: int, k: int) -> bool:
        """Is |s_i| ≤ s_k?"""
        n, (_, steps) = self.network.inputs, self._steps
        low, high = steps[i]
        if i == k or not (low or high):
            return True
        return all(
            end <= steps[k][0] or _has_row(self.part.domain, {n + i: sign, n + k: -ONE})
            for sign, end in ((ONE, high), (-ONE, -low))
        )


ONE = Fraction(1)


def _has_row(domain: Domain, wanted: dict[int, Fraction]) -> bool:
    """Is Σ wanted ≤ 0 a constraint of the domain?"""
    return any(row == wanted and bound <= 0 for row, bound in domain.constraints)


def _ends(domain: Domain, k: int) -> Ends:
    low, high = domain.lower[k], domain.upper[k]
    if low is None or high is None:
        raise Refusal("slopes are for bounded domains")
    return low, high


def _second_ends(domain: Domain, k: int) -> Ends:
    """Ends of x_k + s_k: the sums of theirs, or what a constraint says of it alone."""
    step = k + len(domain.lower) // 2
    low, high = (a + b for a, b in zip(_ends(domain, k), _ends(domain, step), strict=True))
    for row, bound in domain.constraints:
        if set(row) == {k, step} and row[k] == row[step]:
            if row[k] > 0:
                high = min(high, bound / row[k])
            else:
                low = max(low, bound / row[k])
    return low, high
