"""Linear regions for any number of free inputs, by linear programs.

Derivation: docs/mathematics.md#regions-by-linear-programs.

    cell → the next unit: both signs are seen → two cells; one sign is proved → the unit after it

A cell is a list of inequalities, a point inside, and vertices that programs have found. A vertex
on the other side of a unit's form than the point splits the cell; otherwise one program looks for
such a vertex. The search believes floats. What is reported is exact: a region has a dyadic point
that is strictly inside, and a phase that did not split is implied by the inequalities
(`implications`). What is neither is counted, and the list is then not complete.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.cells import Enumeration, Tally
from rectifold.linear_regions.highs import CellProgram
from rectifold.linear_regions.implications import Implications, Inequalities
from rectifold.linear_regions.polytope import Form, Vertex, column_text, primitive, scaled
from rectifold.linear_regions.region import PointRegion
from rectifold.linear_regions.restriction import Forms, Restriction


@dataclass(frozen=True, eq=False)
class ProgramCell:
    """Inequalities in the order of the splits, a point inside, vertices that are known.

    `phases` and `values` are those of the layers before number `layer`, which is begun if it is
    `pending`.
    """

    inequalities: Inequalities
    point: Floats
    vertices: Floats
    phases: dict[str, bytes]
    values: dict[str, Forms]
    layer: int
    pending: PendingLayer | None = None


@dataclass(frozen=True, eq=False)
class PendingLayer:
    """Forms of a layer on a cell; units before `next` have their phase in `active`."""

    forms: list[Form]
    den: int
    floats: Floats
    active: bytes
    next: int


@dataclass(frozen=True, eq=False)
class _SignSeen:
    """The sign of a form on a cell as far as is known, or a point of it on the other side."""

    sign: int
    vertices: Floats
    other_side: Floats | None = None


def program_enumeration(network: Network, domain: Domain) -> Enumeration[ProgramCell, PointRegion]:
    """The enumeration of a network's regions, with points inside, on a bounded domain.

    Raises InputError for an unbounded, empty or flat domain, and without HiGHS (the extra `lp`).
    """
    return Enumeration(ProgramSplitter(Restriction(network, domain)))


@dataclass(frozen=True, eq=False)
class ProgramSplitter:
    """Splits cells by vertices that linear programs find."""

    restriction: Restriction

    def __reduce__(self) -> tuple[type[ProgramSplitter], tuple[Restriction]]:
        return ProgramSplitter, (self.restriction,)

    @cached_property
    def implications(self) -> Implications:
        """What decides whether a phase is implied."""
        return Implications(self.restriction)

    @cached_property
    def program(self) -> CellProgram:
        """The program that every cell uses. Raises InputError without HiGHS."""
        return CellProgram(*self.restriction.float_box, self.implications.constraints.floats)

    def root(self) -> ProgramCell:
        """The whole domain. Raises InputError if it is empty or flat."""
        point = self.program.centre() if self.implications.is_possible else None
        constraints = self.implications.constraints.exact
        if point is None or not self.implications.contains(_dyadic(point), constraints):
            raise InputError(
                "the domain is empty or flat, it has no interior: check its linear constraints, "
                "and fix inputs by a range [v, v]"
            )
        vertices = np.zeros((0, len(self.restriction.free)))
        return ProgramCell(
            Inequalities(), point, vertices, {}, self.restriction.input_forms(), layer=0
        )

    def is_done(self, cell: ProgramCell) -> bool:
        """Has every unit one phase on the cell?"""
        return cell.layer == len(self.restriction.network.layers)

    def parts_of(self, cell: ProgramCell, tally: Tally) -> list[ProgramCell]:
        """Both parts, if a unit of the layer splits the cell; else the cell with the layer done."""
        layer = self.restriction.network.layers[cell.layer]
        pending = cell.pending or self._begin(cell, layer)
        if not layer.is_relu or pending.next == layer.size:
            return [self._finish(cell, layer, pending)]
        active = bytearray(pending.active)
        for unit in range(pending.next, layer.size):
            form, row = pending.forms[unit], pending.floats[unit]
            if not any(form):
                continue  # 0 everywhere: inactive
            if abs(row[:-1] @ cell.point + row[-1]) <= REGION_EFFORT.clearly_inside:
                cell = self._moved(cell, row)
            seen = self._see(cell, form, row, tally)
            if seen.vertices is not cell.vertices:
                cell = replace(cell, vertices=seen.vertices)
            if seen.other_side is not None:
                tally.splits += 1
                begun = replace(pending, active=bytes(active), next=unit + 1)
                return _halves(cell, begun, unit, seen.other_side)
            active[unit] = seen.sign > 0
        done = replace(pending, active=bytes(active), next=layer.size)
        return [self._finish(cell, layer, done)]

    def region_of(self, cell: ProgramCell, tally: Tally) -> PointRegion | None:
        """The region of a cell that is done, with a certified point; None if none is found."""
        rows = (*self.implications.constraints.exact, *cell.inequalities.exact)
        point = _dyadic(cell.point)
        if not self.implications.contains(point, rows):
            self.program.hold(cell.inequalities.floats)
            centre = self.program.centre()
            if centre is None or not self.implications.contains(point := _dyadic(centre), rows):
                tally.undecided += 1
                return None
        forms, den = cell.values[self.restriction.network.output]
        return PointRegion(cell.phases, forms, den, point, cell.inequalities.exact)

    def count_of(self, cell: ProgramCell, tally: Tally) -> int | list[ProgramCell]:
        """One region for a cell that is done, if it is certified."""
        if not self.is_done(cell):
            return self.parts_of(cell, tally)
        return 0 if self.region_of(cell, tally) is None else 1

    def text_of(self, cell: ProgramCell) -> str:
        """Its inequalities, which say where it is."""
        return ";".join(map(column_text, sorted(cell.inequalities.exact)))

    # ---- one layer ------------------------------------------------------------------------------

    def _begin(self, cell: ProgramCell, layer: Layer) -> PendingLayer:
        forms, den = self.restriction.layer_forms(cell.values, layer)
        return PendingLayer(forms, den, scaled(forms), bytes(layer.size), 0)

    def _finish(self, cell: ProgramCell, layer: Layer, pending: PendingLayer) -> ProgramCell:
        """The cell with the phases and values of this layer."""
        forms, phases = pending.forms, cell.phases
        if layer.is_relu:
            zero = self.restriction.zero
            forms = [f if a else zero for f, a in zip(forms, pending.active, strict=True)]
            phases = phases | {layer.name: pending.active}
        values = cell.values | {layer.name: (forms, pending.den)}
        return replace(cell, phases=phases, values=values, layer=cell.layer + 1, pending=None)

    # ---- one unit -------------------------------------------------------------------------------

    def _see(self, cell: ProgramCell, form: Form, row: Floats, tally: Tally) -> _SignSeen:
        """What a unit's form does on the cell. What is not proved is counted."""
        if implied := self._sign_of_multiple(cell, form):
            return _SignSeen(implied, cell.vertices)
        sign = 1 if float(row[:-1] @ cell.point + row[-1]) > 0 else -1
        opposite = -sign * row
        if len(cell.vertices):
            values = cell.vertices @ opposite[:-1] + opposite[-1]
            best = int(np.argmax(values))
            if values[best] > REGION_EFFORT.clearly_inside:
                return _SignSeen(sign, cell.vertices, cell.vertices[best])
        if self.implications.upper_bound(opposite) < 0:
            return _SignSeen(sign, cell.vertices)
        return self._ask(cell, form, row, sign, tally)

    def _ask(
        self, cell: ProgramCell, form: Form, row: Floats, sign: int, tally: Tally
    ) -> _SignSeen:
        """One program: has the form another sign somewhere on the cell than at its point?"""
        opposite = -sign * row
        self.program.hold(cell.inequalities.floats)
        highest = self.program.highest(opposite[:-1])
        if highest is None:
            tally.undecided += 1
            return _SignSeen(sign, cell.vertices)
        vertex, multipliers = highest
        value = float(opposite[:-1] @ vertex + opposite[-1])
        vertices = np.vstack([cell.vertices[-(REGION_EFFORT.vertices_kept - 1) :], vertex])
        if value > REGION_EFFORT.clearly_inside:
            return _SignSeen(sign, vertices, vertex)
        exact = tuple(-sign * v for v in form)
        given = cell.inequalities.after(self.implications.constraints)
        at_ends = self.program.at_ends
        if not self.implications.is_nonpositive(exact, opposite, given, multipliers, at_ends):
            if value > 0:  # a thin part, perhaps: its regions need certified points
                return _SignSeen(sign, vertices, vertex)
            tally.undecided += 1
        return _SignSeen(sign, vertices)

    def _sign_of_multiple(self, cell: ProgramCell, form: Form) -> int:
        """The sign of a form that is a multiple of an inequality, else 0."""
        own = primitive(form)
        negative = tuple(-v for v in own)
        for row in (*self.implications.constraints.exact, *cell.inequalities.exact):
            if row == own:
                return 1
            if row == negative:
                return -1
        return 0

    def _moved(self, cell: ProgramCell, row: Floats) -> ProgramCell:
        """The cell with another point inside, off a form on which the present one lies."""
        self.program.hold(cell.inequalities.floats)
        ends = [
            highest[0]
            for sign in (1, -1)
            if (highest := self.program.highest(sign * row[:-1])) is not None
        ]
        if not ends:
            return cell
        far = max(ends, key=lambda end: abs(float(row[:-1] @ end + row[-1])))
        return replace(cell, point=cell.point + (far - cell.point) / 4)


