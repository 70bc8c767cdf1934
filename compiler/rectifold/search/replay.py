"""An entry of a record or log is proved again, on the bounds known now.

    slopes, multipliers, trees of cases and boxes   →   bounds, computed afresh with them

Sound because whatever an entry names, only what comes out of rigorous bounds counts: a log cannot
make anything true. A bound may come out worse than it was, where bounds below are tighter by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import cases_of
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import round_up
from rectifold.facts.entries import BoxTreeSigns, ProvedBounds
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, CaseProof, Leaf, leaves_of
from rectifold.search.boxes.again import prove_again


@dataclass(frozen=True, eq=False)
class BoundClaim:
    """sign·z ≤ bounds for units of a layer, proved again.

    `signs` is the tree of boxes behind it, if that is the proof.
    """

    sign: int
    units: Indices
    bounds: Floats
    method: Method
    proofs: Sequence[CaseProof] = ()
    signs: BoxTreeSigns | None = None


def replay(bounds: Bounds, entry: ProvedBounds | BoxTreeSigns) -> Iterator[BoundClaim]:
    """What the entry proves now; nothing, if its method leaves nothing to compute with."""
    if isinstance(entry, BoxTreeSigns):
        yield from _replay_boxes(bounds, entry)
        return
    layer, units, sign = entry.layer, entry.units, entry.side.sign
    if entry.method is Method.LINEAR:
        found = backward(bounds, layer, units, float(sign)).upper
        yield BoundClaim(sign, units, found, entry.method)
    elif entry.method is Method.EXACT_LINEAR:
        exact = [round_up(exact_backward(bounds, layer, k, sign)) for k in units.tolist()]
        yield BoundClaim(sign, units, np.array(exact), entry.method)
    elif entry.method is Method.CASES:
        pairs = zip(units.tolist(), entry.proofs, strict=True)
        worst = [bound_of_cases(bounds, layer, unit, sign, proof) for unit, proof in pairs]
        yield BoundClaim(sign, units, np.array(worst), entry.method, entry.proofs)


def bound_of_cases(bounds: Bounds, layer: str, unit: int, sign: int, proof: CaseProof) -> float:
    """An upper bound of sign·z: the worst leaf of a tree, each bounded rigorously (or exactly).

    Infinite where the tree speaks of units that are stable by now.
    """
    for name, units in proof.frame.units.items():
        unstable = np.nonzero(bounds.of(name).straddles)[0]
        if not np.isin(units, unstable).all():
            return np.inf
    leaves = list(leaves_of(proof.tree))
    rounded = [(path, leaf) for path, leaf in leaves if isinstance(leaf, Leaf)]
    worst = -np.inf
    if rounded:
        rows = np.full(len(rounded), unit, dtype=np.int64)
        cases = cases_of(proof.frame, rounded)
        worst = float(backward(bounds, layer, rows, float(sign), cases=cases).upper.max())
    for path, leaf in leaves:
        if not isinstance(leaf, Leaf):
            phases = {(name, k): phase for name, k, phase in path}
            case = ExactCase(phases, leaf.alpha, leaf.beta, leaf.gamma)
            worst = max(worst, round_up(exact_backward(bounds, layer, unit, sign, case=case)))
    return worst


def _replay_boxes(bounds: Bounds, entry: BoxTreeSigns) -> Iterator[BoundClaim]:
    """All claims of a tree of boxes, or none: a search finds one that lost a claim again."""
    claims = entry.proof.claims
    if not claims or not all(prove_again(bounds, entry.layer, entry.proof)):
        return
    signs: BoxTreeSigns | None = BoxTreeSigns(entry.layer, BoxProof(claims, entry.proof.tree))
    for side in Side:
        units = np.array([unit for unit, s in claims if s is side], dtype=np.int64)
        if len(units):
            yield BoundClaim(side.sign, units, np.zeros(len(units)), Method.BOXES, (), signs)
            signs = None
