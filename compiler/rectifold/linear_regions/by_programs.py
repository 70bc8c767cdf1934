"""Linear regions of networks with many inputs, by linear programs.

Derivation: docs/mathematics.md#regions-by-linear-programs.

A cell is a list of inequalities (the phases of the units that split it), a point strictly inside, and vertices that programs have found. Unit after unit:
a known vertex on the side where the inside point is not splits the cell; a bound over the box may say that there is none; otherwise one program
looks for one. What the search believes is floats. What is reported is exact:

* A region has a dyadic point at which every inequality of its cell holds strictly, and every pre-activation has the sign of its phase.
* A phase that does not split is implied: it is that of a multiple of an inequality, or f ≤ 0 follows from the inequalities g_k ≥ 0 and the box by the
  program's multipliers y ≥ 0: f = Σ −y_k g_k + r, and r ≤ 0 at the worst corner of the box. The sum is taken in floats with a bound of their error, where
  that is not enough in rationals, and where the maximum is 0 with the multipliers of the basis, solved exactly.

A cell for which that fails is counted, and the list is then not complete.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer
from rectifold.linear_regions.by_vertices import Enumeration
from rectifold.linear_regions.polytope import Form, Vertex, primitive, scaled

_INSIDE = 1e-9  # how far inside a point must seem to be
_BITS = 44  # of dyadic coordinates, below the point
_U = 2.0**-53
_USED = 1e-12  # a multiplier below that is taken for 0 (a hint: what follows is exact)
_MOST_KNOWN = 64  # vertices kept per cell


@dataclass(frozen=True, eq=False)
class PointRegion:
    """A region with an exact point inside instead of vertices; otherwise like `Region`.

    `rows` are the inequalities of its cell: form ≥ 0, some of which may be implied by others.
    """

    phases: dict[str, bytes]
    forms: list[Form]
    den: int
    inside: Vertex
    rows: tuple[tuple[int, ...], ...]

    @property
    def vertices(self) -> None:
        """Not known."""

    @cached_property
    def interior_point(self) -> tuple[Fraction, ...]:
        return tuple(Fraction(x, self.inside[-1]) for x in self.inside[:-1])

    @cached_property
    def affine(self) -> tuple[tuple[Fraction, ...], ...]:
        """Per output, the exact gradient by free inputs, then the constant."""
        return tuple(tuple(Fraction(v, self.den) for v in form) for form in self.forms)

    @cached_property
    def walls(self) -> list[tuple[tuple[int, ...], int]]:
        """(L, side) of inequalities that make the region, with the domain's own: L's first coefficient is positive, and side · L ≥ 0 on it."""
        walls = set()
        for row in self.rows:
            sign = 1 if next(v for v in row if v) > 0 else -1
            walls.add((tuple(sign * v for v in row), sign))
        return sorted(walls)


@dataclass(frozen=True, eq=False)
class _Inside:
    """A cell: inequalities (form ≥ 0) after the domain's own, in the order of the splits."""

    rows: tuple[tuple[int, ...], ...]
    floats: tuple[Floats, ...]
    point: Floats
    known: Floats  # k×n, vertices
    phases: dict[str, bytes]
    values: dict[str, tuple[list[Form], int]]
    layer: int
    pending: _Units | None = None


@dataclass(frozen=True, eq=False)
class _Units:
    """Forms of a layer on a cell; units before `next` have their phase in `active`."""

    forms: list[Form]
    den: int
    floats: Floats
    active: bytes
    next: int


