"""Convolutions and pooling of Keras, as the windows of ONNX.

    Conv2D(kernel h × w × in × out)   →   Conv with a kernel out × in × h × w

Sound because both are cross-correlations; where the padding is "same", both sides are computed as
Keras computes them: of an odd number of zeros the larger half is at the end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rectifold.objects.keras_call import Call, Value
from rectifold.objects.keras_functions import activated


def convolution(call: Call) -> Value:
    """Conv1D, Conv2D, Conv3D."""
    kernel = call.weight("kernel")
    turned = np.moveaxis(kernel, (-1, -2), (0, 1))
    made = _convolved(call, turned, _first(call), int(call.whole("groups")[0]))
    return _finished(call, _biased(call, made), kernel.shape[-1])


def depthwise(call: Call) -> Value:
    """DepthwiseConv1D, DepthwiseConv2D: each channel has its own kernels."""
    kernel = call.weight("kernel")
    *window, channels, multiple = kernel.shape
    made = _depthwise(call, kernel)
    if len(window) != call.x.rank - 2:
        raise AssertionError("a kernel does not have the rank of what it is applied to")
    return _finished(call, _biased(call, made), channels * multiple)


def separable(call: Call) -> Value:
    """SeparableConv1D, SeparableConv2D: depthwise, then a window of one."""
    pointwise = call.weight("pointwise_kernel")
    made = _depthwise(call, call.weight("depthwise_kernel"))
    turned = np.moveaxis(pointwise, (-1, -2), (0, 1))
    made = call.emit("Conv", made, call.store(turned, "pointwise"))
    return _finished(call, _biased(call, made), pointwise.shape[-1])


def _depthwise(call: Call, kernel: np.ndarray) -> str:
    channels = kernel.shape[-2]
    per_channel = np.moveaxis(kernel, (-2, -1), (0, 1))
    return _convolved(call, per_channel.reshape(-1, 1, *kernel.shape[:-2]), _first(call), channels)


def _first(call: Call) -> str:
    """The tensor with channels first."""
    if call.option("data_format") == "channels_first":
        return call.natural(call.x)
    return call.channels_first(call.x)


def _window_shape(call: Call) -> tuple[int, ...]:
    """The axes that windows go along."""
    first = call.option("data_format") == "channels_first"
    return call.x.shape[1:] if first else call.x.shape[:-1]


def _convolved(call: Call, kernel: np.ndarray, x: str, groups: int) -> str:
    window = kernel.shape[2:]
    strides, dilations = (_each(call.whole(n), len(window)) for n in ("strides", "dilation_rate"))
    return call.emit(
        "Conv",
        x,
        call.store(kernel, "kernel"),
        kernel_shape=list(window),
        strides=strides,
        dilations=dilations,
        group=groups,
        pads=_pads(call, window, strides, dilations),
    )


def _each(numbers: tuple[int, ...], axes: int) -> tuple[int, ...]:
    return numbers * axes if len(numbers) == 1 else numbers


def _pads(
    call: Call, window: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> list[int]:
    padding = call.option("padding")
    if padding == "valid":
        return [0] * (2 * len(window))
    reach = [(k - 1) * d for k, d in zip(window, dilations, strict=True)]
    if padding == "causal":
        return [*reach, *(0 for _ in reach)]
    if padding != "same":
        raise call.fail(f"padding={padding!r} is not read; known are valid, same, causal")
    total = [
        max(0, (-(-size // stride) - 1) * stride + far + 1 - size)
        for size, stride, far in zip(_window_shape(call), strides, reach, strict=True)
    ]
    return [*(t // 2 for t in total), *(t - t // 2 for t in total)]


def _biased(call: Call, made: str) -> str:
    if not call.flag("use_bias"):
        return made
    bias = call.weight("bias")
    shape = (-1, *(1 for _ in range(call.x.rank - 2)))
    return call.emit("Add", made, call.store(bias.reshape(shape), "bias"))


def _finished(call: Call, made: str, channels: int) -> Value:
    """The value with its activation."""
    value = _shaped(call, made, channels)
    activation = call.option("activation")
    return value if activation is None else activated(call, value, activation)


def _shaped(call: Call, made: str, channels: int) -> Value:
    shape = call.option("compute_output_shape")
    assert callable(shape)
    sample = tuple(int(size) for size in shape((1, *call.x.shape))[1:])
    first = call.option("data_format") == "channels_first"
    if sample[0 if first else -1] != channels:
        raise AssertionError("a layer has another number of channels than its kernel")
    return Value(made, sample, turned=not first)


# ---- pooling -------------------------------------------------------------------------------------


def pooling(operator: str) -> Callable[[Call], Value]:
    """MaxPool or AveragePool; what is padded is not counted."""

    def run(call: Call) -> Value:
        axes = call.x.rank - 2
        window, strides = (_each(call.whole(n), axes) for n in ("pool_size", "strides"))
        pads = _pads(call, window, strides, (1,) * axes)
        made = call.emit(
            operator, _first(call), kernel_shape=list(window), strides=strides, pads=pads
        )
        first = call.option("data_format") == "channels_first"
        return _shaped(call, made, call.x.shape[0 if first else -1])

    return run


def global_pooling(operator: str) -> Callable[[Call], Value]:
    """The mean or the largest of each channel."""

    def run(call: Call) -> Value:
        first = call.option("data_format") == "channels_first"
        keep = call.flag("keepdims")
        axes = list(range(2, call.x.rank))
        made = call.emit(operator, _first(call), axes=axes, keepdims=int(keep))
        channels = call.x.shape[0 if first else -1]
        if not keep:
            return Value(made, (channels,))
        ones = (1,) * len(axes)
        return Value(made, (channels, *ones) if first else (*ones, channels), turned=not first)

    return run
