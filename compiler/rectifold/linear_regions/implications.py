"""What follows on a cell from its inequalities and the box, by multipliers.

Derivation: docs/mathematics.md#regions-by-linear-programs.

    inequalities g_k ≥ 0, multipliers y_k ≥ 0      →      f ≤ f + Σ y_k g_k ≤ its largest on the box

Sound for any y ≥ 0: where that largest value is at most 0, so is f on the cell. Multipliers come
from a solver and are a guess; the sum is taken in floats with a bound of its error, where that is
not enough in rationals, and where the maximum is 0 with multipliers that a basis gives, solved
exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul

import numpy as np

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import UNDERFLOW, Floats
from rectifold.exact.matrix import Matrix
from rectifold.linear_regions.polytope import ROUNDOFF, Vertex, primitive, scaled
from rectifold.linear_regions.restriction import Restriction

IntegerRow = tuple[int, ...]  # a form, the constant last


@dataclass(frozen=True, eq=False)
class Inequalities:
    """Forms that are ≥ 0: as primitive integers, and as floats up to a positive factor."""

    exact: tuple[IntegerRow, ...] = ()
    floats: tuple[Floats, ...] = ()

    def and_also(self, row: IntegerRow, floats: Floats) -> Inequalities:
        """These, and one more at the end."""
        return Inequalities((*self.exact, row), (*self.floats, floats))

    def after(self, first: Inequalities) -> Inequalities:
        """`first`, then these."""
        return Inequalities((*first.exact, *self.exact), (*first.floats, *self.floats))


class Implications:
    """Implications on cells of one restriction; `constraints` are those of its domain.

    `is_possible`: no constraint of fixed inputs alone is violated.
    """

    def __init__(self, restriction: Restriction) -> None:
        self.ends = [restriction.ends(place) for place in range(len(restriction.free))]
        self.low, self.high = restriction.float_box
        self.magnitude = np.append(np.maximum(np.abs(self.low), np.abs(self.high)), 1.0)
        self.integer_ends = [
            (*low.as_integer_ratio(), *high.as_integer_ratio()) for low, high in self.ends
        ]
        rows = [restriction.constraint_form(row) for row in restriction.domain.constraints]
        self.is_possible = all(any(form[:-1]) or form[-1] >= 0 for form in rows)
        forms = [form for form in rows if any(form[:-1])]
        floats = tuple(scaled(forms)) if forms else ()
        self.constraints = Inequalities(tuple(primitive(form) for form in forms), floats)

    def contains(self, point: Vertex, rows: Sequence[IntegerRow]) -> bool:
        """Does a homogeneous point lie strictly inside the box and every inequality?"""
        w = point[-1]
        return all(
            low * w < x * low_den and x * high_den < high * w
            for (low, low_den, high, high_den), x in zip(self.integer_ends, point[:-1], strict=True)
        ) and all(sum(map(mul, row, point)) > 0 for row in rows)

    def upper_bound(
        self, form: Floats, rows: Sequence[Floats] = (), multipliers: Floats | None = None
    ) -> float:
        """An upper bound of a form of floats, where the `rows` are ≥ 0, by their multipliers.

        The form and the rows have entries up to 1, each within a rounding of the exact one.
        """
        size, rest = np.abs(form), form
        if len(rows):
            assert multipliers is not None
            table = np.array(rows)
            rest = form + multipliers @ table
            size = size + multipliers @ np.abs(table)
        highest = np.where(rest[:-1] > 0, self.high, self.low)
        terms = len(rows) + len(form) + 6  # and roundings of the ends and of the entries
        error = 2 * terms * ROUNDOFF * float(size @ self.magnitude) + UNDERFLOW
        return float(rest[:-1] @ highest + rest[-1]) + error

    def is_nonpositive(
        self,
        form: IntegerRow,
        floats: Floats,
        given: Inequalities,
        multipliers: Floats,
        at_ends: Callable[[], list[bool]],
    ) -> bool:
        """Is a form (exact, and scaled to floats) ≤ 0 where the inequalities `given` hold?

        False where it is not proved. `at_ends` says which inputs were at an end of the box in the
        basis that the multipliers belong to.
        """
        if self.upper_bound(floats, given.floats, multipliers) <= 0:
            return True
        size = _size(form, floats)
        ratios = {
            k: Fraction(y) * size / _size(given.exact[k], given.floats[k])
            for k, y in enumerate(multipliers.tolist())
            if y > 0
        }
        if self._proves(form, ratios, given.exact):
            return True
        solved = _of_basis(form, given.exact, multipliers, at_ends())
        return solved is not None and self._proves(form, solved, given.exact)

    def _proves(
        self, form: IntegerRow, ratios: dict[int, Fraction], rows: Sequence[IntegerRow]
    ) -> bool:
        """Is the largest value of form + Σ ratio · row on the box at most 0, exactly?"""
        rest = [Fraction(v) for v in form]
        for k, ratio in ratios.items():
            rest = [r + ratio * v for r, v in zip(rest, rows[k], strict=True)]
        total = rest[-1]
        for (low, high), r in zip(self.ends, rest, strict=False):
            total += r * (high if r > 0 else low)
        return total <= 0


def _of_basis(
    form: IntegerRow, rows: Sequence[IntegerRow], multipliers: Floats, at_end: Sequence[bool]
) -> dict[int, Fraction] | None:
    """Multipliers y of some rows g, with form + Σ y g = 0 in all inputs not at an end of the box.

    None if the rows with clearly positive multipliers have no such y ≥ 0.
    """
    used = [k for k, y in enumerate(multipliers.tolist()) if y > REGION_EFFORT.least_multiplier]
    inner = [j for j in range(len(form) - 1) if not at_end[j]]
    if not used or not inner:
        return None
    table = Matrix.from_fractions(
        [[Fraction(rows[k][j]) for k in used] + [-Fraction(form[j])] for j in inner],
        columns=len(used) + 1,
    )
    reduced, pivots = table.rref()
    if len(used) in pivots:
        return None
    result = dict.fromkeys(used, Fraction(0))
    for i, pivot in enumerate(pivots):
        result[used[pivot]] = reduced.entry(i, len(used))
    return result if all(v >= 0 for v in result.values()) else None


def _size(exact: IntegerRow, floats: Floats) -> Fraction:
    """By which factor the exact form is larger than its floats."""
    return Fraction(max(map(abs, exact))) / Fraction(float(np.abs(floats).max()))
