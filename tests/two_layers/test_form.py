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


def test_a_unit_in_integers_has_the_same_function() -> None:
    unit = Unit(
        (Fraction(3), Fraction(-1, 2)),
        (Fraction(-2, 3), Fraction(4, 3), Fraction(2)),
        (((1, -2, -3), Fraction(2, 5)),),
    )
    whole = unit.in_integers()
    assert list(whole.base) == [-5, 10, 15]
    assert [(hinge, int(c)) for hinge, c in whole.bends] == [((1, -2, -3), 3)]
    for point in ([Fraction(4), Fraction(0)], [Fraction(-1, 7), Fraction(2)]):
        for w, v in zip(unit.weights, whole.weights, strict=True):
            assert w * unit.value(point) == v * whole.value(point)
