"""Which weights and biases of a network are numbers of a float type.

    [0.5, 1/3, 1e300]     in float32: 0.5; in float64: 0.5, 1e300

Sound because an exact matrix knows whether its float64 midpoint is the matrix itself, and every
float32 is a float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network


def not_stored(network: Network, kind: str) -> int:
    """How many weights and biases are no numbers of the float type `kind`."""
    return sum(numbers_beyond(matrix, kind) for matrix in _parameters(network))


def numbers_beyond(matrix: Matrix, kind: str) -> int:
    """How many entries are no numbers of the float type `kind`."""
    mid, radius = matrix.approximation
    with np.errstate(over="ignore", under="ignore"):
        changed = mid.astype(kind).astype(np.float64) != mid
    return int(np.count_nonzero(changed if radius is None else changed | (radius != 0)))


def is_in_range(matrix: Matrix, kind: str) -> bool:
    """Does every entry lie in the range of the float type `kind`?"""
    mid, radius = matrix.approximation
    with np.errstate(over="ignore", under="ignore"):
        rounded = mid.astype(kind)
    return bool(np.isfinite(rounded).all() and (radius is None or np.isfinite(radius).all()))


def rounded_matrix(matrix: Matrix, kind: str) -> Matrix:
    """Every entry as the nearest number of the float type `kind`."""
    with np.errstate(under="ignore"):
        return Matrix.from_floats(matrix.approximation[0].astype(kind).astype(np.float64))


def _parameters(network: Network) -> Iterator[Matrix]:
    for layer in network.layers:
        yield layer.bias
        yield from layer.weights.values()
