"""Rows of relu layers scaled by powers of two, so that they fit the floats of a target.

    relu(2^60 z) · w      becomes      relu(z) · 2^60 w

Sound because relu(s z) = s relu(z) for s > 0. A power of two keeps floats exact, and rows whose
largest entry has an ordinary size stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
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
            factors = factors_of([layer.bias, *layer.weights.values()])
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


def factors_of(blocks: Sequence[Matrix]) -> list[Fraction]:
    """Of every row of blocks side by side a power of two that brings its largest entry near 1, or 1
    where that is ordinary.
    """
    largest = zip(*(_largest_of_rows(block) for block in blocks), strict=True)
    return [_factor(max(entries)) for entries in largest]


def _largest_of_rows(matrix: Matrix) -> list[Fraction]:
    """The largest absolute value in every row."""
    integers, den = matrix.integers()
    width = matrix.shape[1]
    return [
        Fraction(max(map(abs, integers[k * width : (k + 1) * width]), default=0), den)
        for k in range(matrix.shape[0])
    ]


def _factor(largest: Fraction) -> Fraction:
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
