"""Ways to carry a linear part M a with few units: M = F Q, and c = relu(Q a + t).

    right: F = I, Q = M;   left: Q = I;   minimal: Q = RREF(M), F = pivot columns of M

Sound because t ≥ −min Q a over proven ends of a, by exact intervals, so each unit is the identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.effort.running import CompileEffort
from rectifold.exact.matrix import Matrix, positive_part, vstack
from rectifold.exact.numerals import round_up
from rectifold.facts.facts import Facts
from rectifold.ir.network import Network
from rectifold.passes.layer_matrices import LayerMatrices

# an upper end of 0 would let a carrier be dropped, for which nobody has evidence
_NO_CARRIER_IS_ZERO = 2.0**-1000


@dataclass(frozen=True, eq=False)
class CarrierUnits:
    """M = outer @ inner, with the shifts t that keep inner · a + t ≥ 0, and the largest values."""

    kind: str
    outer: Matrix
    inner: Matrix
    shifts: list[Fraction]
    upper: list[float]


def factorisations(linear: Matrix, limit: int) -> Iterator[tuple[str, Matrix, Matrix]]:
    """Factorisations M = F Q with at most `limit` rows of Q (fewer units than there are now)."""
    rows = np.nonzero(linear.nonzero.any(axis=1))[0]
    columns = np.nonzero(linear.nonzero.any(axis=0))[0]
    if len(rows) <= limit:
        yield "right", Matrix.selection(rows, linear.shape[0]).T, linear.select_rows(rows)
    if len(columns) <= limit:
        yield "left", linear.select_columns(columns), Matrix.selection(columns, linear.shape[1])
    few = linear.modular_rank < min(len(rows), len(columns)) and linear.modular_rank <= limit
    if few and linear.bits_of_rref <= CompileEffort.most_factor_bits:
        inner, pivots = linear.rref()  # exact; the modular rank only says whether it is worth it
        yield "minimal", linear.select_columns(pivots), inner


def predecessor_ends(
    network: Network, facts: Facts, around: LayerMatrices
) -> tuple[Matrix, Matrix] | None:
    """Exact proven ends of the stacked predecessors, or None if one is unknown or infinite."""
    lows: list[Matrix] = []
    highs: list[Matrix] = []
    for name in around.predecessors:
        if name == network.input_name:
            domain = facts.domain
            if not domain.is_bounded:
                return None
            lows.append(Matrix.column([v for v in domain.lower if v is not None]))
            highs.append(Matrix.column([v for v in domain.upper if v is not None]))
            continue
        known = facts.layers.get(name)
        if known is None or not np.isfinite(known.upper).all():
            return None
        lows.append(
            Matrix.from_floats(
                np.maximum(np.where(np.isfinite(known.lower), known.lower, 0.0), 0.0).reshape(-1, 1)
            )
        )
        highs.append(Matrix.from_floats(np.maximum(known.upper, 0.0).reshape(-1, 1)))
    return (vstack(lows), vstack(highs)) if lows else (Matrix.zeros(0, 1), Matrix.zeros(0, 1))


def shifted_carriers(
    kind: str, outer: Matrix, inner: Matrix, ends: tuple[Matrix, Matrix]
) -> CarrierUnits | None:
    low, high = ends
    positive = positive_part(inner)
    negative = inner - positive
    least = (positive @ low + negative @ high).column_values()
    most = (positive @ high + negative @ low).column_values()
    shifts = [_short_above(-value) if value < 0 else Fraction(0) for value in least]
    upper = [
        max(round_up(value + t), _NO_CARRIER_IS_ZERO) for value, t in zip(most, shifts, strict=True)
    ]
    if not all(np.isfinite(upper)):
        return None
    return CarrierUnits(kind, outer, inner, shifts, upper)


def _short_above(value: Fraction) -> Fraction:
    """A number ≥ value with few significant bits."""
    bits = value.numerator.bit_length() - value.denominator.bit_length()
    step = Fraction(2) ** (bits - CompileEffort.shift_bits)
    return -(-value // step) * step
