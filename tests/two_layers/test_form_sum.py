"""Sums of maxima in the terms of a two-layer form: exact, with hinges and units shared."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest

from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.form import AffineForm, value_at
from rectifold.two_layers.form_sum import FormSum
from support import net

ONE = (Fraction(1),)


def form(*entries: int | Fraction) -> AffineForm:
    return tuple(map(Fraction, entries))


def unit_forms(inputs: int) -> list[AffineForm]:
    """x_0, x_1, … and 0."""
    return [form(*(int(k == i) for k in range(inputs + 1))) for i in range(inputs)] + [
        form(*[0] * (inputs + 1))
    ]


def restriction_of(inputs: int) -> Restriction:
    network = net(f"network cube\ninput x[{inputs}] in [-4, 4]\ny = x[0]\noutput y")
    assert network.domain is not None
    return Restriction(network, network.domain)


@pytest.mark.parametrize(
    ("inputs", "sizes"), [(2, [2, 1]), (3, [3, 2]), (4, [8, 8]), (5, [19, 97])]
)
def test_the_maximum_of_zero_and_the_inputs_has_known_sizes(
    inputs: int, sizes: Sequence[int]
) -> None:
    total = FormSum(1, inputs)
    total.add_maximum(ONE, unit_forms(inputs))
    network = network_of(total.form(restriction_of(inputs)))
    assert network.hidden_sizes() == sizes


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_maxima_of_affine_forms_are_exact_with_ties_and_constants(count: int) -> None:
    random = Random(count)
    for _ in range(15):
        forms = [form(*(random.randint(-2, 2) for _ in range(4))) for _ in range(count)]
        if random.random() < 0.5:
            forms[-1] = form(*forms[0][:-1], random.randint(-2, 2))
        total = FormSum(2, 3)
        weights = (Fraction(random.randint(-3, 3)), Fraction(1, 3))
        total.add_maximum(weights, forms)
        built = total.form(restriction_of(3))
        for _ in range(20):
            point = [Fraction(random.randint(-9, 9), random.choice([1, 2, 5])) for _ in range(3)]
            largest = max(value_at(f, point) for f in forms)
            assert built.evaluate(point) == [w * largest for w in weights]


def test_units_on_one_bent_hyperplane_are_one_and_cancel() -> None:
    bends = ((((1, 0, 0)), Fraction(2)),)
    total = FormSum(1, 2)
    total.add_unit(ONE, form(0, 1, 1), bends)
    total.add_unit(ONE, form(0, -3, -3), (((1, 0, 0), Fraction(-6)),))
    assert len(total.units) == 1
    built = total.form(restriction_of(2))
    point = [Fraction(-1), Fraction(-5)]
    assert built.evaluate(point) == [Fraction(12)]
    total.add_unit((Fraction(-4),), form(0, 1, 1), bends)
    assert total.units == []
    assert len(total.hinges) == 1


def test_a_unit_without_bends_is_a_hinge_and_a_constant_is_affine() -> None:
    total = FormSum(1, 1)
    total.add_unit(ONE, form(-2, 4), ())
    total.add_unit(ONE, form(0, 3), ())
    total.add_unit(ONE, form(0, -3), ())
    assert total.units == []
    assert total.hinges == {(1, -2): (Fraction(2),)}
    assert total.form(restriction_of(1)).evaluate([Fraction(0)]) == [Fraction(7)]
