"""The function next to a point: which units are 0 there, and the forms of each of their phases.

h = relu([x, y]) at (0, 1/2)      →      h[0] is 0; the outputs for h[0] off, and for h[0] on
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.polytope import Form, Vertex
from rectifold.linear_regions.restriction import Forms, Restriction

UnitPlace = tuple[int, int]  # (index of the layer in the network, unit)
PhaseRule = Callable[[int, list[Form]], bytes]  # from a layer's index and its pre-activations
LayerForms = list[Forms]  # pre-activations of every layer of the network; last, the outputs


class NearPoints:
    """Looks at one network around exact points of its free inputs.

    `output` is where a LayerForms has the outputs, after their activation.
    """

    def __init__(self, restriction: Restriction) -> None:
        self.restriction = restriction
        self.layers = restriction.network.layers
        self.start = restriction.input_forms()
        self.output = len(self.layers)

    def zeros(self, point: Vertex) -> tuple[dict[str, bytes], list[UnitPlace]]:
        """(phases with the units that are 0 off, those units) at a homogeneous point."""
        phases: dict[str, bytes] = {}
        zero: list[UnitPlace] = []

        def choose(index: int, forms: list[Form]) -> bytes:
            values = [sum(a * x for a, x in zip(form, point, strict=True)) for form in forms]
            zero.extend((index, i) for i, v in enumerate(values) if v == 0)
            return bytes(v > 0 for v in values)

        self._walk(choose, phases)
        return phases, zero

    def forms(self, phases: dict[str, bytes], on: Collection[UnitPlace] = ()) -> LayerForms:
        """Pre-activations of every layer with these phases, and the units `on` active."""

        def choose(index: int, forms: list[Form]) -> bytes:
            chosen = bytearray(phases[self.layers[index].name])
            for layer, unit in on:
                if layer == index:
                    chosen[unit] = 1
            return bytes(chosen)

        return self._walk(choose, {})

    def effects(self, phases: dict[str, bytes], of: UnitPlace) -> list[list[Fraction]]:
        """By how much one unit's activation, grown by 1, changes every layer's pre-activations.

        Phases stay. Last, the outputs.
        """
        zero = self.restriction.zero
        one = [1, *zero[1:]]  # the activation stands where the first free input did; biases do not
        values: dict[str, Forms] = {
            name: ([zero] * len(forms), 1) for name, (forms, _) in self.start.items()
        }
        result: list[list[Fraction]] = []
        for index, layer in enumerate(self.layers):
            forms, den = self.restriction.layer_forms(values, layer)
            result.append([Fraction(form[0], den) for form in forms])
            if index <= of[0]:
                forms, den = [zero] * layer.size, 1
            if index == of[0]:
                forms[of[1]] = one
            elif layer.is_relu:
                on = phases[layer.name]
                forms = [form if is_on else zero for form, is_on in zip(forms, on, strict=True)]
            values[layer.name] = forms, den
        outputs, den = values[self.restriction.network.output]
        return [*result, [Fraction(form[0], den) for form in outputs]]

    def piece(self, point: Vertex, direction: Sequence[int]) -> list[tuple[Fraction, ...]]:
        """The outputs' affine forms on the side of a point to which `direction` leads."""

        def choose(index: int, forms: list[Form]) -> bytes:
            chosen = bytearray()
            for form in forms:
                value = sum(a * x for a, x in zip(form, point, strict=True))
                if value == 0:
                    value = sum(a * d for a, d in zip(form, direction, strict=False))
                chosen.append(value > 0)
            return bytes(chosen)

        forms = self._walk(choose, {})
        table, den = forms[self.output]
        return [tuple(Fraction(v, den) for v in form) for form in table]

    def _walk(self, choose: PhaseRule, phases: dict[str, bytes]) -> LayerForms:
        """The forms where every layer's phases are those chosen, which `phases` then holds."""
        values = dict(self.start)
        result: LayerForms = []
        zero = self.restriction.zero
        for index, layer in enumerate(self.layers):
            forms, den = self.restriction.layer_forms(values, layer)
            result.append((forms, den))
            if layer.is_relu:
                chosen = choose(index, forms)
                phases[layer.name] = chosen
                forms = [form if on else zero for form, on in zip(forms, chosen, strict=True)]
            values[layer.name] = forms, den
        result.append(values[self.restriction.network.output])
        return result


def homogeneous(point: Sequence[Fraction]) -> Vertex:
    """A point as integers over one positive denominator, which comes last."""
    den = lcm(*(v.denominator for v in point))
    return (*(int(v * den) for v in point), den)