@dataclass(eq=False)
class ProgramEnumeration(Enumeration):
    """Enumerates regions for any number of free inputs. Needs HiGHS (the extra `lp`).

    Raises InputError as `Enumeration` does, and without HiGHS.
    """

    programs: int = field(default=0, init=False)

    most_inputs: ClassVar[int | None] = None

    def root(self) -> Any:
        point = self._model.centre()
        if point is None or not self._is_inside(self._dyadic(point), self._own[0]):
            raise InputError(
                "the domain is empty or flat, it has no interior: check its linear constraints, and fix inputs by a range [v, v]"
            )
        return _Inside((), (), point, np.zeros((0, len(self.free))), {}, self.input_forms(), 0)

    @cached_property
    def _model(self) -> _Model:
        return _Model(*self._ends(), self._own[1])

    def _ends(self) -> tuple[Floats, Floats]:
        low, high = self.domain.float_box
        return low[self.free], high[self.free]

    @cached_property
    def _own(self) -> tuple[list[tuple[int, ...]], list[Floats]]:
        """The linear constraints as form ≥ 0, and in floats."""
        forms = [
            form for c in self.domain.constraints if any((form := self.constraint_form(c))[:-1])
        ]
        return [primitive(form) for form in forms], list(scaled(forms)) if forms else []

    # ---- one cell -------------------------------------------------------------------------------

    def is_done(self, cell: Any) -> bool:
        return bool(cell.layer == len(self.network.layers))

    def advanced(self, cell: Any) -> list[Any]:
        layer = self.network.layers[cell.layer]
        pending = cell.pending or self._first_units(cell, layer)
        if not layer.is_relu or pending.next == layer.size:
            return [self._after(cell, layer, pending)]
        active = bytearray(pending.active)
        known = cell.known
        for unit in range(pending.next, layer.size):
            form, row = pending.forms[unit], pending.floats[unit]
            if not any(form):
                continue  # 0 everywhere: inactive
            if abs(row[:-1] @ cell.point + row[-1]) <= _INSIDE:
                cell = self._moved(cell, row)
            side, other, known = self._side(cell, form, row, known)
            if other is not None:
                return self._halves(
                    cell, known, replace(pending, active=bytes(active), next=unit + 1), unit, other
                )
            active[unit] = side > 0
        done = replace(pending, active=bytes(active), next=layer.size)
        return [self._after(replace(cell, known=known), layer, done)]

    def _first_units(self, cell: _Inside, layer: Layer) -> _Units:
        forms, den = self.layer_forms(cell.values, layer)
        return _Units(forms, den, scaled(forms), bytes(layer.size), 0)

    def _after(self, cell: _Inside, layer: Layer, pending: _Units) -> _Inside:
        forms, phases = pending.forms, cell.phases
        if layer.is_relu:
            zero = [0] * (len(self.free) + 1)
            forms = [f if a else zero for f, a in zip(forms, pending.active, strict=True)]
            phases = phases | {layer.name: pending.active}
        values = cell.values | {layer.name: (forms, pending.den)}
        return replace(cell, phases=phases, values=values, layer=cell.layer + 1, pending=None)

    def _side(
        self, cell: _Inside, form: Form, row: Floats, known: Floats
    ) -> tuple[int, Floats | None, Floats]:
        """(sign of the form on the cell as far as is known, a point of the cell on the other side or None, vertices)."""
        at = float(row[:-1] @ cell.point + row[-1])
        side = 1 if at > 0 else -1
        implied = self._implied_by_one(cell, form)
        if implied:
            return implied, None, known
        if len(known):
            values = -side * (known @ row[:-1] + row[-1])
            best = int(np.argmax(values))
            if values[best] > _INSIDE:
                return side, known[best], known
        wanted = -side * row
        if self._bound(wanted, [], np.zeros(0)) < 0:
            return side, None, known
        self.programs += 1
        self._model.hold(cell.floats)
        highest = self._model.highest(wanted[:-1])
        if highest is None:
            self.undecided += 1
            return side, None, known
        vertex, multipliers = highest
        value = float(wanted[:-1] @ vertex + wanted[-1])
        known = np.vstack([known[-(_MOST_KNOWN - 1) :], vertex])
        if value > _INSIDE:
            return side, vertex, known
        if not self._is_proved(cell, form, -side, wanted, multipliers):
            if value > 0:  # a thin part, perhaps: its regions need certified points
                return side, vertex, known
            self.undecided += 1
        return side, None, known

    def _moved(self, cell: _Inside, row: Floats) -> _Inside:
        """The cell with another point inside, off a form on which the present one lies."""
        self._model.hold(cell.floats)
        ends = [
            found[0]
            for sign in (1, -1)
            if (found := self._model.highest(sign * row[:-1])) is not None
        ]
        if not ends:
            return cell
        far = max(ends, key=lambda end: abs(float(row[:-1] @ end + row[-1])))
        return replace(cell, point=cell.point + (far - cell.point) / 4)

    def _implied_by_one(self, cell: _Inside, form: Form) -> int:
        """The sign of a form that is a multiple of an inequality, else 0."""
        own = primitive(form)
        negative = tuple(-v for v in own)
        for row in (*self._own[0], *cell.rows):
            if row == own:
                return 1
            if row == negative:
                return -1
        return 0

    def _halves(
        self, cell: _Inside, known: Floats, pending: _Units, unit: int, other: Floats
    ) -> list[Any]:
        self.progress.splits += 1
        form, row = pending.forms[unit], pending.floats[unit]
        here = float(row[:-1] @ cell.point + row[-1])
        there = float(row[:-1] @ other + row[-1])
        cut = here / (here - there)
        values = known @ row[:-1] + row[-1]
        own = primitive(form)
        parts = []
        for sign in (-1, 1):
            inside = (
                cell.point if sign * here > 0 else cell.point + (cut + 1) / 2 * (other - cell.point)
            )
            line = own if sign > 0 else tuple(-v for v in own)
            active = bytearray(pending.active)
            active[unit] = sign > 0
            parts.append(
                replace(
                    cell,
                    rows=(*cell.rows, line),
                    floats=(*cell.floats, sign * row),
                    point=inside,
                    known=known[sign * values >= 0],
                    pending=replace(pending, active=bytes(active)),
                )
            )
        return parts

    # ---- proofs ---------------------------------------------------------------------------------

    def _bound(self, wanted: Floats, rows: list[Floats], multipliers: Floats) -> float:
        """An upper bound of a form on the cell, by multipliers of inequalities and the box.

        max over the box of wanted + Σ y g. The entries of `wanted` and `g` are within u of the exact ones (rows are scaled, entries below 1), the
        ends within one ulp; products and sums of k terms err by (k + 4) u of the sum of sizes, and twice that is added.
        """
        low, high = self._ends()
        size = np.abs(wanted)
        rest = wanted
        if len(rows):
            table = np.array(rows)
            rest = wanted + multipliers @ table
            size = size + multipliers @ np.abs(table)
        reach = np.append(np.maximum(np.abs(low), np.abs(high)), 1.0)
        ends = np.append(np.where(rest[:-1] > 0, high, low), 1.0)
        error = 2 * (len(rows) + len(wanted) + 6) * _U * float(size @ reach) + 2.0**-900
        return float(rest @ ends) + error

    def _is_proved(
        self, cell: _Inside, form: Form, sign: int, wanted: Floats, multipliers: Floats
    ) -> bool:
        """sign · form ≤ 0 on the cell: in floats, in rationals, or by the basis."""
        rows = [*self._own[1], *cell.floats]
        if self._bound(wanted, rows, multipliers) <= 0:
            return True
        exact = [*self._own[0], *cell.rows]
        target = [Fraction(sign * v) for v in form]
        size = _size(form, wanted)
        ratios = {
            k: Fraction(y) * size / _size(exact[k], rows[k])
            for k, y in enumerate(multipliers.tolist())
            if y > 0
        }
        if self._holds(target, ratios, exact):
            return True
        solved = self._solved(target, exact, multipliers)
        return solved is not None and self._holds(target, solved, exact)

    def _holds(
        self, target: list[Fraction], ratios: dict[int, Fraction], exact: list[tuple[int, ...]]
    ) -> bool:
        rest = list(target)
        for k, ratio in ratios.items():
            rest = [r + ratio * v for r, v in zip(rest, exact[k], strict=True)]
        total = rest[-1]
        for j, r in zip(self.free, rest, strict=False):
            end = self.domain.upper[j] if r > 0 else self.domain.lower[j]
            assert end is not None
            total += r * end
        return total <= 0

    def _solved(
        self, target: list[Fraction], exact: list[tuple[int, ...]], multipliers: Floats
    ) -> dict[int, Fraction] | None:
        """Multipliers with target + Σ y g = 0 in all inputs that are not at an end of the box, exactly; None if they are not ≥ 0."""
        used = [k for k, y in enumerate(multipliers.tolist()) if y > _USED]
        at_end = self._model.at_ends()
        inner = [j for j in range(len(self.free)) if not at_end[j]]
        if not used or not inner:
            return None
        table = Matrix.from_fractions(
            [[Fraction(exact[k][j]) for k in used] + [-target[j]] for j in inner],
            columns=len(used) + 1,
        )
        reduced, pivots = table.rref()
        if len(used) in pivots:
            return None
        result = dict.fromkeys(used, Fraction(0))
        for i, pivot in enumerate(pivots):
            result[used[pivot]] = reduced.entry(i, len(used))
        return result if all(v >= 0 for v in result.values()) else None

    def _dyadic(self, point: Floats) -> Vertex:
        return (*(int(v) for v in np.rint(np.ldexp(point, _BITS)).astype(object)), 1 << _BITS)

    def _is_inside(
        self, point: Vertex, rows: list[tuple[int, ...]] | tuple[tuple[int, ...], ...]
    ) -> bool:
        """Strictly inside the box and every inequality."""
        for j, x in zip(self.free, point[:-1], strict=True):
            low, high = self.domain.lower[j], self.domain.upper[j]
            assert low is not None
            assert high is not None
            if not low * point[-1] < x < high * point[-1]:
                return False
        return all(sum(a * x for a, x in zip(row, point, strict=True)) > 0 for row in rows)

    def region(self, cell: Any) -> Any:
        """With a certified point; None (and counted) if none is found."""
        rows = [*self._own[0], *cell.rows]
        point = self._dyadic(cell.point)
        if not self._is_inside(point, rows):
            self._model.hold(cell.floats)
            centre = self._model.centre()
            if centre is None or not self._is_inside(point := self._dyadic(centre), rows):
                self.undecided += 1
                return None
        forms, den = cell.values[self.network.output]
        return PointRegion(cell.phases, forms, den, point, cell.rows)


