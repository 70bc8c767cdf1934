"""The function next to a point."""

from __future__ import annotations

from fractions import Fraction

from rectifold.linear_regions.near_point import NearPoints, homogeneous
from rectifold.linear_regions.restriction import Restriction
from support import net


def test_the_pieces_around_a_point() -> None:
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0], x[1]])\ny = h[0] + 2*h[1]\noutput y"
    )
    assert network.domain is not None
    local = NearPoints(Restriction(network, network.domain))
    phases, zero = local.zeros(homogeneous([Fraction(0), Fraction(1, 2)]))
    assert (phases["h"], zero[0]) == (b"\x00\x01", (0, 0))
    assert local.piece((0, 1, 2), (1, 0)) == [(Fraction(1), Fraction(2), Fraction(0))]
    assert local.piece((0, 1, 2), (-1, 0)) == [(Fraction(0), Fraction(2), Fraction(0))]
