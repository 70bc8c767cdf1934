"""Rigorous interval and linear bounds of pre-activations (mathematics: Zhang et al. 2018, CROWN).

Interval: z = Σ W a + b with proven ends of every a. Linear: for an unstable unit of an earlier layer with proven
l ≤ z ≤ u,

    relu(z) ≤ s z + t,   s = u/(u − l), t ≥ max(−s l, u − s u)        relu(z) ≥ α z,   α ∈ {0, 1},

substituted backward until only inputs remain. Any s, t, α that satisfy these lines give a true bound, so only the
rounding of the substitution matters. With C the float coefficients a step starts from (taken as exact numbers):

    fl(C W) differs from C W by at most γ |C| |W| entrywise, and |a_j| ≤ M_j on the domain, so the step changes the bound
    by at most γ |C| R with R = |W| M + |b|, computed once per layer.

Each product and sum adds such a term; the sum of the terms is the radius that `settled_up` applies. Weights that are
no floats bring their own radius, which enters R in full.

Units proved inactive pass nothing on, so their rows and columns are left out of every product (an exact selection). Linear constraints
G x ≤ g of the domain enter with multipliers γ ≥ 0: γ (g − G x) ≥ 0 is added to the bound before the box is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.hull import planes_above
from rectifold.bounds.relaxation import RowRelaxation, UpperPlanes, relaxation
from rectifold.bounds.rounding import TINY, UNIT, gamma, settled_up, upper_sum
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.side import Side
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

_ROWS = 1024  # rows of one backward batch

Recorder = Callable[[str, Indices, Indices, Floats], None]  # layer, rows, live units, coefficients
OnBounds = Callable[
    [str, Side, Indices, Floats], None
]  # layer, side, units better than intervals, ends


@dataclass(frozen=True, eq=False)
class Backward:
    """Upper bounds of sign·z for a batch of rows, and the input coefficients of the bounding affine forms."""

    upper: Floats
    coefficients: Floats
    ambiguous: np.ndarray  # rows whose sign is open only because of the error term
    slack: (
        Floats  # what the error term added: nothing less than the rounding can be behind the bound
    )


def backward(
    bounds: Bounds,
    name: str,
    rows: Indices,
    sign: float,
    record: Recorder | None = None,
    cases: RowRelaxation | None = None,
) -> Backward:
    """Upper bounds of sign·z_i for `rows` of a layer whose predecessors are done (sign ±1), each in its own case.

    `record(layer, positions of rows, C)` is told the coefficients on the activations of each relu layer passed. Where an end
    below the layer is infinite there is no bound: a rounded coefficient times an endless range has no error term.
    """
    if not _is_finite_below(bounds, name):
        return _endless(bounds, len(rows))

    def started(chunk: slice, own: RowRelaxation | None) -> _Substitution:
        step = _Substitution(bounds, len(rows[chunk]), own)
        step.take(bounds.floats[name], rows[chunk], sign)
        return step

    return _in_parts(bounds, len(rows), started, record, cases)


def backward_difference(
    bounds: Bounds, first: str, rows: Indices, sign: float, cases: RowRelaxation
) -> Backward:
    """Upper bounds of sign·(x_i − y_i), x and y the pre-activations of a pair of layers."""
    second = bounds.pairs[first]
    if not _is_finite_below(bounds, first) or not _is_finite_below(bounds, second):
        return _endless(bounds, len(rows))

    def started(chunk: slice, own: RowRelaxation | None) -> _Substitution:
        step = _Substitution(bounds, len(rows[chunk]), own)
        step.take(bounds.floats[first], rows[chunk], sign)
        step.take(bounds.floats[second], rows[chunk], -sign)
        return step

    return _in_parts(bounds, len(rows), started, None, cases)


def _in_parts(
    bounds: Bounds,
    count: int,
    started: Callable[[slice, RowRelaxation | None], _Substitution],
    record: Recorder | None,
    cases: RowRelaxation | None,
) -> Backward:
    parts = []
    for start in range(0, count, _ROWS):
        own = None if cases is None else cases.part(start, start + _ROWS)
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # what overflows becomes an infinite bound
            step = started(slice(start, start + _ROWS), own)
            parts.append(step.run(None if record is None else _shifted(record, start)))
    if not parts:
        return _endless(bounds, 0)
    return Backward(
        np.concatenate([p.upper for p in parts]),
        np.concatenate([p.coefficients for p in parts]),
        np.concatenate([p.ambiguous for p in parts]),
        np.concatenate([p.slack for p in parts]),
    )


def _endless(bounds: Bounds, count: int) -> Backward:
    none = np.zeros(count)
    return Backward(
        np.full(count, np.inf),
        np.zeros((count, bounds.network.input_size)),
        none.astype(np.bool_),
        none,
    )


def _is_finite_below(bounds: Bounds, name: str) -> bool:
    ends = [bounds.activation_ends(bounds.network.input_name)]
    ends += [
        (bounds.lower[v], bounds.upper[v]) for v in bounds.network.cone(name) if v in bounds.lower
    ]
    return all(bool(np.isfinite(low).all() and np.isfinite(high).all()) for low, high in ends)


def _shifted(record: Recorder, start: int) -> Recorder:
    return lambda layer, positions, live, c: record(layer, positions + start, live, c)


class _Substitution:
    """sign·z ≤ Σ_u coefficients[u] a_u + constant (+ error), pushed backward one layer at a time; columns are the live values."""

    def __init__(self, bounds: Bounds, rows: int, cases: RowRelaxation | None) -> None:
        self.bounds = bounds
        self.cases = cases
        self.coefficients: dict[str, Floats] = {}
        self.constant = np.zeros(rows)
        self.constant_size = np.zeros(rows)  # Σ |addends|, for the rounding of the running sum
        self.additions = 2
        self.error = np.zeros(rows)

    def add_constant(self, values: Floats) -> None:
        self.constant = self.constant + values
        self.constant_size = self.constant_size + np.abs(values)
        self.additions += 1

    def take(self, layer: FloatLayer, rows: Indices, sign: float) -> None:
        """Add sign·z of these units."""
        for source, weight in layer.weights.items():
            live = self.bounds.live(source)
            self._add(source, sign * weight[np.ix_(rows, live)])
        self.add_constant(sign * layer.bias[rows])
        self.error += self.bounds.row_sizes(layer)[1][rows]

    def _add(self, source: str, coefficients: Floats) -> None:
        if source in self.coefficients:
            size = self.bounds.magnitude(source)[self.bounds.live(source)]
            coefficients = coefficients + self.coefficients[source]
            self.error += UNIT * (np.abs(coefficients) @ size)
        self.coefficients[source] = coefficients

    def run(self, record: Recorder | None) -> Backward:
        for group in reversed(self.bounds.groups):
            here = [name for name in group if name in self.coefficients]
            if len(here) == 2 and self._pass_pair(here[0], here[1], record):
                continue
            for name in here:
                self.pass_layer(self.bounds.floats[name], record)
        return self.finish()

    def _pass_pair(self, first: str, second: str, record: Recorder | None) -> bool:
        """Two paired relu layers together, if the cases have something to say about their differences."""
        live = self.bounds.live(first)
        if self.cases is None or not self.bounds.floats[first].is_relu:
            return False
        c, k = self.coefficients[first], self.coefficients[second]
        coupled = self.cases.pair_planes(first, second, live, c, k)
        if coupled is None:
            return False
        for name in (first, second):
            self._tell(record, name, live, self.coefficients.pop(name))
        self.error += coupled.error
        self.add_constant(coupled.shift)
        self._push(self.bounds.floats[first], live, coupled.on_first)
        self._push(self.bounds.floats[second], live, coupled.on_second)
        return True

    def pass_layer(self, layer: FloatLayer, record: Recorder | None) -> None:
        live = self.bounds.live(layer.name)
        c = self.coefficients.pop(layer.name)
        if layer.is_relu:
            self._tell(record, layer.name, live, c)
            hulled = None if self.cases is None else self.cases.upper_planes(layer.name, live)
            if hulled is not None:
                c = self._below_hull(layer, hulled, c)
            c = self._relax(layer.name, live, c)
        self._push(layer, live, c)

    def _below_hull(self, layer: FloatLayer, hulled: UpperPlanes, c: Floats) -> Floats:
        """Replace Σ c a, c > 0, by planes; what is left of the coefficients."""
        bounds, source = self.bounds, self.bounds.network.input_name
        sizes, extra = bounds.row_sizes(layer)
        units, places = hulled.units, hulled.places
        own = np.where(hulled.used, np.maximum(c[:, places], 0.0), 0.0)
        above = planes_above(
            own, hulled.hulls, layer.weights[source][units], layer.bias[units],
            bounds.activation_ends(source), (sizes[units], extra[units]),
        )  # fmt: skip
        self.error += above.error
        self.add_constant(above.constants)
        self._add(source, above.coefficients)
        rest = c.copy()
        rest[:, places] = np.where(own > 0, 0.0, c[:, places])
        return rest

    @staticmethod
    def _tell(record: Recorder | None, name: str, live: Indices, c: Floats) -> None:
        if record is not None:
            record(name, np.arange(len(c)), live, c)

    def _push(self, layer: FloatLayer, live: Indices, c: Floats) -> None:
        """c·z = c·(W a + b)."""
        bounds = self.bounds
        sizes, extra = bounds.row_sizes(layer)
        width = len(layer.bias)
        self.error += np.abs(c) @ (gamma(width + 4) * sizes + extra)[live] + width * TINY
        self.add_constant(c @ layer.bias[live])
        for source in layer.weights:
            size = bounds.magnitude(source)[bounds.live(source)]
            self.error += width * TINY * (1.0 + size.sum())
            self._add(source, c @ bounds.live_weight(source, layer.name))

    def _relax(self, name: str, live: Indices, c: Floats) -> Floats:
        """C on activations to coefficients on z. Each product rounds by u, the sum with β by another u; |z| ≤ reach."""
        lower, upper = self.bounds.lower[name][live], self.bounds.upper[name][live]
        lines = relaxation(lower, upper)
        slope, offset, lower_slope = (
            lines if self.cases is None else self.cases.slopes(name, live, lines)
        )
        positive = np.maximum(c, 0.0)
        relaxed = positive * slope + (c - positive) * lower_slope
        size = np.abs(relaxed)
        multipliers = None if self.cases is None else self.cases.added(name, live)
        if multipliers is not None:
            relaxed = relaxed + multipliers
            size = size + np.abs(multipliers)
        reach = np.maximum(np.abs(lower), np.abs(upper))
        self.error += size @ (4 * UNIT * reach) + TINY * (1.0 + reach.sum())
        shift = (positive * offset).sum(axis=1)
        self.error += gamma(c.shape[1] + 2) * shift + c.shape[1] * TINY
        self.add_constant(shift)
        return relaxed

    def finish(self) -> Backward:
        source = self.bounds.network.input_name
        low, high = self.bounds.activation_ends(source)
        c = self.coefficients.pop(source, np.zeros((len(self.constant), len(low))))
        size = self.bounds.magnitude(source)
        multipliers = None if self.cases is None else self.cases.multipliers()
        if multipliers is not None and multipliers.any():
            c = self._constrain(c, multipliers, size)
        box = None if self.cases is None else self.cases.box()
        if box is None:
            reached = upper_sum(c, low, high)
        else:  # a sub-box is finite, and its ends are no larger than the domain's
            positive = np.maximum(c, 0.0)
            reached = (positive * box[1] + (c - positive) * box[0]).sum(axis=1)
        self.error += gamma(c.shape[1] + 4) * (np.abs(c) @ size) + c.shape[1] * TINY
        self.add_constant(reached)
        self.error += gamma(self.additions + 2) * self.constant_size
        upper = settled_up(self.constant, self.error)
        ambiguous = (upper > 0) & (self.constant <= 4 * self.error)
        return Backward(upper, c, ambiguous, upper - self.constant)

    def _constrain(self, c: Floats, multipliers: Floats, size: Floats) -> Floats:
        """Add γ (g − G x): m products and sums per coefficient, |x| ≤ size."""
        rows = self.bounds.constraints
        terms = gamma(len(rows.ends) + 4)
        taken = multipliers @ rows.rows
        spread = multipliers @ (terms * np.abs(rows.rows) + rows.row_radii)
        result = c - taken
        self.error += (spread + UNIT * np.abs(result)) @ size + (len(rows.ends) + 1) * TINY * (
            1.0 + size.sum()
        )
        self.add_constant(multipliers @ rows.ends)
        self.error += (
            multipliers @ (terms * np.abs(rows.ends) + rows.end_radii) + len(rows.ends) * TINY
        )
        return result


def bounded(
    network: Network, domain: Domain, pairs: Mapping[str, str], on_bounds: OnBounds | None = None
) -> Bounds:
    """Bounds with the ends of every layer: intervals, and substitution where they have both signs.

    `on_bounds` hears of every layer, twice.
    """
    bounds = Bounds(network, domain, pairs)
    for name in (v for group in bounds.groups for v in group):
        lower, upper = bounds.interval(name)
        bounds.set(name, lower, upper)
        rows = np.nonzero((lower < 0) & (upper > 0))[0]
        up = backward(bounds, name, rows, 1.0).upper
        down = -backward(bounds, name, rows, -1.0).upper
        for side, ends, found in ((Side.LOWER, lower, down), (Side.UPPER, upper, up)):
            better = found > ends[rows] if side is Side.LOWER else found < ends[rows]
            ends[rows[better]] = found[better]
            if on_bounds is not None:
                on_bounds(name, side, rows[better], found[better])
        bounds.set(name, lower, upper)
    return bounds
