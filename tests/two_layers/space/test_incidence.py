"""Points, lines and planes in integers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.two_layers.space.incidence import (
    dot4,
    foot,
    line_through,
    meeting,
    parameter_of,
    point_at,
)


def form(random: Random, size: int = 99) -> tuple[int, ...]:
    while True:
        values = tuple(random.randint(-size, size) for _ in range(4))
        if any(values[:3]):
            return values


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
