"""Sums in floats, with bounds of what rounding may do to them: the one place that thinks of ulps.

    settled_up(value, error)     is at least every number within `error` of `value`

IEEE 754 doubles, rounded to nearest: one operation is off by at most UNIT times its result, and a
product that underflows by at most 2^-1022 besides, also where a library takes subnormal numbers
for 0. A sum of n products, in any order, fused or not, is off by at most gamma(n) times the sum of
the products' sizes, and n 2^-1022. Error terms are float sums themselves, computed to within a
factor of 2; so they are doubled. Derivation: docs/mathematics.md#sums-in-floats.
"""

from __future__ import annotations

import numpy as np

from rectifold.effort.proofs import BoundEffort
from rectifold.exact.conversion import Floats

UNIT = 2.0**-53  # unit roundoff of doubles
TINY = 2.0**-1021  # twice the largest error of one underflowing product


def gamma(terms: int) -> float:
    """n UNIT / (1 - n UNIT), rounded up, for a sum of n = `terms` products.

    Precondition: n is below 2^50, as for any array that fits in memory.
    """
    return float(np.nextafter(terms * UNIT / (1.0 - terms * UNIT), 1.0)) * (1.0 + 4 * UNIT)


def settled_up(value: Floats, error: Floats) -> Floats:
    """An upper bound of every number within `error` of `value`, the error computed in floats.

    What is no number gives infinity.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        bound = np.nextafter(value + 2.0 * error, np.inf)
    return np.where(np.isnan(bound), np.inf, bound)


def settled_down(value: Floats, error: Floats) -> Floats:
    """A lower bound of every number within `error` of `value`; -infinity for what is no number."""
    return -settled_up(-value, error)


def upper_sum(weight: Floats, low: Floats, high: Floats) -> Floats:
    """Per row i, the greatest sum of w_ij x_j over low <= x <= high, in floats.

    Infinite where an infinite end meets a weight that is not 0.
    """
    positive = np.maximum(weight, 0.0)
    return _greatest(positive, weight - positive, low, high)


def end_sums(weight: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Per row, the least sum and the greatest, as of `upper_sum`.

    In blocks of rows: beside a large matrix there is no room for its positive part.
    """
    step = BoundEffort.block_rows
    least, greatest = np.empty(len(weight)), np.empty(len(weight))
    for start in range(0, len(weight), step):
        rows = slice(start, start + step)
        positive = np.maximum(weight[rows], 0.0)
        negative = weight[rows] - positive
        greatest[rows] = _greatest(positive, negative, low, high)
        least[rows] = -_greatest(-negative, -positive, low, high)
    return least, greatest


def size_sum(weight: Floats, size: Floats) -> Floats:
    """Per row, the sum of |w_ij| size_j, in floats and in blocks of rows."""
    step = BoundEffort.block_rows
    total = np.empty(len(weight))
    for start in range(0, len(weight), step):
        rows = slice(start, start + step)
        total[rows] = np.abs(weight[rows]) @ size
    return total


def _greatest(positive: Floats, negative: Floats, low: Floats, high: Floats) -> Floats:
    finite_low, finite_high = (
        np.where(np.isfinite(low), low, 0.0),
        np.where(np.isfinite(high), high, 0.0),
    )
    total = positive @ finite_high + negative @ finite_low
    no_low, no_high = ~np.isfinite(low), ~np.isfinite(high)
    if no_low.any() or no_high.any():
        endless = (positive[:, no_high] > 0).any(axis=1) | (negative[:, no_low] < 0).any(axis=1)
        total = np.where(endless, np.inf, total)
    return np.asarray(total)
