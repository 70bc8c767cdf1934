"""The one place that thinks about ulps.

Model (IEEE 754 double, round to nearest, u = 2^-53): fl(a ∘ b) = (a ∘ b)(1 + δ) + η with |δ| ≤ u and η ≠ 0 only for
products that underflow, |η| ≤ 2^-1022 (that holds even where a library flushes denormals to zero). For a sum of n
products in any order, with or without fused multiply-add (Higham, Accuracy and Stability, §3.1):

    |fl(Σ a_k b_k) − Σ a_k b_k| ≤ γ_n Σ |a_k| |b_k| + n·2^-1022,     γ_n = n u / (1 − n u).

Error terms are themselves sums of nonnegative floats, computed with a relative error below γ_N for the N operations
involved. `settled` doubles them, which covers every N up to 2^51, and adds the last rounding outward.
"""

from __future__ import annotations

import numpy as np

from rectifold.exact.conversion import Floats

UNIT = 2.0**-53
TINY = 2.0**-1021  # twice the largest error of one underflowing product


def gamma(terms: int) -> float:
    """γ_n, rounded up. `terms` is far below 2^50 for any array that fits in memory."""
    return float(np.nextafter(terms * UNIT / (1.0 - terms * UNIT), 1.0)) * (1.0 + 4 * UNIT)


def settled_up(value: Floats, error: Floats) -> Floats:
    """A rigorous upper bound of anything within `error` (computed in floats) of `value`; NaN becomes +inf."""
    with np.errstate(invalid="ignore", over="ignore"):
        bound = np.nextafter(value + 2.0 * error, np.inf)
    return np.where(np.isnan(bound), np.inf, bound)


def settled_down(value: Floats, error: Floats) -> Floats:
    """A rigorous lower bound of anything within `error` of `value`; NaN becomes -inf."""
    return -settled_up(-value, error)


def upper_sum(weight: Floats, low: Floats, high: Floats) -> Floats:
    """Σ_j max(w_ij low_j, w_ij high_j) in floats; +inf where an infinite end meets a nonzero weight."""
    finite_low, finite_high = (
        np.where(np.isfinite(low), low, 0.0),
        np.where(np.isfinite(high), high, 0.0),
    )
    positive = np.maximum(weight, 0.0)
    negative = weight - positive
    total = positive @ finite_high + negative @ finite_low
    no_low, no_high = ~np.isfinite(low), ~np.isfinite(high)
    if no_low.any() or no_high.any():
        endless = (positive[:, no_high] > 0).any(axis=1) | (negative[:, no_low] < 0).any(axis=1)
        total = np.where(endless, np.inf, total)
    return np.asarray(total)
