"""Hinges and the arguments of units."""

from __future__ import annotations

from fractions import Fraction

from rectifold.two_layers.form import AffineForm, Unit, hinge_of


def test_hinges_are_primitive_with_a_positive_first_coefficient() -> None:
    form: AffineForm = (Fraction(-2, 3), Fraction(4, 3), Fraction(2))
    hinge, scale = hinge_of(form)
    assert (hinge, scale) == ((1, -2, -3), Fraction(-2, 3))
    assert Unit((Fraction(1),), form, ((hinge, Fraction(2)),)).value(
        [Fraction(4), Fraction(0)]
    ) == Fraction(4, 3)
