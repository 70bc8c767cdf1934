"""Linear regions: full-dimensional cells of the domain on which every unit keeps its phase, found exactly.

Depth first, layer by layer: on a cell every pre-activation of the next layer is one affine form. A unit whose form has both
signs at the cell's vertices splits it; otherwise its phase is known there. Splitting keeps every part full-dimensional and loses
nothing, so the list is complete without a further check. A unit that is 0 on a whole cell counts as inactive there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, ClassVar

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import IntegerTable, Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.blocks import Blocks, Forms
from rectifold.linear_regions.polytope import Form, Polytope, Signs, new_signs, primitive, scaled

MOST_INPUTS = 5  # free inputs up to which vertex lists are kept


@dataclass(frozen=True, eq=False)
class Region:
    """A cell with its phases and the affine map of the network there.

    `phases[layer]` is one byte per unit (1 active). Vertices and forms speak of the free inputs (`free`) only; an output is
    (Σ forms[o][k] x_free[k] + forms[o][-1]) / den.
    """

    phases: Mapping[str, bytes]
    forms: list[Form]
    den: int
    polytope: Polytope

    @cached_property
    def vertices(self) -> list[tuple[Fraction, ...]]:
        """Exact corners, in the free inputs; those of a polygon counterclockwise from the leftmost one."""
        corners = [tuple(Fraction(x, v[-1]) for x in v[:-1]) for v in self.polytope.vertices]
        return around(corners) if self.polytope.dimension == 2 else corners

    @cached_property
    def interior_point(self) -> tuple[Fraction, ...]:
        """The mean of the vertices."""
        count = len(self.vertices)
        return tuple(
            sum(column, Fraction(0)) / count for column in zip(*self.vertices, strict=True)
        )

    @cached_property
    def affine(self) -> tuple[tuple[Fraction, ...], ...]:
        """Per output, the exact gradient by free inputs, then the constant."""
        return tuple(tuple(Fraction(v, self.den) for v in form) for form in self.forms)

    @cached_property
    def walls(self) -> list[tuple[tuple[int, ...], int]]:
        """(L, side) of every facet: a primitive integer form whose first coefficient is positive, and side · L ≥ 0 on the region."""
        vertices, n = self.polytope.vertices, self.polytope.dimension
        walls = set()
        for bit in range(self.polytope.constraints):
            on = [v for v, m in zip(vertices, self.polytope.masks, strict=True) if m >> bit & 1]
            form = (
                hyperplane([tuple(Fraction(x, v[-1]) for x in v[:-1]) for v in on], n)
                if len(on) >= n
                else None
            )
            if form is not None:
                values = (sum(a * x for a, x in zip(form, v, strict=True)) for v in vertices)
                walls.add((form, next(1 if value > 0 else -1 for value in values if value)))
        return sorted(walls)


def around(corners: Sequence[tuple[Fraction, ...]]) -> list[tuple[Fraction, ...]]:
    """The corners of a convex polygon counterclockwise: those below the line from the first to the last, then those above it."""
    ordered = sorted(corners)
    (ax, ay), (bx, by) = ordered[0], ordered[-1]
    above = [c for c in ordered if (bx - ax) * (c[1] - ay) > (by - ay) * (c[0] - ax)]
    return [c for c in ordered if c not in above] + above[::-1]


def hyperplane(points: list[tuple[Fraction, ...]], n: int) -> tuple[int, ...] | None:
    """The primitive form that is 0 at these points of n-space; None if they lie on more than one hyperplane, or on none."""
    reduced, pivots = Matrix.from_fractions(
        [[*p, Fraction(1)] for p in points], columns=n + 1
    ).rref()
    if len(pivots) != n:
        return None
    free = next(k for k in range(n + 1) if k not in pivots)
    form = [Fraction(0)] * (n + 1)
    form[free] = Fraction(1)
    for row, pivot in enumerate(pivots):
        form[pivot] = -reduced.entry(row, free)
    if not any(form[:-1]):
        return None
    den = lcm(*(v.denominator for v in form))
    integers = primitive([int(v * den) for v in form])
    return integers if next(v for v in integers if v) > 0 else tuple(-v for v in integers)


@dataclass(frozen=True, eq=False)
class _Cell:
    """A polytope, the phases found so far, and the value forms (integers, see Blocks) of blocks that are done."""

    polytope: Polytope
    phases: bytes
    values: tuple[list[Form], ...]
    share: float  # of the domain, where every split halves: how far the search is
    pending: _Pending | None = None  # of the next block, if it is begun


@dataclass(frozen=True, eq=False)
class _Pending:
    """Forms of a block's pre-activations on the cell; `rows` may still split it; `active` collects decided phases."""

    forms: list[Form]
    floats: np.ndarray
    rows: list[int]
    signs: Signs  # of `rows` at the vertices
    active: bytearray


