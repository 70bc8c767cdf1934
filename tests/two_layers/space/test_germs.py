"""Three inputs where more than three units meet in a vertex, or more than two along an edge."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import count

import pytest

from rectifold.errors import Unfinished
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.linear_regions.near_point import NearPoints
from rectifold.runtime.run import Run
from rectifold.two_layers.classes.symbols import own_units
from rectifold.two_layers.form import Unit
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.lines import SpaceLines
from rectifold.two_layers.space.space_form import space_form
from rectifold.two_layers.space.vertex_classes import classes_at
from support import central_network, net, points_of

KNOTS = {
    "six units in a vertex": """
        u = relu([x[0], x[1], x[2], x[0] + x[1] + x[2]])
        w = relu([u[0] - u[1] + x[2], u[2] + u[3] - x[0]])
        output relu(w[0] - 2*w[1] + x[1])
        """,
    "three units along an edge": """
        u = relu([x[0], x[1], x[0] + x[1]])
        w = relu(u[0] - 2*u[1] + u[2] + x[2]/3)
        output [relu(w - u[2] + x[2] - 1/2), w]
        """,
    "a unit that is 0 in one phase of others": """
        u = relu([x[0], x[1], x[2] - 1/4])
        w = relu([u[0] - u[1], u[1] - u[2] + x[0]/2])
        output relu(w[0] - w[1] + u[2] - 1/8)
        """,
    "an output with a relu": """
        u = relu([x[0], x[1], x[2], x[0] - x[1]])
        w = relu([u[0] - u[3] + x[2], u[1] + u[2] - x[0]])
        y = relu(w[0] - w[1] + x[2]/2)
        output y
        """,
    "a layer that is read across another": """
        u = relu([x[0], x[1], x[2], x[1] - x[2]])
        w = relu([u[0] - u[1] + u[3], u[2] - x[0]])
        output relu(w[0] - u[3] - w[1] + x[1]/3)
        """,
}


def knot(name: str) -> Network:
    return net(f"network knot\ninput x[3] in [-1, 1]\n{KNOTS[name]}")


def assert_exact(network: Network, most: int | None = None) -> None:
    """Where `most` is given, with at most so many units in the second layer."""
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert len(result.hidden) <= 2
    assert most is None or result.hidden[-1] <= most
    points = points_of(network.domain, 30, 0)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)
    assert compare_by_regions(network, result.network, network.domain).complete


@pytest.mark.parametrize("name", KNOTS)
def test_where_many_units_meet_the_form_is_exact(name: str) -> None:
    network = knot(name)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    faces = Faces(enumeration.restriction, list(enumeration.regions()))
    assert any(faces.generic_zeros(vertex, 3) is None for vertex in faces.vertices)
    assert_exact(network)


@pytest.mark.parametrize(("seed", "sizes"), [(1, (3, 3, 3, 3, 1)), (1, (3, 3, 3, 3, 3, 2))])
def test_a_network_without_biases_is_exact(seed: int, sizes: tuple[int, ...]) -> None:
    assert_exact(central_network(seed, *sizes))


def test_merged_sheets_may_have_hinges_through_one_line() -> None:
    """With this seed three hinges of a sheet once met along a line, and a corner was lost."""
    network = central_network(11, 3, 6, 3, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    points = points_of(network.domain, 10, 0)
    assert [form.evaluate(point) for point in points] == evaluate_points(network, points)


def test_a_unit_with_many_hinges_stays_one_unit() -> None:
    """Five hinges of one unit meet in the origin; its sheet is a cone with its point there."""
    network = net("""
        input x[3] in [-1, 1]
        a = relu([x[0], x[1], x[2], x[0] + x[1], x[1] - x[2]])
        b = relu(a[0] - 2*a[1] + a[2] - a[3] + a[4] + x[0]/3)
        output relu(b - 2)
        """)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    points = points_of(network.domain, 30, 0)
    assert [form.evaluate(point) for point in points] == evaluate_points(network, points)
    assert_exact(central_network(2, 3, 6, 2, 1), most=3)


@pytest.mark.parametrize("name", KNOTS)
def test_classes_read_off_seams_are_those_of_the_faces(name: str) -> None:
    network = knot(name)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    faces, cells = Faces(enumeration.restriction, regions), Cells(enumeration.restriction, regions)
    inside = [vertex for vertex in faces.vertices if faces.is_interior(vertex)]
    found = classes_at(inside, SpaceLines(faces).seams)
    expected = {cells.points[number]: own for (number,), own in cells.classes[0].items()}
    assert {vertex: own for vertex, own in found.items() if own} == expected
    assert expected


def own_at_origin(text: str) -> list[Unit]:
    network = net(f"input x[3] in [-1, 1]\n{text}")
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    return own_units(NearPoints(enumeration.restriction), (0, 0, 0, 1), regions, 2)


def test_planes_through_a_vertex_are_no_units_of_a_second_layer() -> None:
    planes = "h = relu([x[0], x[1], x[2], x[0] + x[1]])\noutput h[0] + h[1] - h[2] + h[3]"
    assert own_at_origin(planes) == []


def test_a_unit_is_there_with_units_of_higher_layers_on_and_off() -> None:
    units = own_at_origin("""
        a = relu([x[0], x[1]])
        b = relu(a[0] - a[1] + x[2])
        output 3*relu(2*a[0] + a[1] - b)
        """)
    arguments = {
        (tuple(map(int, unit.base)), tuple(map(int, dict(unit.bends).values()))) for unit in units
    }
    assert all(unit.weights == (Fraction(1),) for unit in units)
    assert [tuple(hinge for hinge, _ in unit.bends) for unit in units] == [
        ((0, 1, 0, 0), (1, 0, 0, 0))
    ] * 3
    assert arguments == {
        ((0, 0, 1, 0), (-1, 1)),
        ((0, 0, 0, 0), (1, 2)),
        ((0, 0, -1, 0), (2, 1)),
    }


def test_networks_without_biases_have_few_units() -> None:
    """39 and 80 regions; with Newton polytopes they had 145 and 412."""
    assert_exact(central_network(0, 3, 4, 4, 4, 1), most=6)
    assert_exact(central_network(0, 3, 5, 5, 5, 1), most=20)


@pytest.mark.parametrize(
    "where",
    [
        "the network's own units at a vertex, 3 of 5 done",
        "2 units of a vertex so far, 0 of 1 done",
        "fewer units, 1 of 3 done",
    ],
)
def test_the_time_is_looked_at_within_a_vertex(where: str) -> None:
    network = knot("six units in a vertex")
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    told: list[str] = []

    def tell(what: str, done: int, total: int) -> None:
        told.append(f"{what.removeprefix('exact form: ')}, {done} of {total} done")

    space_form(enumeration.restriction, regions, Watch(Run(progress=tell)))
    readings = count()
    watch = Watch(Run(clock=lambda: float(next(readings))), float(told.index(where)))
    with pytest.raises(Unfinished, match=re.escape(where)):
        space_form(enumeration.restriction, regions, watch)
