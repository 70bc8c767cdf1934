"""Steps 4 and 5 of four inputs: one hinge per hyperplane, and the affine map that is left.

Derivation: docs/mathematics.md#four-inputs.

    f less all units → one jump per hyperplane, read off at one point → one affine map
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rectifold.two_layers.classes.lattice import Wall
from rectifold.two_layers.classes.vectors import echelon, null_space
from rectifold.two_layers.form import AffineForm, Hinge, Weights, weighted_sum
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.flags import Germ
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.samples import Samples
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch


class Hinges:
    """What is left across hyperplanes after the units."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.samples = Samples(cells)

    def hinges(self, units: Sequence[Placed], watch: Watch) -> dict[Hinge, Weights]:
        """The jump across every hyperplane that is left."""
        walls: dict[Hinge, Wall] = {}
        for wall in self.cells.walls.values():
            walls.setdefault(wall.hinge, wall)
        bent: dict[Hinge, list[Placed]] = defaultdict(list)
        for placed in units:
            for hinge in placed.hyperplanes():
                bent[hinge].append(placed)
        found = {}
        hyperplanes = sorted({*walls, *bent})
        for done, hinge in enumerate(hyperplanes):
            watch.step("hyperplanes", done, len(hyperplanes))
            left = self._left_on(hinge, walls.get(hinge), bent.get(hinge, []))
            if any(left):
                found[hinge] = left
        return found

    def _left_on(self, hinge: Hinge, wall: Wall | None, units: Sequence[Placed]) -> Weights:
        """The jump in terms of the hinge at one point of it."""
        outputs = self.cells.restriction.network.output_size
        left = wall.jump if wall is not None else (Fraction(0),) * outputs
        near = units[0].point if wall is None else None
        face = None if wall is None else wall.face
        if not units:
            return left
        flat = Flat.through(
            units[0].point if wall is None else self.cells.points[wall.face[0]],
            echelon(null_space([hinge[:-1]], self.cells.n)),
        )
        point = self.samples.on_flat(flat, face, near, units)
        (size,) = flat.in_quotient(hinge)
        for placed in units:
            value, form, bends = placed.at(point)
            if value < 0:
                continue
            if value > 0:
                jump = Fraction(sum(c for _, c in bends))
            else:
                germ = Germ(flat.in_quotient(form), [(flat.in_quotient(h), c) for h, c in bends])
                jump = Fraction(germ.numbers().get((), 0), abs(size))
            left = tuple(v - w * jump for v, w in zip(left, placed.weights, strict=True))
        return left

    def affine_rest(
        self, units: Sequence[Placed], hinges: dict[Hinge, Weights]
    ) -> tuple[AffineForm, ...]:
        """f less units and hinges, next to one point of the domain."""
        region = self.cells.regions[0]
        point = self.samples.inside(region, units, hinges)
        parts: list[list[tuple[Fraction | int, Sequence[Fraction | int]]]] = [
            [(1, form)] for form in region.affine
        ]
        for placed in units:
            value, form, _ = placed.at(point)
            if value > 0:
                for o, w in enumerate(placed.weights):
                    parts[o].append((-w, form))
        for hinge, weights in hinges.items():
            if sum(a * x for a, x in zip(hinge, point, strict=True)) > 0:
                for o, w in enumerate(weights):
                    parts[o].append((-w, hinge))
        return tuple(weighted_sum(*terms) for terms in parts)
