"""Networks over the directions in which they read their inputs, and forms put back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.two_layers.directions import directions_of
from rectifold.two_layers.form import value_at
from rectifold.two_layers.shallow import Kind, shallow_network
from support import float_network, net, points_of

SKIPPING = """
    network skipping
    input x[5] in [[-1, 1], [0, 2], [1/3, 1/3], [-1, 1], [-1, 1]]
    h = relu([x[0] - x[1] + x[2], 2*x[0] - 2*x[1] + x[3]])
    k = relu(h[0] - 3*h[1] + x[0] - x[1])
    y = h[0] + k - x[3]
    output y
    """


def test_rows_that_skip_layers_and_fixed_inputs_are_seen() -> None:
    network = net(SKIPPING)
    assert network.domain is not None
    reduced = directions_of(network)
    assert reduced is not None
    assert reduced.network.input_size == 2
    assert reduced.rows.shape == (2, 5)
    assert not any(reduced.rows.entry(k, 2) for k in range(2))
    for x in points_of(network.domain, 20, 1):
        z = [value_at((*reduced.rows.row(k), Fraction(0)), x) for k in range(2)]
        assert reduced.network.domain is not None
        assert reduced.network.domain.contains(z)
        assert evaluate_points(reduced.network, [z]) == evaluate_points(network, [x])


def test_a_network_of_as_many_directions_as_inputs_stays() -> None:
    assert directions_of(float_network(0, 3, 4, 2, 1)) is None
    assert (
        directions_of(net("network n\ninput x[2] in [[0, 1], [2, 2]]\noutput relu(x[0])")) is None
    )


def test_a_network_that_reads_nothing_has_one_direction() -> None:
    network = net("network n\ninput x[3] in [-1, 1]\nh = relu(0*x[0] + 2)\noutput h")
    reduced = directions_of(network)
    assert reduced is not None
    assert reduced.network.input_size == 1
    assert network.domain is not None
    assert shallow_network(network, network.domain, kind="exact").hidden == []


def test_constraints_on_these_directions_are_kept() -> None:
    network = net("network n\ninput x[3] in [-1, 1]\nh = relu(x[0] + x[1])\noutput relu(h - 1/2)")
    rows = [(Fraction(2), Fraction(2), Fraction(0)), (Fraction(1), Fraction(0), Fraction(1))]
    box = Domain.cube(-1, 1, 3)
    domain = Domain(box.lower, box.upper, tuple(Constraint(row, Fraction(1)) for row in rows))
    reduced = directions_of(network.with_domain(domain))
    assert reduced is not None
    assert reduced.network.domain == Domain(
        (Fraction(-2),), (Fraction(2),), (Constraint((Fraction(2),), Fraction(1)),)
    )


@pytest.mark.parametrize(
    ("sizes", "kind"),
    [
        ((3, 2, 3, 2, 1), "exact"),
        ((5, 3, 3, 2, 1), "exact"),
        ((20, 3, 3, 2, 2), "exact"),
        ((11, 2, 3, 2, 2, 1), "three"),
    ],
)
def test_wide_inputs_read_in_few_directions_have_exact_forms(
    sizes: tuple[int, ...], kind: Kind
) -> None:
    network = float_network(3, *sizes)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind=kind)
    assert f"{sizes[1]} directions" in result.statement
    assert len(result.hidden) <= 2
    assert result.network.domain == network.domain
    random = Random(1)
    points = [[Fraction(random.randint(-50, 50), 50) for _ in range(sizes[0])] for _ in range(50)]
    assert evaluate_points(result.network, points) == evaluate_points(network, points)


@pytest.mark.parametrize("size", [10**400, Fraction(1, 10**400)])
def test_rows_beyond_floats_are_directions_of_ordinary_size(size: Fraction) -> None:
    network = net(
        "network n\ninput x[2] in [0, 1]\nh = relu([x[0] - x[1], 1/2 - x[0] + x[1]])\n"
        "k = relu(h[0] - h[1])\noutput k"
    )
    first = network.layers[0]
    rows = first.weights["x"].scale_rows([size, size])
    layers = [replace(first, weights={"x": rows}), *network.layers[1:]]
    network = Network("x", 2, layers, "k", network.domain, "n")
    assert network.domain is not None
    reduced = directions_of(network)
    assert reduced is not None
    assert Fraction(1, 4) < max(map(abs, reduced.rows.row(0))) < 4
    result = shallow_network(network, network.domain, kind="exact")
    for point in points_of(network.domain, 20, 2):
        assert evaluate_points(result.network, [point]) == evaluate_points(network, [point])
