"""How the weights between two layers lie in emitted code: the smallest of these exact forms.

    dense      every number, those of an input after those of the one before    4 m n bytes
    sparse     what is not zero, and the gaps between                           5 or 6 per number
    shared     every value of a kernel once, and where the units read: a convolution's few kB;
               either a kernel in one piece (shared_rows.py), or all of them side by side, which
               computes the channels of a place at once (placed_rows.py)

Each form gives the sum of a unit in the order of its inputs, without terms that are zero: the same
bits as the dense sum in one part, but for the sign of a zero. Sound because every form is read
back, and equal to the stored numbers, before it is chosen (`_checked`). How kernels and patterns
are found (sharing.py) is therefore free to guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.effort.writing import StorageEffort
from rectifold.emitters.storage.index_tables import Numbers, varying
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.placed_rows import PlacedRows, placed_rows
from rectifold.emitters.storage.shared_rows import SharedRows, shared_rows
from rectifold.emitters.storage.sharing import sharing_of
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer

_STORED: Mapping[str, npt.DTypeLike] = MappingProxyType(
    {"float32": np.float32, "mixed": np.float32, "float64": np.float64}
)


@dataclass(frozen=True, eq=False)
class DenseRows:
    """Every number: `values` is inputs × units."""

    values: Numbers

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        return {"values": self.values.ravel()}

    @property
    def products(self) -> int:
        return self.values.size

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        return self.values.T


@dataclass(frozen=True, eq=False)
class DenseUnits:
    """Every number, those of a unit after those of the one before: `values` is units × inputs.

    Never the smallest form: code that adds a row in several sums takes dense rows so.
    """

    values: Numbers

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        return {"values": self.values.ravel()}

    @property
    def products(self) -> int:
        return self.values.size

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        return self.values


@dataclass(frozen=True, eq=False)
class SparseRows:
    """What is not zero, for each unit or for each input: how many, the gaps between, the values.

    A gap is the step from the number before (from 0 for the first), so it needs few bits.
    """

    shape: tuple[int, int]
    by: Literal["unit", "input"]
    counts: Integers
    gaps: Integers
    values: Numbers

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        return {"values": self.values} | varying({"gaps": self.gaps, "counts": self.counts})

    @property
    def products(self) -> int:
        return len(self.values)

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        lines, across = self.shape if self.by == "unit" else self.shape[::-1]
        result: Numbers = np.zeros((lines, across), self.values.dtype)
        ends = np.cumsum(self.counts)
        for line, (end, count) in enumerate(zip(ends, self.counts, strict=True)):
            part = slice(end - count, end)
            result[line, np.cumsum(self.gaps[part])] = self.values[part]
        return result if self.by == "unit" else result.T


Storage: TypeAlias = DenseRows | DenseUnits | SparseRows | SharedRows | PlacedRows


@dataclass(frozen=True, eq=False)
class StoredBias:
    """The biases: those of `values` one after the other, each for as many units as `counts` says.

    Or, with `which`, the different ones, and for each unit which.
    """

    values: Numbers
    counts: Integers | None = None
    which: Integers | None = None

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        named = {"counts": self.counts, "which": self.which}
        indices = {key: table for key, table in named.items() if table is not None}
        return {"values": self.values} | varying(indices)

    def vector(self) -> Numbers:
        if self.counts is not None:
            return np.repeat(self.values, self.counts)
        return self.values if self.which is None else self.values[self.which]


def storage_of(layer: Layer, source: str, precision: str) -> Storage:
    """The smallest exact form of the layer's weights on `source`, in the stored precision.

    `precision`: "float32", "mixed" (float32 is stored) or "float64". What a form takes more in code
    counts, and where most weights are not zero, where the dense form is faster, another must take
    half of its bytes. Of forms of one size the first of dense, sparse by input, sparse by unit,
    shared is taken. Kernels side by side may take a quarter more than in one piece.
    """
    numbers = stored_numbers(layer.weights[source], precision)
    forms: list[Storage] = [DenseRows(np.ascontiguousarray(numbers.T))]
    mostly_zero = 2 * np.count_nonzero(numbers) < numbers.size
    if mostly_zero:
        forms += [_sparse_rows(numbers, "input"), _sparse_rows(numbers, "unit")]
    shared = _shared_form(numbers)
    if shared is not None and (mostly_zero or 2 * stored_bytes(shared) <= numbers.nbytes):
        forms.append(shared)
    return _checked(min(forms, key=_flash), numbers)


def smallest_integers(numbers: Numbers) -> DenseRows | SparseRows | SharedRows:
    """The smallest exact form of a matrix of integers (units × inputs), by its bytes alone.

    Only forms that compute the sums of units, each once and of its own terms: of another sum nobody
    proved that it fits its word.
    """
    forms: list[DenseRows | SparseRows | SharedRows] = [
        DenseRows(np.ascontiguousarray(numbers.T)),
        _sparse_rows(numbers, "input"),
        _sparse_rows(numbers, "unit"),
    ]
    sharing = sharing_of(numbers)
    if sharing is not None:
        forms.append(shared_rows(sharing))
    chosen = min(forms, key=_flash)
    _checked(chosen, numbers)
    return chosen


def _shared_form(numbers: Numbers) -> SharedRows | PlacedRows | None:
    """Kernels side by side, which is faster, unless that takes much more."""
    sharing = sharing_of(numbers)
    if sharing is None:
        return None
    shared, placed = shared_rows(sharing), placed_rows(sharing)
    if placed is None or stored_bytes(placed) > StorageEffort.most_placed * stored_bytes(shared):
        return shared
    return placed


def bias_of(layer: Layer, precision: str) -> StoredBias:
    """The layer's biases in the smallest of the three forms."""
    numbers = stored_numbers(layer.bias, precision).ravel()
    starts = np.flatnonzero(np.diff(numbers, prepend=np.nan))  # the first differs from no number
    counts = np.diff(starts, append=len(numbers))
    values, which = np.unique(numbers, return_inverse=True)
    forms = (
        StoredBias(numbers),
        StoredBias(numbers[starts], counts=counts),
        StoredBias(values, which=which.astype(np.int64)),
    )
    chosen = min(forms, key=_flash)
    if not np.array_equal(chosen.vector(), numbers):
        raise AssertionError(f"layer {layer.name}: the biases are not held")
    return chosen


