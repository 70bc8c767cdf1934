"""Certificates of conditions on a step by slopes: how many cells of a box the checker will count.

    ["slopes", [[0, 0]], [[], 1, "1/2", [[0]], [[], 12]]]         12 cells where x_1 ≥ 1/2

The count is the checker's own, as its rule would find it, so it is right when it is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import rectifold_check
from rectifold.certificate.steps import CertificateStep, SlopesStep
from rectifold.facts.trees import BoxTree
from rectifold.ir.canonical import canonical_text, property_text
from rectifold.ir.property import Property
from rectifold.ir.steps_apart import StepClaims
from rectifold_check.limits import CELL_INPUTS_AS_THEY_ARE

Corners = list[list[Fraction]]


@dataclass(frozen=True, eq=False)
class SlopeTree:
    """Condition `chosen[case]` of each case of a part is never met, by this tree."""

    chosen: tuple[int, ...]
    tree: BoxTree

    def steps(self) -> Iterator[CertificateStep]:
        """As a certificate writes it."""
        yield SlopesStep(tuple(enumerate(self.chosen)), self.tree)


class CellCounter:
    """Counts the cells of boxes for the claims of one part."""

    def __init__(self, claims: StepClaims, most: int) -> None:
        self.claims, self.most = claims, most
        text = property_text(Property((claims.part,)))
        margins = [str(v) for v in claims.margins]
        self.replay = rectifold_check.StepReplay(canonical_text(claims.network), text, 0, margins)

    def __call__(self, box: Corners, numbers: Sequence[int], until: float) -> int | Corners | None:
        """The cells of a box, its lower and upper ends, on each of which these claims hold.

        `until`: in monotonic seconds. The corners of a cell on which one is not shown; None where
        there was no time, or too many inputs vary.
        """
        low, high = box
        if sum(a < b for a, b in zip(low, high, strict=True)) > CELL_INPUTS_AS_THEY_ARE:
            return None
        wanted = [(case, self.claims.chosen[case]) for case in numbers]
        try:
            return self.replay.cells(
                wanted, (low, high), self.most, lambda: time.monotonic() >= until
            )
        except rectifold_check.Refusal:
            return None
