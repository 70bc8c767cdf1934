"""Exact rational matrices, and reading and printing of exact numbers.

A float64 is a dyadic rational, so a float64 array *is* an exact matrix. A `Matrix` stays a float64 array while
every entry is a float and becomes integers over one common denominator (python-flint) otherwise:

    Matrix.from_floats([[0.5, 3.0]])                  floats
    Matrix.from_fractions([[Fraction(1, 3)]])         1 over 3

The form is canonical: a matrix whose entries all are float64 numbers is always held as floats. Nothing here
rounds; `Matrix.approximation` is the one door to floats and returns a rigorous radius with them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpz, fmpz_mat, nmod_mat

from rectifold.errors import InputError

Floats: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.int64]

MAX_DIGITS = 2500  # digits of one written number; float64 values need at most 1,075
MAX_EXPONENT = 1100  # decimal exponent of one written number

_FLOAT_BITS = 53
_SMALLEST_EXPONENT = -1074
_RANK_PRIME = (1 << 61) - 1


class NumberError(InputError):
    """A text that should be an exact number is not one, or is too large. The message says which."""


class Matrix:
    """An immutable exact m×n matrix over the rationals.

    Exactly one form is present: `_array` (float64) or `_mat`/`_den` (integers over a positive denominator).
    """

    __slots__ = ("__dict__", "_array", "_den", "_mat", "shape")

    def __init__(self, shape: tuple[int, int], array: Floats | None, mat: fmpz_mat | None, den: int) -> None:
        self.shape = shape
        self._array = array
        self._mat = mat
        self._den = den

    # ---- making -------------------------------------------------------------------------------

    @staticmethod
    def from_floats(values: npt.ArrayLike) -> Matrix:
        """The exact matrix of a 2-D array of finite floats (float32 and integers up to 2^53 included).

        >>> Matrix.from_floats([[0.5, -0.0]]).row(0)
        [Fraction(1, 2), Fraction(0, 1)]
        """
        array = np.ascontiguousarray(values, dtype=np.float64)
        if array.ndim != 2:
            raise ValueError(f"a matrix has two dimensions, not {array.ndim}")
        if not np.isfinite(array).all():
            raise NumberError("a weight is NaN or infinite")
        array = array + 0.0  # a private copy in which -0.0 has become 0.0
        array.flags.writeable = False
        return Matrix((array.shape[0], array.shape[1]), array, None, 1)

    @staticmethod
    def from_fractions(rows: Sequence[Sequence[Fraction | int]], columns: int | None = None) -> Matrix:
        """The matrix with these rows; `columns` is needed only when there is no row."""
        width = len(rows[0]) if rows else (columns or 0)
        flat = [Fraction(value) for row in rows for value in row]
        if len(flat) != len(rows) * width:
            raise ValueError("rows of different length")
        den = math.lcm(*(value.denominator for value in flat)) if flat else 1
        integers = [value.numerator * (den // value.denominator) for value in flat]
        return Matrix.from_integers((len(rows), width), integers, den)

    @staticmethod
    def from_integers(shape: tuple[int, int], integers: Sequence[int], den: int = 1) -> Matrix:
        """The matrix of `integers` (row by row) over the common denominator `den` > 0."""
        if shape[0] * shape[1] == 0:
            return Matrix.zeros(*shape)
        if den & (den - 1) == 0:
            array = _floats_if_exact(integers, den)
            if array is not None:
                return Matrix.from_floats(array.reshape(shape))
        mat = fmpz_mat(shape[0], shape[1], list(integers))
        return _canonical(mat, den, shape)

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
        return Matrix.from_floats(array)

    # ---- looking ------------------------------------------------------------------------------

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
    def approximation(self) -> tuple[Floats, Floats | None]:
        """(mid, radius): |entry − mid| ≤ radius entrywise; radius None means exactly 0.

        A quotient of integers rounds correctly in Python, so half an ulp would do; a whole one is given.
        Entries beyond the float range get mid 0 and radius infinity.
        """
        if self._array is not None:
            return self._array, None
        mid = np.empty(self.shape[0] * self.shape[1])
        radius = np.empty_like(mid)
        den = self._den
        for k, value in enumerate(self._entries()):
            mid[k], radius[k] = _rounded(int(value), den)
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
        if not isinstance(other, Matrix) or self.shape != other.shape:
            return False
        if self._array is not None and other._array is not None:
            return bool(np.array_equal(self._array, other._array))
        if self._array is None and other._array is None:
            return self._den == other._den and bool(self._mat == other._mat)
        return False  # the form is canonical: floats never equal a matrix that is not all floats

    def __reduce__(self) -> tuple[object, ...]:
        if self._array is not None:
            return Matrix.from_floats, (self._array,)
        return Matrix.from_integers, (self.shape, *self.integers())

    def __hash__(self) -> int:
        return hash((self.shape, self._array.tobytes() if self._array is not None else str(self._mat)))

    def __repr__(self) -> str:
        kind = "floats" if self.is_float else "rationals"
        return f"Matrix({self.shape[0]}×{self.shape[1]}, {kind})"

    # ---- arithmetic ---------------------------------------------------------------------------

    def __matmul__(self, other: Matrix) -> Matrix:
        """Exact product. A factor that only selects and negates costs no multiplication."""
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"product of {self.shape} and {other.shape}")
        shape = (self.shape[0], other.shape[1])
        if 0 in shape or self.shape[1] == 0:
            return Matrix.zeros(*shape)
        if (picked := self._as_signed_selection()) is not None:
            return other._signed_rows(*picked)
        if (picked := other.T._as_signed_selection()) is not None:
            return self.T._signed_rows(*picked).T
        if self._is_sparse and other.shape[1] <= self.shape[1]:
            return self._sparse_product(other)
        a, da = self._integer_form
        b, db = other._integer_form
        return _canonical(a * b, da * db, shape)

    def __add__(self, other: Matrix) -> Matrix:
        if self.shape != other.shape:
            raise ValueError(f"sum of {self.shape} and {other.shape}")
        if self._array is not None and other._array is not None:
            total = _exact_float_sum(self._array, other._array)
            if total is not None:
                return Matrix.from_floats(total)
        a, da = self._integer_form
        b, db = other._integer_form
        den = math.lcm(da, db)
        return _canonical(a * fmpz(den // da) + b * fmpz(den // db), den, self.shape)

    def __neg__(self) -> Matrix:
        if self._array is not None:
            return Matrix.from_floats(-self._array)
        assert self._mat is not None
        return Matrix(self.shape, None, self._mat * fmpz(-1), self._den)

    def __sub__(self, other: Matrix) -> Matrix:
        return self + (-other)

    def scale(self, factor: Fraction | int) -> Matrix:
        """factor · self."""
        factor = Fraction(factor)
        if factor == 1:
            return self
        if self._array is not None and _is_power_of_two(factor):
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
        scaled = [
            integers[k] * (values[k // width].numerator * (common // values[k // width].denominator))
            for k in range(len(integers))
        ]
        return Matrix.from_integers(self.shape, scaled, den * common)

    @cached_property
    def T(self) -> Matrix:
        if self._array is not None:
            return Matrix.from_floats(self._array.T)
        assert self._mat is not None
        return Matrix((self.shape[1], self.shape[0]), None, self._mat.transpose(), self._den)

    def select_rows(self, rows: Sequence[int] | Indices) -> Matrix:
        index = np.asarray(rows, dtype=np.int64)
        if self._array is not None:
            return Matrix.from_floats(self._array[index])
        table = self._object_table()[index]
        return Matrix.from_integers((len(index), self.shape[1]), table.ravel().tolist(), self._den)

    def select_columns(self, columns: Sequence[int] | Indices) -> Matrix:
        index = np.asarray(columns, dtype=np.int64)
        if self._array is not None:
            return Matrix.from_floats(self._array[:, index])
        table = self._object_table()[:, index]
        return Matrix.from_integers((self.shape[0], len(index)), table.ravel().tolist(), self._den)

    def scatter_columns(self, targets: Sequence[int] | Indices, size: int) -> Matrix:
        """self @ selection(targets, size): column k is added to column targets[k]."""
        index = np.asarray(targets, dtype=np.int64)
        if self._array is not None and len(np.unique(index)) == len(index):
            spread = np.zeros((self.shape[0], size))
            spread[:, index] = self._array
            return Matrix.from_floats(spread)
        return self @ Matrix.selection(index, size)

    def positive_part(self) -> Matrix:
        """max(entry, 0), entrywise."""
        if self._array is not None:
            return Matrix.from_floats(np.maximum(self._array, 0.0))
        integers, den = self.integers()
        return Matrix.from_integers(self.shape, [max(0, v) for v in integers], den)

    @cached_property
    def modular_rank(self) -> int:
        """The rank modulo a large prime: never more than the rank, and nearly always equal to it. Fast."""
        if self._size == 0:
            return 0
        return int(nmod_mat(self._integer_form[0], _RANK_PRIME).rank())

    def rank(self) -> int:
        """The exact rank."""
        if self.modular_rank == min(self.shape):
            return self.modular_rank  # rank mod p ≤ rank ≤ min(m, n)
        return int(self._integer_form[0].rank())

    def rref(self) -> tuple[Matrix, list[int]]:
        """(nonzero rows of the reduced row echelon form, pivot columns): self = self[:, pivots] @ rows."""
        if self._size == 0:
            return Matrix.zeros(0, self.shape[1]), []
        mat, den, rank = self._integer_form[0].rref()
        table = mat.tolist()[:rank]
        pivots = [next(j for j, value in enumerate(row) if value != 0) for row in table]
        sign = 1 if int(den) > 0 else -1
        integers = [sign * int(value) for row in table for value in row]
        return Matrix.from_integers((rank, self.shape[1]), integers, abs(int(den))), pivots

    # ---- inside -------------------------------------------------------------------------------

    @property
    def _size(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def _is_sparse(self) -> bool:
        return self._array is not None and self._size >= 100_000 and self.nonzero_count * 8 < self._size

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
        """(picked, signs) if every row holds at most one entry and that entry is ±1 (0: an empty row)."""
        if self._array is None:
            return None
        counts = np.count_nonzero(self.nonzero, axis=1)
        if counts.max(initial=0) > 1:
            return None
        picked = self.nonzero.argmax(axis=1)
        signs = self._array[np.arange(self.shape[0]), picked]
        return (picked, signs) if bool(np.isin(signs, (-1.0, 0.0, 1.0)).all()) else None

    def _signed_rows(self, picked: Indices, signs: Floats) -> Matrix:
        if self._array is not None:
            return Matrix.from_floats(self._array[picked] * signs[:, None])
        table = self._object_table()[picked] * signs.astype(np.int64).astype(object)[:, None]
        return Matrix.from_integers((len(picked), self.shape[1]), table.ravel().tolist(), self._den)

    def _sparse_product(self, other: Matrix) -> Matrix:
        """Row by row over the nonzero entries only (lowered convolutions)."""
        rows, columns = np.nonzero(self.nonzero)
        values, den = dyadic_integers(self.floats[rows, columns])
        integers, other_den = other.integers()
        right = np.empty(len(integers), dtype=object)
        right[:] = integers
        right = right.reshape(other.shape)
        total = np.zeros((self.shape[0], other.shape[1]), dtype=object)
        left = np.empty(len(values), dtype=object)
        left[:] = values
        starts = np.searchsorted(rows, np.unique(rows))
        if len(values):
            total[np.unique(rows)] = np.add.reduceat(left[:, None] * right[columns], starts, axis=0)
        shape = (self.shape[0], other.shape[1])
        return Matrix.from_integers(shape, total.ravel().tolist(), den * other_den)


def hstack(blocks: Sequence[Matrix]) -> Matrix:
    """Blocks side by side; at least one, all with the same number of rows."""
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
    return Matrix.from_integers((sum(b.shape[0] for b in blocks), blocks[0].shape[1]), integers, den)


def dyadic_integers(values: Floats) -> tuple[list[int], int]:
    """Floats as (integers, power of two): value_k = integers_k / den exactly.

    The mantissas are stripped of trailing zeros first, so float32 numbers stay short integers.
    """
    fraction, exponent = np.frexp(values)
    mantissa = np.ldexp(fraction, _FLOAT_BITS).astype(np.int64)
    exponent = exponent.astype(np.int64) - _FLOAT_BITS
    present = mantissa != 0
    if not present.any():
        return [0] * len(values), 1
    lowest_bit = np.where(present, mantissa & -mantissa, 1)
    zeros = np.frexp(lowest_bit.astype(np.float64))[1].astype(np.int64) - 1
    mantissa >>= zeros
    exponent = np.where(present, exponent + zeros, 0)
    smallest = min(0, int(exponent[present].min()))
    shift = exponent - smallest
    width = int((shift + np.frexp(np.abs(mantissa).astype(np.float64))[1]).max())
    if width <= 62:
        integers = (mantissa << shift).tolist()
    else:
        integers = (mantissa.astype(object) << shift.astype(object)).tolist()
    return integers, 1 << -smallest


def round_up(value: Fraction) -> float:
    """The smallest float64 ≥ value (inf beyond the range).

    >>> round_up(Fraction(1, 2))
    0.5
    """
    return 0.0 - round_down(-value)


def round_down(value: Fraction) -> float:
    """The largest float64 ≤ value (-inf beyond the range)."""
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return float(np.finfo(np.float64).max) if value > 0 else -math.inf
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)


# ---- reading and printing --------------------------------------------------------------------

NUMBER = (
    r"(?:0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?\d+)?|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:f32|f64)?)"
)
_DECIMAL = re.compile(r"(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?(f32|f64)?")
_HEX = re.compile(r"0[xX]([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?")


def parse_number(text: str) -> Fraction:
    """The exact value of one unsigned written number: 3, 0.1 (a tenth), 1e-3, 0.1f32, 0x1.8p-3.

    Raises NumberError for anything else, and for exponents or lengths beyond the caps.

    >>> parse_number("0.1"), parse_number("0x1.8p0")
    (Fraction(1, 10), Fraction(3, 2))
    """
    numerator, denominator = parse_ratio(text)
    return Fraction(numerator, denominator)


def parse_ratio(text: str) -> tuple[int, int]:
    """As `parse_number`, as (numerator, denominator), not necessarily in lowest terms."""
    if len(text) > MAX_DIGITS:
        raise NumberError(f"a number of {len(text):,} characters; the limit is {MAX_DIGITS:,}")
    match = _DECIMAL.fullmatch(text)
    if match and (match[1] or match[2]):
        whole, part, exponent, suffix = match.groups()
        if suffix:
            return _rounded_literal(text[:-3], suffix)
        part = part or ""
        shift = _checked_exponent(exponent, MAX_EXPONENT) - len(part)
        digits = int(whole + part)
        return (digits * 10**shift, 1) if shift >= 0 else (digits, 10**-shift)
    match = _HEX.fullmatch(text)
    if match:
        whole, part, exponent = match.groups()
        part = part or ""
        shift = _checked_exponent(exponent, 4 * MAX_EXPONENT) - 4 * len(part)
        digits = int(whole + part, 16)
        return (digits << shift, 1) if shift >= 0 else (digits, 1 << -shift)
    raise NumberError(f"{text[:40]!r} is not a number")


def parse_rational(text: str) -> Fraction:
    """A signed number or a quotient p/q of two, as in JSON and on the command line.

    >>> parse_rational("-1/3")
    Fraction(-1, 3)
    """
    sign, body = 1, text.strip()
    if body[:1] in ("-", "+"):
        sign, body = (-1 if body[0] == "-" else 1), body[1:].strip()
    top, slash, bottom = body.partition("/")
    value = parse_number(top.strip())
    if slash:
        divisor = parse_number(bottom.strip())
        if divisor == 0:
            raise NumberError(f"{text.strip()[:40]!r} divides by zero")
        value /= divisor
    return sign * value


def format_number(value: Fraction) -> str:
    """The shortest of our notations that reads back as exactly `value`.

    >>> [format_number(Fraction(v)) for v in ("3", "1/10", "-0.25", "1/3")]
    ['3', '1/10', '-0.25', '1/3']
    """
    if value.denominator == 1 and abs(value.numerator) < 10**17:
        return str(value.numerator)
    if value.denominator & (value.denominator - 1) == 0:
        written = _format_float(value)
        if written is not None:
            return written
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)


def format_float(value: float) -> str:
    """As `format_number`, for a float64."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if len(text) <= 12 and "e" not in text and Fraction(text) == Fraction(value):
        return text
    with np.errstate(over="ignore"):
        short = np.float32(value)
    if float(short) == value:
        return f"{short!s}f32"
    return f"{text}f64"


