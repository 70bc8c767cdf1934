"""The entries of an exact matrix, and all that can be asked of them without making another matrix.

Exactly one form is present: float64 numbers, or integers (python-flint) over one positive
denominator. The form is canonical: entries that all are float64 numbers are held as floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpz, fmpz_mat, nmod_mat

from rectifold.exact.conversion import Floats, dyadic_integers, quotient

Indices: TypeAlias = npt.NDArray[np.int64]

PRIME = (1 << 61) - 1  # of Mersenne: what is equal is equal modulo it, and a word holds a residue


class Entries:
    """An immutable m×n table of exact rationals: `_array` (float64), or `_mat` over `_den`."""

    __slots__ = ("__dict__", "_array", "_den", "_mat", "shape")

    def __init__(
        self, shape: tuple[int, int], array: Floats | None, mat: fmpz_mat | None, den: int
    ) -> None:
        self.shape = shape
        self._array = array
        self._mat = mat
        self._den = den

    @property
    def is_float(self) -> bool:
        """Every entry is a float64 number."""
        return self._array is not None

    @property
    def floats(self) -> Floats:
        """The entries as float64, exactly; only for a matrix with `is_float`."""
        if self._array is None:
            raise ValueError("this matrix has entries that are no float64 numbers")
        return self._array

    @cached_property
    def nonzero(self) -> npt.NDArray[np.bool_]:
        """m×n mask of the entries that are not exactly zero."""
        if self._array is not None:
            mask: npt.NDArray[np.bool_] = self._array != 0.0
            return mask
        entries = np.fromiter((value != 0 for value in self._entries()), dtype=np.bool_)
        return entries.reshape(self.shape)

    @cached_property
    def bits(self) -> int:
        """Bits of the longest numerator and of the common denominator together, when all entries
        share one.
        """
        if self._size == 0:
            return 1
        if self._array is not None:
            fraction, exponent = np.frexp(self._array[self.nonzero])
            return int(exponent.max() - exponent.min()) + 53 if len(fraction) else 1
        return max(int(value).bit_length() for value in self._entries()) + self._den.bit_length()

    @cached_property
    def approximation(self) -> tuple[Floats, Floats | None]:
        """(mid, radius): |entry − mid| ≤ radius entrywise; radius None means exactly 0.

        A quotient of integers rounds correctly in Python, so half an ulp would do; a whole one is
        given. Entries beyond the float range get mid 0 and radius infinity.
        """
        if self._array is not None:
            return self._array, None
        mid = np.empty(self.shape[0] * self.shape[1])
        radius = np.empty_like(mid)
        den = self._den
        for k, value in enumerate(self._entries()):
            mid[k], radius[k] = quotient(int(value), den)
        return mid.reshape(self.shape), radius.reshape(self.shape)

    def entry(self, i: int, j: int) -> Fraction:
        if self._array is not None:
            return Fraction(float(self._array[i, j]))
        assert self._mat is not None
        return Fraction(int(self._mat[i, j]), self._den)

    def row(self, i: int) -> list[Fraction]:
        return [self.entry(i, j) for j in range(self.shape[1])]

    def fractions(self) -> list[list[Fraction]]:
        return [self.row(i) for i in range(self.shape[0])]

    def column_values(self) -> list[Fraction]:
        """The entries of a one-column matrix."""
        return [self.entry(i, 0) for i in range(self.shape[0])]

    def integers(self) -> tuple[list[int], int]:
        """(numerators row by row, common denominator)."""
        mat, den = self._integer_form
        return ([int(value) for value in mat.entries()], den) if self._size else ([], 1)

    @property
    def is_zero(self) -> bool:
        return not bool(self.nonzero.any())

    @property
    def nonzero_count(self) -> int:
        return int(np.count_nonzero(self.nonzero))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entries) or self.shape != other.shape:
            return False
        if self._array is not None and other._array is not None:
            return bool(np.array_equal(self._array, other._array))
        if self._array is None and other._array is None:
            return self._den == other._den and bool(self._mat == other._mat)
        return False  # the form is canonical: floats never equal a matrix that is not all floats

    def __hash__(self) -> int:
        return hash(
            (self.shape, self._array.tobytes() if self._array is not None else str(self._mat))
        )

    def __repr__(self) -> str:
        kind = "floats" if self.is_float else "rationals"
        return f"Matrix({self.shape[0]}×{self.shape[1]}, {kind})"

    @cached_property
    def modular_rank(self) -> int:
        """The rank modulo a large prime: never more than the rank, and nearly always equal to it.
        Fast.
        """
        if self._size == 0:
            return 0
        return int(nmod_mat(self._integer_form[0], PRIME).rank())

    def rank(self) -> int:
        """The exact rank."""
        if self.modular_rank == min(self.shape):
            return self.modular_rank  # rank mod p ≤ rank ≤ min(m, n)
        return int(self._integer_form[0].rank())

    @property
    def bits_of_rref(self) -> int:
        """About the most bits that the entries of `rref` may take together (Hadamard's bound
        without its logarithm); the arithmetic takes about as many steps for each row.
        """
        if self._size == 0:
            return 0
        rank = self.modular_rank
        integers = self._integer_form[0].entries()
        longest = max(int(value).bit_length() for value in integers)
        return rank * (self.shape[1] - rank) * rank * longest

    @property
    def _size(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def _is_sparse(self) -> bool:
        return (
            self._array is not None
            and self._size >= 100_000
            and self.nonzero_count * 8 < self._size
        )

    @cached_property
    def _integer_form(self) -> tuple[fmpz_mat, int]:
        if self._array is None:
            assert self._mat is not None
            return self._mat, self._den
        if self._size == 0:
            return fmpz_mat(self.shape[0], self.shape[1]), 1
        integers, den = dyadic_integers(self._array.ravel())
        return fmpz_mat(self.shape[0], self.shape[1], integers), den

    def _entries(self) -> Iterable[fmpz]:
        assert self._mat is not None
        entries: list[fmpz] = self._mat.entries()
        return entries

    def _object_table(self) -> npt.NDArray[np.object_]:
        table = np.empty(self._size, dtype=object)
        table[:] = [int(v) for v in self._entries()]
        return table.reshape(self.shape)

    def _as_signed_selection(self) -> tuple[Indices, Floats] | None:
        """(picked, signs) if every row holds at most one entry and that entry is ±1 (0: an empty
        row).
        """
        if self._array is None:
            return None
        counts = np.count_nonzero(self.nonzero, axis=1)
        if counts.max(initial=0) > 1:
            return None
        picked = self.nonzero.argmax(axis=1)
        signs = self._array[np.arange(self.shape[0]), picked]
        return (picked, signs) if bool(np.isin(signs, (-1.0, 0.0, 1.0)).all()) else None
