"""A polytope as pyramids with one apex: they cover it, and as few as there are."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import pytest

from rectifold.two_layers.newton.pyramids import pyramids_of
from rectifold.two_layers.newton.triangulation import hull_vertices, placing
from rectifold.two_layers.newton.vectors import Vector, minus

CUBE: list[Vector] = list(product((0, 1), repeat=3))


def volume(points: list[Vector]) -> Fraction:
    """Of a hull, by its placing triangulation."""
    total = 0
    for simplex in placing(points):
        a, b, c = (minus(points[k], points[simplex[0]]) for k in simplex[1:])
        total += abs(
            a[0] * (b[1] * c[2] - b[2] * c[1])
            - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
    return Fraction(total, 6)


def base_of(corner: Vector, ways: tuple[Vector, ...]) -> list[Vector]:
    sums: set[Vector] = {corner}
    for way in ways:
        sums |= {tuple(x + y for x, y in zip(p, way, strict=True)) for p in sums}
    return sorted(sums)


def test_a_cube_is_three_pyramids_on_squares() -> None:
    tetrahedra, pyramids = pyramids_of(CUBE)
    assert tetrahedra == []
    assert [len(ways) for _, _, ways in pyramids] == [2, 2, 2]


def test_a_tetrahedron_is_itself() -> None:
    points: list[Vector] = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    tetrahedra, pyramids = pyramids_of(points)
    assert ([set(one) for one in tetrahedra], pyramids) == ([set(points)], [])


@pytest.mark.parametrize("seed", range(12))
def test_the_volumes_add_up(seed: int) -> None:
    random = Random(seed)
    if seed % 2:
        segments = [tuple(random.randint(-2, 2) for _ in range(3)) for _ in range(4)]
        points = base_of((0, 0, 0), (*segments, (1, 0, 0), (0, 1, 0), (0, 0, 1)))
    else:
        points = [
            (random.randint(-3, 3), random.randint(-3, 3), random.randint(-3, 3)) for _ in range(9)
        ]
    extreme = hull_vertices(list(dict.fromkeys(points)))
    tetrahedra, pyramids = pyramids_of(extreme)
    parts = [volume(list(one)) for one in tetrahedra]
    parts += [volume(sorted({apex, *base_of(p, ways)})) for apex, p, ways in pyramids]
    assert sum(parts) == volume(extreme)
    assert all(parts)
