"""Equality of two networks by regions: on every cell of the common partition both are affine, and the maps are compared exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold.ir.domain import Domain
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import Enumeration, Region


@dataclass(frozen=True)
class ByRegions:
    """`regions` cells were compared, and they are all of them if `complete`; `point` is where the networks differ most there."""

    regions: int
    complete: bool
    point: tuple[Fraction, ...] | None = None
    largest: Fraction = Fraction(0)


def compare_by_regions(
    a: Network, b: Network, domain: Domain, *, within: Fraction = Fraction(0), seconds: float | None = None
) -> ByRegions:
    """Compare a and b on a bounded domain with at most five free inputs; stops at the first point with a difference above `within`.

    Raises InputError as `Enumeration` does.
    """
    enumeration = Enumeration(difference(a, b), domain)
    largest = Fraction(0)
    for region in enumeration.regions(seconds=seconds):
        value, corner = _extreme(region)
        largest = max(largest, value)
        if value > within:
            return ByRegions(enumeration.progress.count, False, _whole(corner, domain, enumeration.free), value)
    return ByRegions(enumeration.progress.count, enumeration.progress.complete, None, largest)


def _extreme(region: Region) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The largest |output| on a region, which is at a vertex, and that vertex."""
    if not any(any(form) for form in region.forms):
        return Fraction(0), ()
    best, where = Fraction(-1), region.polytope.vertices[0]
    for vertex in region.polytope.vertices:
        for form in region.forms:
            value = Fraction(abs(sum(f * x for f, x in zip(form, vertex, strict=True))), region.den * vertex[-1])
            if value > best:
                best, where = value, vertex
    return best, tuple(Fraction(x, where[-1]) for x in where[:-1])


def _whole(corner: tuple[Fraction, ...], domain: Domain, free: list[int]) -> tuple[Fraction, ...]:
    point = [domain.fixed.get(k, Fraction(0)) for k in range(domain.size)]
    for k, value in zip(free, corner, strict=True):
        point[k] = value
    return tuple(point)
