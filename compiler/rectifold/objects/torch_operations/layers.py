"""Operations with weights, and activations.

    linear(x, W, b)        Gemm with transB, or MatMul and Add       b + W x
    leaky_relu(x, 0.01)    LeakyRelu; PRelu where 0.01 is a float64

Sound because an ONNX attribute is a float32: a number that is none where PyTorch computes in
float64 is written as a tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rectifold.objects.torch_graph import Call, Value


def linear(call: Call) -> str:
    x, weight, bias = call.value("input"), call.constant("weight"), call.constant("bias")
    assert weight is not None
    if x.rank == 2 and weight.ndim == 2:
        parts = [call.operand(p) for p in (x, weight, bias) if p is not None]
        return call.emit("Gemm", *parts, transB=1)
    product = call.emit("MatMul", call.operand(x), call.operand(weight.T))
    return product if bias is None else call.emit("Add", product, call.operand(bias))


def matmul(call: Call) -> str:
    """A product of two tensors; the reader of ONNX refuses two that depend on the input."""
    left, right = list(call.args.values())[:2]
    return call.emit("MatMul", call.operand(left), call.operand(right))


def addmm(call: Call) -> str:
    """beta·input + alpha·mat1·mat2."""
    product = call.emit("MatMul", call.operand(call["mat1"]), call.operand(call["mat2"]))
    parts = [scaled(call, product, call["alpha"])]
    if call["beta"] != 0:
        parts.insert(0, scaled(call, call.operand(call[_first(call)]), call["beta"]))
    return call.emit("Add", *parts) if len(parts) == 2 else parts[0]


def scaled(call: Call, name: str, factor: float) -> str:
    return name if factor == 1 else call.emit("Mul", name, call.operand(factor))


def batch_norm(call: Call) -> str:
    x = call.value("input")
    if call.args.get("training") or call["running_mean"] is None:
        raise call.fail(
            "it normalises by the batch itself, so that one sample changes the result of another; "
            "make it with track_running_stats=True and train it"
        )
    mean, variance = call.constant("running_mean"), call.constant("running_var")
    weight, bias = call.constant("weight"), call.constant("bias")
    assert mean is not None
    assert variance is not None
    weight = mean.new_ones(mean.shape) if weight is None else weight
    bias = mean.new_zeros(mean.shape) if bias is None else bias
    epsilon = float(call["eps"])
    if not _is_attribute(epsilon, x.dtype):
        variance, epsilon = variance + epsilon, 0.0  # as PyTorch adds it, in float64
    parts = [call.operand(p) for p in (x, weight, bias, mean, variance)]
    return call.emit("BatchNormalization", *parts, epsilon=epsilon)


def _is_attribute(number: float, dtype: str) -> bool:
    """Does an attribute of ONNX, a float32, hold the number that PyTorch computes with?"""
    return dtype != "float64" or float(np.float32(number)) == number


def unary(operator: str) -> Callable[[Call], str]:
    """An operation that ONNX has too."""
    return lambda call: call.emit(operator, call.operand(call.value(_first(call))))


def _first(call: Call) -> str:
    return next(iter(call.args))


def same(call: Call) -> str:
    """An operation without an effect on values."""
    return call.operand(call.value(_first(call)))


def dropout(call: Call) -> str:
    if call["train"]:
        raise call.fail("dropout that stays on in eval mode draws random numbers; turn it off")
    return same(call)


def leaky_relu(call: Call) -> str:
    return _leaky(call, float(call["negative_slope"]))


def rrelu(call: Call) -> str:
    """In eval mode the slope is the middle of its range."""
    if call["training"]:
        raise call.fail("rrelu that stays in training mode draws random slopes; turn it off")
    return _leaky(call, (float(call["lower"]) + float(call["upper"])) / 2)


def _leaky(call: Call, slope: float) -> str:
    x = call.value(_first(call))
    if _is_attribute(slope, x.dtype):
        return call.emit("LeakyRelu", x.name, alpha=slope)
    return call.emit("PRelu", x.name, call.operand(slope))


def prelu(call: Call) -> str:
    x, slope = call.value(_first(call)), call.constant("weight")
    assert slope is not None
    if slope.numel() > 1:
        slope = slope.reshape(-1, *(1 for _ in x.shape[2:]))
    return call.emit("PRelu", x.name, call.operand(slope))


def clamp(call: Call) -> str:
    """min(max(x, low), high), with limits that are numbers or tensors."""
    return between(call, call.args.get("min"), call.args.get("max"))


def between(call: Call, low: Any, high: Any) -> str:
    name = call.operand(call.value(_first(call)))
    if all(limit is None or isinstance(limit, int | float) for limit in (low, high)):
        limits = ["" if limit is None else call.operand(limit) for limit in (low, high)]
        return call.emit("Clip", name, *limits)
    if low is not None:
        name = call.emit("Max", name, call.operand(low))
    return name if high is None else call.emit("Min", name, call.operand(high))


def relu6(call: Call) -> str:
    return between(call, 0, 6)


def hardtanh(call: Call) -> str:
    return between(call, call["min_val"], call["max_val"])


def hardsigmoid(call: Call) -> str:
    """min(max(x + 3, 0), 6) / 6, as PyTorch computes it."""
    raised = call.emit("Add", call.operand(call.value(_first(call))), call.operand(3))
    cut = call.emit("Clip", raised, call.operand(0), call.operand(6))
    return call.emit("Div", cut, call.operand(6))


def softshrink(call: Call) -> str:
    """x − min(max(x, −l), l)."""
    x, limit = call.operand(call.value(_first(call))), float(call["lambd"])
    return call.emit("Sub", x, between(call, -limit, limit))


def threshold(call: Call) -> str:
    """x above the threshold, else a value; continuous where both are one number."""
    if call["threshold"] != call["value"]:
        raise call.fail(
            f"it jumps from {call['value']} to {call['threshold']} at {call['threshold']}, which "
            "no ReLU network does; make the value equal to the threshold"
        )
    return between(call, call["threshold"], None)


def along(operator: str) -> Callable[[Call], str]:
    """Softmax and LogSoftmax along an axis of one sample."""

    def run(call: Call) -> str:
        x: Value = call.value(_first(call))
        (axis,) = call.axes(x, call["dim"])
        return call.emit(operator, call.operand(x), axis=axis)

    return run
