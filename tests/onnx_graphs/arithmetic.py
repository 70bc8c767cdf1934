"""Generators of the operators that work entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onnx_graphs.draft import Draft, code_of
from onnx_graphs.peers import Array

ANY = (1, 2, 3, 4)


def partner_shape(d: Draft, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with `shape`."""
    kept = list(shape[d.whole(0, len(shape)) if d.chance(0.4) else 0 :])
    for k, size in enumerate(kept):
        if d.chance(0.25):
            kept[k] = 1 if size > 1 else d.whole(1, 3)
    if d.chance(0.08) and len(kept) == len(shape) < 5:
        kept.insert(0, d.whole(1, 2))
    return tuple(kept)


def partner(d: Draft, x: str, *, symbolic: float = 0.35, zero: bool = True) -> str:
    """Another operand that broadcasts with x."""
    shape = partner_shape(d, d.values[x].shape)
    if not d.chance(symbolic):
        return d.constant(d.numbers(shape, zero=zero))
    fits = [n for n in sorted(d.symbolic) if d.values[n].shape in (shape, d.values[x].shape)]
    fits = [n for n in fits if d.values[n].dtype == d.kind]
    if fits and (d.chance(0.6) or len(d.inputs) >= d.most_inputs):
        return str(d.one_of(fits))
    return d.input(shape)


def old_broadcast(d: Draft, op: str, x: str, values: Callable[[tuple[int, ...]], Array]) -> str:
    """Opset 6: the right operand has the shape of a run of axes of the left one, which `axis`
    places.
    """
    shape = d.values[x].shape
    first = d.whole(0, len(shape) - 1)
    last = d.whole(first + 1, len(shape))
    array = values(shape[first:last])
    plain = d.constant(array)
    seen = d.constant(array.reshape(*array.shape, *([1] * (len(shape) - last))))
    axis = (
        None
        if last == len(shape) and d.chance(0.5)
        else first - (len(shape) if d.chance(0.2) else 0)
    )
    return d.node(op, [x, plain], broadcast=1, axis=axis, like=(op, [x, seen], {}))[0]


def binary(op: str) -> Callable[[Draft], str]:
    def make(d: Draft) -> str:
        x = d.take((0, *ANY) if d.opset > 6 and d.chance(0.1) else ANY)
        if d.opset < 7:
            if d.chance(0.7):
                return old_broadcast(d, op, x, d.numbers)
            return d.node(op, [x, d.constant(d.numbers(d.values[x].shape))])[0]
        pair = [x, partner(d, x, symbolic=0.05 if op == "Mul" else 0.35)]
        return d.node(op, pair[::-1] if d.chance(0.4) else pair)[0]

    return make


def powers(d: Draft, shape: tuple[int, ...]) -> Array:
    """Numbers to divide by: powers of two (exact), sometimes others."""
    if d.kind.kind != "f":
        return d.numbers(shape, zero=False)
    pool = [1, 2, 4, 0.5, -1, -2, 0.25] if d.chance(0.9) else [3, -5, 7, 0.1]
    return np.array([d.one_of(pool) for _ in range(int(np.prod(shape)))], dtype=d.kind).reshape(
        shape
    )


def divide(d: Draft) -> str:
    x = d.take(ANY)
    if d.opset < 7 and d.chance(0.7):
        return old_broadcast(d, "Div", x, lambda shape: powers(d, shape))
    if (
        d.chance(0.05) and d.kind.kind == "f"
    ):  # no linear function, unless the input is moved to the left by mistake
        return d.node("Div", [d.constant(d.numbers(d.values[x].shape)), x])[0]
    return d.node("Div", [x, d.constant(powers(d, partner_shape(d, d.values[x].shape)))])[0]


def power(d: Draft) -> str:
    x = d.take(ANY)
    shape = partner_shape(d, d.values[x].shape) if d.chance(0.5) else ()
    exponent = np.full(shape, d.one_of([1, 1, 1, 0, 2, 0.5, -1]))
    kind = (
        d.kind
        if d.opset < 12 or d.chance(0.7)
        else np.dtype(d.one_of([np.float32, np.int64, np.int32]))
    )
    return d.node("Pow", [x, d.constant(exponent.astype(kind))])[0]


def several(op: str) -> Callable[[Draft], str]:
    def make(d: Draft) -> str:
        x = d.take(ANY)
        parts = [x]
        for _ in range(d.one_of([0, 1, 1, 2, 3])):
            same_shape = d.numbers(d.values[x].shape)
            parts.append(d.constant(same_shape) if d.opset < 8 else partner(d, x, symbolic=0.5))
        d.random.shuffle(parts)
        return d.node(op, parts)[0]

    return make


