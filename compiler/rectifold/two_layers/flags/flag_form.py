"""Two hidden layers by flags: units for the classes at points, then along lines, planes and so on.

    classes at points → along lines → … → jumps across hyperplanes → the affine map left

From points to flats of growing dimension, units of the second layer with the class that is left at
a flat are taken from the function. Once nothing is left on flats of one dimension, the class is
constant along those of the next, so one point of a flat says what is left there. In the end the
jump across every hyperplane is constant: one hinge each.

Derivation: docs/mathematics.md#five-inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from random import Random

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.errors import InputError
from rectifold.exact.numerals import about, counted
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.flags.candidates import (
    Candidate,
    own_unit,
    simplices_of,
    triangles_of,
)
from rectifold.two_layers.flags.corners import CornerSet
from rectifold.two_layers.flags.decompose import Values, combination
from rectifold.two_layers.flags.germs import Germs
from rectifold.two_layers.flags.pieces import Piece, UnitPiece, corner_set
from rectifold.two_layers.flags.remaining import Place, Remaining
from rectifold.two_layers.form import AffineForm, TwoLayers
from rectifold.two_layers.form_sum import FormSum
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.maxima import MOST_ARGUMENTS
from rectifold.two_layers.three_layers import ThreeLayers, Top, top_of
from rectifold.two_layers.values import difference_at, require_values


def flag_form(
    restriction: Restriction, regions: Sequence[Region], watch: Watch = NO_WATCH
) -> TwoLayers:
    """The exact form of any number of free inputs, given all regions.

    Raises InputError where no units for a class are found, Unfinished at the watch's deadline.
    """
    return _FlagForm(restriction, regions, watch, most_forms=MOST_ARGUMENTS).form().main


def three_layer_form(
    restriction: Restriction, regions: Sequence[Region], watch: Watch = NO_WATCH
) -> ThreeLayers:
    """The same with units of a third layer for classes at flats of codimension 6 to 11."""
    return _FlagForm(restriction, regions, watch, most_forms=2 * MOST_ARGUMENTS).form()


class _FlagForm:
    """`remaining` is what is left of the network's function.

    `most_forms`: of a maximum that may be taken from it.
    """

    def __init__(
        self,
        restriction: Restriction,
        regions: Sequence[Region],
        watch: Watch,
        *,
        most_forms: int,
    ) -> None:
        self.most_forms = most_forms
        self.restriction = restriction
        self.regions = regions
        self.watch = watch
        self.outputs = restriction.network.output_size
        self.germs = Germs(restriction, regions)
        self.remaining = Remaining(restriction, regions, Random(watch.run.seed))
        self.flats = self.remaining.cells.flats

    def form(self) -> ThreeLayers:
        """Take all classes, then the hinges, then the affine map."""
        n = len(self.restriction.free)
        for codimension in range(n, 1, -1):
            for place in self._places(codimension):
                if place.left:
                    self._take(place, codimension)
        total, tops = FormSum(self.outputs, n), []
        for piece in self.remaining.pieces:
            if isinstance(piece, UnitPiece):
                piece.add_to(total)
            else:
                tops.append(top_of(self.restriction, piece.weights, piece.forms, total))
        for place in self._places(1):
            if place.left:
                total.add_relu(place.left[(place.flat,)], self.flats.rows[place.flat][0])
        return self._with_affine_rest(total, tuple(tops))

    def _places(self, codimension: int) -> Iterator[Place]:
        """What is left on every flat of a codimension, watching the clock."""
        dimension = len(self.restriction.free) - codimension
        whole = self.remaining.count(codimension)
        for done, place in enumerate(self.remaining.places(codimension)):
            units = counted(len(self.remaining.pieces), "unit")
            self.watch.step(f"{units} so far, at flats of dimension {dimension}", done, whole)
            yield place

    def _take(self, place: Place, codimension: int) -> None:
        """Take units with the class that is left at a place."""
        weights: dict[Candidate, list[Fraction]] = {}
        columns = None if codimension == 2 else self._candidates(place, codimension)
        for o in range(self.outputs):
            total = {chain: values[o] for chain, values in place.left.items() if values[o]}
            found = (
                triangles_of(self.flats, total)
                if columns is None
                else self._combination(total, columns, weights, place)
            )
            for candidate, factor in found:
                weights.setdefault(candidate, [Fraction(0)] * self.outputs)[o] = factor
        for candidate, own in weights.items():
            if not candidate.is_shallow:
                self.remaining.take(Piece(self.flats, tuple(own), candidate.forms, place.point))
                continue
            for factor, shape in candidate.units():
                scaled = tuple(factor * w for w in own)
                self.remaining.take(UnitPiece(self.flats, scaled, shape, place.point))

    def _candidates(self, place: Place, codimension: int) -> list[Candidate]:
        """The network's own units at a place, and simplices of all corners that meet there."""
        columns = []
        parts = [
            CornerSet(self.flats, [piece.corners.points[k] for k in face], piece.corners.den)
            for piece, face in place.meeting
        ]
        if place.cell is not None:
            beside = self.remaining.cells.beside(place.cell)
            for shape in self.germs.shapes(place.point, beside):
                if (unit := own_unit(self.flats, shape, codimension)) is not None:
                    columns.append(unit)
            parts += [corner_set(self.flats, u) for u in self._corners(place.point, beside)]
        for corners in parts if codimension < self.most_forms else ():
            columns += simplices_of(corners, codimension, SHALLOW_EFFORT.simplices)
        return columns

    def _corners(self, point: Vertex, beside: Sequence[int]) -> Iterator[list[AffineForm]]:
        """The affine forms of outputs that have few around a point, then those of units."""
        for o in range(self.outputs):
            forms = sorted({self.regions[region].affine[o] for region in beside})
            if len(forms) <= SHALLOW_EFFORT.output_corners:
                yield forms
        yield from self.germs.units(point, beside)

    def _combination(
        self,
        total: Values,
        columns: Sequence[Candidate],
        taken: dict[Candidate, list[Fraction]],
        place: Place,
    ) -> list[tuple[Candidate, Fraction]]:
        """Candidates whose classes add up to the total, those taken already preferred."""
        again = SHALLOW_EFFORT.taken_cost
        costs = [again if column in taken else column.cost for column in columns]
        found = combination(total, [column.values for column in columns], costs)
        if found is None:
            raise InputError(self._nothing_found(place, len(columns)))
        return [(columns[k], factor) for k, factor in found.items()]

    def _nothing_found(self, place: Place, tried: int) -> str:
        at = ", ".join(about(Fraction(v, place.point[-1])) for v in place.point[:-1])
        remedy = 'fix some inputs, or take a gated form, such as kind="centred"'
        codimension = self.flats.codimension(place.flat)
        if codimension >= MOST_ARGUMENTS:
            return (
                f"around ({at}) the function depends on {codimension} inputs, and on no fewer; for "
                "more than five, whether two hidden layers are enough is an open question: take "
                f'kind="three" for three (up to eleven), {remedy}'
            )
        return (
            f"no units of the second layer were found for the function around ({at}), where "
            f"{tried:,} were tried; {remedy}"
        )

    def _with_affine_rest(self, total: FormSum, tops: tuple[Top, ...]) -> ThreeLayers:
        """The form with the affine map that is left, which a few points give; others confirm it."""
        current = ThreeLayers(total.form(self.restriction), tops)
        start = self.regions[0].interior_point
        size = self.remaining.room_at(start)
        before = self._difference(current, start)
        for o in range(self.outputs):
            own = tuple(Fraction(int(p == o)) for p in range(self.outputs))
            total.add_affine(own, (*([Fraction(0)] * len(start)), before[o]))
        for k in range(len(start)):
            moved = tuple(v + size * (j == k) for j, v in enumerate(start))
            slopes = tuple(
                (a - b) / size
                for a, b in zip(self._difference(current, moved), before, strict=True)
            )
            total.add_affine(
                slopes, (*(Fraction(int(j == k)) for j in range(len(start))), -start[k])
            )
        final = ThreeLayers(total.form(self.restriction), tops)
        require_values(self.restriction, final, self.regions, self.watch)
        return final

    def _difference(self, form: ThreeLayers, point: Sequence[Fraction]) -> list[Fraction]:
        return difference_at(self.restriction, form, point, self.watch)
