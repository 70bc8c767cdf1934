"""By how much one output is above every other: a linear layer after the outputs.

    y = (y0, y1, y2)     →     (y0 − y1, y0 − y2, y1 − y0, y1 − y2, y2 − y0, y2 − y1)

Where the rows of output c are proved positive on a box, c is the greatest output on all of it.
Sound because the rows are exact, and substitution bounds them as any other layer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS


def has_margins(network: Network) -> bool:
    """Are there classes, and not too many to compare each with each?"""
    return 2 <= network.output_size <= CAPS.compared_outputs


def with_margins(network: Network) -> Network:
    """The network followed by the differences of its outputs, as its new output.

    Precondition: `has_margins`.
    """
    size = network.output_size
    rows = np.zeros((size, size - 1, size))
    for c in range(size):
        rows[c, :, c] = 1.0
        rows[c, np.arange(size - 1), [j for j in range(size) if j != c]] = -1.0
    flat = rows.reshape(size * (size - 1), size)
    name = fresh_name("margins", {network.input_name, *(v.name for v in network.layers)})
    bias = Matrix.zeros(len(flat), 1)
    last = Layer(name, "linear", bias, {network.output: Matrix.from_floats(flat)})
    return replace(network, layers=[*network.layers, last], output=name)


def proved_margins(bounds: Bounds, boxes: Boxes, classes: Indices, outputs: int) -> Floats:
    """Per box, a lower bound of how far the output of its class is above all others on the box.

    `bounds` and `boxes`: of a network with margins, and of all layers before them.
    """
    others = outputs - 1
    rows = (classes[:, None] * others + np.arange(others)).ravel()
    places = np.repeat(np.arange(len(classes)), others)
    found = backward(bounds, bounds.network.output, rows, -1.0, cases=boxes.of(places))
    return np.asarray(-found.upper.reshape(-1, others).max(axis=1))
