"""Operators that compute entry by entry: sums, products, quotients, casts and choices.

    Add(x, y)   x + y      Mul(x, c)   c·x      Div(x, c)   x / c      Where(m, x, y)   x or y

Sound because constants of a floating-point type are added and multiplied as fractions, and whole
numbers as ONNX defines them: quotients are truncated towards 0, and results wrap in their type.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import onnx

from rectifold.formats.onnx.node import Node, spread, symbolic_of
from rectifold.formats.onnx.tensors import (
    ELEMENT_TYPES,
    FLOATS,
    INTEGERS,
    Array,
    Constant,
    Symbolic,
    Tensor,
    element_type,
    type_text,
    wrapped,
)
from rectifold.ir.affine import Affine, concat
from rectifold.runtime.caps import CAPS


def fold(node: Node, plain: Callable[[Array, Array], Array], *parts: Constant) -> Constant:
    """plain(plain(a, b), c) ... of constants, entry by entry: exact, or wrapped in their type."""
    shape = node.broadcast(*(p.shape for p in parts))
    total, *rest = (np.broadcast_to(_as_objects(p), shape) for p in parts)
    for part in rest:
        total = plain(total, part)
    return _typed(node, total, parts[0].type)


def _as_objects(part: Constant) -> Array:
    return part.values.astype(object) if part.type in INTEGERS else part.fractions()


def _typed(node: Node, values: Array, kind: str) -> Constant:
    array = np.asarray(values, dtype=object)
    if kind in INTEGERS:
        return node.folded(wrapped(array.ravel().tolist(), kind, array.shape), kind)
    return node.folded(array, kind)


def sums(sign: int) -> Callable[[Node], Tensor]:
    """Add (sign 1) and Sub (sign -1) of two tensors."""
    plain = operator.add if sign > 0 else operator.sub

    def run(node: Node) -> Tensor:
        left, right = node.tensor(0), node.tensor(1)
        if isinstance(left, Constant) and isinstance(right, Constant):
            return fold(node, plain, left, right)
        shape = node.broadcast(left.shape, right.shape)
        a, b = (spread(symbolic_of(part), shape) for part in (left, right))
        return Symbolic(plain(a, b), shape, left.type)

    return run


def total(node: Node) -> Tensor:
    """Sum of any number of tensors."""
    parts = [node.tensor(k) for k in range(len(node))]
    constants = [p for p in parts if isinstance(p, Constant)]
    if len(constants) == len(parts):
        return fold(node, operator.add, *constants)
    shape = node.broadcast(*(p.shape for p in parts))
    first, *rest = (spread(symbolic_of(p), shape) for p in parts)
    return Symbolic(sum(rest, first), shape, parts[0].type)


def mean(node: Node) -> Tensor:
    """Mean of any number of tensors."""
    whole, share = total(node), Fraction(1, len(node))
    if isinstance(whole, Constant):
        return node.folded(whole.fractions() * share, whole.type)
    return Symbolic(whole.entries.scale(share), whole.shape, whole.type)


def product(node: Node) -> Tensor:
    left, right = node.tensor(0), node.tensor(1)
    if isinstance(left, Constant) and isinstance(right, Constant):
        return fold(node, operator.mul, left, right)
    if isinstance(left, Symbolic) and isinstance(right, Symbolic):
        raise node.fail("a product of two tensors that depend on the input is not piecewise linear")
    if isinstance(left, Symbolic):
        assert isinstance(right, Constant)
        return scale_entries(node, left, right)
    assert isinstance(right, Symbolic)
    return scale_entries(node, right, left)


def scale_entries(
    node: Node, symbol: Symbolic, factor: Constant, *, inverse: bool = False
) -> Symbolic:
    """The tensor times a constant, entry by entry; `inverse` divides by it (it has no zero
    then).
    """
    shape = node.broadcast(symbol.shape, factor.shape)
    factors = np.broadcast_to(factor.fractions(), shape).ravel().tolist()
    if inverse:
        factors = [1 / f for f in factors]
    return Symbolic(spread(symbol, shape).scale_rows(factors), shape, symbol.type)


def divide(node: Node) -> Tensor:
    left = node.tensor(0)
    divisor = node.tensor(1)
    if isinstance(divisor, Symbolic):
        raise node.fail("division by a tensor that depends on the input is not piecewise linear")
    if not np.all(divisor.finite() != 0):
        raise node.fail("division by zero")
    if isinstance(left, Symbolic):
        return scale_entries(node, left, divisor, inverse=True)
    if left.type in INTEGERS:
        return _whole_quotient(node, left, divisor)
    return fold(node, operator.truediv, left, divisor)


def _whole_quotient(node: Node, left: Constant, right: Constant) -> Constant:
    """Truncated towards 0; the one quotient that does not fit its type is refused."""
    shape = node.broadcast(left.shape, right.shape)
    a, b = (np.broadcast_to(p.values, shape).ravel().tolist() for p in (left, right))
    quotients = [
        abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1) for p, q in zip(a, b, strict=True)
    ]
    if any(q > np.iinfo(left.type).max for q in quotients):
        raise node.fail(f"a quotient of {left.type} values does not fit {left.type}")
    return node.folded(wrapped(quotients, left.type, shape), left.type)


def negation(node: Node) -> Tensor:
    value = node.tensor(0)
    if isinstance(value, Symbolic):
        return Symbolic(-value.entries, value.shape, value.type)
    return _typed(node, -_as_objects(value), value.type)


def power(node: Node) -> Tensor:
    """Pow: the exponent 1 for what depends on the input; small whole exponents for constants."""
    base, exponent = node.tensor(0), node.constant(1, "the exponent")
    exponents = exponent.fractions()
    shape = node.broadcast(base.shape, exponent.shape)
    if isinstance(base, Symbolic):
        if not np.all(exponents == 1):
            raise node.fail(
                "only the exponent 1 of a tensor that depends on the input is piecewise linear"
            )
        return Symbolic(spread(base, shape), shape, base.type)
    if not all(e.denominator == 1 and 0 <= e <= CAPS.power for e in exponents.ravel()):
        raise node.fail(
            f"an exponent is no whole number from 0 to {CAPS.power}, "
            "and the result would be rounded"
        )
    powers = [
        b ** int(e)
        for b, e in zip(
            *(_flat_entries(v, shape) for v in (_as_objects(base), exponents)), strict=True
        )
    ]
    values = np.empty(len(powers), dtype=object)
    values[:] = powers
    return _typed(node, values.reshape(shape), base.type)


def _flat_entries(values: Array, shape: tuple[int, ...]) -> list[Fraction | int]:
    return list(np.broadcast_to(values, shape).ravel())


# ---- casts and choices ---------------------------------------------------------------------------


def cast(node: Node) -> Tensor:
    """Cast. What depends on the input may become float32 or float64 and nothing else."""
    number = int(node.attribute("to"))
    target = element_type(number)
    if target is None:
        raise node.fail(
            f"the type {type_text(number)} is not read; read are {', '.join(ELEMENT_TYPES)}"
        )
    value = node.tensor(0)
    if isinstance(value, Constant):
        return _cast_constant(node, value, target)
    if target != value.type and target not in ("float32", "float64"):
        raise node.fail(
            f"a cast of values that depend on the input from {value.type} to {target} rounds and "
            "is not piecewise linear"
        )
    return Symbolic(value.entries, value.shape, target)


def _cast_constant(node: Node, value: Constant, target: str) -> Constant:
    if target == value.type:
        return value
    if target == "bool":
        return node.folded(np.asarray(value.values != 0, dtype=np.bool_), target)
    if target in FLOATS:
        return node.folded(_nearest_of_type(value.values, target), target)
    if value.type in FLOATS:
        return _truncated(node, value, target)
    return node.folded(wrapped(value.values.ravel().tolist(), target, value.shape), target)


def _nearest_of_type(values: Array, target: str) -> Array:
    """The nearest numbers of a floating-point type, held as float64."""
    floats = values.astype(np.float64) if values.dtype == object else values
    kind = (
        np.dtype(target)
        if target != "bfloat16"
        else onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.BFLOAT16)
    )
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(floats.astype(kind), dtype=np.float64)


def _truncated(node: Node, value: Constant, target: str) -> Constant:
    """Floating-point numbers to whole ones: the fraction is cut off; what does not fit is
    refused.
    """
    if value.values.dtype == object:
        raise node.fail(
            f"it truncates computed {value.type} values that were not rounded to {value.type}: "
            "not decided"
        )
    whole = [int(v) for v in value.exact()]
    limits = np.iinfo(target)
    if not all(limits.min <= v <= limits.max for v in whole):
        raise node.fail(f"a value does not fit the type {target}; ONNX does not define the result")
    return node.folded(wrapped(whole, target, value.shape), target)


def choose(node: Node) -> Tensor:
    """Where with a constant condition."""
    mask = node.constant(0, "the condition")
    left, right = node.tensor(1), node.tensor(2)
    shape = node.broadcast(mask.shape, left.shape, right.shape)
    chosen = np.broadcast_to(mask.values, shape)
    if isinstance(left, Constant) and isinstance(right, Constant):
        return node.folded(_choice(chosen, left, right), left.type)
    a, b = (_entries_where(part, used, shape) for part, used in ((left, chosen), (right, ~chosen)))
    positions = np.arange(chosen.size).reshape(shape) + np.where(chosen, 0, chosen.size)
    return Symbolic(concat([a, b]).select(positions.ravel()), shape, left.type)


def _choice(chosen: Array, left: Constant, right: Constant) -> Array:
    if left.values.dtype == object or right.values.dtype == object:
        return np.where(chosen, left.fractions(), right.fractions())
    return np.where(chosen, left.values, right.values)


def _entries_where(part: Tensor, used: Array, shape: tuple[int, ...]) -> Affine:
    """The entries in the common shape; constants that are not chosen (often -inf) count as 0."""
    if isinstance(part, Symbolic):
        return spread(part, shape)
    values = np.where(used, np.broadcast_to(part.values, shape), 0)
    return Constant(values, part.type, part.origin).affine()


def comparison(plain: Callable[[Array, Array], Array]) -> Callable[[Node], Tensor]:
    """Equal, Less, Greater and the like of constants."""

    def run(node: Node) -> Tensor:
        left, right = (node.constant(k, f"input {k} of a comparison") for k in (0, 1))
        if any(part.values.dtype == object for part in (left, right)):
            raise node.fail(
                "it compares computed values that were not rounded to their type: not decided"
            )
        shape = node.broadcast(left.shape, right.shape)
        a, b = (np.broadcast_to(part.values, shape) for part in (left, right))
        return node.folded(np.asarray(plain(a, b), dtype=np.bool_), "bool")

    return run


def whole_steps(up: bool) -> Callable[[Node], Tensor]:
    """Ceil (up) or Floor of constants."""

    def run(node: Node) -> Tensor:
        value = node.constant(0, "a value that is rounded to whole numbers")
        if value.values.dtype == object:
            raise node.fail(
                "it rounds computed values that were not rounded to their type: not decided"
            )
        return node.folded((np.ceil if up else np.floor)(value.finite()), value.type)

    return run


def negated(node: Node) -> Tensor:
    """Not of a constant."""
    return node.folded(~node.constant(0, "the truth value").values, "bool")
