"""A network on the triangle of three inputs, exactly: a network of two inputs.

    x(s, t) = x0 + s (x1 − x0) + t (x2 − x0),  s, t ≥ 0, s + t ≤ 1

    relu(W x + b)     becomes     relu(W D (s, t) + (W x0 + b)),     D = (x1 − x0 | x2 − x0)

Sound because composing affine maps is exact here, in rational numbers. A convex domain that holds
the three inputs holds the triangle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from rectifold.exact.matrix import Matrix, hstack
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network

ONE = Fraction(1)
TRIANGLE = Domain((0 * ONE, 0 * ONE), (ONE, ONE), (Constraint((ONE, ONE), ONE),))


def on_triangle(network: Network, corners: Sequence[Sequence[float]]) -> Network:
    """`network` as a function of (s, t), with that triangle as its domain."""
    first, second, third = (Matrix.from_floats([list(corner)]).T for corner in corners)
    directions = hstack([second - first, third - first])
    layers = [_moved(layer, network.input_name, first, directions) for layer in network.layers]
    return replace(network, input_size=2, layers=layers, domain=TRIANGLE)


def _moved(layer: Layer, source: str, origin: Matrix, directions: Matrix) -> Layer:
    """The layer, reading (s, t) where it reads the input."""
    if source not in layer.weights:
        return layer
    weight = layer.weights[source]
    weights = {**layer.weights, source: weight @ directions}
    return replace(layer, bias=layer.bias + weight @ origin, weights=weights)
