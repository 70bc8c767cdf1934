"""The linear constraints of a domain as C: decided exactly, for doubles of any magnitude.

    c . x > d + 2^-53 Σ |c_j x_j|      refused, as the other emitters do it with fractions

A row is multiplied by its denominators, so that it holds integers. A double is m 2^e with an
integer m of 53 bits; in units of 2^-1127 every product with an integer is one too. The terms of
either sign are summed in two long integers of 32-bit digits, which are compared at the end. Nothing
rounds and nothing overflows, so no point is accepted or refused by the order of a sum.

The 2^-53 is for points that are typed: 0.1 + 0.2 <= 3/10 is violated by these floats, and holds for
the numbers meant.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rectifold.emitters.templates import template
from rectifold.ir.domain import Constraint, Domain

_BASE = 1127  # frexp's exponent is at least -1073, and 53 bits lie below it
_ROUNDING = sys.float_info.mant_dig
_WORD = 0xFFFFFFFF


def constraint_check(domain: Domain | None) -> str:
    """The function `violated`, with its tables; empty where there are no constraints."""
    if domain is None or not domain.constraints:
        return ""
    digits: list[int] = []
    terms: list[str] = []
    starts = [0]
    for row in domain.constraints:
        for place, value in _terms(row):
            words = _words(abs(value))
            terms.append(f"{{{place}, {1 if value > 0 else -1}, {len(digits)}, {len(words)}}}")
            digits += words
        starts.append(len(terms))
    return template("c_constraints").format(
        digits=_eight_a_line([f"0x{v:x}u" for v in digits]),
        terms=_eight_a_line(terms),
        starts=_eight_a_line(list(map(str, starts))),
        size=_digits_of_sums(domain.constraints),
        rows=len(starts) - 1,
        base=_BASE - _ROUNDING,
    )


def _terms(row: Constraint) -> list[tuple[int, int]]:
    """(input, integer) of every term, and (-1, the bound), over the common denominator."""
    den = lcm(row.bound.denominator, *(c.denominator for c in row.coefficients))
    scaled = [(j, _integer(c, den)) for j, c in enumerate(row.coefficients) if c]
    return [*scaled, (-1, _integer(row.bound, den))]


def _integer(value: Fraction, den: int) -> int:
    return value.numerator * (den // value.denominator)


def _words(value: int) -> list[int]:
    """Lowest first; at least one."""
    words = [value & _WORD]
    while value := value >> 32:
        words.append(value & _WORD)
    return words


def _digits_of_sums(rows: Sequence[Constraint]) -> int:
    """Digits that hold every sum.

    A term is below |c| 2^(1024 + base + 53), and there are two per input.
    """
    longest = max(abs(value).bit_length() for row in rows for _, value in _terms(row))
    bits = (
        longest
        + 1024
        + _BASE
        + _ROUNDING
        + (2 * max(len(row.coefficients) for row in rows) + 2).bit_length()
    )
    return bits // 32 + 4  # and the digits that a product of whole digits touches above its own


def _eight_a_line(words: list[str]) -> str:
    return ",\n    ".join(", ".join(words[k : k + 8]) for k in range(0, len(words), 8))
