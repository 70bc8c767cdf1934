"""The chain of layers that a network is on one box, as `counting` takes it.

phases on the box  →  inactive units are 0, the others keep their rows
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.ir.network import Sizes
from rectifold.local_boxes.counting import CountedChain, CountedLayer, rewritten
from rectifold.local_boxes.phases import LayerPhases


class ChainsOnBoxes:
    """Counts what `compile` leaves of a chain on each box of a batch.

    `output` is the chain's last layer: what follows it in the bounds' network does not count.
    """

    def __init__(
        self, bounds: Bounds, output: str, boxes: Boxes, phases: Mapping[str, LayerPhases]
    ) -> None:
        names = [layer.name for layer in bounds.network.layers]
        self.layers = [bounds.floats[name] for name in names[: names.index(output) + 1]]
        self.boxes = boxes
        self.phases = phases

    def sizes(self, k: int, fixed: Mask) -> Sizes:
        """On box number k; `fixed`: the inputs that are one number there."""
        low, high = self.boxes.low[k], self.boxes.high[k]
        width = len(low)
        layers: list[CountedLayer] = []
        for own in self.layers:
            weight = next(iter(own.weights.values()), np.zeros((len(own.bias), width)))
            bias = own.bias
            if not layers and fixed.any():
                bias = bias + weight[:, fixed] @ low[fixed]
                weight = np.where(fixed, 0.0, weight)
            layers.append(self._layer(own, weight, bias, k))
            width = len(bias)
        return rewritten(CountedChain(tuple(layers), low, high)).sizes

    def _layer(self, own: FloatLayer, weight: Floats, bias: Floats, k: int) -> CountedLayer:
        low, high = self.boxes.lower[own.name][k], self.boxes.upper[own.name][k]
        if not own.is_relu:
            return CountedLayer(weight, bias, False, np.zeros(len(bias), bool), low, high)
        known = self.phases[own.name]
        inactive = known.inactive[k]
        return CountedLayer(
            np.where(inactive[:, None], 0.0, weight),
            np.where(inactive, 0.0, bias),
            True,
            ~(known.active[k] | inactive),
            np.maximum(low, 0.0),
            np.maximum(high, 0.0),
        )
