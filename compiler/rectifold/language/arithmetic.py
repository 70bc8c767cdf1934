"""Arithmetic of values: + - * / @, exactly, each counted before it is made.

    W @ x + 1        AffineValue(W x + (1, 1), rank 1), where `const W` has two rows

Sound because a sum of affine forms, and a product with a constant, is affine; every other product
is refused.
"""

from __future__ import annotations

from rectifold.exact.matrix import Matrix
from rectifold.language import ast
from rectifold.language.budget import Budget
from rectifold.language.source import Fault, Span
from rectifold.language.values import (
    AffineValue,
    ConstantValue,
    Value,
    affine_of,
    broadcast,
    shape_text,
)


class ValueArithmetic:
    """What the operators do. Every method raises Fault where its operands do not fit."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        """Of operators that are no sums, which are added up term by term (`sums`)."""
        match node.operator:
            case "*":
                return self.multiply(left, right, node.span)
            case "/":
                return self.divide(left, right, node.right.span)
            case "@":
                return self.matmul(left, right, node.span)
            case _:
                raise AssertionError(node.operator)

    def negate(self, value: Value, place: Span) -> Value:
        self.budget.dense(value, place)
        if isinstance(value, ConstantValue):
            return ConstantValue(-value.matrix, value.rank)
        return AffineValue(-value.affine, value.rank)

    def add(self, left: Value, right: Value, place: Span) -> Value:
        self.budget.sum(left, right, place)
        left, right = broadcast(left, right, place)
        if isinstance(left, ConstantValue) and isinstance(right, ConstantValue):
            return ConstantValue(left.matrix + right.matrix, left.rank)
        return AffineValue(affine_of(left) + affine_of(right), left.rank)

    def subtract(self, left: Value, right: Value, place: Span) -> Value:
        return self.add(left, self.negate(right, place), place)

    def multiply(self, left: Value, right: Value, place: Span) -> Value:
        _require_constant_factor(left, right, place)
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

    def divide(self, left: Value, right: Value, place: Span) -> Value:
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
        return self.multiply(ConstantValue(Matrix.column([1 / divisor]), 0), left, place)

    def matmul(self, left: Value, right: Value, place: Span) -> Value:
        _require_constant_factor(left, right, place)
        if left.rank == 0 or right.rank == 0:
            raise Fault(
                place,
                f"'@' between {shape_text(left)} and {shape_text(right)}",
                "use '*' with a number",
            )
        if isinstance(left, AffineValue):
            assert isinstance(right, ConstantValue)
            if right.rank == 1:
                return self.matmul(right, left, place)
            return self.matmul(ConstantValue(right.matrix.T, 2), left, place)
        if left.rank == 1 and isinstance(right, ConstantValue) and right.rank == 2:
            return self.matmul(ConstantValue(right.matrix.T, 2), left, place)
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


def _require_constant_factor(left: Value, right: Value, place: Span) -> None:
    if isinstance(left, AffineValue) and isinstance(right, AffineValue):
        raise Fault(
            place,
            "a product of two expressions of the input is not piecewise linear",
            "one factor must be constant",
        )
