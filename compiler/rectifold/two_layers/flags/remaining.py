"""What is left of a network's function after units were taken from it: the class at every flat.

    jumps of the network on the cells of a flat, less those of the units that bend there

One point of a flat is enough, because the class is constant along it once nothing is left on the
flats inside it; where the network has two cells on a flat, both are looked at and must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.near_point import homogeneous
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.vectors import dot
from rectifold.two_layers.flags.cells import Cell, Cells, Class
from rectifold.two_layers.flags.corners import Face
from rectifold.two_layers.flags.pieces import Piece

Meeting = list[tuple[Piece, Face]]  # pieces, each with the corners that are the largest at a point


@dataclass(frozen=True, eq=False)
class Place:
    """A point of a flat, one of the network's cells there (or none), what is left, and pieces."""

    flat: int
    point: Vertex
    cell: Cell | None
    left: Class
    meeting: Meeting


class Remaining:
    """The network's cells, and the pieces taken from it so far."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region], random: Random) -> None:
        self.cells = Cells(restriction, regions)
        self.pieces: list[Piece] = []
        self._bending: dict[int, Meeting] = {}  # by flat: pieces and the faces that bend there
        self._sides = _sides_of(restriction)
        self._random = random

    def take(self, piece: Piece) -> None:
        """Take a piece from the function, if it bends at all."""
        if any(piece.weights) and piece.faces:
            self.pieces.append(piece)
            for faces in piece.faces.values():
                for face in sorted(faces):
                    self._bending.setdefault(piece.corners.flat(face), []).append((piece, face))

    def count(self, codimension: int) -> int:
        """Flats of a codimension at which something may be left."""
        return len(self._flats(codimension))

    def places(self, codimension: int) -> Iterator[Place]:
        """A place on each flat of a codimension at which something may be left.

        Nothing is left on flats of larger codimension.
        """
        for flat, cells in self._flats(codimension).items():
            seen = [self._look(flat, cell) for cell in cells[:2]] or [self._look(flat, None)]
            if any(other.left != seen[0].left for other in seen):
                raise AssertionError("a class is not constant along its flat")
            yield seen[0]

    def room_at(self, point: Sequence[Fraction]) -> Fraction:
        """By how much every coordinate of a point may grow inside the domain, one at a time."""
        size = Fraction(1)
        while True:
            moved = (
                homogeneous([v + size * (j == k) for j, v in enumerate(point)])
                for k in range(len(point))
            )
            if all(dot(side, m) > 0 for m in moved for side in self._sides):
                return size
            size /= 2

    def _flats(self, codimension: int) -> dict[int, list[Cell]]:
        found = self.cells.on(codimension)
        for flat in self._bending:
            if self.cells.flats.codimension(flat) == codimension:
                found.setdefault(flat, [])
        return found

    def _look(self, flat: int, cell: Cell | None) -> Place:
        """What is left at a random point of a cell, or of a flat without cells."""
        for _ in range(SHALLOW_EFFORT.generic_tries):
            point = self._point_beside(flat) if cell is None else self._point_inside(cell)
            meeting = self._meeting(flat, point)
            if meeting is not None:
                left = {} if cell is None else dict(cell.jumps)
                return Place(flat, point, cell, _without(left, meeting), meeting)
        raise AssertionError("no generic point of a flat was found")

    def _meeting(self, flat: int, point: Vertex) -> Meeting | None:
        """The pieces that bend along the flat at a point; None if one bends more at this point."""
        meeting = []
        for piece, face in self._bending.get(flat, ()):
            largest = piece.largest_at(point)
            if largest == face:
                meeting.append((piece, face))
            elif set(face) < set(largest):
                return None
        return meeting

    def _point_inside(self, cell: Cell) -> Vertex:
        """A random point inside a cell: a sum of multiples of its homogeneous vertices."""
        corners = [self.cells.vertices[v] for v in cell.corners]
        factors = [self._random.randint(1, SHALLOW_EFFORT.flat_parts) for _ in corners]
        return tuple(
            sum(f * c for f, c in zip(factors, column, strict=True))
            for column in zip(*corners, strict=True)
        )

    def _point_beside(self, flat: int) -> Vertex:
        """A random point of a flat inside the domain, from where a piece on it was placed."""
        anchor = self._bending[flat][0][0].anchor
        start = [Fraction(v, anchor[-1]) for v in anchor[:-1]]
        direction = self._direction_in(flat, len(start))
        size = Fraction(1)
        while True:
            point = homogeneous([a + size * d for a, d in zip(start, direction, strict=True)])
            if all(dot(side, point) > 0 for side in self._sides):
                return point
            size /= 2

    def _direction_in(self, flat: int, inputs: int) -> list[Fraction]:
        """A random direction along a flat: pivots of its echelon basis follow from the others."""
        most = SHALLOW_EFFORT.flat_parts
        direction = [Fraction(self._random.randint(-most, most)) for _ in range(inputs)]
        rows = self.cells.flats.rows[flat]
        pivots = [next(k for k, v in enumerate(row) if v) for row in rows]
        for row, pivot in zip(rows, pivots, strict=True):
            rest = sum(row[k] * direction[k] for k in range(inputs) if k not in pivots)
            direction[pivot] = -rest / Fraction(row[pivot])
        return direction


def _without(left: Class, meeting: Meeting) -> Class:
    """A class less those of pieces."""
    for piece, face in meeting:
        for chain, values in piece.class_of(face).items():
            old = left.get(chain, (Fraction(0),) * len(values))
            left[chain] = tuple(a - b for a, b in zip(old, values, strict=True))
    return {chain: values for chain, values in left.items() if any(values)}


def _sides_of(restriction: Restriction) -> list[Vertex]:
    """Integer forms that are positive inside the domain."""
    n = len(restriction.free)
    sides = []
    for k in range(n):
        for sign, end in zip((1, -1), restriction.ends(k), strict=True):
            row = [0] * (n + 1)
            row[k], row[n] = sign * end.denominator, -sign * end.numerator
            sides.append(tuple(row))
    sides += [tuple(restriction.constraint_form(c)) for c in restriction.domain.constraints]
    return [side for side in sides if any(side)]
