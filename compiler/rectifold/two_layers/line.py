"""One input (or none): f = a x + b + Σ κ relu(x − t), one hidden unit per true breakpoint. Exact by construction."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.region import Region
from rectifold.two_layers.form import Hinge, TwoLayers, Weights, hinge_of


def on_a_line(
    network: Network, domain: Domain, free: tuple[int, ...], regions: Sequence[Region]
) -> TwoLayers:
    """`regions` of at most one free input, all of them."""
    if not free:
        return TwoLayers(network, domain, free, regions[0].affine, {})
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
    return TwoLayers(network, domain, free, tuple(first), hinges)
