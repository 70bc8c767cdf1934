"""Vertices of three inputs where many units meet: units with the class of the function there.

Derivation: docs/mathematics.md#vertices-where-many-units-meet.

    class of the function at the vertex → units that the network has there, while they save some
        → units of two hinges for the rest (elimination.py)

Nothing is cut into pieces: the class says what is needed. That what is left is constant along every
line afterwards is asserted in the next step, and with it that the classes were taken.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.exact.numerals import counted
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.two_layers.classes.symbols import own_units
from rectifold.two_layers.classes.vectors import Vector, direction_of
from rectifold.two_layers.form import Hinge, Unit, Weights
from rectifold.two_layers.hyper.cells import Class, add_weights
from rectifold.two_layers.hyper.choices import Prices
from rectifold.two_layers.hyper.elimination import ByLine, Quad, by_line, eliminated, planes_after
from rectifold.two_layers.hyper.flags import Flag, Germ
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.sheets import Seam
from rectifold.two_layers.space.vertex_classes import classes_at

Numbers = dict[Flag, int]


def knots(
    faces: Faces, vertices: Sequence[Vertex], seams: Iterable[tuple[Seam, Weights]], watch: Watch
) -> Iterator[tuple[Vertex, list[Unit], list[Quad]]]:
    """Per vertex the network's own units and others that together have the function's class."""
    beside: dict[Vertex, list[Region]] = {vertex: [] for vertex in vertices}
    for region in faces.regions if vertices else ():
        for vertex in region.polytope.vertices:
            if vertex in beside:
                beside[vertex].append(region)
    prices = Prices(faces.planes)
    for done, (vertex, left) in enumerate(classes_at(vertices, seams).items()):
        watch.step("vertices where many units meet", done, len(vertices))
        own: list[Unit] = []
        if left:
            own = _taken(left, own_units(faces.near, vertex, beside[vertex], 2), watch)
            prices.used.update(hinge for unit in own for hinge, _ in unit.bends)
        yield vertex, own, _others(left, vertex, prices, watch)


def _others(left: Class, vertex: Vertex, prices: Prices, watch: Watch) -> list[Quad]:
    """Units with what is left of the class of a vertex; prices count their hinges."""

    def hinge_on(plane: Vector) -> Hinge:
        constant = sum(a * x for a, x in zip(plane, vertex, strict=False))
        return direction_of([*(v * vertex[-1] for v in plane), -constant])[0]

    found: list[Quad] = []
    for quad in eliminated(left, lambda plane: prices.of(hinge_on(plane))):
        found.append(quad)
        prices.used.update(hinge_on(plane) for plane, _ in quad.bends)
        watch.step(f"{counted(len(found), 'unit')} of a vertex so far", 0, 1)
    return found


# ---- units of the network ------------------------------------------------------------------------


def _taken(left: Class, units: Sequence[Unit], watch: Watch) -> list[Unit]:
    """Units that save some of the class, with weights; they are subtracted from it.

    The one that saves most comes first; each is counted again when its turn comes.
    """
    classes: list[Numbers] = []
    for unit in units:
        watch.step("the network's own units at a vertex", len(classes), len(units))
        classes.append(numbers_of(unit))
    lines = by_line(left)
    waiting = [(-_best(left, lines, own)[0], k) for k, own in enumerate(classes) if own]
    heapq.heapify(waiting)
    found: list[Unit] = []
    while waiting:
        _, k = heapq.heappop(waiting)
        saved, weights = _best(left, lines, classes[k])
        if saved <= 0:
            continue
        if waiting and saved < -waiting[0][0]:
            heapq.heappush(waiting, (-saved, k))
            continue
        for flag, value in classes[k].items():
            add_weights(left, flag, weights, -value)
        lines = by_line(left)
        found.append(Unit(weights, units[k].base, units[k].bends))
        heapq.heappush(waiting, (-saved, k))
    return found


def numbers_of(unit: Unit) -> Numbers:
    """The class of relu of a unit in integers, all 0 at one point."""
    bends = [(hinge[:-1], int(c)) for hinge, c in unit.bends]
    return Germ([int(v) for v in unit.base[:-1]], bends).numbers()


def _best(left: Class, lines: ByLine, own: Numbers) -> tuple[int, Weights]:
    """How many planes more than two on lines a class with the best weights saves."""
    tried: Counter[Weights] = Counter()
    for flag, value in own.items():
        if flag in left:
            tried[tuple(w / value for w in left[flag])] += 1
    options = [
        (-planes_after(left, lines, own, weights), weights)
        for weights, _ in tried.most_common(SHALLOW_EFFORT.weights_tried)
    ]
    return max(options, key=lambda option: option[0], default=(0, ()))
