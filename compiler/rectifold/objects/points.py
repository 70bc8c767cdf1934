"""Exact points from what people write: fractions, integers, floats, arrays of any shape.

    [Fraction(1, 3), 2]   →   [1/3, 2]            array([[0.5], [1]])   →   [1/2, 1]

Sound because a float is the number that its bits say.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.errors import InputError


def exact_point(given: object) -> list[Fraction]:
    """The numbers of `given`, one after the other, in the order of an array's memory (C).

    Raises InputError for an entry that is no finite number.
    """
    entries = np.asarray(given, dtype=object).reshape(-1).tolist()
    return [_exact(value, k) for k, value in enumerate(entries)]


def _exact(value: object, place: int) -> Fraction:
    if isinstance(value, Fraction):
        return value
    try:
        if isinstance(value, int | float | np.integer | np.floating):
            return Fraction(value.item() if isinstance(value, np.generic) else value)
    except (OverflowError, ValueError):
        raise InputError(f"entry {place} of the point is {value}; give finite numbers") from None
    raise InputError(f"entry {place} of the point is {value!r}; give fractions, integers or floats")
