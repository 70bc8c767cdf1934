"""Proved bounds of every pre-activation, filled in layer by layer, and intervals in floats.

    z = sum W a + b,   bounds of every a      gives      bounds of z

Sound because each product is least at one end (docs/mathematics.md#intervals), and every sum
carries a rounding term. A bound whose sign is open only because of that term is found again in
fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from rectifold.bounds.floats import Constraints, FloatLayer, float_constraints, float_layer
from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import TINY, end_sums, gamma, settled_down, settled_up, size_sum
from rectifold.effort.proofs import BoundEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import round_down, round_up
from rectifold.facts.facts import Mask
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

ENDLESS = Fraction(2) ** 1100  # an exact bound where an end is infinite: above every float


@dataclass(eq=False)
class Bounds:
    """Proved bounds of every pre-activation of a network on a domain, filled in layer by layer.

    `lower` and `upper` hold a layer's bounds once they are `set`; later layers build on them.
    `pairs` maps layers to others whose units are close to theirs, one by one.
    """

    network: Network
    domain: Domain
    pairs: Mapping[str, str] = field(default_factory=dict)
    lower: dict[str, Floats] = field(default_factory=dict)
    upper: dict[str, Floats] = field(default_factory=dict)
    floats: dict[str, FloatLayer] = field(default_factory=dict)
    effort: BoundEffort = BoundEffort()
    _sizes: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    _live: dict[str, Indices] = field(default_factory=dict)
    _compact: dict[tuple[str, str], Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.floats = {layer.name: float_layer(layer) for layer in self.network.layers}

    @cached_property
    def constraints(self) -> Constraints:
        """The domain's linear constraints in floats."""
        return float_constraints(self.domain)

    # ---- what is known ------------------------------------------------------------------------

    def of(self, name: str) -> Interval:
        """The bounds of a layer's pre-activations. Precondition: they are set."""
        return Interval(self.lower[name], self.upper[name])

    def passed_on(self, name: str) -> Interval:
        """Bounds of what a layer passes on: of its activations, or of the input itself."""
        if name == self.network.input_name:
            return Interval(*self.domain.float_box)
        own = self.of(name)
        if not self.floats[name].is_relu:
            return own
        return Interval(np.maximum(own.lower, 0.0), np.maximum(own.upper, 0.0))

    def magnitude(self, name: str) -> Floats:
        """M with |a| <= M for what a layer, or the input, passes on."""
        return self.passed_on(name).magnitude

    def set(self, name: str, lower: Floats, upper: Floats) -> None:
        """Store a layer's bounds.

        Whoever tightens the arrays in place calls `set` again before anything is asked.
        """
        self.lower[name], self.upper[name] = lower, upper
        self._sizes.clear()
        changed = {name, self._partner.get(name, name)}
        for layer in changed:
            self._live.pop(layer, None)
        for key in [key for key in self._compact if changed & set(key)]:
            del self._compact[key]

    # ---- which values count ---------------------------------------------------------------------

    def live(self, name: str) -> Indices:
        """The values of a layer, or of the input, that may be other than 0.

        Of paired layers, those that are so in either.
        """
        if name not in self._live:
            known = [v for v in (name, self._partner.get(name)) if v is not None]
            has_dead = (
                name != self.network.input_name
                and self.floats[name].is_relu
                and all(v in self.upper for v in known)
            )
            every = np.arange(self.network.size_of(name))
            self._live[name] = (
                every[np.any([self.upper[v] > 0 for v in known], axis=0)] if has_dead else every
            )
        return self._live[name]

    def live_weight(self, source: str, target: str) -> Floats:
        """The weights between live values, as one block."""
        key = (source, target)
        if key not in self._compact:
            weight = self.floats[target].weights[source]
            rows, columns = self.live(target), self.live(source)
            full = len(rows) == weight.shape[0] and len(columns) == weight.shape[1]
            self._compact[key] = (
                weight if full else np.ascontiguousarray(weight[np.ix_(rows, columns)])
            )
        return self._compact[key]

    @cached_property
    def _partner(self) -> dict[str, str]:
        return {b: a for a, b in self.pairs.items()} | dict(self.pairs)

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The layers in topological order, the two of a pair together.

        Precondition: pairs do not cross.
        """
        order = [v.name for v in self.network.layers]
        if not self.pairs:
            return tuple((v,) for v in order)
        seconds = set(self.pairs.values())
        waiting = [
            (v, self.pairs[v]) if v in self.pairs else (v,) for v in order if v not in seconds
        ]
        done = {self.network.input_name}
        groups: list[tuple[str, ...]] = []
        while waiting:
            ready = next(
                g for g in waiting if all(set(self.network.layer(v).weights) <= done for v in g)
            )
            waiting.remove(ready)
            groups.append(ready)
            done.update(ready)
        return tuple(groups)

    # ---- intervals -----------------------------------------------------------------------------

    def interval(self, name: str) -> Interval:
        """Bounds of a layer's pre-activations from those of what it reads, which must be set."""
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows becomes infinite
            return self._interval(name)

    def _interval(self, name: str) -> Interval:
        layer = self.floats[name]
        total_up, total_down = layer.bias.copy(), layer.bias.copy()
        for source, weight in layer.weights.items():
            low, high = self.passed_on(source)
            least, greatest = end_sums(weight, low, high)
            total_up, total_down = total_up + greatest, total_down + least
        error = self.forward_error(layer)
        upper, lower = settled_up(total_up, error), settled_down(total_down, error)
        for i in np.nonzero((upper > 0) & (total_up <= 4 * error))[0]:
            upper[i] = min(upper[i], round_up(_exact_interval(self, name, int(i), 1)))
        for i in np.nonzero((lower < 0) & (total_down >= -4 * error))[0]:
            lower[i] = max(lower[i], round_down(-_exact_interval(self, name, int(i), -1)))
        return Interval(lower, upper)

    def forward_error(self, layer: FloatLayer) -> Floats:
        """Per unit, what rounding and weights that are no floats may add to a sum over values
        within the bounds. Found in floats: to be doubled.
        """
        rows, radius = self.row_sizes(layer)
        return np.asarray(gamma(layer.terms + 4) * rows + radius + (layer.terms + 2) * TINY)

    def row_sizes(self, layer: FloatLayer) -> tuple[Floats, Floats]:
        """Per unit: R, the largest sum of |W| |a| + |b|; and what weights that are no floats add.

        |a| is the larger finite end of what is read: a sum that meets an infinite end is infinite
        by itself, but one that meets only the finite end of a half-infinite range still rounds.
        """
        if layer.name not in self._sizes:
            rows, extra = np.abs(layer.bias), layer.bias_radius.copy()
            for source, weight in layer.weights.items():
                size, endless = _finite_sizes(self.passed_on(source))
                with np.errstate(over="ignore"):  # an infinite size gives no bound
                    rows = rows + size_sum(weight, size)
                radius = layer.radii[source]
                if radius is not None:
                    with np.errstate(invalid="ignore", over="ignore"):  # no number gives no bound
                        extra = extra + radius @ size
                    # tiny weights whose midpoint is 0, on values without an end: no bound at all
                    unseen = (weight[:, endless] == 0) & (radius[:, endless] > 0)
                    extra = np.where(unseen.any(axis=1), np.inf, extra)
            self._sizes[layer.name] = rows, extra
        return self._sizes[layer.name]


