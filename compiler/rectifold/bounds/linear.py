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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np

from rectifold.bounds.hull import planes_above
from rectifold.bounds.rounding import TINY, UNIT, gamma, settled_down, settled_up, upper_sum
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import round_down, round_up
from rectifold.facts.trees import Frame, Hull, Leaf, Path
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network

_ROWS = 1024  # rows of one backward batch

Recorder = Callable[[str, Indices, Indices, Floats], None]  # layer, positions of rows, live units, coefficients on them


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """One layer in floats: midpoints, and |W| radius · M sums where the weights are no floats."""

    name: str
    is_relu: bool
    weights: Mapping[str, Floats]
    radii: Mapping[str, Floats | None]
    bias: Floats
    bias_radius: Floats

    @property
    def terms(self) -> int:
        return sum(w.shape[1] for w in self.weights.values())


@dataclass(frozen=True, eq=False)
class Backward:
    """Upper bounds of sign·z for a batch of rows, and the input coefficients of the bounding affine forms."""

    upper: Floats
    coefficients: Floats
    ambiguous: np.ndarray  # rows whose sign is open only because of the error term
    slack: Floats  # what the error term added: nothing less than the rounding can be behind the bound


Lines = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, eq=False)
class Constraints:
    """The domain's rows G x ≤ g in floats, with the radii of what is no float."""

    rows: Floats
    row_radii: Floats
    ends: Floats
    end_radii: Floats


class OwnLines(Protocol):
    """Rows that have their own relaxation, each in its own case."""

    def part(self, start: int, stop: int) -> OwnLines: ...

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """(upper slope, upper offset, lower slope) per row of the units `live`, where `lines` holds on the whole domain."""
        ...

    def added(self, name: str, live: Indices) -> Floats | None:
        """What is added to the coefficients on z, nonnegative in the row's case."""
        ...

    def multipliers(self) -> Floats | None:
        """Per row, of the domain's linear constraints."""
        ...

    def box(self) -> tuple[Floats, Floats] | None:
        """The ends of the inputs per row; None: the domain's."""
        ...

    def hulled(self, name: str, live: Indices) -> Hulled | None:
        """Which units of a layer that reads the inputs alone have planes above them; None: each has its line."""
        ...

    def coupled(self, first: str, second: str, live: Indices, c: Floats, k: Floats) -> Coupled | None:
        """Coefficients on the activations of two paired layers, relaxed together; None: each by itself."""
        ...


@dataclass(frozen=True, eq=False)
class Hulled:
    """Units of a layer (places among the live ones), in which rows (k×m), and the levels per row."""

    units: Indices
    places: Indices
    used: np.ndarray
    hulls: Sequence[Hull | None]


@dataclass(frozen=True, eq=False)
class Coupled:
    """c·a + k·b ≤ on_first·x + on_second·y + shift, and what the products may be off by."""

    on_first: Floats
    on_second: Floats
    shift: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Boxes:
    """Rows on sub-boxes of the domain: row k lies in box index[k], with proven ends of the pre-activations on that box."""

    index: Indices
    low: Floats  # boxes × inputs
    high: Floats
    lower: Mapping[str, Floats]  # per relu layer, boxes × units
    upper: Mapping[str, Floats]

    def part(self, start: int, stop: int) -> Boxes:
        return self.of(self.index[start:stop])

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        slope, offset, lower_slope = relaxation(self.lower[name][:, live], self.upper[name][:, live])
        return slope[self.index], offset[self.index], lower_slope[self.index]

    def added(self, name: str, live: Indices) -> None:
        return None

    def multipliers(self) -> None:
        return None

    def box(self) -> tuple[Floats, Floats]:
        return self.low[self.index], self.high[self.index]

    def hulled(self, name: str, live: Indices) -> None:
        return None

    def coupled(self, first: str, second: str, live: Indices, c: Floats, k: Floats) -> Coupled | None:
        return None

    def of(self, index: Indices) -> Boxes:
        """Rows in these boxes."""
        return replace(self, index=index)


