"""Gated networks (Kumar, Serra, Ramalingam 2019), and two variants that leak less.

Derivation: docs/mathematics.md#gates.

    a region with walls G_k ≥ 0 and the map f      →      relu(f − M v) − relu(−f − M v),
                                                          v = Σ relu(−G_k), 0 on the region

That is *classic*. A gate of *centred* is relu(±f/2 + K − M v) with v = Σ relu(K/M − G_k), one of
*core* relu(f + B − M v) with v = Σ relu(δ − G_k). Here K is half the largest |f| of all pieces on
the domain and B ≥ −f. Walls are scaled so that G changes by at most 1 along the steepest input's
range. A *strip* is where |G| < δ for a wall: outside all strips the
network is exact. Sound because a region's gate is open on it outside strips, and all others closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import at_most, readable
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.form import AffineForm, Hinge, hinge_of, value_at

GateKind = Literal["classic", "core", "centred"]
GATE_KINDS: tuple[GateKind, ...] = ("classic", "core", "centred")


@dataclass(frozen=True, eq=False)
class Gated:
    """A gated network and what holds about it.

    `gain` is M; `strip` is δ: exact wherever every wall's |G| is at least this; `share` is the part
    of the volume of the domain's box, at most, where it may be wrong.
    """

    network: Network
    statement: str
    gain: Fraction
    strip: Fraction
    share: Fraction


@dataclass(frozen=True)
class Gate:
    """What the gates of a kind have in common, for one strip.

    A hinge is relu(lift − side · G); a region's gates are relu(factor · f + constant − gain · Σ
    hinges) for each of `parts`, (factor, constant), added with the factor's sign; `minus` is
    subtracted once.
    """

    lift: Fraction
    gain: Fraction
    parts: tuple[tuple[Fraction, Fraction], ...]
    minus: Fraction = Fraction(0)


class Gates:
    """Gated networks over a complete list of regions."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.restriction = Restriction(regions.network, regions.domain)
        self.outputs = regions.network.output_size
        border = _border(self.restriction)
        self.walls_of = [
            [wall for wall in region.walls if wall[0] not in border] for region in regions
        ]
        self.sides = sorted({side for walls in self.walls_of for side in walls})
        self.walls = sorted({wall for wall, _ in self.sides})
        widths = [high - low for low, high in map(self.restriction.ends, range(len(regions.free)))]
        self.scale = {
            wall: max(abs(a) * width for a, width in zip(wall, widths, strict=False))
            for wall in self.walls
        }

    def sizes(self) -> dict[str, list[int]]:
        """Hidden units of each kind, without building them.

        "classic, all patterns" has a gate for every on-off pattern of all units.
        """
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

    def build(self, kind: GateKind, accuracy: Fraction) -> Gated:
        """The network whose strips take at most the share `accuracy` of the box's volume."""
        strip = Fraction(1, 2)
        while self.share(strip) > accuracy:
            strip /= 2
        return self.with_strip(kind, strip)

    def with_gain(self, kind: GateKind, gain: Fraction) -> Gated:
        """The gated network with this M."""
        return self.with_strip(kind, self._gain_times_strip(kind) / gain)

    def with_strip(self, kind: GateKind, strip: Fraction) -> Gated:
        """The gated network with strips of this half width."""
        gate = self._gate(kind, strip)
        source, domain = self.regions.network, self.regions.domain
        hinges = self._hinges(gate)
        gates, end = self._gates(gate, hinges.name)
        layers = [hinges, gates, end]
        network = Network(
            source.input_name, source.input_size, layers, end.name, domain, source.name,
            source.title,
        )  # fmt: skip
        share = self.share(strip)
        statement = (
            f"exact but within {at_most(strip, 3)} of a wall (in shares of the domain's width), "
            f"which is at most {at_most(100 * share, 3)} % of the box's volume; "
            f"M = {readable(gate.gain)}"
        )
        if kind == "core":
            statement += "; elsewhere never above the exact value"
        return Gated(network, statement, gate.gain, strip, share)

    def share(self, strip: Fraction) -> Fraction:
        """An upper bound on the share of the domain's box in the strips of all walls."""
        return min(2 * strip * len(self.walls), Fraction(1))

    def _gate(self, kind: GateKind, strip: Fraction) -> Gate:
        """The gates of this kind whose strips have this half width."""
        gain, one = self._gain_times_strip(kind) / strip, Fraction(1)
        half, low = self._half, self._range[0]
        if kind == "classic":
            return Gate(Fraction(0), gain, ((one, Fraction(0)), (-one, Fraction(0))))
        if kind == "centred":
            return Gate(strip, gain, ((one / 2, half), (-one / 2, half)))
        return Gate(strip, gain, ((one, -low),), -low)

    def _gain_times_strip(self, kind: GateKind) -> Fraction:
        low, high = self._range
        core = high - low or 2 * self._half
        return {"classic": 2 * self._half, "centred": self._half, "core": core}[kind]

    @property
    def _half(self) -> Fraction:
        """K: half the largest size of any value; a positive number where all are 0."""
        return max(*map(abs, self._range), Fraction(1, 2**40)) / 2

    @cached_property
    def _range(self) -> tuple[Fraction, Fraction]:
        """(lowest, highest) value of any region's affine map anywhere on the box."""
        low = high = Fraction(0)
        for affine in {form for region in self.regions for form in region.affine}:
            ends = [
                sorted(a * v for v in self.restriction.ends(k)) for k, a in enumerate(affine[:-1])
            ]
            low = min(low, affine[-1] + sum((e[0] for e in ends), Fraction(0)))
            high = max(high, affine[-1] + sum((e[1] for e in ends), Fraction(0)))
        return low, high

    # ---- layers ---------------------------------------------------------------------------------

    def _hinges(self, gate: Gate) -> Layer:
        """A unit per side of a wall, then the free inputs less their lower ends."""
        free, inputs = self.regions.free, self.regions.domain.size
        rows, biases = [], []
        for wall, side in self.sides:
            row = [Fraction(0)] * inputs
            for k, a in zip(free, wall[:-1], strict=True):
                row[k] = Fraction(-side * a) / self.scale[wall]
            rows.append(row)
            biases.append(gate.lift - side * wall[-1] / self.scale[wall])
        for place, k in enumerate(free):
            rows.append([Fraction(int(j == k)) for j in range(inputs)])
            biases.append(-self.restriction.ends(place)[0])
        weights = Matrix.from_fractions(rows, columns=inputs)
        read = {self.regions.network.input_name: weights}
        return Layer(self._name("hinges"), "relu", Matrix.column(biases), read)

    def _name(self, wanted: str) -> str:
        """Of a layer: the input may be called so."""
        return fresh_name(wanted, [self.regions.network.input_name])

    def _gates(self, gate: Gate, hinge_layer: str) -> tuple[Layer, Layer]:
        """The gates of every region and output, and their sum."""
        place_of = {side: k for k, side in enumerate(self.sides)}
        lowest = [low for low, _ in map(self.restriction.ends, range(len(self.regions.free)))]
        rows: list[list[Fraction]] = []
        biases: list[Fraction] = []
        outs: list[list[Fraction]] = [[] for _ in range(self.outputs)]
        for region, walls in zip(self.regions, self.walls_of, strict=True):
            hinges = [place_of[wall] for wall in walls]
            for o, affine in enumerate(region.affine):
                for factor, constant in gate.parts:
                    rows.append(self._row(affine, factor, gate.gain, hinges))
                    biases.append(factor * value_at(affine, lowest) + constant)
                    for p, out in enumerate(outs):
                        out.append(Fraction(0) if p != o else Fraction(1 if factor > 0 else -1))
        width = len(self.sides) + len(self.regions.free)
        inner = Matrix.from_fractions(rows, columns=width)
        outer = Matrix.from_fractions(outs, columns=len(rows))
        ends = Matrix.column([-gate.minus] * self.outputs)
        gates = Layer(self._name("gates"), "relu", Matrix.column(biases), {hinge_layer: inner})
        return gates, Layer(self._name("y"), "linear", ends, {gates.name: outer})

    def _row(
        self, affine: AffineForm, factor: Fraction, gain: Fraction, hinges: list[int]
    ) -> list[Fraction]:
        """factor · f − gain · Σ hinges, over the first layer."""
        row = [Fraction(0)] * len(self.sides) + [factor * a for a in affine[:-1]]
        for k in hinges:
            row[k] = -gain
        return row


def _border(restriction: Restriction) -> set[Hinge]:
    """The hyperplanes on which the domain ends."""
    border: set[Hinge] = set()
    n = len(restriction.free)
    for place in range(n):
        for end in restriction.ends(place):
            border.add(hinge_of([Fraction(int(j == place)) for j in range(n)] + [-end])[0])
    for constraint in restriction.domain.constraints:
        form = restriction.constraint_form(constraint)
        if any(form[:-1]):
            border.add(hinge_of(form)[0])
    return border
