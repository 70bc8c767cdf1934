"""Three inputs: an exact network with two hidden layers for any depth.

Derivation: docs/mathematics.md#three-inputs.

At a generic interior vertex three units are 0, and the function there is an affine map plus

    g1 relu(u) + g2 relu(w + c relu(u)) + g3 relu(z + a relu(u) + b relu(w + c relu(u))).

1. Where b ≠ 0 the last term is a corner (c = 0), or becomes two corners (a 3-chain, chains.py). Sheets of many hinges take many corners at once
   (merging.py); a unit takes each that is left.
2. Along a line where planes meet, the odd class {plane → κ(one side) − κ(other side)} of what is left is then constant. That is
   checked exactly on every line. Each class is taken by units relu(A + c relu(P)), one per extra plane.
3. Now the jump across each plane changes across no line of it, so it is constant: one hinge per plane, read off at one point.
4. No jump is left, so the rest is one affine map.

A vertex or edge where other than generic things happen is refused by its coordinates; nothing is perturbed.
"""

from __future__ import annotations

from collections.abc import Sequence

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import TwoLayers
from rectifold.two_layers.space.corners import Corners
from rectifold.two_layers.space.lines import SpaceLines
from rectifold.two_layers.space.places import Places
from rectifold.two_layers.space.planes import Planes


def in_space(
    restriction: Restriction, regions: Sequence[Region], *, merge: bool = True
) -> TwoLayers:
    """The exact two-layer form on `regions` of three free inputs, all of them.

    Without `merge`, every corner gets its own unit. Raises NotGenericError.
    """
    places = Places(restriction, regions)
    corners, lines, planes = Corners(places), SpaceLines(places), Planes(places)
    units = corners.units(lines.seams, merge=merge)
    units += lines.units(units)
    hinges = planes.hinges(units)
    rest = planes.affine_rest(units, hinges)
    return TwoLayers(
        restriction.network, restriction.domain, restriction.free, rest, hinges, tuple(units)
    )
