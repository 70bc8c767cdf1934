"""Blocks of units: the same exact forms as layer by layer, whatever was computed before."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from random import Random

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import VertexSplitter, vertex_enumeration
from rectifold.linear_regions.polytope import Form
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.sums import Recent, Sum
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


@pytest.mark.parametrize("seed", range(40))
def test_a_sum_does_not_depend_on_the_way_to_its_values(seed: int) -> None:
    random = Random(seed)
    width, size = random.randint(1, 12), random.randint(1, 6)
    weights = [[random.choice((0, 0, 1, -3, 10**20)) for _ in range(width)] for _ in range(size)]
    bias = ([random.randint(-9, 9) for _ in range(size)], random.choice((1, 6)))
    total, zero = Sum(3, bias, [(weights, 4)], [(width, 3)]), [0, 0, 0]
    known: list[Form] = [[random.randint(-5, 5) for _ in range(3)] for _ in range(width)]
    for _ in range(10):
        values = [form if random.random() < 0.7 else zero for form in known]
        forms, floats = total.of(values)
        fresh, fresh_floats = Sum(3, bias, [(weights, 4)], [(width, 3)]).of(values)
        assert forms == fresh
        assert floats.tolist() == fresh_floats.tolist()
        for row, constant, form in zip(weights, bias[0], forms, strict=True):
            exact = [
                sum(
                    (Fraction(w, 4) * Fraction(v[c], 3) for w, v in zip(row, values, strict=True)),
                    Fraction(0),
                )
                for c in range(3)
            ]
            exact[2] += Fraction(constant, bias[1])
            assert [Fraction(v, total.den) for v in form] == exact


def test_only_the_last_entries_are_kept() -> None:
    recent = Recent[int](2)
    keys = (b"a", b"b", b"a", b"c", b"a")
    computed = [recent.get(key, partial(int, k)) for k, key in enumerate(keys)]
    assert computed == [0, 1, 0, 3, 4]
    assert list(recent.entries) == [b"c", b"a"]
