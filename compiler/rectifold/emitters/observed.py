"""What floats are off by at a few points: NumPy computes the layers as they are written.

    |float32 layers(x) - f(x)|   at points x of the domain, f(x) exactly       an observation

A bound says what can be; this says what is seen, of the result and of the source beside it. Another
program adds in another order, and may be off by a little more or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.effort.running import CompileEffort
from rectifold.emitters.table import written_form
from rectifold.exact.numerals import nearest_float, round_up
from rectifold.formats.float_range import COMPUTED, STORED
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.leaky import LeakyForm
from rectifold.ir.network import Layer, Network
from rectifold.ir.sampling import sample_points

Array = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


@dataclass(frozen=True)
class Observed:
    """The largest error seen of the result, and of the source in the same floats."""

    points: int
    precision: str
    result: float
    source: float


def observed_error(
    source: Network, result: Network, domain: Domain, chosen: str, precision: str | None
) -> Observed | None:
    """The errors at float points of the domain, for a format that is written in floats.

    None for an exact format, where exact values would take long (CompileEffort.observed_work),
    where no float point of the domain was found, and where a value leaves the range of the floats.
    """
    count = min(
        CompileEffort.observed_points, CompileEffort.observed_work // (source.sizes.macs + 1)
    )
    if precision is None or not count:
        return None
    points = _float_points(domain, count, precision)
    if not points:
        return None
    exact = evaluate_points(source, points)
    seen = [_worst(written_form(one, chosen), points, exact, precision) for one in (result, source)]
    if None in seen:
        return None
    now, before = (error for error in seen if error is not None)
    return Observed(len(points), precision, now, before)


def _float_points(domain: Domain, count: int, precision: str) -> list[list[Fraction]]:
    """Random points and corners, rounded to the format, that are in the domain."""
    drawn = sample_points(domain, 4 * count, seed=1)
    rounded = [
        [Fraction(float(np.dtype(COMPUTED[precision]).type(nearest_float(v)))) for v in x]
        for x in drawn
    ]
    return [x for x in rounded if domain.contains(x)][:count]


def _worst(
    form: LeakyForm, points: Sequence[list[Fraction]], exact: list[list[Fraction]], precision: str
) -> float | None:
    inputs = np.array([[float(v) for v in x] for x in points], dtype=COMPUTED[precision])
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        got = float_outputs(
            form, inputs.reshape(len(points), form.network.input_size), STORED[precision]
        )
    if not np.isfinite(got).all():
        return None
    return max(
        (
            round_up(abs(Fraction(float(a)) - b))
            for row, values in zip(got, exact, strict=True)
            for a, b in zip(row, values, strict=True)
        ),
        default=0.0,
    )


def float_outputs(form: LeakyForm, points: Array, stored: str | None = None) -> Array:
    """The outputs at points (k×n, k×m) in the floats of `points`, layer by layer.

    `stored`: the floats of the weights; None: those of the points.
    """
    kept = points.dtype if stored is None else np.dtype(stored)
    values = {form.network.input_name: points.T}
    for layer in form.network.layers:
        z = np.repeat(_rounded(layer, None, kept).astype(points.dtype), len(points), axis=1)
        for name in layer.weights:
            z = z + _rounded(layer, name, kept).astype(points.dtype) @ values[name]
        if layer.is_relu:
            slopes = form.slopes.get(layer.name, (Fraction(0),) * layer.size)
            below = np.array([[nearest_float(s)] for s in slopes], dtype=points.dtype)
            z = np.where(z > 0, z, below.reshape(layer.size, 1) * z)
        values[layer.name] = z
    return values[form.network.output].T


def _rounded(layer: Layer, source: str | None, stored: np.dtype[np.floating]) -> Array:
    """The stored weight of an edge, or the bias."""
    matrix = layer.bias if source is None else layer.weights[source]
    return matrix.approximation[0].astype(stored)
