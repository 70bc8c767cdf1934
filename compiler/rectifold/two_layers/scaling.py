"""Rows of relu layers scaled by powers of two, so that they fit the floats of a target.

    relu(2^60 z) · w      becomes      relu(z) · 2^60 w

Sound because relu(s z) = s relu(z) for s > 0. A power of two keeps floats exact, and rows whose
largest entry has an ordinary size stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer, Network


def with_scaled_rows(network: Network) -> Network:
    """The same function, the largest entry of every row of a hidden relu layer of ordinary size:
    within [2^-25, 2^25].
    """
    columns: dict[str, list[Fraction]] = {}  # what a layer's activations were divided by
    layers = []
    for layer in network.layers:
        read = {
            source: _columns_times(weight, columns[source]) if source in columns else weight
            for source, weight in layer.weights.items()
        }
        layer = replace(layer, weights=read)
        if layer.is_relu and layer.name != network.output:
            factors = [_factor(layer, unit) for unit in range(layer.size)]
            if any(factor != 1 for factor in factors):
                columns[layer.name] = [1 / factor for factor in factors]
                layer = _scaled(layer, factors)
        layers.append(layer)
    if not columns:
        return network
    return Network(
        network.input_name, network.input_size, layers, network.output, network.domain,
        network.name, network.title,
    )  # fmt: skip


def _factor(layer: Layer, unit: int) -> Fraction:
    """A power of two that brings the largest entry of the row near 1, or 1 where it is ordinary."""
    entries = [layer.bias.entry(unit, 0)]
    for weight in layer.weights.values():
        entries += weight.row(unit)
    largest = max(abs(v) for v in entries)
    if not largest:
        return Fraction(1)
    exponent = largest.numerator.bit_length() - largest.denominator.bit_length()
    is_ordinary = abs(exponent) <= SHALLOW_EFFORT.ordinary_exponent
    return Fraction(1) if is_ordinary else Fraction(2) ** -exponent


def _scaled(layer: Layer, factors: list[Fraction]) -> Layer:
    weights = {source: weight.scale_rows(factors) for source, weight in layer.weights.items()}
    return replace(layer, bias=layer.bias.scale_rows(factors), weights=weights)


def _columns_times(weight: Matrix, factors: list[Fraction]) -> Matrix:
    return weight.T.scale_rows(factors).T
