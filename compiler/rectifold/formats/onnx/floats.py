"""What a network that was read gives in floats at a few points, and how far others may be from it.

    value   a = W a' + b                              in double precision
    spread  s² = (W∘W) s'² + u²·((W∘W) a'² + b²) + t²  the standard deviation of rounding

Every product and sum of another program rounds by at most u relative to it, or by t near 0; taken
as independent, the roundings add up in squares. This is an estimate for a smoke alarm: no equality
and no proof rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.formats.onnx.tensors import Array
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


ROUNDINGS = {
    "float64": Rounding(2.0**-53, 2.0**-1022),
    "float32": Rounding(2.0**-24, 2.0**-126),
    "float16": Rounding(2.0**-11, 2.0**-24),
    "bfloat16": Rounding(2.0**-8, 2.0**-126),
}


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


def flat_outputs(outputs: Sequence[Array]) -> Floats:
    """The entries of several tensors, one after the other."""
    return np.concatenate([np.asarray(v, dtype=np.float64).ravel() for v in outputs])


def worst_difference(
    ours: Rounded, theirs: Sequence[Floats], deviations: int, room: float = 0.0
) -> tuple[int, int] | None:
    """(point, entry) that differs by more than so many standard deviations of rounding and `room`,
    most of all; or None.

    A point at which floats overflow is passed over.
    """
    for k, other in enumerate(theirs):
        mine, spread = ours.values[k], ours.spread[k]
        if mine.shape != other.shape:
            return k, -1
        if not (np.isfinite(other).all() and np.isfinite(mine).all() and np.isfinite(spread).all()):
            continue
        beyond = np.abs(mine - other) - (deviations * spread + room)
        if beyond.size and beyond.max() > 0:
            return k, int(np.argmax(beyond))
    return None
