"""Decides the units that the quick bounds leave open on a box, one box after the other.

    open units on a box  →  every stage of the prover on that box  →  better bounds, more signs

Sound because the facts are about the same network on the exact box, and are put beside what was
proved of it before.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.local_boxes.phases import LayerPhases
from rectifold.prover.cascade import prove


def decide(network: Network, box: Domain, phases: Mapping[str, LayerPhases], k: int) -> None:
    """Sharpens the phases on box number k, in place; `box` is that box, exactly."""
    if not any(known.open[k].any() for known in phases.values()):
        return
    facts = prove(network, box, prover="bounds")
    for name, found in facts.layers.items():
        known = phases[name]
        known.lower[k] = np.maximum(known.lower[k], found.lower)
        known.upper[k] = np.minimum(known.upper[k], found.upper)
        known.seen_positive[k] |= found.seen_positive
        known.seen_negative[k] |= found.seen_negative