def _exact_interval(bounds: Bounds, name: str, unit: int, sign: int) -> Fraction:
    """The greatest sign z over the bounds of what the layer reads, exactly; ENDLESS if infinite."""
    layer = bounds.network.layer(name)
    total = sign * layer.bias.entry(unit, 0)
    for source, weight in layer.weights.items():
        read = np.nonzero(weight.nonzero[unit])[0]  # a convolution reads few of many
        low, high = _exact_ends(bounds, source, read)
        for k, j in enumerate(read.tolist()):
            factor = sign * weight.entry(unit, j)
            end = high[k] if factor > 0 else low[k]
            if end is None:
                return ENDLESS
            total += factor * end
    return total


def _exact_ends(
    bounds: Bounds, source: str, units: Indices
) -> tuple[list[Fraction | None], list[Fraction | None]]:
    """Of these units of a layer (what they pass on) or of the input, exactly. None for an infinite
    end.
    """
    if source == bounds.network.input_name:
        lower, upper = bounds.domain.lower, bounds.domain.upper
        return [lower[j] for j in units], [upper[j] for j in units]
    low, high = bounds.passed_on(source)
    return _finite_fractions(low[units]), _finite_fractions(high[units])


def _finite_sizes(values: Interval) -> tuple[Floats, Mask]:
    """The larger size among the finite ends, and which values have an infinite one."""
    low, high = values
    finite_low, finite_high = (np.where(np.isfinite(v), np.abs(v), 0.0) for v in (low, high))
    return np.maximum(finite_low, finite_high), ~(np.isfinite(low) & np.isfinite(high))


def _finite_fractions(values: Floats) -> list[Fraction | None]:
    return [Fraction(v) if np.isfinite(v) else None for v in values.tolist()]
