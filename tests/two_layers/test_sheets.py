"""Bent sheets in three dimensions: corners and seams against exact evaluation, and what taking a
sheet saves.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

from rectifold.ir.evaluate import evaluate_points
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.form import hinge_of
from rectifold.two_layers.shallow import shallow_network
from rectifold.two_layers.space.incidence import (
    crossing,
    dot3,
    dot4,
    foot,
    line_through,
    meeting,
    parameter_of,
    point_at,
)
from rectifold.two_layers.space.merging import Ledger
from rectifold.two_layers.space.sheets import NotGenericError, Sheet
from rectifold.two_layers.space.space_form import space_form
from support import float_network, net, points_of

Point = tuple[int, ...]


def form(random: Random, size: int = 99) -> tuple[int, ...]:
    while True:
        values = tuple(random.randint(-size, size) for _ in range(4))
        if any(values[:3]):
            return values


def sheet(random: Random, hinges: int) -> Sheet:
    chosen = {hinge_of(form(random))[0] for _ in range(hinges)}
    return Sheet.of(
        form(random), [(hinge, random.choice([-3, -2, -1, 1, 2, 5])) for hinge in chosen]
    )[0]


def value(of: Sheet, point: Point) -> int:
    """y times the last coordinate."""
    return dot4(of.base, point) + sum(c * max(0, dot4(hinge, point)) for hinge, c in of.bends)


def near(point: Point, random: Random) -> Point:
    """Less than 10^-9 away."""
    scale = 10**12
    return (
        *(v * scale + point[3] * random.randint(-100, 100) for v in point[:3]),
        point[3] * scale,
    )


@pytest.mark.parametrize("seed", range(30))
def test_corners_are_zeros_on_two_hinges_and_their_sheets_are_the_sheet_there(seed: int) -> None:
    random = Random(seed)
    whole = sheet(random, random.randint(2, 6))
    for point, corner, factor in whole.corners:
        assert value(whole, point) == 0
        assert factor > 0
        assert [hinge for hinge, _ in whole.bends if dot4(hinge, point) == 0] == [
            hinge for hinge, _ in corner.bends
        ]
        signs = set()
        for _ in range(10):
            beside = near(point, random)
            assert abs(value(whole, beside)) == factor * abs(value(corner, beside))
            signs.add(value(whole, beside) * value(corner, beside) >= 0)
        assert len(signs) == 1 or value(corner, beside) == 0


@pytest.mark.parametrize("seed", range(30))
def test_every_zero_of_a_sheet_on_a_hinge_is_on_a_seam(seed: int) -> None:
    random = Random(1000 + seed)
    whole = sheet(random, random.randint(1, 6))
    seams = whole.seams
    for pivot, _ in whole.bends:
        for _ in range(12):
            line = meeting(pivot, form(random))
            if line is None:
                continue
            samples = [point_at(line, Fraction(random.randint(-4000, 4000), 97)) for _ in range(60)]
            samples.sort(key=lambda p: parameter_of(line, p))
            for a, b in pairwise(samples):
                forms = {whole.form_at(p, (pivot,)) for p in (a, b)}
                if value(whole, a) * value(whole, b) < 0 and len(forms) == 1:
                    zero = crossing(line, forms.pop())
                    assert zero is not None
                    on = [
                        s
                        for s in seams
                        if dot3(s.line[0], s.line[0])
                        and is_on(s.line, zero)
                        and s.covers(parameter_of(s.line, zero))
                    ]
                    assert len(on) == 1, (whole, zero)


def is_on(line: tuple[tuple[int, int, int], tuple[int, int, int]], point: Point) -> bool:
    return point_at(line, parameter_of(line, point)) == point


@pytest.mark.parametrize("seed", range(20))
def test_lines(seed: int) -> None:
    random = Random(seed)
    p, q = form(random), form(random)
    line = meeting(p, q)
    if line is None:
        return
    for t in (Fraction(0), Fraction(7, 3), Fraction(-2)):
        point = point_at(line, t)
        assert (dot4(p, point), dot4(q, point), parameter_of(line, point)) == (0, 0, t)
    assert line_through(foot(line), point_at(line, Fraction(5))) == line
    assert line_through(point_at(line, Fraction(5)), foot(line)) == line


def test_what_is_not_generic_is_named() -> None:
    x, y, z = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
    with pytest.raises(NotGenericError, match="three hinges"):
        _ = Sheet.of((1, 1, 1, 0), [(x, 1), (y, 1), (z, 2)])[0].corners
    with pytest.raises(NotGenericError, match="along a line"):
        _ = Sheet.of((1, 1, 0, 0), [(x, 1), (y, 1)])[0].corners
    parallel = Sheet.of((0, 1, 1, 0), [(x, 1), ((1, 0, 0, -1), 1)])[
        0
    ]  # hinges that never cross: two whole seams
    assert [(s.start, s.end) for s in parallel.seams] == [(None, None)] * 2
    assert parallel.corners == []


def test_parts_of_a_sheet_that_are_parallel_to_its_hinges_are_planes_without_seams() -> None:
    x = (1, 0, 0, 0)
    one = Sheet.of((1, 0, 0, 1), [(x, -3)])[0]  # x + 1, and 1 - 2x where x > 0
    assert one.seams == []
    assert one.planes == {x, (1, 0, 0, 1), (2, 0, 0, -1)}
    two = Sheet.of((1, 0, 0, 1), [(x, -3), ((1, 0, 0, -2), 5)])[0]  # and 3x - 9 where x > 2
    assert (1, 0, 0, -3) in two.planes


def test_a_sheet_takes_its_own_corners_and_seams_and_gains_what_it_replaces() -> None:
    x, y, z = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
    whole, _ = Sheet.of((3, 5, 7, 2), [(x, -1), (y, 2), (z, 4)])
    ledger = Ledger(lambda _line: (Fraction(-100), Fraction(100)), lambda _point: True)
    two = (Fraction(2),)
    for seam in whole.seams:
        ledger.add_seam(seam, two)
    for vertex, corner, factor in whole.corners:
        ledger.add_corner(vertex, corner, (2 * factor,))
    assert len(ledger.left_over()) == len(whole.corners)
    effect = ledger.effect(whole)
    gain, weights = ledger.best(effect)
    before = sum(max(0, len(kind) - 2) for kind in ledger.lines.values())
    assert weights == two
    assert gain == len(whole.corners) + before - 1
    assert ledger.take(effect, weights) == whole.unit(two)
    assert ledger.left_over() == []
    assert not any(ledger.lines.values())


@pytest.mark.parametrize("sizes", [(3, 4, 4, 1), (3, 5, 6, 2)])
def test_two_hidden_layers_are_found_again(sizes: tuple[int, ...]) -> None:
    """The network's own second layer takes every corner and every seam, so no unit is left over."""
    network = float_network(5, *sizes)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    assert len(form.units) <= sizes[2]


def test_merging_halves_the_units_of_a_deep_network() -> None:
    network = float_network(0, 3, 6, 6, 6, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    many = space_form(enumeration.restriction, regions, merge=False)
    few = space_form(enumeration.restriction, regions)
    assert 2 * len(few.units) < len(many.units)
    assert sum(network_of(few).hidden_sizes()) < sum(network_of(many).hidden_sizes())


@pytest.mark.parametrize(
    "text",
    [
        # the second layer reads the inputs alone
        "h = relu(x[0] + x[1])\nk = relu(x[2] - x[0])\noutput h - 2*k",
        # a unit that is constant
        "h = relu([x[0] + x[1], x[2], 1/3])\nk = relu([h[0] - h[1] + h[2], h[2] + x[0]])\n"
        "m = relu(k[0] - k[1]/2 + x[1]/7 - 1/9)\noutput m",
    ],
)
def test_second_layers_of_another_kind(text: str) -> None:
    network = net(f"input x[3] in [-1, 1]\n{text}\n")
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    points = points_of(network.domain, 40, 0)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)
    assert compare_by_regions(network, result.network, network.domain).complete
