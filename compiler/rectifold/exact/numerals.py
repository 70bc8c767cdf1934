"""Exact numbers as floats and as texts for people: the one door for each direction of rounding.

    at_most(1/3)   "0.333334"      after "at most", "<=" and "certified": never below the number
    at_least(1/3)  "0.333333"      after "at least" and "attained": never above it
    about(1/3)     "0.333333"      where nothing is claimed

Sound because the division of numerator by denominator is rounded once, in the direction that is
asked for. Nothing here raises: numbers beyond the float range become infinite, texts may have any
length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import numpy as np

from rectifold.runtime.caps import CAPS

_PLAIN = range(-5, 15)  # decimal exponents of numbers that are written without one

RealNumber = Fraction | int | float


def nearest_float(value: Fraction | int) -> float:
    """The float64 nearest to `value`; infinite beyond the range.

    >>> nearest_float(Fraction(1, 3)), nearest_float(-(10**400))
    (0.3333333333333333, -inf)
    """
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def at_most(value: RealNumber, digits: int = 6) -> str:
    """A decimal number of at most `digits` digits that is not below `value`; "inf" for what is no
    number.

    >>> at_most(Fraction(1, 3), 3), at_most(Fraction(-1, 3), 3), at_most(0.5)
    ('0.334', '-0.333', '0.5')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "-inf" if value == -math.inf else "inf"
    return _rounded_text(Fraction(value), digits, ROUND_CEILING)


def at_least(value: RealNumber, digits: int = 6) -> str:
    """A decimal number of at most `digits` digits that is not above `value`; "-inf" for what is no
    number.
    """
    opposite = at_most(-value, digits)
    return opposite[1:] if opposite.startswith("-") else "0" if opposite == "0" else f"-{opposite}"


def about(value: RealNumber, digits: int = 6) -> str:
    """The nearest decimal number of `digits` digits; "inf", "-inf" and "nan" for what is no
    number.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _rounded_text(Fraction(value), digits, ROUND_HALF_EVEN)


def exact_text(value: Fraction | int) -> str:
    """ "p" or "p/q", of any length (str refuses integers of more than 4,300 digits).

    >>> exact_text(Fraction(-1, 3))
    '-1/3'
    """
    top = _integer_text(value.numerator)
    return top if value.denominator == 1 else f"{top}/{_integer_text(value.denominator)}"


def exact_texts(values: Iterable[Fraction]) -> list[str]:
    """Each as `exact_text` writes it.

    >>> exact_texts([Fraction(1), Fraction(-1, 3)])
    ['1', '-1/3']
    """
    return [exact_text(value) for value in values]


def readable(value: Fraction) -> str:
    """The exact text where it is short, else the value with a word on how long it is.

    >>> readable(Fraction(1, 3)), readable(Fraction(1, 3**60))
    ('1/3', 'about 2.35898e-29 (a fraction of 30 digits)')
    """
    text, decimal = exact_text(value), about(value)
    if len(text) > CAPS.short_fraction and Fraction(decimal) == value:
        return decimal
    if len(text) <= CAPS.fraction_characters:
        return text
    digits = sum(c.isdigit() for c in text)
    return (
        f"about {about(value)} (a {'fraction' if '/' in text else 'number'} of {digits:,} digits)"
    )


def bound_text(value: Fraction) -> str:
    """An upper bound: exactly where that is short, else rounded up.

    >>> bound_text(Fraction(1, 3)), bound_text(Fraction(1, 3**60))
    ('1/3', '2.35899e-29')
    """
    text, decimal = exact_text(value), at_most(value)
    if len(text) > CAPS.short_fraction and Fraction(decimal) == value:
        return decimal
    return text if len(text) <= CAPS.fraction_characters else decimal


def counted(count: int, noun: str, plural: str = "") -> str:
    """The number with its noun.

    >>> counted(1, "output"), counted(2500, "output"), counted(0, "box", "boxes")
    ('1 output', '2,500 outputs', '0 boxes')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _rounded_text(value: Fraction, digits: int, rounding: str) -> str:
    context = Context(prec=digits, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    if not quotient:
        return "0"
    shortest = context.normalize(quotient)
    return f"{shortest:f}" if shortest.adjusted() in _PLAIN else f"{shortest:e}"


def _integer_text(value: int) -> str:
    return f"{Decimal(value):f}"


def round_up(value: Fraction) -> float:
    """The smallest float64 ≥ value (inf beyond the range).

    >>> round_up(Fraction(1, 2))
    0.5
    """
    return 0.0 - round_down(-value)


def round_down(value: Fraction) -> float:
    """The largest float64 ≤ value (-inf beyond the range)."""
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return float(np.finfo(np.float64).max) if value > 0 else -math.inf
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)
