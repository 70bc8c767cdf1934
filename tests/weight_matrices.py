"""Flat matrices of weights, and the form in which they are stored."""

from __future__ import annotations

import numpy as np

from rectifold.emitters.storage.index_tables import Numbers
from rectifold.emitters.storage.placed_rows import PlacedRows, placed_rows
from rectifold.emitters.storage.shared_rows import SharedRows, shared_rows
from rectifold.emitters.storage.sharing import sharing_of
from rectifold.emitters.storage.storage import Storage, storage_of, stored_numbers
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer


def convolution(
    channels: tuple[int, int],
    size: int,
    kernel: int,
    padding: int = 0,
    stride: int = 1,
    seed: int = 0,
) -> tuple[Numbers, Numbers]:
    """The flat matrix of a convolution of random float32 numbers, and its kernel."""
    values = np.random.default_rng(seed).normal(size=(channels[1], channels[0], kernel, kernel))
    values = values.astype(np.float32)
    out = (size + 2 * padding - kernel) // stride + 1
    across = size + 2 * padding
    table = np.zeros((channels[1], out, out, channels[0], across, across))
    for y, x in np.ndindex(out, out):
        rows, columns = (slice(k * stride, k * stride + kernel) for k in (y, x))
        table[:, y, x, :, rows, columns] = values
    inner = slice(padding, padding + size)
    return table[..., inner, inner].reshape(channels[1] * out**2, channels[0] * size**2), values


def random_numbers(rows: int, columns: int, density: float, seed: int = 1) -> Numbers:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)


def stored(numbers: Numbers, precision: str = "mixed") -> Storage:
    """The form that is chosen, which holds the numbers."""
    layer = Layer("h", "relu", Matrix.zeros(len(numbers), 1), {"x": Matrix.from_floats(numbers)})
    form = storage_of(layer, "x", precision)
    kind = np.float64 if precision == "float64" else np.float32
    assert form.matrix().dtype == kind
    assert np.array_equal(form.matrix(), numbers.astype(kind))
    return form


def strips(numbers: Numbers, precision: str = "mixed") -> SharedRows | None:
    """The matrix with each kernel in one piece, where it shares enough."""
    own = stored_numbers(Matrix.from_floats(numbers), precision)
    sharing = sharing_of(own)
    form = None if sharing is None else shared_rows(sharing)
    assert form is None or np.array_equal(form.matrix(), own)
    return form


def places(numbers: Numbers, precision: str = "mixed") -> PlacedRows | None:
    """The matrix with the kernels side by side, where there are enough."""
    own = stored_numbers(Matrix.from_floats(numbers), precision)
    sharing = sharing_of(own)
    form = None if sharing is None else placed_rows(sharing)
    assert form is None or np.array_equal(form.matrix(), own)
    return form
