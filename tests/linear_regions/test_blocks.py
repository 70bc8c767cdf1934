"""Blocks of units: the same exact forms as layer by layer."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import VertexSplitter, vertex_enumeration
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import value_at
from support import net, random_network

DEEP = """
    network deep
    input x[2] in [-1, 1]
    h = relu([x[0] + x[1], x[0] - 1/3])
    s = [h[0] - h[1] + x[0], 2*h[1]]
    u = relu([s[0] - 1/2])
    v = relu([s[1] + h[0], x[1]])
    w = relu([u[0] - v[0] + s[1]])
    y = [w[0] + v[1] - s[0]]
    output y
"""


def region_network(seed: int) -> Network:
    network = random_network(seed)
    other = random_network(seed + 500)
    same = (other.input_size, other.output_size) == (network.input_size, network.output_size)
    return difference(network, other if same else network).with_domain(network.domain)


def whole(network: Network, free: tuple[int, ...], point: tuple[Fraction, ...]) -> list[Fraction]:
    assert network.domain is not None
    full = [network.domain.fixed.get(k, Fraction(0)) for k in range(network.input_size)]
    for k, v in zip(free, point, strict=True):
        full[k] = v
    return full


def test_linear_layers_are_folded_and_layers_of_one_depth_share_a_block() -> None:
    network = net(DEEP)
    assert network.domain is not None
    blocks = VertexSplitter(Restriction(network, network.domain)).blocks
    assert [[layer.name for layer in block.layers] for block in blocks.blocks] == [
        ["h"],
        ["u", "v"],
        ["w"],
    ]


def test_the_halves_of_a_difference_are_components_and_the_larger_one_comes_first() -> None:
    small = net("network s\ninput x[1] in [-1, 1]\nh = relu(x)\noutput h")
    large = net(
        "network l\ninput x[1] in [-1, 1]\nh = relu([x[0], -x[0]])\nk = relu([h[0] - h[1]])\n"
        "output k"
    )
    assert small.domain is not None
    blocks = VertexSplitter(Restriction(difference(small, large), small.domain)).blocks
    assert [(block.component, block.size) for block in blocks.blocks] == [(0, 2), (0, 1), (1, 1)]


@pytest.mark.parametrize("seed", range(60))
def test_regions_of_a_difference_have_its_phases_and_maps(seed: int) -> None:
    network = region_network(seed)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    for region in enumeration.regions():
        point = whole(
            network,
            enumeration.restriction.free,
            region.interior_point if enumeration.restriction.free else (),
        )
        values = trace(network, Matrix.column(point), with_activations=False)
        for name, phases in region.phases.items():
            assert bytes(v[0] > 0 for v in values[name].fractions()) == phases
        inner = region.interior_point if enumeration.restriction.free else ()
        assert [value_at(form, inner) for form in region.affine] == evaluate(network, point)


def test_the_phases_of_a_region_are_listed_in_the_order_of_the_layers() -> None:
    network = net(DEEP)
    assert network.domain is not None
    for region in vertex_enumeration(network, network.domain).regions():
        assert list(region.phases) == [layer.name for layer in network.relu_layers]
