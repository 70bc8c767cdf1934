"""Generators of the operators that move values around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onnx_graphs.draft import Draft

ANY = (1, 2, 3, 4)


def axis_of(d: Draft, rank: int, since: int = 11) -> int:
    """An axis, negative sometimes where the opset allows it."""
    axis = d.whole(0, rank - 1)
    return axis - rank if d.opset >= since and d.chance(0.4) else axis


def listed(
    d: Draft, op: str, x: str, word: str, values: Sequence[int] | None, since: int, **more: Any
) -> list[str]:
    """A list of whole numbers: an attribute before an opset, an input from then on."""
    if values is None:
        return d.node(op, [x], **more)
    if d.opset < since:
        return d.node(op, [x], **(more | {word: list(values)}))
    return d.node(op, [x, d.constant(np.array(values, dtype=np.int64))], **more)


def reshape(d: Draft) -> str:
    x = d.take(ANY)
    shape = list(d.values[x].shape)
    left, sizes = d.values[x].size, []
    for k in range(d.whole(1, 4)):
        if k < len(shape) and left % shape[k] == 0 and d.chance(0.3):
            sizes.append((0, shape[k]))
        else:
            size = d.one_of([s for s in range(1, left + 1) if left % s == 0][:4])
            sizes.append((size, size))
        left //= sizes[-1][1]
    wanted = [s for s, _ in sizes] + [left]
    if d.chance(0.5):
        wanted[d.one_of([k for k, s in enumerate(wanted) if s != 0])] = -1
    allow = d.one_of([None, 0, 1]) if d.opset >= 14 and 0 not in wanted else None
    return d.node("Reshape", [x, d.constant(np.array(wanted, dtype=np.int64))], allowzero=allow)[0]


def flatten(d: Draft) -> str:
    x = d.take(ANY)
    rank = d.values[x].ndim
    axis = d.whole(0, rank) if d.opset < 11 or d.chance(0.6) else -d.whole(1, rank)
    return d.node("Flatten", [x], axis=None if d.chance(0.2) else axis)[0]


def squeeze(d: Draft) -> str:
    x = d.take((1, 2, 3))
    rank = d.values[x].ndim
    places = sorted(d.random.sample(range(rank + 1), d.whole(1, min(2, rank + 1))))
    sizes = list(d.values[x].shape)
    for place in places:
        sizes.insert(place, 1)
    wide = d.node("Reshape", [x, d.constant(np.array(sizes, dtype=np.int64))])[0]
    ones = [k for k, s in enumerate(sizes) if s == 1]
    axes = d.random.sample(ones, d.whole(1, len(ones)))
    axes = [a - len(sizes) if d.opset >= 11 and d.chance(0.3) else a for a in axes]
    return listed(d, "Squeeze", wide, "axes", None if d.chance(0.2) else axes, 13)[0]


def unsqueeze(d: Draft) -> str:
    x = d.take((0, 1, 2, 3))
    count = d.whole(1, 2)
    rank = d.values[x].ndim + count
    axes = d.random.sample(range(rank), count)
    axes = [a - rank if d.opset >= 11 and d.chance(0.3) else a for a in axes]
    return listed(d, "Unsqueeze", x, "axes", axes, 13)[0]


def transpose(d: Draft) -> str:
    x = d.take(ANY)
    order = d.random.sample(range(d.values[x].ndim), d.values[x].ndim)
    return d.node("Transpose", [x], perm=None if d.chance(0.2) else order)[0]


def slicing(d: Draft) -> str:
    x = d.take(ANY)
    shape = d.values[x].shape
    axes = d.random.sample(range(len(shape)), d.whole(1, len(shape)))
    steps = [d.one_of([1, 1, 2, -1, -2, 3]) if d.opset >= 10 else 1 for _ in axes]
    starts = [d.one_of([0, 1, -1, -2, shape[a], -100, 100, shape[a] - 1]) for a in axes]
    ends = [
        d.one_of([shape[a], -1, 1, 2**31 - 1, -(2**31), -100, 2**63 - 1, -(2**63), 0]) for a in axes
    ]
    if d.chance(0.6):  # not empty
        starts = [0 if s > 0 else -1 for s in steps]
        ends = [
            d.one_of([2**31 - 1, shape[a]]) if s > 0 else -(2**31)
            for a, s in zip(axes, steps, strict=True)
        ]
    axes = [a - len(shape) if d.opset >= 10 and d.chance(0.3) else a for a in axes]
    ordered = axes == list(range(len(axes)))
    leave_out = ordered and d.chance(0.5)
    if d.opset < 10:
        return d.node("Slice", [x], starts=starts, ends=ends, axes=None if leave_out else axes)[0]
    narrow = d.chance(0.3) and max(map(abs, starts + ends)) < 2**31
    kind = np.int32 if narrow else np.int64
    names = [d.constant(np.array(v, dtype=kind)) for v in (starts, ends)]
    names.append("" if leave_out else d.constant(np.array(axes, dtype=kind)))
    names.append(
        "" if set(steps) == {1} and d.chance(0.5) else d.constant(np.array(steps, dtype=kind))
    )
    while not names[-1]:
        names.pop()
    return d.node("Slice", [x, *names])[0]


def gather(d: Draft) -> str:
    x = d.take(ANY)
    axis = axis_of(d, d.values[x].ndim)
    size = d.values[x].shape[axis]
    low = -size if d.opset >= 11 else 0
    shape = d.shape(d.whole(0, 2), 3)
    picks = [d.whole(low, size - 1) for _ in range(int(np.prod(shape)))]
    index = np.array(picks, dtype=d.one_of([np.int64, np.int32])).reshape(shape)
    return d.node(
        "Gather", [x, d.constant(index)], axis=None if axis == 0 and d.chance(0.5) else axis
    )[0]


def gather_elements(d: Draft) -> str:
    x = d.take((1, 2, 3))
    shape = d.values[x].shape
    axis = axis_of(d, len(shape))
    wanted = [d.whole(1, s) if d.chance(0.3) else s for s in shape]
    wanted[axis] = d.whole(1, 3)
    picks = [d.whole(-shape[axis], shape[axis] - 1) for _ in range(int(np.prod(wanted)))]
    index = np.array(picks, dtype=d.one_of([np.int64, np.int32])).reshape(wanted)
    return d.node("GatherElements", [x, d.constant(index)], axis=None if axis == 0 else axis)[0]


def gather_nd(d: Draft) -> str:
    """Rows of an index pick parts of x; `batch_dims` leading axes are shared."""
    x = d.take((1, 2, 3))
    shape = d.values[x].shape
    shared = d.one_of([0, 0, 0, 1]) if d.opset >= 12 and len(shape) > 1 else 0
    depth = d.whole(1, len(shape) - shared)
    lead = (*shape[:shared], *d.shape(d.whole(0 if shared == 0 else 1, 2), 3))
    picked = shape[shared : shared + depth]
    rows = [[d.whole(-s, s - 1) for s in picked] for _ in range(int(np.prod(lead)))]
    index = np.array(rows, dtype=np.int64).reshape(*lead, depth)
    said = shared if shared or (d.opset >= 12 and d.chance(0.3)) else None
    return d.node("GatherND", [x, d.constant(index)], batch_dims=said)[0]


def expand(d: Draft) -> str:
    x = d.take((0, 1, 2, 3))
    sizes = [s if s > 1 or d.chance(0.4) else d.whole(1, 3) for s in d.values[x].shape]
    sizes = [1 if s > 1 and d.chance(0.3) else s for s in sizes]
    if d.chance(0.4):
        sizes = [d.whole(1, 2), *sizes]
    if d.chance(0.1):
        sizes = sizes[1:]
    return d.node("Expand", [x, d.constant(np.array(sizes, dtype=np.int64))])[0]


def tile(d: Draft) -> str:
    x = d.take((1, 2, 3))
    counts = [d.one_of([1, 1, 2, 3]) for _ in d.values[x].shape]
    return d.node("Tile", [x, d.constant(np.array(counts, dtype=np.int64))])[0]


def concat(d: Draft) -> str:
    x = d.take(ANY)
    axis = axis_of(d, d.values[x].ndim)
    parts = [x]
    for _ in range(d.whole(0, 2)):
        shape = list(d.values[x].shape)
        shape[axis] = d.whole(1, 2)
        alike = [
            n
            for n in sorted(d.symbolic)
            if d.values[n].dtype == d.kind and _joins(d.values[n].shape, shape, axis)
        ]
        parts.append(d.one_of(alike) if alike and d.chance(0.5) else d.constant(d.numbers(shape)))
    d.random.shuffle(parts)
    return d.node("Concat", parts, axis=axis)[0]


def _joins(shape: tuple[int, ...], other: list[int], axis: int) -> bool:
    return len(shape) == len(other) and all(
        a == b or k == axis % len(other) for k, (a, b) in enumerate(zip(shape, other, strict=True))
    )


def split(d: Draft) -> str:
    x = d.take(ANY)
    axis = axis_of(d, d.values[x].ndim)
    size = d.values[x].shape[axis]
    word = axis if axis or d.chance(0.5) else None
    if d.chance(0.5) or (d.opset < 18 and size == 1):
        cut = d.whole(0, size)
        return str(
            d.one_of(listed(d, "Split", x, "split", [cut, size - cut], 13, count=2, axis=word))
        )
    if d.opset >= 18:
        count = d.whole(1, size)
        return str(d.one_of(d.node("Split", [x], count, axis=word, num_outputs=count)))
    count = d.one_of([k for k in range(1, size + 1) if size % k == 0])
    return str(d.one_of(d.node("Split", [x], count, axis=word)))


def pad(d: Draft) -> str:
    x = d.take((1, 2, 3, 4))
    rank = d.values[x].ndim
    mode = d.one_of([None, "constant", "reflect", "edge"] + (["wrap"] if d.opset >= 19 else []))
    axes = (
        d.random.sample(range(rank), d.whole(1, rank)) if d.opset >= 18 and d.chance(0.5) else None
    )
    places = list(range(rank)) if axes is None else axes
    room = [d.values[x].shape[a] - 1 if mode in ("reflect", "wrap") else 2 for a in places]
    pads = [
        d.whole(-1 if d.chance(0.15) else 0, max(r, 0)) if d.chance(0.7) else 0 for r in room * 2
    ]
    value = d.one_of([None, 0, 1, -2])
    if d.opset < 11:
        return d.node(
            "Pad", [x], mode=mode, pads=pads, value=None if value is None else float(value)
        )[0]
    fill = "" if value is None else d.constant(np.array(value, dtype=d.kind))
    names = [x, d.constant(np.array(pads, dtype=np.int64)), fill]
    if axes is not None:
        named = [a - rank if d.chance(0.4) else a for a in axes]
        names.append(d.constant(np.array(named, dtype=np.int64)))
    while not names[-1]:
        names.pop()
    return d.node("Pad", names, mode=mode)[0]


def blocks(op: str) -> Callable[[Draft], str]:
    def make(d: Draft) -> str:
        side = d.one_of([1, 2, 2, 3])
        n, c, h, w = d.whole(1, 2), d.whole(1, 2), d.whole(1, 3), d.whole(1, 2)
        shape = (n, c * side**2, h, w) if op == "DepthToSpace" else (n, c, h * side, w * side)
        x = d.input(shape) if not d.inputs else d.take((4,))
        mode = d.one_of([None, "DCR", "CRD"]) if op == "DepthToSpace" and d.opset >= 11 else None
        return d.node(op, [x], blocksize=side, mode=mode)[0]

    return make


def upsample(d: Draft) -> str:
    x = d.take((2, 3, 4))
    scales = [float(d.one_of([1, 1, 2, 3, 1.5])) for _ in d.values[x].shape]
    mode = d.one_of([None, "nearest", "nearest", "linear"])
    if d.opset < 9:
        return d.node("Upsample", [x], mode=mode, scales=scales)[0]
    return d.node("Upsample", [x, d.constant(np.array(scales, dtype=np.float32))], mode=mode)[0]


def resize(d: Draft) -> str:
    x = d.take((2, 3, 4))
    shape = d.values[x].shape
    scales = np.array([d.one_of([1, 1, 2, 3, 1.5, 0.5, 0.75]) for _ in shape], dtype=np.float32)
    mode = d.one_of([None, "nearest", "nearest", "nearest", "linear", "cubic"])
    if d.opset < 11:
        return d.node("Resize", [x, d.constant(scales)], mode=mode)[0]
    axes = (
        d.random.sample(range(len(shape)), d.whole(1, len(shape)))
        if d.opset >= 18 and d.chance(0.4)
        else None
    )
    kept = list(range(len(shape))) if axes is None else axes
    frames = ["half_pixel", "pytorch_half_pixel", "asymmetric", "asymmetric", "align_corners"]
    frames += ["half_pixel_symmetric"] if d.opset >= 19 else []
    attributes: dict[str, Any] = {
        "mode": mode,
        "axes": axes,
        "coordinate_transformation_mode": d.one_of([None, *frames]),
        "nearest_mode": d.one_of(
            [None, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
        ),
    }
    if d.opset >= 18:
        attributes["antialias"] = d.one_of([None, None, 0, 1])
    if d.chance(0.6):
        return d.node("Resize", [x, "", d.constant(scales[kept])], **attributes)[0]
    if d.opset >= 18:
        attributes["keep_aspect_ratio_policy"] = d.one_of(
            [None, "stretch", "not_larger", "not_smaller"]
        )
    sizes = np.array([max(1, int(shape[k] * scales[k])) for k in kept], dtype=np.int64)
    empty = "" if d.opset >= 13 else d.constant(np.zeros(0, dtype=np.float32))
    return d.node("Resize", [x, "", empty, d.constant(sizes)], **attributes)[0]


OPERATORS: dict[str, tuple[int, Callable[[Draft], str]]] = {
    "Reshape": (6, reshape),
    "Flatten": (6, flatten),
    "Squeeze": (6, squeeze),
    "Unsqueeze": (6, unsqueeze),
    "Transpose": (6, transpose),
    "Slice": (6, slicing),
    "Gather": (6, gather),
    "GatherElements": (11, gather_elements),
    "GatherND": (11, gather_nd),
    "Expand": (8, expand),
    "Tile": (6, tile),
    "Concat": (6, concat),
    "Split": (6, split),
    "Pad": (6, pad),
    "DepthToSpace": (6, blocks("DepthToSpace")),
    "SpaceToDepth": (6, blocks("SpaceToDepth")),
    "Resize": (10, resize),
}
UPSAMPLE = {"Upsample": (7, upsample)}  # until opset 9
