"""Activations of Keras, and layers that are one function of each entry.

    relu6   →   Clip(x, 0, 6)          hard_sigmoid   →   Clip(x + 3, 0, 6) / 6

Sound because each is the formula of Keras, with numbers rounded to the model's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from rectifold.objects.keras_call import Call, Value

Function = Callable[[Call, str], str]


def activated(call: Call, value: Value, activation: object) -> Value:
    """The value behind an activation: a function of Keras. Raises InputError for any other."""
    module, name = (getattr(activation, key, "") for key in ("__module__", "__name__"))
    if str(module).partition(".")[0] != "keras" or name not in FUNCTIONS:
        shown = name or type(activation).__name__
        raise call.fail(f"its activation {shown!r} is not read; known are {', '.join(FUNCTIONS)}")
    if name == "linear":
        return value
    if name in ("softmax", "log_softmax"):
        return _along(call, value, FUNCTIONS[name], -1)
    return Value(FUNCTIONS[name](call, value.name), value.shape, value.turned)


def _along(call: Call, value: Value, function: Function, axis: int) -> Value:
    if axis not in (-1, value.rank - 1):
        raise call.fail(f"it goes along the axis {axis}; the last one is read")
    return Value(function(call, call.natural(value)), value.shape)


def operator(name: str) -> Function:
    """A function that is one operator of ONNX."""
    return lambda call, x: call.emit(name, x)


def clipped(low: float, high: float) -> Function:
    return lambda call, x: call.emit("Clip", x, call.store(low, "low"), call.store(high, "high"))


def leaky(slope: float) -> Function:
    """A slope for negative numbers, as an exact constant of the model's type."""

    def run(call: Call, x: str) -> str:
        if float(np.float32(slope)) == float(np.dtype(call.dtype).type(slope)):
            return call.emit("LeakyRelu", x, alpha=float(slope))
        return call.emit("PRelu", x, call.store([slope], "slope"))

    return run


def _hard_sigmoid(call: Call, x: str) -> str:
    moved = call.emit("Add", x, call.store(3.0, "three"))
    return call.emit("Div", clipped(0, 6)(call, moved), call.store(6.0, "six"))


FUNCTIONS: Mapping[str, Function] = {
    "linear": lambda call, x: x,
    "relu": operator("Relu"),
    "relu6": clipped(0, 6),
    "leaky_relu": leaky(0.2),
    "hard_sigmoid": _hard_sigmoid,
    "hard_tanh": clipped(-1, 1),
    "softmax": operator("Softmax"),
    "log_softmax": operator("LogSoftmax"),
    "sigmoid": operator("Sigmoid"),
    "tanh": operator("Tanh"),
    "softplus": operator("Softplus"),
    "softsign": operator("Softsign"),
    "exponential": operator("Exp"),
}


def of_entries(function: Function) -> Callable[[Call], Value]:
    """A layer that is this function of each entry."""
    return lambda call: Value(function(call, call.x.name), call.x.shape, call.x.turned)


def activation_layer(call: Call) -> Value:
    return activated(call, call.x, call.option("activation"))


def softmax_layer(call: Call) -> Value:
    return _along(call, call.x, FUNCTIONS["softmax"], cast(int, call.option("axis")))


def relu_layer(call: Call) -> Value:
    """ReLU(max_value, negative_slope); a threshold would make a jump."""
    threshold, slope = call.number("threshold"), call.number("negative_slope")
    most = call.option("max_value")
    if threshold != 0:
        raise call.fail(f"threshold={threshold} makes a jump there; a threshold of 0 is read")
    if slope == 0 and most is not None:
        function = clipped(0, cast(float, most))
    else:
        function = leaky(slope) if slope else operator("Relu")
    x = function(call, call.x.name)
    if slope and most is not None:
        x = call.emit("Min", x, call.store(cast(float, most), "most"))
    return Value(x, call.x.shape, call.x.turned)


def leaky_layer(call: Call) -> Value:
    return of_entries(leaky(call.number("negative_slope")))(call)


def prelu_layer(call: Call) -> Value:
    slope = call.store(call.weight("alpha"), "slope")
    return Value(call.emit("PRelu", call.natural(call.x), slope), call.x.shape)
