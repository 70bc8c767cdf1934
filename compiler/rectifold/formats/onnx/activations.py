"""Relu and its relatives, extrema of tensors, and the scalings that surround them.

    Relu, Abs, LeakyRelu, PRelu, Clip, Max, ...       layers made by the builder
    BatchNormalization, Scaler                       a factor and an offset per channel or feature

Sound because the builder's layers are identities of real functions; a slope, a limit or a factor
that is no finite number is refused, and the one irrational factor (1/√(variance + ε)) is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.formats.onnx.arithmetic import scale_entries
from rectifold.formats.onnx.node import Node, spread, symbolic_of
from rectifold.formats.onnx.tensors import INTEGERS, Array, Constant, Symbolic, Tensor, wrapped
from rectifold.ir.functions import ParameterValue, leaky_relu

LARGEST = {
    "float16": float(np.finfo(np.float16).max),
    "bfloat16": float(np.finfo(np.float32).max) * (1 - 2.0**-9),
    "float32": float(np.finfo(np.float32).max),
    "float64": float(np.finfo(np.float64).max),
}  # a limit from here on never cuts a finite number of the type


def piecewise_linear(function: str, *attributes: str) -> Callable[[Node], Tensor]:
    """An operator that is a function of the table, its parameters attributes of these names."""

    def run(node: Node) -> Tensor:
        numbers = [Fraction(float(node.attribute(name))) for name in attributes]
        return _applied(node, function, numbers)

    return run


def _applied(node: Node, function: str, numbers: Sequence[ParameterValue]) -> Symbolic:
    x = node.symbolic(0)
    entries = node.builder.apply(function, [x.entries], numbers, node.layer_name)
    return Symbolic(entries, x.shape, x.type)


def magnitude(node: Node) -> Tensor:
    value = node.tensor(0)
    if isinstance(value, Constant) and value.type in INTEGERS:
        sizes = [abs(v) for v in value.values.ravel().tolist()]
        return node.folded(wrapped(sizes, value.type, value.shape), value.type)
    if isinstance(value, Constant):
        return node.folded(np.abs(value.finite()), value.type)
    return _applied(node, "abs", [])


def prelu(node: Node) -> Tensor:
    x, slope = node.symbolic(0), node.constant(1, "the slope")
    if node.broadcast(x.shape, slope.shape) != x.shape:
        raise node.fail(
            f"the slope has the shape {slope.shape}, which does not broadcast to {x.shape}"
        )
    slopes = np.broadcast_to(slope.fractions(), x.shape).ravel().tolist()
    entries = leaky_relu(partial(node.builder.relu, name=node.layer_name), x.entries, slopes)
    return Symbolic(entries, x.shape, x.type)


def clamp(node: Node) -> Tensor:
    """min(max(x, low), high); a limit that no number of the type exceeds leaves its side open."""
    x = node.symbolic(0)
    low, high = (_limit(node, k, name, x.type) for k, name in ((1, "min"), (2, "max")))
    if low == math.inf or high == -math.inf:
        raise node.fail("min is infinity or max is -infinity; the result would be infinite")
    if low > high:
        raise node.fail(
            f"min {float(low)} is above max {float(high)}; a model with min ≤ max can be read"
        )
    return _applied(node, "clip", [_finite_limit(low, x.type), _finite_limit(high, x.type)])


def _finite_limit(limit: float | Fraction, kind: str) -> Fraction | None:
    """A limit, or None where no number of the type lies beyond it."""
    return Fraction(limit) if -LARGEST[kind] < limit < LARGEST[kind] else None


def _limit(node: Node, k: int, name: str, kind: str) -> float | Fraction:
    """A limit as a number, possibly infinite; left out, it is infinite on its own side."""
    if not node.given(k):
        given = node.attributes.get(name)
        return (-math.inf if name == "min" else math.inf) if given is None else float(given)
    values = node.constant(k, name).values.ravel()
    if len(values) != 1 or values[0] != values[0]:
        raise node.fail(f"{name} has {len(values)} entries or is NaN; one number is expected")
    return values[0] if isinstance(values[0], Fraction) else float(values[0])


def extremum(sign: int) -> Callable[[Node], Tensor]:
    """Max (sign 1) or Min (sign -1) of any number of tensors."""

    def run(node: Node) -> Tensor:
        parts = [node.tensor(k) for k in range(len(node))]
        constants = [p for p in parts if isinstance(p, Constant)]
        shape = node.broadcast(*(p.shape for p in parts))
        if len(constants) == len(parts):
            return node.folded(_extreme_constant(constants, sign, shape), parts[0].type)
        function = "max" if sign > 0 else "min"
        result, *rest = (spread(symbolic_of(p), shape) for p in parts)
        for part in rest:
            result = node.builder.apply(function, [result, part], [], node.layer_name)
        return Symbolic(result, shape, parts[0].type)

    return run


def _extreme_constant(parts: Sequence[Constant], sign: int, shape: tuple[int, ...]) -> Array:
    choose = np.maximum if sign > 0 else np.minimum
    is_whole = parts[0].values.dtype.kind in "iu"
    result, *rest = (np.broadcast_to(p.values if is_whole else p.fractions(), shape) for p in parts)
    for part in rest:
        result = choose(result, part)
    return np.asarray(result, dtype=None if is_whole else object)


# ---- scalings ------------------------------------------------------------------------------------


def batch_normalization(node: Node) -> Tensor:
    """scale·(x − mean)/√(variance + ε) + offset.

    The quotient scale/√(...) is fixed to the nearest float64 numbers, which a note says.
    """
    x = node.symbolic(0)
    if len(x.shape) < 2:
        raise node.fail(f"the input has the shape {x.shape}; batch x channels is expected")
    scale, offset, mean, variance = (_channels(node, k, x) for k in (1, 2, 3, 4))
    factors = _factors(node, scale, variance)
    channels = (-1, *(1 for _ in x.shape[2:]))
    moved = scale_entries(node, x, Constant(factors.reshape(channels), x.type, node.where))
    shift = np.empty(len(factors), dtype=object)
    shift[:] = [b - m * Fraction(float(f)) for b, m, f in zip(offset, mean, factors, strict=True)]
    node.note(
        "scale/sqrt(var + epsilon) is irrational; it was fixed to the nearest float64 numbers"
    )
    added = Constant(np.broadcast_to(shift.reshape(channels), x.shape), x.type, node.where)
    return Symbolic(moved.entries + added.affine(), x.shape, x.type)


def _channels(node: Node, k: int, x: Symbolic) -> list[Fraction]:
    values = node.constant(k, ("", "scale", "B", "mean", "var")[k])
    if values.shape != (x.shape[1],):
        raise node.fail(
            f"input {k} has the shape {values.shape}; one entry for each of {x.shape[1]} "
            "channels is expected"
        )
    return values.exact()


def _factors(node: Node, scale: Sequence[Fraction], variance: Sequence[Fraction]) -> Floats:
    epsilon = float(node.attribute("epsilon"))
    spreads = np.array([float(v) for v in variance]) + epsilon
    if not np.all(spreads > 0):
        raise node.fail("a variance plus epsilon is not positive")
    factors: Floats = np.array([float(s) for s in scale]) / np.sqrt(spreads)
    if not np.isfinite(factors).all():
        raise node.fail("scale/sqrt(var + epsilon) is beyond float64")
    return factors


def scaler(node: Node) -> Tensor:
    """ai.onnx.ml.Scaler: (x − offset)·scale per feature, the last axis."""
    x = node.symbolic(0)
    offset, scale = (_features(node, name, x.shape) for name in ("offset", "scale"))
    shifted = Symbolic(x.entries - symbolic_of(offset).entries, x.shape, "float32")
    return scale_entries(node, shifted, scale)


def _features(node: Node, name: str, shape: tuple[int, ...]) -> Constant:
    values = node.attribute(name)
    if values is None or not shape or len(values) not in (1, shape[-1]):
        count = "no" if values is None else len(values)
        raise node.fail(f"{name} has {count} entries; 1 or one per feature of {shape} is expected")
    return Constant(
        np.broadcast_to(np.asarray(values, dtype=np.float64), shape), "float32", node.where
    )
