"""Generators of convolutions and pools: every way of padding, strides, dilations, groups,
ceil_mode, batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onnx_graphs.draft import Draft


def image(d: Draft) -> str:
    """A batch of images with one, two or three spatial axes."""
    return d.take((3, 4, 4, 4, 5), high=5, old=0.5)


def window(d: Draft, axes: int, *, dilate: bool, most: int = 3) -> tuple[list[int], dict[str, Any]]:
    """(kernel, attributes): pads up to the reach of the kernel, which makes windows without a valid
    cell.
    """
    kernel = [d.whole(1, most) for _ in range(axes)]
    attributes: dict[str, Any] = {"strides": d.one_of([None, [d.whole(1, 3) for _ in range(axes)]])}
    if dilate:
        attributes["dilations"] = d.one_of([None, None, [d.whole(1, 2) for _ in range(axes)]])
    mode = d.one_of(["NOTSET"] * 5 + ["SAME_UPPER", "SAME_LOWER", "VALID"])
    if mode != "NOTSET" or d.chance(0.3):
        attributes["auto_pad"] = mode
    if mode == "NOTSET" and d.chance(0.6):
        attributes["pads"] = [d.whole(0, k if d.chance(0.1) else k - 1) for k in kernel * 2]
    return kernel, attributes


def conv(d: Draft) -> str:
    x = image(d)
    channels = d.values[x].shape[1]
    axes = d.values[x].ndim - 2
    groups = (
        d.one_of([k for k in range(1, channels + 1) if channels % k == 0]) if d.chance(0.4) else 1
    )
    kernel, attributes = window(d, axes, dilate=True)
    weight = d.numbers((groups * d.whole(1, 2), channels // groups, *kernel))
    names = [x, d.constant(weight)]
    if d.chance(0.5):
        names.append(d.constant(d.numbers((weight.shape[0],))))
    if d.chance(0.4):
        attributes["kernel_shape"] = kernel
    return d.node("Conv", names, group=groups if groups > 1 else d.one_of([None, 1]), **attributes)[
        0
    ]


def conv_transpose(d: Draft) -> str:
    x = image(d)
    channels = d.values[x].shape[1]
    axes = d.values[x].ndim - 2
    groups = (
        d.one_of([k for k in range(1, channels + 1) if channels % k == 0]) if d.chance(0.4) else 1
    )
    kernel, attributes = window(d, axes, dilate=True)
    strides = attributes["strides"] or [1] * axes
    if d.chance(0.25):
        attributes["output_padding"] = [d.whole(0, s - 1) for s in strides]
    if d.chance(0.1) and "pads" not in attributes:
        sizes = d.values[x].shape[2:]
        attributes["output_shape"] = [
            s * n + d.whole(0, 1) for s, n in zip(strides, sizes, strict=True)
        ]
    weight = d.numbers((channels, d.whole(1, 2), *kernel))
    names = [x, d.constant(weight)]
    if d.chance(0.5):
        names.append(d.constant(d.numbers((weight.shape[1] * groups,))))
    if d.chance(0.4):
        attributes["kernel_shape"] = kernel
    return d.node(
        "ConvTranspose", names, group=groups if groups > 1 else d.one_of([None, 1]), **attributes
    )[0]


def average_pool(d: Draft) -> str:
    x = image(d)
    axes = d.values[x].ndim - 2
    kernel, attributes = window(d, axes, dilate=d.opset >= 19, most=2 if d.chance(0.7) else 3)
    attributes["count_include_pad"] = d.one_of([None, 0, 1]) if d.opset >= 7 else None
    attributes["ceil_mode"] = d.one_of([None, 0, 1]) if d.opset >= 10 else None
    return d.node("AveragePool", [x], kernel_shape=kernel, **attributes)[0]


def max_pool(d: Draft) -> str:
    x = image(d)
    axes = d.values[x].ndim - 2
    kernel, attributes = window(d, axes, dilate=d.opset >= 10)
    attributes["ceil_mode"] = d.one_of([None, 0, 1]) if d.opset >= 10 else None
    attributes["storage_order"] = d.one_of([None, 0, 1]) if d.opset >= 8 else None
    outputs = (
        2 if d.opset >= 8 and d.chance(0.05) else 1
    )  # the places of the maxima, which nothing reads
    return d.node("MaxPool", [x], outputs, kernel_shape=kernel, **attributes)[0]


def whole_image(op: str) -> Callable[[Draft], str]:
    return lambda d: d.node(op, [image(d)])[0]


OPERATORS: dict[str, tuple[int, Callable[[Draft], str]]] = {
    "Conv": (6, conv),
    "ConvTranspose": (6, conv_transpose),
    "AveragePool": (6, average_pool),
    "MaxPool": (6, max_pool),
    "GlobalAveragePool": (6, whole_image("GlobalAveragePool")),
    "GlobalMaxPool": (6, whole_image("GlobalMaxPool")),
}
