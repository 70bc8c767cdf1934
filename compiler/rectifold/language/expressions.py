"""Expressions: syntax trees to constants and affine forms. What they unfold to is counted before it
is made.

W @ x + 1        Form(W x + (1, 1), rank 1), where `const W` has two rows
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from rectifold.errors import NetworkError
from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import matrix_from_rows
from rectifold.exact.numerals import readable
from rectifold.ir.affine import concat
from rectifold.ir.builder import Builder
from rectifold.ir.names import CALLS
from rectifold.language import ast
from rectifold.language.budget import Budget
from rectifold.language.ranges import matrix_of_rows, number_of, row_numbers
from rectifold.language.slips import did_you_mean
from rectifold.language.source import Fault, Span
from rectifold.language.values import (
    AffineValue,
    ConstantValue,
    Value,
    affine_of,
    broadcast,
    shape_text,
)
from rectifold.runtime.caps import CAPS


class Expressions(ABC):
    """The names that are defined so far, and the value of an expression over them.

    `folder` is where arrays lie (none: none can be loaded); functions are in the subclass.
    """

    def __init__(self, folder: Path | None, characters: int) -> None:
        self.folder = folder
        self.budget = Budget(characters)
        self.values: dict[
            str, Value | None
        ] = {}  # None: its definition had an error, which is already reported
        self.builder: Builder | None = None
        self.equation = "y"  # names of layers inside an expression begin with it
        self.depth = 0

    @abstractmethod
    def _call(self, expression: ast.Call) -> Value:
        """The value of a call of a function."""

    def _need_input(self, place: Span) -> Builder:
        if self.builder is None:
            raise Fault(
                place, "the input must come first", "add a line such as: input x[2] in [0, 1]"
            )
        return self.builder

    def _value(self, expression: ast.Expr) -> Value:
        self.depth += 1
        if self.depth > CAPS.expression_depth:
            self.depth = 0
            raise Fault(
                expression.span, f"this expression is nested more than {CAPS.expression_depth} deep"
            )
        try:
            return self._dispatch(expression)
        except (NumberError, NetworkError) as error:
            raise Fault(expression.span, str(error)) from None
        finally:
            self.depth = max(0, self.depth - 1)

    def _dispatch(self, expression: ast.Expr) -> Value:
        match expression:
            case ast.Number():
                return ConstantValue(Matrix.column([number_of(expression)]), 0)
            case ast.Row():
                integers, den = row_numbers(expression)
                return self._written(
                    Matrix.from_integers((len(integers), 1), integers, den), 1, expression.span
                )
            case ast.Items():
                return self._items(expression)
            case ast.Name():
                return self._name(expression)
            case ast.Unary():
                return self._negated(self._value(expression.operand), expression.span)
            case ast.Binary():
                return self._binary(expression)
            case ast.Item():
                return self._item(expression)
            case ast.Call():
                return self._call(expression)
            case ast.String():
                raise Fault(expression.span, "a string is only allowed inside load(...)")

    def _written(self, matrix: Matrix, rank: int, place: Span) -> ConstantValue:
        self.budget.numbers(matrix, place)
        return ConstantValue(matrix, rank)

    def _name(self, expression: ast.Name) -> Value:
        name = expression.text
        if name not in self.values:
            known = [*self.values, *CALLS]
            if name in CALLS:
                raise Fault(expression.span, f"{name!r} is a function", f"write {name}(...)")
            raise Fault(expression.span, f"unknown name {name[:100]!r}", did_you_mean(name, known))
        value = self.values[name]
        if value is None:
            raise Poisoned(expression.span)
        return value

    def _binary(self, expression: ast.Binary) -> Value:
        chain: list[ast.Binary] = []
        left: ast.Expr = expression
        while isinstance(
            left, ast.Binary
        ):  # a sum of ten thousand terms is a deep tree, not a deep recursion
            chain.append(left)
            left = left.left
        value = self._value(left)
        for node in reversed(chain):
            value = self._combine(node, value, self._value(node.right))
        return value

    def _combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        match node.operator:
            case "+":
                return self._plus(left, right, node.span)
            case "-":
                return self._plus(left, self._negated(right, node.span), node.span)
            case "*":
                return self._times(left, right, node.span)
            case "/":
                return self._over(left, right, node.right.span)
            case "@":
                return self._matmul(left, right, node.span)
            case _:
                raise AssertionError(node.operator)

    def _negated(self, value: Value, place: Span) -> Value:
        self.budget.dense(value, place)
        if isinstance(value, ConstantValue):
            return ConstantValue(-value.matrix, value.rank)
        return AffineValue(-value.affine, value.rank)

    def _plus(self, left: Value, right: Value, place: Span) -> Value:
        self.budget.sum(left, right, place)
        left, right = broadcast(left, right, place)
        if isinstance(left, ConstantValue) and isinstance(right, ConstantValue):
            return ConstantValue(left.matrix + right.matrix, left.rank)
        return AffineValue(affine_of(left) + affine_of(right), left.rank)

    def _times(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(left, AffineValue) and isinstance(right, AffineValue):
            raise Fault(
                place,
                "a product of two expressions of the input is not piecewise linear",
                "one factor must be constant",
            )
        if isinstance(right, ConstantValue) and not (
            isinstance(left, ConstantValue) and right.rank > left.rank
        ):
            left, right = right, left
        assert isinstance(left, ConstantValue)
        if 2 in (left.rank, right.rank) and 0 not in (left.rank, right.rank):
            raise Fault(
                place,
                "'*' multiplies entry by entry and is not defined for matrices",
                "use '@' for the matrix product",
            )
        self.budget.product(left, right, place)
        if left.rank == 0:
            factor = left.matrix.entry(0, 0)
            if isinstance(right, ConstantValue):
                return ConstantValue(right.matrix.scale(factor), right.rank)
            return AffineValue(right.affine.scale(factor), right.rank)
        _, right_v = broadcast(left, right, place)
        factors = left.matrix.column_values()
        if isinstance(right_v, ConstantValue):
            return ConstantValue(right_v.matrix.scale_rows(factors), 1)
        return AffineValue(right_v.affine.scale_rows(factors), 1)

    def _over(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(right, AffineValue):
            raise Fault(
                place,
                "division by an expression of the input is not piecewise linear",
                "divide by constants only",
            )
        if right.rank != 0:
            raise Fault(place, f"division by {shape_text(right)}", "divide by a number")
        divisor = right.matrix.entry(0, 0)
        if divisor == 0:
            raise Fault(place, "division by zero")
        return self._times(ConstantValue(Matrix.column([1 / divisor]), 0), left, place)

    def _matmul(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(left, AffineValue) and isinstance(right, AffineValue):
            raise Fault(
                place,
                "a product of two expressions of the input is not piecewise linear",
                "one factor must be constant",
            )
        if left.rank == 0 or right.rank == 0:
            raise Fault(
                place,
                f"'@' between {shape_text(left)} and {shape_text(right)}",
                "use '*' with a number",
            )
        if isinstance(left, AffineValue):
            assert isinstance(right, ConstantValue)
            if right.rank == 1:
                return self._matmul(right, left, place)
            return self._matmul(ConstantValue(right.matrix.T, 2), left, place)
        if left.rank == 1 and isinstance(right, ConstantValue) and right.rank == 2:
            product = self._matmul(ConstantValue(right.matrix.T, 2), left, place)
            return product
        matrix = left.matrix.T if left.rank == 1 else left.matrix
        height = right.matrix.shape[0] if isinstance(right, ConstantValue) else right.affine.size
        if matrix.shape[1] != height:
            raise Fault(
                place,
                f"the matrix is {matrix.shape[0]}x{matrix.shape[1]}, but what it multiplies has "
                f"{height} entries "
                f"(columns must match: {matrix.shape[0]}x{height})",
            )
        self.budget.matrix_product(matrix, right, place)
        rank = right.rank - 1 if left.rank == 1 else right.rank
        if isinstance(right, ConstantValue):
            return ConstantValue(matrix @ right.matrix, rank)
        return AffineValue(right.affine.apply(matrix), rank)

    def _items(self, expression: ast.Items) -> Value:
        if expression.items and all(isinstance(item, ast.Row) for item in expression.items):
            return self._written(matrix_of_rows(expression), 2, expression.span)
        values = [self._value(item) for item in expression.items]
        if not values:
            return ConstantValue(Matrix.zeros(0, 1), 1)
        if all(isinstance(v, ConstantValue) and v.rank == 1 for v in values):
            constants = [v for v in values if isinstance(v, ConstantValue)]
            if len({c.matrix.shape for c in constants}) != 1:
                raise Fault(expression.span, "the rows of this matrix have different lengths")
            rows = [c.matrix.column_values() for c in constants]
            return self._written(matrix_from_rows(rows, len(rows[0])), 2, expression.span)
        for item, value in zip(expression.items, values, strict=True):
            if value.rank != 0:
                raise Fault(
                    item.span,
                    f"a vector of expressions needs numbers, this is {shape_text(value)}",
                    "use concat(a, b)",
                )
        if all(isinstance(v, ConstantValue) for v in values):
            column = [[v.matrix.entry(0, 0)] for v in values if isinstance(v, ConstantValue)]
            return self._written(matrix_from_rows(column, 1), 1, expression.span)
        return self._joined(values, expression.span)

    def _joined(self, values: Sequence[Value], place: Span) -> AffineValue:
        """On top of each other."""
        self.budget.stack(values, place)
        return AffineValue(concat([affine_of(v) for v in values]), 1)

    def _item(self, expression: ast.Item) -> Value:
        if isinstance(expression.base, ast.Row | ast.Items):
            raise Fault(
                expression.span,
                "a comma is missing after this row",
                "rows of a matrix are separated by ','",
            )
        base = self._value(expression.base)
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
        value = self._value(index)
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

    def _form(self, value: Value, place: Span) -> AffineValue:
        if isinstance(value, ConstantValue) and value.rank == 2:
            raise Fault(place, f"a layer is a vector, this is {shape_text(value)}")
        return (
            value if isinstance(value, AffineValue) else AffineValue(affine_of(value), value.rank)
        )


class Poisoned(Fault):
    """The use of a name whose definition had an error: said once, at the definition, and not again
    here.
    """

    def __init__(self, span: Span) -> None:
        super().__init__(span, "")
