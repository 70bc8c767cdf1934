"""Linear regions by exact vertex lists, for few free inputs.

Derivation: docs/mathematics.md#regions-by-vertices.

    cell → the forms of its next block → cut by the first one that changes sign → two cells

On a cell every pre-activation of the next block is one affine form. A unit whose form has both
signs at the cell's vertices splits it; otherwise its phase is known there. Complete because a
split loses nothing and keeps every part full-dimensional. A unit that is 0 on a whole cell counts
as inactive there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.blocks import Blocks, blocks_of
from rectifold.linear_regions.cells import Enumeration, Tally
from rectifold.linear_regions.polytope import Form, Polytope, SignTable, column_text, new_signs
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction


@dataclass(frozen=True, eq=False)
class VertexCell:
    """A polytope, the phases found so far, and the values of the blocks that are done.

    `fraction` is its part of the domain, where every split halves; `pending` is the block that is
    begun.
    """

    polytope: Polytope
    phases: bytes
    values: tuple[list[Form], ...]
    fraction: float
    pending: Pending | None = None


@dataclass(frozen=True, eq=False)
class Pending:
    """A block on a cell: the forms of its pre-activations, exact and scaled.

    `rows` may still split the cell and have these `signs` at its vertices; `active` has the phases
    of the others.
    """

    forms: list[Form]
    floats: Floats
    rows: list[int]
    signs: SignTable
    active: bytearray


def vertex_enumeration(
    network: Network, domain: Domain, clock: Callable[[], float] = time.monotonic
) -> Enumeration[VertexCell, Region]:
    """The enumeration of a network's regions, with vertices, on a bounded domain.

    Raises InputError for an unbounded, empty or flat domain, and for more than eight free inputs.
    """
    return Enumeration(VertexSplitter(Restriction(network, domain)), clock=clock)


@dataclass(frozen=True, eq=False)
class VertexSplitter:
    """Splits cells by forms that change sign at their vertices.

    Raises InputError for more than eight free inputs.
    """

    restriction: Restriction

    def __post_init__(self) -> None:
        self.restriction.require_vertices()

    def __reduce__(self) -> tuple[type[VertexSplitter], tuple[Restriction]]:
        return VertexSplitter, (self.restriction,)

    @cached_property
    def blocks(self) -> Blocks:
        """The units in the order in which cells meet them."""
        return blocks_of(self.restriction)

    def root(self) -> VertexCell:
        """The whole domain."""
        return VertexCell(self.restriction.polytope(), b"", (), 1.0)

    def is_done(self, cell: VertexCell) -> bool:
        """Has every unit one phase on the cell?"""
        return len(cell.values) == len(self.blocks)

    def parts_of(self, cell: VertexCell, tally: Tally) -> list[VertexCell]:
        """Both parts, if a unit of the block splits the cell; else the cell with the block done."""
        pending = cell.pending or self._begin(cell)
        if pending.rows:
            tally.splits += 1
            return _split_cell(cell, pending)
        zero = self.restriction.zero
        values = [f if a else zero for f, a in zip(pending.forms, pending.active, strict=True)]
        phases = cell.phases + bytes(pending.active)
        return [VertexCell(cell.polytope, phases, (*cell.values, values), cell.fraction)]

    def region_of(self, cell: VertexCell, tally: Tally) -> Region:
        """The region of a cell that is done: nothing is left undecided here."""
        forms, den = self.blocks.output(cell.phases, cell.values)
        return Region(self.blocks.by_layer(cell.phases), forms, den, cell.polytope)

    def count_of(self, cell: VertexCell, tally: Tally) -> int | list[VertexCell]:
        """What one or two units of the last block still cut is counted, and not cut."""
        if self.is_done(cell):
            return 1
        if len(cell.values) < len(self.blocks) - 1:
            return self.parts_of(cell, tally)
        pending = cell.pending or self._begin(cell)
        if len(pending.rows) < 2:
            return 1 + len(pending.rows)
        if len(pending.rows) == 2:
            return _pieces_of_two(cell, pending)
        tally.splits += 1
        return _split_cell(cell, pending)

    def text_of(self, cell: VertexCell) -> str:
        """Its vertices, which say where it is."""
        return ";".join(map(column_text, sorted(cell.polytope.vertices)))

    def _begin(self, cell: VertexCell) -> Pending:
        """The next block on the cell."""
        forms, floats = self.blocks.forms(len(cell.values), cell.phases, cell.values)
        signs = cell.polytope.signs(forms, floats)
        positive, negative = (signs > 0).any(axis=1), (signs < 0).any(axis=1)
        rows = np.nonzero(positive & negative)[0]
        active = bytearray(positive.astype(np.uint8).tobytes())
        return Pending(forms, floats, rows.tolist(), signs[rows], active)


def _pieces_of_two(cell: VertexCell, pending: Pending) -> int:
    """Into how many pieces two pending rows cut a cell: 4 if one has both signs where the other is
    0, 2 if it is 0 there, else 3.
    """
    (form, other), (signs, others) = (pending.forms[k] for k in pending.rows), pending.signs
    found = cell.polytope.signs_on(form, signs.tolist(), other, others.tolist())
    if found == {0}:
        return 2
    return 4 if {1, -1} <= found else 3


def _split_cell(cell: VertexCell, pending: Pending) -> list[VertexCell]:
    """Both parts of a cell, cut by its first pending row."""
    first, rest = pending.rows[0], pending.rows[1:]
    cut = cell.polytope.split(pending.forms[first], pending.signs[0].tolist())
    halves = ((cut.below, cut.kept_below, 0), (cut.above, cut.kept_above, 1))
    if not rest:
        return [_part(cell, pending, part, pending.signs[1:], phase) for part, _, phase in halves]
    fresh = new_signs([pending.forms[k] for k in rest], pending.floats[rest], cut.new)
    return [
        _part(cell, pending, part, np.concatenate([pending.signs[1:, kept], fresh], axis=1), phase)
        for part, kept, phase in halves
    ]


def _part(
    cell: VertexCell, pending: Pending, part: Polytope, signs: SignTable, phase: int
) -> VertexCell:
    """The part on which the first pending row has this phase, the others these `signs`.

    Rows that do not cut it are decided.
    """
    active = bytearray(pending.active)
    active[pending.rows[0]] = phase
    rows: list[int] = []
    if len(signs):
        positive = np.asarray((signs > 0).any(axis=1))
        cutting = positive & np.asarray((signs < 0).any(axis=1))
        decided = zip(pending.rows[1:], positive.tolist(), cutting.tolist(), strict=True)
        for k, is_positive, is_cutting in decided:
            active[k] = is_positive
            if is_cutting:
                rows.append(k)
        signs = signs[cutting]
    own = Pending(pending.forms, pending.floats, rows, signs, active)
    return VertexCell(part, cell.phases, cell.values, cell.fraction / 2, own)
