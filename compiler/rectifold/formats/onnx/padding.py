"""Pad: constant borders, or borders that repeat entries (reflect, edge, wrap).

    result = (input with one more entry, the constant)[positions]

Sound because every entry of the result is an entry of the input or the constant; a border that ONNX
does not define (a reflection beyond the input) is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rectifold.formats.onnx.node import Node, entries_of
from rectifold.formats.onnx.tensors import FLOATS, Array, Constant, Symbolic, Tensor
from rectifold.ir.affine import concat
from rectifold.runtime.caps import CAPS


def pad(node: Node) -> Tensor:
    """Pad with a constant, or by repeating entries; negative pads cut off."""
    value = node.tensor(0)
    before, after = _pads(node, value.shape)
    mode = node.attribute("mode")
    cut = tuple(
        slice(max(0, -b), s - max(0, -a))
        for b, a, s in zip(before, after, value.shape, strict=True)
    )
    widths = [(max(0, b), max(0, a)) for b, a in zip(before, after, strict=True)]
    if min((s + b + a for s, b, a in zip(value.shape, before, after, strict=True)), default=1) < 1:
        raise node.fail(f"the pads {before} and {after} leave nothing of the shape {value.shape}")
    kept = tuple(len(range(*c.indices(s))) for c, s in zip(cut, value.shape, strict=True))
    _check_widths(node, mode, kept, widths)
    constant = _pad_value(node, value.type) if mode == "constant" else None
    if isinstance(value, Constant):
        return node.folded(_padded(value.values[cut], widths, mode, constant), value.type)
    positions = value.positions[cut]
    if not np.any(widths):
        return value.moved(np.ascontiguousarray(positions))
    if constant is None:
        return value.moved(np.ascontiguousarray(np.pad(positions, widths, mode=_NUMPY_MODES[mode])))
    filler = Constant(np.asarray(constant.values).reshape(1), value.type, constant.origin)
    line = Symbolic(concat([value.entries, filler.affine()]), (value.entries.size + 1,), value.type)
    return line.moved(np.pad(positions, widths, constant_values=value.entries.size))


_NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}


def _padded(
    values: Array, widths: Sequence[tuple[int, int]], mode: str, constant: Constant | None
) -> Array:
    if constant is None:
        return np.pad(values, widths, mode=_NUMPY_MODES[mode])
    return np.pad(values, widths, constant_values=constant.values.ravel()[0])


def _pads(node: Node, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The pads before and after each dimension."""
    pads, rank = node.integers(1, "pads") or [], len(shape)
    chosen = node.integers(3, "axes")
    axes = list(range(rank)) if chosen is None else node.axes(chosen, rank)
    if len(pads) != 2 * len(axes):
        raise node.fail(
            f"{len(pads)} pads are given; two for each of {len(axes)} axes are expected"
        )
    before, after = [0] * rank, [0] * rank
    for k, axis in enumerate(axes):
        before[axis], after[axis] = pads[k], pads[k + len(axes)]
    return before, after


def _check_widths(
    node: Node, mode: str, kept: tuple[int, ...], widths: Sequence[tuple[int, int]]
) -> None:
    full = tuple(s + b + a for s, (b, a) in zip(kept, widths, strict=True))
    if entries_of(full) > CAPS.grown_entries:
        raise node.fail(
            f"the result of shape {full} is too large (the limit is {CAPS.grown_entries:,} entries)"
        )
    for size, width in zip(kept, widths, strict=True):
        room = {"reflect": size - 1, "wrap": size, "edge": max(width) if size else 0}.get(
            mode, max(width)
        )
        if max(width) > room or (min(kept) < 1 and mode != "constant"):
            raise node.fail(
                f"mode {mode!r} with pads {width} is not defined for a size of {size}; at most "
                f"{room} fit"
            )


def _pad_value(node: Node, kind: str) -> Constant:
    if node.given(2):
        value = node.constant(2, "constant_value")
        if value.values.size != 1:
            raise node.fail(f"constant_value has {value.values.size} entries; one is expected")
        return value
    number = node.attributes.get("value") or 0
    return Constant(
        np.asarray(number, dtype=np.float64 if kind in FLOATS else np.dtype(kind)), kind, node.where
    )
