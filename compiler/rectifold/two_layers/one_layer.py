"""Any number of inputs: one hidden layer, where it is enough.

Derivation: docs/mathematics.md#one-hidden-layer.

    all regions → candidates L for f = affine + Σ γ_L relu(L) → γ_L from two regions on its sides

Candidates are the hyperplanes between regions that cut no region; for regions without vertices,
those of the first layer, whose phases tell on which side a region lies. Sound because the sum is
compared with the map of every region in the end: there each relu(L) is L or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import primitive
from rectifold.linear_regions.region import AnyRegion, Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import (
    AffineForm,
    Hinge,
    TwoLayers,
    Weights,
    factor_of,
    weighted_sum,
)
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch

Sides = tuple[int, ...]  # of a region: 1 or −1 per hyperplane, 0 where it is cut
Candidates = tuple[list[Hinge], Callable[[AnyRegion], Sides]]  # and the sides of a region


def one_hidden_layer(
    restriction: Restriction, regions: Sequence[AnyRegion], watch: Watch = NO_WATCH
) -> TwoLayers | None:
    """The form with one hidden layer, given all regions. None if none is found.

    Raises Unfinished as the watch does.
    """
    for hyperplanes, sides_of in _candidates(restriction, regions, watch):
        maps = _maps_by_sides(regions, sides_of)
        jumps = None if maps is None else _jumps(maps, hyperplanes)
        if maps is None or jumps is None:
            continue
        affine = _common_rest(maps, hyperplanes, jumps)
        if affine is not None:
            hinges = {hyperplanes[k]: weights for k, weights in jumps.items() if any(weights)}
            return TwoLayers(restriction, affine, hinges)
    return None


def _candidates(
    restriction: Restriction, regions: Sequence[AnyRegion], watch: Watch
) -> Iterator[Candidates]:
    """Hyperplanes to try: those of the first layer; then all that cut no region."""
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
    walls = sorted(_walls_of(regions, watch))
    known = [region for region in regions if isinstance(region, Region)]
    vertices = sum(len(region.vertices) for region in known)
    if len(known) < len(regions) or len(walls) * vertices > SHALLOW_EFFORT.most_signs:
        return
    sides = {}
    for done, region in enumerate(known):
        watch.step("sides of regions", done, len(known))
        sides[id(region)] = _sides(region, walls)
    whole = [k for k in range(len(walls)) if all(signs[k] for signs in sides.values())]
    yield [walls[k] for k in whole], lambda region: tuple(sides[id(region)][k] for k in whole)


def _walls_of(regions: Sequence[AnyRegion], watch: Watch) -> set[Hinge]:
    """The hyperplanes on which regions end."""
    walls: set[Hinge] = set()
    for done, region in enumerate(regions):
        watch.step("walls of regions", done, len(regions))
        walls.update(wall for wall, _ in region.walls)
    return walls


def _first_layer(restriction: Restriction) -> dict[Hinge, tuple[int, int]]:
    """Hyperplanes of the first layer → (a unit, the sign of its form over the hyperplane's)."""
    layer = restriction.network.layers[0]
    if not layer.is_relu:
        return {}
    units: dict[Hinge, tuple[int, int]] = {}
    forms, _ = restriction.layer_forms(restriction.input_forms(), layer)
    for unit, form in enumerate(forms):
        if any(form[:-1]):
            own = primitive(form)
            sign = 1 if next(v for v in own if v) > 0 else -1
            units.setdefault(tuple(sign * v for v in own), (unit, sign))
    return units


def _sides(region: Region, walls: Sequence[Hinge]) -> Sides:
    """On which side of each hyperplane a region lies, 0 where it is cut."""
    sides = []
    for wall in walls:
        values = [
            sum(a * x for a, x in zip(wall, v, strict=True)) for v in region.polytope.vertices
        ]
        sides.append(1 if min(values) >= 0 else -1 if max(values) <= 0 else 0)
    return tuple(sides)


Maps = dict[Sides, tuple[AffineForm, ...]]


def _maps_by_sides(
    regions: Sequence[AnyRegion], sides_of: Callable[[AnyRegion], Sides]
) -> Maps | None:
    """The affine map on each combination of sides; None if one has two maps."""
    maps: Maps = {}
    for region in regions:
        if maps.setdefault(sides_of(region), region.affine) != region.affine:
            return None
    return maps


def _jumps(maps: Maps, hyperplanes: Sequence[Hinge]) -> dict[int, Weights] | None:
    """γ of hyperplanes, by number, where two regions differ in the side of that one alone.

    None if their maps do not differ by a multiple of it.
    """
    jumps: dict[int, Weights] = {}
    for sides, low in maps.items():
        for k in range(len(hyperplanes)):
            if k in jumps or sides[k] > 0:
                continue
            high = maps.get((*sides[:k], 1, *sides[k + 1 :]))
            if high is not None:
                factors = [
                    factor_of(weighted_sum((1, a), (-1, b)), hyperplanes[k])
                    for a, b in zip(high, low, strict=True)
                ]
                if any(f is None for f in factors):
                    return None
                jumps[k] = tuple(f for f in factors if f is not None)
    return jumps


def _common_rest(
    maps: Maps, hyperplanes: Sequence[Hinge], jumps: dict[int, Weights]
) -> tuple[AffineForm, ...] | None:
    """What is left of f without its hinges; None if that is not one affine map on all regions."""
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
    return start
