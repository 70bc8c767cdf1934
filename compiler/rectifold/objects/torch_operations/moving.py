"""Operations that only move entries: shapes, orders of axes, pieces, joins, paddings.

    x.view(n, -1)      Reshape(x, [-1, 64])       the batch is the one size that is not fixed

Sound because the shape of each result was recorded; an operation along the batch is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rectifold.objects.torch_graph import Call, Value, sizes_of, type_name
from rectifold.objects.torch_operations.arithmetic import first


def reshaped(call: Call) -> str:
    """Any change of shape that keeps the order of the entries."""
    x = first(call)
    sizes = sizes_of(call.result)
    if sizes == x.shape:
        return call.operand(x)
    if _before_batch(sizes) != _before_batch(x.shape):
        raise call.fail(
            f"a change of shape from {list(x.shape)} to {list(sizes)} (None is the batch) mixes "
            "the samples of a batch; keep the batch in front"
        )
    found = [-1 if size is None else size for size in sizes]
    return call.emit("Reshape", call.operand(x), call.whole(found))


def _before_batch(sizes: Sequence[int | None]) -> int:
    """How many entries lie in front of the batch; sizes in front of it are known."""
    front = sizes[: sizes.index(None)] if None in sizes else ()
    return math.prod(size or 1 for size in front)


def permute(call: Call) -> str:
    return _transposed(call, call["dims"])


def _transposed(call: Call, order: Iterable[int]) -> str:
    x = first(call)
    return call.emit("Transpose", call.operand(x), perm=[axis % x.rank for axis in order])


def transpose(call: Call) -> str:
    x = first(call)
    order = list(range(x.rank))
    if order:
        a, b = call["dim0"] % x.rank, call["dim1"] % x.rank
        order[a], order[b] = order[b], order[a]
    return _transposed(call, order)


def turned(call: Call) -> str:
    """x.t(), x.mT: the last two axes exchanged, if there are two."""
    rank = first(call).rank
    order = list(range(rank))
    return _transposed(call, [*order[:-2], *reversed(order[-2:])])


# ---- pieces ---------------------------------------------------------------------------------


def piece(call: Call, axis: int, start: int, end: int, step: int = 1) -> str:
    """The entries start, start + step, ... below `end` of one axis."""
    bounds = [call.whole([number]) for number in (start, end, axis, step)]
    return call.emit("Slice", call.operand(first(call)), *bounds)


def sliced(call: Call) -> str:
    x = first(call)
    start, end = call["start"] or 0, call["end"]
    size = x.shape[call["dim"] % x.rank]
    is_end = end is None or (end >= 2**62 if isinstance(end, int) else str(end) == x.batch)
    whole = isinstance(start, int) and start == 0 and is_end
    if whole and call["step"] == 1:
        return call.operand(x)  # x[:]
    (axis,) = call.axes(x, call["dim"])
    assert size is not None
    end = size if end is None else min(end, size)
    return piece(call, axis, start, end, call["step"])


def selected(call: Call) -> str:
    (axis,) = call.axes(first(call), call["dim"])
    index = call.number(call["index"])
    return call.emit("Gather", call.operand(first(call)), index, axis=axis)


def narrowed(call: Call) -> str:
    (axis,) = call.axes(first(call), call["dim"])
    return piece(call, axis, call["start"], call["start"] + call["length"])


def gathered(call: Call) -> str:
    """index_select: the entries at places that the module holds."""
    (axis,) = call.axes(first(call), call["dim"])
    index = call.operand(call.constant("index"), "int64")
    return call.emit("Gather", call.operand(first(call)), index, axis=axis)


def indexed(call: Call) -> str:
    """x[:, places]: one axis is indexed by whole numbers that the module holds."""
    given = [(axis, index) for axis, index in enumerate(call["indices"]) if index is not None]
    kinds = {"" if isinstance(index, Value) else type_name(index.dtype) for _, index in given}
    if len(given) != 1 or not kinds <= {"int64", "int32"}:
        raise call.fail(
            "whole numbers as indices along one axis, from a buffer, are read; write x[:, places]"
        )
    axis, places = given[0]
    call.axes(first(call), axis, "the index")
    return call.emit("Gather", call.operand(first(call)), call.operand(places, "int64"), axis=axis)


def split(call: Call) -> list[str]:
    """Pieces one after the other along an axis, of the sizes that were recorded."""
    (axis,) = call.axes(first(call), call["dim"])
    names, start = [], 0
    for part in call.result:
        end = start + int(part.shape[axis])
        names.append(piece(call, axis, start, end))
        start = end
    return names


def unbound(call: Call) -> list[str]:
    x = first(call)
    (axis,) = call.axes(x, call["dim"])
    places = range(len(call.result))
    return [call.emit("Gather", call.operand(x), call.number(k), axis=axis) for k in places]


def flipped(call: Call) -> str:
    x, name = first(call), call.operand(first(call))
    for axis in call.axes(x, call["dims"], "dims"):
        bounds = [call.whole([number]) for number in (-1, -(2**62), axis, -1)]
        name = call.emit("Slice", name, *bounds)
    return name


# ---- joins ----------------------------------------------------------------------------------


def joined(call: Call) -> str:
    (axis,) = call.axes(_some(call), call["dim"])
    return call.emit("Concat", *(call.operand(part) for part in call["tensors"]), axis=axis)


def _some(call: Call) -> Value:
    """One of the tensors that depends on the input; all of them have its rank."""
    return next(part for part in call["tensors"] if isinstance(part, Value))


def stacked(call: Call) -> str:
    axis = call["dim"] % len(call.result.shape)
    place = call.whole([axis])
    parts = [call.emit("Unsqueeze", call.operand(part), place) for part in call["tensors"]]
    return call.emit("Concat", *parts, axis=axis)


_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


def padded(call: Call) -> str:
    """F.pad: pairs of sizes, the last axis first."""
    x, mode = first(call), call.args.get("mode", "constant")
    if mode not in _MODES:
        raise call.fail(f"the padding mode {mode!r} is not read; read are {', '.join(_MODES)}")
    pairs = list(zip(call["pad"][::2], call["pad"][1::2], strict=True))
    axes = [x.rank - 1 - k for k in range(len(pairs))]
    call.axes(x, axes or [x.rank - 1], "pad")
    before, after = [0] * x.rank, [0] * x.rank
    for axis, (low, high) in zip(axes, pairs, strict=True):
        before[axis], after[axis] = low, high
    inputs = [call.operand(x), call.whole([*before, *after])]
    if mode == "constant":
        inputs.append(call.operand(call.args.get("value") or 0))
    return call.emit("Pad", *inputs, mode=_MODES[mode])


def pixel_shuffled(call: Call) -> str:
    x = first(call)
    if x.rank != 4:
        raise call.fail(
            f"its input has {x.rank} dimensions; batch x channels x height x width is read"
        )
    return call.emit("DepthToSpace", call.operand(x), blocksize=call["upscale_factor"], mode="CRD")