@dataclass(frozen=True, eq=False)
class Cases:
    """Rows with their own relaxation of the units of a frame, k×N: lower slopes α ∈ [0, 1], fixed phases (+1, -1, or 0 for
    none), and multipliers β ≥ 0 of the fixed ones: z ≥ 0 adds β z to the bound, z ≤ 0 adds −β z, both at least 0 in that case.
    `gamma` (k×m) are the multipliers of the domain's linear constraints, `hulls` (k, or none) the planes above the first layer of the frame.
    """

    frame: Frame
    alpha: Floats
    beta: Floats
    phase: Floats
    gamma: Floats | None = None
    hulls: Sequence[Hull | None] = ()

    def part(self, start: int, stop: int) -> Cases:
        gamma = None if self.gamma is None else self.gamma[start:stop]
        rows = slice(start, stop)
        return Cases(self.frame, self.alpha[rows], self.beta[rows], self.phase[rows], gamma, self.hulls[rows])

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        if name not in self.frame.units:
            return lines
        part, places = self.frame.slices[name], np.searchsorted(live, self.frame.units[name])
        phase = self.phase[:, part]
        exact = (phase > 0).astype(np.float64)
        slope, offset, lower_slope = (np.repeat(line[None, :], len(phase), axis=0) for line in lines)
        slope[:, places] = np.where(phase == 0, slope[:, places], exact)
        offset[:, places] = np.where(phase == 0, offset[:, places], 0.0)
        lower_slope[:, places] = np.where(phase == 0, np.clip(self.alpha[:, part], 0.0, 1.0), exact)
        return slope, offset, lower_slope

    def added(self, name: str, live: Indices) -> Floats | None:
        """What the fixed phases add to the coefficients on z: +β where z ≥ 0, −β where z ≤ 0."""
        if name not in self.frame.units or not self.phase.any():
            return None
        part = self.frame.slices[name]
        result = np.zeros((len(self.phase), len(live)))
        result[:, np.searchsorted(live, self.frame.units[name])] = self.phase[:, part] * np.maximum(
            self.beta[:, part], 0.0
        )
        return result

    def multipliers(self) -> Floats | None:
        return None if self.gamma is None else np.maximum(self.gamma, 0.0)

    def box(self) -> None:
        return None

    def hulled(self, name: str, live: Indices) -> Hulled | None:
        if name != self.frame.first or all(hull is None for hull in self.hulls):
            return None
        units = self.frame.units[name]
        has_one = np.array([hull is not None for hull in self.hulls])
        used = (self.phase[:, self.frame.slices[name]] == 0) & has_one[:, None]
        return Hulled(units, np.searchsorted(live, units), used, self.hulls)

    def coupled(self, first: str, second: str, live: Indices, c: Floats, k: Floats) -> None:
        return None


def cases_of(frame: Frame, leaves: Sequence[tuple[Path, Leaf]]) -> Cases:
    """The leaves as rows of a backward pass."""
    where = {(name, int(u)): k for k, (name, u) in enumerate((n, u) for n, units in frame.units.items() for u in units)}
    shape = (len(leaves), frame.size)
    beta, phase = np.zeros(shape), np.zeros(shape)
    for row, (path, leaf) in enumerate(leaves):
        for number, (layer, unit, side) in enumerate(path):
            phase[row, where[layer, unit]] = side
            beta[row, where[layer, unit]] = leaf.beta[number] if leaf.beta else 0.0
    alpha = np.array([leaf.alpha for _, leaf in leaves], dtype=np.float64).reshape(shape)
    gamma = np.array([leaf.gamma for _, leaf in leaves], dtype=np.float64) if leaves and leaves[0][1].gamma else None
    return Cases(frame, alpha, beta, phase, gamma, [leaf.hull for _, leaf in leaves])


