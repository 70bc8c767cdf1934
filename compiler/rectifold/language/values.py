"""What an expression of the language means: a known constant, or an affine form over layers.

3, [1, 2], [[1, 2], [3, 4]]      ConstantValue of rank 0, 1, 2
x[0] - 2*h[1],  x,  W @ h        AffineValue of rank 0 (one value) or 1 (a vector)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine
from rectifold.language.source import Fault, Span


@dataclass(frozen=True, eq=False)
class ConstantValue:
    """A known number (rank 0, held as 1×1), vector (rank 1, n×1) or matrix (rank 2)."""

    matrix: Matrix
    rank: int


@dataclass(frozen=True, eq=False)
class AffineValue:
    """An affine form over layers: one value (rank 0) or a vector (rank 1)."""

    affine: Affine
    rank: int


Value = ConstantValue | AffineValue


def broadcast(left: Value, right: Value, place: Span) -> tuple[Value, Value]:
    """A number next to a vector or a constant matrix is repeated; nothing else is."""
    if left.rank == 0 and right.rank == 1:
        left = _repeated(left, length(right))
    elif right.rank == 0 and left.rank == 1:
        right = _repeated(right, length(left))
    elif isinstance(left, ConstantValue) and left.rank == 0 and right.rank == 2:
        left = ConstantValue(_filled(_shape(right), left.matrix.entry(0, 0)), 2)
    elif isinstance(right, ConstantValue) and right.rank == 0 and left.rank == 2:
        right = ConstantValue(_filled(_shape(left), right.matrix.entry(0, 0)), 2)
    if left.rank != right.rank or _shape(left) != _shape(right):
        both = f"{shape_text(left)} and {shape_text(right)} do not fit together"
        raise Fault(
            place,
            both,
            "vectors must have the same length" if 2 not in (left.rank, right.rank) else "",
        )
    return left, right


def length(value: Value) -> int:
    """Entries of a vector, rows of a matrix."""
    return value.matrix.shape[0] if isinstance(value, ConstantValue) else value.affine.size


def affine_of(value: Value) -> Affine:
    """The value as an affine form; a constant is one without terms."""
    return Affine(value.matrix) if isinstance(value, ConstantValue) else value.affine


def shape_text(value: Value) -> str:
    """ "a vector of 3" and the like."""
    if value.rank == 0:
        return "a number"
    if value.rank == 1:
        return f"a vector of {length(value)}"
    return "a {}x{} matrix".format(*_shape(value))


def _repeated(value: Value, count: int) -> Value:
    if isinstance(value, ConstantValue):
        return ConstantValue(_filled((count, 1), value.matrix.entry(0, 0)), 1)
    return AffineValue(value.affine.select([0] * count), 1)


def _filled(shape: tuple[int, int], number: Fraction) -> Matrix:
    return Matrix.from_floats(np.ones(shape)).scale(number)


def _shape(value: Value) -> tuple[int, int]:
    return value.matrix.shape if isinstance(value, ConstantValue) else (value.affine.size, 1)
