"""Four inputs: an exact network with two hidden layers for any depth.

Derivation: docs/mathematics.md#four-inputs.

    all regions → units of vertices → of lines → of planes → one hinge per hyperplane → affine map

Each step asserts exactly what the next one needs, and values at points are compared in the end.
Nothing has to be in general position.
"""

from __future__ import annotations

from collections.abc import Sequence

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import TwoLayers
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.corners import Corners
from rectifold.two_layers.hyper.hinges import Hinges
from rectifold.two_layers.hyper.lines import Lines
from rectifold.two_layers.hyper.planes import Planes
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.values import require_values


def hyper_form(
    restriction: Restriction, regions: Sequence[Region], watch: Watch = NO_WATCH
) -> TwoLayers:
    """The exact form of four free inputs, given all regions. Raises Unfinished as the watch does.

    Raises NotGenericError, by its place, if a step finds no units.
    """
    watch.step("the faces of all regions", 0, 1)
    cells = Cells(restriction, regions)
    corners = Corners(cells)
    units = corners.units(watch)
    units += Lines(cells, corners).units(units, watch)
    units += Planes(cells, corners.prices).units(units, watch)
    last = Hinges(cells)
    hinges = last.hinges(units, watch)
    rest = last.affine_rest(units, hinges)
    form = TwoLayers(restriction, rest, hinges, tuple(placed.unit for placed in units))
    require_values(restriction, form, regions, watch)
    return form
