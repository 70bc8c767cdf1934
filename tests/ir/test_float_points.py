"""Points for other programs: floats of the asked kind, inside the domain, that still show what they
are to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.float_points import FloatType, float_point, input_without_floats

THIRD = Fraction(1, 3)
KINDS: list[FloatType] = [np.float32, np.float64]


def anywhere(_: Sequence[Fraction]) -> bool:
    return True


def row(*coefficients: int, bound: Fraction | int) -> Constraint:
    return Constraint(tuple(Fraction(c) for c in coefficients), Fraction(bound))


def equation(*coefficients: int, value: Fraction | int) -> tuple[Constraint, Constraint]:
    return row(*coefficients, bound=value), row(*(-c for c in coefficients), bound=-value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("domain", "point"),
    [
        (Domain((THIRD,), (Fraction(1),)), [THIRD]),  # the nearest float64 of 1/3 is below it
        (Domain((-Fraction(1),), (Fraction(1, 10),)), [Fraction(1, 10)]),  # that of 1/10 above it
        (Domain((None,), (None,)), [Fraction(10**400)]),  # the largest number stands in
        (Domain.cube(0, 1, 2), [THIRD, 2 * THIRD]),
        (
            Domain((Fraction(0),) * 2, (Fraction(1),) * 2, (row(3, 3, bound=1),)),
            [THIRD, Fraction(0)],
        ),
        (
            Domain((Fraction(0),) * 9, (Fraction(1),) * 9, (row(*[7] * 9, bound=1),)),
            [Fraction(1, 63)] * 9,
        ),
        (
            Domain((Fraction(0),) * 2, (Fraction(1),) * 2, equation(1, 1, value=1)),
            [THIRD, 2 * THIRD],
        ),
        (
            Domain((Fraction(1),), (Fraction(1) + Fraction(1, 2**60),)),
            [Fraction(1) + Fraction(1, 2**61)],
        ),
    ],
)
def test_a_point_lies_inside_in_the_floats_it_is_given_in(
    kind: FloatType, domain: Domain, point: list[Fraction]
) -> None:
    found = float_point(domain, point, kind, anywhere)
    assert found is not None
    assert found.dtype == kind
    assert domain.contains([Fraction(float(v)) for v in found])


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_without_a_float_is_named(kind: FloatType) -> None:
    thin = Domain((Fraction(0), 2 * THIRD), (Fraction(1), 2 * THIRD))
    assert float_point(thin, [Fraction(0), 2 * THIRD], kind, anywhere) is None
    assert input_without_floats(thin, kind) == 1
    assert input_without_floats(Domain.cube(0, 1, 2), kind) is None
    assert input_without_floats(Domain((Fraction(10) ** 400,), (None,)), kind) == 0


def test_a_float64_is_no_float32() -> None:
    tenth = Fraction(0.1)
    point = Domain((tenth,), (tenth,))
    assert float_point(point, [tenth], np.float64, anywhere) is not None
    assert float_point(point, [tenth], np.float32, anywhere) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_that_shows_nothing_is_not_given(kind: FloatType) -> None:
    """Above 1/3 something is seen, and the nearest floats are on both sides."""
    above = float_point(Domain.cube(0, 1, 1), [THIRD], kind, lambda p: p[0] > THIRD)
    below = float_point(Domain.cube(0, 1, 1), [THIRD], kind, lambda p: p[0] < THIRD)
    assert above is not None
    assert below is not None
    assert Fraction(float(below[0])) < THIRD < Fraction(float(above[0]))
    assert float_point(Domain.cube(0, 1, 1), [THIRD], kind, lambda p: p[0] == THIRD) is None


def test_no_point_keeps_an_equation_that_floats_cannot() -> None:
    domain = Domain((Fraction(0),) * 2, (Fraction(1),) * 2, equation(3, 3, value=1))
    assert float_point(domain, [THIRD, Fraction(0)], np.float64, anywhere) is None


@given(
    st.lists(st.tuples(st.fractions(-9, 9), st.fractions(0, 9)), min_size=1, max_size=4),
    st.sampled_from(KINDS),
    st.randoms(use_true_random=False),
)
def test_what_is_given_is_always_inside(
    ranges: list[tuple[Fraction, Fraction]], kind: FloatType, random: np.random.Generator
) -> None:
    domain = Domain(tuple(low for low, _ in ranges), tuple(low + width for low, width in ranges))
    point = [low + width * Fraction(random.random()) for low, width in ranges]
    found = float_point(domain, point, kind, anywhere)
    assert (found is None) == (input_without_floats(domain, kind) is not None)
    assert found is None or domain.contains([Fraction(float(v)) for v in found])