def _halves(
    cell: ProgramCell, pending: PendingLayer, unit: int, other_side: Floats
) -> list[ProgramCell]:
    """Both parts of a cell, cut by a unit's form; `other_side` has another sign than its point."""
    form, row = pending.forms[unit], pending.floats[unit]
    at_point = float(row[:-1] @ cell.point + row[-1])
    at_other = float(row[:-1] @ other_side + row[-1])
    crossing = at_point / (at_point - at_other)
    values = cell.vertices @ row[:-1] + row[-1]
    own = primitive(form)
    beyond = cell.point + (crossing + 1) / 2 * (other_side - cell.point)
    parts = []
    for sign in (-1, 1):
        exact = own if sign > 0 else tuple(-v for v in own)
        active = bytearray(pending.active)
        active[unit] = sign > 0
        parts.append(
            ProgramCell(
                cell.inequalities.and_also(exact, sign * row),
                cell.point if sign * at_point > 0 else beyond,
                cell.vertices[sign * values >= 0],
                cell.phases,
                cell.values,
                cell.layer,
                replace(pending, active=bytes(active)),
            )
        )
    return parts


def _dyadic(point: Floats) -> Vertex:
    """A point of floats as homogeneous integers, rounded to so many bits after the point."""
    scaled_point = np.rint(np.ldexp(point, REGION_EFFORT.point_bits)).astype(object)
    return (*(int(v) for v in scaled_point), 1 << REGION_EFFORT.point_bits)
