"""Intervals on many boxes in one product, and errors of values at points of their hull.

    z = sum W a + b        boxes × values in, boxes × units out

Sound because each product is least at one end, and because every box lies inside the domain of the
bounds: its values are no larger than there, so the domain's rounding terms hold on each box
(docs/mathematics.md#intervals).
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import settled_down, settled_up
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats


def interval_on_boxes(bounds: Bounds, name: str, boxes: Boxes) -> Interval:
    """Bounds of a layer's pre-activations on each box: boxes × units.

    Precondition: the boxes have bounds of the relu layers and linear layers that it reads; the
    bounds on the domain are set for these and for the layer itself.
    """
    layer = bounds.floats[name]
    least, greatest = _ends(bounds, layer, boxes)
    error = bounds.forward_error(layer)
    found = Interval(settled_down(least, error), settled_up(greatest, error))
    return found.intersect(bounds.of(name))


def seen_on_boxes(bounds: Bounds, name: str, boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
    """(certainly positive, certainly negative) at some corner of each box: boxes × units.

    Precondition: the layer reads the inputs alone.
    """
    layer = bounds.floats[name]
    least, greatest = _ends(bounds, layer, boxes)
    error = bounds.forward_error(layer)
    return settled_down(greatest, error) > 0, settled_up(least, error) < 0


def point_errors(bounds: Bounds) -> dict[str, Floats]:
    """Per layer and unit, how far its pre-activation in floats may be off at any float point.

    Of points of the domain. An error of what a layer reads goes through its weights (relu adds
    none); doubled, so that it covers what rounding does to the error itself.
    """
    errors: dict[str, Floats] = {}
    for layer in bounds.network.layers:
        own = bounds.floats[layer.name]
        total = bounds.forward_error(own)
        for source, weight in own.weights.items():
            if source in errors:
                total = total + np.abs(weight) @ errors[source]
        errors[layer.name] = 2.0 * total
    return errors


def passed_on(bounds: Bounds, name: str, boxes: Boxes) -> Interval:
    """What a layer, or the input, passes on, on each box."""
    if name == bounds.network.input_name:
        return Interval(boxes.low, boxes.high)
    own = boxes.bounds(name)
    if not bounds.floats[name].is_relu:
        return own
    return Interval(np.maximum(own.lower, 0.0), np.maximum(own.upper, 0.0))


def _ends(bounds: Bounds, layer: FloatLayer, boxes: Boxes) -> tuple[Floats, Floats]:
    least = np.repeat(layer.bias[None, :], len(boxes.low), axis=0)
    greatest = least.copy()
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows becomes infinite
        for source, weight in layer.weights.items():
            low, high = passed_on(bounds, source, boxes)
            positive = np.maximum(weight, 0.0)
            negative = weight - positive
            greatest += high @ positive.T + low @ negative.T
            least += low @ positive.T + high @ negative.T
    return least, greatest
