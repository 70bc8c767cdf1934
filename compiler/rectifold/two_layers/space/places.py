"""What the network does next to a place: which units are 0 there, and how they change each other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.near_point import LayerForms, NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, Weights, combined, span_inside
from rectifold.two_layers.space.geometry import faces_of, ratio, sides_of, where
from rectifold.two_layers.space.sheets import Line, NotGenericError, at_place, dot3, dot4


class Places:
    """The regions' vertices, edges and planes, and the network next to each."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.local = NearPoints(restriction)
        self.regions = regions
        self.box = restriction.polytope()
        self.sides = sides_of(self.box)
        self.none: Weights = (Fraction(0),) * restriction.network.output_size
        self.vertices, self.edges, self.planes = faces_of(regions)

    def is_interior(self, point: Sequence[int]) -> bool:
        return all(sum(a * x for a, x in zip(side, point, strict=True)) > 0 for side in self.sides)

    def zeros(
        self, point: Vertex, most: int, what: str
    ) -> tuple[dict[str, bytes], list[UnitPlace]]:
        """Phases, and the units that are 0 at the point without being 0 all around it."""
        phases, zero = self.local.zeros(point)
        base = self.local.forms(phases)
        units = [
            named
            for named in zero
            if self.local.layers[named[0]].is_relu and any(base[named[0]][0][named[1]])
        ]
        if len(units) > most or (len(units) < len(zero) and self._moved(phases, zero, base)):
            at = where(point)
            problem = (
                f"{len(units)} units meet in {what} at ({at}), and the exact construction for three inputs handles {most}"
                if len(units) > most
                else f"a unit is 0 all around {what} at ({at}) in one phase of another and not in the other phase, which the exact "
                "construction for three inputs does not handle"
            )
            raise NotGenericError(f"{problem}; use two free inputs, or an approximate form")
        return phases, sorted(units)

    def _moved(self, phases: dict[str, bytes], zero: list[UnitPlace], base: LayerForms) -> bool:
        """Is a unit that is 0 with all phases off something else in another phase?"""
        flat = [n for n in zero if self.local.layers[n[0]].is_relu and not any(base[n[0]][0][n[1]])]
        for other in zero:
            forms = self.local.forms(phases, {other})
            if any(any(forms[layer][0][unit]) for layer, unit in flat):
                return True
        return False

    def form(self, forms: LayerForms, named: UnitPlace) -> AffineForm:
        table, den = forms[named[0]]
        return tuple(Fraction(v, den) for v in table[named[1]])

    def change(
        self, phases: dict[str, bytes], base: LayerForms, on: UnitPlace, of: UnitPlace
    ) -> Fraction:
        """By which multiple of its own form the unit `on` changes the unit `of` when it turns active."""
        after = self.local.forms(phases, {on})
        difference = combined((1, self.form(after, of)), (-1, self.form(base, of)))
        return ratio(difference, self.form(base, on))

    def weights(self, phases: dict[str, bytes], base: LayerForms, on: UnitPlace) -> Weights:
        after = self.local.forms(phases, {on})
        output = self.local.output
        form = self.form(base, on)
        return tuple(
            ratio(
                combined((1, self.form(after, (output, o))), (-1, self.form(base, (output, o)))),
                form,
            )
            for o in range(len(self.none))
        )

    def extent(self, line: Line) -> tuple[Fraction, Fraction] | None:
        """The range of places of a line inside the domain; None if the line misses the interior."""
        direction = line[0]
        origin, square = at_place(line, Fraction(0)), dot3(direction, direction)
        return span_inside(
            (Fraction(dot4(side, origin), origin[3]), Fraction(dot3(side, direction), square))
            for side in self.sides
        )
