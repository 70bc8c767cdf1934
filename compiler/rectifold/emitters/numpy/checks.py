"""The checks of an emitted NumPy module, in few calls: the domain, and its linear constraints.

    if not (-1.0 <= v0 <= 1.0 and ...)                                  one point, few inputs
    if 0 in (x >= LOWER).tobytes() or 0 in (x <= UPPER).tobytes()       else

An end is never infinite but the largest number instead, so infinity and NaN fail the comparisons.
What fails is looked at again by check_input, which says what is wrong. Constraints are first
compared in floats, with all that rounding may add; only what is closer to a bound is computed
exactly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.templates import template
from rectifold.emitters.weights import constraint_words
from rectifold.exact.numerals import nearest_float, round_down
from rectifold.formats.float_range import significand_bits
from rectifold.ir.domain import Constraint
from rectifold.ir.network import Network

_OUTSIDE = "0 in (x >= LOWER).tobytes() or 0 in (x <= UPPER).tobytes()"


def check_lines(network: Network, low: list[float], high: list[float]) -> str:
    """Lines of `evaluate` between finite ends of ranges; wrong shapes are refused anyway."""
    n = network.input_size
    is_wrong = f"x.shape != ({n},) and (x.ndim != 2 or x.shape[1] != {n})"
    if network.domain is not None and network.domain.constraints:
        return f"    if check or {is_wrong}:\n        check_input(x)"
    if not 0 < n <= NumpyEffort.listed_inputs:
        return f"    if {is_wrong} or check and ({_OUTSIDE}):\n        check_input(x)"
    values = "".join(f"v{k}, " for k in range(n))
    ranges = "".join(
        f"\n                {'and ' if k else ''}{ends[0]!r} <= v{k} <= {ends[1]!r}"
        for k, ends in enumerate(zip(low, high, strict=True))
    )
    return (
        f"    if x.shape == ({n},):\n        if check:\n            {values}= x.tolist()\n"
        f"            if not ({ranges}\n            ):\n                check_input(x)\n"
        f"    elif x.ndim != 2 or x.shape[1] != {n} or check and ({_OUTSIDE}):\n"
        "        check_input(x)"
    )


def constraint_data(network: Network, low: list[float], high: list[float]) -> str:
    """The constraints, and floats with which most points are seen to satisfy them."""
    domain = network.domain
    if domain is None or not domain.constraints:
        return ""
    rows = [[nearest_float(c) for c in row.coefficients] for row in domain.constraints]
    safe = [
        _safe_bound(one, row, low, high) for one, row in zip(domain.constraints, rows, strict=True)
    ]
    return template("numpy_constraint_data").format(
        constraints=json.dumps(constraint_words(domain)),
        rows=f"[{', '.join(_literal(row) for row in rows)}]",
        bounds=_literal(safe),
    )


def constraint_check(network: Network, precision: str) -> str:
    """The lines of `check_input` about linear constraints."""
    if network.domain is None or not network.domain.constraints:
        return ""
    return template("numpy_constraints").format(rounding=2 ** significand_bits(precision))


def _literal(values: Sequence[float]) -> str:
    return f"[{', '.join(repr(v) if np.isfinite(v) else f'float({str(v)!r})' for v in values)}]"


def _safe_bound(
    row: Constraint, floats: Sequence[float], low: list[float], high: list[float]
) -> float:
    """What a product in floats may be so that the exact one is at most the bound.

    |fl(c x) - c x| <= sum |c' - c| |x| + 2 n u sum |c'| |x| and what underflows; -inf where an
    input is unbounded or a coefficient is no float.
    """
    sizes = [max(abs(a), abs(b)) for a, b in zip(low, high, strict=True)]
    if not (np.isfinite(floats).all() and np.isfinite(sizes).all()):
        return -np.inf
    lost = Fraction(len(sizes), 2**1000)
    for exact, near, size in zip(row.coefficients, floats, sizes, strict=True):
        part = abs(Fraction(near) - exact) + abs(Fraction(near)) * Fraction(len(sizes) + 2, 2**52)
        lost += part * Fraction(size) + abs(Fraction(near)) / 2**1000
    return round_down(row.bound - lost)
