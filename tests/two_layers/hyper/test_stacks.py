"""Units over one or two others that read hinges: all ways have one class, and few units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from random import Random

import pytest

from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.near_point import UnitPlace
from rectifold.two_layers.classes.symbols import Symbol
from rectifold.two_layers.form import unit_of
from rectifold.two_layers.hyper.cells import Cells, Class, add_weights
from rectifold.two_layers.hyper.corners import Corners
from rectifold.two_layers.hyper.flags import Flag
from rectifold.two_layers.hyper.parts import Lifted
from rectifold.two_layers.hyper.stacks import stacks_of
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import NO_WATCH
from support import net

ORIGIN = (0, 0, 0, 0, 1)
TOP = (2, 0)
Shape = Callable[[list[int]], Mapping[UnitPlace, Symbol]]

OVER_ONE = """
    network one
    input x[4] in [-1, 1]
    h = relu([x[0], x[1]])
    w = relu(x[2] + {} * h[0] + {} * h[1])
    output relu(x[3] + {} * h[0] + {} * h[1] + {} * w)
"""
OVER_TWO = """
    network two
    input x[4] in [-1, 1]
    h = relu(x[0])
    w = relu([x[1] + {} * h, x[2] + {} * h])
    output relu(x[3] + {} * h + {} * w[0] + {} * w[1])
"""


def symbol(place: int, *factors: tuple[UnitPlace, int]) -> Symbol:
    form = tuple(Fraction(int(k == place)) for k in range(5))
    return Symbol(form, {k: Fraction(c) for k, c in factors if c})


def over_one(numbers: list[int]) -> Mapping[UnitPlace, Symbol]:
    d, e, a, b, c = numbers
    u, t, w = (0, 0), (0, 1), (1, 0)
    return {
        u: symbol(0),
        t: symbol(1),
        w: symbol(2, (u, d), (t, e)),
        TOP: symbol(3, (u, a), (t, b), (w, c)),
    }


def over_two(numbers: list[int]) -> Mapping[UnitPlace, Symbol]:
    d, e, a, b, c = numbers
    u, t, w = (0, 0), (1, 0), (1, 1)
    return {
        u: symbol(0),
        t: symbol(1, (u, d)),
        w: symbol(2, (u, e)),
        TOP: symbol(3, (u, a), (t, b), (w, c)),
    }


def class_of(way: list[Lifted], option: int) -> Class:
    """Of the units of a way, for one of the choices of each part."""
    total: Class = {}
    for part in way:
        options = list(part.options())
        for factor, base, bends in options[option % len(options)]:
            form = (*base, Fraction(0))
            unit = unit_of((factor,), form, [(c, (*side, Fraction(0))) for c, side in bends])
            placed = Placed(unit, ORIGIN)
            for direction, (ahead, behind) in placed.rays.items():
                for numbers, sign in ((ahead, 1), (behind, -1)):
                    for flag, value in numbers.items():
                        key: Flag = (direction, *flag)
                        add_weights(total, key, placed.weights, sign * value)
    return total


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", [over_one, over_two])
def test_all_ways_have_one_class(shape: Shape, seed: int) -> None:
    random = Random(seed)
    ways = stacks_of(shape([random.choice((-3, -2, 1, 2, 5)) for _ in range(5)]), TOP)
    classes = [class_of(way, option) for option, way in enumerate(ways)]
    assert classes[0]
    assert all(own == classes[0] for own in classes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("text", "most"), [(OVER_ONE, 6), (OVER_TWO, 5)])
def test_the_units_have_the_class_of_the_network(text: str, most: int, seed: int) -> None:
    """`Corners.units` asserts it."""
    random = Random(seed)
    network = net(text.format(*(f"({random.choice((-3, -2, 1, 2, 5))})" for _ in range(5))))
    assert network.domain is not None
    found = vertex_enumeration(network, network.domain)
    corners = Corners(Cells(found.restriction, list(found.regions())))
    units = corners.units(NO_WATCH)
    assert {placed.point for placed in units} == {ORIGIN}
    assert len(units) <= most


@pytest.mark.parametrize(
    ("numbers", "units"),
    [
        ([2, 3, 0, 0, 1], 1),  # both hinges are read by the inner unit alone
        ([2, 0, 0, 3, -1], 2),  # one by each
        ([2, -2, -2, 2, 1], 1),  # what is read directly is gone where the inner unit is on
        ([2, 0, 5, 3, 1], 3),
        ([2, 3, 5, 7, 1], 6),
    ],
)
def test_hinges_that_suit_each_other_need_fewer_units(numbers: list[int], units: int) -> None:
    ways = stacks_of(over_one(numbers), TOP)
    assert {sum(part.cost for part in way) for way in ways} == {units}


def test_other_shapes_have_no_ways() -> None:
    u, t, w = (0, 0), (0, 1), (0, 2)
    hinges = {k: symbol(n) for n, k in enumerate((u, t, w))}
    assert stacks_of({**hinges, TOP: symbol(3, (u, 1), (t, 1), (w, 1))}, TOP) == []
    inner, over = (1, 0), (1, 1)
    chain = {u: symbol(0), inner: symbol(1, (u, 1)), over: symbol(2, (u, 1), (inner, 2))}
    assert stacks_of({**chain, TOP: symbol(3, (u, 1), (inner, 1), (over, 1))}, TOP) == []
    many = {**over_one([1, 2, 3, 4, 5]), w: symbol(2)}
    many[TOP] = Symbol(many[TOP].form, {**many[TOP].factors, w: Fraction(1)})
    assert stacks_of(many, TOP) == []