def _format_float(value: Fraction) -> str | None:
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return None
    return format_float(near) if Fraction(near) == value else None


def _checked_exponent(text: str | None, limit: int) -> int:
    exponent = int(text) if text and len(text) < 9 else (limit + 1 if text else 0)
    if abs(exponent) > limit:
        raise NumberError(f"exponent {text} is too large; the limit is ±{limit}")
    return exponent


def _rounded_literal(text: str, suffix: str) -> tuple[int, int]:
    with np.errstate(over="ignore"):
        value = float(np.float32(text)) if suffix == "f32" else float(text)
    if not math.isfinite(value):
        raise NumberError(f"{text}{suffix} is beyond the range of {suffix}")
    return value.as_integer_ratio()


# ---- canonical form --------------------------------------------------------------------------


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
        array = _floats_if_exact(mat.entries(), den)
        if array is not None:
            return Matrix.from_floats(array.reshape(shape))
    return Matrix(shape, None, mat, den)


def _floats_if_exact(integers: Iterable[int] | Iterable[fmpz], den: int) -> Floats | None:
    """integers / den as float64 if every quotient is one; den is a power of two."""
    shift = den.bit_length() - 1
    values: list[float] = []
    for entry in integers:
        value = int(entry)
        size = value.bit_length()
        if size > _FLOAT_BITS and size - ((value & -value).bit_length() - 1) > _FLOAT_BITS:
            return None
        if size - shift > 1024 or (value and (value & -value).bit_length() - 1 - shift < _SMALLEST_EXPONENT):
            return None
        values.append(value / den)
    return np.array(values)


def _exact_float_sum(a: Floats, b: Floats) -> Floats | None:
    """a + b if no entry rounds (Knuth's two-sum), else None."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
        virtual = total - a
        error = (a - (total - virtual)) + (b - virtual)
    return total if np.isfinite(total).all() and not error.any() else None


def _rounded(numerator: int, den: int) -> tuple[float, float]:
    try:
        near = numerator / den
    except OverflowError:
        return 0.0, math.inf
    a, b = near.as_integer_ratio()
    return near, 0.0 if a * den == b * numerator else math.ulp(near)


def _is_power_of_two(value: Fraction) -> bool:
    top, bottom = abs(value.numerator), value.denominator
    return top != 0 and top & (top - 1) == 0 and bottom & (bottom - 1) == 0 and max(top, bottom) < 1 << 500


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
