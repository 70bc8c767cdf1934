"""Three units in a chain as units of a second layer.

Derivation: docs/mathematics.md#chains-of-three-units.

    relu(z + a relu(u) + b relu(w + c relu(u)))    →    units with two bends, others with one

A chain is, up to hinges, affine maps and units with one bend, a sum of maxima of four affine forms;
max(A, B, C, D) = max(A, B) + relu(C − A + relu(D − C) − relu(B − A)) makes each of them a unit with
two bends. Only those units are returned: everything else bends on whole planes and lines, where the
later steps find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.two_layers.form import AffineForm, weighted_sum

Simplex = tuple[AffineForm, AffineForm, AffineForm, AffineForm]  # their maximum
Bent = tuple[AffineForm, list[tuple[Fraction, AffineForm]]]
"""(base, pairs (c, form)), for relu(base + Σ c relu(form))."""


def three_chain(
    u: AffineForm, w: AffineForm, z: AffineForm, a: Fraction, b: Fraction, c: Fraction
) -> list[list[Simplex]]:
    """Maxima of four whose sum has the vertex of relu(z + a relu(u) + b relu(w + c relu(u))).

    One list per triangulation. b is not 0.
    """
    sign = 1 if b > 0 else -1
    zero: AffineForm = (Fraction(0),) * len(u)
    scaled = weighted_sum((abs(b), w))
    slope = abs(b) * c
    if slope >= 0:
        triangle, extra = (zero, scaled, weighted_sum((1, scaled), (slope, u))), Fraction(0)
        apex, edge = triangle[0], (triangle[1], triangle[2])
    else:
        triangle, extra = (zero, scaled, weighted_sum((-slope, u))), -slope
        apex, edge = triangle[1], (triangle[0], triangle[2])
    k = a - sign * extra
    step = weighted_sum((abs(k), u))
    if sign > 0 and k >= 0:
        lifted = [weighted_sum((1, z), (1, v)) for v in (apex, *edge)]
        return _pyramid(zero, _widened(lifted, step))
    if sign > 0:
        lifted = [weighted_sum((1, z), (1, v)) for v in (apex, *edge)]
        return _pyramid(lifted[0], [zero, step, lifted[2], lifted[1]])
    if k >= 0:
        return _pyramid(apex, [z, weighted_sum((1, z), (1, step)), edge[1], edge[0]])
    return _pyramid(z, _widened([apex, *edge], step))


def _widened(triangle: Sequence[AffineForm], step: AffineForm) -> list[AffineForm]:
    """Corners, in order, of a triangle plus the segment [0, step].

    From the triangle's second corner to its third is a positive multiple of the step. That edge
    grows by the step, and so does the apex: a trapezoid (a triangle if the step is 0).
    """
    apex, near, far = triangle
    moved = weighted_sum((1, apex), (1, step))
    corners = [apex, moved, weighted_sum((1, far), (1, step)), near]
    return corners


def _pyramid(apex: AffineForm, base: Sequence[AffineForm]) -> list[list[Simplex]]:
    """max(apex, base…) as maxima of four, for every fan triangulation of the base.

    The base is a triangle or a quadrilateral, its corners in order.
    """
    corners = [corner for i, corner in enumerate(base) if corner != base[i - 1]]
    fans = []
    for start in range(len(corners) - 2):
        turned = corners[start:] + corners[:start]
        fans.append(
            [(apex, turned[0], turned[i], turned[i + 1]) for i in range(1, len(turned) - 1)]
        )
    return fans


def pairings(simplex: Simplex) -> Iterator[Bent]:
    """max(C, D) − max(A, B) inside a relu, for every way to pair the four."""
    for first, second in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        for (a, b), (c, d) in ((first, second), (second, first)):
            low, other, high, top = (simplex[k] for k in (a, b, c, d))
            bends = [
                (Fraction(1), weighted_sum((1, top), (-1, high))),
                (Fraction(-1), weighted_sum((1, other), (-1, low))),
            ]
            yield weighted_sum((1, high), (-1, low)), bends
