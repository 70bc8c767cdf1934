"""The regions' vertices, edges and planes, and what the network does next to each.

a vertex at which units u, w and z are 0    →    how they change each other and the outputs
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.near_point import LayerForms, NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, Weights, span_inside, weighted_sum
from rectifold.two_layers.space.geometry import faces_of, polytope_sides, require_factor
from rectifold.two_layers.space.incidence import Line, dot3, dot4, point_at


class Faces:
    """Vertices, edges and planes of all regions of three free inputs.

    `near` looks at the network next to a point; `none` are weights of 0 for every output.
    """

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.near = NearPoints(restriction)
        self.regions = regions
        self.box = restriction.polytope()
        self.sides = polytope_sides(self.box)
        self.none: Weights = (Fraction(0),) * restriction.network.output_size
        self.vertices, self.edges, self.planes = faces_of(regions)

    def is_interior(self, point: Sequence[int]) -> bool:
        """Does the point lie inside the domain, not on its border?"""
        return all(sum(a * x for a, x in zip(side, point, strict=True)) > 0 for side in self.sides)

    def generic_zeros(
        self, point: Vertex, most: int
    ) -> tuple[dict[str, bytes], list[UnitPlace]] | None:
        """Phases, and the units that are 0 at the point without being 0 all around it.

        None where there are more than `most`, or where a unit is 0 all around the point in one
        phase of another, and not in the other phase.
        """
        phases, zero = self.near.zeros(point)
        base = self.near.forms(phases)
        units = [
            named
            for named in zero
            if self.near.layers[named[0]].is_relu and any(base[named[0]][0][named[1]])
        ]
        if len(units) > most or (len(units) < len(zero) and self._is_moved(phases, zero, base)):
            return None
        return phases, sorted(units)

    def _is_moved(self, phases: dict[str, bytes], zero: list[UnitPlace], base: LayerForms) -> bool:
        """Is a unit that is 0 with all phases off something else in another phase?"""
        flat = [
            (layer, unit)
            for layer, unit in zero
            if self.near.layers[layer].is_relu and not any(base[layer][0][unit])
        ]
        for other in zero:
            forms = self.near.forms(phases, {other})
            if any(any(forms[layer][0][unit]) for layer, unit in flat):
                return True
        return False

    def form(self, forms: LayerForms, named: UnitPlace) -> AffineForm:
        """The form of a unit, or of an output."""
        table, den = forms[named[0]]
        return tuple(Fraction(v, den) for v in table[named[1]])

    def change(
        self, phases: dict[str, bytes], base: LayerForms, on: UnitPlace, of: UnitPlace
    ) -> Fraction:
        """By which multiple of its own form the unit `on` changes `of` when it turns active."""
        after = self.near.forms(phases, {on})
        difference = weighted_sum((1, self.form(after, of)), (-1, self.form(base, of)))
        return require_factor(difference, self.form(base, on))

    def weights(self, phases: dict[str, bytes], base: LayerForms, on: UnitPlace) -> Weights:
        """By which multiples of its form the unit `on` changes the outputs when it turns active."""
        after = self.near.forms(phases, {on})
        output = self.near.output
        form = self.form(base, on)
        return tuple(
            require_factor(
                weighted_sum(
                    (1, self.form(after, (output, o))), (-1, self.form(base, (output, o)))
                ),
                form,
            )
            for o in range(len(self.none))
        )

    def extent(self, line: Line) -> tuple[Fraction, Fraction] | None:
        """The range of a line's parameter inside the domain; None if it misses the interior."""
        direction = line[0]
        origin, square = point_at(line, Fraction(0)), dot3(direction, direction)
        return span_inside(
            (Fraction(dot4(side, origin), origin[3]), Fraction(dot3(side, direction), square))
            for side in self.sides
        )
