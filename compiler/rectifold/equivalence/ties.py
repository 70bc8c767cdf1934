"""Ties that a proof about the argmax does not speak of.

    A = (2, 1)      B = (3, 3)

It is proved that A's winner is not beaten in B. Where it is not above the others either, which
output a program's argmax picks is a matter of order; a point where that happens is worth telling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network


@dataclass(frozen=True)
class TiedOutputs:
    """At `point` output `winner` of A is above all others, and outputs `tied` of B are equal and
    the largest.
    """

    point: tuple[Fraction, ...]
    winner: int
    tied: tuple[int, ...]


def seen_tie(
    a: Network, b: Network, points: Sequence[Sequence[Fraction]], margin: Fraction
) -> TiedOutputs | None:
    """A tie of B at one of these points, exactly.

    None: none of them is one (there may be others).
    """
    for point, va, vb in zip(
        points, evaluate_points(a, points), evaluate_points(b, points), strict=True
    ):
        winner = max(range(len(va)), key=va.__getitem__)
        lead = va[winner] - max(v for k, v in enumerate(va) if k != winner)
        tied = tuple(k for k, v in enumerate(vb) if v == max(vb))
        if lead > margin and len(tied) > 1:
            return TiedOutputs(tuple(point), winner, tied)
    return None
