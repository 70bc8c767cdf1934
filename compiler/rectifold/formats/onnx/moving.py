"""Operators that only move entries: each says where every entry of its result comes from.

    Transpose, Reshape, Slice, Gather, Tile, ...     result = input[positions]

Sound because the same function moves the entries of a constant and the positions of a tensor that
depends on the input; shapes are checked before anything is moved.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from rectifold.formats.onnx.node import Node, entries_of, symbolic_of
from rectifold.formats.onnx.tensors import Array, Constant, Symbolic, Tensor
from rectifold.ir.affine import concat
from rectifold.runtime.caps import CAPS


def moving(move: Callable[[Node, Array], Array]) -> Callable[[Node], Tensor]:
    """An operator that moves entries, given what it does to an array."""

    def run(node: Node) -> Tensor:
        value = node.tensor(0)
        if isinstance(value, Symbolic):
            return value.moved(np.ascontiguousarray(move(node, value.positions)))
        return Constant(move(node, value.values), value.type, f"the value of {node.where}")

    return run


def same(node: Node, array: Array) -> Array:
    return array


def dropout(node: Node) -> Tensor:
    """Dropout outside training: the input."""
    if node.given(2) and bool(np.any(node.constant(2, "training_mode").values)):
        raise node.fail("training mode is not a fixed function; export the model for inference")
    return node.tensor(0)


def reshape(node: Node, array: Array) -> Array:
    wanted = node.integers(1, "shape") or []
    keep_zero = bool(node.attributes.get("allowzero"))
    if not keep_zero and any(size == 0 and k >= array.ndim for k, size in enumerate(wanted)):
        raise node.fail(
            f"the shape {wanted} copies a size that the input of shape {array.shape} does not have"
        )
    sizes = [
        array.shape[k] if size == 0 and not keep_zero else size for k, size in enumerate(wanted)
    ]
    known = entries_of([s for s in sizes if s != -1])
    if sizes.count(-1) == 1 and known > 0 and array.size % known == 0:
        sizes[sizes.index(-1)] = array.size // known
    if min(sizes, default=0) < 0 or entries_of(sizes) != array.size:
        raise node.fail(f"cannot reshape {array.size} entries of shape {array.shape} to {wanted}")
    return array.reshape(sizes)


def flatten(node: Node, array: Array) -> Array:
    axis = int(node.attribute("axis"))
    if not -array.ndim <= axis <= array.ndim:
        raise node.fail(f"axis {axis} does not exist in a tensor of {array.ndim} dimensions")
    axis += array.ndim if axis < 0 else 0
    return array.reshape(entries_of(array.shape[:axis]), entries_of(array.shape[axis:]))


def squeeze(node: Node, array: Array) -> Array:
    axes = node.integers(1, "axes")
    found = (
        [k for k, s in enumerate(array.shape) if s == 1]
        if axes is None
        else node.axes(axes, array.ndim)
    )
    if any(array.shape[a] != 1 for a in found):
        raise node.fail(f"the axes {axes} of shape {array.shape} are not all of size 1")
    return array.reshape([s for k, s in enumerate(array.shape) if k not in found])


def unsqueeze(node: Node, array: Array) -> Array:
    axes = node.integers(1, "axes") or []
    found = node.axes(axes, array.ndim + len(axes))
    sizes = iter(array.shape)
    return array.reshape([1 if k in found else next(sizes) for k in range(array.ndim + len(axes))])


def transpose(node: Node, array: Array) -> Array:
    order = node.attribute("perm")
    if order is not None and sorted(order) != list(range(array.ndim)):
        raise node.fail(f"perm {order} is no order of the {array.ndim} dimensions of the input")
    return np.transpose(array, order)


def take_slices(node: Node, array: Array) -> Array:
    starts, ends = node.integers(1, "starts") or [], node.integers(2, "ends") or []
    axes, steps = node.integers(3, "axes"), node.integers(4, "steps")
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        counts = ", ".join(str(len(v)) for v in (starts, ends, axes, steps))
        raise node.fail(
            f"starts, ends, axes and steps have {counts} entries; equally many are expected"
        )
    for axis, first, last, stride in zip(
        node.axes(axes, array.ndim), starts, ends, steps, strict=True
    ):
        if stride == 0:
            raise node.fail("a step is 0")
        array = np.take(array, _slice_indices(array.shape[axis], first, last, stride), axis=axis)
    return array


def _slice_indices(size: int, first: int, last: int, stride: int) -> list[int]:
    """The indices of a slice: ends count from the back if negative, and are moved into the axis."""
    first, last = (v + size if v < 0 else v for v in (first, last))
    if stride > 0:
        return list(range(max(0, min(first, size)), max(0, min(last, size)), stride))
    return (
        list(range(max(0, min(first, size - 1)), max(-1, min(last, size - 1)), stride))
        if size
        else []
    )


def gather(node: Node, array: Array) -> Array:
    axis = node.axis(int(node.attribute("axis")), array.ndim)
    index, size = node.constant(1, "the index").values, array.shape[axis]
    if index.size and not (-size <= index.min() and index.max() < size):
        raise node.fail(
            f"the index reaches from {index.min()} to {index.max()}; axis {axis} has {size} entries"
        )
    return np.take(array, index, axis=axis)


def gather_elements(node: Node, array: Array) -> Array:
    axis = node.axis(int(node.attribute("axis")), array.ndim)
    index, size = node.constant(1, "the index").values, array.shape[axis]
    others = [
        (s, t) for k, (s, t) in enumerate(zip(array.shape, index.shape, strict=False)) if k != axis
    ]
    if index.ndim != array.ndim or any(taken > there for there, taken in others):
        raise node.fail(
            f"an index of shape {index.shape} does not fit an input of shape {array.shape}"
        )
    if index.size and not (-size <= index.min() and index.max() < size):
        raise node.fail(
            f"the index reaches from {index.min()} to {index.max()}; axis {axis} has {size} entries"
        )
    kept = tuple(slice(None) if k == axis else slice(taken) for k, taken in enumerate(index.shape))
    return np.take_along_axis(array[kept], np.where(index < 0, index + size, index), axis)


def gather_nd(node: Node, array: Array) -> Array:
    """GatherND: the last axis of the index holds positions along the first axes of the input."""
    index = node.constant(1, "the index").values
    depth = index.shape[-1] if index.ndim else 0
    sizes = np.array(array.shape[:depth])
    if not 1 <= depth <= array.ndim or np.any(index < -sizes) or np.any(index >= sizes):
        raise node.fail(
            f"an index of shape {index.shape} reaches beyond an input of shape {array.shape}"
        )
    return np.asarray(array[tuple(np.moveaxis(index, -1, 0))])


def expand(node: Node, array: Array) -> Array:
    wanted = node.integers(1, "shape") or []
    if min(wanted, default=1) < 0:
        raise node.fail(f"the shape {wanted} has a negative size")
    return _limited(node, array, node.broadcast(array.shape, tuple(wanted)))


def _limited(node: Node, array: Array, shape: tuple[int, ...]) -> Array:
    if entries_of(shape) > CAPS.grown_entries:
        raise node.fail(
            f"the result of shape {shape} is too large "
            f"(the limit is {CAPS.grown_entries:,} entries)"
        )
    return np.broadcast_to(array, shape)


def tile(node: Node, array: Array) -> Array:
    repeats = node.integers(1, "repeats") or []
    if len(repeats) != array.ndim or min(repeats, default=1) < 0:
        raise node.fail(f"repeats {repeats} do not fit an input of {array.ndim} dimensions")
    shape = tuple(s * r for s, r in zip(array.shape, repeats, strict=True))
    if entries_of(shape) > CAPS.grown_entries:
        raise node.fail(
            f"the result of shape {shape} is too large "
            f"(the limit is {CAPS.grown_entries:,} entries)"
        )
    return np.tile(array, repeats)


def depth_to_space(node: Node, array: Array) -> Array:
    """Blocks of channels become blocks of space; DCR splits the block off first, CRD the depth."""
    block = int(node.attribute("blocksize"))
    _check_blocks(node, array, array.ndim == 4 and array.shape[1] % (block * block) == 0)
    count, channels, height, width = array.shape
    depth = channels // (block * block)
    if (node.attributes.get("mode") or "DCR") == "DCR":
        moved = array.reshape(count, block, block, depth, height, width).transpose(0, 3, 4, 1, 5, 2)
    else:
        moved = array.reshape(count, depth, block, block, height, width).transpose(0, 1, 4, 2, 5, 3)
    return moved.reshape(count, depth, height * block, width * block)


def space_to_depth(node: Node, array: Array) -> Array:
    block = int(node.attribute("blocksize"))
    _check_blocks(
        node, array, array.ndim == 4 and array.shape[2] % block == 0 and array.shape[3] % block == 0
    )
    count, channels, height, width = array.shape
    moved = array.reshape(count, channels, height // block, block, width // block, block).transpose(
        0, 3, 5, 1, 2, 4
    )
    return moved.reshape(count, channels * block * block, height // block, width // block)


def _check_blocks(node: Node, array: Array, fits: bool) -> None:
    if not fits:
        raise node.fail(
            f"the input has the shape {array.shape}; four dimensions that divide into blocks of "
            f"{node.attribute('blocksize')} are expected"
        )


# ---- several tensors -----------------------------------------------------------------------------


def concatenate(node: Node) -> Tensor:
    """Concat."""
    tensors = [node.tensor(k) for k in range(len(node))]
    axis = node.axis(int(node.attribute("axis")), len(tensors[0].shape))
    others = {tuple(s for k, s in enumerate(t.shape) if k != axis) for t in tensors}
    if len(others) != 1 or len({len(t.shape) for t in tensors}) != 1:
        raise node.fail(
            f"shapes {', '.join(str(t.shape) for t in tensors)} do not fit along axis {axis}"
        )
    constants = [t for t in tensors if isinstance(t, Constant)]
    if len(constants) == len(tensors):
        return node.folded(_joined_constants(constants, axis), tensors[0].type)
    parts = [symbolic_of(t) for t in tensors if entries_of(t.shape)]
    starts = np.cumsum([0] + [p.entries.size for p in parts])
    positions = [p.positions + start for p, start in zip(parts, starts, strict=False)]
    line = Symbolic(concat([p.entries for p in parts]), (int(starts[-1]),), tensors[0].type)
    return line.moved(np.concatenate(positions, axis=axis))


def _joined_constants(parts: Sequence[Constant], axis: int) -> Array:
    has_fractions = any(p.values.dtype == object for p in parts)
    return np.concatenate([p.fractions() if has_fractions else p.values for p in parts], axis=axis)


def split(node: Node) -> list[Tensor]:
    value = node.tensor(0)
    axis = node.axis(int(node.attribute("axis")), len(value.shape))
    size, sizes = value.shape[axis], node.integers(1, "split")
    if sizes is None:
        sizes = _equal_parts(node, size)
    if sum(sizes) != size or min(sizes) < 0 or len(sizes) != node.outputs:
        raise node.fail(
            f"parts {sizes} do not add up to {size} or are not {node.outputs}, the number of "
            "outputs"
        )
    bounds = np.cumsum([0, *sizes])
    pieces: list[Tensor] = []
    for first, last in itertools.pairwise(bounds):
        pieces.append(_piece(value, np.arange(first, last), axis))
    return pieces


def _equal_parts(node: Node, size: int) -> list[int]:
    """Parts of one size; where the number of outputs is an attribute, the last may be smaller."""
    count = node.attributes.get("num_outputs")
    if count not in (None, node.outputs):
        raise node.fail(f"num_outputs is {count}, but the node has {node.outputs} outputs")
    if count is None and size % node.outputs:
        raise node.fail(
            f"{size} entries cannot be divided into {node.outputs} equal parts; give their sizes"
        )
    chunk = -(-size // node.outputs)
    return [min(chunk, size - k * chunk) for k in range(node.outputs)]


def _piece(value: Tensor, index: Array, axis: int) -> Tensor:
    if isinstance(value, Symbolic):
        return value.moved(np.ascontiguousarray(np.take(value.positions, index, axis=axis)))
    return Constant(np.take(value.values, index, axis=axis), value.type, value.origin)
