"""The bounds of one network's units that are known so far, as integers in units of 2^-bits.

    z = b + sum w h,  lower <= h <= upper     gives     b + sum w (lower if w > 0 else upper) <= z

At first every unit has the bounds that intervals give, layer by layer; those that a certificate
proves are added. Sound because each division is rounded outward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rectifold_check.integers.layers import cone_of, entries_of, sources_of
from rectifold_check.integers.relaxation import Bounds
from rectifold_check.integers.rounding import rounded_down, rounded_up
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.work import Work, words


class KnownBounds:
    """Bounds of pre-activations that hold on the whole of a bounded domain."""

    def __init__(self, network: Network, domain: Domain, bits: int, work: Work) -> None:
        """Start from intervals. Raises Refusal where an input has no end."""
        self.network = network
        self.bits = bits
        self.work = work
        self.low: list[int] = []
        self.high: list[int] = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            if low is None or high is None:
                raise Refusal("substitution needs a bounded domain")
            self.low.append(rounded_down(low, bits))
            self.high.append(rounded_up(high, bits))
        self._magnitudes: dict[int, int] = {}
        self._bounds = [Bounds(zip(self.low, self.high, strict=True))]
        for k in range(1, len(network.layers) + 1):
            self._bounds.append(Bounds(self._intervals(k)))

    def learn(self, layer: int, unit: int, side: str, value: Fraction) -> None:
        """Add a proved bound of z: z <= value (side "up") or value <= z ("lo")."""
        low, high = self._bounds[layer][unit]
        if side == "up":
            high = min(high, rounded_up(value, self.bits))
        else:
            low = max(low, rounded_down(value, self.bits))
        self._bounds[layer].put(unit, low, high)
        self._magnitudes.pop(layer, None)

    def take_intervals(self, layer: int) -> list[tuple[Fraction, Fraction]]:
        """Add what intervals give for a layer from what is known now; answer its bounds.

        The linear layers below it are bounded afresh first. Bounds that are better are kept.
        """
        below = cone_of(self.network, layer)
        for k in sorted(below | {layer}):
            if k == layer or not self.network.layers[k - 1].is_relu:
                known = zip(self._bounds[k], self._intervals(k), strict=True)
                self._bounds[k] = Bounds((max(a, c), min(b, d)) for (a, b), (c, d) in known)
                self._magnitudes.pop(k, None)
        unit = 1 << self.bits
        return [(Fraction(a, unit), Fraction(b, unit)) for a, b in self._bounds[layer]]

    def is_nonpositive(self, layer: int, unit: int) -> bool:
        """Is z <= 0 known?"""
        return self._bounds[layer][unit][1] <= 0

    def magnitude(self, value: int) -> int:
        """The sum of |z| over a layer's units, in whole numbers rounded up.

        That is what rounding coefficients on z down to multiples of 2^-bits can cost a bound, in
        units of 2^-bits. Value 0 is the input.
        """
        if value not in self._magnitudes:
            total = sum(max(-a, b) for a, b in self._bounds[value])
            self._magnitudes[value] = (total >> self.bits) + 1
        return self._magnitudes[value]

    def of_relu_layers_before(self, layer: int) -> dict[int, Bounds]:
        """The bounds of every relu layer with a smaller number."""
        return self._of_relu_layers(range(1, layer))

    def of_relu_layers_below(self, layer: int) -> dict[int, Bounds]:
        """The bounds of the relu layers that a layer depends on."""
        return self._of_relu_layers(sorted(cone_of(self.network, layer)))

    def _of_relu_layers(self, numbers: Sequence[int]) -> dict[int, Bounds]:
        return {k: self._bounds[k] for k in numbers if self.network.layers[k - 1].is_relu}

    def _intervals(self, number: int) -> list[tuple[int, int]]:
        layer = self.network.layers[number - 1]
        self.work.spend((entries_of(layer) + layer.size) * words(layer.den << self.bits))
        read = {source: self._passed_on(source) for source in sources_of(layer)}
        return [_interval(layer, i, read, self.bits) for i in range(layer.size)]

    def _passed_on(self, value: int) -> Sequence[tuple[int, int]]:
        """Bounds of what a layer passes on: of relu(z) where it is a relu layer."""
        bounds = self._bounds[value]
        if value == 0 or not self.network.layers[value - 1].is_relu:
            return bounds
        return [(max(a, 0), max(b, 0)) for a, b in bounds]


def _interval(
    layer: Layer, unit: int, read: Mapping[int, Sequence[tuple[int, int]]], bits: int
) -> tuple[int, int]:
    """Bounds of z of one unit from those of the values that it reads, per source."""
    low = high = layer.bias[unit] << bits
    for row in layer.rows[unit]:
        bounds = read[row.source]
        for j, w in row.entries:
            a, b = bounds[j]
            if w > 0:
                low += w * a
                high += w * b
            else:
                low += w * b
                high += w * a
    return low // layer.den, -(-high // layer.den)
