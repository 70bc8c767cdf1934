"""Which units bend the network on a box: not proved stable there, and read where it matters.

    h1.3 unstable, read by h2.0 alone, and h2.0 inactive     →     h1.3 is no kink

Sound because a unit that only inactive units read (or that is read with the weight 0) changes no
output on the box; without a kink every unit that counts is an affine function there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.facts.facts import Mask
from rectifold.local_boxes.phases import LayerPhases


def kinks_of(bounds: Bounds, phases: Mapping[str, LayerPhases]) -> dict[str, Mask]:
    """Per relu layer, boxes × units: is it a kink?"""
    count = len(next(iter(phases.values())).lower) if phases else 0
    network = bounds.network
    read: dict[str, Mask] = {network.output: np.ones((count, network.output_size), bool)}
    kinks: dict[str, Mask] = {}
    for layer in reversed(network.layers):
        if layer.name not in read:  # nobody reads it
            read[layer.name] = np.zeros((count, layer.size), bool)
        passing = read[layer.name]
        if layer.name in phases:
            known = phases[layer.name]
            kinks[layer.name] = passing & ~(known.active | known.inactive)
            passing = passing & ~known.inactive
        for source, weight in layer.weights.items():
            if source != network.input_name:
                reads = (passing.astype(np.float32) @ weight.nonzero.astype(np.float32)) > 0
                read[source] = read[source] | reads if source in read else reads
    return kinks
