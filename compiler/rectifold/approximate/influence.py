"""How much every output changes, at most, when the pre-activation of a unit changes by 1.

    out = Σ_m w_m relu(z_m)      a change δ of z_m moves out by at most |w_m| |δ|

An interval of slopes goes backward: a stable unit has one slope, an unstable one any in [0, 1].
It would be sound in exact arithmetic; here it only ranks edits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats


def influences(bounds: Bounds) -> Mapping[str, Floats]:
    """Per layer, outputs × units. Precondition: the bounds of every layer are set."""
    network = bounds.network
    outputs = network.output_size
    least = {v.name: np.zeros((outputs, v.size)) for v in network.layers}
    greatest = {v.name: np.zeros((outputs, v.size)) for v in network.layers}
    least[network.output] += np.eye(outputs)
    greatest[network.output] += np.eye(outputs)
    for layer in reversed(network.layers):
        own = _through(bounds, layer.name, least[layer.name], greatest[layer.name])
        least[layer.name], greatest[layer.name] = own
        for source, weight in bounds.floats[layer.name].weights.items():
            if source == network.input_name:
                continue
            up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
            least[source] += own[0] @ up + own[1] @ down
            greatest[source] += own[1] @ up + own[0] @ down
    return {name: np.maximum(np.abs(least[name]), np.abs(greatest[name])) for name in least}


def _through(bounds: Bounds, name: str, least: Floats, greatest: Floats) -> tuple[Floats, Floats]:
    """Slopes with respect to pre-activations, from those with respect to what is passed on."""
    if not bounds.floats[name].is_relu:
        return least, greatest
    own = bounds.of(name)
    active, dead = own.lower >= 0, own.upper <= 0
    low = np.where(active, least, np.minimum(least, 0.0))
    high = np.where(active, greatest, np.maximum(greatest, 0.0))
    return np.where(dead, 0.0, low), np.where(dead, 0.0, high)
