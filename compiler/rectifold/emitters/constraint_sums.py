"""The linear constraints of a domain in whole numbers, as code without long integers sums them.

    c . x > d + ε Σ |c_j x_j|      refused; ε the unit roundoff, as x may be typed and rounded

A row is multiplied by its denominators, so that it holds integers. A float64 is m 2^e with an
integer m of 53 bits; in units of 2^-1127 every product with an integer is one too. The terms of
either sign are summed in two long integers of 32-bit digits, which are compared at the end. Nothing
rounds and nothing overflows, so no point is accepted or refused by the order of a sum.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rectifold.ir.domain import Constraint

ROUNDING = sys.float_info.mant_dig
BASE = 1127 - ROUNDING  # frexp's exponent is at least -1073, and 53 bits lie below it
_WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Term:
    """An input (-1: the bound) with the sign and the digits of its integer, lowest first."""

    place: int
    sign: int
    words: list[int]


def constraint_terms(row: Constraint) -> list[Term]:
    """Of every input with a coefficient, and of the bound, over the common denominator."""
    return [Term(place, 1 if v > 0 else -1, _words(abs(v))) for place, v in _terms(row)]


def digits_of_sums(rows: Sequence[Constraint]) -> int:
    """Digits that hold every sum.

    A term is below |c| 2^(1024 + base + 53), and there are two per input.
    """
    longest = max(abs(value).bit_length() for row in rows for _, value in _terms(row))
    inputs = max(len(row.coefficients) for row in rows)
    bits = longest + 1024 + BASE + 2 * ROUNDING + (2 * inputs + 2).bit_length()
    return bits // 32 + 4  # and the digits that a product of whole digits touches above its own


def _terms(row: Constraint) -> list[tuple[int, int]]:
    coefficients, bound = row.integers()
    return [*((j, c) for j, c in enumerate(coefficients) if c), (-1, bound)]


def _words(value: int) -> list[int]:
    """Lowest first; at least one."""
    words = [value & _WORD]
    while value := value >> 32:
        words.append(value & _WORD)
    return words
