"""The cells of a network's regions on which its jumps change, down to points.

    relu(y − relu(x))      →      jumps on pieces of three lines, and a point where they change

A *cell* of codimension k is a face of regions inside the domain, that spans a flat. Its *class*
says for every chain of flats, a hyperplane down to the cell's own flat, how often the jump of the
gradient changes along it: the jump itself on a facet; else, per chain, the class on one side of the
cell less the class on the other side, within the last flat but one.
Derivation: docs/mathematics.md#classes-by-flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.lattice import Face, Lattice
from rectifold.two_layers.classes.vectors import dot
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.form import Weights

Chain = tuple[int, ...]  # numbers of flats, each within the one before
Class = dict[Chain, Weights]


@dataclass(eq=False)
class Cell:
    """A face with these vertices, in the region with this number, where `mask` has its vertices."""

    corners: Face
    flat: int
    region: int
    mask: int
    jumps: Class = field(default_factory=dict)


class Cells:
    """All cells with a class that is not 0, by codimension: `levels[k − 1]` has codimension k."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.lattice = Lattice(restriction, regions)
        self.vertices = self.lattice.points
        self.flats = Flats()
        self.levels: list[dict[Face, Cell]] = [self._walls()]
        self._regions_at: dict[int, set[int]] = {}
        for number, shape in enumerate(self.lattice.shapes):
            for vertex in shape.numbers:
                self._regions_at.setdefault(vertex, set()).add(number)
        for _ in range(len(restriction.free) - 1):
            self.levels.append(self._next_level(self.levels[-1]))

    def on(self, codimension: int) -> dict[int, list[Cell]]:
        """The cells of a codimension, by the flat that they span."""
        found: dict[int, list[Cell]] = {}
        for cell in self.levels[codimension - 1].values():
            found.setdefault(cell.flat, []).append(cell)
        return found

    def beside(self, cell: Cell) -> list[int]:
        """The regions that a cell is a face of, by number."""
        return sorted(set.intersection(*(self._regions_at[v] for v in cell.corners)))

    def _walls(self) -> dict[Face, Cell]:
        """The walls across which the gradient jumps."""
        return {
            wall.face: Cell(
                wall.face,
                flat := self.flats.number_of([wall.hinge]),
                wall.below,
                wall.mask,
                {(flat,): wall.jump},
            )
            for wall in self.lattice.walls()
            if any(wall.jump)
        }

    def _next_level(self, level: dict[Face, Cell]) -> dict[Face, Cell]:
        """The facets of cells, inside the domain, with a class that is not 0."""
        found: dict[Face, Cell] = {}
        for cell in level.values():
            shape = self.lattice.shapes[cell.region]
            for mask, facet in self.lattice.parts(cell.region, cell.mask):
                corners = shape.face(mask)
                own = found.get(corners)
                if own is None:
                    form = self.lattice.hinge(shape.face(facet))
                    flat = self.flats.number_of([*self.flats.rows[cell.flat], form])
                    own = found[corners] = Cell(corners, flat, cell.region, mask)
                self._add(own, cell)
        for own in found.values():
            own.jumps = {chain: jumps for chain, jumps in own.jumps.items() if any(jumps)}
        return {corners: own for corners, own in found.items() if own.jumps}

    def _add(self, own: Cell, cell: Cell) -> None:
        """Add the class of a cell of one dimension more, with the sign of its side."""
        wall = self.flats.wall(cell.flat, own.flat)
        values = (dot(wall, self.vertices[v]) for v in cell.corners)
        sign = next(1 if value > 0 else -1 for value in values if value)
        for chain, jumps in cell.jumps.items():
            key = (*chain, own.flat)
            old = own.jumps.get(key)
            own.jumps[key] = tuple(
                sign * v + (0 if old is None else old[o]) for o, v in enumerate(jumps)
            )
