"""The integer code as a second network in real numbers, whose inputs are the rounding errors.

    code:      a_i = floor((max(sum_i, 0) + half) / 2^shift)  ·  2^-t
    network:   a_i = relu(z_i + r_i),      |r_i| <= 2^-(t + 1),   0 where the shift is 0

Sound because rounding to the nearest integer moves a sum by at most half a unit, and leaves a sum
at most 0 at 0: so the value is relu of the moved sum. An input x that is rounded to the grid is
x + h with |h| <= 2^-(input scale + 1). Weights and biases are the integers, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from rectifold.exact.matrix import Matrix, hstack
from rectifold.integers.network import IntegerLayer, IntegerNetwork, Integers
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network


def network_and_code(network: Network, code: IntegerNetwork) -> tuple[Network, Network]:
    """Both with the inputs x, then h, then r of every layer; the first reads x alone.

    The layers correspond, name by name and in their order: every one depends on the inputs.
    """
    noise = network.input_size + sum(layer.size for layer in code.layers)
    first = [_reading_x(v, network.input_name, network.input_size, noise) for v in network.layers]
    starts, place = {}, 2 * network.input_size
    for layer in code.layers:
        starts[layer.name] = place
        place += layer.size
    scales = {network.input_name: np.full(network.input_size, code.input_scale)}
    scales |= {layer.name: layer.scale for layer in code.layers}
    second = [_real(v, code.input_name, scales, starts[v.name], place) for v in code.layers]
    return (
        Network(network.input_name, place, first, network.output),
        Network(network.input_name, place, second, network.output),
    )


def joint_domain(code: IntegerNetwork, box: Domain, *, rounds_inputs: bool) -> Domain:
    """The inputs x in the box, and the rounding errors; h is 0 unless inputs are rounded."""
    half = Fraction(1, 2)
    of_inputs = half * Fraction(2) ** -code.input_scale if rounds_inputs else Fraction(0)
    sizes = [of_inputs] * box.size + [
        half * Fraction(2) ** -int(scale) if shift else Fraction(0)
        for layer in code.layers
        for scale, shift in zip(layer.scale, layer.shift, strict=True)
    ]
    return Domain(box.lower + tuple(-v for v in sizes), box.upper + tuple(sizes))


def _reading_x(layer: Layer, source: str, inputs: int, noise: int) -> Layer:
    if layer.weights and source not in layer.weights:
        return layer
    own = layer.weights.get(source, Matrix.zeros(layer.size, inputs))
    wider = hstack([own, Matrix.zeros(own.shape[0], noise)])
    return Layer(layer.name, layer.activation, layer.bias, dict(layer.weights) | {source: wider})


def _real(
    layer: IntegerLayer, source: str, scales: Mapping[str, Integers], start: int, inputs: int
) -> Layer:
    """The layer as real numbers, reading x + h, and its own r from input number `start` on."""
    sums = layer.scale + layer.shift
    weights = {
        u: np.ldexp(w.astype(np.float64), scales[u][None, :] - sums[:, None])
        for u, w in layer.weights.items()
    }
    spread = np.zeros((layer.size, inputs))
    if source in weights:
        own = weights[source]
        spread[:, : 2 * own.shape[1]] = np.hstack([own, own])
    spread[np.arange(layer.size), start + np.arange(layer.size)] = 1.0
    matrices = {u: Matrix.from_floats(w) for u, w in (weights | {source: spread}).items()}
    bias = Matrix.column(
        [Fraction(int(b)) / Fraction(2) ** int(s) for b, s in zip(layer.bias, sums, strict=True)]
    )
    return Layer(layer.name, "relu" if layer.is_relu else "linear", bias, matrices)