def _size(exact: Sequence[int], floats: Floats) -> Fraction:
    """By which factor the exact form is larger than its floats."""
    return Fraction(max(map(abs, exact))) / Fraction(float(np.abs(floats).max()))


class _Model:
    """The box, the domain's rows and a cell's rows (form ≥ 0) in HiGHS, kept from one cell to the next."""

    def __init__(self, low: Floats, high: Floats, rows: list[Floats]) -> None:
        self.low, self.high = low, high
        self.domain_rows = rows
        self.held: list[Floats] = []
        self.columns = np.arange(len(low), dtype=np.int32)
        self.highs = self._opened(low, high)
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue(
            "simplex_strategy", 4
        )  # primal: another objective goes on from the vertex before
        for row in rows:
            self._add(self.highs, row[:-1], -float(row[-1]))

    @staticmethod
    def _opened(low: Floats, high: Floats) -> Any:
        try:
            import highspy
        except ImportError:
            raise InputError(
                f"regions with more than five free inputs ({len(low)} here) are found by linear programs, which need HiGHS: "
                'pip install "rectifold[lp]"; or fix some inputs (a range [v, v]), or look at a two-dimensional slice'
            ) from None
        with _silent():
            highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        for a, b in zip(low.tolist(), high.tolist(), strict=True):
            highs.addVar(a, b)
        highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        return highs

    @staticmethod
    def _add(highs: Any, row: Floats, at_least: float) -> None:
        columns = np.arange(len(row), dtype=np.int32)
        highs.addRow(at_least, np.inf, len(columns), columns, np.ascontiguousarray(row))

    def hold(self, rows: tuple[Floats, ...]) -> None:
        """Make the cell's rows these."""
        same = 0
        for own, other in zip(self.held, rows, strict=False):
            if own is not other:
                break
            same += 1
        if same < len(self.held):
            first = len(self.domain_rows)
            gone = np.arange(first + same, first + len(self.held), dtype=np.int32)
            self.highs.deleteRows(len(gone), gone)
            del self.held[same:]
        for row in rows[same:]:
            self._add(self.highs, row[:-1], -float(row[-1]))
            self.held.append(row)

    def highest(self, objective: Floats) -> tuple[Floats, Floats] | None:
        """(a point of the cell where objective · x is largest, multipliers y ≥ 0 of the rows); None if HiGHS gives up."""
        self.highs.changeColsCost(len(self.columns), self.columns, np.ascontiguousarray(objective))
        if not self._is_solved(self.highs):
            self.highs.clearSolver()  # once more, from the start
            if not self._is_solved(self.highs):
                return None
        found = self.highs.getSolution()
        point = np.clip(np.array(found.col_value), self.low, self.high)
        return point, np.maximum(-np.array(found.row_dual), 0.0)

    @staticmethod
    def _is_solved(highs: Any) -> bool:
        import highspy

        return bool(
            highs.run() == highspy.HighsStatus.kOk
            and highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        )

    def at_ends(self) -> list[bool]:
        """Which inputs are at an end of the box in the last program's basis."""
        import highspy

        return [
            status != highspy.HighsBasisStatus.kBasic for status in self.highs.getBasis().col_status
        ]

    def centre(self) -> Floats | None:
        """A point as far inside all rows and the box as possible, by a program with one variable more; None if there is none."""
        n = len(self.columns)
        other = self._opened(np.append(self.low, 0.0), np.append(self.high, 1.0))
        other.changeColCost(n, 1.0)
        width = (self.high - self.low) / 2
        for j, unit in enumerate(np.eye(n)):
            self._add(other, np.append(unit, -width[j]), float(self.low[j]))
            self._add(other, np.append(-unit, -width[j]), -float(self.high[j]))
        for row in [*self.domain_rows, *self.held]:
            self._add(other, np.append(row[:-1], -float(np.abs(row[:-1]) @ width)), -float(row[-1]))
        if not self._is_solved(other):
            return None
        value = np.array(other.getSolution().col_value)
        return value[:n] if value[n] > 0 else None


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches the standard output: HiGHS greets there when it is made, before it can be asked not to."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
