"""Points of flats lie on nothing that the flat does not lie on."""

from __future__ import annotations

from fractions import Fraction

from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.two_layers.classes.vectors import dot
from rectifold.two_layers.form import Unit
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.samples import Samples
from rectifold.two_layers.hyper.units import Placed
from support import net

NETWORK = """
    network n
    input x[4] in [-1, 1]
    output relu(x[0])
"""


def test_a_point_of_a_flat_is_not_where_a_unit_crosses_it() -> None:
    """A unit that is 0 at the first point that is drawn, but not around it on the flat."""
    network = net(NETWORK)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    cells = Cells(enumeration.restriction, list(enumeration.regions()))
    (wall,) = cells.walls.values()
    flat = Flat.through(cells.points[wall.face[0]], cells.basis(wall.face))
    first = Samples(cells).on_flat(flat, wall.face, None, [])
    base = (0, first[-1], 0, 0, -first[1])
    along = (1, 0, 0, 0, 0)

    def unit(form: tuple[int, ...]) -> Placed:
        return Placed(Unit((Fraction(1),), tuple(map(Fraction, form)), ()), first)

    assert dot(base, first) == 0
    assert Samples(cells).on_flat(flat, wall.face, None, [unit(along)]) == first
    other = Samples(cells).on_flat(flat, wall.face, None, [unit(base)])
    assert dot(base, other) != 0
    assert dot(wall.hinge, other) == 0
