"""The piecewise linear functions: what each takes, and how it is made of affine maps and relu.

    FUNCTIONS["abs"]        one argument, no parameter,  relu(a) + relu(-a)

The language, the ONNX reader and the list of reserved words read this one table. A lowering gets
`relu`, which makes a layer of a form and answers its values, the arguments (affine forms of one
size) and the parameters (numbers).

Sound because each lowering is an identity of real functions; clip needs low ≤ high, which is
checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.errors import NetworkError
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import readable
from rectifold.ir.affine import Affine, concat

Relu = Callable[[Affine], Affine]
ParameterValue = Fraction | None  # None: this end of clip is open
Lowering = Callable[[Relu, Sequence[Affine], Sequence[ParameterValue]], Affine]


@dataclass(frozen=True)
class Parameter:
    """A number that stands after the arguments; without a default it must be given."""

    meaning: str
    """As messages name it: "the slope of leaky_relu"."""
    default: Fraction | None = None


@dataclass(frozen=True)
class PiecewiseLinear:
    """One function of the language."""

    doc: str
    """How it is written = what it is made of."""
    lowering: Lowering
    arity: int = 1
    """Arguments that may depend on the input: one, or two (more are then taken two by two)."""
    parameters: tuple[Parameter, ...] = ()
    layer: str = ""
    """The layers of an equation `y` that calls it are named y_ and this."""
    copies: int = 1
    """Matrices of the argument's size that its layers hold: what the language counts beforehand."""
    blocks: int = 0
    """n×n matrices over its n relu units, counted likewise."""


# ---- lowerings -----------------------------------------------------------------------------------


def absolute(relu: Relu, value: Affine) -> Affine:
    """relu(v) + relu(−v), in one layer."""
    return relu(concat([value, -value])).apply(_blocks(value.size, [1, 1]))


def leaky_relu(relu: Relu, value: Affine, slopes: Sequence[Fraction]) -> Affine:
    """relu(v) − s·relu(−v), a slope per value; where it is 0, relu(v) alone."""
    bent = [k for k, slope in enumerate(slopes) if slope != 0]
    if not bent:
        return relu(value)
    both = relu(concat([value, -value.select(bent)]))
    kept = both.select(np.arange(value.size))
    below = both.select(np.arange(value.size, value.size + len(bent)))
    below = below.scale_rows([slopes[k] for k in bent])
    if len(bent) < value.size:
        below = below.apply(Matrix.selection(bent, value.size).T)
    return kept - below


def maximum(relu: Relu, left: Affine, right: Affine) -> Affine:
    """right + relu(left − right)."""
    return right + relu(left - right)


def minimum(relu: Relu, left: Affine, right: Affine) -> Affine:
    """left − relu(left − right)."""
    return left - relu(left - right)


def clip(relu: Relu, value: Affine, low: ParameterValue, high: ParameterValue) -> Affine:
    """min(max(v, low), high); None leaves a side open. Raises NetworkError if low > high."""
    size = value.size
    if low is None:
        return value if high is None else minimum(relu, value, _filled(high, size))
    if high is None:
        return maximum(relu, value, _filled(low, size))
    if low > high:
        raise NetworkError(
            f"clip from {readable(low)} to {readable(high)}: the lower end is above the upper end"
        )
    both = relu(concat([value - _filled(low, size), value - _filled(high, size)]))
    return _filled(low, size) + both.apply(_blocks(size, [1, -1]))


def _clip(relu: Relu, values: Sequence[Affine], numbers: Sequence[ParameterValue]) -> Affine:
    low, high = numbers
    return clip(relu, values[0], low, high)


def _leaky_relu(relu: Relu, values: Sequence[Affine], numbers: Sequence[ParameterValue]) -> Affine:
    return leaky_relu(relu, values[0], _given(numbers) * values[0].size)


def _hard_sigmoid(
    relu: Relu, values: Sequence[Affine], numbers: Sequence[ParameterValue]
) -> Affine:
    slope, offset = _given(numbers)
    line = values[0].scale(slope) + _filled(offset, values[0].size)
    return clip(relu, line, Fraction(0), Fraction(1))


def _given(numbers: Sequence[ParameterValue]) -> list[Fraction]:
    found = [number for number in numbers if number is not None]
    if len(found) != len(numbers):
        raise AssertionError("only an end of clip may be open")
    return found


def _filled(value: Fraction, size: int) -> Affine:
    return Affine.constant([value] * size)


def _blocks(size: int, signs: Sequence[int]) -> Matrix:
    return Matrix.from_floats(np.hstack([np.eye(size) * sign for sign in signs]))


# ---- the table -----------------------------------------------------------------------------------

FUNCTIONS: Mapping[str, PiecewiseLinear] = {
    "relu": PiecewiseLinear(
        doc="relu(a): a layer",
        lowering=lambda relu, values, _: relu(values[0]),
        layer="relu",
    ),
    "abs": PiecewiseLinear(
        doc="abs(a) = relu(a) + relu(-a)",
        lowering=lambda relu, values, _: absolute(relu, values[0]),
        layer="abs",
        copies=4,
        blocks=2,
    ),
    "max": PiecewiseLinear(
        doc="max(a, b, ...) = b + relu(a - b), two by two",
        lowering=lambda relu, values, _: maximum(relu, *values),
        arity=2,
        layer="max",
    ),
    "min": PiecewiseLinear(
        doc="min(a, b, ...) = a - relu(a - b), two by two",
        lowering=lambda relu, values, _: minimum(relu, *values),
        arity=2,
        layer="min",
    ),
    "clip": PiecewiseLinear(
        doc="clip(a, low, high) = low + relu(a - low) - relu(a - high)",
        lowering=_clip,
        parameters=(Parameter("an end of clip"), Parameter("an end of clip")),
        layer="clip",
        copies=4,
        blocks=2,
    ),
    "leaky_relu": PiecewiseLinear(
        doc="leaky_relu(a, s) = relu(a) - s*relu(-a)",
        lowering=_leaky_relu,
        parameters=(Parameter("the slope of leaky_relu"),),
        layer="leaky",
        copies=4,
        blocks=4,
    ),
    "hard_sigmoid": PiecewiseLinear(
        doc="hard_sigmoid(a, s, t) = clip(s*a + t, 0, 1); s is 1/6 and t is 1/2 if left out",
        lowering=_hard_sigmoid,
        parameters=(
            Parameter("the slope of hard_sigmoid", Fraction(1, 6)),
            Parameter("the offset of hard_sigmoid", Fraction(1, 2)),
        ),
        layer="hard_sigmoid",
        copies=5,
        blocks=2,
    ),
}
