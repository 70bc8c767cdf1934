"""Numbers as floats and texts: every direction of rounding, and numbers of any size."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectifold.exact.numerals import (
    about,
    at_least,
    at_most,
    bound_text,
    exact_text,
    nearest_float,
    readable,
)

HUGE = Fraction(7 * 10**5000 + 1, 3)
SPECIAL = [
    Fraction(0),
    Fraction(1, 3),
    Fraction(-1, 3),
    Fraction(999_999_999, 10**9),
    HUGE,
    -HUGE,
    1 / HUGE,
    -1 / HUGE,
]
NUMBERS = (
    st.fractions()
    | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)
    | st.sampled_from(SPECIAL)
)


@given(NUMBERS, st.integers(1, 17))
def test_printed_bounds_are_rounded_outward_by_less_than_one_digit(
    value: Fraction, digits: int
) -> None:
    above, below = Fraction(at_most(value, digits)), Fraction(at_least(value, digits))
    assert below <= value <= above
    assert above - below <= abs(value) * Fraction(10) ** (1 - digits) * 2
    assert below <= Fraction(about(value, digits)) <= above


@given(NUMBERS)
def test_the_exact_text_reads_back(value: Fraction) -> None:
    top, _, bottom = exact_text(value).partition("/")
    assert _integer(top) == value.numerator
    assert _integer(bottom or "1") == value.denominator


def _integer(text: str) -> int:
    """int() of any length, in pieces."""
    total = 0
    for k in range(len(text.lstrip("-")) % 1000 - 1000, len(text.lstrip("-")), 1000):
        piece = text.lstrip("-")[max(0, k) : k + 1000]
        total = total * 10 ** len(piece) + int(piece or "0")
    return -total if text.startswith("-") else total


@pytest.mark.parametrize(
    ("value", "most", "least"),
    [(math.inf, "inf", "inf"), (-math.inf, "-inf", "-inf"), (math.nan, "inf", "-inf")],
)
def test_what_is_no_number_is_no_bound(value: float, most: str, least: str) -> None:
    assert (at_most(value), at_least(value)) == (most, least)


def test_texts_are_short_where_that_loses_nothing() -> None:
    assert [at_most(v) for v in (0.5, 1e9, 1e20, Fraction(1, 10**9))] == [
        "0.5",
        "1000000000",
        "1e+20",
        "1e-9",
    ]
    assert readable(Fraction(3, 7)) == "3/7"
    assert readable(Fraction(10**40)) == "1e+40"
    assert readable(Fraction(10**40 + 1)) == "about 1e+40 (a number of 41 digits)"
    assert bound_text(Fraction(10**40 + 1)) == "1.00001e+40"
    assert [bound_text(Fraction(v)) for v in ("1/3", "1/100", "1/1000000000000")] == [
        "1/3",
        "1/100",
        "1e-12",
    ]
    assert readable(HUGE).startswith("about 2.33333e+5000 (a fraction of 5,002 digits)")


def test_a_fraction_beyond_the_floats_is_an_infinite_float() -> None:
    assert [nearest_float(v) for v in (HUGE, -HUGE, 1 / HUGE, Fraction(1, 3))] == [
        math.inf,
        -math.inf,
        0.0,
        1 / 3,
    ]