def unary(op: str) -> Callable[[Draft], str]:
    return lambda d: d.node(op, [d.take((0, *ANY) if d.chance(0.1) else ANY)])[0]


def leaky_relu(d: Draft) -> str:
    slope = d.one_of([None, 0.5, 0.25, 0.0, 1.0, 2.0, -0.5, -1.0, 0.1])
    return d.node("LeakyRelu", [d.take(ANY)], alpha=slope)[0]


def prelu(d: Draft) -> str:
    x = d.take((2, 3, 4) if d.chance(0.8) else (1,))
    shape = d.values[x].shape
    if d.opset < 7:
        channels = shape[1] if len(shape) > 1 else 1
        slope = d.numbers((channels if d.chance(0.7) else 1,))
        seen = d.constant(slope.reshape(-1, *([1] * max(0, len(shape) - 2))))
        return d.node("PRelu", [x, d.constant(slope)], like=("PRelu", [x, seen], {}))[0]
    kept = [
        1 if d.chance(0.3) else size
        for size in shape[d.whole(0, len(shape)) if d.chance(0.3) else 0 :]
    ]
    return d.node("PRelu", [x, d.constant(d.numbers(kept))])[0]


def clip(d: Draft) -> str:
    x = d.take(ANY)
    low, high = sorted([d.whole(-3, 2), d.whole(-2, 3)])
    ends: list[Any] = [
        d.one_of([low, low, low, None, -np.inf]),
        d.one_of([high, high, high, None, np.inf]),
    ]
    if d.chance(0.08):
        ends = [high, low]  # an empty range: the upper end wins
    if d.kind.kind != "f":
        ends = [None if e is None or np.isinf(e) else e for e in ends]
    if d.opset < 11:
        return d.node("Clip", [x], min=_real(ends[0]), max=_real(ends[1]))[0]
    names = ["" if e is None else d.constant(np.array(e, dtype=d.kind)) for e in ends]
    while names and not names[-1]:
        names.pop()
    return d.node("Clip", [x, *names])[0]


def _real(end: Any) -> float | None:
    return None if end is None else float(end)


def where(d: Draft) -> str:
    x = d.take(ANY)
    mask = d.constant(d.numbers(partner_shape(d, d.values[x].shape), np.bool_))
    branches = [x, partner(d, x)]
    d.random.shuffle(branches)
    return d.node("Where", [mask, *branches], gives=d.kind)[0]


def cast(d: Draft) -> str:
    """Of a value that depends on the input (to floats), or of a constant through several types."""
    if d.chance(0.3):
        wider = d.one_of([np.float32, np.float64])
        return _back(d, d.node("Cast", [d.take(ANY)], to=code_of(wider), gives=wider)[0])
    if d.chance(0.15):
        kind = d.one_of([np.int32, np.int64, np.bool_, np.float16, np.uint8])
        return _back(d, d.node("Cast", [d.take(ANY)], to=code_of(kind), gives=kind)[0])
    x = d.take(ANY)
    start = d.one_of([np.float32, np.float64, np.int64, np.int32, np.bool_])
    array = d.numbers(d.values[x].shape, start)
    if start != np.bool_ and d.chance(0.5):
        array = (array * d.one_of([75, 7, 1])).astype(
            start
        )  # beyond int8 and uint8; whole parts of halves
    kinds = [np.bool_, np.int32, np.int64, np.int8, np.uint8, np.float16, np.float32, np.float64]
    middle = d.one_of(kinds)
    if middle in (np.int8, np.uint8) and array.dtype.kind == "f":
        array = np.clip(array, 0, 100)  # what a float beyond the range becomes is left open by ONNX
    through = d.node("Cast", [d.constant(array)], to=code_of(middle), gives=middle)[0]
    return d.node(d.one_of(["Add", "Mul"]), [x, _back(d, through)])[0] if d.opset > 6 else through


def _back(d: Draft, name: str) -> str:
    return d.node("Cast", [name], to=code_of(d.kind), gives=d.kind)[0]


def batch_normalization(d: Draft) -> str:
    x = d.take((2, 3, 4) if d.chance(0.9) else (1,))
    shape = d.values[x].shape
    channels = shape[1] if len(shape) > 1 else 1
    exact = d.chance(0.7)
    epsilon = 0.25 if exact else d.one_of([None, 1e-3, 0.5])
    pool = [0.75, 3.75, 15.75] if exact else [0.5, 1, 2, 3]
    variance = np.array([d.one_of(pool) for _ in range(channels)], dtype=d.kind)
    parts = [d.constant(d.numbers((channels,))) for _ in range(3)]
    attributes: dict[str, Any] = {"epsilon": epsilon, "momentum": d.one_of([None, 0.5])}
    like = None
    if d.opset < 7:
        like = (
            "BatchNormalization",
            [x, *parts, d.constant(variance)],
            {"epsilon": 1e-5 if epsilon is None else epsilon},
        )
        attributes["is_test"] = 1
    if 7 <= d.opset < 9 or d.opset < 7:
        attributes["spatial"] = d.one_of([None, 1])
    if d.opset >= 14:
        attributes["training_mode"] = d.one_of([None, 0])
    names = like[1] if like else [x, *parts, d.constant(variance)]
    return d.node("BatchNormalization", names, like=like, **attributes)[0]


