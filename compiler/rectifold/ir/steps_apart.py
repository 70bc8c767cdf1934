"""Conditions on two points of one network that speak of their difference alone.

    y'_1 − y_1 + s_0 ≤ 1/8      with s = x' − x       Σ c_j (f_j(x + s) − f_j(x)) + Σ b_k s_k

Such a condition is met nowhere if its left side, with every slope of f that occurs for the
difference, exceeds the bound for all steps s (docs/mathematics.md#steps-by-slopes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float, round_up
from rectifold.ir.domain import Domain
from rectifold.ir.joint import LAST
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Layer, Network
from rectifold.ir.property import Condition, Unsafe

_Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class StepClaims:
    """One condition of every case of a part of a property of `network` beside itself.

    `chosen` has its number, per case. Precondition: the part's domain is bounded.
    """

    network: Network
    part: Unsafe
    margins: tuple[Fraction, ...]
    chosen: tuple[int, ...]

    @staticmethod
    def of(network: Network, part: Unsafe, margins: Sequence[Fraction]) -> StepClaims | None:
        """The first condition of each case that is about a step; None where a case has none.

        One with a number beyond the range of floats counts as none: floats search here.
        """
        chosen: list[int] = []
        for case in part.cases:
            places = [k for k, condition in enumerate(case) if _is_about_step(condition, network)]
            if not places:
                return None
            chosen.append(places[0])
        return StepClaims(network, part, tuple(margins), tuple(chosen))

    @property
    def conditions(self) -> list[Condition]:
        """Of each case, the chosen one."""
        return [case[k] for case, k in zip(self.part.cases, self.chosen, strict=True)]

    @cached_property
    def box(self) -> Domain:
        """A box with x and x + s, and so with all that lies between them."""
        domain, n = self.part.domain, self.network.input_size
        ends = [(_ends(domain, k), _second_ends(domain, k)) for k in range(n)]
        low = tuple(min(first[0], second[0]) for first, second in ends)
        high = tuple(max(first[1], second[1]) for first, second in ends)
        return Domain(low, high)

    @cached_property
    def rows(self) -> Network:
        """The network with one linear layer more, of one unit Σ c_j f_j for each condition."""
        m = self.network.output_size
        table = [[Fraction(0)] * m for _ in self.conditions]
        for row, condition in zip(table, self.conditions, strict=True):
            for j, c in condition.outputs:
                if j >= m:
                    row[j - m] = c
        weights = {self.network.output: Matrix.from_fractions(table, m)}
        name, taken = self.network.input_name, {v.name for v in self.network.layers}
        last = fresh_name(LAST, {*taken, name})
        layers = [*self.network.layers, Layer(last, "linear", Matrix.zeros(len(table), 1), weights)]
        return Network(name, self.network.input_size, layers, last, None, "steps")

    @cached_property
    def steps(self) -> tuple[Floats, Floats]:
        """Ends of the steps, as floats."""
        n = self.network.input_size
        low, high = self.part.domain.float_box
        return low[n:], high[n:]

    @cached_property
    def largest(self) -> list[int]:
        """The inputs k with s_k ≥ |s_i| for all i, as far as ends and constraints say so."""
        n = self.network.input_size
        steps = [_ends(self.part.domain, n + k) for k in range(n)]
        return [
            k
            for k in range(n)
            if steps[k][0] >= 0 and all(_is_below(self.part.domain, i, k, steps) for i in range(n))
        ]

    @cached_property
    def on_steps(self) -> Floats:
        """b, conditions × inputs, in floats."""
        n = self.network.input_size
        table = np.zeros((len(self.chosen), n))
        for row, condition in zip(table, self.conditions, strict=True):
            for k, c in condition.inputs:
                row[k - n] = nearest_float(c)
        return table

    @cached_property
    def needed(self) -> Floats:
        """What the left side of each condition must at least be, in floats rounded up."""
        ends = zip(self.conditions, self.margins, strict=True)
        return np.array([round_up(condition.bound + margin) for condition, margin in ends])


def _is_about_step(condition: Condition, network: Network) -> bool:
    m, outputs = network.output_size, dict(condition.outputs)
    nothing = Fraction(0)
    is_balanced = all(outputs.get(j, nothing) == -outputs.get(m + j, nothing) for j in range(m))
    return is_balanced and all(
        k >= network.input_size and isfinite(nearest_float(c)) for k, c in condition.inputs
    )


def _is_below(domain: Domain, i: int, k: int, steps: Sequence[_Ends]) -> bool:
    """Is |s_i| ≤ s_k, by the ends of the steps or by constraints?"""
    if i == k or not any(steps[i]):
        return True
    low, high = steps[i]
    n, one = len(steps), Fraction(1)
    for sign, end in ((one, high), (-one, -low)):
        row = [Fraction(0)] * (2 * n)
        row[n + i], row[n + k] = sign, -one
        stated = any(c.coefficients == tuple(row) and c.bound <= 0 for c in domain.constraints)
        if end > steps[k][0] and not stated:
            return False
    return True


def _ends(domain: Domain, k: int) -> _Ends:
    low, high = domain.lower[k], domain.upper[k]
    assert low is not None
    assert high is not None
    return low, high


def _second_ends(domain: Domain, k: int) -> _Ends:
    """Ends of x_k + s_k: the sums of theirs, or what a constraint says of it alone."""
    step = k + domain.size // 2
    low, high = (a + b for a, b in zip(_ends(domain, k), _ends(domain, step), strict=True))
    for row in domain.constraints:
        places = {j for j, c in enumerate(row.coefficients) if c}
        c = row.coefficients[k]
        if places == {k, step} and c == row.coefficients[step]:
            if c > 0:
                high = min(high, row.bound / c)
            else:
                low = max(low, row.bound / c)
    return low, high
