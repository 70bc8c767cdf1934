"""The reference meaning of a network: exact evaluation, and the same in floats.

Every other way to run a network (emitted code, an ONNX runtime, the checker) is compared with
`evaluate`. Points are columns here: an n×k matrix holds k points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

from rectifold.effort.search import PointEffort
from rectifold.exact.integer_rows import IntegerLayers
from rectifold.exact.matrix import Matrix, positive_part
from rectifold.exact.numerals import nearest_float
from rectifold.ir.network import Network


def evaluate(network: Network, point: Sequence[Fraction | int]) -> list[Fraction]:
    """The exact outputs at one exact point. Raises ValueError for a wrong number of inputs."""
    return evaluate_points(network, [point])[0]


def evaluate_points(
    network: Network, points: Sequence[Sequence[Fraction | int]]
) -> list[list[Fraction]]:
    """The exact outputs at each of several points."""
    for point in points:
        if len(point) != network.input_size:
            raise ValueError(
                f"the network has {network.input_size} inputs, the point has {len(point)}"
            )
    if not points:
        return []
    if len(points) > 1 and _is_long(network):
        layers, outputs = _in_integers(network)
        return [layers.evaluate(point, outputs) for point in points]
    if len(points) > 1 and _common_denominator(points) is None:
        return [value for point in points for value in evaluate_points(network, [point])]
    columns = Matrix.from_fractions(points, columns=network.input_size).T
    return trace(network, columns, with_activations=True)[network.output].T.fractions()


def _common_denominator(points: Sequence[Sequence[Fraction | int]]) -> int | None:
    """The least one, or None if it is so large that the points are cheaper one by one: a matrix has
    one denominator.
    """
    common = 1
    for point in points:
        common = lcm(common, *(v.denominator for v in point))
        if common.bit_length() > PointEffort.common_bits:
            return None
    return common


def _is_long(network: Network) -> bool:
    """Has a layer so long a common denominator that its rows are cheaper one by one?"""
    blocks = [m for layer in network.layers for m in (layer.bias, *layer.weights.values())]
    return any(not m.is_float and m.bits > PointEffort.common_bits for m in blocks)


def _in_integers(network: Network) -> tuple[IntegerLayers, range]:
    """All layers as rows of integers; the places of the outputs."""
    layers = IntegerLayers(network.input_size)
    places = {network.input_name: range(network.input_size)}
    for layer in network.layers:
        constant = range(network.input_size, network.input_size + 1)
        blocks = [(layer.bias, constant)]
        blocks += [(weight, places[source]) for source, weight in layer.weights.items()]
        rows, den = _terms(layer.size, blocks)
        places[layer.name] = layers.add(rows, is_relu=layer.is_relu, den=den)
    return layers, places[network.output]


def _terms(
    size: int, blocks: Sequence[tuple[Matrix, range]]
) -> tuple[list[list[tuple[int, int]]], int]:
    """Rows of (place, factor) over one denominator, of matrices side by side, and that number."""
    common = lcm(*(matrix.integers()[1] for matrix, _ in blocks))
    rows: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    for matrix, places in blocks:
        integers, den = matrix.integers()
        for i, j in np.argwhere(matrix.nonzero).tolist():
            factor = integers[i * matrix.shape[1] + j] * (common // den)
            rows[i].append((places[j], factor))
    return rows, common


def trace(network: Network, points: Matrix, *, with_activations: bool) -> dict[str, Matrix]:
    """Layer name → its exact m×k values at the k points (columns of the n×k matrix `points`).

    With `with_activations` the values after the activation, else the pre-activations.
    """
    after: dict[str, Matrix] = {network.input_name: points}
    before: dict[str, Matrix] = {}
    ones = Matrix.from_floats(np.ones((1, points.shape[1])))
    for layer in network.layers:
        total = layer.bias @ ones
        for source, weight in layer.weights.items():
            total = total + weight @ after[source]
        before[layer.name] = total
        after[layer.name] = positive_part(total) if layer.is_relu else total
    return after if with_activations else before


def evaluate_float(
    network: Network, points: npt.ArrayLike, dtype: npt.DTypeLike = np.float64
) -> npt.NDArray[np.floating]:
    """Outputs in floating point for one point (n,) or several (k, n): what a plain NumPy program
    would compute.

    A rational weight is rounded to `dtype` first (infinite beyond its range). This rounds and
    proves nothing.
    """
    x = np.asarray(points, dtype=dtype)
    result = trace_float(network, np.atleast_2d(x))[network.output]
    return result[0] if x.ndim == 1 else result


def trace_float(
    network: Network, points: npt.NDArray[np.floating]
) -> dict[str, npt.NDArray[np.floating]]:
    """Layer name → its values after the activation at the points (k, n), as `evaluate_float`.

    In the floats of `points`.
    """
    dtype = points.dtype
    values: dict[str, npt.NDArray[np.floating]] = {network.input_name: points}
    rounded: Mapping[str, npt.NDArray[np.floating]]
    for layer in network.layers:
        total = np.broadcast_to(
            _rounded(layer.bias, dtype).T, (values[network.input_name].shape[0], layer.size)
        )
        rounded = {u: _rounded(w, dtype) for u, w in layer.weights.items()}
        for source, weight in rounded.items():
            total = total + values[source] @ weight.T
        values[layer.name] = np.maximum(total, 0) if layer.is_relu else total
    return values


def _rounded(matrix: Matrix, dtype: npt.DTypeLike) -> npt.NDArray[np.floating]:
    middle, radius = matrix.approximation
    with np.errstate(over="ignore"):
        if radius is None or np.isfinite(radius).all():
            return middle.astype(dtype)
        entries = [nearest_float(v) for row in matrix.fractions() for v in row]
        return np.array(entries, dtype=np.float64).reshape(matrix.shape).astype(dtype)
