"""Exact rational matrices, and reading and printing of exact numbers.

A float64 is a dyadic rational, so a float64 array *is* an exact matrix. A `Matrix` stays a float64
array while every entry is a float and becomes integers over one common denominator (python-flint)
otherwise:

    Matrix.from_floats([[0.5, 3.0]])                  floats
    Matrix.from_fractions([[Fraction(1, 3)]])         1 over 3

The form is canonical: a matrix whose entries all are float64 numbers is always held as floats.
Nothing here rounds; `Matrix.approximation` is the one door to floats and returns a rigorous radius
with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt
from flint import fmpz, fmpz_mat

from rectifold.exact.conversion import (
    Floats,
    dyadic_integers,
    exact_float_sum,
    floats_if_exact,
    is_power_of_two,
)
from rectifold.exact.entries import Entries, Indices
from rectifold.exact.literals import NumberError


class Matrix(Entries):
    """An immutable exact m×n matrix over the rationals."""

    __slots__ = ()

    @staticmethod
    def from_floats(values: npt.ArrayLike) -> Matrix:
        """The exact matrix of a 2-D array of finite floats (float32 and integers up to 2^53
        included).

        >>> Matrix.from_floats([[0.5, -0.0]]).row(0)
        [Fraction(1, 2), Fraction(0, 1)]
        """
        array = np.ascontiguousarray(values, dtype=np.float64)
        if array.ndim != 2:
            raise ValueError(f"a matrix has two dimensions, not {array.ndim}")
        if not np.isfinite(array).all():
            raise NumberError("a weight is NaN or infinite")
        return Matrix._of_entries(array + 0.0)  # a private copy in which -0.0 has become 0.0

    @staticmethod
    def _of_entries(array: Floats) -> Matrix:
        """Of entries of such a matrix, in an array that nobody else changes."""
        held = np.ascontiguousarray(array)
        held.flags.writeable = False
        return Matrix((held.shape[0], held.shape[1]), held, None, 1)

    @staticmethod
    def from_fractions(
        rows: Sequence[Sequence[Fraction | int]], columns: int | None = None
    ) -> Matrix:
        """The matrix with these rows; `columns` is needed only when there is no row."""
        width = len(rows[0]) if rows else (columns or 0)
        flat = [value for row in rows for value in row]
        if len(flat) != len(rows) * width:
            raise ValueError("rows of different length")
        own = [value.denominator for value in flat]
        den = math.lcm(*set(own))
        factors = {d: den // d for d in set(own)}
        integers = [value.numerator * factors[d] for value, d in zip(flat, own, strict=True)]
        return Matrix.from_integers((len(rows), width), integers, den)

    @staticmethod
    def from_integers(shape: tuple[int, int], integers: Sequence[int], den: int = 1) -> Matrix:
        """The matrix of `integers` (row by row) over the common denominator `den` > 0."""
        if shape[0] * shape[1] == 0:
            return Matrix.zeros(*shape)
        if den & (den - 1) == 0:
            array = floats_if_exact(integers, den)
            if array is not None:
                return Matrix.from_floats(array.reshape(shape))
        mat = fmpz_mat(shape[0], shape[1], list(integers))
        return _canonical(mat, den, shape)

    @staticmethod
    def sparse_row(size: int, entries: Mapping[int, int], den: int = 1) -> Matrix:
        """The row of `size` entries that has these integers over `den` > 0, and else zeros."""
        if den & (den - 1) == 0:
            array = floats_if_exact(entries.values(), den)
            if array is not None:
                row = np.zeros((1, size))
                row[0, list(entries)] = array + 0.0
                return Matrix._of_entries(row)
        integers = [0] * size
        for j, value in entries.items():
            integers[j] = value
        return Matrix.from_integers((1, size), integers, den)

    @staticmethod
    def column(values: Sequence[Fraction | int]) -> Matrix:
        return Matrix.from_fractions([[value] for value in values], columns=1)

    @staticmethod
    def zeros(rows: int, columns: int) -> Matrix:
        return Matrix.from_floats(np.zeros((rows, columns)))

    @staticmethod
    def identity(size: int) -> Matrix:
        return Matrix.from_floats(np.eye(size))

    @staticmethod
    def selection(picked: Sequence[int] | Indices, size: int) -> Matrix:
        """S with (S a)_k = a_picked[k]."""
        array = np.zeros((len(picked), size))
        array[np.arange(len(picked)), np.asarray(picked, dtype=np.int64)] = 1.0
        return Matrix._of_entries(array)

    def __reduce__(self) -> tuple[object, ...]:
        if self._array is not None:
            return Matrix.from_floats, (self._array,)
        return Matrix.from_integers, (self.shape, *self.integers())

    def __matmul__(self, other: Matrix) -> Matrix:
        """Exact product. A factor that only selects and negates costs no multiplication."""
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"product of {self.shape} and {other.shape}")
        shape = (self.shape[0], other.shape[1])
        if 0 in shape or self.shape[1] == 0 or other.is_zero:
            return Matrix.zeros(*shape)
        if (picked := self._as_signed_selection()) is not None:
            return other._signed_rows(*picked)
        if (picked := other.T._as_signed_selection()) is not None:
            return self.T._signed_rows(*picked).T
        if self._is_sparse and other.shape[1] <= self.shape[1]:
            return _sparse_product(self, other)
        if other.T._is_sparse and self.shape[0] <= other.shape[0]:
            return _sparse_product(other.T, self.T).T
        a, da = self._integer_form
        b, db = other._integer_form
        return _canonical(a * b, da * db, shape)

    def __add__(self, other: Matrix) -> Matrix:
        if self.shape != other.shape:
            raise ValueError(f"sum of {self.shape} and {other.shape}")
        if self._array is not None and other._array is not None:
            total = exact_float_sum(self._array, other._array)
            if total is not None:
                return Matrix._of_entries(total)  # x - x is +0
        a, da = self._integer_form
        b, db = other._integer_form
        den = math.lcm(da, db)
        return _canonical(a * fmpz(den // da) + b * fmpz(den // db), den, self.shape)

    def __neg__(self) -> Matrix:
        if self._array is not None:
            return Matrix._of_entries(0.0 - self._array)  # no -0
        assert self._mat is not None
        return Matrix(self.shape, None, self._mat * fmpz(-1), self._den)

    def __sub__(self, other: Matrix) -> Matrix:
        return self + (-other)

    def scale(self, factor: Fraction | int) -> Matrix:
        """factor · self."""
        factor = Fraction(factor)
        if factor == 1:
            return self
        if self._array is not None and is_power_of_two(factor):
            with np.errstate(over="ignore", under="ignore"):
                scaled = self._array * float(factor)
                exact = np.array_equal(scaled / float(factor), self._array)
            if exact and np.isfinite(scaled).all():
                return Matrix.from_floats(scaled)
        if self._size == 0:
            return self
        mat, den = self._integer_form
        return _canonical(mat * fmpz(factor.numerator), den * factor.denominator, self.shape)

    def scale_rows(self, factors: Sequence[Fraction | int]) -> Matrix:
        """diag(factors) · self."""
        values = [Fraction(f) for f in factors]
        if all(v == 1 for v in values):
            return self
        if self._size == 0:
            return self
        integers, den = self.integers()
        common = math.lcm(*(v.denominator for v in values))
        width = self.shape[1]
        whole = [v.numerator * (common // v.denominator) for v in values]
        scaled = [v and v * whole[k // width] for k, v in enumerate(integers)]
        return Matrix.from_integers(self.shape, scaled, den * common)

    @cached_property
    def T(self) -> Matrix:
        if self._array is not None:
            return Matrix._of_entries(self._array.T)
        assert self._mat is not None
        return Matrix((self.shape[1], self.shape[0]), None, self._mat.transpose(), self._den)

    def select_rows(self, rows: Sequence[int] | Indices) -> Matrix:
        index = np.asarray(rows, dtype=np.int64)
        if self._array is not None:
            return Matrix._of_entries(self._array[index])
        table = self._object_table()[index]
        return Matrix.from_integers((len(index), self.shape[1]), table.ravel().tolist(), self._den)

    def select_columns(self, columns: Sequence[int] | Indices) -> Matrix:
        index = np.asarray(columns, dtype=np.int64)
        if self._array is not None:
            return Matrix._of_entries(self._array[:, index])
        table = self._object_table()[:, index]
        return Matrix.from_integers((self.shape[0], len(index)), table.ravel().tolist(), self._den)

    def scatter_columns(self, targets: Sequence[int] | Indices, size: int) -> Matrix:
        """self @ selection(targets, size): column k is added to column targets[k]."""
        index = np.asarray(targets, dtype=np.int64)
        if len(index) == size and np.array_equal(index, np.arange(size)):
            return self
        if self._array is not None and len(np.unique(index)) == len(index):
            spread = np.zeros((self.shape[0], size))
            spread[:, index] = self._array
            return Matrix._of_entries(spread)
        return self @ Matrix.selection(index, size)

    def rref(self) -> tuple[Matrix, list[int]]:
        """(nonzero rows of the reduced row echelon form, pivot columns): self = self[:, pivots] @
        rows.
        """
        if self._size == 0:
            return Matrix.zeros(0, self.shape[1]), []
        mat, den, rank = self._integer_form[0].rref()
        table = mat.tolist()[:rank]
        pivots = [next(j for j, value in enumerate(row) if value != 0) for row in table]
        sign = 1 if int(den) > 0 else -1
        integers = [sign * int(value) for row in table for value in row]
        return Matrix.from_integers((rank, self.shape[1]), integers, abs(int(den))), pivots

    def _signed_rows(self, picked: Indices, signs: Floats) -> Matrix:
        if self._array is not None:
            return Matrix.from_floats(self._array[picked] * signs[:, None])
        table = self._object_table()[picked] * signs.astype(np.int64).astype(object)[:, None]
        return Matrix.from_integers((len(picked), self.shape[1]), table.ravel().tolist(), self._den)


def _sparse_product(left_factor: Matrix, right_factor: Matrix) -> Matrix:
    """Row by row over the nonzero entries only (lowered convolutions)."""
    rows, columns = np.nonzero(left_factor.nonzero)
    values, den = dyadic_integers(left_factor.floats[rows, columns])
    integers, other_den = right_factor.integers()
    right = np.empty(len(integers), dtype=object)
    right[:] = integers
    right = right.reshape(right_factor.shape)
    total = np.zeros((left_factor.shape[0], right_factor.shape[1]), dtype=object)
    left = np.empty(len(values), dtype=object)
    left[:] = values
    starts = np.searchsorted(rows, np.unique(rows))
    if len(values):
        total[np.unique(rows)] = np.add.reduceat(left[:, None] * right[columns], starts, axis=0)
    shape = (left_factor.shape[0], right_factor.shape[1])
    return Matrix.from_integers(shape, total.ravel().tolist(), den * other_den)


def positive_part(matrix: Matrix) -> Matrix:
    """max(entry, 0), entrywise."""
    if matrix.is_float:
        return Matrix.from_floats(np.maximum(matrix.floats, 0.0))
    integers, den = matrix.integers()
    return Matrix.from_integers(matrix.shape, [max(0, v) for v in integers], den)


def hstack(blocks: Sequence[Matrix]) -> Matrix:
    """Blocks side by side; at least one, all with the same number of rows."""
    if len(blocks) == 1:
        return blocks[0]
    if all(block.is_float for block in blocks):
        return Matrix.from_floats(np.hstack([block.floats for block in blocks]))
    return vstack([block.T for block in blocks]).T


def vstack(blocks: Sequence[Matrix]) -> Matrix:
    """Blocks on top of each other; at least one, all with the same number of columns."""
    if len(blocks) == 1:
        return blocks[0]
    if all(block.is_float for block in blocks):
        return Matrix.from_floats(np.vstack([block.floats for block in blocks]))
    den = math.lcm(*(block.integers()[1] for block in blocks))
    integers: list[int] = []
    for block in blocks:
        values, own = block.integers()
        integers += [value * (den // own) for value in values]
    return Matrix.from_integers(
        (sum(b.shape[0] for b in blocks), blocks[0].shape[1]), integers, den
    )


def _canonical(mat: fmpz_mat, den: int, shape: tuple[int, int]) -> Matrix:
    """Lowest common denominator; floats where every entry is one."""
    if 0 in shape:
        return Matrix.zeros(*shape)
    if den != 1:
        entries = mat.entries()
        common = fmpz(den)
        for value in entries:
            common = common.gcd(value)
            if common == 1:
                break
        if common != 1:
            mat = fmpz_mat(shape[0], shape[1], [value // common for value in entries])
            den //= int(common)
    if den & (den - 1) == 0:
        array = floats_if_exact(mat.entries(), den)
        if array is not None:
            return Matrix.from_floats(array.reshape(shape))
    return Matrix(shape, None, mat, den)


class IntegerTable:
    """An integer matrix kept ready for products with plain lists of integers."""

    def __init__(self, rows: Sequence[Sequence[int]], columns: int) -> None:
        self.shape = (len(rows), columns)
        self._mat = fmpz_mat(len(rows), columns, [v for row in rows for v in row])

    def times(self, rows: Sequence[Sequence[int]], columns: int) -> list[list[int]]:
        """This matrix times another one of `columns` columns."""
        if not self.shape[1]:
            return [[0] * columns for _ in range(self.shape[0])]
        product = self._mat * fmpz_mat(len(rows), columns, [v for row in rows for v in row])
        entries = [int(v) for v in product.entries()]
        return [entries[k : k + columns] for k in range(0, len(entries), columns)]


def determinant(rows: Sequence[Sequence[int]]) -> int:
    """Of a square matrix of integers."""
    return int(fmpz_mat(len(rows), len(rows), [v for row in rows for v in row]).det())
