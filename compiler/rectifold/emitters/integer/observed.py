"""What integer code is off by at points of the domain: the code in NumPy's 64-bit integers.

    |code(nearest grid point to x) - f(x)|      an observation, f(x) in float64

What these floats may be off by on the domain is proved (bounds/code_error) and taken off, so that
no more is said than was surely there. No value or sum of accepted points leaves 64 bits, so NumPy
computes the very integers of the code.
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.code_error import code_error
from rectifold.effort.integers import IntegerEffort
from rectifold.emitters.observed.float_layers import float_outputs
from rectifold.emitters.observed.float_points import FloatPoints
from rectifold.emitters.observed.observed import Observed
from rectifold.integers.network import IntegerNetwork, Integers
from rectifold.ir.domain import Domain
from rectifold.ir.leaky import LeakyForm
from rectifold.ir.network import Network


def observed_integers(network: Network, domain: Domain, code: IntegerNetwork) -> Observed | None:
    """The largest error seen at random points of the domain and corners, rounded to the grid.

    `network`: that of the code, or one that is equal on the domain. None where no float point of
    the domain was found, and where the floats that are compared with have no bound.
    """
    points = FloatPoints(domain, "float64").some(IntegerEffort.observed_points)
    unsure = code_error(network, domain, None)
    if not len(points) or not np.isfinite(unsure).all():
        return None
    grid = np.floor(np.ldexp(points, code.input_scale) + 0.5).astype(np.int64)
    grid = np.clip(grid, np.array(code.lower), np.array(code.upper))
    got = np.ldexp(integer_outputs(code, grid).astype(np.float64), -code.output_scale)
    wanted = float_outputs(LeakyForm(network, {}), points)
    surely = np.abs(got - wanted) * (1.0 - 2.0**-50) - unsure
    worst = float(surely.max(initial=0.0)) * (1.0 - 2.0**-50)
    return Observed(len(points), len(points), f"int{code.words.value}", worst, worst)


def integer_outputs(code: IntegerNetwork, points: Integers) -> Integers:
    """The outputs at accepted points (k×n, k×m)."""
    values = {code.input_name: points.T}
    for layer in code.layers:
        total = np.repeat(layer.bias[:, None], len(points), axis=1)
        for source, weight in layer.weights.items():
            total = total + weight @ values[source]
        if layer.is_relu:
            total = np.maximum(total, 0)
        shift = layer.shift[:, None]
        values[layer.name] = (total + (np.left_shift(1, shift) >> 1)) >> shift
    return np.asarray(values[code.output].T)
