"""Affine subspaces by number, and which side of one of them a point of a larger one is on.

    x = 0 in the plane, then x = 0, y = 1      →      numbers 0 and 1; the wall of 1 in 0 is y − 1

A flat is where integer forms (coefficients, then a constant) are 0; equal flats have equal reduced
echelon bases of forms, hence one number. Its *codimension* is the number of forms in the basis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rectifold.two_layers.classes.vectors import Vector, echelon, reduced


class Flats:
    """All flats that were met; `rows[k]` is the basis of number k. Flats are not empty."""

    def __init__(self) -> None:
        self.rows: list[tuple[Vector, ...]] = []
        self._numbers: dict[tuple[Vector, ...], int] = {}
        self._walls: dict[tuple[int, int], Vector] = {}

    def number_of(self, forms: Iterable[Sequence[int]]) -> int:
        """The flat on which these forms are 0."""
        basis = tuple(echelon(list(forms)))
        number = self._numbers.setdefault(basis, len(self.rows))
        if number == len(self.rows):
            self.rows.append(basis)
        return number

    def codimension(self, flat: int) -> int:
        return len(self.rows[flat])

    def wall(self, outer: int, inner: int) -> Vector:
        """A form that is 0 on the inner flat and not on the outer one, which has one dimension
        more: its sign says on which side of the inner one a point of the outer one lies.
        """
        known = self._walls.get((outer, inner))
        if known is None:
            basis = self.rows[outer]
            parts = (reduced(row, basis) for row in self.rows[inner])
            known = next(part for part in parts if any(part))
            self._walls[outer, inner] = known
        return known
