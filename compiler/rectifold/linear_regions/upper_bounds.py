"""Bounds of the literature on the number of linear regions.

    2 inputs, one layer of 4 units      →      1 + 4 + 6 = 11 regions at most

Derivation: docs/mathematics.md#bounds-on-the-number-of-regions.
"""

from __future__ import annotations

from functools import cache
from math import comb

from rectifold.errors import InputError
from rectifold.ir.network import Network


def upper_bounds(network: Network, inputs: int) -> dict[str, int]:
    """Bounds of the literature on the number of regions of a chain with `inputs` free inputs.

    By name: docs/mathematics.md#bounds-on-the-number-of-regions. Raises InputError for other
    shapes of networks.
    """
    if not network.is_chain:
        raise InputError("the bounds of the literature are about chains of layers")
    widths = [layer.size for layer in network.relu_layers]
    montufar, dimension = 1, inputs
    for width in widths:
        dimension = min(dimension, width)
        montufar *= sum(comb(width, j) for j in range(dimension + 1))

    @cache
    def serra(k: int, left: int) -> int:
        if k == len(widths):
            return 1
        width = widths[k]
        return sum(
            comb(width, j) * serra(k + 1, min(left, width - j)) for j in range(min(left, width) + 1)
        )

    return {
        "2^units": 2 ** sum(widths),
        "Montúfar 2017": montufar,
        "Serra et al. 2018": serra(0, inputs),
    }
