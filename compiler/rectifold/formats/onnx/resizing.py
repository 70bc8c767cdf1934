"""Resize and Upsample with mode nearest: every entry of the result copies one of the input.

    result[o] = input[round(coordinate(o))]

Sound because the coordinates are computed twice, exactly and in the single precision of ONNX's
runtimes; where the two round to different entries the file does not say which one is meant, and the
node is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from rectifold.formats.onnx.node import Node, entries_of
from rectifold.formats.onnx.tensors import Array
from rectifold.runtime.caps import CAPS


@dataclass(frozen=True)
class _Axis:
    """One axis: its size, the size of the result and the scale, exactly and as a float32 number."""

    size: int
    output: int
    exact: Fraction
    scale: np.float32


def upsample(node: Node, array: Array) -> Array:
    """Upsample (opsets 7 to 9): the coordinate o / scale, rounded down."""
    scales = _scales(node, 1, array.ndim)
    axes = [_by_scale(node, size, scale) for size, scale in zip(array.shape, scales, strict=True)]
    return _copied(node, array, list(range(array.ndim)), axes, "asymmetric", "floor")


def resize(node: Node, array: Array) -> Array:
    """Resize by scales or to sizes."""
    chosen = node.attributes.get("axes")
    axes = list(range(array.ndim)) if chosen is None else node.axes(chosen, array.ndim)
    sizes = [array.shape[a] for a in axes]
    wanted = node.integers(3, "sizes")
    if node.opset < 11:
        found = [
            _by_scale(node, s, f) for s, f in zip(sizes, _scales(node, 1, len(axes)), strict=True)
        ]
        _check_opset_10(node, found)
        return _copied(node, array, axes, found, "asymmetric", "floor")
    if wanted:
        found = _to_sizes(node, sizes, wanted)
    else:
        found = [
            _by_scale(node, s, f) for s, f in zip(sizes, _scales(node, 2, len(axes)), strict=True)
        ]
    mode, rounding = (
        node.attribute("coordinate_transformation_mode"),
        node.attribute("nearest_mode"),
    )
    if mode in ("align_corners", "pytorch_half_pixel"):
        _check_lengths(node, found, mode)
    return _copied(node, array, axes, found, mode, rounding)


def _check_opset_10(node: Node, axes: Sequence[_Axis]) -> None:
    """Opset 10 does not say how coordinates are rounded where the result is smaller: refused."""
    for axis in axes:
        places = [Fraction(o) / axis.exact for o in range(axis.output)]
        if axis.exact < 1 and any(place.denominator > 1 for place in places):
            raise node.fail(
                "opset 10 does not define which entry is nearest for the scale "
                f"{float(axis.exact)!r}; "
                "export the model with opset 11 or later, which has nearest_mode"
            )


def _check_lengths(node: Node, axes: Sequence[_Axis], mode: str) -> None:
    """Coordinates that need the length of the result: runtimes round size·scale, or do not."""
    for axis in axes:
        if axis.exact * axis.size != axis.output:
            raise node.fail(
                f"{mode} with the size {axis.size} and the scale {float(axis.exact)!r}, whose "
                "product is no whole number, "
                "is understood differently by runtimes; give the sizes instead of the scales"
            )


def _scales(node: Node, k: int, count: int) -> list[float]:
    given = (
        node.constant(k, "scales").values.ravel()
        if node.given(k)
        else node.attributes.get("scales")
    )
    scales = [] if given is None else [float(v) for v in given]
    if len(scales) != count or not all(0 < s < math.inf for s in scales):
        raise node.fail(f"the scales are {scales}; {count} positive numbers are expected")
    return scales


def _by_scale(node: Node, size: int, scale: float) -> _Axis:
    output = math.floor(size * Fraction(scale))
    if output != int(np.floor(np.float32(size) * np.float32(scale))):
        raise node.fail(
            f"the size {size} times the scale {scale} depends on rounding; give the sizes instead"
        )
    return _Axis(size, output, Fraction(scale), np.float32(scale))


def _to_sizes(node: Node, sizes: Sequence[int], wanted: Sequence[int]) -> list[_Axis]:
    if len(wanted) != len(sizes) or min(wanted) < 1 or 0 in sizes:
        raise node.fail(f"the sizes are {list(wanted)}; {len(sizes)} positive numbers are expected")
    return [
        _Axis(size, to, Fraction(to, size), np.float32(to) / np.float32(size))
        for size, to in zip(sizes, wanted, strict=True)
    ]


def _copied(
    node: Node, array: Array, axes: Sequence[int], found: Sequence[_Axis], mode: str, rounding: str
) -> Array:  # fmt: skip
    shape = list(array.shape)
    for axis, change in zip(axes, found, strict=True):
        shape[axis] = change.output
    if not 0 < entries_of(shape) <= CAPS.grown_entries:
        raise node.fail(
            f"the result would have the shape {tuple(shape)}; "
            f"1 to {CAPS.grown_entries:,} entries are "
            "expected"
        )
    for axis, change in zip(axes, found, strict=True):
        array = np.take(array, _sources(node, change, mode, rounding), axis=axis)
    return array


def _sources(node: Node, axis: _Axis, mode: str, rounding: str) -> list[int]:
    """Which entry of the axis each entry of the result copies."""
    if axis.output == axis.size and axis.exact == 1:
        return list(range(axis.size))
    exact = [
        _rounded_index(_coordinate(Fraction(o), axis, axis.exact, mode), rounding)
        for o in range(axis.output)
    ]
    single = [
        _rounded_index(_single_precision(o, axis, mode), rounding) for o in range(axis.output)
    ]
    limited = [[min(max(v, 0), axis.size - 1) for v in part] for part in (exact, single)]
    if limited[0] != limited[1]:
        raise node.fail(
            f"which entry is nearest depends on rounding (size {axis.size} to {axis.output}, "
            f"{mode}, {rounding}); "
            "export with a scale that is a power of two, or with sizes"
        )
    return limited[0]


def _single_precision(position: int, axis: _Axis, mode: str) -> Fraction:
    """The coordinate in single precision, as an exact number."""
    return Fraction(float(np.float32(_coordinate(np.float32(position), axis, axis.scale, mode))))


def _coordinate(position: Any, axis: _Axis, scale: Any, mode: str) -> Any:
    number = type(position)
    half = number(1) / number(2)
    if mode == "asymmetric":
        return position / scale
    if mode == "align_corners":
        return (
            number(0)
            if axis.output == 1
            else position * number(axis.size - 1) / number(axis.output - 1)
        )
    if mode == "pytorch_half_pixel" and axis.output == 1:
        return number(0)
    centred = (position + half) / scale - half
    if mode == "half_pixel_symmetric":
        adjustment = number(axis.output) / (scale * number(axis.size))
        centre = number(axis.size) / number(2)
        return centre * (number(1) - adjustment) + centred
    return centred


def _rounded_index(value: Fraction, rounding: str) -> int:
    if rounding == "floor":
        return math.floor(value)
    if rounding == "ceil":
        return math.ceil(value)
    half = Fraction(1, 2)
    return math.ceil(value - half) if rounding == "round_prefer_floor" else math.floor(value + half)
