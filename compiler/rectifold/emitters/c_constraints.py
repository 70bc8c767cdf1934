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

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rectifold.ir.domain import Constraint, Domain

_BASE = 1127  # frexp's exponent is at least -1073, and 53 bits lie below it
_ROUNDING = 53
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
    return _CONSTRAINT_TABLES.format(
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


_CONSTRAINT_TABLES = """/* The linear constraints, exactly: integers of 32-bit digits, lowest first. */
static const uint32_t DIGIT[] = {{
    {digits}
}};
/* input (-1: the bound), sign, its first digit, its number of digits */
static const int TERM[][4] = {{
    {terms}
}};
static const int ROW[] = {{
    {starts}
}};
enum {{ SUM_DIGITS = {size} }};

/* sum += c |v| 2^(1127 + shift) */
static void add(uint32_t *sum, const uint32_t *c, int size, double v, int shift)
{{
    int exponent, i, k;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(v), &exponent), 53);
    uint64_t low, high;
    uint32_t m[3];
    shift += exponent + {base};
    low = (mantissa & 0xFFFFFFFFu) << (shift % 32);
    high = ((mantissa >> 32) << (shift % 32)) + (low >> 32);
    m[0] = (uint32_t)low;
    m[1] = (uint32_t)high;
    m[2] = (uint32_t)(high >> 32);
    for (k = 0; k < 3; k++) {{
        uint32_t *at = sum + shift / 32 + k;
        uint64_t carry = 0;
        for (i = 0; i < size || carry; i++) {{
            carry += at[i] + (i < size ? (uint64_t)c[i] * m[k] : 0);
            at[i] = (uint32_t)carry;
            carry >>= 32;
        }}
    }}
}}

/* Whether c.x > d + 2^-53 sum |c_j x_j| for a row c, d: x may be rounded. */
static int violated(const double *x)
{{
    int r, t, k;
    for (r = 0; r < {rows}; r++) {{
        uint32_t above[SUM_DIGITS] = {{0}}, below[SUM_DIGITS] = {{0}};
        for (t = ROW[r]; t < ROW[r + 1]; t++) {{
            const uint32_t *c = DIGIT + TERM[t][2];
            int is_bound = TERM[t][0] < 0;
            double v = is_bound ? -1.0 : x[TERM[t][0]];
            if (v == 0.0) continue;
            add((v > 0.0) == (TERM[t][1] > 0) ? above : below, c, TERM[t][3], v, 53);
            if (!is_bound) add(below, c, TERM[t][3], v, 0);
        }}
        for (k = SUM_DIGITS - 1; k > 0 && above[k] == below[k]; k--) {{
        }}
        if (above[k] > below[k]) return 1;
    }}
    return 0;
}}

"""
