"""A backward pass as facts with multipliers, which the checker adds up exactly.

    coefficient c > 0 on h = relu(z)   →   the chord of h, times c / (up − lo)
    coefficient c < 0                  →   h ≥ z, times −c α for the slope α (h ≥ 0 for the rest)

Sound whatever the numbers are: the checker refuses a sum of facts that does not reach the bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import Cases
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.state import Bounds
from rectifold.certificate.steps import (
    DomainFact,
    Fact,
    LeafProof,
    MultiplierProof,
    Numbering,
    SplitProof,
    UnitFact,
)
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.facts.side import Side
from rectifold.facts.trees import ExactLeaf, Leaf, Path, Split, Tree


class MultiplierRecorder:
    """Told the coefficients of a backward pass in floats, it adds facts to its rows' lists."""

    def __init__(
        self,
        bounds: Bounds,
        numbering: Numbering,
        facts: list[list[Fact]],
        cases: Cases | None = None,
    ) -> None:
        """`facts` has a list per row; `cases`: the slopes and phases of the rows."""
        self.bounds = bounds
        self.numbering = numbering
        self.facts = facts
        self.cases = cases

    def __call__(self, layer: str, positions: Indices, live: Indices, c: Floats) -> None:
        """Add the facts of one layer's lines to the rows at `positions`, with c as multipliers."""
        known = self.bounds.of(layer)
        unstable = np.nonzero(known.straddles)[0]
        column, width = np.searchsorted(live, unstable), known.upper - known.lower
        slopes = np.broadcast_to(relaxation(known)[2][unstable], (len(c), len(unstable)))
        fixed = np.zeros(slopes.shape)
        if self.cases is not None and layer in self.cases.frame.units:
            part = self.cases.frame.slices[layer]
            slopes, fixed = self.cases.alpha[positions, part], self.cases.phase[positions, part]
        for row, position in enumerate(positions.tolist()):
            facts = self.facts[position]
            for k, unit in enumerate(unstable.tolist()):
                value, slope = float(c[row, column[k]]), float(slopes[row, k])
                if fixed[row, k]:
                    continue
                where = self.numbering.unit(layer, unit)
                if value > 0:
                    facts.append(UnitFact("ch", where, value / float(width[unit])))
                elif value < 0 and slope > 0:
                    facts.append(UnitFact("hz", where, -value * slope))


def exact_facts(
    bounds: Bounds, numbering: Numbering, row: tuple[str, int, int], case: ExactCase
) -> list[Fact]:
    """The facts of a backward pass in fractions, for `row`: (layer, unit, sign ±1)."""
    facts: list[Fact] = []

    def record(layer: str, c: Matrix) -> None:
        known = bounds.of(layer)
        default = relaxation(known)[2]
        for j in np.nonzero(known.straddles)[0].tolist():
            if (layer, j) in case.phases:
                continue
            value, where = c.entry(0, j), numbering.unit(layer, j)
            slope = case.alpha.get((layer, j), Fraction(float(default[j])))
            if value > 0:
                width = Fraction(float(known.upper[j])) - Fraction(float(known.lower[j]))
                facts.append(UnitFact("ch", where, value / width))
            elif value < 0 and slope > 0:
                facts.append(UnitFact("hz", where, -value * min(slope, Fraction(1))))

    layer, unit, sign = row
    exact_backward(bounds, layer, unit, sign, record, case)
    return facts + [DomainFact(k, value) for k, value in case.gamma.items() if value > 0]


def path_facts(numbering: Numbering, path: Path, leaf: Leaf | ExactLeaf) -> list[Fact]:
    """The facts that hold because of the splits above a leaf, and a float leaf's constraints."""
    facts: list[Fact] = []
    for k, (layer, unit, phase) in enumerate(path):
        match leaf:
            case Leaf(beta=beta):
                value = Fraction(beta[k]) if beta else Fraction(0)
            case ExactLeaf(beta=exact):
                value = exact[layer, unit]
            case _:
                assert_never(leaf)
        if value > 0:
            facts.append(UnitFact(Side.of_sign(-phase).written, numbering.unit(layer, unit), value))
    if isinstance(leaf, Leaf):
        facts += [DomainFact(k, Fraction(g)) for k, g in enumerate(leaf.gamma) if g > 0]
    return facts


def nested_proof(numbering: Numbering, tree: Tree, leaves: Iterator[list[Fact]]) -> MultiplierProof:
    """The tree with these facts at its leaves, from left to right."""
    if not isinstance(tree, Split):
        return LeafProof(tuple(next(leaves)))
    active = nested_proof(numbering, tree.active, leaves)
    inactive = nested_proof(numbering, tree.inactive, leaves)
    return SplitProof(numbering.unit(tree.layer, tree.unit), active, inactive)
