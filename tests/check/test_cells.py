"""Cells: they are the regions, cover every point, and prove shallow forms and no wrong network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest

import rectifold_check
from rectifold.certificate.within import certify_by_cells
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.two_layers.shallow import shallow_network
from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cells
from rectifold_check.networks import read_domain, read_network
from support import float_network, points_of, random_network


def few_inputs(count: int, most: int) -> list[int]:
    return [seed for seed in range(count) if random_network(seed).input_size <= most]


def cells_of(network: Network) -> list[tuple[tuple[int, ...], ...]]:
    assert network.domain is not None
    text, domain = canonical_text(network), domain_text(network.domain)
    cells = Cells(read_network(text, "A"), read_domain(domain)).affine(10**6)
    return [tuple(corner.point for corner in corners) for corners in cells]


@pytest.mark.parametrize("sizes", [(1, 5, 4, 1), (2, 6, 5, 1), (3, 4, 4, 3, 1), (4, 5, 4, 2)])
def test_cells_of_generic_networks_are_the_regions(sizes: tuple[int, ...]) -> None:
    """Two programs that share no line: the same polytopes, vertex by vertex."""
    network = float_network(7, *sizes)
    assert network.domain is not None
    ours = {
        frozenset(region.polytope.vertices)
        for region in vertex_enumeration(network, network.domain).regions()
    }
    cells = [frozenset(vertices) for vertices in cells_of(network)]
    assert len(cells) == len(ours)
    assert set(cells) == ours


@pytest.mark.parametrize("seed", few_inputs(40, 3))
def test_cells_of_degenerate_networks_cover_every_point_and_are_affine(seed: int) -> None:
    """A combination of a cell's vertices has that combination of the values of every layer."""
    network = random_network(seed)
    assert network.domain is not None
    cells = Cells(
        read_network(canonical_text(network), "A"), read_domain(domain_text(network.domain))
    )
    random = Random(seed)
    for corners in cells.affine(10**6):
        vertices = [corner.point for corner in corners]
        weights = [random.randint(0, 5) for _ in vertices]
        weights[0] += 1
        points = [[Fraction(x, v[-1]) for x in v[:-1]] for v in vertices]
        mean = [
            sum((w * p[k] for w, p in zip(weights, points, strict=True)), Fraction(0))
            / sum(weights)
            for k in range(network.input_size)
        ]
        den = 1
        for value in mean:
            den = den * value.denominator
        own = cells.corners.at((*(int(v * den) for v in mean), den))
        for unit in range(cells.corners.starts[2], cells.corners.starts[-1]):
            expected = sum(
                (
                    w * Fraction(cells.corners.value(corner, unit), corner.point[-1])
                    for w, corner in zip(weights, corners, strict=True)
                ),
                Fraction(0),
            )
            assert Fraction(cells.corners.value(own, unit), den) == expected / sum(weights)


def in_cell(point: list[Fraction], vertices: tuple[tuple[int, ...], ...]) -> bool:
    """One or two inputs: inside the hull of the vertices."""
    corners = [tuple(Fraction(x, v[-1]) for x in v[:-1]) for v in vertices]
    if len(point) == 1:
        return min(corners)[0] <= point[0] <= max(corners)[0]

    def side(p: Sequence[Fraction], q: Sequence[Fraction], r: Sequence[Fraction]) -> Fraction:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return all(
        not all(side(p, q, r) >= 0 for r in corners) or side(p, q, point) >= 0
        for p in corners
        for q in corners
        if p != q
    )


@pytest.mark.parametrize("seed", few_inputs(40, 2))
def test_every_point_is_in_a_cell(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    cells = cells_of(network)
    for point in points_of(network.domain, 30, seed):
        if network.domain.contains(point):
            assert any(in_cell(point, vertices) for vertices in cells)


@pytest.mark.parametrize("sizes", [(1, 6, 6, 1), (2, 6, 6, 5, 1), (2, 5, 5, 5, 2), (3, 3, 3, 3, 1)])
def test_shallow_forms_have_certificates_and_wrong_ones_have_none(sizes: tuple[int, ...]) -> None:
    network = float_network(3, *sizes)
    domain = network.domain
    assert domain is not None
    small = shallow_network(network, domain, kind="exact").network
    zero = [Fraction(0)] * network.output_size
    certificate = certify_by_cells(network, small, domain, zero)
    assert certificate is not None
    a, b = canonical_text(network), canonical_text(small)
    assert rectifold_check.check(a, domain_text(domain), certificate.lines, b).status == "holds"
    assert certify_by_cells(network, small, domain, zero, most=1) is None
    wider = Domain(domain.lower, tuple(Fraction(2) for _ in domain.upper), ())
    assert (
        sizes[0] == 3 or certify_by_cells(network, small, wider, zero) is None
    )  # the one of three inputs holds there too
    assert not rectifold_check.check(a, domain_text(wider), certificate.lines, b).holds
    random = Random(0)
    for _ in range(10):
        draft = Draft(small)
        layer = small.layers[random.randrange(len(small.layers))]
        bias = [
            v + (Fraction(1, 2**40) if k == 0 else 0)
            for k, v in enumerate(layer.bias.column_values())
        ]
        draft.edit(layer.name, bias=type(layer.bias).column(bias))
        wrong = draft.freeze()
        header = json.loads(certificate.lines[0]) | {
            "b": read_network(canonical_text(wrong), "B").digest,
            "result": None,
        }
        lines = (json.dumps(header), *certificate.lines[1:])
        assert not rectifold_check.check(a, domain_text(domain), lines, canonical_text(wrong)).holds


@pytest.mark.parametrize("kind", [Cells, BendingCells])
@pytest.mark.parametrize("sizes", [(2, 6, 5, 1), (3, 4, 4, 3, 1), (4, 5, 4, 2)])
def test_work_is_the_same_in_any_order_and_whatever_is_kept(
    kind: type[Cells], sizes: tuple[int, ...]
) -> None:
    network = float_network(7, *sizes)
    assert network.domain is not None
    texts = read_network(canonical_text(network), "A"), read_domain(domain_text(network.domain))
    in_order, mixed, random = kind(*texts), kind(*texts), Random(1)
    count = sum(1 for _ in in_order.affine(10**6))
    mixed.corners.most_kept = 0
    waiting, found = [mixed.whole()], 0
    while waiting:
        parts = mixed.parts(waiting.pop(random.randrange(len(waiting))))
        waiting += parts or []
        found += parts is None
    assert (mixed.work.done, found) == (in_order.work.done, count)
