"""Faces of regions: how many there are, and what is no subdivision of a domain is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.lattice import Lattice
from support import net

PLANES = """
    input x[3] in [-1, 1]
    h = relu([x[0], x[1], x[2]])
    output h[0] - 2*h[1] + 0*h[2]
    """


def planes() -> tuple[Restriction, list[Region]]:
    network = net(PLANES)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    return enumeration.restriction, list(enumeration.regions())


def test_walls_have_the_jump_over_their_hinge_and_parts_inside_the_domain() -> None:
    restriction, regions = planes()
    lattice = Lattice(restriction, regions)
    walls = list(lattice.walls())
    assert len(regions) == 8
    jumps = {tuple(wall.hinge): [int(jump) for jump in wall.jump] for wall in walls}
    assert jumps == {(1, 0, 0, 0): [1], (0, 1, 0, 0): [-2], (0, 0, 1, 0): [0]}
    assert len(walls) == 12
    for wall in walls:
        assert lattice.is_inside(wall.face)
        shape = lattice.shapes[wall.below]
        assert shape.face(wall.mask) == wall.face
        assert len(shape.facets_of(wall.mask)) == 4  # a square
        edges = [shape.face(part) for part, _ in lattice.parts(wall.below, wall.mask)]
        assert len(edges) == 2  # those on its other two planes
        middle = lattice.points.index((0, 0, 0, 1))
        assert all(middle in edge for edge in edges)


def test_a_region_that_is_missing_is_told() -> None:
    restriction, regions = planes()
    with pytest.raises(AssertionError, match="do not meet face to face"):
        list(Lattice(restriction, regions[1:]).walls())


def test_maps_that_do_not_agree_on_a_wall_are_told() -> None:
    restriction, regions = planes()
    (form,) = regions[0].forms
    wrong = replace(regions[0], forms=[[*form[:-1], form[-1] + 1]])
    with pytest.raises(AssertionError, match="not continuous"):
        list(Lattice(restriction, [wrong, *regions[1:]]).walls())
