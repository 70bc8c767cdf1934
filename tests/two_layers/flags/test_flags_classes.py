"""Classes at flats: those of a network's cells agree with those of the corners of its units."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.two_layers.flags.cells import Cells
from rectifold.two_layers.flags.corners import CornerSet
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.flags.pieces import corner_set, corners_of
from rectifold.two_layers.form import AffineForm, Hinge
from rectifold.two_layers.form_sum import Shape
from support import net


def cells_of(network: Network) -> Cells:
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    return Cells(enumeration.restriction, list(enumeration.regions()))


def unit_text(shape: Shape) -> str:
    """A unit of the second layer as a network on a cube around 0."""
    base, bends = shape
    inputs = len(base) - 1

    def affine(form: AffineForm | Hinge) -> str:
        terms = [f"({v})*x[{k}]" for k, v in enumerate(form[:-1])]
        return " + ".join([*terms, f"({form[-1]})"])

    inner = "".join(f" + ({c})*relu({affine(hinge)})" for hinge, c in bends)
    return f"network unit\ninput x[{inputs}] in [-1, 1]\ny = relu({affine(base)}{inner})\noutput y"


@pytest.mark.parametrize("inputs", [2, 3, 4, 5])
def test_a_unit_has_the_class_of_its_corners_at_the_point_where_all_is_zero(inputs: int) -> None:
    random = Random(inputs)
    seen = 0
    while seen < 3:
        bends: dict[Hinge, Fraction] = {}
        for _ in range(inputs - 1 if inputs < 5 else 3):
            hinge = (1, *(random.randint(-2, 2) for _ in range(inputs - 1)), 0)
            bends[hinge] = Fraction(random.choice([-2, -1, 1, 2]), 3)
        base = (*(Fraction(random.randint(-2, 2)) for _ in range(inputs)), Fraction(0))
        shape = base, tuple(bends.items())
        cells = cells_of(net(unit_text(shape)))
        corners = corner_set(cells.flats, corners_of(shape))
        whole = tuple(range(len(corners.points)))
        codimension = corners.dimension(whole)
        values = corners.class_of(whole)
        found = list(cells.levels[codimension - 1].values())
        assert bool(found) == bool(values)
        for cell in found:
            assert {chain: jumps[0] for chain, jumps in cell.jumps.items()} == values
        seen += bool(values)


def test_a_sum_of_hinges_has_jumps_and_no_class_below() -> None:
    cells = cells_of(
        net(
            "network sum\ninput x[3] in [-1, 1]\ny = relu(x[0]) - relu(x[1]) + relu(x[2])\noutput y"
        )
    )
    assert [len(level) for level in cells.levels] == [12, 0, 0]


def test_jumps_have_the_side_of_the_hyperplane_in_them() -> None:
    network = net("network bend\ninput x[2] in [-1, 1]\ny = 3*relu(x[1] - relu(x[0]))\noutput y")
    cells = cells_of(network)
    (point,) = cells.levels[1].values()
    rows = cells.flats.rows
    by_line = {rows[chain[0]][0]: jumps[0] for chain, jumps in point.jumps.items()}
    assert by_line == {(1, 0, 0): -3, (0, 1, 0): -3, (1, -1, 0): 3}


def test_equal_flats_have_one_number_and_walls_say_the_side() -> None:
    flats = Flats()
    line = flats.number_of([(0, 2, -4)])
    assert flats.number_of([(0, -1, 2)]) == line
    point = flats.number_of([(0, 2, -4), (1, 1, -5)])
    assert flats.codimension(point) == 2
    assert flats.number_of([(1, 0, -3), (0, 1, -2)]) == point
    wall = flats.wall(line, point)
    assert wall[0] * 4 + wall[1] * 2 + wall[2] > 0 > wall[0] * 1 + wall[1] * 2 + wall[2]


def test_facets_of_a_square_pyramid_with_a_point_inside_an_edge() -> None:
    points = [(0, 0, 0, 0), (2, 0, 0, 0), (0, 2, 0, 0), (2, 2, 0, 0), (1, 1, 3, 0), (1, 0, 0, 0)]
    corners = CornerSet(Flats(), points)
    facets = corners.facets((0, 1, 2, 3, 4, 5))
    assert sorted(map(len, facets)) == [3, 3, 3, 4, 5]
    edges = corners.faces((0, 1, 2, 3, 4, 5))[1]
    assert (0, 1, 5) in edges
    assert len(edges) == 8
