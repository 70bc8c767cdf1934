"""The layers of a network in the floats that code stores and computes with, at many points.

    float_outputs       products of matrices: the sums in the order of NumPy's library
    ordered_outputs     in the order of our code (bounds/summation.py): bit for bit what it gives

An observation, not a proof: another library adds in another order.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.bounds.summation import Order, folded
from rectifold.effort.writing import ObservedEffort
from rectifold.exact.numerals import nearest_float
from rectifold.ir.leaky import LeakyForm
from rectifold.ir.network import Layer

Array = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


def float_outputs(form: LeakyForm, points: Array, stored: str | None = None) -> Array:
    """The outputs at points (k×n, k×m) in the floats of `points`, layer by layer.

    `stored`: the floats of the weights; None: those of the points.
    """
    kept = points.dtype if stored is None else np.dtype(stored)
    values = {form.network.input_name: points.T}
    for layer in form.network.layers:
        z = np.repeat(_rounded(layer, None, kept).astype(points.dtype), len(points), axis=1)
        for name in layer.weights:
            z = z + _rounded(layer, name, kept).astype(points.dtype) @ values[name]
        if layer.is_relu:
            slopes = form.slopes.get(layer.name, (Fraction(0),) * layer.size)
            below = np.array([[nearest_float(s)] for s in slopes], dtype=points.dtype)
            z = np.where(z > 0, z, below.reshape(layer.size, 1) * z)
        values[layer.name] = z
    return values[form.network.output].T


def ordered_outputs(form: LeakyForm, points: Array, stored: str, order: Order) -> Array:
    """The same with every sum in an order. Precondition: no leaky units."""
    kept = np.dtype(stored)
    step = ObservedEffort.ordered_points
    weights = {
        (layer.name, name): np.ascontiguousarray(_rounded(layer, name, kept).astype(points.dtype).T)
        for layer in form.network.layers
        for name in (None, *layer.weights)
    }
    parts = [
        _ordered(form, weights, order, points[start : start + step])
        for start in range(0, len(points), step)
    ]
    return np.concatenate(parts)


def _ordered(
    form: LeakyForm, weights: dict[tuple[str, str | None], Array], order: Order, points: Array
) -> Array:
    values: dict[str, Array] = {form.network.input_name: np.ascontiguousarray(points.T)}
    for layer in form.network.layers:
        z = np.repeat(weights[layer.name, None].T, len(points), axis=1)
        for name in layer.weights:
            matrix, groups = weights[layer.name, name], order.groups(layer.name, name)
            sums = [z, *(np.zeros_like(z) for _ in groups[1:])]
            for total, group in zip(sums, groups, strict=True):
                _add_products(total, matrix[group], values[name][group])
            z = folded(sums, np.add)
        values[layer.name] = np.maximum(z, 0) if layer.is_relu else z
    return values[form.network.output].T


def _add_products(total: Array, rows: Array, values: Array) -> None:
    """Adds weights (inputs × units) times values (inputs × points), one input after the other."""
    product = np.empty_like(total)
    for row, before in zip(rows, values, strict=True):
        if before.any():
            np.multiply(row[:, None], before[None, :], out=product)
            total += product


def _rounded(layer: Layer, source: str | None, stored: np.dtype[np.floating]) -> Array:
    """The stored weight of an edge, or the bias."""
    matrix = layer.bias if source is None else layer.weights[source]
    return matrix.approximation[0].astype(stored)
