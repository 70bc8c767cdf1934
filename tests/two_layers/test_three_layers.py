"""Maxima of seven to twelve affine forms with three hidden layers, beside a two-layer form."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.ir.evaluate import evaluate_points
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, value_at
from rectifold.two_layers.form_sum import FormSum
from rectifold.two_layers.three_layers import ThreeLayers, top_of
from support import net


def restriction_of(inputs: int, name: str = "x") -> Restriction:
    network = net(f"network cube\ninput {name}[{inputs}] in [-4, 4]\nz = {name}[0]\noutput z")
    assert network.domain is not None
    return Restriction(network, network.domain)


@pytest.mark.parametrize(
    ("count", "peaks", "name"), [(7, 1, "peaks"), (8, 1, "y"), (10, 1, "hinges")]
)
def test_maxima_are_exact_as_forms_and_as_networks(count: int, peaks: int, name: str) -> None:
    random = Random(count)
    restriction = restriction_of(3, name)  # an input may be called like a layer of a form
    forms: list[AffineForm] = [
        tuple(Fraction(random.randint(-3, 3), 2) for _ in range(4)) for _ in range(count)
    ]
    main = FormSum(2, 3)
    main.add_relu((Fraction(1), Fraction(-2)), (1, -1, 0, 1))
    weights = (Fraction(-2), Fraction(1, 3))
    top = top_of(restriction, weights, forms, main)
    built = ThreeLayers(main.form(restriction), (top,))
    network = built.network()
    assert len(network.hidden_sizes()) == 3
    assert network.hidden_sizes()[2] <= 2 + peaks
    points = [[Fraction(random.randint(-8, 8), 2) for _ in range(3)] for _ in range(40)]
    for point in points:
        largest = max(value_at(form, point) for form in forms)
        hinge = max(point[0] - point[1] + 1, Fraction(0))
        expected = [hinge + weights[0] * largest, -2 * hinge + weights[1] * largest]
        assert built.evaluate(point) == expected
        assert evaluate_points(network, [point]) == [expected]


def test_without_tops_there_are_two_layers() -> None:
    main = FormSum(1, 3)
    main.add_maximum(
        (Fraction(1),),
        [(Fraction(k), Fraction(1 - k), Fraction(k * k), Fraction(0)) for k in range(4)],
    )
    network = ThreeLayers(main.form(restriction_of(3))).network()
    assert len(network.hidden_sizes()) == 2