def dropout(d: Draft) -> str:
    x = d.take(ANY)
    if d.opset < 7:
        return d.node(
            "Dropout", [x], is_test=1, ratio=d.one_of([None, 0.25]), like=("Dropout", [x], {})
        )[0]
    if d.opset < 12:
        return d.node("Dropout", [x], ratio=d.one_of([None, 0.25]))[0]
    ratio = d.constant(np.array(0.25, dtype=np.float32)) if d.chance(0.5) else ""
    names = (
        [x, ratio, d.constant(np.array(False))]
        if ratio and d.chance(0.4)
        else [x, ratio]
        if ratio
        else [x]
    )
    return d.node("Dropout", names, 2 if d.chance(0.2) else 1, seed=d.one_of([None, 3]))[0]


def hard_sigmoid(d: Draft) -> str:
    slopes = {
        "alpha": d.one_of([None, 0.25, 0.5, 1.0, 0.0, -0.5]),
        "beta": d.one_of([None, 0.5, 0.0, 2.0, -1.0]),
    }
    return d.node("HardSigmoid", [d.take(ANY)], **slopes)[0]


def rounding(op: str) -> Callable[[Draft], str]:
    """Of a constant: what is not piecewise linear may still be applied to constants."""

    def make(d: Draft) -> str:
        x = d.take(ANY)
        value = x if d.chance(0.05) else d.constant(d.numbers(d.values[x].shape))
        return d.node("Sub" if d.opset > 6 else "Sum", [x, d.node(op, [value])[0]])[0]

    return make


def scaler(d: Draft) -> str:
    x = d.take((2,))
    size = d.values[x].shape[1]
    offset = [float(d.whole(-3, 3)) for _ in range(1 if d.chance(0.3) else size)]
    scale = [float(d.one_of([1, 2, 0.5, -1])) for _ in range(1 if d.chance(0.3) else size)]
    return d.node("Scaler", [x], domain="ai.onnx.ml", gives=np.float32, offset=offset, scale=scale)[
        0
    ]


def comparison(op: str) -> Callable[[Draft], str]:
    """A mask made of constants, which chooses between two branches."""

    def make(d: Draft) -> str:
        x = d.take(ANY)
        kind = d.one_of([np.int64, np.int32, np.float32, d.kind])
        shape = d.values[x].shape
        pair = [d.numbers(shape, kind), d.numbers(partner_shape(d, shape), kind)]
        mask = d.node(op, [d.constant(v) for v in pair], gives=np.bool_)[0]
        if d.chance(0.5):
            mask = d.node("Not", [mask])[0]
        return d.node("Where", [mask, x, partner(d, x)], gives=d.kind)[0]

    return make


def negation(d: Draft) -> str:
    x = d.take(ANY)
    mask = d.constant(d.numbers(partner_shape(d, d.values[x].shape), np.bool_))
    return d.node("Where", [d.node("Not", [mask])[0], x, partner(d, x)], gives=d.kind)[0]


OPERATORS: dict[str, tuple[int, Callable[[Draft], str]]] = {
    **{op: (6, binary(op)) for op in ("Add", "Sub", "Mul")},
    "Div": (6, divide),
    "Pow": (7, power),
    **{op: (6, several(op)) for op in ("Sum", "Mean", "Max", "Min")},
    **{op: (6, unary(op)) for op in ("Relu", "Abs", "Neg", "Identity")},
    "LeakyRelu": (6, leaky_relu),
    "PRelu": (6, prelu),
    "Clip": (6, clip),
    "Where": (9, where),
    "Cast": (6, cast),
    "BatchNormalization": (6, batch_normalization),
    "Dropout": (6, dropout),
    "Scaler": (7, scaler),
    **{op: (9, comparison(op)) for op in ("Equal", "Greater", "Less")},
    **{op: (12, comparison(op)) for op in ("GreaterOrEqual", "LessOrEqual")},
    "Not": (9, negation),
    "HardSigmoid": (6, hard_sigmoid),
    **{op: (6, rounding(op)) for op in ("Floor", "Ceil")},
}
