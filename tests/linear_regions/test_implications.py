"""Implications by multipliers: proved exactly, or not claimed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.ir.domain import Constraint, Domain
from rectifold.linear_regions.implications import Implications, Inequalities
from rectifold.linear_regions.polytope import scaled
from rectifold.linear_regions.restriction import Restriction
from support import net

NETWORK = net("network n\ninput x[2] in [-1, 1]\nh = relu(x[0] - x[1])\noutput h")


def implications(*constraints: Constraint) -> Implications:
    assert NETWORK.domain is not None
    domain = Domain(NETWORK.domain.lower, NETWORK.domain.upper, constraints)
    return Implications(Restriction(NETWORK, domain))


def given(*rows: tuple[int, ...]) -> Inequalities:
    return Inequalities(rows, tuple(scaled([list(row) for row in rows])))


@pytest.mark.parametrize(
    ("form", "rows", "multipliers", "expected"),
    [
        # x + y <= 0 where -x - y - 1/2 >= 0, by the multiplier that a solver would give
        ((1, 1, 0), [(-2, -2, -1)], [1.0], True),
        # the same with any multiplier of the right kind, and not with none
        ((1, 1, 0), [(-2, -2, -1)], [1.01], True),
        ((1, 1, 0), [(-2, -2, -1)], [0.0], False),
        # the maximum is exactly 0 at the border: floats cannot tell, a basis can
        ((1, 3, 0), [(-1, -3, 0)], [1.0], True),
        # positive somewhere
        ((1, 1, 1), [(-1, -1, 0)], [1.0], False),
        # the box alone
        ((1, 1, -3), [], [], True),
    ],
)
def test_a_form_is_nonpositive_where_multipliers_prove_it(
    form: tuple[int, ...], rows: list[tuple[int, ...]], multipliers: list[float], expected: bool
) -> None:
    floats = scaled([list(form)])[0]
    inequalities = given(*rows) if rows else Inequalities()
    proved = implications().is_nonpositive(
        form, floats, inequalities, np.array(multipliers), lambda: [False, False]
    )
    assert proved is expected


def test_multipliers_that_are_off_by_roundings_are_solved_exactly() -> None:
    """x + y <= 0 from -x + y/3 >= 0 and -4 y/3 >= 0, which only y = (1, 1) proves."""
    form = (1, 1, 0)
    rows = given((-3, 1, 0), (0, -4, 0))
    ask = implications().is_nonpositive
    floats = scaled([list(form)])[0]
    nearly = np.array([0.7, 0.7])
    assert ask(form, floats, rows, nearly, lambda: [False, False])
    assert not ask(form, floats, rows, nearly, lambda: [True, True])


def test_an_upper_bound_is_above_the_form_on_the_box() -> None:
    bound = implications().upper_bound(np.array([0.5, -0.25, 0.125]))
    assert 0.875 <= bound < 0.8751


def test_points_are_strictly_inside_the_box_and_every_row() -> None:
    half = Constraint((Fraction(1), Fraction(0)), Fraction(1, 2))
    inside = implications(half)
    rows = inside.constraints.exact
    assert inside.contains((1, 1, 4), rows)
    assert not inside.contains((1, 1, 2), rows)
    assert not inside.contains((0, 1, 1), rows)
