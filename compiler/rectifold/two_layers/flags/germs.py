"""What a network's units are around a cell of its regions.

    y = relu(z + relu(u)) where z = u = 0      →      corners 0, z, z + u of the unit

Around a point the network is affine but for units that are 0 there: a sum of those, each by a
number. So every class there is made of classes of these units.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.near_point import LayerForms, NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.symbols import own_units
from rectifold.two_layers.form import AffineForm
from rectifold.two_layers.form_sum import Shape


class Germs:
    """Looks at the units of a network around points, given all its regions."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.near = NearPoints(restriction)
        self.regions = regions
        self._forms: dict[int, LayerForms] = {}

    def units(self, point: Vertex, beside: Sequence[int]) -> list[list[AffineForm]]:
        """For every unit that is 0 at the point, what it is on the regions `beside` it."""
        _, zero = self.near.zeros(point)
        found = []
        for unit in zero:
            if self.near.layers[unit[0]].is_relu:
                pieces = {self._piece(region, unit) for region in beside}
                if len(pieces) > 1:
                    found.append(sorted(pieces))
        return found

    def shapes(self, point: Vertex, beside: Sequence[int]) -> list[Shape]:
        """Units of hinges that the network has at the point."""
        units = own_units(self.near, point, [self.regions[k] for k in beside], 1)
        return [(unit.base, unit.bends) for unit in units]

    def _piece(self, region: int, unit: UnitPlace) -> AffineForm:
        form = _form(self._at(region), unit)
        layer = self.near.layers[unit[0]].name
        active = self.regions[region].phases[layer][unit[1]]
        return form if active else (Fraction(0),) * len(form)

    def _at(self, region: int) -> LayerForms:
        """The pre-activations on a region."""
        known = self._forms.get(region)
        if known is None:
            known = self._forms[region] = self.near.forms(dict(self.regions[region].phases))
        return known


def _form(forms: LayerForms, unit: UnitPlace) -> AffineForm:
    table, den = forms[unit[0]]
    return tuple(Fraction(v, den) for v in table[unit[1]])
