"""How hard it is tried to find a smaller network within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApproximateEffort:
    """The search among approximate edits. No number here decides what is certified."""

    bands_per_octave: float = 2.0
    """Edits into which the weights of one unit are divided, for each factor of 2 of their cost."""
    points: int = 256
    """Random points at which values of units are known to the moves."""
