"""Polytopes: signs decided in integers, true vertices and edges after a cut."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from rectifold.linear_regions.polytope import Polytope, scaled


def test_signs_near_zero_are_found_in_integers() -> None:
    box = Polytope.box([(0, 1), (0, 1)], [(1, 1), (1, 1)])
    large = 10**30
    form = [large, -large + 1, 0]  # at (1, 1) the value is 1, far inside the float error
    signs = box.signs([form, [large, -large, 0]], scaled([form, [large, -large, 0]]))
    at = box.vertices.index((1, 1, 1))
    assert (signs[0, at], signs[1, at]) == (1, 0)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_splitting_a_cube_keeps_true_vertices_and_edges(n: int) -> None:
    box = Polytope.box([(0, 1)] * n, [(1, 1)] * n)
    form = [2] * n + [-n]  # through the middle, for even n through corners too
    signs = box.signs([form], scaled([form]))[0].tolist()
    cut = box.split(form, signs)
    for part, sign in ((cut.above, 1), (cut.below, -1)):
        for vertex in part.vertices:
            assert sign * sum(a * x for a, x in zip(form, vertex, strict=True)) >= 0
        corners = {tuple(c) for c in product((0, 1), repeat=n) if sign * (2 * sum(c) - n) > 0}
        assert corners <= {v[:-1] for v in part.vertices if v[-1] == 1}


@pytest.mark.parametrize(
    ("other", "signs"),
    [
        ([-3, -3, 3], {0}),  # the same line
        ([1, 0, 0], {0, 1}),  # it meets the other one in a corner of the square, and 0 ≤ x there
        ([4, 4, -5], {-1}),  # parallel
        ([1, -1, 0], {1, -1}),
        ([1, 2, -1], {0, 1}),
        ([1, 3, -2], {1, -1}),
    ],
)
def test_signs_of_one_form_where_another_is_zero(other: list[int], signs: set[int]) -> None:
    square = Polytope.box([(0, 1), (0, 1)], [(1, 1), (1, 1)])
    form = [1, 1, -1]
    table = square.signs([form, other], scaled([form, other])).tolist()
    assert square.signs_on(form, table[0], other, table[1]) == signs


def test_signs_of_one_form_where_another_is_zero_are_found_in_edges() -> None:
    cube = Polytope.box([(0, 1)] * 3, [(1, 1)] * 3)
    for form, other in (([7, 7, 7, -10], [5, -5, 1, -1]), ([3, 0, 0, -1], [0, 0, 7, -3])):
        table = cube.signs([form, other], scaled([form, other])).tolist()
        assert cube.signs_on(form, table[0], other, table[1]) == {1, -1}
        assert cube.signs_on(other, table[1], form, table[0]) == {1, -1}


def test_rows_of_any_size_are_scaled_below_one() -> None:
    huge = 3**800  # beyond the range of floats
    forms = [[5, -3, 1], [0, 0, 0], [2**1023, -1, 7], [huge, -huge // 2, 1], [1, 2**60 - 1, 4]]
    for some in (forms[:3], forms):
        table = scaled(some)
        for form, row in zip(some, table.tolist(), strict=True):
            if any(form):
                assert 0.5 <= max(map(abs, row)) < 1
            for v, w in zip(form, row, strict=True):
                assert w == pytest.approx(row[0] * (Fraction(v, form[0]) if form[0] else 0))
    assert scaled([]).shape == (0, 0)
