"""Points of few digits are strictly inside, or there are none."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.linear_regions.inside import short_point
from rectifold.linear_regions.polytope import Polytope, primitive, scaled
from rectifold.linear_regions.region import coordinates, cyclic_order


def random_part(random: Random, n: int, scale: int) -> tuple[Polytope, list[list[int]]]:
    """A box, cut some times; and the inequalities of the part."""
    ends = [(random.randint(-scale, -1), 7) for _ in range(n)]
    polytope = Polytope.box(ends, [(random.randint(1, scale), 3) for _ in range(n)])
    rows = []
    for _ in range(6):
        form = [random.randint(-9, 9) for _ in range(n)] + [random.randint(-scale, scale)]
        signs = polytope.signs([form], scaled([form]))[0].tolist()
        if min(signs) < 0 < max(signs):
            polytope = polytope.split(form, signs).above
            rows.append(form)
    return polytope, rows


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", [1, 30, 10**9])
def test_the_point_is_strictly_inside(n: int, scale: int) -> None:
    random = Random(n)
    for _ in range(20):
        polytope, rows = random_part(random, n, scale)
        point = short_point(polytope)
        assert point is not None
        for row in rows:
            assert sum(a * x for a, x in zip(row, point, strict=True)) > 0
        columns = list(map(coordinates, polytope.vertices))
        for k, x in enumerate(coordinates(point)):
            assert min(c[k] for c in columns) < x < max(c[k] for c in columns)


def test_it_has_few_digits() -> None:
    triangle = Polytope.box([(0, 1), (0, 1)], [(1, 1), (1, 1)]).split([-1, -1, 1], [1, 0, 0, -1])
    assert short_point(triangle.above) == (21, 21, 64)
    far = short_point(Polytope.box([(10**6, 1)], [(10**6 + 2**10, 1)]))
    assert far is not None
    assert coordinates(far) == (Fraction(10**6 + 2**9),)


def test_of_what_is_thin_for_where_it_is_there_is_none() -> None:
    strip = Polytope.box([(10**9, 1), (0, 1)], [(10**9 * 10**9 + 1, 10**9), (1, 1)])
    assert short_point(strip) is None
    point = Polytope.box([], [])
    assert short_point(point) is None


def test_corners_above_each_other_go_round() -> None:
    corners = [(0, 0, 1), (0, 3, 2), (2, 0, 2), (1, 1, 1), (1, 3, 2), (1, 0, 2)]
    shifted = [primitive((10**30 * w + x, y, w)) for x, y, w in corners]  # one place in floats
    for points in (corners, shifted):
        assert cyclic_order(points) == [0, 5, 2, 3, 4, 1]
