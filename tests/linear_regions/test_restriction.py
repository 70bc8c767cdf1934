"""A network over its free inputs: exact forms, whole points, refusals."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.errors import InputError
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import value_at
from support import float_network, net


def restriction() -> Restriction:
    network = net(
        """
        network mixed
        input x[3] in [[-1, 1], [1/3, 1/3], [0, 2]]
        y = [x[0] + 3*x[1] - x[2]/7, 2*x[1]]
        output y
        """
    )
    assert network.domain is not None
    return Restriction(network, network.domain)


def test_fixed_inputs_are_numbers_in_the_forms() -> None:
    over = restriction()
    assert over.free == (0, 2)
    (layer,) = over.network.layers
    forms, den = over.layer_forms(over.input_forms(), layer)
    for point in ([Fraction(1, 5), Fraction(3, 2)], [Fraction(-1), Fraction(0)]):
        values = [value_at(form, point) / den for form in forms]
        assert values == evaluate(over.network, list(over.whole_point(point)))


def test_whole_points_have_the_fixed_values() -> None:
    whole = restriction().whole_point([Fraction(1, 2), Fraction(2)])
    assert whole == (Fraction(1, 2), Fraction(1, 3), Fraction(2))
    assert restriction().ends(1) == (Fraction(0), Fraction(2))


def test_constraints_become_forms_over_the_free_inputs() -> None:
    over = restriction()
    constraint = Constraint((Fraction(1), Fraction(3), Fraction(1, 2)), Fraction(2))
    form = over.constraint_form(constraint)
    assert value_at(form, [Fraction(1), Fraction(0)]) == 0
    assert value_at(form, [Fraction(0), Fraction(0)]) > 0


def test_an_unbounded_domain_and_too_many_inputs_are_refused() -> None:
    wide = float_network(0, 9, 3, 1)
    assert wide.domain is not None
    with pytest.raises(InputError, match="need a bounded domain; give every input"):
        Restriction(wide, Domain.everywhere(9))
    with pytest.raises(InputError, match=r"at most 8 inputs, and 9 are free here; fix some"):
        Restriction(wide, wide.domain).polytope()
