"""The input to halve, found by trying: the one that helps, whatever else is wide."""

from __future__ import annotations

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.effort.search import BoxEffort
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.trying import inputs_by_trying
from support import net

# |x_1| - 3/4 is what no slope proves on the whole box; x_0 is wide, x_2 flat
NETWORK = net(
    """
    network tent
    input x[3] in [[-100, 100], [-1, 1/2], [1, 1]]
    h = relu([[0, 1, 0], [0, -1, 0]] @ x)
    y = h[0] + h[1] - 17/20 + x[0] / 10000
    output y
    """
)


def test_the_input_that_helps_is_chosen() -> None:
    assert NETWORK.domain is not None
    on_boxes = BoundsOnBoxes(bounded(NETWORK, NETWORK.domain, {}), NETWORK.output)
    box = on_boxes.domain_box()
    batch = BoxBatch(on_boxes, NETWORK.output, [box, box])
    is_open = np.array([[True], [False]])
    chosen = inputs_by_trying(batch, [box, box], is_open, [[(0, 1)]], BoxEffort(batch=3))
    assert chosen.tolist() == [1, -1]
