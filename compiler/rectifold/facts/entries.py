"""What was proved about a network's units, in the order in which it was proved.

A bound rests on the ends known when it was found: with tighter ends the same slopes may give
another bound. So the record keeps the order, and whoever checks it (the certificate, a resumed
run) goes through it from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, CaseProof


@dataclass(frozen=True, eq=False)
class IntervalBounds:
    """The ends of a whole layer by intervals, from the ends of what it reads."""

    layer: str
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class ProvedBounds:
    """z ≤ values (side UPPER) or values ≤ z (LOWER) for units of a layer.

    `proofs` has one entry per unit for Method.CASES.
    """

    layer: str
    side: Side
    units: Indices
    values: Floats
    method: Method
    proofs: tuple[CaseProof, ...] = ()


@dataclass(frozen=True, eq=False)
class BoxTreeSigns:
    """Units of a layer whose signs one tree of boxes proves: z ≤ 0 for UPPER, z ≥ 0 for LOWER."""

    layer: str
    proof: BoxProof


Entry = IntervalBounds | ProvedBounds | BoxTreeSigns


def without_superseded(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries without those ends that the same run of entries of one layer proves better:
    nothing can rest on them.
    """
    for _, run in groupby(entries, key=lambda e: e.layer):
        together = list(run)
        last: dict[tuple[int, Side], int] = {}
        for k, entry in enumerate(together):
            for unit, side in _claims(entry):
                last[unit, side] = k
        for k, entry in enumerate(together):
            if not isinstance(entry, ProvedBounds):
                yield entry
            elif kept := [
                i for i, unit in enumerate(entry.units.tolist()) if last[unit, entry.side] == k
            ]:
                proofs = tuple(entry.proofs[i] for i in kept) if entry.proofs else ()
                yield ProvedBounds(
                    entry.layer,
                    entry.side,
                    entry.units[kept],
                    entry.values[kept],
                    entry.method,
                    proofs,
                )


def _claims(entry: Entry) -> Iterable[tuple[int, Side]]:
    match entry:
        case ProvedBounds():
            return ((int(unit), entry.side) for unit in entry.units)
        case BoxTreeSigns():
            return entry.proof.claims
        case IntervalBounds():
            return ()
        case _:
            assert_never(entry)
