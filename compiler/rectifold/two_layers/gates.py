"""The paper's gated networks (Kumar, Serra, Ramalingam 2019), and two variants that leak less.

Derivation: docs/mathematics.md#gates.

For a region with inequalities G_k ≥ 0 and affine map f (K = half the largest |f| of all pieces on the domain, δ = K/M times 2 where
said), per output:

    classic   relu(f − M v) − relu(−f − M v),                    v = Σ relu(−G_k)
    centred   relu(f/2 + K − M v) − relu(−f/2 + K − M v),        v = Σ relu(K/M − G_k)
    core      relu(f + B − M v), minus B once,                   v = Σ relu(δ − G_k),    B ≥ −f, M ≥ max(f + B)/δ

Wall forms G are scaled so that G changes by at most 1 along the steepest input's range.

*Exactness.* Let every |G| of every wall be at least δ at x, with δ = 2K/M (classic), K/M (centred), δ (core). In the region of x
the gate is open (v = 0, and |f/2| ≤ K); any other region has a wall with −G ≥ δ there, so M v ≥ 2K and its gate is closed. A strip
|G| < δ has at most the share 2δ of the box's volume (its length along the steepest input), which bounds where gates may leak.
*One side.* At any x outside a region some wall has −G ≥ 0, so the core gate's hinge there is at least δ and M v ≥ f + B: closed. So at
most the gate of x's own region is open, and −B ≤ network ≤ f everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import at_most, readable
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.form import AffineForm, Hinge, evaluated, hinge_of


@dataclass(frozen=True, eq=False)
class Gated:
    """A gated network and what holds about it."""

    network: Network
    statement: str
    gain: Fraction  # M
    strip: Fraction  # δ: exact wherever every wall's |G| is at least this
    share: Fraction  # of the volume of the domain's box, at most, where it may be wrong


class Gates:
    """Gated networks over a complete list of regions."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.outputs = regions.network.output_size
        border = _border(regions)
        self.walls_of = [
            [wall for wall in region.walls if wall[0] not in border] for region in regions
        ]
        self.sides = sorted({side for walls in self.walls_of for side in walls})
        self.walls = sorted({wall for wall, _ in self.sides})
        self.scale = {
            wall: max(abs(a) * self._width(k) for k, a in enumerate(wall[:-1]))
            for wall in self.walls
        }

    def sizes(self) -> dict[str, list[int]]:
        """Hidden units of each kind, without building them. "classic, all patterns": a gate for every on-off pattern of all units."""
        inputs = len(self.regions.free)
        first = len(self.sides) + inputs
        pairs = 2 * len(self.regions) * self.outputs
        patterns = 2 ** sum(layer.size for layer in self.regions.network.relu_layers)
        return {
            "classic, all patterns": [first, 2 * patterns * self.outputs],
            "classic": [first, pairs],
            "core": [first, len(self.regions) * self.outputs],
            "centred": [first, pairs],
        }

    def build(self, kind: str, accuracy: Fraction) -> Gated:
        """The gated network whose wrong strips take at most the share `accuracy` of the box's volume."""
        strip = Fraction(1, 2)
        while self.share(strip) > accuracy:
            strip /= 2
        return self.with_strip(kind, strip)

    def with_gain(self, kind: str, gain: Fraction) -> Gated:
        """The gated network with this M."""
        return self.with_strip(kind, self._gain_times_strip(kind) / gain)

    def with_strip(self, kind: str, strip: Fraction) -> Gated:
        """The gated network with strips of this half width."""
        low = self._range[0]
        half, one, gain = self._half, Fraction(1), self._gain_times_strip(kind) / strip
        lift, parts, minus = {
            "classic": (Fraction(0), [(one, Fraction(0)), (-one, Fraction(0))], Fraction(0)),
            "centred": (strip, [(one / 2, half), (-one / 2, half)], Fraction(0)),
            "core": (strip, [(one, -low)], -low),
        }[kind]
        layers = self._layers(lift, gain, parts, minus)
        source, domain = self.regions.network, self.regions.domain
        network = Network(
            source.input_name, source.input_size, layers, "y", domain, source.name, source.title
        )
        share = self.share(strip)
        statement = (
            f"exact but within {at_most(strip, 3)} of a wall (in shares of the domain's width), which is at most "
            f"{at_most(100 * share, 3)} % of the box's volume; M = {readable(gain)}"
        )
        if kind == "core":
            statement += "; elsewhere never above the exact value"
        return Gated(network, statement, gain, strip, share)

    def share(self, strip: Fraction) -> Fraction:
        """An upper bound on the share of the domain's box in the strips |G| < strip of all walls."""
        return min(2 * strip * len(self.walls), Fraction(1))

    def _width(self, place: int) -> Fraction:
        k = self.regions.free[place]
        low, high = self.regions.domain.lower[k], self.regions.domain.upper[k]
        assert low is not None
        assert high is not None
        return high - low

    def _gain_times_strip(self, kind: str) -> Fraction:
        low, high = self._range
        return {"classic": 2 * self._half, "centred": self._half, "core": high - low}[kind]

    @property
    def _half(self) -> Fraction:
        """K: half the largest size of any value."""
        return max(*map(abs, self._range), Fraction(1, 2**40)) / 2

    @cached_property
    def _range(self) -> tuple[Fraction, Fraction]:
        """(lowest, highest) value of any region's affine map anywhere on the box."""
        low = high = Fraction(0)
        for affine in {form for region in self.regions for form in region.affine}:
            ends = [sorted(a * v for v in self._ends(k)) for k, a in enumerate(affine[:-1])]
            low = min(low, affine[-1] + sum((e[0] for e in ends), Fraction(0)))
            high = max(high, affine[-1] + sum((e[1] for e in ends), Fraction(0)))
        return low, high

    def _ends(self, place: int) -> tuple[Fraction, Fraction]:
        k = self.regions.free[place]
        low, high = self.regions.domain.lower[k], self.regions.domain.upper[k]
        assert low is not None
        assert high is not None
        return low, high

    # ---- layers ---------------------------------------------------------------------------------

    def _layers(
        self,
        lift: Fraction,
        gain: Fraction,
        parts: Sequence[tuple[Fraction, Fraction]],
        minus: Fraction,
    ) -> list[Layer]:
        """Hinges relu(lift − side·G), gates relu(p f + q − gain·Σ hinges) with sign of p, and the sum minus a constant."""
        free, n = self.regions.free, len(self.regions.free)
        inputs = self.regions.domain.size
        rows, biases = [], []
        for wall, side in self.sides:
            row = [Fraction(0)] * inputs
            for k, a in zip(free, wall[:-1], strict=True):
                row[k] = Fraction(-side * a) / self.scale[wall]
            rows.append(row)
            biases.append(lift - side * wall[-1] / self.scale[wall])
        for place, k in enumerate(free):
            rows.append([Fraction(int(j == k)) for j in range(inputs)])
            biases.append(-self._ends(place)[0])
        place_of = {side: k for k, side in enumerate(self.sides)}
        width = len(self.sides) + n
        gates: list[list[Fraction]] = []
        gate_biases: list[Fraction] = []
        outs: list[list[Fraction]] = [[] for _ in range(self.outputs)]
        for region, walls in zip(self.regions, self.walls_of, strict=True):
            for o, affine in enumerate(region.affine):
                for factor, constant in parts:
                    gates.append(
                        self._gate(affine, factor, gain, [place_of[w] for w in walls], width)
                    )
                    at_low = evaluated(affine, [self._ends(k)[0] for k in range(n)])
                    gate_biases.append(factor * at_low + constant)
                    for p, out in enumerate(outs):
                        out.append(Fraction(0) if p != o else Fraction(1 if factor > 0 else -1))
        source = self.regions.network.input_name
        return [
            Layer("hinges", "relu", Matrix.column(biases), {source: Matrix.from_fractions(rows, columns=inputs)}),
            Layer("gates", "relu", Matrix.column(gate_biases), {"hinges": Matrix.from_fractions(gates, columns=width)}),
            Layer(
                "y", "linear", Matrix.column([-minus] * self.outputs),
                {"gates": Matrix.from_fractions(outs, columns=len(gates))},
            ),
        ]  # fmt: skip

    def _gate(
        self, affine: AffineForm, factor: Fraction, gain: Fraction, hinges: list[int], width: int
    ) -> list[Fraction]:
        row = [Fraction(0)] * width
        for k in hinges:
            row[k] = -gain
        for place in range(len(affine) - 1):
            row[len(self.sides) + place] = factor * affine[place]
        return row


def _border(regions: Regions) -> set[Hinge]:
    border: set[Hinge] = set()
    n = len(regions.free)
    for place, k in enumerate(regions.free):
        for end in (regions.domain.lower[k], regions.domain.upper[k]):
            assert end is not None
            border.add(hinge_of([Fraction(int(j == place)) for j in range(n)] + [-end])[0])
    for constraint in regions.domain.constraints:
        rest = constraint.bound - sum(
            (constraint.coefficients[k] * v for k, v in regions.domain.fixed.items()), Fraction(0)
        )
        row = [-constraint.coefficients[k] for k in regions.free] + [rest]
        if any(row[:-1]):
            border.add(hinge_of(row)[0])
    return border
