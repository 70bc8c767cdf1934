"""Triangulations and Newton polytopes of random integer points, against direct evaluation."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from rectifold.two_layers.newton.polytopes import Difference
from rectifold.two_layers.newton.triangulation import hull_vertices, interior_faces, placing
from rectifold.two_layers.newton.vectors import Vector, dot, echelon, normal_to, rank


def random_points(random: Random, count: int, n: int, span: int) -> list[Vector]:
    return list(
        dict.fromkeys(tuple(random.randint(-span, span) for _ in range(n)) for _ in range(count))
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("span", [1, 9])
def test_a_maximum_is_the_signed_sum_over_interior_faces(n: int, span: int) -> None:
    random = Random(n)
    points = random_points(random, n + 6, n, span)
    faces = interior_faces(placing(points))
    for _ in range(30):
        x = [random.randint(-9, 9) for _ in range(n)]
        total = sum(s * max(dot(points[k], x) for k in face) for face, s in faces.items())
        assert total == max(dot(p, x) for p in points)


def test_points_on_one_plane_of_space_are_triangulated_there() -> None:
    points = [(0, 0, 5), (2, 0, 5), (0, 2, 5), (2, 2, 5), (1, 1, 5)]
    assert [len(simplex) for simplex in placing(points)] == [3, 3]
    assert hull_vertices(points) == points[:4]
    assert placing([(1, 2)]) == [(0,)]


def test_the_vertices_of_a_cube_are_extreme_and_no_other_of_its_points() -> None:
    points = list(product((0, 1, 2), repeat=4))
    assert hull_vertices(points) == [p for p in points if 1 not in p]


@pytest.mark.parametrize("seed", range(6))
def test_a_difference_is_the_function_that_it_was_built_as(seed: int) -> None:
    random = Random(seed)
    n = 3 + seed % 2
    rows = random_points(random, 4, n, 2)
    outer = [[random.randint(-2, 2) for _ in rows] for _ in range(3)]
    inner = [Difference.linear(row).relu() for row in rows]
    hidden = []
    for row in outer:
        total = Difference.linear((0,) * n)
        for factor, unit in zip(row, inner, strict=True):
            total = total.plus(unit.times(factor))
        hidden.append(total.relu())
    whole = hidden[0].plus(hidden[1].times(-2)).plus(hidden[2])
    for _ in range(100):
        x = [random.randint(-9, 9) for _ in range(n)]
        first = [max(dot(row, x), 0) for row in rows]
        second = [max(dot(row, first), 0) for row in outer]
        assert whole.value(x) == second[0] - 2 * second[1] + second[2]


def test_spans_have_one_basis_and_normals_are_orthogonal() -> None:
    rows = [(2, 4, 0, 2), (0, 3, 3, 0)]
    mixed = [tuple(a - 2 * b for a, b in zip(*rows, strict=True)), rows[1], rows[0]]
    assert echelon(rows) == echelon(mixed)
    assert rank(mixed) == 2
    normal = normal_to([*rows, (1, 0, 0, 5)])
    assert normal is not None
    assert all(dot(normal, row) == 0 for row in [*rows, (1, 0, 0, 5)])
    assert normal_to([*rows, rows[0]]) is None
