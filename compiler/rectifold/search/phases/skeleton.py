"""What a layer looks like to a search: affine forms of the inputs and of unstable units, in floats.

    z = A x + B h + b,   h = relu(z_u) of the unstable units u of the layers below

Inactive units are gone and active ones are multiplied in, so the arrays are as small as the
question: 784-256×4 on a small ball has 1,024 units, 102 of them unstable. Everything here rounds
and proves nothing; what a search finds is bounded rigorously on the network itself. Single
precision serves for that unless the numbers are very large or very small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rectifold.bounds.interval import Interval
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import SlopeUnits

Hints = npt.NDArray[np.floating]  # float32, or float64 where the scale asks for it


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Forms of the N unstable units below a layer, and of all m units of the layer itself.

    The unstable units are flat, in the order of `frame`. `inner` is N×N; row i has entries only
    left of the slice of its own layer.
    """

    frame: SlopeUnits
    bias: Hints
    outer: Hints  # N×n
    inner: Hints
    target_bias: Hints
    target_outer: Hints  # m×n
    target_inner: Hints  # m×N
    lower: Hints
    upper: Hints
    slope: Hints
    offset: Hints
    default: Hints  # lower slopes
    low: Hints
    high: Hints

    @property
    def dtype(self) -> np.dtype[np.floating]:
        return self.bias.dtype

    def values(self, points: Floats, rows: Indices) -> Hints:
        """Pre-activation of unit rows[k] of the layer at points[k]."""
        x = points.astype(self.dtype)
        after = self._activations(x)
        own = np.einsum("kn,kn->k", x, self.target_outer[rows]) + np.einsum(
            "kn,kn->k", after, self.target_inner[rows]
        )
        return np.asarray(own + self.target_bias[rows])

    def climb(self, points: Floats, rows: Indices, sign: int, steps: int, scale: float) -> Floats:
        """From points[k], climb sign·z of unit rows[k] by projected sign gradients.

        The best point of each climb. `scale`: the first step, as part of the box.
        """
        x, best = points.astype(self.dtype), points.astype(self.dtype)
        best_value = np.full(len(rows), -np.inf, dtype=self.dtype)
        width = self.high - self.low
        outer, inner = sign * self.target_outer[rows], sign * self.target_inner[rows]
        offset = sign * self.target_bias[rows]
        for step in range(steps):
            after = self._activations(x)
            value = (x * outer).sum(axis=1) + (after * inner).sum(axis=1) + offset
            better = value > best_value
            best[better], best_value[better] = x[better], value[better]
            gradient = self._through(inner, (after > 0).astype(self.dtype)) @ self.outer + outer
            x = np.clip(
                x + np.sign(gradient) * width * self.dtype.type(scale * 0.5 ** (step // 3)),
                self.low,
                self.high,
            )
        return best.astype(np.float64)

    def _activations(self, x: Hints) -> Hints:
        after = x @ self.outer.T + self.bias
        for part in self.frame.slices.values():
            after[:, part] += after[:, : part.start] @ self.inner[part, : part.start].T
            np.maximum(after[:, part], 0.0, out=after[:, part])
        return after

    def _through(self, coefficients: Hints, slopes: Hints) -> Hints:
        """Coefficients on activations to coefficients on pre-activations where h = slope · z."""
        c = coefficients.copy()
        for part in reversed(list(self.frame.slices.values())):
            c[:, part] *= slopes[:, part]
            c[:, : part.start] += c[:, part] @ self.inner[part, : part.start]
        return c


def skeleton_of(bounds: Bounds, name: str, single_precision: tuple[float, float]) -> Skeleton:
    """The skeleton below a layer whose predecessors have finite bounds.

    `single_precision`: the least and the largest size of bounds for which it serves.
    """
    network, cone = bounds.network, bounds.network.cone(name)
    units = {
        v.name: np.nonzero(bounds.of(v.name).straddles)[0]
        for v in network.relu_layers
        if v.name in cone
    }
    frame = SlopeUnits(units)
    builder = _Builder(bounds, frame)
    with np.errstate(over="ignore", invalid="ignore"):  # such a form proves nothing
        for layer in network.layers:
            if layer.name in cone:
                builder.add(layer.name)
        bias, outer, inner = builder.form(name, np.arange(network.layer(name).size))
    lower = np.concatenate([bounds.lower[v][u] for v, u in units.items()]) if units else np.zeros(0)
    upper = np.concatenate([bounds.upper[v][u] for v, u in units.items()]) if units else np.zeros(0)
    slope, offset, default = relaxation(Interval(lower, upper))
    low, high = bounds.domain.float_box
    of_units = builder.bias, builder.outer, builder.inner
    arrays = *of_units, bias, outer, inner, lower, upper, slope, offset, default, low, high
    sizes = (bounds.lower[name], bounds.upper[name], lower, upper, low, high)
    dtype: type[np.floating] = np.float32 if _serves(single_precision, sizes) else np.float64
    return Skeleton(frame, *(np.ascontiguousarray(v, dtype=dtype) for v in arrays))


class _Builder:
    """Forms of the live values of one layer after another."""

    def __init__(self, bounds: Bounds, frame: SlopeUnits) -> None:
        self.bounds = bounds
        self.frame = frame
        n = bounds.network.input_size
        self.bias = np.zeros(frame.size)
        self.outer = np.zeros((frame.size, n))
        self.inner = np.zeros((frame.size, frame.size))
        self.after: dict[str, tuple[Floats, Floats, Floats]] = {}

    def add(self, name: str) -> None:
        live = self.bounds.live(name)
        bias, outer, inner = self.form(name, live)
        if name in self.frame.units and len(self.frame.units[name]):
            part, units = self.frame.slices[name], self.frame.units[name]
            places = np.searchsorted(live, units)
            self.bias[part], self.outer[part], self.inner[part] = (
                bias[places],
                outer[places],
                inner[places],
            )
            bias[places], outer[places], inner[places] = 0.0, 0.0, 0.0
            inner[places, np.arange(part.start, part.stop)] = 1.0
        self.after[name] = bias, outer, inner

    def form(self, name: str, rows: Indices) -> tuple[Floats, Floats, Floats]:
        """(b, A, B) of the pre-activations of these units."""
        bounds, layer = self.bounds, self.bounds.floats[name]
        bias = layer.bias[rows].copy()
        outer = np.zeros((len(rows), bounds.network.input_size))
        inner = np.zeros((len(rows), self.frame.size))
        for source, weight in layer.weights.items():
            if source == bounds.network.input_name:
                outer += weight[rows]
                continue
            own = weight[np.ix_(rows, bounds.live(source))]
            b, a, h = self.after[source]
            bias += own @ b
            outer += own @ a
            inner += own @ h
        return bias, outer, inner


def _serves(single_precision: tuple[float, float], bounds: Sequence[Floats]) -> bool:
    """Are the sizes of these bounds, those that are not 0, within the range?"""
    least, largest = single_precision
    sizes = np.concatenate([np.abs(v) for v in bounds])
    sizes = sizes[sizes > 0]
    return not len(sizes) or bool(np.median(sizes) >= least and sizes.max() <= largest)
