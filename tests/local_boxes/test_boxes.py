"""Boxes around samples: the inner ends lie inside the exact box, the outer ones contain it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.local_boxes.boxes import boxes_around

TENTHS = Domain.cube(Fraction(1, 10), Fraction(9, 10), 2)
JUST_ABOVE = np.array([[0.5, 0.9]])  # the float is more than 9/10


@pytest.mark.parametrize("radius", [Fraction(1, 10**15), Fraction(1, 4), Fraction(5)])
def test_a_sample_may_be_outside_by_its_rounding(radius: Fraction) -> None:
    boxes = boxes_around(JUST_ABOVE, radius, TENTHS)
    exact = boxes.exact(0)
    for ends in boxes.inner:
        assert exact.contains([Fraction(v) for v in ends[0].tolist()])
    for least, low, high, most in zip(
        boxes.outer[0][0].tolist(),
        exact.lower,
        exact.upper,
        boxes.outer[1][0].tolist(),
        strict=True,
    ):
        assert low is not None
        assert high is not None
        assert Fraction(least) <= low <= high <= Fraction(most)


@pytest.mark.parametrize("radius", [Fraction(0), Fraction(1, 10**17)])
def test_a_radius_that_does_not_reach_the_domain_is_refused(radius: Fraction) -> None:
    with pytest.raises(InputError, match="sample 0 lies outside .* input 1 is 0.9 as a float, abo"):
        boxes_around(JUST_ABOVE, radius, TENTHS)
