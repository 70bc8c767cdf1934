"""Convolutions and pooling, of one to three sizes, with a batch or without.

    conv2d(x, W, b, stride=[1, 1], padding=[1, 1])      Conv with strides, pads, dilations, group

Sound because PyTorch and ONNX have the same rule for the places of a window; a window that has
several sizes in one call (adaptive pooling of sizes that do not divide) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rectifold.objects.torch_graph import Call, Value
from rectifold.objects.torch_operations.arithmetic import first


def convolution(call: Call) -> str:
    x, axes = first(call), _axes(call)
    kernel = _stored(call).shape[2:]
    dilations = _each(call["dilation"], axes)
    pads = _pads(call, kernel, dilations)
    return _convolved(call, "Conv", x, pads=pads, dilations=dilations)


def transposed(call: Call) -> str:
    x, axes = first(call), _axes(call)
    pads, extra = _each(call["padding"], axes) * 2, _each(call["output_padding"], axes)
    dilations = _each(call["dilation"], axes)
    return _convolved(
        call, "ConvTranspose", x, pads=pads, dilations=dilations, output_padding=extra
    )


def either(call: Call) -> str:
    """aten.convolution: both kinds in one."""
    return transposed(call) if call["transposed"] else convolution(call)


def _convolved(call: Call, operator: str, x: Value, **attributes: Any) -> str:
    parts = [part for part in (call.constant("weight"), call.constant("bias")) if part is not None]
    attributes["strides"] = _each(call["stride"], _axes(call))
    names = [call.operand(part) for part in parts]
    return _batched(
        call, x, lambda name: call.emit(operator, name, *names, group=call["groups"], **attributes)
    )


def _stored(call: Call) -> Any:
    weight = call.constant("weight")
    assert weight is not None
    return weight


def _axes(call: Call) -> int:
    """How many sizes the window slides along."""
    return len(_stored(call).shape) - 2


def _each(given: int | Sequence[int], axes: int) -> list[int]:
    """One number per size; a single one stands for all."""
    listed = [given] if isinstance(given, int) else list(given)
    return listed * axes if len(listed) == 1 else listed


def _pads(call: Call, kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """Before each size, then behind each; "same" has the odd one behind."""
    padding = call["padding"]
    if padding == "valid":
        return [0] * 2 * len(kernel)
    if padding != "same":
        return _each(padding, len(kernel)) * 2
    total = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
    return [t // 2 for t in total] + [t - t // 2 for t in total]


def _batched(call: Call, x: Value, make: Callable[[str], str]) -> str:
    """The node for a tensor with a batch; one without gets a batch of one around it."""
    spatial = _spatial(call)
    call.axes(x, list(range(x.rank - spatial, x.rank)), "the window")
    if x.rank == spatial + 2:
        return make(call.operand(x))
    front = call.whole([0])
    return call.emit("Squeeze", make(call.emit("Unsqueeze", call.operand(x), front)), front)


def _spatial(call: Call) -> int:
    if "weight" in call.args:
        return _axes(call)
    return int(next(digit for digit in call.operation if digit.isdigit()))


# ---- pooling --------------------------------------------------------------------------------


def max_pool(call: Call) -> str:
    return _pooled(call, "MaxPool", dilations=_each(call["dilation"], _spatial(call)))


def average_pool(call: Call) -> str:
    if call.args.get("divisor_override") is not None:
        raise call.fail("divisor_override is not read; multiply the result by a constant instead")
    return _pooled(call, "AveragePool", count_include_pad=int(call["count_include_pad"]))


def _pooled(call: Call, operator: str, **attributes: Any) -> str:
    axes = _spatial(call)
    kernel = _each(call["kernel_size"], axes)
    attributes |= {
        "kernel_shape": kernel,
        "strides": _each(call["stride"], axes) if call["stride"] else kernel,
        "pads": _each(call["padding"], axes) * 2,
        "ceil_mode": int(call["ceil_mode"]),
    }
    return _batched(call, first(call), lambda name: call.emit(operator, name, **attributes))


def adaptive_average(call: Call) -> str:
    return _adaptive(call, "AveragePool")


def adaptive_max(call: Call) -> str:
    return _adaptive(call, "MaxPool")


def _adaptive(call: Call, operator: str) -> str:
    """Windows of one size side by side, where the sizes divide."""
    x, axes = first(call), _spatial(call)
    sizes = x.shape[-axes:]
    result = call.result[0] if isinstance(call.result, tuple | list) else call.result
    wanted = [int(size) for size in result.shape[-axes:]]
    if any(size is None or size % into for size, into in zip(sizes, wanted, strict=True)):
        raise call.fail(
            f"the sizes {list(sizes)} are no multiples of {wanted}, so that its windows differ in "
            "size; use sizes that divide, or a pooling with a kernel"
        )
    kernel = [int(size or 0) // into for size, into in zip(sizes, wanted, strict=True)]
    return _batched(
        call, x, lambda name: call.emit(operator, name, kernel_shape=kernel, strides=kernel)
    )


def enlarged(call: Call) -> str:
    """Each entry several times, along each size; the nearest one is then the same for everyone."""
    x, axes = first(call), _spatial(call)
    sizes, wanted = x.shape[-axes:], [int(size) for size in call.result.shape[-axes:]]
    if any(size is None or into % size for size, into in zip(sizes, wanted, strict=True)):
        raise call.fail(
            f"{wanted} are no multiples of the sizes {list(sizes)}; enlarge by whole factors"
        )
    call.axes(x, list(range(x.rank - axes, x.rank)), "the enlarging")
    factors = [into // int(size or 1) for size, into in zip(sizes, wanted, strict=True)]
    scales = call.vector([1.0] * (x.rank - axes) + [float(factor) for factor in factors])
    return call.emit(
        "Resize", call.operand(x), "", scales, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
