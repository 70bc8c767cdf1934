"""Entries of a value: x[0], h[1:3], W[0, 1:], W[:, -1].

W[1]        the second row of a constant matrix, as a vector
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from rectifold.exact.numerals import readable
from rectifold.language import ast
from rectifold.language.budget import Budget
from rectifold.language.source import Fault
from rectifold.language.values import AffineValue, ConstantValue, Value, shape_text


class Indexing:
    """`value_of` gives the value of an expression: of the base and of each index."""

    def __init__(self, budget: Budget, value_of: Callable[[ast.Expr], Value]) -> None:
        self.budget = budget
        self.value_of = value_of

    def entries(self, expression: ast.Item) -> Value:
        """The entry or entries that the index picks. Raises Fault where there are none such."""
        if isinstance(expression.base, ast.Row | ast.Items):
            raise Fault(
                expression.span,
                "a comma is missing after this row",
                "rows of a matrix are separated by ','",
            )
        base = self.value_of(expression.base)
        if base.rank == 0:
            raise Fault(expression.span, "a single number has no entries", "remove the index")
        if len(expression.index) > base.rank:
            raise Fault(expression.span, f"{len(expression.index)} indices for {shape_text(base)}")
        if isinstance(base, ConstantValue) and base.rank == 2:
            return self._matrix_item(base, expression)
        size = base.matrix.shape[0] if isinstance(base, ConstantValue) else base.affine.size
        picked, single = self._positions(expression.index[0], size, expression)
        rank = 0 if single else 1
        self.budget.select(base, len(picked), expression.span)
        if isinstance(base, ConstantValue):
            return ConstantValue(base.matrix.select_rows(picked), rank)
        return AffineValue(base.affine.select(picked), rank)

    def _matrix_item(self, base: ConstantValue, expression: ast.Item) -> Value:
        rows, single_row = self._positions(expression.index[0], base.matrix.shape[0], expression)
        self.budget.select(base, len(rows), expression.span)
        picked = base.matrix.select_rows(rows)
        if len(expression.index) == 1:
            return ConstantValue(picked.T, 1) if single_row else ConstantValue(picked, 2)
        columns, single_column = self._positions(
            expression.index[1], base.matrix.shape[1], expression
        )
        picked = picked.select_columns(columns)
        if single_row or single_column:
            return ConstantValue(
                picked if single_column else picked.T, 0 if single_row and single_column else 1
            )
        return ConstantValue(picked, 2)

    def _positions(
        self, index: ast.Expr | ast.IndexRange, size: int, item: ast.Item
    ) -> tuple[Sequence[int], bool]:
        if isinstance(index, ast.IndexRange):
            first = 0 if index.first is None else self._position(index.first, size, item, end=True)
            last = size if index.last is None else self._position(index.last, size, item, end=True)
            return range(first, last), False
        return [self._position(index, size, item, end=False)], True

    def _position(self, index: ast.Expr, size: int, item: ast.Item, *, end: bool) -> int:
        value = self.value_of(index)
        if (
            isinstance(value, AffineValue)
            or value.rank != 0
            or value.matrix.entry(0, 0).denominator != 1
        ):
            raise Fault(index.span, "an index is a whole number")
        position = int(value.matrix.entry(0, 0))
        if not -size <= position < size + (1 if end else 0):
            there = (
                f"there are {size} entries (0 to {size - 1})"
                if size != 1
                else "there is 1 entry (0)"
            )
            raise Fault(
                index.span, f"index {readable(Fraction(position))} is out of range: {there}"
            )
        return position + size if position < 0 else position
