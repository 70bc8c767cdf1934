"""Numbers that a float format cannot hold: a file of floats refuses them, and is told what to write
instead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network

_OTHER_FORMAT = {
    "float32": 'write float64 (to="onnx64") or .relu, which is exact',
    "float64": "write .relu, which is exact",
}


def require_range(network: Network, precision: str) -> None:
    """Raises InputError if a weight or bias is beyond the range of "float32" or "float64"."""
    for layer in network.layers:
        for matrix in (layer.bias, *layer.weights.values()):
            mid, radius = matrix.approximation
            with np.errstate(over="ignore", under="ignore"):
                inside = np.isfinite(mid.astype(precision)).all() and (
                    radius is None or np.isfinite(radius).all()
                )
            if not inside:
                raise InputError(
                    f"layer {layer.name} has a weight beyond the range of {precision} "
                    f"(about {np.finfo(precision).max:.2g}); {_OTHER_FORMAT[precision]}"
                )


def rounded_parameters(network: Network, precision: str) -> int:
    """How many weights and biases are no numbers of this float type."""
    return sum(_changed(matrix, precision) for matrix in _parameters(network))


def _parameters(network: Network) -> Iterator[Matrix]:
    for layer in network.layers:
        yield layer.bias
        yield from layer.weights.values()


def _changed(matrix: Matrix, precision: str) -> int:
    mid, radius = matrix.approximation
    with np.errstate(over="ignore", under="ignore"):
        changed = mid.astype(precision).astype(np.float64) != mid
    return int(np.count_nonzero(changed if radius is None else changed | (radius != 0)))