@dataclass
class Progress:
    """What an enumeration did; `complete` is False when it ended early."""

    count: int = 0
    splits: int = 0
    complete: bool = False
    seconds: float = 0.0


@dataclass(eq=False)
class Enumeration:
    """Enumerates the regions of one network on one bounded domain with at most five free inputs.

    Raises InputError for an unbounded or flat domain, or too many inputs.
    """

    network: Network
    domain: Domain
    progress: Progress = field(default_factory=Progress)
    clock: Callable[[], float] = time.monotonic
    undecided: int = field(
        default=0, init=False
    )  # cells that were left out because something was not proved

    most_inputs: ClassVar[int | None] = MOST_INPUTS

    def __post_init__(self) -> None:
        if not all(np.isfinite(end).all() for end in self.domain.float_box):
            raise InputError(
                "linear regions need a bounded domain; give every input a lower and an upper end"
            )
        self.free = [k for k in range(self.domain.size) if k not in self.domain.fixed]
        if self.most_inputs is not None and len(self.free) > self.most_inputs:
            raise InputError(
                f"exact vertex lists are kept for at most {self.most_inputs} inputs, and {len(self.free)} are free here; "
                "fix some (a range [v, v]), or look at a two-dimensional slice"
            )

    @cached_property
    def zero(self) -> Form:
        """The one object that is the value of an inactive unit: sums see at once that nothing changed."""
        return [0] * (len(self.free) + 1)

    @cached_property
    def blocks(self) -> Blocks:
        """The units in the order in which cells meet them."""
        return Blocks(self.network, *self.input_forms()[self.network.input_name])

    @cached_property
    def tables(self) -> dict[str, dict[str, tuple[IntegerTable, int]]]:
        """Weights per layer and source, as integers."""
        return {
            v.name: {u: _table(w.integers(), w.shape) for u, w in v.weights.items()}
            for v in self.network.layers
        }

    @cached_property
    def biases(self) -> dict[str, tuple[list[int], int]]:
        return {v.name: v.bias.integers() for v in self.network.layers}

    def regions(
        self,
        *,
        limit: int | None = None,
        seconds: float | None = None,
        cells: Sequence[Any] | None = None,
    ) -> Iterator[Any]:
        """Every region (of these cells) once; fewer when `limit` or `seconds` is reached (then `progress.complete` stays False)."""
        started = self.clock()
        stack = [self.root()] if cells is None else list(cells)
        try:
            for cell in self.finished(stack, None if seconds is None else started + seconds):
                if limit is not None and self.progress.count >= limit:
                    return
                if (region := self.region(cell)) is not None:
                    self.progress.count += 1
                    yield region
            self.progress.complete = not stack and self.undecided == 0
        finally:
            self.progress.seconds += self.clock() - started

    def finished(self, stack: list[Any], deadline: float | None) -> Iterator[Any]:
        """The cells of `stack` whose units all have one phase, depth first; from the deadline on, what is left stays in `stack`."""
        while stack and (deadline is None or self.clock() < deadline):
            cell = stack.pop()
            if self.is_done(cell):
                yield cell
            else:
                stack += self.advanced(cell)

    def parts(self, count: int, whole: Sequence[Any] | None = None) -> list[Any]:
        """The domain (or these cells) in at least `count` cells, unless it has fewer regions; breadth first."""
        cells: deque[Any] = deque([self.root()] if whole is None else whole)
        done: list[Any] = []
        while cells and len(cells) + len(done) < count:
            cell = cells.popleft()
            if self.is_done(cell):
                done.append(cell)
            else:
                cells += self.advanced(cell)
        return [*done, *cells]

    def root(self) -> Any:
        """The whole domain as a cell."""
        return _Cell(self.start(), b"", (), 1.0)

    def is_done(self, cell: Any) -> bool:
        """Has every unit one phase on the cell?"""
        return len(cell.values) == len(self.blocks)

    # ---- the domain -----------------------------------------------------------------------------

    def start(self) -> Polytope:
        """The domain in its free inputs."""
        ends = [(self.domain.lower[k], self.domain.upper[k]) for k in self.free]
        pairs = [
            [(v.numerator, v.denominator) for v in side if v is not None]
            for side in zip(*ends, strict=True)
        ] or [
            [],
            [],
        ]
        polytope = Polytope.box(pairs[0], pairs[1])
        for constraint in self.domain.constraints:
            polytope = self._cut(polytope, self.constraint_form(constraint))
        return polytope

    def constraint_form(self, constraint: Constraint) -> Form:
        """bound − c·x over the free inputs, times a positive number."""
        rest = constraint.bound - sum(
            (constraint.coefficients[k] * v for k, v in self.domain.fixed.items()), Fraction(0)
        )
        row = [-constraint.coefficients[k] for k in self.free] + [rest]
        den = lcm(*(v.denominator for v in row))
        return [int(v * den) for v in row]

    def input_forms(self) -> dict[str, tuple[list[Form], int]]:
        """The inputs over the free inputs."""
        n = len(self.free)
        forms: list[Form] = []
        den = lcm(*(v.denominator for v in self.domain.fixed.values()))
        for k in range(self.domain.size):
            row = [0] * (n + 1)
            if k in self.domain.fixed:
                row[n] = int(self.domain.fixed[k] * den)
            else:
                row[self.free.index(k)] = den
            forms.append(row)
        return {self.network.input_name: (forms, den)}

    def _cut(self, polytope: Polytope, form: Form) -> Polytope:
        """The part with form ≥ 0. Raises InputError if it has no interior."""
        if not any(form):  # it speaks of fixed inputs only, and holds with equality
            return polytope
        signs = polytope.signs([form], scaled([form]))[0].tolist()
        if max(signs) <= 0:
            problem = "is empty" if max(signs) < 0 else "is flat, it has no interior"
            raise InputError(
                f"the domain {problem}: check its linear constraints, and fix inputs by a range [v, v]"
            )
        if min(signs) >= 0:
            return polytope
        return polytope.split(form, signs)[0]

    # ---- one cell -------------------------------------------------------------------------------

    def advanced(self, cell: Any) -> list[Any]:
        """The parts of a cell that is not done, or the cell a step further."""
        pending = cell.pending or self._begun(cell)
        if pending.rows:
            return self._split(cell, pending)
        forms = [f if a else self.zero for f, a in zip(pending.forms, pending.active, strict=True)]
        return [
            _Cell(
                cell.polytope,
                cell.phases + bytes(pending.active),
                (*cell.values, forms),
                cell.share,
            )
        ]

    def _begun(self, cell: _Cell) -> _Pending:
        forms, floats = self.blocks.forms(len(cell.values), cell.phases, cell.values)
        signs = cell.polytope.signs(forms, floats)
        positive, negative = (signs > 0).any(axis=1), (signs < 0).any(axis=1)
        rows = np.nonzero(positive & negative)[0]
        return _Pending(
            forms,
            floats,
            rows.tolist(),
            signs[rows],
            bytearray(positive.astype(np.uint8).tobytes()),
        )

    def layer_forms(
        self, values: Mapping[str, tuple[list[Form], int]], layer: Layer
    ) -> tuple[list[Form], int]:
        """The layer's pre-activations over the free inputs, as integers over one denominator."""
        columns = len(self.free) + 1
        bias, bias_den = self.biases[layer.name]
        parts = []
        for source, (table, table_den) in self.tables[layer.name].items():
            forms, den = values[source]
            parts.append((table.times(forms, columns), table_den * den))
        common = lcm(bias_den, *(den for _, den in parts))
        total = [[0] * (columns - 1) + [b * (common // bias_den)] for b in bias]
        for product, den in parts:
            factor = common // den
            for row, own in zip(total, product, strict=True):
                for c, v in enumerate(own):
                    row[c] += v * factor
        return total, common

    def _split(self, cell: _Cell, pending: _Pending) -> list[_Cell]:
        """Both parts of a cell, cut by its first pending row; rows that no longer cut a part are decided there."""
        self.progress.splits += 1
        first = pending.rows[0]
        plus, minus, plus_kept, minus_kept, new = cell.polytope.split(
            pending.forms[first], pending.signs[0].tolist()
        )
        rest = pending.rows[1:]
        forms = [pending.forms[k] for k in rest]
        fresh = new_signs(forms, pending.floats[rest], new)
        parts = []
        for part, kept, phase in ((minus, minus_kept, 0), (plus, plus_kept, 1)):
            signs = np.concatenate([pending.signs[1:, kept], fresh], axis=1)
            positive = np.asarray((signs > 0).any(axis=1))
            cutting = positive & np.asarray((signs < 0).any(axis=1))
            active = bytearray(pending.active)
            active[first] = phase
            rows: list[int] = []
            for k, is_positive, still in zip(
                rest, positive.tolist(), cutting.tolist(), strict=True
            ):
                active[k] = is_positive
                if still:
                    rows.append(k)
            own = _Pending(pending.forms, pending.floats, rows, signs[cutting], active)
            parts.append(_Cell(part, cell.phases, cell.values, cell.share / 2, own))
        return parts

    def outputs(self, cell: Any) -> Forms:
        """The affine map on a cell that is done."""
        return self.blocks.output(cell.phases, cell.values)

    def region(self, cell: Any) -> Any:
        """The region of a cell that is done, None if it could not be certified."""
        forms, den = self.outputs(cell)
        return Region(self.blocks.by_layer(cell.phases), forms, den, cell.polytope)


def _table(integers: tuple[list[int], int], shape: tuple[int, int]) -> tuple[IntegerTable, int]:
    values, den = integers
    rows = [values[k * shape[1] : (k + 1) * shape[1]] for k in range(shape[0])]
    return IntegerTable(rows, shape[1]), den
