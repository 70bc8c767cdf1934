"""The values that flow through an ONNX graph, with their element types.

    Symbolic   depends on the network's input: affine forms over layers, in C order, and a shape
    Constant   does not: an array whose entries are the exact numbers that the file's bits say

Floating-point constants are float64 arrays, or arrays of fractions where a computed value is no
float64 number; whole numbers and truth values keep their own type, because ONNX divides and wraps
them in that type. Sound because nothing here rounds: a value that cannot be held exactly is
refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from rectifold.errors import InputError
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine
from rectifold.runtime.arrays import inside

Array = np.ndarray[Any, Any]  # of floats, integers, truth values or fractions
AttributeValue: TypeAlias = Any  # a number, a text, a list or a tensor: its declaration says which

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")
ELEMENT_TYPES = (*FLOATS, *INTEGERS, "bool")

_LARGEST_FLOAT = Fraction(float(np.finfo(np.float64).max))
_NAMES = {"float": "float32", "double": "float64"}  # ONNX's names that are not NumPy's


class OnnxError(InputError):
    """An ONNX file that cannot be read as a ReLU network. The message names the node."""


@dataclass(frozen=True, eq=False)
class Symbolic:
    """A tensor that depends on the input: its entries in C order, its shape and element type."""

    entries: Affine
    shape: tuple[int, ...]
    type: str = "float32"

    @property
    def positions(self) -> Indices:
        """The index of each entry, in the tensor's shape."""
        return np.arange(self.entries.size).reshape(self.shape)

    def moved(self, positions: Indices) -> Symbolic:
        """The tensor of the entries at these positions, in the shape of `positions`."""
        flat = positions.ravel()
        same = len(flat) == self.entries.size and np.array_equal(flat, np.arange(len(flat)))
        entries = self.entries if same else self.entries.select(flat)
        return Symbolic(entries, positions.shape, self.type)


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that is known: `origin` says in messages where it comes from."""

    values: Array
    type: str
    origin: str

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    def exact(self) -> list[Fraction]:
        """Every entry, in C order. Raises OnnxError for NaN and infinity."""
        flat = self.finite().ravel()
        if flat.dtype.kind == "f":
            return [Fraction(float(v)) for v in flat]
        return [v if isinstance(v, Fraction) else Fraction(int(v)) for v in flat]

    def finite(self) -> Array:
        """The values. Raises OnnxError for NaN and infinity."""
        if self.values.dtype.kind == "f" and not np.isfinite(self.values).all():
            raise OnnxError(
                f"{self.origin} holds NaN or infinite entries; finite numbers are expected"
            )
        return self.values

    def fractions(self) -> Array:
        """The values as an array of fractions."""
        exact = np.empty(self.values.size, dtype=object)
        exact[:] = self.exact()
        return exact.reshape(self.values.shape)

    def numbers(self) -> Array:
        """The finite values as float64 where all of them are float64 numbers, else as fractions."""
        values = self.finite()
        return values if values.dtype.kind in "fO" else reduced(self.fractions())

    def affine(self) -> Affine:
        """The entries as constant affine forms."""
        return Affine(matrix_of(self.numbers().reshape(-1, 1)))


Tensor = Symbolic | Constant


def reduced(values: Array) -> Array:
    """An array of fractions as float64 if every entry is a float64 number; otherwise as it is."""
    flat = values.ravel()
    floats = np.empty(len(flat))
    for k, value in enumerate(flat):
        if not _is_exact_float(value):
            return values
        floats[k] = float(value)
    return floats.reshape(values.shape)


def _is_exact_float(value: Fraction) -> bool:
    return abs(value) <= _LARGEST_FLOAT and Fraction(float(value)) == value


def matrix_of(array: Array) -> Matrix:
    """A two-dimensional array of numbers (float64 or fractions) as an exact matrix."""
    if array.dtype == object:
        return Matrix.from_fractions(array.tolist(), columns=array.shape[1])
    return Matrix.from_floats(array)


def element_type(number: int) -> str | None:
    """The name of an ONNX element type, or None where it is not among ELEMENT_TYPES."""
    if number not in onnx.TensorProto.DataType.values():
        return None
    name = onnx.TensorProto.DataType.Name(number).lower()
    name = _NAMES.get(name, name)
    return name if name in ELEMENT_TYPES else None


def type_text(number: int) -> str:
    """What to call an element type that is not read."""
    known = number in onnx.TensorProto.DataType.values()
    return onnx.TensorProto.DataType.Name(number).lower() if known else f"number {number}"


def wrapped(values: Iterable[int], kind: str, shape: Sequence[int]) -> Array:
    """Whole numbers reduced to an integer type as two's complement does."""
    bits = np.dtype(kind).itemsize * 8
    low = 0 if kind.startswith("u") else -(1 << (bits - 1))
    reduced_values = [(int(v) - low) % (1 << bits) + low for v in values]
    return np.asarray(reduced_values, dtype=np.dtype(kind)).reshape(shape)


