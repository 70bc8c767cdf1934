"""The class of a maximum of affine forms at a flat on which they agree.

    max(x, y, 0) at (0, 0)      →      {(x = 0, (0, 0)): 1, (y = 0, (0, 0)): 1, (x = y, (0, 0)): −1}

The forms are points, the *corners*; a face of their hull of dimension k bends the maximum along a
flat of codimension k, an edge along a hyperplane with the jump that is its length. So chains of
flats are chains of faces, and a face of a face is on that side of the flat on which its forms are
the larger ones. Integers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from rectifold.two_layers.classes.vectors import Vector, dot, echelon, minus, normal_to, reduced
from rectifold.two_layers.flags.cells import Chain
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.form import AffineForm

Face = tuple[int, ...]  # numbers of corners, in order


class CornerSet:
    """Integer forms over one denominator, as points, with the faces of hulls of some of them."""

    def __init__(self, flats: Flats, points: Sequence[Vector], den: int = 1) -> None:
        self.points = list(points)
        self.den = den
        self._flats = flats
        self._flat_of: dict[Face, int] = {}
        self._classes: dict[Face, dict[Chain, int]] = {}
        self._facets: dict[Face, list[Face]] = {}

    def form(self, corner: int) -> AffineForm:
        """A corner as an affine form."""
        return tuple(Fraction(v, self.den) for v in self.points[corner])

    def dimension(self, face: Face) -> int:
        """Of the span of a face: the codimension of the flat on which its forms agree."""
        return self._flats.codimension(self.flat(face))

    def flat(self, face: Face) -> int:
        """The flat on which the forms of a face agree."""
        known = self._flat_of.get(face)
        if known is None:
            first = self.points[face[0]]
            known = self._flats.number_of([minus(self.points[k], first) for k in face[1:]])
            self._flat_of[face] = known
        return known

    def class_of(self, face: Face) -> dict[Chain, Fraction]:
        """The class of the maximum over a face, per chain that ends with the face's own flat."""
        return {
            chain: Fraction(value, self.den)
            for chain, value in self._class_of(face).items()
            if value
        }

    def faces(self, whole: Face) -> dict[int, set[Face]]:
        """The faces of a hull by their dimension, itself among them; no points."""
        found: dict[int, set[Face]] = {}
        waiting = [whole]
        while waiting:
            face = waiting.pop()
            own = found.setdefault(self.dimension(face), set())
            if face not in own:
                own.add(face)
                waiting += [facet for facet in self.facets(face) if len(facet) > 1]
        return found

    def facets(self, face: Face) -> list[Face]:
        """The facets of the hull of some corners, each with all corners that lie on it."""
        known = self._facets.get(face)
        if known is None:
            dimension = self.dimension(face)
            if len(face) == dimension + 1:
                known = [face[:k] + face[k + 1 :] for k in range(len(face))]
            else:
                known = self._search_facets(face, dimension)
            self._facets[face] = known
        return known

    def _class_of(self, face: Face) -> dict[Chain, int]:
        known = self._classes.get(face)
        if known is not None:
            return known
        flat = self.flat(face)
        if self._flats.codimension(flat) == 1:
            known = {(flat,): self._length(face, flat)}
        else:
            known = {}
            for facet in self.facets(face):
                sign = self._side(facet, face)
                for chain, value in self._class_of(facet).items():
                    key = (*chain, flat)
                    known[key] = known.get(key, 0) + sign * value
        self._classes[face] = known
        return known

    def _length(self, edge: Face, flat: int) -> int:
        """How often the hyperplane's form is the difference of an edge's ends."""
        (form,) = self._flats.rows[flat]
        k = next(k for k, v in enumerate(form) if v)
        entries = [self.points[corner][k] for corner in edge]
        return (max(entries) - min(entries)) // abs(form[k])

    def _side(self, facet: Face, face: Face) -> int:
        """The side of the face's flat, within the facet's one, on which the facet's forms win."""
        outer, inner = self._flats.rows[self.flat(facet)], self.flat(face)
        wall = self._flats.wall(self.flat(facet), inner)
        base = self.points[facet[0]]
        other = next(k for k in face if k not in facet)
        gain = reduced(minus(self.points[other], base), outer)
        k = next(k for k, v in enumerate(wall) if v)
        return -1 if gain[k] * wall[k] > 0 else 1

    def _search_facets(self, face: Face, dimension: int) -> list[Face]:
        """By trying all sets of as many corners as the dimension, in coordinates that keep it."""
        first = self.points[face[0]]
        basis = echelon([minus(self.points[k], first) for k in face])
        kept = [next(k for k, v in enumerate(row) if v) for row in basis]
        flat = {k: (*(self.points[k][c] for c in kept), 1) for k in face}
        found: set[Face] = set()
        for chosen in combinations(face, dimension):
            if any(set(chosen) <= set(facet) for facet in found):
                continue
            normal = normal_to([flat[k] for k in chosen])
            if normal is None:
                continue
            values = {k: dot(normal, flat[k]) for k in face}
            if min(values.values()) >= 0 or max(values.values()) <= 0:
                found.add(tuple(k for k in face if not values[k]))
        return sorted(found)
