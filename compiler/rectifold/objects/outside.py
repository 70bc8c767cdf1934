"""Which of many points of floats lie outside a domain: exactly.

A float is outside a range where it is below the least float that is not below the lower end. A
constraint is decided in floats where they leave no doubt, and else in rationals.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float, round_down, round_up
from rectifold.ir.domain import Constraint, Domain


def outside(rows: Floats, domain: Domain) -> npt.NDArray[np.bool_]:
    """Per row of k×n: is it no point of the domain? What is no number is none."""
    low = np.array([-np.inf if v is None else round_up(v) for v in domain.lower])
    high = np.array([np.inf if v is None else round_down(v) for v in domain.upper])
    found = ~((rows >= low) & (rows <= high)).all(axis=1)
    for constraint in domain.constraints:
        found |= _breaks(rows, constraint)
    return np.asarray(found)


def _breaks(rows: Floats, constraint: Constraint) -> npt.NDArray[np.bool_]:
    coefficients = np.array([nearest_float(c) for c in constraint.coefficients])
    bound = nearest_float(constraint.bound)
    least, eps = np.finfo(np.float64).tiny, np.finfo(np.float64).eps
    with np.errstate(invalid="ignore", over="ignore"):
        excess = rows @ coefficients - bound
        size = np.abs(rows) @ np.abs(coefficients) + abs(bound)
        slack = 4 * (rows.shape[1] + 2) * (eps * size + least)
    found = excess > slack
    for k in np.nonzero(~(np.abs(excess) > slack) & np.isfinite(rows).all(axis=1))[0].tolist():
        found[k] = not constraint.holds_at([Fraction(v) for v in rows[k].tolist()])
    return np.asarray(found)
