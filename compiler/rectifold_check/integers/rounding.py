"""Rationals as integers in units of 2^-bits, rounded the way that keeps a bound true.

rounded_down(1/3, 4) = 5,   rounded_up(1/3, 4) = 6        because 5/16 < 1/3 < 6/16
"""

from fractions import Fraction


def rounded_down(value: Fraction, bits: int) -> int:
    """The largest k with k / 2^bits <= value."""
    return (value.numerator << bits) // value.denominator


def rounded_up(value: Fraction, bits: int) -> int:
    """The smallest k with k / 2^bits >= value."""
    return -((-value.numerator << bits) // value.denominator)
