"""Any number of inputs: one hidden layer, where it is enough.

If f = affine + Σ γ_L relu(L), its jump across every hyperplane L is γ_L wherever it is crossed. Candidates are the hyperplanes between regions that cut no region
(for regions without vertices: those of the first layer, whose phases tell on which side a region lies). Two regions on different sides of one candidate only give its
γ. Then the sum is compared with the map of every region, exactly: on each of them every relu(L) is L or 0, so equality there is equality on the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from rectifold.linear_regions.polytope import primitive
from rectifold.linear_regions.region import AnyRegion, Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, Hinge, TwoLayers, Weights, combined, multiple

_MOST_SIGNS = 3_000_000  # of hyperplanes at vertices; beyond that only the first layer's hyperplanes are tried

Sides = tuple[int, ...]  # of a region, one sign per hyperplane


def one_hidden_layer(restriction: Restriction, regions: Sequence[AnyRegion]) -> TwoLayers | None:
    """`regions` is the complete list. None if one hidden layer is not found to be enough."""
    for hyperplanes, sides_of in _candidates(restriction, regions):
        found = _fitted(restriction, regions, hyperplanes, sides_of)
        if found is not None:
            return found
    return None


def _candidates(restriction: Restriction, regions: Sequence[AnyRegion]) -> Any:
    """(hyperplanes, side of a region) to try."""
    first = _first_layer(restriction)
    if first:
        name = restriction.network.layers[0].name
        hyperplanes = sorted(first)

        def by_phase(region: AnyRegion) -> Sides:
            return tuple(
                sign if region.phases[name][unit] else -sign
                for unit, sign in map(first.__getitem__, hyperplanes)
            )

        yield hyperplanes, by_phase
    walls = sorted({wall for region in regions for wall, _ in region.walls})
    vertices = sum(len(region.vertices or ()) for region in regions)
    if (
        not all(isinstance(region, Region) for region in regions)
        or len(walls) * vertices > _MOST_SIGNS
    ):
        return
    known: dict[int, Sides] = {
        id(region): _sides(region, walls) for region in regions if isinstance(region, Region)
    }
    whole = [k for k in range(len(walls)) if all(sides[k] for sides in known.values())]
    yield [walls[k] for k in whole], lambda region: tuple(known[id(region)][k] for k in whole)


def _first_layer(restriction: Restriction) -> dict[Hinge, tuple[int, int]]:
    """Hyperplanes of the first layer → (a unit, the sign of its form over the hyperplane's)."""
    layer = restriction.network.layers[0]
    if not layer.is_relu:
        return {}
    found: dict[Hinge, tuple[int, int]] = {}
    forms, _ = restriction.layer_forms(restriction.input_forms(), layer)
    for unit, form in enumerate(forms):
        if any(form[:-1]):
            own = primitive(form)
            sign = 1 if next(v for v in own if v) > 0 else -1
            found.setdefault(tuple(sign * v for v in own), (unit, sign))
    return found


def _sides(region: Region, walls: Sequence[Hinge]) -> Sides:
    """On which side of each hyperplane a region lies, 0 where it is cut."""
    sides = []
    for wall in walls:
        values = [
            sum(a * x for a, x in zip(wall, v, strict=True)) for v in region.polytope.vertices
        ]
        sides.append(1 if min(values) >= 0 else -1 if max(values) <= 0 else 0)
    return tuple(sides)


def _fitted(
    restriction: Restriction,
    regions: Sequence[AnyRegion],
    hyperplanes: Sequence[Hinge],
    sides_of: Callable[[AnyRegion], Sides],
) -> TwoLayers | None:
    maps: dict[Sides, tuple[AffineForm, ...]] = {}
    for region in regions:
        if maps.setdefault(sides_of(region), region.affine) != region.affine:
            return None
    jumps: dict[int, Weights] = {}
    for sides, low in maps.items():
        for k in range(len(hyperplanes)):
            if k in jumps or sides[k] > 0:
                continue
            high = maps.get((*sides[:k], 1, *sides[k + 1 :]))
            if high is not None:
                factors = [
                    multiple(combined((1, a), (-1, b)), hyperplanes[k])
                    for a, b in zip(high, low, strict=True)
                ]
                if any(f is None for f in factors):
                    return None
                jumps[k] = tuple(f for f in factors if f is not None)
    hinges = {hyperplanes[k]: weights for k, weights in jumps.items() if any(weights)}
    used = [k for k in sorted(jumps) if any(jumps[k])]
    start: tuple[AffineForm, ...] | None = None
    for sides, affine in maps.items():
        rest = [list(form) for form in affine]
        for k in used:
            if sides[k] > 0:
                for o, weight in enumerate(jumps[k]):
                    rest[o] = [r - weight * v for r, v in zip(rest[o], hyperplanes[k], strict=True)]
        own = tuple(tuple(Fraction(v) for v in form) for form in rest)
        if start is None:
            start = own
        elif own != start:
            return None
    if start is None:
        return None
    return TwoLayers(restriction.network, restriction.domain, restriction.free, start, hinges)
