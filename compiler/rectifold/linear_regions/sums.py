"""Exact affine forms of a block on one cell after the other: only what changed is computed again.

Derivation: docs/mathematics.md#regions-by-vertices.

    z = b + W v, and v′ is v but for v′_j      →      z′_i = z_i + W_ij (v′_j − v_j) where W_ij ≠ 0

Cells that follow each other differ in the phases of few units. Exact, and the same whatever was
computed before: all is in integers over one denominator that never changes. A value that is the
same object as before is the same form, so the others are all that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from math import lcm
from operator import mul
from typing import Generic, TypeVar

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import IntegerTable
from rectifold.linear_regions.polytope import Form, scaled

Rows = tuple[list[Form], Floats]  # integers over the sum's denominator, and scaled
Computed = TypeVar("Computed")


class Sum:
    """bias + weights · values, as forms with so many `columns`, over the denominator `den`.

    The values come from several sources, one after the other: `weights` has rows over a denominator
    for each of them, `sources` the number of its values and their denominator.
    """

    def __init__(
        self,
        columns: int,
        bias: tuple[list[int], int],
        weights: Sequence[tuple[list[list[int]], int]],
        sources: Sequence[tuple[int, int]],
    ) -> None:
        own = [den * given for (_, den), (_, given) in zip(weights, sources, strict=True)]
        self.den = lcm(bias[1], *own)
        table = [
            [
                v * (self.den // den)
                for (rows, _), den in zip(weights, own, strict=True)
                for v in rows[i]
            ]
            for i in range(len(bias[0]))
        ]
        self.form_columns = columns
        self.width = sum(width for width, _ in sources)
        self.bias = [b * (self.den // bias[1]) for b in bias[0]]
        self.rows = table
        self.table = IntegerTable(table, self.width)
        self.columns = [
            [(i, row[j]) for i, row in enumerate(table) if row[j]] for j in range(self.width)
        ]
        self.values: list[Form] = []
        self.last: Rows | None = None

    def of(self, values: list[Form]) -> Rows:
        """The forms for these values."""
        changed = [
            j for j, (a, b) in enumerate(zip(self.values, values, strict=False)) if a is not b
        ]
        if self.last is None or REGION_EFFORT.whole_product * len(changed) > self.width:
            self.last = self._compute(values)
        elif changed:
            self.last = self._updated(self.last, values, changed)
        self.values = values
        return self.last

    def some_of(self, units: Sequence[int], values: list[Form]) -> list[Form]:
        """The forms of these units alone, each summed anew."""
        used = [any(form) for form in values]
        columns = list(zip(*compress(values, used), strict=True))
        found = []
        for i in units:
            row = list(compress(self.rows[i], used))
            form = [sum(map(mul, row, column)) for column in columns] or [0] * self.form_columns
            form[-1] += self.bias[i]
            found.append(form)
        return found

    def _compute(self, values: list[Form]) -> Rows:
        forms = self.table.times(values, self.form_columns)
        for form, constant in zip(forms, self.bias, strict=True):
            form[-1] += constant
        return forms, scaled(forms)

    def _updated(self, last: Rows, values: list[Form], changed: Sequence[int]) -> Rows:
        forms, floats = list(last[0]), last[1].copy()
        touched = set()
        for j in changed:
            step = [a - b for a, b in zip(values[j], self.values[j], strict=True)]
            for i, weight in self.columns[j]:
                forms[i] = [v + weight * d for v, d in zip(forms[i], step, strict=True)]
                touched.add(i)
        rows = sorted(touched)
        if rows:
            floats[rows] = scaled([forms[i] for i in rows])
        return forms, floats


class Recent(Generic[Computed]):
    """What was computed last, by phases: at most so many entries, and the oldest goes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.entries: dict[bytes, Computed] = {}

    def get(self, phases: bytes, compute: Callable[[], Computed]) -> Computed:
        """The entry of these phases, computed where there is none."""
        found = self.entries.get(phases)
        if found is None:
            if len(self.entries) >= self.most:
                del self.entries[next(iter(self.entries))]
            found = self.entries[phases] = compute()
        return found
