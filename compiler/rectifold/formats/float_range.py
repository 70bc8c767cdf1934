"""Numbers that a float format cannot hold: a file of floats refuses them, and is told what to write
instead."""

from __future__ import annotations

import numpy as np

from rectifold.errors import InputError
from rectifold.ir.network import Network
from rectifold.ir.stored_floats import is_in_range, not_stored

STORED = {"float32": "float32", "mixed": "float32", "float64": "float64"}
"""The floats of weights and biases, by precision."""
COMPUTED = {"float32": "float32", "mixed": "float64", "float64": "float64"}
"""The floats of inputs, sums and outputs, by precision."""

_OTHER_FORMAT = {
    "float32": 'write float64 (to="onnx64", or precision="float64") or .relu, which is exact',
    "float64": "write .relu, which is exact",
}


def significand_bits(kind: str) -> int:
    """Of a float type, with the bit that is not stored: 24 or 53."""
    return int(np.finfo(kind).nmant) + 1


def require_range(network: Network, precision: str, remedy: str | None = None) -> None:
    """Raises InputError if a weight or bias is beyond the range of the floats that store it.

    `remedy`: what to do, where that is not another format.
    """
    stored = STORED[precision]
    for layer in network.layers:
        if not all(is_in_range(m, stored) for m in (layer.bias, *layer.weights.values())):
            raise InputError(
                f"layer {layer.name} has a weight beyond the range of {stored} "
                f"(about {np.finfo(stored).max:.2g}); {remedy or _OTHER_FORMAT[stored]}"
            )


def require_integers(network: Network) -> None:
    """Raises InputError for a weight or bias that no scale brings into the words."""
    require_range(network, "float64", "no integers of 32 bits are near it: scale the network")


def rounded_parameters(network: Network, precision: str) -> int:
    """How many weights and biases are no numbers of the floats that store them."""
    return not_stored(network, STORED[precision])
