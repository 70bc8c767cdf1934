"""Units that may take a class at a flat, and what each costs.

    corners around a line, four of them      →      max of the four = max(m_12, m_34), one unit

A maximum over a simplex, k + 1 affine forms at a flat of codimension k, has two hidden layers up to
k = 5. Simplices with one chosen corner give every class of a polytope with these corners, because a
simplex and one more corner have two triangulations. The network's own units are candidates too, and
for k = 2 triangles follow from the class itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, islice

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.two_layers.flags.corners import CornerSet, Face
from rectifold.two_layers.flags.decompose import Values
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.flags.pieces import corner_set, corners_of
from rectifold.two_layers.form import AffineForm, weighted_sum
from rectifold.two_layers.form_sum import Shape, join_of
from rectifold.two_layers.maxima import MOST_ARGUMENTS, joins_of


@dataclass(frozen=True, eq=False)
class Candidate:
    """Something with this class: the maximum of `forms`, or one unit of this `shape`."""

    values: Values
    forms: tuple[AffineForm, ...] = ()
    shape: Shape | None = None

    @property
    def cost(self) -> int:
        """Units of the second layer."""
        if self.shape is not None:
            return 1
        return len(joins_of(len(self.forms))) if self.is_shallow else SHALLOW_EFFORT.peak_cost

    @property
    def is_shallow(self) -> bool:
        """Is it a sum of units of the second layer?"""
        return len(self.forms) <= MOST_ARGUMENTS

    def units(self) -> list[tuple[Fraction, Shape]]:
        """The units, with their factors; their sum has the class, up to hinges."""
        if self.shape is not None:
            return [(Fraction(1), self.shape)]
        return [
            (factor, join_of(self.forms, left, right)[0])
            for factor, left, right in joins_of(len(self.forms))
        ]


def simplices_of(corners: CornerSet, dimension: int, most: int) -> Iterator[Candidate]:
    """Candidates for simplices of this dimension: all of few corners, else those with the first.

    At most `most` of them.
    """
    count = len(corners.points)
    if count <= dimension:
        return
    faces: Iterator[Face] = combinations(range(count), dimension + 1)
    if count > dimension + 1 + SHALLOW_EFFORT.more_corners:
        faces = ((0, *rest) for rest in combinations(range(1, count), dimension))
    for face in islice((f for f in faces if corners.dimension(f) == dimension), most):
        yield Candidate(corners.class_of(face), tuple(corners.form(k) for k in face))


def own_unit(flats: Flats, shape: Shape, dimension: int) -> Candidate | None:
    """The candidate of a unit of the network; None if its class at the flat is 0."""
    corners = corner_set(flats, corners_of(shape))
    whole = tuple(range(len(corners.points)))
    if corners.dimension(whole) != dimension or not (values := corners.class_of(whole)):
        return None
    return Candidate(values, shape=shape)


def triangles_of(flats: Flats, total: Values) -> list[tuple[Candidate, Fraction]]:
    """A class of m hyperplanes through a flat as at most m − 2 maxima of three forms, with factors.

    Of three such hyperplanes one form is a n + b m of the other two: 0, a n and a n + b m are the
    corners of a triangle with these three as its edges. Classes of two hyperplanes are 0.
    """
    left, found = dict(total), []
    while left:
        chains = sorted(left)
        forms = _triangle([flats.rows[chains[k][0]][0] for k in (0, 1, -1)])
        values = corner_set(flats, forms).class_of((0, 1, 2))
        factor = left[chains[-1]] / values[chains[-1]]
        found.append((Candidate(values, tuple(forms)), factor))
        for chain, value in values.items():
            left[chain] = left.get(chain, Fraction(0)) - factor * value
        left = {chain: value for chain, value in left.items() if value}
    return found


def _triangle(normals: Sequence[Sequence[int]]) -> list[AffineForm]:
    """Corners whose differences are multiples of three forms, of which no two are parallel."""
    first, second, last = normals
    i, j = next(
        (i, j)
        for i, j in combinations(range(len(first)), 2)
        if first[i] * second[j] != first[j] * second[i]
    )
    size = first[i] * second[j] - first[j] * second[i]
    a = Fraction(last[i] * second[j] - last[j] * second[i], size)
    b = Fraction(first[i] * last[j] - first[j] * last[i], size)
    edge = weighted_sum((a, first))
    return [weighted_sum((0, first)), edge, weighted_sum((1, edge), (b, second))]
