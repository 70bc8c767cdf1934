"""Two networks side by side, A at one point and B at another, as one network.

    inputs (x, s)      A(x), B(x + s)      its outputs: those of A, then those of B

Its layers are those of A, then those of B, then one that repeats both outputs.
"""

from __future__ import annotations

from rectifold_check.json import Refusal
from rectifold_check.networks import Layer, Network, Row


def side_by_side(a: Network, b: Network) -> Network:
    """Of twice as many inputs: a point, then the step to the other. Raises Refusal."""
    if a.inputs != b.inputs:
        raise Refusal("networks side by side have the same number of inputs")
    second = [_moved(layer, a.inputs, len(a.layers)) for layer in b.layers]
    ends = [(a.output, a.size(a.output)), (len(a.layers) + b.output, b.size(b.output))]
    rows = tuple((Row(end, ((k, 1),)),) for end, size in ends for k in range(size))
    last = Layer(False, 1, (0,) * len(rows), rows)
    layers = (*a.layers, *second, last)
    return Network(2 * a.inputs, layers, len(layers), "")


def _moved(layer: Layer, inputs: int, before: int) -> Layer:
    """A layer of B behind so many layers: it reads x + s for the input."""
    rows = tuple(
        tuple(
            Row(0, (*row.entries, *((inputs + k, c) for k, c in row.entries)))
            if row.source == 0
            else Row(before + row.source, row.entries)
            for row in unit
        )
        for unit in layer.rows
    )
    return Layer(layer.is_relu, layer.den, layer.bias, rows)
