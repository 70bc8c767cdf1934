"""Quantised models: weights stored as whole numbers are read, arithmetic in whole numbers is not.

    DequantizeLinear(q, s, z)  of constants     (q − z)·s, exactly
    QuantizeLinear(x, s, z)    of activations   refused: it rounds, and is no piecewise linear map

Sound because a product of constants is kept exact; what a runtime rounds there is rounding like any
other, and belongs to the float code, not to the function.
"""

from __future__ import annotations

import operator

import numpy as np

from rectifold.formats.onnx.arithmetic import fold
from rectifold.formats.onnx.node import Node
from rectifold.formats.onnx.tensors import Array, Constant, Tensor, element_type


def dequantize(node: Node) -> Tensor:
    """(x − zero point)·scale of constants; one scale, one for each place of an axis, or blocks."""
    stored, scale = node.constant(0, "x"), node.constant(1, "x_scale")
    shift = node.constant(2, "x_zero_point") if node.given(2) else None
    wanted = node.attributes.get("output_dtype") or 0
    kind = element_type(wanted) if wanted else scale.type
    whole = Constant(stored.fractions(), scale.type, stored.origin)
    if shift is not None:
        offset = Constant(_spread(node, shift, whole), scale.type, shift.origin)
        whole = fold(node, operator.sub, whole, offset)
    result = fold(
        node, operator.mul, whole, Constant(_spread(node, scale, whole), scale.type, scale.origin)
    )
    return Constant(result.values, kind or scale.type, result.origin)


def _spread(node: Node, values: Constant, over: Constant) -> Array:
    """One number for each entry of `over`."""
    entries, shape = values.fractions(), over.shape
    if entries.size == 1 and len(entries.shape) <= 1:
        return np.broadcast_to(entries.reshape(()), shape)
    axis = node.axis(node.attributes.get("axis", 1), len(shape))
    block = node.attributes.get("block_size") or 0
    if block:
        wanted = (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :])
        repeated = np.repeat(entries, block, axis) if len(entries.shape) == len(shape) else entries
        repeated = repeated[(*[slice(None)] * axis, slice(shape[axis]))]
    else:
        wanted = (shape[axis],)
        repeated = entries.reshape((-1, *[1] * (len(shape) - axis - 1)))
    if entries.shape != wanted:
        raise node.fail(f"{values.origin} has the shape {entries.shape}; {wanted} is expected")
    return np.broadcast_to(repeated, shape)
