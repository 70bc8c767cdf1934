"""Facts of a network that is being rewritten, beside its Draft.

    units 0 and 2 of h stay        facts.keep("h", [0, 2])
    h is gone, or linear now       facts.drop("h")

Sound because a unit that stays is the same function of the input, so what was proved about it stays
true; facts about a layer that is no relu layer any more have no reader.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rectifold.facts.facts import Facts, LayerFacts


class FactsEdit:
    """Lives inside one function, as a Draft does; `freeze` returns the facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._layers = dict(facts.layers)

    def keep(self, layer: str, units: Sequence[int]) -> None:
        """Only these units of the layer, in this order; a layer without facts stays so."""
        if layer in self._layers:
            index = np.asarray(units, dtype=np.int64)
            self._layers[layer] = self._layers[layer].take(index)

    def drop(self, layer: str) -> None:
        """No facts about the layer."""
        self._layers.pop(layer, None)

    def put(self, layer: str, known: LayerFacts) -> None:
        """These facts about the layer."""
        self._layers[layer] = known

    def freeze(self) -> Facts:
        return self._facts.replaced(self._layers)
