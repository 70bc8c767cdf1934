"""Floats as integers over a power of two, and back, without rounding.

0.75, 3.0   is   3, 12 over 4
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpz

from rectifold.effort.proofs import BoundEffort

Floats: TypeAlias = npt.NDArray[np.float64]

UNDERFLOW = 2.0**-900  # far above all that a sum of products of floats loses below the range
_FLOAT_BITS = sys.float_info.mant_dig
_SMALLEST_EXPONENT = sys.float_info.min_exp - _FLOAT_BITS  # of the smallest positive float64


def dyadic_integers(values: Floats) -> tuple[list[int], int]:
    """Floats as (integers, power of two): value_k = integers_k / den exactly.

    The mantissas are stripped of trailing zeros first, so float32 numbers stay short integers.
    """
    fraction, exponent = np.frexp(values)
    mantissa = np.ldexp(fraction, _FLOAT_BITS).astype(np.int64)
    exponent = exponent.astype(np.int64) - _FLOAT_BITS
    present = mantissa != 0
    if not present.any():
        return [0] * len(values), 1
    lowest_bit = np.where(present, mantissa & -mantissa, 1)
    zeros = np.frexp(lowest_bit.astype(np.float64))[1].astype(np.int64) - 1
    mantissa >>= zeros
    exponent = np.where(present, exponent + zeros, 0)
    smallest = min(0, int(exponent[present].min()))
    shift = exponent - smallest
    width = int((shift + np.frexp(np.abs(mantissa).astype(np.float64))[1]).max())
    if width <= 62:
        integers = (mantissa << shift).tolist()
    else:
        integers = (mantissa.astype(object) << shift.astype(object)).tolist()
    return integers, 1 << -smallest


def floats_if_exact(integers: Iterable[int] | Iterable[fmpz], den: int) -> Floats | None:
    """integers / den as float64 if every quotient is one; den is a power of two."""
    shift = den.bit_length() - 1
    whole = list(map(int, integers))
    if shift <= -_SMALLEST_EXPONENT and max(map(abs, whole), default=0) <= 1 << _FLOAT_BITS:
        return np.ldexp(np.array(whole, dtype=np.float64), -shift)
    values: list[float] = []
    for value in whole:
        size = value.bit_length()
        if size > _FLOAT_BITS and size - ((value & -value).bit_length() - 1) > _FLOAT_BITS:
            return None
        if size - shift > 1024 or (
            value and (value & -value).bit_length() - 1 - shift < _SMALLEST_EXPONENT
        ):
            return None
        values.append(value / den)
    return np.array(values)


def exact_float_sum(a: Floats, b: Floats) -> Floats | None:
    """a + b if no entry rounds (Knuth's two-sum), else None. Two arrays of one shape.

    In blocks of rows: the terms of the sum of large arrays take five times their memory.
    """
    total = np.empty(a.shape)
    for start in range(0, len(a), BoundEffort.block_rows):
        rows = slice(start, start + BoundEffort.block_rows)
        if not _exact_sum_into(total[rows], a[rows], b[rows]):
            return None
    return total


def _exact_sum_into(total: Floats, a: Floats, b: Floats) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        np.add(a, b, out=total)
        virtual = total - a
        error = (a - (total - virtual)) + (b - virtual)
    return bool(np.isfinite(total).all()) and not bool(error.any())


def quotient(numerator: int, den: int) -> tuple[float, float]:
    """(mid, radius) of numerator / den; (0, inf) beyond the float range."""
    try:
        near = numerator / den
    except OverflowError:
        return 0.0, math.inf
    a, b = near.as_integer_ratio()
    return near, 0.0 if a * den == b * numerator else math.ulp(near)


def is_power_of_two(value: Fraction) -> bool:
    """±2^k for an exponent that a float can hold with room to spare."""
    top, bottom = abs(value.numerator), value.denominator
    return (
        top != 0
        and top & (top - 1) == 0
        and bottom & (bottom - 1) == 0
        and max(top, bottom) < 1 << 500
    )
