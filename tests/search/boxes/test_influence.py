"""Which input is halved: never a flat one, and the one that matters where only one does."""

from __future__ import annotations

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.tree import Box
from support import net

NETWORK = net(
    """
    network two
    input x[2] in [-1, 1]
    h = relu([x[0] + x[1]/64, x[0] - x[1]/64])
    y = h[0] + h[1]
    output y
    """
)


def batch_of(low: list[float], high: list[float]) -> BoxBatch:
    assert NETWORK.domain is not None
    on_boxes = BoundsOnBoxes(bounded(NETWORK, NETWORK.domain, {}), "y")
    box = Box(np.array(low), np.array(high), on_boxes.domain_box().bounds)
    return BoxBatch(on_boxes, "y", [box])


def test_the_input_that_moves_the_bound_is_halved() -> None:
    batch = batch_of([-1.0, -1.0], [1.0, 1.0])
    answer = batch.ask(np.array([0]), np.array([0]), 1)
    assert answer.influence.shape == (1, 2)
    assert abs(answer.influence.sum() - 1) < 1e-6
    assert batch.input_to_halve(answer.influence).tolist() == [0]


def test_a_flat_input_is_not_halved() -> None:
    batch = batch_of([0.5, -1.0], [0.5, 1.0])
    answer = batch.ask(np.array([0]), np.array([0]), 1)
    assert batch.input_to_halve(answer.influence).tolist() == [1]


def test_a_bound_holds_at_its_corner() -> None:
    batch = batch_of([-1.0, -1.0], [1.0, 1.0])
    answer = batch.ask(np.array([0]), np.array([0]), 1)
    x = answer.corners[0]
    value = max(x[0] + x[1] / 64, 0) + max(x[0] - x[1] / 64, 0)
    assert value <= answer.upper[0]
