"""Signs of units at points: certain ones are those of exact evaluation, and errors hold."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.linear_regions.blocks import Blocks
from rectifold.linear_regions.plane.points import PointSigns
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.restriction import Restriction
from support import float_network, random_network


def exact_values(network: Network, restriction: Restriction, point: Vertex) -> dict[str, Matrix]:
    values = [Fraction(x, point[-1]) for x in point[:-1]]
    return dict(
        trace(network, Matrix.column(list(restriction.whole_point(values))), with_activations=False)
    )


@pytest.mark.parametrize("seed", range(30))
def test_values_are_within_their_errors_and_signs_are_exact(seed: int) -> None:
    network = float_network(seed, 2, 9, 8, 7, 1) if seed % 2 else random_network(seed)
    assert network.domain is not None
    restriction = Restriction(network, network.domain)
    blocks = Blocks(network, *restriction.input_forms()[network.input_name])
    signs, random = PointSigns(blocks), Random(seed)
    spread = random.choice((1, 50))  # points near each other keep most phases
    centre = [random.randint(-100, 100) for _ in restriction.free]
    points: list[Vertex] = [
        (*(middle + random.randint(-spread, spread) for middle in centre), 97) for _ in range(12)
    ]
    for number, block in enumerate(blocks.blocks):
        values = signs.of(number, points)
        for k, point in enumerate(points):
            exact = exact_values(network, restriction, point)
            rows = [z[0] for layer in block.layers for z in exact[layer.name].fractions()]
            for z, near, sign in zip(rows, values.floats[k], values.signs[k], strict=True):
                assert (z > 0) - (z < 0) == sign
                assert abs(Fraction(float(near)) - z) <= Fraction(float(values.errors[k]))
                assert (near == 0.0) or sign
