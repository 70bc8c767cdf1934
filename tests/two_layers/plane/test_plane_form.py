"""Two inputs: a whole sheet is one unit."""

from __future__ import annotations

from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.two_layers.plane.plane_form import plane_form, sheet_segments
from support import net


def test_a_whole_sheet_is_one_unit() -> None:
    # the second-layer unit bends at three lines; its zero set is one sheet that a single unit
    # reproduces
    network = net(
        """
        network sheet
        input x[2] in [-1, 1]
        h = relu([x[0] + 1/2, x[0], x[0] - 1/2])
        k = relu(x[1] + h[0]/4 - h[1]/2 + h[2]/3 - 1/10)
        y = k - x[1] + h[0] + 2*h[1] - h[2]
        output y
        """
    )
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    form = plane_form(enumeration.restriction, regions)
    assert [len(unit.bends) for unit in form.units] == [3]
    (sheet,) = sheet_segments(enumeration.restriction, regions)
    assert len(sheet) == 4
