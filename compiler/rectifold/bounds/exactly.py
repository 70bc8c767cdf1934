"""Backward substitution of one row in fractions: no rounding, so a bound of exactly 0 is seen.

    as in `substitution`, with exact weights and exact lines

Sound by docs/mathematics.md#substitution; why it is needed: docs/mathematics.md#exactly-zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from rectifold.bounds.agreed import STEEP_LOWER, STEEP_UPPER
from rectifold.bounds.state import ENDLESS, Bounds
from rectifold.exact.matrix import Matrix

ExactRecorder = Callable[[str, Matrix], None]
"""Told (layer, exact coefficients on its activations) of each relu layer passed."""


@dataclass(frozen=True, eq=False)
class ExactCase:
    """One row's own relaxation, in fractions, by (layer, unit).

    `phases` has those of fixed units, `alpha` lower slopes that are not the default ones, `beta`
    multipliers of fixed units that are not 0, `gamma` those of the domain's constraints by number.
    """

    phases: Mapping[tuple[str, int], int] = field(default_factory=dict)
    alpha: Mapping[tuple[str, int], Fraction] = field(default_factory=dict)
    beta: Mapping[tuple[str, int], Fraction] = field(default_factory=dict)
    gamma: Mapping[int, Fraction] = field(default_factory=dict)


_NO_CASE = ExactCase()


def exact_backward(
    bounds: Bounds,
    name: str,
    unit: int,
    sign: int,
    record: ExactRecorder | None = None,
    case: ExactCase = _NO_CASE,
) -> Fraction:
    """An upper bound of sign z for one unit of a layer, in its own case; sign is 1 or -1.

    Precondition: the bounds of every layer below are set. ENDLESS where an input has no end.
    """
    network = bounds.network
    layer = network.layer(name)
    coefficients = {u: w.select_rows([unit]).scale(sign) for u, w in layer.weights.items()}
    constant = sign * layer.bias.entry(unit, 0)
    cone = network.cone(name)
    for passed in reversed(network.layers):
        if passed.name not in cone:
            continue
        c = coefficients.pop(passed.name)
        if passed.is_relu:
            if record is not None:
                record(passed.name, c)
            c, shift = _exact_relax(c, passed.name, bounds, case)
            constant += shift
        constant += (c @ passed.bias).entry(0, 0)
        for source, weight in passed.weights.items():
            product = c @ weight
            known = coefficients.get(source)
            coefficients[source] = product if known is None else known + product
    c = coefficients.pop(network.input_name, Matrix.zeros(1, network.input_size))
    reached = _greatest(c, bounds, case.gamma)
    return ENDLESS if reached is None else constant + reached


def _greatest(c: Matrix, bounds: Bounds, gamma: Mapping[int, Fraction]) -> Fraction | None:
    """The greatest c x over the box, with multipliers of the domain's constraints added.

    None where an input that counts has no end.
    """
    total = Fraction(0)
    for number, multiplier in gamma.items():
        row = bounds.domain.constraints[number]
        c = c + Matrix.from_fractions([row.coefficients], columns=c.shape[1]).scale(-multiplier)
        total += multiplier * row.bound
    for j in np.nonzero(c.nonzero[0])[0]:
        factor = c.entry(0, int(j))
        end = bounds.domain.upper[j] if factor > 0 else bounds.domain.lower[j]
        if end is None:
            return None
        total += factor * end
    return total


def _exact_relax(c: Matrix, name: str, bounds: Bounds, case: ExactCase) -> tuple[Matrix, Fraction]:
    """Coefficients on a layer's activations to coefficients on z, and a constant."""
    lower, upper = bounds.of(name)
    values = c.row(0)
    shift = Fraction(0)
    for j, value in enumerate(values):
        key = (name, j)
        if upper[j] <= 0:
            values[j] = Fraction(0)
        elif lower[j] >= 0:
            continue
        elif phase := case.phases.get(key, 0):
            values[j] = (value if phase > 0 else Fraction(0)) + phase * max(
                case.beta.get(key, Fraction(0)), Fraction(0)
            )
        elif value > 0:
            low, high = Fraction(float(lower[j])), Fraction(float(upper[j]))
            slope = high / (high - low)
            shift -= value * slope * low
            values[j] = value * slope
        else:
            low, high = Fraction(float(lower[j])), Fraction(float(upper[j]))
            default = Fraction(1 if STEEP_UPPER * high > -STEEP_LOWER * low else 0)
            values[j] = value * min(max(case.alpha.get(key, default), Fraction(0)), Fraction(1))
    return Matrix.from_fractions([values], columns=c.shape[1]), shift
