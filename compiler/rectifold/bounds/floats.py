"""A network's layers and its domain's constraints in floats, with the radius of what is no float.

    weight 1/3      is      0.333... (midpoint)  ± 2e-17 (radius);  a float has the radius 0

Sound because midpoint and radius enclose the exact number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """One layer in floats: midpoints and radii, per layer that it reads.

    A radius is None where every weight is a float.
    """

    name: str
    is_relu: bool
    weights: Mapping[str, Floats]
    radii: Mapping[str, Floats | None]
    bias: Floats
    bias_radius: Floats

    @property
    def terms(self) -> int:
        """How many products one unit adds up."""
        return sum(w.shape[1] for w in self.weights.values())


@dataclass(frozen=True, eq=False)
class Constraints:
    """The domain's rows: rows x <= ends, both with radii."""

    rows: Floats
    row_radii: Floats
    ends: Floats
    end_radii: Floats


def float_layer(layer: Layer) -> FloatLayer:
    """The layer in floats."""
    approximations = {u: w.approximation for u, w in layer.weights.items()}
    bias, radius = layer.bias.approximation
    return FloatLayer(
        layer.name,
        layer.is_relu,
        {u: mid for u, (mid, _) in approximations.items()},
        {u: r for u, (_, r) in approximations.items()},
        bias.ravel(),
        np.zeros(layer.size) if radius is None else radius.ravel(),
    )


def float_constraints(domain: Domain) -> Constraints:
    """The domain's linear constraints in floats."""
    matrix = Matrix.from_fractions(
        [row.coefficients for row in domain.constraints], columns=domain.size
    )
    ends = Matrix.column([row.bound for row in domain.constraints])
    (rows, row_radii), (right, end_radii) = matrix.approximation, ends.approximation
    return Constraints(
        rows,
        np.zeros_like(rows) if row_radii is None else row_radii,
        right.ravel(),
        np.zeros(len(right)) if end_radii is None else end_radii.ravel(),
    )
