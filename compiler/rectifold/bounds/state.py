"""Proven ends of every pre-activation, filled in layer by layer, and intervals in floats.

    z = Σ W a + b with proven ends of every a

Sums carry an a-priori rounding term. An end whose sign is open only because of that term is found
again in fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from rectifold.bounds.floats import Constraints, FloatLayer, float_constraints, float_layer
from rectifold.bounds.rounding import TINY, gamma, settled_down, settled_up, upper_sum
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import round_down, round_up
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


@dataclass(eq=False)
class Bounds:
    """Proven ends of every pre-activation of a network on a domain, filled in layer by layer.

    `lower`/`upper` hold a layer's ends once `interval` or the caller has set them; later layers build on them.
    """

    network: Network
    domain: Domain
    pairs: Mapping[str, str] = field(
        default_factory=dict
    )  # layers whose units are close to each other, one by one
    lower: dict[str, Floats] = field(default_factory=dict)
    upper: dict[str, Floats] = field(default_factory=dict)
    floats: dict[str, FloatLayer] = field(default_factory=dict)
    _sizes: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    _live: dict[str, Indices] = field(default_factory=dict)
    _compact: dict[tuple[str, str], Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.floats = {layer.name: float_layer(layer) for layer in self.network.layers}

    @cached_property
    def constraints(self) -> Constraints:
        """The domain's linear constraints in floats."""
        return float_constraints(self.domain)

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
            dead = (
                name != self.network.input_name
                and self.floats[name].is_relu
                and all(v in self.upper for v in known)
            )
            alive = (
                np.any([self.upper[v] > 0 for v in known], axis=0)
                if dead
                else np.ones(len(all_of_them), dtype=bool)
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
        rows, radius = self.row_sizes(layer)
        return np.asarray(gamma(layer.terms + 4) * rows + radius + (layer.terms + 2) * TINY)

    def row_sizes(self, layer: FloatLayer) -> tuple[Floats, Floats]:
        """(R, extra): R = |W| M + |b| with M the larger finite end; extra covers weights that are no floats.

        A sum that meets an infinite end is infinite. One that only meets the finite end of a half-infinite range still rounds,
        so that end counts.
        """
        if layer.name not in self._sizes:
            rows, extra = np.abs(layer.bias), layer.bias_radius.copy()
            for source, weight in layer.weights.items():
                size, endless = _finite_sizes(*self.activation_ends(source))
                with np.errstate(over="ignore"):  # an infinite size gives no bound
                    rows = rows + np.abs(weight) @ size
                radius = layer.radii[source]
                if radius is not None:
                    with np.errstate(
                        invalid="ignore", over="ignore"
                    ):  # what is no number gives no bound
                        extra = extra + radius @ size
                    unseen = (weight[:, endless] == 0) & (
                        radius[:, endless] > 0
                    )  # tiny, but not 0: no end at all
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


def _finite_sizes(low: Floats, high: Floats) -> tuple[Floats, np.ndarray]:
    """(the larger |end| among the finite ones, which values have an infinite end)."""
    finite_low, finite_high = (np.where(np.isfinite(v), np.abs(v), 0.0) for v in (low, high))
    return np.maximum(finite_low, finite_high), ~(np.isfinite(low) & np.isfinite(high))


def _fractions(values: Floats) -> list[Fraction | None]:
    return [Fraction(v) if np.isfinite(v) else None for v in values.tolist()]
