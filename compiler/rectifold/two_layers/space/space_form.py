"""Three inputs: an exact network with two hidden layers for any depth.

Derivation: docs/mathematics.md#three-inputs.

    all regions → units at corners → units along lines → one hinge per plane → the affine map left

Each step asserts exactly what it needs of the one before; where it does not hold, the place is
named. Nothing is perturbed.
"""

from __future__ import annotations

from collections.abc import Sequence

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import TwoLayers
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.space.corners import Corners
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.lines import SpaceLines
from rectifold.two_layers.space.planes import Planes
from rectifold.two_layers.values import require_values


def space_form(
    restriction: Restriction,
    regions: Sequence[Region],
    watch: Watch = NO_WATCH,
    *,
    merge: bool = True,
) -> TwoLayers:
    """The exact form of three free inputs, given all regions.

    Without `merge`, every corner gets its own unit. Raises NotGenericError, and Unfinished at the
    deadline of the watch.
    """
    faces = Faces(restriction, regions)
    lines, planes = SpaceLines(faces), Planes(faces)
    corners = Corners(faces, lines.seams, watch)
    units = corners.units(merge=merge)
    units += lines.units(units, corners.cones, watch)
    hinges = planes.hinges(units, corners.cones)
    rest = planes.affine_rest(units, hinges)
    form = TwoLayers(restriction, rest, hinges, tuple(units))
    require_values(restriction, form, regions, watch)
    return form
