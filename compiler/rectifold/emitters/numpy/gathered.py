"""Kernels in emitted NumPy: the inputs that they read side by side, and one small product.

    kernel 5 7 at columns 0, 1, 2      [5 7] . [ x0 x1 x2 ]      V . x.take(I)
    and 5 at column 3                          [ x1 x2 x3 ]
                                         5 at 3: x3 above the zero that lies behind x

A group is a set of kernels that read at the same places (channels of a convolution), each place a
column of the table I: an index per value of the kernel, or that of a zero. Sound because the sums
have the terms of the matrix and zeros, which are exact, in some order, and the form is read back
and equal to the stored numbers before it is chosen. Which kernels there are is found by
sharing.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.storage.index_tables import Numbers
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.sharing import Reader, Sharing, sharing_of
from rectifold.emitters.templates import template


@dataclass(frozen=True, eq=False)
class Gathered:
    """`values`: groups x kernels x places of the longest kernel, with zeros behind shorter ones.

    A place reads where its pattern says, counted from its first column: `columns` has a row per
    pattern, with 1 + the column for each value of a kernel, 0 for none. `units`: which sum each
    unit is; None where they lie in order.
    """

    shape: tuple[int, int]
    values: Numbers
    columns: Integers
    pattern: Integers
    first: Integers
    units: Integers | None

    @property
    def tables(self) -> list[Integers]:
        """The index tables in the order in which the module reads them."""
        own = [self.columns.ravel(), self.pattern.ravel(), self.first.ravel()]
        return own if self.units is None else [*own, self.units]

    @property
    def reads(self) -> int:
        """Entries of the table of indices."""
        return self.pattern.size * int(self.values.shape[2])

    @property
    def products(self) -> int:
        """Multiplications of a point, those by zeros included."""
        return self.reads * int(self.values.shape[1])

    @property
    def index(self) -> Integers:
        """Groups x places of a kernel x places; the number of inputs stands for a zero."""
        columns = self.columns[self.pattern]
        read = columns - 1 + self.first[..., None]
        return np.where(columns > 0, read, self.shape[1]).swapaxes(1, 2)

    def matrix(self) -> Numbers:
        """The stored numbers, units x inputs."""
        groups, kernels, _ = self.values.shape
        sums = groups * kernels * self.pattern.shape[1]
        which = np.arange(sums) if self.units is None else self.units
        group, place = which // (sums // groups), which % self.pattern.shape[1]
        kernel = which // self.pattern.shape[1] % kernels
        result = np.zeros((self.shape[0], self.shape[1] + 1), self.values.dtype)
        read = self.index[group, :, place]
        np.put_along_axis(result, read, self.values[group, kernel], axis=1)
        return result[:, :-1]


def gathered_of(numbers: Numbers) -> Gathered | None:
    """The form of a matrix units x inputs where it is smaller and faster than all its numbers.

    Faster by an estimate in products of the dense form: see NumpyEffort.
    """
    if 2 * np.count_nonzero(numbers) >= numbers.size or numbers.size < NumpyEffort.gathered_cells:
        return None
    sharing = sharing_of(numbers)
    form = None if sharing is None else _form(sharing)
    if form is None or not _is_better(form, numbers):
        return None
    if not np.array_equal(form.matrix(), numbers):
        raise AssertionError("the gathered form does not hold the weights")
    return form


def _is_better(form: Gathered, numbers: Numbers) -> bool:
    products = form.products + NumpyEffort.gathered_cells // 2
    products += NumpyEffort.read_products * form.reads
    if form.units is not None:
        products += NumpyEffort.read_products * len(form.units)
    indices = sum(table.size for table in form.tables) * 4
    stored = form.values.size * 4 + indices
    dense = np.count_nonzero(numbers) * 4 + numbers.size // 8
    return 2 * products <= numbers.size and bool(stored < dense)


@dataclass(frozen=True)
class _Group:
    """Kernels and places (pattern, column) by their numbers within the group."""

    kernels: dict[int, int]
    places: dict[tuple[int, int], int]

    def sum_of(self, reader: Reader) -> tuple[int, int]:
        """Kernel and place of a unit of the group."""
        return self.kernels[reader.kernel], self.places[reader.pattern, reader.column]


def _form(sharing: Sharing) -> Gathered | None:
    """Kernels by groups; None where groups of different sizes would be mostly empty."""
    groups, own = _groups(sharing)
    kernels = max(len(group.kernels) for group in groups)
    places = max(len(group.places) for group in groups) + any(
        reader.kernel < 0 for reader in sharing.readers
    )
    length = max(map(len, sharing.kernels))
    if len(groups) * kernels * places > NumpyEffort.most_sums * len(sharing.readers):
        return None
    values = np.zeros((len(groups), kernels, length), sharing.kernels[0].dtype)
    columns = _columns(sharing, length)
    pattern = np.full((len(groups), places), len(columns) - 1, np.int64)
    first = np.zeros((len(groups), places), np.int64)
    for g, group in enumerate(groups):
        for kernel, k in group.kernels.items():
            values[g, k, : len(sharing.kernels[kernel])] = sharing.kernels[kernel]
        pattern[g, : len(group.places)], first[g, : len(group.places)] = np.array(
            list(group.places), np.int64
        ).T
    units = np.full(len(sharing.readers), places - 1, np.int64)  # there, nothing is read
    for unit, reader in enumerate(sharing.readers):
        if reader.kernel >= 0:
            g = own[reader.kernel]
            k, place = groups[g].sum_of(reader)
            units[unit] = (g * kernels + k) * places + place
    in_order = np.array_equal(units, np.arange(len(groups) * kernels * places))
    shape = (len(units), sharing.shape[1])
    return Gathered(shape, values, columns, pattern, first, None if in_order else units)


def _groups(sharing: Sharing) -> tuple[list[_Group], dict[int, int]]:
    """Kernels with a place in common, through others as well; and the group of each kernel."""
    leader = list(range(len(sharing.kernels)))
    at: dict[tuple[int, int], int] = {}
    readers = [reader for reader in sharing.readers if reader.kernel >= 0]
    for reader in readers:
        other = at.setdefault((reader.pattern, reader.column), reader.kernel)
        leader[_root(leader, reader.kernel)] = _root(leader, other)
    groups: list[_Group] = []
    numbered: dict[int, int] = {}
    own: dict[int, int] = {}
    for reader in readers:
        g = numbered.setdefault(_root(leader, reader.kernel), len(groups))
        if g == len(groups):
            groups.append(_Group({}, {}))
        own[reader.kernel] = g
        groups[g].kernels.setdefault(reader.kernel, len(groups[g].kernels))
        groups[g].places.setdefault((reader.pattern, reader.column), len(groups[g].places))
    return groups, own


def _root(leader: list[int], kernel: int) -> int:
    while leader[kernel] != kernel:
        leader[kernel] = leader[leader[kernel]]
        kernel = leader[kernel]
    return kernel


def _columns(sharing: Sharing, length: int) -> Integers:
    """Per pattern 1 + the column of each value of the kernel, 0: none; the last reads nothing."""
    reads: Sequence[tuple[Integers, Integers]] = sharing.patterns.reads()
    columns = np.zeros((len(reads) + 1, length), np.int64)
    for row, (read, positions) in zip(columns, reads, strict=False):
        row[positions] = read + 1
    return columns


def gathered_code() -> str:
    """The functions that read tables and multiply by kernels."""
    return template("numpy_gathered").format(at_once=NumpyEffort.gathered_at_once)


def index_lines(tables: Sequence[Integers]) -> str:
    """The line that cuts what is stored into tables."""
    ends = np.cumsum([table.size for table in tables])[:-1].tolist()
    return f"_N = iter(np.split(_N.astype(np.intp), {ends}))\n"


def kernel_lines(name: str, form: Gathered) -> list[str]:
    """The lines that make V, I and U, with the layers in `name`."""
    groups, kernels, length = form.values.shape
    shape = f"({f'{groups}, ' if groups > 1 else ''}{kernels}, {length})"
    where = f"{form.columns.shape}, {groups}, {form.pattern.shape[1]}, {form.shape[1]}"
    return [
        f"V{name} = next(_W).reshape{shape}.astype(REAL)",
        f"I{name} = _places({where})",
        *([] if form.units is None else [f"U{name} = next(_N)"]),
    ]


def gathered_product(value: str, name: str, form: Gathered) -> str:
    """The expression for the sums of all units over what they read in `value`."""
    sums = f"_gathered({value}, V{name}, I{name})"
    return sums if form.units is None else f"{sums}.take(U{name}, -1)"
