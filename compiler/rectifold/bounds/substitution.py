"""Bounds of pre-activations by backward substitution, in floats with an error term.

    c z  =  c (W a + b)  <=  lines of each unit, a = relu(z')  <=  ...  <=  a form in the inputs

Sound because every step is at least what it replaces (docs/mathematics.md#substitution), and the
rounding of each product and sum is added to an error term, which `settled_up` applies in the end.
Units that are proved inactive pass nothing on, and are left out of every product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.hull import planes_above
from rectifold.bounds.interval import Interval
from rectifold.bounds.relaxation import PlaneChoice, RowRelaxation, relaxation
from rectifold.bounds.rounding import TINY, UNIT, gamma, settled_up, upper_sum
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.facts.side import Side
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

Recorder = Callable[[str, Indices, Indices, Floats], None]
"""Told (layer, rows, live units, coefficients on their activations) of each relu layer passed."""

OnBounds = Callable[[str, Side, Indices, Floats], None]
"""Told (layer, side, units whose bounds are better than by intervals, these bounds)."""


@dataclass(frozen=True, eq=False)
class Backward:
    """Upper bounds of sign z for a batch of rows.

    `coefficients` are those of the affine forms in the inputs that give them. `ambiguous` are rows
    whose sign is open only because of the error term; `slack` is what that term added.
    """

    upper: Floats
    coefficients: Floats
    ambiguous: Mask
    slack: Floats


def backward(
    bounds: Bounds,
    name: str,
    rows: Indices,
    sign: float,
    record: Recorder | None = None,
    cases: RowRelaxation | None = None,
) -> Backward:
    """Upper bounds of sign z for units `rows` of a layer; sign is 1 or -1.

    `cases` says in which case, or on which box, each row is bounded, and with which lines.
    Precondition: the bounds of every layer below are set. Where one of them is infinite there is no
    bound: a rounded coefficient times an endless range has no error term.
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
    """Upper bounds of sign (x - y) for units `rows` of a pair of layers, x in the first of them."""
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
    """The rows in batches. `started` begins the substitution of some of them."""
    parts, size = [], bounds.effort.rows
    for start in range(0, count, size):
        own = None if cases is None else cases.part(start, start + size)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows becomes infinite
            step = started(slice(start, start + size), own)
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
    """No bound for so many rows."""
    none = np.zeros(count)
    return Backward(
        np.full(count, np.inf),
        np.zeros((count, bounds.network.input_size)),
        none.astype(np.bool_),
        none,
    )


def _is_finite_below(bounds: Bounds, name: str) -> bool:
    """Have the inputs, and all units below a layer, two finite ends?"""
    below = [bounds.of(v) for v in bounds.network.cone(name) if v in bounds.lower]
    return all(v.is_finite for v in (bounds.passed_on(bounds.network.input_name), *below))


def _shifted(record: Recorder, start: int) -> Recorder:
    return lambda layer, positions, live, c: record(layer, positions + start, live, c)


