"""Every layer and operation of Keras that is read, in one table.

    Dense   →   MatMul, Add, the activation        Dropout   →   nothing: it acts in training only

Sound because a layer that no row names is refused, and so is an option that its row does not read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from rectifold.objects.keras_call import Call, Value, numbers_of
from rectifold.objects.keras_functions import (
    FUNCTIONS,
    activated,
    activation_layer,
    leaky,
    leaky_layer,
    of_entries,
    prelu_layer,
    relu_layer,
    softmax_layer,
)
from rectifold.objects.keras_windows import (
    convolution,
    depthwise,
    global_pooling,
    pooling,
    separable,
)

Run = Callable[[Call], Value]


def _nothing(call: Call) -> Value:
    return call.x


def _dense(call: Call) -> Value:
    kernel = call.weight("kernel")
    x = call.emit("MatMul", call.natural(call.x), call.store(kernel, "kernel"))
    if call.flag("use_bias"):
        x = call.emit("Add", x, call.store(call.weight("bias"), "bias"))
    return activated(
        call, Value(x, (*call.x.shape[:-1], kernel.shape[1])), call.option("activation")
    )


def _batch_normalization(call: Call) -> Value:
    """(x − mean)·gamma / √(variance + epsilon) + beta for each channel."""
    axis = cast(int, call.option("axis")) % call.x.rank
    if axis not in (1, call.x.rank - 1):
        raise call.fail(f"axis={axis} is not read; the channels are first or last")
    last = axis == call.x.rank - 1
    x = call.channels_first(call.x) if last else call.natural(call.x)
    mean, variance = call.weight("moving_mean"), call.weight("moving_variance")
    gamma = call.weight("gamma") if call.flag("scale") else np.ones_like(mean)
    beta = call.weight("beta") if call.flag("center") else np.zeros_like(mean)
    epsilon = call.number("epsilon")
    if call.dtype != "float32":  # ONNX has the number as a float32
        variance, epsilon = variance + epsilon, 0.0
    names = ("gamma", "beta", "mean", "variance")
    stored = [
        call.store(array, name)
        for name, array in zip(names, (gamma, beta, mean, variance), strict=True)
    ]
    made = call.emit("BatchNormalization", x, *stored, epsilon=epsilon)
    return Value(made, call.x.shape, turned=last and call.x.rank > 2)


def _rescaling(call: Call) -> Value:
    """x·scale + offset."""
    x = call.natural(call.x)
    for operator, name in (("Mul", "scale"), ("Add", "offset")):
        numbers = np.asarray(call.option(name))
        x = call.emit(operator, x, call.store(numbers, name))
    return Value(x, call.x.shape)


def _normalization(call: Call) -> Value:
    """(x − mean) / max(√variance, epsilon of Keras)."""
    from keras.config import epsilon

    if call.flag("invert"):
        raise call.fail("invert=True is not read")
    mean, variance = (
        numbers_of(call.option(name)).astype(call.dtype) for name in ("mean", "variance")
    )
    spread = np.maximum(np.sqrt(variance), np.asarray(epsilon(), dtype=variance.dtype))
    x = call.emit("Sub", call.natural(call.x), call.store(mean, "mean"))
    return Value(call.emit("Div", x, call.store(spread, "spread")), call.x.shape)


# ---- shapes --------------------------------------------------------------------------------------


def _reshaped(call: Call, shape: tuple[int, ...]) -> Value:
    sizes = call.graph.whole([-1, *shape], f"{call.name}.shape")
    return Value(call.emit("Reshape", call.natural(call.x), sizes), shape)


def _flatten(call: Call) -> Value:
    if call.option("data_format") == "channels_first" and call.x.rank > 2:
        perm = [0, *range(2, call.x.rank), 1]
        turned = call.emit("Transpose", call.natural(call.x), perm=perm)
        return Value(call.emit("Flatten", turned, axis=1), (math.prod(call.x.shape),))
    return Value(call.emit("Flatten", call.natural(call.x), axis=1), (math.prod(call.x.shape),))


def _reshape(call: Call) -> Value:
    shape = call.whole("target_shape")
    known = math.prod(size for size in shape if size >= 0)
    total = math.prod(call.x.shape)
    return _reshaped(call, tuple(size if size >= 0 else total // known for size in shape))


def _permute(call: Call) -> Value:
    dims = call.whole("dims")
    made = call.emit("Transpose", call.natural(call.x), perm=[0, *dims])
    return Value(made, tuple(call.x.shape[d - 1] for d in dims))


def _zero_padding(call: Call) -> Value:
    pairs = _pairs(call, "padding")
    first = call.option("data_format") == "channels_first"
    pairs = [(0, 0), *pairs] if first else [*pairs, (0, 0)]
    pads = [0, *(a for a, _ in pairs), 0, *(b for _, b in pairs)]
    stored = call.graph.whole(pads, f"{call.name}.pads")
    made = call.emit("Pad", call.natural(call.x), stored, mode="constant")
    sizes = zip(call.x.shape, pairs, strict=True)
    return Value(made, tuple(size + a + b for size, (a, b) in sizes))


def _cropping(call: Call) -> Value:
    pairs = _pairs(call, "cropping")
    axes = list(range(2 if call.option("data_format") == "channels_first" else 1, call.x.rank))
    axes = axes[: len(pairs)]
    shape = list(call.x.shape)
    for axis, (a, b) in zip(axes, pairs, strict=True):
        shape[axis - 1] -= a + b
    ends = [a + shape[axis - 1] for axis, (a, _) in zip(axes, pairs, strict=True)]
    parts = ([a for a, _ in pairs], ends, axes)
    stored = [call.graph.whole(part, f"{call.name}.slice") for part in parts]
    return Value(call.emit("Slice", call.natural(call.x), *stored), tuple(shape))


def _pairs(call: Call, name: str) -> list[tuple[int, int]]:
    """(before, after) for each axis."""
    value = cast(tuple[object, ...], call.option(name))
    if all(isinstance(v, int) for v in value):  # of one axis
        before, after = cast(tuple[int, int], value)
        return [(before, after)]
    return [(int(a), int(b)) for a, b in cast(tuple[tuple[int, int], ...], value)]


# ---- several values ------------------------------------------------------------------------------


def _merged(operator: str) -> Run:
    """One operator of all values; all have one number of axes."""

    def run(call: Call) -> Value:
        if len({value.rank for value in call.values}) > 1:
            raise call.fail("its inputs have different numbers of axes; reshape them to one")
        names, turned = call.same_order()
        shape = np.broadcast_shapes(*(value.shape for value in call.values))
        return Value(call.emit(operator, *names), shape, turned)

    return run


def _concatenate(call: Call) -> Value:
    axis = cast(int, call.option("axis")) % call.values[0].rank
    if axis == 0:
        raise call.fail("axis=0 is the batch, so that one sample changes the result of another")
    made = call.emit("Concat", *(call.natural(value) for value in call.values), axis=axis)
    shape = list(call.values[0].shape)
    shape[axis - 1] = sum(value.shape[axis - 1] for value in call.values)
    return Value(made, tuple(shape))


def _operation(operator: str) -> Run:
    """An operation of two operands, one of which may be a number."""
    merged = _merged(operator)

    def run(call: Call) -> Value:
        if len(call.numbers) != 2:
            raise call.fail(f"it is called with {len(call.numbers)} operands; two are expected")
        if len(call.values) == 2:
            return merged(call)
        names = [call.x.name if n is None else call.store(n, "number") for n in call.numbers]
        return Value(call.emit(operator, *names), call.x.shape, call.x.turned)

    return run


_IDLE = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout",
    "GaussianNoise", "AlphaDropout", "ActivityRegularization", "Identity",
)  # fmt: skip

LAYERS: Mapping[str, Run] = {
    "Dense": _dense,
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), convolution),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), separable),
    "BatchNormalization": _batch_normalization,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Activation": activation_layer,
    "ReLU": relu_layer,
    "LeakyReLU": leaky_layer,
    "PReLU": prelu_layer,
    "Softmax": softmax_layer,
    **{f"MaxPooling{n}D": pooling("MaxPool") for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": pooling("AveragePool") for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": global_pooling("ReduceMax") for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": global_pooling("ReduceMean") for n in (1, 2, 3)},
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    **{f"ZeroPadding{n}D": _zero_padding for n in (1, 2, 3)},
    **{f"Cropping{n}D": _cropping for n in (1, 2, 3)},
    "Add": _merged("Sum"),
    "Subtract": _merged("Sub"),
    "Average": _merged("Mean"),
    "Maximum": _merged("Max"),
    "Minimum": _merged("Min"),
    "Concatenate": _concatenate,
    **dict.fromkeys(_IDLE, _nothing),
}

OPERATIONS: Mapping[str, Run] = {
    "Add": _operation("Add"),
    "Subtract": _operation("Sub"),
    "Multiply": _operation("Mul"),
    "Divide": _operation("Div"),
    "TrueDivide": _operation("Div"),
    "Maximum": _operation("Max"),
    "Minimum": _operation("Min"),
    "Negative": of_entries(lambda call, x: call.emit("Neg", x)),
    "Absolute": of_entries(lambda call, x: call.emit("Abs", x)),
    "Relu": of_entries(FUNCTIONS["relu"]),
    "Relu6": of_entries(FUNCTIONS["relu6"]),
    "Sigmoid": of_entries(FUNCTIONS["sigmoid"]),
    "Tanh": of_entries(FUNCTIONS["tanh"]),
    "LeakyRelu": lambda call: of_entries(leaky(call.number("negative_slope")))(call),
    "Softmax": softmax_layer,
}