def stored_numbers(matrix: Matrix, precision: str) -> Numbers:
    """The entries rounded to the stored precision; what becomes zero is a zero like others."""
    with np.errstate(over="ignore", under="ignore"):
        numbers: Numbers = matrix.approximation[0].astype(_STORED[precision])
    numbers += 0  # no -0
    return numbers


def stored_bytes(form: Storage | StoredBias) -> int:
    """Bytes of all tables of the form."""
    return sum(table.nbytes for table in form.tables.values())


def _flash(form: Storage | StoredBias) -> int:
    """Bytes of the tables, and those of code that the form takes more than the plain one."""
    match form:
        case DenseRows():
            code = 0
        case StoredBias():
            code = 0 if form.counts is form.which is None else StorageEffort.code_of_bias
        case _:
            code = StorageEffort.code_of_rows
    return stored_bytes(form) + code


def _sparse_rows(numbers: Numbers, by: Literal["unit", "input"]) -> SparseRows:
    lines = numbers if by == "unit" else numbers.T
    line, across = np.nonzero(lines)
    counts = np.bincount(line, minlength=len(lines)).astype(np.int64)
    gaps = np.diff(across, prepend=0).astype(np.int64)
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    gaps[starts] = across[starts]
    shape = (numbers.shape[0], numbers.shape[1])
    return SparseRows(shape, by, counts, gaps, lines[line, across])


def _checked(form: Storage, numbers: Numbers) -> Storage:
    if not np.array_equal(form.matrix(), numbers):
        raise AssertionError(f"{type(form).__name__} does not hold the weights")
    return form
