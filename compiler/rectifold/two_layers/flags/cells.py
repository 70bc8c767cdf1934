"""The cells of a network's regions on which its jumps change, down to points.

    relu(y − relu(x))      →      jumps on pieces of three lines, and a point where they change

A *cell* of codimension k is a face of regions inside the domain, that spans a flat. Its *class*
says for every chain of flats, a hyperplane down to the cell's own flat, how often the jump of the
gradient changes along it: the jump itself on a facet; else, per chain, the class on one side of the
cell less the class on the other side, within the last flat but one.
Derivation: docs/mathematics.md#classes-by-flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.vectors import dot, normal_to
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.form import Weights, factor_of, weighted_sum

Chain = tuple[int, ...]  # numbers of flats, each within the one before
Class = dict[Chain, Weights]
Corners = tuple[int, ...]  # numbers of vertices, in order


@dataclass(eq=False)
class Cell:
    """A face with these vertices, in the region with this number, where `mask` has its vertices."""

    corners: Corners
    flat: int
    region: int
    mask: int
    jumps: Class = field(default_factory=dict)


class Cells:
    """All cells with a class that is not 0, by codimension: `levels[k − 1]` has codimension k."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.inputs = len(restriction.free)
        self.outputs = restriction.network.output_size
        self.flats = Flats()
        self.regions = regions
        self.vertices: list[Vertex] = []
        self._numbers: dict[Vertex, int] = {}
        self._shapes = [self._shape(region) for region in regions]
        self._domain_bits = (1 << restriction.polytope().constraints) - 1
        self.levels: list[dict[Corners, Cell]] = [self._facets()]
        self._regions_at: dict[int, set[int]] = {}
        for number, shape in enumerate(self._shapes):
            for vertex in shape.numbers:
                self._regions_at.setdefault(vertex, set()).add(number)
        for _ in range(self.inputs - 1):
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

    # ---- the regions ----------------------------------------------------------------------------

    def _shape(self, region: Region) -> _Shape:
        """Numbers of a region's vertices, and its facets as sets of them, with their forms."""
        polytope = region.polytope
        numbers = []
        for vertex in polytope.vertices:
            number = self._numbers.setdefault(vertex, len(self.vertices))
            if number == len(self.vertices):
                self.vertices.append(vertex)
            numbers.append(number)
        tight: dict[int, int] = {}
        for k, mask in enumerate(polytope.masks):
            while mask:
                bit = mask & -mask
                tight[bit] = tight.get(bit, 0) | 1 << k
                mask ^= bit
        return _Shape(numbers, polytope.masks, _largest(set(tight.values())))

    def _facets(self) -> dict[Corners, Cell]:
        """The facets between two regions across which the gradient jumps."""
        sides: dict[Corners, list[tuple[int, int]]] = {}
        for number, shape in enumerate(self._shapes):
            for mask in shape.facets:
                sides.setdefault(shape.corners(mask), []).append((number, mask))
        self._forms: dict[Corners, Vertex] = {}
        cells: dict[Corners, Cell] = {}
        for corners, beside in sides.items():
            if len(beside) != 2:
                continue
            (first, mask), (second, _) = beside
            form = normal_to([self.vertices[v] for v in corners])
            assert form is not None
            self._forms[corners] = form
            jumps = self._jumps(form, first, second)
            if any(jumps):
                flat = self.flats.number_of([form])
                cells[corners] = Cell(corners, flat, first, mask, {(flat,): jumps})
        return cells

    def _jumps(self, form: Vertex, first: int, second: int) -> Weights:
        """κ per output: the gradient beyond the form's hyperplane less that before it, over it."""
        values = (dot(form, self.vertices[v]) for v in self._shapes[first].numbers)
        sign = next(1 if value > 0 else -1 for value in values if value)
        jumps = []
        for one, other in zip(self.regions[first].affine, self.regions[second].affine, strict=True):
            factor = factor_of(weighted_sum((sign, one), (-sign, other)), form)
            if factor is None:
                raise AssertionError("the function is not continuous")
            jumps.append(factor)
        return tuple(jumps)

    # ---- cells of cells -------------------------------------------------------------------------

    def _next_level(self, level: dict[Corners, Cell]) -> dict[Corners, Cell]:
        """The facets of cells, inside the domain, with a class that is not 0."""
        found: dict[Corners, Cell] = {}
        for cell in level.values():
            shape = self._shapes[cell.region]
            for mask, facet in shape.facets_of(cell.mask):
                if shape.tight(mask) & self._domain_bits:
                    continue
                corners = shape.corners(mask)
                own = found.get(corners)
                if own is None:
                    form = self._form_of(shape.corners(facet))
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

    def _form_of(self, corners: Corners) -> Vertex:
        """The form of a facet."""
        if corners not in self._forms:
            form = normal_to([self.vertices[v] for v in corners])
            assert form is not None
            self._forms[corners] = form
        return self._forms[corners]


@dataclass(frozen=True, eq=False)
class _Shape:
    """A region: numbers of its vertices, their tight constraints, facets as sets of vertices."""

    numbers: list[int]
    masks: list[int]
    facets: list[int]

    def corners(self, mask: int) -> Corners:
        """The vertices of a face, by number, in order."""
        return tuple(sorted(self.numbers[k] for k in _bits(mask)))

    def tight(self, mask: int) -> int:
        """The constraints that are tight on a face."""
        tight = -1
        for k in _bits(mask):
            tight &= self.masks[k]
        return tight

    def facets_of(self, face: int) -> list[tuple[int, int]]:
        """The facets of a face, each with a facet of the region that cuts it out."""
        parts = {face & facet: facet for facet in self.facets if face & facet != face}
        return [(part, parts[part]) for part in _largest(set(parts))]


def _largest(sets: set[int]) -> list[int]:
    """Those that are in no other one."""
    kept: list[int] = []
    for one in sorted(sets, key=lambda bits: (-bits.bit_count(), bits)):
        if one and not any(one & other == one for other in kept):
            kept.append(one)
    return kept


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
