"""What a network that was read gives in floats at a few points, and how far others may be from it.

    value   a = W a' + b                              in double precision
    spread  s² = (W∘W) s'² + u²·((W∘W) a'² + b²) + t²  the standard deviation of rounding

Every product and sum of another program rounds by at most u relative to it, or by t near 0; taken
as independent, the roundings add up in squares. This is an estimate for a smoke alarm: no equality
and no proof rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, Pick, Term
from rectifold.ir.network import Layer


@dataclass(frozen=True)
class Rounded:
    """Values at k points (k×m) and the standard deviation of their rounding."""

    values: Floats
    spread: Floats


@dataclass(frozen=True)
class Rounding:
    """Of a float type: the largest relative rounding, and what numbers near 0 are rounded by."""

    unit: float
    tiny: float


@dataclass
class Trace:
    """The values of layers at some points; `rounding` is that of the floats that are compared."""

    rounding: Rounding
    known: dict[str, Rounded] = field(default_factory=dict)

    def run(self, layers: Iterable[Layer]) -> None:
        """Computes layers, each after its sources."""
        for layer in layers:
            before = self._sum(layer.bias, layer.weights)
            off = before.values < 0
            silent = off & (before.values < -100 * before.spread)
            self.known[layer.name] = before if not layer.is_relu else Rounded(
                np.where(off, 0.0, before.values), np.where(silent, 0.0, before.spread)
            )  # fmt: skip

    def of(self, entries: Affine) -> Rounded:
        """The values of affine forms over layers that were run."""
        return self._sum(entries.bias, entries.terms)

    def _sum(self, bias: Matrix, terms: Mapping[str, Term]) -> Rounded:
        offset = bias.approximation[0].T
        points = next(iter(self.known.values())).values.shape[0]
        total = np.repeat(offset, points, axis=0)
        squares = np.repeat((self.rounding.unit * offset) ** 2, points, axis=0)
        for source, term in terms.items():
            known = self.known[source]
            if isinstance(term, Pick):
                total = total + known.values[:, term.index]
                squares = squares + known.spread[:, term.index] ** 2
                continue
            weight = term.approximation[0]
            total = total + known.values @ weight.T
            squares = (
                squares
                + self.rounding.tiny**2
                + (known.spread**2 + (self.rounding.unit * known.values) ** 2) @ (weight**2).T
            )
        return Rounded(total, np.sqrt(squares))
