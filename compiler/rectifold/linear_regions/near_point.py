"""The function next to a point: which units are 0 there, and the affine forms of every phase of those units."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.by_vertices import Enumeration
from rectifold.linear_regions.polytope import Form, Vertex

UnitPlace = tuple[int, int]  # (index of the layer in the network, unit)
PhaseRule = Callable[[int, list[Form]], bytes]
LayerForms = list[
    tuple[list[Form], int]
]  # per layer of the network, and of the outputs: integer forms over one denominator


class Local:
    """Looks at one network around exact points of its free inputs."""

    def __init__(self, enumeration: Enumeration) -> None:
        self.enumeration = enumeration
        self.layers = enumeration.network.layers
        self.start = enumeration.input_forms()
        self.output = len(self.layers)  # where `forms` holds the outputs, after their activation

    def zeros(self, point: Vertex) -> tuple[dict[str, bytes], list[UnitPlace]]:
        """(phases with the units that are 0 off, those units) at a homogeneous point."""
        phases: dict[str, bytes] = {}
        zero: list[UnitPlace] = []

        def phase(index: int, forms: list[Form]) -> bytes:
            values = [sum(a * x for a, x in zip(form, point, strict=True)) for form in forms]
            zero.extend((index, i) for i, v in enumerate(values) if v == 0)
            return bytes(v > 0 for v in values)

        self._walk(phase, phases)
        return phases, zero

    def forms(self, phases: dict[str, bytes], on: Collection[UnitPlace] = ()) -> LayerForms:
        """Pre-activations of every layer with these phases and the units `on` active; last, the outputs."""

        def phase(index: int, forms: list[Form]) -> bytes:
            chosen = bytearray(phases[self.layers[index].name])
            for layer, unit in on:
                if layer == index:
                    chosen[unit] = 1
            return bytes(chosen)

        return self._walk(phase, {})

    def piece(self, point: Vertex, direction: Sequence[int]) -> list[tuple[Fraction, ...]]:
        """The outputs' affine forms on the side of a point to which `direction` leads."""

        def phase(index: int, forms: list[Form]) -> bytes:
            chosen = bytearray()
            for form in forms:
                value = sum(a * x for a, x in zip(form, point, strict=True))
                if value == 0:
                    value = sum(a * d for a, d in zip(form, direction, strict=False))
                chosen.append(value > 0)
            return bytes(chosen)

        forms = self._walk(phase, {})
        table, den = forms[self.output]
        return [tuple(Fraction(v, den) for v in form) for form in table]

    def _walk(self, phase: PhaseRule, phases: dict[str, bytes]) -> LayerForms:
        values = dict(self.start)
        result: LayerForms = []
        zero = [0] * (len(self.enumeration.free) + 1)
        for index, layer in enumerate(self.layers):
            forms, den = self.enumeration.layer_forms(values, layer)
            result.append((forms, den))
            if layer.is_relu:
                chosen = phase(index, forms)
                phases[layer.name] = chosen
                forms = [form if on else zero for form, on in zip(forms, chosen, strict=True)]
            values[layer.name] = forms, den
        result.append(values[self.enumeration.network.output])
        return result


def homogeneous(point: Sequence[Fraction]) -> Vertex:
    """A point as integers over one positive denominator, which comes last."""
    den = lcm(*(v.denominator for v in point))
    return (*(int(v * den) for v in point), den)
