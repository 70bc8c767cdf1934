"""Exact networks of two or three hidden layers from sums of maxima.

    max(x1 .. x8) − 2 relu(x9 − relu(x1))      →      Q + relu(P − Q) − 2 unit

Derivation: docs/mathematics.md#sums-of-maxima. No linear region is needed. A part of a sum is
written as the units that the network has for it, or by the identities for maxima of up to six
forms, or, with a third layer, up to twelve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.ir.network import Layer
from rectifold.linear_regions.region import AnyRegion
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import Weights
from rectifold.two_layers.form_sum import Bends, FormSum
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.maxima import MOST_ARGUMENTS
from rectifold.two_layers.maxima_sums.parts import Part, Parts, Sum
from rectifold.two_layers.maxima_sums.ways import Ways
from rectifold.two_layers.three_layers import ThreeLayers, Top, top_of


def form_by_maxima(
    restriction: Restriction, watch: Watch, layers: int, regions: Sequence[AnyRegion] = ()
) -> ThreeLayers:
    """The exact form with at most so many hidden layers, two or three.

    All `regions`, where they are known, say which units have one phase on the whole domain.

    Raises InputError where a part of the function is not known to have so few, Unfinished at the
    watch's deadline.
    """
    parts = Parts([restriction.ends(k) for k in range(len(restriction.free))], layers)
    outputs = _sums(restriction, parts, watch, regions)
    deepest = max(parts.depth(total) for total in outputs)
    if deepest > layers:
        raise InputError(_too_deep(parts, outputs, layers))
    return _Building(restriction, parts, layers).form(outputs)


def _sums(
    restriction: Restriction, parts: Parts, watch: Watch, regions: Sequence[AnyRegion]
) -> list[Sum]:
    """Every output as a sum of parts."""
    network = restriction.network
    forms, den = restriction.input_forms()[network.input_name]
    values = {network.input_name: [Sum(tuple(Fraction(v, den) for v in form)) for form in forms]}
    nothing = Sum((Fraction(0),) * (len(restriction.free) + 1))
    for layer in network.layers:
        own: list[Sum] = []
        phases = _phases_of(layer, regions)
        for unit in range(layer.size):
            watch.step(f"sums of maxima, layer {layer.name}", unit, layer.size)
            if phases[unit] == {0}:
                own.append(nothing)
                continue
            total = _read(layer, unit, values, nothing)
            is_linear = not layer.is_relu or phases[unit] == {1}
            own.append(total if is_linear else parts.relu(total))
        values[layer.name] = own
    return values[network.output]


def _phases_of(layer: Layer, regions: Sequence[AnyRegion]) -> list[set[int]]:
    """The phases that each relu unit has on regions."""
    seen = {region.phases[layer.name] for region in regions} if layer.is_relu else set()
    return [{phases[unit] for phases in seen} for unit in range(layer.size)]


def _read(layer: Layer, unit: int, values: Mapping[str, Sequence[Sum]], nothing: Sum) -> Sum:
    """The pre-activation of a unit. Raises InputError for too many maxima."""
    total = Sum((*nothing.affine[:-1], layer.bias.entry(unit, 0)))
    for source, weight in layer.weights.items():
        for value, factor in zip(values[source], weight.row(unit), strict=True):
            total = total.plus(value, factor) if factor else total
    if len(total.parts) > SHALLOW_EFFORT.summed_parts:
        raise InputError(
            f"unit {unit} of {layer.name} is a sum of {len(total.parts):,} maxima, more than are "
            f"tried ({SHALLOW_EFFORT.summed_parts:,})"
        )
    return total


def _too_deep(parts: Parts, outputs: list[Sum], layers: int) -> str:
    """Which maximum has more layers."""
    numbers = (k for total in outputs for k in total.parts if parts.found[k].depth > layers)
    count = len(parts.found[next(numbers)].corners or ())
    return (
        f"a part of the function is the maximum of {counted(count, 'affine form')}, and {layers} "
        f"hidden layers are known to be enough for up to {MOST_ARGUMENTS * (layers - 1)}"
    )


class _Building:
    """A two-layer form, and units of a third layer where there may be one."""

    def __init__(self, restriction: Restriction, parts: Parts, layers: int) -> None:
        self.restriction = restriction
        self.parts = parts
        self.ways = Ways(parts)
        self.layers = layers
        self.inputs = len(restriction.free)
        self.tops: list[Top] = []

    def form(self, outputs: list[Sum]) -> ThreeLayers:
        """The outputs; what several have in common is made once."""
        count = len(outputs)
        main = FormSum(count, self.inputs)
        weights: dict[int, list[Fraction]] = {}
        for o, total in enumerate(outputs):
            main.add_affine(tuple(Fraction(int(p == o)) for p in range(count)), total.affine)
            for number, c in total.parts.items():
                weights.setdefault(number, [Fraction(0)] * count)[o] = c
        for number, own in weights.items():
            self._add(main, tuple(own), number, self.layers)
        return ThreeLayers(main.form(self.restriction), tuple(self.tops))

    def _add(self, total: FormSum, weights: Weights, number: int, layers: int) -> None:
        """weights · a part, with at most so many layers, in the way that takes the fewest units."""
        part = self.parts.found[number]
        forms = [tuple(Fraction(v) for v in corner) for corner in part.corners or ()]
        match self.ways.cheapest(number, layers).kind:
            case "maximum":
                total.add_maximum(weights, forms)
            case "two maxima":
                self.tops.append(top_of(self.restriction, weights, forms, total))
            case "unit":
                total.add_unit(weights, part.inner.affine, self._bends(part))
                self._add_sum(total, weights, part.low, layers)
            case "top":
                inner = FormSum(1, self.inputs)
                self._add_sum(inner, (Fraction(1),), part.inner, 2)
                self.tops.append(Top(weights, inner.form(self.restriction)))
                self._add_sum(total, weights, part.low, layers)

    def _add_sum(self, total: FormSum, weights: Weights, own: Sum, layers: int) -> None:
        total.add_affine(weights, own.affine)
        for number, c in own.parts.items():
            self._add(total, tuple(w * c for w in weights), number, layers)

    def _bends(self, part: Part) -> Bends:
        """The hinges of a sum of maxima of two forms, 0 and another one."""
        bends = []
        for number, c in part.inner.parts.items():
            corners = self.parts.found[number].corners
            assert corners is not None
            bends.append((corners[1], c))
        return tuple(bends)
