"""Linear programs over one cell after the other: the only file that imports HiGHS (`highspy`).

    maximise c·x over the box, the domain's constraints and the cell's inequalities
                                   →      a vertex, multipliers of the inequalities

What comes back is floats and is not believed: `implications` decides what follows from it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats

if TYPE_CHECKING:
    import highspy

_PRIMAL = 4  # HiGHS's simplex_strategy: another objective goes on from the vertex before


class CellProgram:
    """Linear programs over the box from `low` to `high`, `constraints` and a cell's inequalities.

    Inequalities are rows of floats with the constant last, row ≥ 0. Those that follow each other
    are kept from one cell to the next. Raises InputError without HiGHS.
    """

    def __init__(self, low: Floats, high: Floats, constraints: Sequence[Floats]) -> None:
        self.low, self.high = low, high
        self.constraints = constraints
        self.held: list[Floats] = []
        self.columns = np.arange(len(low), dtype=np.int32)
        self.highs = _box_program(low, high)
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue("simplex_strategy", _PRIMAL)
        for row in constraints:
            _add_row(self.highs, row[:-1], -float(row[-1]))

    def hold(self, inequalities: Sequence[Floats]) -> None:
        """Make these the cell's inequalities. Rows are recognised as objects."""
        same = 0
        for own, other in zip(self.held, inequalities, strict=False):
            if own is not other:
                break
            same += 1
        if same < len(self.held):
            first = len(self.constraints)
            gone = np.arange(first + same, first + len(self.held), dtype=np.int32)
            self.highs.deleteRows(len(gone), gone)
            del self.held[same:]
        for row in inequalities[same:]:
            _add_row(self.highs, row[:-1], -float(row[-1]))
            self.held.append(row)

    def highest(self, objective: Floats) -> tuple[Floats, Floats] | None:
        """(a point of the cell where objective · x is largest, multipliers y ≥ 0 of the rows).

        None if HiGHS gives up.
        """
        self.highs.changeColsCost(len(self.columns), self.columns, np.ascontiguousarray(objective))
        if not _is_solved(self.highs):
            self.highs.clearSolver()  # once more, from the start
            if not _is_solved(self.highs):
                return None
        solution = self.highs.getSolution()
        point = np.clip(np.array(solution.col_value), self.low, self.high)
        return point, np.maximum(-np.array(solution.row_dual), 0.0)

    def at_ends(self) -> list[bool]:
        """Which inputs are at an end of the box in the last program's basis."""
        import highspy

        return [
            status != highspy.HighsBasisStatus.kBasic for status in self.highs.getBasis().col_status
        ]

    def centre(self) -> Floats | None:
        """A point as far inside all rows and the box as possible; None if there is none.

        By a program with one variable more: how far inside, in half widths of the box.
        """
        n = len(self.columns)
        deeper = _box_program(np.append(self.low, 0.0), np.append(self.high, 1.0))
        deeper.changeColCost(n, 1.0)
        width = (self.high - self.low) / 2
        for j, unit in enumerate(np.eye(n)):
            _add_row(deeper, np.append(unit, -width[j]), float(self.low[j]))
            _add_row(deeper, np.append(-unit, -width[j]), -float(self.high[j]))
        for row in [*self.constraints, *self.held]:
            slope = np.append(row[:-1], -float(np.abs(row[:-1]) @ width))
            _add_row(deeper, slope, -float(row[-1]))
        if not _is_solved(deeper):
            return None
        value = np.array(deeper.getSolution().col_value)
        return value[:n] if value[n] > 0 else None


def _box_program(low: Floats, high: Floats) -> highspy.Highs:
    """A program over a box, to be maximised. Raises InputError without HiGHS."""
    try:
        import highspy
    except ImportError:
        raise InputError(
            f"regions with more than five free inputs ({len(low)} here) are found by linear "
            'programs, which need HiGHS: pip install "rectifold[lp]"; or fix some inputs (a range '
            "[v, v]), or look at a two-dimensional slice"
        ) from None
    with _silent():
        highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for a, b in zip(low.tolist(), high.tolist(), strict=True):
        highs.addVar(a, b)
    highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
    return highs


def _add_row(highs: highspy.Highs, row: Floats, at_least: float) -> None:
    columns = np.arange(len(row), dtype=np.int32)
    highs.addRow(at_least, np.inf, len(columns), columns, np.ascontiguousarray(row))


def _is_solved(highs: highspy.Highs) -> bool:
    """Solve it. Is the answer an optimum, as HiGHS says?"""
    import highspy

    return bool(
        highs.run() == highspy.HighsStatus.kOk
        and highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches the standard output.

    HiGHS greets there when it is made, before it can be asked not to.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    saved = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(nowhere)
