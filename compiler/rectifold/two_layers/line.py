"""One input (or none): f = a x + b + Σ κ relu(x − t), one hidden unit per true breakpoint t.

Derivation: docs/mathematics.md#one-input.

    −1 ─ slope 0 ─ 1/2 ─ slope 2 ─ 1      →      2 relu(x − 1/2)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import Hinge, TwoLayers, Weights, hinge_of


def line_form(restriction: Restriction, regions: Sequence[Region]) -> TwoLayers:
    """The exact form of at most one free input, given all regions."""
    if not restriction.free:
        return TwoLayers(restriction, regions[0].affine, {})
    pieces = sorted(((min(r.vertices)[0], r) for r in regions), key=lambda piece: piece[0])
    first = pieces[0][1].affine
    hinges: dict[Hinge, Weights] = {}
    for (_, left), (at, right) in pairwise(pieces):
        jumps = tuple(
            after[0] - before[0] for before, after in zip(left.affine, right.affine, strict=True)
        )
        if any(jumps):
            hinge, scale = hinge_of((Fraction(1), -at))
            hinges[hinge] = tuple(k * scale for k in jumps)
    return TwoLayers(restriction, tuple(first), hinges)
