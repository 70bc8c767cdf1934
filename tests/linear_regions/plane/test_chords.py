"""Pieces counted from values at corners: right where it is certain, not certain where it is not."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from rectifold.linear_regions.plane.chords import Values, piece_counts
from rectifold.linear_regions.plane.polygons import Corner, count_pieces, crossing, pieces
from rectifold.linear_regions.polytope import Form, Vertex

SQUARE: list[Vertex] = [(-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)]


def at(form: Form, point: Vertex) -> int:
    return sum(a * x for a, x in zip(form, point, strict=True))


def cutting_lines(random: Random, count: int, most: int) -> list[Form]:
    lines: list[Form] = []
    while len(lines) < count:
        form = [random.randint(-most, most) for _ in range(3)]
        signs = {(v > 0) - (v < 0) for v in (at(form, p) for p in SQUARE)}
        if {1, -1} <= signs:
            lines.append(form)
    return lines


def by_cutting(lines: list[Form]) -> int:
    """The pieces themselves, made one after the other."""
    ring = []
    for point in SQUARE:
        values = [at(form, point) for form in lines]
        bits = [sum(1 << k for k, v in enumerate(values) if s * v > 0) for s in (1, -1)]
        ring.append(Corner(point, bits[0], bits[1]))
    found = list(pieces(ring, dict(enumerate(lines))))
    assert not any(crossing(piece) for piece in found)
    return len(found)


def seen(lines: list[Form], error: float) -> tuple[int, bool]:
    floats = np.array([[[float(at(form, p)) for form in lines] for p in SQUARE]])
    values = Values(floats, np.full((1, 4), error), np.sign(floats).astype(np.int8))
    counts, certain = piece_counts(values)
    return int(counts[0]), bool(certain[0])


@pytest.mark.parametrize("most", [1, 2, 9, 10**6])
def test_three_ways_of_counting_agree(most: int) -> None:
    random = Random(most)
    sure = 0
    for _ in range(60):
        lines = cutting_lines(random, random.randint(2, 6), most)
        expected = by_cutting(lines)
        assert count_pieces(SQUARE, lines) == expected
        count, certain = seen(lines, 1e-12)
        assert count == expected or not certain
        sure += certain
    assert sure > (50 if most > 9 else 0)


def test_three_lines_through_one_point_inside_are_not_certain() -> None:
    lines = [[1, 0, 0], [0, 1, 0], [3, 7, 0]]
    assert count_pieces(SQUARE, lines) == 6
    assert not seen(lines, 1e-12)[1]
    assert seen([[1, 0, 0], [0, 1, 0], [3, 7, 1]], 1e-12) == (7, True)
    assert not seen([[1, 0, 0], [0, 1, 0], [3, 7, 1]], 0.5)[1]


def test_lines_that_meet_at_a_corner_do_not_cross_inside() -> None:
    lines = [[1, -1, 0], [2, -1, 1], [1, -2, -1]]  # all through (-1, -1)
    assert count_pieces(SQUARE, lines) == by_cutting(lines) == 4
    assert seen(lines, 1e-12) == (4, True)


def test_a_diagonal_twice_is_one_line() -> None:
    lines = [[1, -1, 0], [-3, 3, 0]]
    assert count_pieces(SQUARE, lines) == by_cutting(lines) == 2
    assert seen(lines, 1e-12) == (2, True)
