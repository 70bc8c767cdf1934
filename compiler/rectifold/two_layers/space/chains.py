"""Three units in a chain as units of a second layer.

Derivation: docs/mathematics.md#chains-of-three-units.

    T3 = relu(z + a relu(u) + b relu(w + c relu(u)))

is, up to hinges, affine maps and units with one bend, a sum of units with two bends. With B = |b|, s = sgn b, C' = B c:

    relu(B w + C' relu(u)) = C − e relu(u),   C' ≥ 0: C = max(0, B w, B w + C' u), e = 0;   C' < 0: C = max(0, B w, |C'| u), e = |C'|,

so T3 = relu(y), y = z + k relu(u) + s C, k = a − s e, and

    s = +, k ≥ 0: T3 = max(0, z + C + k relu(u))
    s = +, k < 0: T3 = max(|k| relu(u), z + C) − |k| relu(u)
    s = −, k ≥ 0: T3 = max(C, z + k relu(u)) − C
    s = −, k < 0: T3 = max(C + |k| relu(u), z) − C − |k| relu(u).

Each maximum is over an apex and a planar quadrilateral or triangle of affine functions; triangulated, it is a sum of maxima of four minus
maxima of three, and

    max(A, B, C, D) = max(A, B) + relu(C − A + relu(D − C) − relu(B − A)).

Only those units are returned: everything else has its bends on whole planes and lines, where the later steps find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.two_layers.form import AffineForm, combined

Simplex = tuple[AffineForm, AffineForm, AffineForm, AffineForm]  # their maximum
Bent = tuple[AffineForm, list[tuple[Fraction, AffineForm]]]  # relu(base + Σ c relu(form))


def three_chain(
    u: AffineForm, w: AffineForm, z: AffineForm, a: Fraction, b: Fraction, c: Fraction
) -> list[list[Simplex]]:
    """Maxima of four whose sum has the vertex of relu(z + a relu(u) + b relu(w + c relu(u))), b ≠ 0: one list per triangulation."""
    sign = 1 if b > 0 else -1
    zero: AffineForm = (Fraction(0),) * len(u)
    scaled = combined((abs(b), w))
    slope = abs(b) * c
    if slope >= 0:
        triangle, extra = (zero, scaled, combined((1, scaled), (slope, u))), Fraction(0)
        apex, edge = triangle[0], (triangle[1], triangle[2])
    else:
        triangle, extra = (zero, scaled, combined((-slope, u))), -slope
        apex, edge = triangle[1], (triangle[0], triangle[2])
    k = a - sign * extra
    step = combined((abs(k), u))
    if sign > 0 and k >= 0:
        lifted = [combined((1, z), (1, v)) for v in (apex, *edge)]
        return _pyramid(zero, _widened(lifted, step))
    if sign > 0:
        lifted = [combined((1, z), (1, v)) for v in (apex, *edge)]
        return _pyramid(lifted[0], [zero, step, lifted[2], lifted[1]])
    if k >= 0:
        return _pyramid(apex, [z, combined((1, z), (1, step)), edge[1], edge[0]])
    return _pyramid(z, _widened([apex, *edge], step))


def _widened(triangle: Sequence[AffineForm], step: AffineForm) -> list[AffineForm]:
    """Corners, in order, of a triangle plus the segment [0, step], where triangle[1] → triangle[2] is a positive multiple of step's form.

    Its edge grows by the step, and so does its apex: a trapezoid (a triangle if the step is 0).
    """
    apex, near, far = triangle
    moved = combined((1, apex), (1, step))
    corners = [apex, moved, combined((1, far), (1, step)), near]
    return corners


def _pyramid(apex: AffineForm, base: Sequence[AffineForm]) -> list[list[Simplex]]:
    """max(apex, base…) as maxima of four, for every fan triangulation of the base (a triangle or a quadrilateral)."""
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
                (Fraction(1), combined((1, top), (-1, high))),
                (Fraction(-1), combined((1, other), (-1, low))),
            ]
            yield combined((1, high), (-1, low)), bends
