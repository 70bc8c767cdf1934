"""Affine forms of which a maximum is made: sums of sets of them, and those that are needed.

    {x, y} + {0, z}      →      x, y, x + z, y + z

A form is not needed where another one is at least as large on the whole domain's box, or where it
is a mean of two others. Sound because either leaves the maximum as it is on the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm

from rectifold.linear_regions.polytope import primitive
from rectifold.two_layers.classes.vectors import minus
from rectifold.two_layers.form import AffineForm, Hinge, weighted_sum

Ends = Sequence[tuple[Fraction, Fraction]]  # of the box, per free input


def range_of(form: Sequence[Fraction | int], ends: Ends) -> tuple[Fraction, Fraction]:
    """The range of a form on a box."""
    low = high = Fraction(form[-1])
    for a, (least, most) in zip(form, ends, strict=False):
        if a:
            low += a * (least if a > 0 else most)
            high += a * (most if a > 0 else least)
    return low, high


def sums_of(sets: Iterable[Sequence[AffineForm]], most: int) -> list[AffineForm] | None:
    """All sums of one form of each set, each once; None where they are more than `most`."""
    total: list[AffineForm] | None = None
    for forms in sorted(sets, key=len):
        if total is None:
            total = list(dict.fromkeys(forms))
        else:
            total = list(dict.fromkeys(weighted_sum((1, a), (1, b)) for a in total for b in forms))
        if len(total) > most:
            return None
    return total


def needed(forms: Sequence[AffineForm], ends: Ends) -> list[AffineForm]:
    """The forms without which the maximum of all would be another one on the box, in order."""
    points, _ = whole(forms)
    sides, den = whole([tuple(end for pair in ends for end in pair)])
    kept = [
        form
        for form, own in zip(forms, points, strict=True)
        if not any(
            other is not own and _least(minus(other, own), sides[0], den) >= 0 for other in points
        )
    ]
    return _extreme(kept)


def _least(form: Hinge, sides: Hinge, den: int) -> int:
    """What an integer form is at least on a box with ends sides / den, times den."""
    total = form[-1] * den
    for k, a in enumerate(form[:-1]):
        if a:
            total += a * sides[2 * k + (a < 0)]
    return total


def _extreme(forms: list[AffineForm]) -> list[AffineForm]:
    """Without those between two others, as points: seen from them two lie in opposite directions.

    No corner of the hull is left out, and the rest is in the hull of the corners.
    """
    points, _ = whole(forms)
    kept = []
    for form, own in zip(forms, points, strict=True):
        seen = {primitive(minus(other, own)) for other in points if other is not own}
        if not any(tuple(-v for v in direction) in seen for direction in seen):
            kept.append(form)
    return kept


def whole(forms: Sequence[AffineForm]) -> tuple[list[Hinge], int]:
    """The forms times a positive denominator, in integers, and that."""
    den = lcm(*(v.denominator for form in forms for v in form))
    return [tuple(int(v * den) for v in form) for form in forms], den


def normal(forms: Sequence[AffineForm]) -> tuple[tuple[Hinge, ...], AffineForm, Fraction]:
    """(corners, base, scale): max(forms) = base + scale · max(corners), scale > 0.

    Corners are integers in order, the first one is 0; equal up to scale and base is equal corners.
    Two forms at least, no two equal.
    """
    points, den = whole(forms)
    first = min(points)
    moved = sorted(minus(point, first) for point in points)
    common = gcd(*(v for point in moved for v in point))
    corners = tuple(tuple(v // common for v in point) for point in moved)
    return corners, tuple(Fraction(v, den) for v in first), Fraction(common, den)
