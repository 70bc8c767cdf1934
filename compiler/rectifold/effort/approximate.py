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
    least_tolerance: float = 1e-300
    """What a tolerance counts at least where floats rank edits; a bound takes it exactly."""
    greatest_tolerance: float = 1e300
    """The same at most."""
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
    near_units: int = 4
    """Units of a layer, those in the nearest directions, of which one may become a multiple."""
    scale_room: float = 32.0
    """The scale of a multiple has few bits: it is off by a 128th of one of so many parts."""
    parallel: float = 2.0**-40
    """Units that differ by so small a part of their range are parallel: an exact compile asks."""
    lift_room: float = 64.0
    """A line's bias makes it active with a margin of about so small a part of its range."""
    prices: tuple[float, ...] = (1.0, 1 / 4, 1 / 16, 1 / 64)
    """At which parts of the price of a weight units are edited whole, until that is of no use."""
    more_weights: float = 1 / 64
    """Part of the weights by which there may be more, where whole units were edited; what is left
    is sparse, so fewer units are no gain where they hold more weights."""
    price_octaves: int = 20
    """Prices for units where a number of them is asked for: from 2 to the minus this, to 2 to this,
    of one tolerance for all weights."""
    rounds_after_units: int = 1
    """Orders of the edits of weights that are tried after units were edited."""
