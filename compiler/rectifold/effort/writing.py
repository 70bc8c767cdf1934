"""How written forms are weighed, and how hard a file is looked at before it appears."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RoundingEffort:
    """How rounding is weighed where forms of a layer are compared."""

    side_by_side: int = 16
    """Terms of a sum per rounding that is as large as all products together."""
    least_slope: float = 2.0**-100
    """Of a leaky unit that is written as one: a normal number of every float format."""


@dataclass(frozen=True)
class WrittenEffort:
    """The check of a model file in memory: read again, and run by another program."""

    parameters: int = 20_000_000
    """Stored numbers up to which it is read again: some 1 s and 1 GB for exact matrices."""
    multiply_adds: int = 5_000_000
    """Multiply-adds of one evaluation up to which it is run: it takes some 0.1 s."""
    most_growth: float = 4.0
    """Times the bytes of a model's weights (estimated) from which on a rewritten network is not
    written to be measured: what was counted too much does not make up for that."""
    rows: int = 3
    """Points of a batch, where the batch may have any size."""
    deviations: int = 64
    """Standard deviations of float rounding that are no disagreement."""
    largest_whole: int = 4
    """Of the whole numbers fed to an input of such, without a sign or with one."""
    largest_fed: float = 6e4
    """Of the numbers fed: float16 holds them."""


@dataclass(frozen=True)
class StorageEffort:
    """How forms of weights are weighed, and the search for values that several rows share."""

    code_of_rows: int = 128
    """Bytes of code that another form of weights than the dense one takes more."""
    code_of_bias: int = 48
    """Bytes of code that another form of biases than one after the other takes more."""

    least_sharing: float = 1.25
    """Numbers for each different one from which on it is looked for: a pattern takes its bytes."""
    entries: int = 20_000_000
    """Numbers of different rows up to which it is looked for: some 10 s and 2 GB."""
    kernel_tries: int = 50_000
    """Comparisons of two rows whose values repeat: some 1 s."""
    families_of_a_value: int = 8
    """Sets of rows that hold a value, up to which the value is a sign that they belong together."""
    least_kernels: int = 4
    """Kernels from which on they lie side by side: so many sums are computed at once."""
    most_empty: float = 1.5
    """Sums per unit up to which kernels lie side by side: those of removed units are computed."""
    most_placed: float = 1.25
    """Times the bytes of kernels in one piece that kernels side by side may take: they are up to
    four times as fast."""


@dataclass(frozen=True)
class NumpyEffort:
    """How emitted NumPy code is laid out: the fastest that was measured."""

    group: int = 4
    """Entries by which the width of a layer grows: a sixteenth faster than 51 in a row."""
    listed_inputs: int = 16
    """Inputs up to which a point is checked number by number: 0.2 us for 5, and 0.6 us with two
    comparisons of arrays, for any number."""
    active_cells: int = 65_536
    """Weights of a layer from which on its inactive sources are looked for first: it takes 0.5 us,
    and the product of 256 x 256 takes 2."""
    gathered_cells: int = 65_536
    """Weights of a layer from which on kernels are looked for: a call with them takes 3 us, and the
    dense product half of that."""
    read_products: int = 16
    """Products of a dense layer in the time of taking one number by its index: 0.8 ns beside 0.1 at
    a point and 0.03 in a batch."""
    most_sums: float = 2.0
    """Sums per unit up to which kernels are multiplied: those of removed units are computed."""
    gathered_at_once: int = 65_536
    """Numbers taken by index for the points of a batch at once: they stay in the cache."""
    least_saving: int = 1024
    """Bytes that leaving zeros out of stored numbers must save: the text that puts them back has
    a tenth of them."""


@dataclass(frozen=True)
class ObservedEffort:
    """The errors of emitted code that are seen at points."""

    points: int = 10_000
    """Points at which the rounding error is observed."""
    open_range: int = 1000
    """Length that is looked at of a range without an end."""
    corners: int = 3
    """One of so many points is a corner."""
    at_once: int = 1000
    """Points of one product of matrices: some megabytes."""
    work: int = 4_000_000_000
    """Weights times points up to which that is done: some 2 s."""
    ordered_work: int = 200_000_000
    """Multiply-adds up to which sums are taken in the code's own order: half a second."""
    ordered_points: int = 64
    """Points of one such sum: their sums stay in the processor's cache."""
    single_levels: int = 3
    """Slices of some 20 bits that what float32 is compared with is known to."""
    double_levels: int = 5
    """The same where doubles are compared."""
    fractions: int = 20_000
    """Weights that are no floats, up to which they are taken as sums of two: 5 µs each."""
    largest: float = 2.0**300
    """Of the numbers met: no product of two leaves the range, no slice falls below it."""
    least_exponent: int = -400
    """Of a slice: products of slices stay far above the smallest float."""
    exact_points: int = 4
    """Points at which values are exact, where sums of floats cannot be had."""
    exact_work: int = 4_000_000
    """Multiply-adds of exact evaluation (a microsecond each) up to which that is done."""


@dataclass(frozen=True)
class PythonEffort:
    """How emitted Python is laid out."""

    straight_parameters: int = 300
    """Weights and biases up to which each unit is an expression: twice as fast as loops, but each
    takes some 20 bytes; from some 3,000 terms on Python cannot read an expression."""
    block: int = 64
    """Sums that are taken at once: Python keeps memory for 100 floats at hand, and a comprehension
    over more takes half as long again for each."""


@dataclass(frozen=True)
class VnnlibEffort:
    """How numbers are written for other verifiers, which read them as doubles."""

    digits: int = 17
    """Of an end of an input that is no decimal number: with so many each double differs."""