@dataclass(eq=False)
class Bounds:
    """Proven ends of every pre-activation of a network on a domain, filled in layer by layer.

    `lower`/`upper` hold a layer's ends once `interval` or the caller has set them; later layers build on them.
    """

    network: Network
    domain: Domain
    pairs: Mapping[str, str] = field(default_factory=dict)  # layers whose units are close to each other, one by one
    lower: dict[str, Floats] = field(default_factory=dict)
    upper: dict[str, Floats] = field(default_factory=dict)
    floats: dict[str, FloatLayer] = field(default_factory=dict)
    _sizes: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    _live: dict[str, Indices] = field(default_factory=dict)
    _compact: dict[tuple[str, str], Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.floats = {layer.name: _float_layer(layer) for layer in self.network.layers}

    @cached_property
    def constraints(self) -> Constraints:
        """The domain's linear constraints in floats."""
        return _float_constraints(self.domain)

    # ---- ends of activations ------------------------------------------------------------------

    def activation_ends(self, name: str) -> tuple[Floats, Floats]:
        """Proven (low, high) of what `name` passes on: its activations, or the input itself."""
        if name == self.network.input_name:
            return self.domain.float_box
        low, high = self.lower[name], self.upper[name]
        if not self.floats[name].is_relu:
            return low, high
        return np.maximum(low, 0.0), np.maximum(high, 0.0)

    def magnitude(self, name: str) -> Floats:
        """M: |a_j| ≤ M_j on the domain."""
        low, high = self.activation_ends(name)
        return np.maximum(np.abs(low), np.abs(high))

    def set(self, name: str, lower: Floats, upper: Floats) -> None:
        """Store a layer's ends. The arrays may be tightened in place later, if `set` is called again then."""
        self.lower[name], self.upper[name] = lower, upper
        self._sizes.clear()
        changed = {name, self._partner.get(name, name)}
        for layer in changed:
            self._live.pop(layer, None)
        for key in [key for key in self._compact if changed & set(key)]:
            del self._compact[key]

    def live(self, name: str) -> Indices:
        """The values of a layer (or the input) that may be other than 0."""
        if name not in self._live:
            all_of_them = np.arange(self.network.size_of(name))
            known = [v for v in (name, self._partner.get(name)) if v is not None]
            dead = name != self.network.input_name and self.floats[name].is_relu and all(v in self.upper for v in known)
            alive = (
                np.any([self.upper[v] > 0 for v in known], axis=0) if dead else np.ones(len(all_of_them), dtype=bool)
            )
            self._live[name] = all_of_them[alive]
        return self._live[name]

    @cached_property
    def _partner(self) -> dict[str, str]:
        return {b: a for a, b in self.pairs.items()} | dict(self.pairs)

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The layers in topological order, paired ones together."""
        order = [v.name for v in self.network.layers]
        if not self.pairs:
            return tuple((v,) for v in order)
        seconds = set(self.pairs.values())
        waiting = [(v, self.pairs[v]) if v in self.pairs else (v,) for v in order if v not in seconds]
        done = {self.network.input_name}
        groups: list[tuple[str, ...]] = []
        while waiting:
            ready = next(g for g in waiting if all(set(self.network.layer(v).weights) <= done for v in g))
            waiting.remove(ready)
            groups.append(ready)
            done.update(ready)
        return tuple(groups)

    def live_weight(self, source: str, target: str) -> Floats:
        """The weights between live values, as one block."""
        key = (source, target)
        if key not in self._compact:
            weight = self.floats[target].weights[source]
            rows, columns = self.live(target), self.live(source)
            full = len(rows) == weight.shape[0] and len(columns) == weight.shape[1]
            self._compact[key] = weight if full else np.ascontiguousarray(weight[np.ix_(rows, columns)])
        return self._compact[key]

    # ---- forward --------------------------------------------------------------------------------

    def interval(self, name: str) -> tuple[Floats, Floats]:
        """(lower, upper) of the pre-activations of a layer whose predecessors are done."""
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows becomes an infinite end
            return self._interval(name)

    def _interval(self, name: str) -> tuple[Floats, Floats]:
        layer = self.floats[name]
        total_up, total_down = layer.bias.copy(), layer.bias.copy()
        for source, weight in layer.weights.items():
            low, high = self.activation_ends(source)
            total_up = total_up + upper_sum(weight, low, high)
            total_down = total_down - upper_sum(-weight, low, high)
        error = self._forward_error(layer)
        upper, lower = settled_up(total_up, error), settled_down(total_down, error)
        for i in np.nonzero((upper > 0) & (total_up <= 4 * error))[0]:
            upper[i] = min(upper[i], round_up(self._exact_end(name, int(i))))
        for i in np.nonzero((lower < 0) & (total_down >= -4 * error))[0]:
            lower[i] = max(lower[i], round_down(-self._exact_end(name, int(i), sign=-1)))
        return lower, upper

    def _forward_error(self, layer: FloatLayer) -> Floats:
        rows, radius = self._row_sizes(layer)
        return np.asarray(gamma(layer.terms + 4) * rows + radius + (layer.terms + 2) * TINY)

    def _row_sizes(self, layer: FloatLayer) -> tuple[Floats, Floats]:
        """(R, extra): R = |W| M + |b| with M the larger finite end; extra covers weights that are no floats.

        A sum that meets an infinite end is infinite. One that only meets the finite end of a half-infinite range still rounds,
        so that end counts.
        """
        if layer.name not in self._sizes:
            rows, extra = np.abs(layer.bias), layer.bias_radius.copy()
            for source, weight in layer.weights.items():
                size, endless = _finite_sizes(*self.activation_ends(source))
                rows = rows + np.abs(weight) @ size
                radius = layer.radii[source]
                if radius is not None:
                    extra = extra + radius @ size
                    unseen = (weight[:, endless] == 0) & (radius[:, endless] > 0)  # tiny, but not 0: no end at all
                    extra = np.where(unseen.any(axis=1), np.inf, extra)
            self._sizes[layer.name] = rows, extra
        return self._sizes[layer.name]

    def _exact_end(self, name: str, unit: int, sign: int = 1) -> Fraction:
        """max of sign·z over the predecessors' ends, exactly (inputs: the exact box). A large number if unbounded."""
        layer = self.network.layer(name)
        total = sign * layer.bias.entry(unit, 0)
        for source, weight in layer.weights.items():
            low, high = self._exact_ends(source)
            for j in np.nonzero(weight.nonzero[unit])[0]:
                factor = sign * weight.entry(unit, int(j))
                end = high[j] if factor > 0 else low[j]
                if end is None:
                    return Fraction(2) ** 1100
                total += factor * end
        return total

    def _exact_ends(self, source: str) -> tuple[list[Fraction | None], list[Fraction | None]]:
        if source == self.network.input_name:
            return list(self.domain.lower), list(self.domain.upper)
        low, high = self.activation_ends(source)
        return _fractions(low), _fractions(high)

    # ---- backward -------------------------------------------------------------------------------

    def backward(
        self, name: str, rows: Indices, sign: float, record: Recorder | None = None, cases: OwnLines | None = None
    ) -> Backward:
        """Upper bounds of sign·z_i for `rows` of a layer whose predecessors are done (sign ±1), each in its own case.

        `record(layer, positions of rows, C)` is told the coefficients on the activations of each relu layer passed. Where an end
        below the layer is infinite there is no bound: a rounded coefficient times an endless range has no error term.
        """
        if not self._is_finite_below(name):
            return self._endless(len(rows))

        def started(chunk: slice, own: OwnLines | None) -> _Substitution:
            step = _Substitution(self, len(rows[chunk]), own)
            step.take(self.floats[name], rows[chunk], sign)
            return step

        return self._in_parts(len(rows), started, record, cases)

    def backward_difference(self, first: str, rows: Indices, sign: float, cases: OwnLines) -> Backward:
        """Upper bounds of sign·(x_i − y_i), x and y the pre-activations of a pair of layers."""
        second = self.pairs[first]
        if not self._is_finite_below(first) or not self._is_finite_below(second):
            return self._endless(len(rows))

        def started(chunk: slice, own: OwnLines | None) -> _Substitution:
            step = _Substitution(self, len(rows[chunk]), own)
            step.take(self.floats[first], rows[chunk], sign)
            step.take(self.floats[second], rows[chunk], -sign)
            return step

        return self._in_parts(len(rows), started, None, cases)

    def _endless(self, count: int) -> Backward:
        none = np.zeros(count)
        return Backward(np.full(count, np.inf), np.zeros((count, self.network.input_size)), none.astype(np.bool_), none)

    def _in_parts(
        self,
        count: int,
        started: Callable[[slice, OwnLines | None], _Substitution],
        record: Recorder | None,
        cases: OwnLines | None,
    ) -> Backward:
        parts = []
        for start in range(0, count, _ROWS):
            own = None if cases is None else cases.part(start, start + _ROWS)
            with np.errstate(over="ignore", invalid="ignore"):  # what overflows becomes an infinite bound
                step = started(slice(start, start + _ROWS), own)
                parts.append(step.run(None if record is None else _shifted(record, start)))
        if not parts:
            return self._endless(0)
        return Backward(
            np.concatenate([p.upper for p in parts]),
            np.concatenate([p.coefficients for p in parts]),
            np.concatenate([p.ambiguous for p in parts]),
            np.concatenate([p.slack for p in parts]),
        )

    def _is_finite_below(self, name: str) -> bool:
        ends = [self.activation_ends(self.network.input_name)]
        ends += [(self.lower[v], self.upper[v]) for v in self.network.cone(name) if v in self.lower]
        return all(bool(np.isfinite(low).all() and np.isfinite(high).all()) for low, high in ends)


class _Substitution:
    """sign·z ≤ Σ_u coefficients[u] a_u + constant (+ error), pushed backward one layer at a time; columns are the live values."""

    def __init__(self, bounds: Bounds, rows: int, cases: OwnLines | None) -> None:
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
        self.error += self.bounds._row_sizes(layer)[1][rows]

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
        coupled = self.cases.coupled(first, second, live, c, k)
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
            hulled = None if self.cases is None else self.cases.hulled(layer.name, live)
            if hulled is not None:
                c = self._below_hull(layer, hulled, c)
            c = self._relax(layer.name, live, c)
        self._push(layer, live, c)

    def _below_hull(self, layer: FloatLayer, hulled: Hulled, c: Floats) -> Floats:
        """Replace Σ c a, c > 0, by planes; what is left of the coefficients."""
        bounds, source = self.bounds, self.bounds.network.input_name
        sizes, extra = bounds._row_sizes(layer)
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
        sizes, extra = bounds._row_sizes(layer)
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
        slope, offset, lower_slope = lines if self.cases is None else self.cases.slopes(name, live, lines)
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
        self.error += (spread + UNIT * np.abs(result)) @ size + (len(rows.ends) + 1) * TINY * (1.0 + size.sum())
        self.add_constant(multipliers @ rows.ends)
        self.error += multipliers @ (terms * np.abs(rows.ends) + rows.end_radii) + len(rows.ends) * TINY
        return result


Told = Callable[
    [str, str, Indices, Floats], None
]  # layer, side, units that substitution bounds better than intervals, their ends


def bounded(network: Network, domain: Domain, pairs: Mapping[str, str], told: Told | None = None) -> Bounds:
    """Bounds with the ends of every layer: intervals, and substitution where they have both signs.

    `told` hears of every layer, twice.
    """
    bounds = Bounds(network, domain, pairs)
    for name in (v for group in bounds.groups for v in group):
        lower, upper = bounds.interval(name)
        bounds.set(name, lower, upper)
        rows = np.nonzero((lower < 0) & (upper > 0))[0]
        up = bounds.backward(name, rows, 1.0).upper
        down = -bounds.backward(name, rows, -1.0).upper
        for side, ends, found in (("lo", lower, down), ("up", upper, up)):
            better = found > ends[rows] if side == "lo" else found < ends[rows]
            ends[rows[better]] = found[better]
            if told is not None:
                told(name, side, rows[better], found[better])
        bounds.set(name, lower, upper)
    return bounds


def relaxation(lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """(s, t, α) per unit: relu(z) ≤ s z + t and relu(z) ≥ α z on [lower, upper]. Exact for stable units.

    α is 1 where 1024 u > −1021 l: the checker finds some ends again with other rounding, and must choose as we did. Ends with
    u = −l are common, ends at that odd ratio are not.
    """
    unstable = (lower < 0) & (upper > 0)
    width = np.where(unstable, upper - lower, 1.0)
    slope = np.where(unstable, np.clip(upper / width, 0.0, 1.0), np.where(upper <= 0, 0.0, 1.0))
    with np.errstate(invalid="ignore"):
        offset = np.maximum(-slope * lower, upper - slope * upper)
        offset = offset + 8 * UNIT * np.maximum(np.abs(slope * lower), np.abs(upper)) + TINY
    offset = np.where(unstable, offset, 0.0)
    with np.errstate(over="ignore"):
        steep = 1024.0 * upper > -1021.0 * lower
    lower_slope = np.where(unstable, steep.astype(np.float64), slope)
    return slope, offset, lower_slope


@dataclass(frozen=True, eq=False)
class ExactCase:
    """As one row of `Cases`, in fractions: phases of fixed units, α where it is not 0 or 1 by default, β where it is not 0."""

    phases: Mapping[tuple[str, int], int] = field(default_factory=dict)
    alpha: Mapping[tuple[str, int], Fraction] = field(default_factory=dict)
    beta: Mapping[tuple[str, int], Fraction] = field(default_factory=dict)
    gamma: Mapping[int, Fraction] = field(default_factory=dict)  # of the domain's constraints, by number


ExactRecorder = Callable[[str, Matrix], None]
_NO_CASE = ExactCase()


def exact_backward(
    bounds: Bounds, name: str, unit: int, sign: int, record: ExactRecorder | None = None, case: ExactCase = _NO_CASE
) -> Fraction:
    """The bound of `backward` for one row in exact arithmetic: no error term, so a maximum of exactly 0 is seen.

    `record(layer, C)` is told the exact coefficients on the activations of each relu layer passed.
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
            coefficients[source] = coefficients[source] + product if source in coefficients else product
    c = coefficients.pop(network.input_name, Matrix.zeros(1, network.input_size))
    for number, multiplier in case.gamma.items():
        row = bounds.domain.constraints[number]
        c = c + Matrix.from_fractions([row.coefficients], columns=network.input_size).scale(-multiplier)
        constant += multiplier * row.bound
    for j in np.nonzero(c.nonzero[0])[0]:
        factor = c.entry(0, int(j))
        end = bounds.domain.upper[j] if factor > 0 else bounds.domain.lower[j]
        if end is None:
            return Fraction(2) ** 1100
        constant += factor * end
    return constant


def _exact_relax(c: Matrix, name: str, bounds: Bounds, case: ExactCase) -> tuple[Matrix, Fraction]:
    """C on activations to coefficients on z, and a constant."""
    lower, upper = bounds.lower[name], bounds.upper[name]
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
            default = Fraction(1 if 1024 * Fraction(float(upper[j])) > -1021 * Fraction(float(lower[j])) else 0)
            values[j] = value * min(max(case.alpha.get(key, default), Fraction(0)), Fraction(1))
    return Matrix.from_fractions([values], columns=c.shape[1]), shift


def _float_layer(layer: Layer) -> FloatLayer:
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


def _float_constraints(domain: Domain) -> Constraints:
    matrix = Matrix.from_fractions([row.coefficients for row in domain.constraints], columns=domain.size)
    ends = Matrix.column([row.bound for row in domain.constraints])
    (rows, row_radii), (right, end_radii) = matrix.approximation, ends.approximation
    return Constraints(
        rows,
        np.zeros_like(rows) if row_radii is None else row_radii,
        right.ravel(),
        np.zeros(len(right)) if end_radii is None else end_radii.ravel(),
    )


def _finite_sizes(low: Floats, high: Floats) -> tuple[Floats, np.ndarray]:
    """(the larger |end| among the finite ones, which values have an infinite end)."""
    finite_low, finite_high = (np.where(np.isfinite(v), np.abs(v), 0.0) for v in (low, high))
    return np.maximum(finite_low, finite_high), ~(np.isfinite(low) & np.isfinite(high))


def _fractions(values: Floats) -> list[Fraction | None]:
    return [Fraction(v) if np.isfinite(v) else None for v in values.tolist()]


def _shifted(record: Recorder, start: int) -> Recorder:
    return lambda layer, positions, live, c: record(layer, positions + start, live, c)
