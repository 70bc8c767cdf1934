"""How hard it is tried to find a smaller network within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class ApproximateEffort:
    """The search among approximate edits. No number here decides what is certified."""

    bands_per_octave: float = 1.0
    """Edits into which the weights of one unit are divided, for each factor of 2 of their cost."""
    points: int = 256
    """Random points at which values of units are known to the moves."""
    rounds: int = 4
    """Orders of the edits that are tried, each by what the one before left of the tolerances."""
    steepness: float = 2.0
    """How much less an output counts in the next order whose tolerance was not used up."""
    bisections: int = 12
    """Networks that are bounded in one order."""
    finest: int = 4000
    """Part of the edits (one of so many) to which the number of them is found."""
    weight_in_units: float = 1e-6
    """Of a unit, what a weight counts where units are to become few."""
    size_bisections: int = 12
    """Networks that are compiled to find the edits for a size that is asked for."""
    boxes: int = 1
    """Boxes, or parts, of a bound of one edited network with many inputs."""
    boxes_of_few_inputs: int = 256
    """Boxes of a bound of one edited network with few inputs, where splitting the box helps."""
    below_lead: Fraction = Fraction(1, 1024)
    """Part of the source's lead by which the margin is smaller that is taken for it."""
    below_margin: Fraction = Fraction(1, 2**20)
    """Part of a margin that the search, which computes in floats, leaves."""
    margins_tried: tuple[Fraction, ...] = tuple(Fraction(1, 8**k) for k in range(1, 5))
    """Parts of the widest range of a difference of outputs: margins whose networks are tried where
    no output leads on the whole domain."""
    argmax_seconds: float = 2.0
    """Seconds for each proof that the argmax of such a network is the same."""
