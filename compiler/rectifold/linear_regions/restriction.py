"""A network on a bounded domain, over the inputs that the domain leaves free.

    input x[2] in [[-1, 1], [1/3, 1/3]]          free: x[0]
    h = relu(x[0] + x[1])                        form: [3, 1] over 3

A *form* is an affine function of the free inputs, as integers with the constant last; several
forms share one positive denominator. Exact because a fixed input is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm

import numpy as np

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import IntegerTable
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.polytope import Form, Polytope, scaled

Forms = tuple[list[Form], int]  # integers over one positive denominator
LayerValues = Mapping[str, Forms]  # of layers and of the input, by name


@dataclass(frozen=True, eq=False)
class Restriction:
    """A network on a bounded domain. Raises InputError where an input has no end."""

    network: Network
    domain: Domain

    def __post_init__(self) -> None:
        if not self.domain.is_bounded:
            raise InputError(
                "linear regions need a bounded domain; give every input a lower and an upper end"
            )
        inside = [np.isfinite(end) for end in self.domain.float_box]
        if not (inside[0] & inside[1]).all():
            place = int(np.argmin(inside[0] & inside[1]))
            raise InputError(
                f"linear regions need ends in the range of floats, and input {place} has one "
                "beyond 1.8e308; scale the input, or give it a smaller range"
            )

    def __reduce__(self) -> tuple[Callable[[Network, Domain], Restriction], tuple[Network, Domain]]:
        """What a worker is sent: tables are made where they are used, once for all parts."""
        return _received, (self.network, self.domain)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The inputs that vary, by number."""
        return tuple(k for k in range(self.domain.size) if k not in self.domain.fixed)

    @cached_property
    def zero(self) -> Form:
        """The one object that is the value of an inactive unit: sums see that nothing changed."""
        return [0] * (len(self.free) + 1)

    @property
    def float_box(self) -> tuple[Floats, Floats]:
        """The ends of the free inputs, rounded outward."""
        low, high = self.domain.float_box
        return low[list(self.free)], high[list(self.free)]

    def ends(self, place: int) -> tuple[Fraction, Fraction]:
        """The range of the free input at this place."""
        low, high = (end[self.free[place]] for end in (self.domain.lower, self.domain.upper))
        assert low is not None
        assert high is not None
        return low, high

    def whole_point(self, values: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The point of all inputs whose free ones have these values."""
        point = [self.domain.fixed.get(k, Fraction(0)) for k in range(self.domain.size)]
        for k, value in zip(self.free, values, strict=True):
            point[k] = value
        return tuple(point)

    # ---- the domain -----------------------------------------------------------------------------

    def require_vertices(self) -> None:
        """Raises InputError for more free inputs than vertex lists are made for."""
        most = REGION_EFFORT.most_vertex_inputs
        if len(self.free) > most:
            raise InputError(
                f"exact vertex lists are made for at most {most} inputs, and "
                f"{len(self.free)} are free here; fix some (a range [v, v]), or look at a "
                "two-dimensional slice"
            )

    def polytope(self) -> Polytope:
        """The domain in its free inputs. Raises InputError if it is empty or flat."""
        self.require_vertices()
        ranges = [self.ends(place) for place in range(len(self.free))]
        lower, upper = (
            [(ends[side].numerator, ends[side].denominator) for ends in ranges] for side in (0, 1)
        )
        polytope = Polytope.box(lower, upper)
        for constraint in self.domain.constraints:
            polytope = _cut(polytope, self.constraint_form(constraint))
        return polytope

    def constraint_form(self, constraint: Constraint) -> Form:
        """bound − c·x over the free inputs, times a positive number."""
        rest = constraint.bound - sum(
            (constraint.coefficients[k] * v for k, v in self.domain.fixed.items()), Fraction(0)
        )
        row = [-constraint.coefficients[k] for k in self.free] + [rest]
        den = lcm(*(v.denominator for v in row))
        return [int(v * den) for v in row]

    # ---- the network ----------------------------------------------------------------------------

    def input_forms(self) -> dict[str, Forms]:
        """The inputs over the free inputs, by the input's name."""
        n = len(self.free)
        forms: list[Form] = []
        den = lcm(*(v.denominator for v in self.domain.fixed.values()))
        for k in range(self.domain.size):
            row = [0] * (n + 1)
            if k in self.domain.fixed:
                row[n] = int(self.domain.fixed[k] * den)
            else:
                row[self.free.index(k)] = den
            forms.append(row)
        return {self.network.input_name: (forms, den)}

    def layer_forms(self, values: LayerValues, layer: Layer) -> Forms:
        """The layer's pre-activations, where what it reads has these `values`."""
        columns = len(self.free) + 1
        bias, bias_den = self._biases[layer.name]
        parts = []
        for source, (table, table_den) in self._tables[layer.name].items():
            forms, den = values[source]
            parts.append((table.times(forms, columns), table_den * den))
        common = lcm(bias_den, *(den for _, den in parts))
        total = [[0] * (columns - 1) + [b * (common // bias_den)] for b in bias]
        for product, den in parts:
            factor = common // den
            for row, own in zip(total, product, strict=True):
                for c, v in enumerate(own):
                    row[c] += v * factor
        return total, common

    @cached_property
    def _tables(self) -> dict[str, dict[str, tuple[IntegerTable, int]]]:
        """Weights per layer and source, as integers."""
        return {
            v.name: {u: _table(w.integers(), w.shape) for u, w in v.weights.items()}
            for v in self.network.layers
        }

    @cached_property
    def _biases(self) -> dict[str, tuple[list[int], int]]:
        return {v.name: v.bias.integers() for v in self.network.layers}


@lru_cache(maxsize=1)
def _received(network: Network, domain: Domain) -> Restriction:
    """One object, with its tables, for all that a process is sent about one network."""
    return Restriction(network, domain)


def _cut(polytope: Polytope, form: Form) -> Polytope:
    """The part with form ≥ 0. Raises InputError if it has no interior."""
    if not any(form):  # it speaks of fixed inputs only, and holds with equality
        return polytope
    signs = polytope.signs([form], scaled([form]))[0].tolist()
    if max(signs) <= 0:
        problem = "is empty" if max(signs) < 0 else "is flat, it has no interior"
        raise InputError(
            f"the domain {problem}: check its linear constraints, and fix inputs by a range [v, v]"
        )
    if min(signs) >= 0:
        return polytope
    return polytope.split(form, signs).above


def _table(integers: tuple[list[int], int], shape: tuple[int, int]) -> tuple[IntegerTable, int]:
    values, den = integers
    rows = [values[k * shape[1] : (k + 1) * shape[1]] for k in range(shape[0])]
    return IntegerTable(rows, shape[1]), den
