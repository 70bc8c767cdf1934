"""Rows scaled by powers of two: the same function, in the range of floats."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.two_layers.scaling import with_scaled_rows
from rectifold.two_layers.shallow import shallow_network
from support import float_network, net, points_of

HUGE = """
    network huge
    input x[2] in [-1, 1]
    h = relu([[1e40, -3e38], [1, 2], [1e-30, 0], [0, 0]] @ x + [1e39, 0.5, 0, 0])
    g = relu([[1e-40, 1e30, 1, 2], [3, 1, 1e20, 0]] @ h + [0, 1])
    output [[1, -1e-45]] @ g + [2]
"""


def largest(network: Network) -> list[Fraction]:
    """Of every row of the relu layers below the output, bias included."""
    found = []
    for layer in network.relu_layers:
        for k in range(layer.size):
            entries = [v for w in layer.weights.values() for v in w.row(k)]
            found.append(max(abs(v) for v in [*entries, layer.bias.entry(k, 0)]))
    return found


def test_rows_become_ordinary_and_the_function_stays() -> None:
    network = net(HUGE)
    scaled = with_scaled_rows(network)
    assert all(not v or Fraction(1, 2**25) <= v <= 2**25 for v in largest(scaled))
    assert network.domain is not None
    for point in points_of(network.domain, 20, 1):
        assert evaluate(scaled, point) == evaluate(network, point)


def test_a_second_time_changes_nothing() -> None:
    scaled = with_scaled_rows(net(HUGE))
    assert with_scaled_rows(scaled) is scaled


@pytest.mark.parametrize("seed", range(4))
def test_ordinary_rows_stay_as_they_are(seed: int) -> None:
    network = float_network(seed, 2, 5, 4, 2)
    assert with_scaled_rows(network) is network


def test_a_relu_output_is_not_scaled() -> None:
    network = net("""
        network out
        input x[1] in [-1, 1]
        y = relu([[1e40]] @ x + [1])
        output y
        """)
    assert with_scaled_rows(network) is network


def test_an_exact_form_of_a_deep_network_fits_single_precision() -> None:
    network = float_network(7, 2, 6, 6, 6, 1)
    assert network.domain is not None
    exact = shallow_network(network, network.domain).network
    assert all(v < 2**25 for v in largest(exact))
    for point in points_of(network.domain, 10, 2):
        assert evaluate(exact, point) == evaluate(network, point)
