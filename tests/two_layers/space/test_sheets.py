"""Bent sheets in three dimensions: corners and seams against exact evaluation."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

from rectifold.two_layers.form import hinge_of
from rectifold.two_layers.space.incidence import (
    crossing,
    dot3,
    dot4,
    meeting,
    parameter_of,
    point_at,
)
from rectifold.two_layers.space.sheets import NotGenericError, Sheet

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
