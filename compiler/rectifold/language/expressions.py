"""Expressions: syntax trees to constants and affine forms. What they unfold to is counted before it
is made.

W @ x + 1        AffineValue(W x + (1, 1), rank 1), where `const W` has two rows
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import assert_never

from rectifold.errors import NetworkError
from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import matrix_from_rows
from rectifold.ir.affine import concat
from rectifold.ir.builder import Builder
from rectifold.ir.names import CALLS
from rectifold.language import ast
from rectifold.language.applied import NetworkFiles, ReadNetwork
from rectifold.language.arithmetic import ValueArithmetic
from rectifold.language.budget import Budget
from rectifold.language.indexing import Indexing
from rectifold.language.ranges import number_of
from rectifold.language.rows import matrix_of_rows, vector_of_row
from rectifold.language.slips import did_you_mean
from rectifold.language.source import Fault, Span
from rectifold.language.sums import RunningSum, UnitSums
from rectifold.language.terms import written_out
from rectifold.language.values import (
    AffineValue,
    ConstantValue,
    Value,
    affine_of,
    shape_text,
)
from rectifold.runtime.caps import CAPS


class Expressions(ABC):
    """The names that are defined so far, and the value of an expression over them.

    `folder` is where arrays and networks lie (none: none can be loaded), `read` reads networks;
    functions are in the subclass.
    """

    def __init__(
        self, folder: Path | None, characters: int, read: ReadNetwork | None = None
    ) -> None:
        self.folder = folder
        self.budget = Budget(characters)
        self.networks = NetworkFiles(folder, read, self.budget)
        self.arithmetic = ValueArithmetic(self.budget)
        self.indexing = Indexing(self.budget, self._value)
        self.values: dict[str, Value | None] = {}  # None: its definition had an error, said there
        self.unit_sums = UnitSums(self.values, self.budget)
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
                return self._written(vector_of_row(expression), 1, expression.span)
            case ast.Items():
                return self._items(expression)
            case ast.Name():
                return self._name(expression)
            case ast.Unary():
                return self.arithmetic.negate(self._value(expression.operand), expression.span)
            case ast.Binary() | ast.Terms():
                return self._chained(expression)
            case ast.Item():
                return self.indexing.entries(expression)
            case ast.Call():
                return self._call(expression)
            case ast.String():
                raise Fault(expression.span, "a string is only allowed inside load(...)")
            case _:
                assert_never(expression)

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

    def _chained(self, expression: ast.Binary | ast.Terms) -> Value:
        """A sum of ten thousand terms is a deep tree, not a deep recursion."""
        chain: list[ast.Binary | ast.Terms] = []
        left: ast.Expr | None = expression
        while isinstance(left, ast.Binary | ast.Terms):
            chain.append(left)
            left = left.left
        total = None if left is None else RunningSum(self.arithmetic, self._value(left))
        for is_text, group in groupby(reversed(chain), lambda node: isinstance(node, ast.Terms)):
            nodes = list(group)
            if is_text:
                total = self._with_terms(total, [n for n in nodes if isinstance(n, ast.Terms)])
                continue
            for node in nodes:
                assert total is not None
                assert isinstance(node, ast.Binary)
                total = self._with_operator(total, node)
        assert total is not None
        return total.value()

    def _with_operator(self, total: RunningSum, node: ast.Binary) -> RunningSum:
        right = self._value(node.right)
        if node.operator in ("+", "-"):
            return self._added(total, node.operator, right, node.span)
        value = self.arithmetic.combine(node, total.value(), right)
        return RunningSum(self.arithmetic, value)

    def _with_terms(self, total: RunningSum | None, nodes: Sequence[ast.Terms]) -> RunningSum:
        """total + the terms of all nodes; `total` is None where they begin the sum."""
        units = self.unit_sums.of("".join(node.text for node in nodes), nodes[0].span)
        if units is not None:
            return self._added(total, "+", units, nodes[0].span)
        for node in nodes:
            for operator, term in written_out(node):
                total = self._added(total, operator, self._value(term), node.span)
        assert total is not None
        return total

    def _added(
        self, total: RunningSum | None, operator: str, value: Value, place: Span
    ) -> RunningSum:
        if total is None:
            return RunningSum(self.arithmetic, value)
        if operator == "-":
            total.subtract(value, place)
        else:
            total.add(value, place)
        return total

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
