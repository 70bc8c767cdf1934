"""Points that climb by random steps: along a ridge, inside the box, and never downhill."""

from __future__ import annotations

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.search.wandering import Climb, wander
from rectifold.search.witnesses import Witnesses
from support import net

# y_0 = min(x - z, z - x) + x / 100 - 1/200: above 0 on a ridge near (1, 1) alone; y_1 = x
RIDGE = net(
    """
    network ridge
    input x[2] in [0, 1]
    h = relu([[1, -1], [-1, 1]] @ x)
    output concat(x[0] / 100 - 1/200 - h[0] - h[1], x[0])
    """
)


def witnesses() -> Witnesses:
    assert RIDGE.domain is not None
    return Witnesses(bounded(RIDGE, RIDGE.domain, {}), 0, [])


def values(own: Witnesses, points: np.ndarray) -> np.ndarray:
    return np.asarray(own.trace(points, RIDGE.output).values[RIDGE.output])


def test_they_follow_a_ridge() -> None:
    own = witnesses()
    start = np.tile([[0.1, 0.9]], (40, 1))
    rows = np.zeros(40, dtype=np.int64)
    ends = wander(own, Climb(RIDGE.output, rows, 1.0, start), 300, 0.2)
    assert values(own, ends)[:, 0].max() > 0
    assert ((ends >= 0) & (ends <= 1)).all()


def test_each_row_climbs_its_own_unit_and_sign() -> None:
    own = witnesses()
    start = np.full((10, 2), 0.5)
    rows = np.ones(10, dtype=np.int64)
    for sign in (1.0, -1.0):
        ends = wander(own, Climb(RIDGE.output, rows, sign, start - 0.5), 5, 0.2)
        before = sign * values(own, start - 0.5)[:, 1]
        assert (sign * values(own, ends)[:, 1] >= before).all()


def test_no_points_stay_none() -> None:
    own = witnesses()
    climb = Climb(RIDGE.output, np.zeros(0, dtype=np.int64), 1.0, np.zeros((0, 2)))
    assert wander(own, climb, 5, 0.2).shape == (0, 2)
