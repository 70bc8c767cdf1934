"""What a network's units are around a cell of its regions.

    y = relu(z + relu(u)) where z = u = 0      →      corners 0, z, z + u of the unit, and itself as
                                                      a unit of the second layer

Around a point the network is affine but for units that are 0 there: a sum of those, each by a
number. So every class there is made of classes of these units. One that reads only units whose own
forms do not change around the point has two layers itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.near_point import LayerForms, NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, Hinge, factor_of, hinge_of, weighted_sum
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
        """For every such unit, itself with those it reads whose forms do not change."""
        phases, zero = self.near.zeros(point)
        relus = [unit for unit in zero if self.near.layers[unit[0]].is_relu]
        base = self.near.forms(phases)
        steady = [unit for unit in relus if self._is_steady(unit, beside)]
        changed = {unit: self.near.forms(phases, {unit}) for unit in steady}
        found = []
        for unit in relus:
            own = start = _form(base, unit)
            bends: dict[Hinge, Fraction] = {}
            for other in steady:
                if other[0] < unit[0]:
                    added = weighted_sum((1, _form(changed[other], unit)), (-1, start))
                    own = _with_bend(own, bends, added, _form(base, other))
            if bends:
                found.append((own, tuple(bends.items())))
        return found

    def _is_steady(self, unit: UnitPlace, beside: Sequence[int]) -> bool:
        """Is the pre-activation of a unit one form on all these regions, and not constant?"""
        forms = {_form(self._at(region), unit) for region in beside}
        return len(forms) == 1 and any(next(iter(forms))[:-1])

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


def _with_bend(
    base: AffineForm, bends: dict[Hinge, Fraction], added: AffineForm, inner: AffineForm
) -> AffineForm:
    """The base, where `added` = c · inner, and c relu(inner) is put among the bends.

    relu(λ L) is λ relu(L), or |λ| (relu(L) − L) for λ < 0.
    """
    c = factor_of(added, inner)
    if not c:
        return base
    hinge, scale = hinge_of(inner)
    bends[hinge] = bends.get(hinge, Fraction(0)) + c * abs(scale)
    if not bends[hinge]:
        del bends[hinge]
    return base if scale > 0 else weighted_sum((1, base), (c * scale, hinge))
