"""Networks of two-layer forms: the form's values, and no layer without units."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.ir.evaluate import evaluate
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.form import TwoLayers, Unit
from support import net, points_of

F = Fraction
NETWORK = net("network n\ninput x[2] in [[-1, 1], [-2, 3]]\nh = relu(x[0] - x[1])\noutput h")


def restriction() -> Restriction:
    assert NETWORK.domain is not None
    return Restriction(NETWORK, NETWORK.domain)


UNIT = Unit((F(2),), (F(1), F(0), F(-1, 2)), (((1, -1, 0), F(-3)), ((0, 1, 1), F(1, 7))))


@pytest.mark.parametrize(
    ("affine", "hinges", "units", "layers"),
    [
        ((F(0), F(0), F(5)), {}, (), ["y"]),
        ((F(1, 3), F(-2), F(5)), {}, (), ["hinges", "y"]),
        ((F(0), F(0), F(0)), {(1, -1, 0): (F(-4),)}, (), ["hinges", "y"]),
        ((F(1, 3), F(-2), F(5)), {(1, -1, 0): (F(-4),)}, (UNIT,), ["hinges", "sheets", "y"]),
    ],
)
def test_the_network_is_the_form(
    affine: tuple[Fraction, ...],
    hinges: dict[tuple[int, ...], tuple[Fraction, ...]],
    units: tuple[Unit, ...],
    layers: list[str],
) -> None:
    form = TwoLayers(restriction(), (affine,), hinges, units)
    network = network_of(form)
    assert [layer.name for layer in network.layers] == layers
    assert network.domain is not None
    for point in points_of(network.domain, 30, 0):
        assert evaluate(network, point) == form.evaluate(point)