# ---- reading tensors of a file -------------------------------------------------------------------


def read_tensor(tensor: TensorProto, origin: str, folder: Path | None) -> Constant:
    """The constant that a TensorProto holds; external data lies in `folder`.

    Raises OnnxError naming `origin`.
    """
    kind = element_type(tensor.data_type)
    if kind is None:
        raise OnnxError(
            f"{origin} has entries of type {type_text(tensor.data_type)}; read are "
            f"{', '.join(ELEMENT_TYPES)}"
        )
    shape = tuple(tensor.dims)
    if any(size < 0 for size in shape) or tensor.HasField("segment"):
        raise OnnxError(f"{origin} has the shape {shape} or is stored in segments; neither is read")
    tensor = with_external_data(tensor, origin, folder)
    _check_length(tensor, kind, math.prod(shape), origin)
    array = np.asarray(numpy_helper.to_array(tensor)).reshape(shape)
    return Constant(array.astype(np.float64) if kind in FLOATS else array, kind, origin)


def with_external_data(tensor: TensorProto, origin: str, folder: Path | None) -> TensorProto:
    """The tensor itself, or one with the data that lie in another file of the folder.

    Raises OnnxError, InputError.
    """
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return tensor
    if folder is None:
        raise OnnxError(
            f"{origin} lies in another file, and the model is none; load the model with "
            "onnx.load(path), which reads it, or give the path"
        )
    entries = {entry.key: entry.value for entry in tensor.external_data}
    unknown = sorted(set(entries) - {"location", "offset", "length", "checksum"})
    numbers = [entries.get("offset", "0"), entries.get("length", "0")]
    if (
        unknown
        or not entries.get("location")
        or not all(n.isascii() and n.isdigit() for n in numbers)
    ):
        raise OnnxError(
            f"{origin}: its external data has no location, a bad offset or length, or unknown keys"
        )
    filled = onnx.TensorProto()
    filled.CopyFrom(tensor)
    with inside(folder, entries["location"]).open("rb") as file:
        file.seek(int(entries.get("offset", 0)))
        filled.raw_data = file.read(int(entries["length"])) if "length" in entries else file.read()
    filled.data_location = onnx.TensorProto.DEFAULT
    return filled


_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def _check_length(tensor: TensorProto, kind: str, count: int, origin: str) -> None:
    """As many entries as the shape says, in the one field that ONNX keeps for this type."""
    filled = {
        field: len(getattr(tensor, field)) for field in _FIELDS if len(getattr(tensor, field))
    }
    if tensor.HasField("raw_data"):
        size = 2 if kind == "bfloat16" else np.dtype(kind).itemsize
        found: int | Fraction = Fraction(len(tensor.raw_data), size)
        extra = bool(filled)
    else:
        field = _field_of(kind)
        found = filled.pop(field, 0)
        extra = bool(filled)
    if found != count or extra:
        raise OnnxError(
            f"{origin} has the shape {tuple(tensor.dims)}, {count} entries, but holds {found}"
            f"{' and more in another field' if extra else ''}; the file is damaged"
        )


def _field_of(kind: str) -> str:
    own = {"float32": "float_data", "float64": "double_data", "int64": "int64_data"}
    return own.get(kind, "uint64_data" if kind in ("uint32", "uint64") else "int32_data")
