"""The class of the function at every vertex, from the seams that begin and end there.

    along a line through a vertex: the class ahead less the class behind    →    flags of that line

Derivation: docs/mathematics.md#classes-in-three-dimensions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.vectors import direction_of
from rectifold.two_layers.form import Hinge, Weights
from rectifold.two_layers.hyper.cells import Class, add_weights
from rectifold.two_layers.hyper.flags import Flag, modulo
from rectifold.two_layers.space.incidence import Vector, cross, point_at
from rectifold.two_layers.space.sheets import Seam


def classes_at(
    vertices: Collection[Vertex], seams: Iterable[tuple[Seam, Weights]]
) -> dict[Vertex, Class]:
    """The classes of all these vertices, by flags of a line and a plane."""
    classes: dict[Vertex, Class] = {vertex: {} for vertex in vertices}
    for seam, weights in seams:
        for t, sign in ((seam.start, 1), (seam.end, -1)):
            if t is None or (vertex := point_at(seam.line, t)) not in classes:
                continue
            for plane, value in seam.kind.items():
                flag, factor = flag_of(seam.line[0], plane)
                add_weights(classes[vertex], flag, weights, sign * value * factor)
    return classes


def flag_of(direction: Vector, plane: Hinge) -> tuple[Flag, int]:
    """The flag of a line in a plane, and what a jump of the seams' classes is in it."""
    way, sign = direction_of(modulo(cross(direction, plane), direction))
    place = max(k for k in range(3) if plane[k])
    return (direction_of(direction)[0], way), sign * abs(plane[place])
