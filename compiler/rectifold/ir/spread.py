"""How much floats of one format would be off at given points: an estimate, on which no proof rests.

    a   = relu(W a' + b)
    s²  = (W∘W) s'² + u² (1 + n/16) ((W∘W) a'² + b²)       where z > 0, else 0

Every product and stored weight rounds by at most u relative to it, and so does each partial sum of
the n terms, of which programs add some side by side; taken as independent, the roundings add up in
squares. Two networks that are the same function have the same values, so what
differs between them is the way there: a carrier relu(q a + t) with a large shift t makes large
products that cancel later, and its s shows it.
"""

from __future__ import annotations

import numpy as np

from rectifold.effort.writing import RoundingEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Layer, Network

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}


def rounding_spread(network: Network, points: Floats, precision: str) -> float:
    """The root mean square, over points (one a row) and outputs, of the expected rounding error.

    `precision`: "float32" or "float64". Infinite where a value is beyond float64.
    """
    unit = UNIT_ROUNDOFF[precision]
    values: dict[str, Floats] = {network.input_name: points.T}
    squares: dict[str, Floats] = {network.input_name: np.zeros(points.T.shape)}
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for layer in network.layers:
            values[layer.name], squares[layer.name] = _layer_spread(layer, values, squares, unit)
        mean = np.sqrt(np.mean(squares[network.output])) if squares[network.output].size else 0.0
    return float(mean) if np.isfinite(mean) else np.inf


def _layer_spread(
    layer: Layer, values: dict[str, Floats], squares: dict[str, Floats], unit: float
) -> tuple[Floats, Floats]:
    """The activations at the points (a column each), and the squares of their spread."""
    bias = layer.bias.approximation[0]
    count = next(iter(values.values())).shape[1]
    value = np.repeat(bias, count, axis=1)
    terms = sum(weight.nonzero.sum(axis=1) for weight in layer.weights.values())
    rate = np.reshape(unit**2 * (1 + terms / RoundingEffort.side_by_side), (-1, 1))
    square = rate * value**2
    for source, weight in layer.weights.items():
        rows = weight.approximation[0]
        value = value + rows @ values[source]
        square = square + rows**2 @ squares[source] + rate * (rows**2 @ values[source] ** 2)
    if not layer.is_relu:
        return value, square
    return np.maximum(value, 0.0), np.where(value > 0, square, 0.0)
