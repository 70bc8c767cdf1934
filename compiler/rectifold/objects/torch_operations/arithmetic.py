"""Sums, products and extrema, entry by entry; sums, means and maxima along axes.

    x + 2·y      Add(x, Mul(y, 2))      x.mean(1)      ReduceMean(x, [1])

Sound because the other operand is rounded to the type of the result as PyTorch rounds it, and what
goes along the batch is refused. The reader of ONNX refuses a product of two values that depend on
the input.
"""

from __future__ import annotations

from collections.abc import Callable

from rectifold.objects.torch_graph import Call, Value


def pair(operator: str, *, turned: bool = False) -> Callable[[Call], str]:
    """Two operands, the second one times `alpha` where there is one; `turned` exchanges them
    before.
    """

    def run(call: Call) -> str:
        if call.args.get("rounding_mode"):
            raise call.fail(
                f"rounding_mode={call['rounding_mode']!r} rounds quotients; leave it out"
            )
        operands = [call.operand(part) for part in list(call.args.values())[:2]]
        left, right = reversed(operands) if turned else operands
        alpha = call.args.get("alpha", 1)
        right = right if alpha == 1 else call.emit("Mul", right, call.operand(alpha))
        return call.emit(operator, left, right)

    return run


def first(call: Call) -> Value:
    """The tensor that the operation is about."""
    return call.value(next(iter(call.args)))


def reduction(operator: str) -> Callable[[Call], str]:
    """Along the axes `dim`, along all of them where there is none."""

    def run(call: Call) -> str:
        return _reduced(call, operator)

    return run


def _reduced(call: Call, operator: str) -> str:
    x = first(call)
    axes = call.axes(x, call.args.get("dim"))
    keep = int(bool(call.args.get("keepdim")))
    return call.emit(operator, call.operand(x), call.whole(axes), keepdims=keep)


def extremum(of_pair: str, along: str) -> Callable[[Call], str]:
    """max and min: of two tensors, or along an axis (the place of it is a second result)."""

    def run(call: Call) -> str:
        return pair(of_pair)(call) if "other" in call.args else _reduced(call, along)

    return run


def place_of_largest(operator: str) -> Callable[[Call], str]:
    """ArgMax and ArgMin along one axis of a sample."""

    def run(call: Call) -> str:
        x = first(call)
        if call["dim"] is None:
            raise call.fail("without dim it counts through the whole batch; give dim=-1")
        (axis,) = call.axes(x, call["dim"])
        return call.emit(
            operator, call.operand(x, x.dtype), axis=axis, keepdims=int(call["keepdim"])
        )

    return run


def largest_few(call: Call) -> list[str]:
    """TopK: the values and their places."""
    x = first(call)
    (axis,) = call.axes(x, call["dim"])
    flags = {"largest": int(call["largest"]), "sorted": int(call["sorted"])}
    return call.emit_several(
        "TopK", (call.operand(x, x.dtype), call.whole([call["k"]])), 2, axis=axis, **flags
    )