class _Substitution:
    """Rows that are at most coefficients a + constant + error, pushed backward layer by layer.

    `coefficients` has, per layer and for the input, a column for each live value; `constant_size`
    adds up the sizes of what `constant` does, for the rounding of that sum.
    """

    def __init__(self, bounds: Bounds, rows: int, cases: RowRelaxation | None) -> None:
        self.bounds = bounds
        self.cases = cases
        self.coefficients: dict[str, Floats] = {}
        self.constant = np.zeros(rows)
        self.constant_size = np.zeros(rows)
        self.additions = 2
        self.error = np.zeros(rows)

    def add_constant(self, values: Floats) -> None:
        """Add to the constants, one value per row."""
        self.constant = self.constant + values
        self.constant_size = self.constant_size + np.abs(values)
        self.additions += 1

    def take(self, layer: FloatLayer, rows: Indices, sign: float) -> None:
        """Add sign z of these units, one per row."""
        for source, weight in layer.weights.items():
            live = self.bounds.live(source)
            self._add(source, sign * weight[np.ix_(rows, live)])
        self.add_constant(sign * layer.bias[rows])
        self.error += self.bounds.row_sizes(layer)[1][rows]

    def _add(self, source: str, coefficients: Floats) -> None:
        """Add to the coefficients on a layer, or on the input."""
        if source in self.coefficients:
            size = self.bounds.magnitude(source)[self.bounds.live(source)]
            coefficients = coefficients + self.coefficients[source]
            self.error += UNIT * (np.abs(coefficients) @ size)
        self.coefficients[source] = coefficients

    def run(self, record: Recorder | None) -> Backward:
        """Every layer, from the last to the first, then the inputs."""
        for group in reversed(self.bounds.groups):
            here = [name for name in group if name in self.coefficients]
            if len(here) == 2 and self._pass_pair(here[0], here[1], record):
                continue
            for name in here:
                self.pass_layer(self.bounds.floats[name], record)
        return self.finish()

    def _pass_pair(self, first: str, second: str, record: Recorder | None) -> bool:
        """Two paired relu layers together, where the rows know something of their differences."""
        live = self.bounds.live(first)
        if self.cases is None or not self.bounds.floats[first].is_relu:
            return False
        c, k = self.coefficients[first], self.coefficients[second]
        planes = self.cases.pair_planes(first, second, live, c, k)
        if planes is None:
            return False
        for name in (first, second):
            self._tell(record, name, live, self.coefficients.pop(name))
        self.error += planes.error
        self.add_constant(planes.shift)
        self._push(self.bounds.floats[first], live, planes.on_first)
        self._push(self.bounds.floats[second], live, planes.on_second)
        return True

    def pass_layer(self, layer: FloatLayer, record: Recorder | None) -> None:
        """Replace the activations of one layer by what it reads."""
        live = self.bounds.live(layer.name)
        c = self.coefficients.pop(layer.name)
        if layer.is_relu:
            self._tell(record, layer.name, live, c)
            chosen = None if self.cases is None else self.cases.upper_planes(layer.name, live)
            if chosen is not None:
                c = self._below_planes(layer, chosen, c)
            c = self._relax(layer.name, live, c)
        self._push(layer, live, c)

    def _below_planes(self, layer: FloatLayer, chosen: PlaneChoice, c: Floats) -> Floats:
        """Replace c relu(z), c > 0, by planes; answer what is left of the coefficients."""
        bounds, source = self.bounds, self.bounds.network.input_name
        sizes, extra = bounds.row_sizes(layer)
        units, places = chosen.units, chosen.places
        own = np.where(chosen.used, np.maximum(c[:, places], 0.0), 0.0)
        above = planes_above(
            own, chosen.hulls, layer.weights[source][units], layer.bias[units],
            bounds.passed_on(source), (sizes[units], extra[units]),
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
        """c z = c (W a + b): coefficients on z to coefficients on what the layer reads."""
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
        """Coefficients on activations to coefficients on z, by the lines of each unit.

        Each product, and the sum with what is added, is off by UNIT times what |z| allows.
        """
        own = Interval(self.bounds.lower[name][live], self.bounds.upper[name][live])
        lines, magnitude = relaxation(own), own.magnitude
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
        self.error += size @ (4 * UNIT * magnitude) + TINY * (1.0 + magnitude.sum())
        shift = (positive * offset).sum(axis=1)
        self.error += gamma(c.shape[1] + 2) * shift + c.shape[1] * TINY
        self.add_constant(shift)
        return relaxed

    def finish(self) -> Backward:
        """The greatest value of each row's form in the inputs, with all that rounding may add."""
        source = self.bounds.network.input_name
        low, high = self.bounds.passed_on(source)
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
        """Add multipliers (ends - rows x) >= 0 of the domain's constraints; `size` bounds |x|."""
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
    """Bounds of every layer: intervals, and substitution for units that straddle 0.

    `on_bounds` is told of every layer, once for each side.
    """
    bounds = Bounds(network, domain, pairs)
    for name in (v for group in bounds.groups for v in group):
        found = bounds.interval(name)
        bounds.set(name, *found)
        rows = np.nonzero(found.straddles)[0]
        sides = (Side.LOWER, found.lower), (Side.UPPER, found.upper)
        bounded_again = [backward(bounds, name, rows, side.sign).upper for side, _ in sides]
        for (side, ends), upper in zip(sides, bounded_again, strict=True):
            better = upper < side.sign * ends[rows]
            ends[rows[better]] = side.sign * upper[better]
            if on_bounds is not None:
                on_bounds(name, side, rows[better], ends[rows[better]])
        bounds.set(name, *found)
    return bounds
