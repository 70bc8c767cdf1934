"""A number with f32 is the float32 number nearest to what is written, and no other."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectifold.exact.literals import NumberError, nearest_float32, parse_number
from rectifold.language.elaborate import parse

TINY = Fraction(1, 10**60)
ODD_OR_EVEN = st.integers(0, 0x7F7FFFFE)  # the bits of a float32 that is not the largest


def of_bits(bits: int) -> Fraction:
    return Fraction(float(np.array([bits], dtype=np.uint32).view(np.float32)[0]))


def decimal(value: Fraction) -> str:
    """Of a fraction with no other primes than 2 and 5 in its denominator."""
    places = 400
    digits = value * 10**places
    assert digits.denominator == 1
    text = str(digits.numerator).rjust(places + 1, "0")
    return f"{text[:-places]}.{text[-places:]}"


@given(ODD_OR_EVEN)
def test_beside_the_middle_of_two_the_nearer_one_is_read(bits: int) -> None:
    low, high = of_bits(bits), of_bits(bits + 1)
    middle, even = (low + high) / 2, low if bits % 2 == 0 else high
    assert parse_number(decimal(middle) + "f32") == even
    assert parse_number(decimal(middle - TINY) + "f32") == low
    assert parse_number(decimal(middle + TINY) + "f32") == high
    assert parse_number(decimal(low) + "f32") == low


def test_the_end_of_the_range_is_exact() -> None:
    beyond = Fraction(2) ** 128 - Fraction(2) ** 103
    largest = Fraction(float(np.finfo(np.float32).max))
    assert parse_number(decimal(beyond - TINY) + "f32") == largest
    for text in (decimal(beyond), decimal(beyond + TINY), "1e39", "1e400"):
        with pytest.raises(NumberError, match="beyond the range of f32"):
            parse_number(text + "f32")
    assert nearest_float32("-" + decimal(beyond - TINY)) == -largest
    assert nearest_float32("-1e39") == -float("inf")


def test_rows_are_read_so_too() -> None:
    beside = decimal(1 + Fraction(1, 2**24) + TINY)
    network = parse(f"input x[2] in [0, 1]\noutput [[-{beside}f32, 1]] @ x\n", "n.relu")
    (weight,) = network.layers[-1].weights.values()
    assert weight.entry(0, 0) == -1 - Fraction(1, 2**23)
