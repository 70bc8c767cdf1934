"""Operators whose result is known: Constant, ConstantOfShape, Shape, Size, Range of constants."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from rectifold.formats.onnx.node import Node, entries_of
from rectifold.formats.onnx.tensors import INTEGERS, Constant, Tensor
from rectifold.runtime.caps import CAPS


def constant(node: Node) -> Tensor:
    given = {name: value for name, value in node.attributes.items() if value is not None}
    if len(given) != 1:
        raise node.fail(
            f"{len(given)} values are given ({', '.join(given) or 'none'}); one is expected"
        )
    ((name, value),) = given.items()
    if isinstance(value, Constant):
        return value
    if name in ("value_float", "value_floats"):
        return Constant(np.asarray(value, dtype=np.float64), "float32", node.where)
    return Constant(np.asarray(value, dtype=np.int64), "int64", node.where)


def constant_of_shape(node: Node) -> Tensor:
    sizes = node.integers(0, "the shape") or []
    if min(sizes, default=0) < 0 or entries_of(sizes) > CAPS.grown_entries:
        raise node.fail(
            f"the shape {sizes} is negative or too large "
            f"(the limit is {CAPS.grown_entries:,} entries)"
        )
    value = node.attribute("value")
    if value is None:
        return Constant(np.zeros(sizes), "float32", node.where)
    if value.values.size != 1:
        raise node.fail(f"value has {value.values.size} entries; one is expected")
    return Constant(np.full(sizes, value.values.ravel()[0]), value.type, node.where)


def shape(node: Node) -> Tensor:
    sizes = node.tensor(0).shape
    first, last = node.attributes.get("start") or 0, node.attributes.get("end")
    return Constant(np.asarray(sizes[first:last], dtype=np.int64), "int64", node.where)


def size(node: Node) -> Tensor:
    return Constant(
        np.asarray(entries_of(node.tensor(0).shape), dtype=np.int64), "int64", node.where
    )


def number_range(node: Node) -> Tensor:
    """Range: start, start + delta, ... below the limit; of constants."""
    parts = [node.constant(k, name) for k, name in ((0, "start"), (1, "limit"), (2, "delta"))]
    if any(part.values.size != 1 for part in parts):
        raise node.fail("start, limit and delta are single numbers")
    start, limit, delta = (part.exact()[0] for part in parts)
    if delta == 0:
        raise node.fail("delta is 0")
    count = max(0, math.ceil((limit - start) / delta))
    if count > CAPS.grown_entries:
        raise node.fail(f"{count:,} numbers are too many (the limit is {CAPS.grown_entries:,})")
    kind = parts[0].type
    if kind in INTEGERS:
        whole = [int(start) + k * int(delta) for k in range(count)]
        return node.folded(np.asarray(whole, dtype=np.dtype(kind)), kind)
    values = np.empty(count, dtype=object)
    values[:] = [start + k * Fraction(delta) for k in range(count)]
    return node.folded(values, kind)
