"""How much room a bound must leave for the checker's rounding, and with how many bits it rounds.

    float bound with its error term   ≥   the checker's bound, in integers with so many bits

The checker repeats a substitution in outward-rounded integers. Its bound is at most ours where our
error term is wider than its rounding. Where it is not, the proof is written as multipliers, which
the checker adds up exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from rectifold.bounds.agreed import (
    BITS,
    BOX_MARGIN,
    LARGE_SIZE,
    MOST_BITS,
    SLOPE_MARGIN,
    SMALL_SIZE,
)
from rectifold.bounds.interval import Interval
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import LayerFacts
from rectifold.ir.domain import Domain


def bits_for_large(sizes: Sequence[float], domain: Domain) -> int:
    """Fractional bits beyond the usual ones where bounds of layers, or the domain, are large.

    `sizes` are the largest of each layer. A coefficient is rounded by 2^-bits, and that meets
    values of this size.
    """
    box = np.abs(np.concatenate(domain.float_box))
    large = max([s for s in (*sizes, *box.tolist()) if s < np.inf], default=1.0)
    return 0 if large <= LARGE_SIZE else int(np.ceil(np.log2(large / LARGE_SIZE)))


def bits_for(layers: Iterable[LayerFacts], domain: Domain) -> int:
    """Fractional bits with which the checker's rounding is far below the smallest layer's bounds.

    At least BITS and at most MOST_BITS.
    """
    sizes = [float(Interval(f.lower, f.upper).magnitude.max(initial=0.0)) for f in layers]
    small = min((s for s in sizes if 0.0 < s < np.inf), default=1.0)
    fine = 0 if small >= SMALL_SIZE else -int(np.floor(np.log2(small)))
    return min(MOST_BITS, BITS + fine + bits_for_large(sizes, domain))


class RoundingNeed:
    """Per row of a backward pass, what the checker's rounding may cost (`total`); a recorder.

    That is, twice per layer, 2^-bits times the sum of the sizes of what it passes on, and for every
    slope SLOPE_MARGIN of the unit's range, which is added as the pass tells of its coefficients.
    """

    def __init__(self, bounds: Bounds, name: str, rows: int, bits: int) -> None:
        cone = [v for v in bounds.network.cone(name) if v in bounds.lower]
        magnitude = sum(
            float(np.abs(np.concatenate([bounds.lower[v], bounds.upper[v]])).sum()) for v in cone
        )
        magnitude += float(bounds.magnitude(bounds.network.input_name).sum())
        self.bounds = bounds
        self.total = np.full(rows, 2.0 ** (4 - bits) * (2 * len(cone) + 2 + 2 * magnitude))

    def __call__(self, layer: str, positions: Indices, live: Indices, c: Floats) -> None:
        """Add what the slopes of one layer may cost rows with the coefficients c."""
        width = (
            np.maximum(self.bounds.upper[layer], 0.0) - np.minimum(self.bounds.lower[layer], 0.0)
        )[live]
        self.total[positions] += SLOPE_MARGIN * (np.abs(c) @ width)


def bits_for_boxes(bounds: Bounds, layer: str) -> int:
    """Fractional bits with which the checker's rounding on a box is a sixteenth of the margin of
    claims about the layer.

    `bounds`: on the whole box, with those of the layer.
    """
    margin = BOX_MARGIN * max(
        float(np.abs(v).max(initial=0.0)) for v in (bounds.lower[layer], bounds.upper[layer])
    )
    rounding = float(RoundingNeed(bounds, layer, 1, 0).total[0])
    if not (0.0 < margin < np.inf and rounding < np.inf):
        return 0
    bits = int(np.ceil(np.log2(rounding) - np.log2(margin))) + 4
    return min(bits, 2 * BITS)  # an output that never differs has a margin of 1e-300
