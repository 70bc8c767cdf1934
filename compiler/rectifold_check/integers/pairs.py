"""Planes above and below the difference of two relus that are close to each other.

Two layers of one size are a pair: unit j of the first has pre-activation x and activation
a = relu(x), unit j of the second y and b = relu(y), and d = x - y has bounds of its own. Then

    a - b <= relu(d) <= s d + t          s, t: the upper line of relu on the bounds of d
    a - b >= -relu(-d) >= s' d - t'      s', t': the same on the bounds of -d

beside what the lines of a and of b say. Coefficients c on a and k on b of opposite signs have the
common part E, and c a + k b = E (a - b) + (c - E) a + (k + E) b.

Sound because relu is subadditive: relu(x) = relu(y + d) <= relu(y) + relu(d).
"""

from __future__ import annotations

from rectifold_check.agreed import PLANE_GAIN, UPPER_SLOPE_BITS
from rectifold_check.integers.relaxation import Bounds, Line, Sparse, line_of

Plane = tuple[int, int, int]
"""(p, q, constant) of p x + q y + constant, in the units of a Line."""

Planes = tuple[Line, Line, Plane, Plane]
"""The lines of x, the lines of y, a plane above relu(x) - relu(y) and one below."""


class Differences(Bounds):
    """Bounds of x - y for the units of a pair of layers."""

    def planes(self, xs: Bounds, ys: Bounds) -> list[Planes]:
        """Of every unit. Remembered for the same two layers' bounds."""
        known = self.__dict__.get("known")
        if known is None or known[0] is not xs or known[1] is not ys:
            known = self.__dict__["known"] = xs, ys, _planes(xs, ys, self)
        planes: list[Planes] = known[2]
        return planes


def _planes(xs: Bounds, ys: Bounds, differences: Differences) -> list[Planes]:
    table = []
    for a, b, d in zip(xs, ys, differences, strict=True):
        x, y = line_of(*a), line_of(*b)
        above, below = (x[0], -y[1], x[2]), (x[1], -y[0], -y[2])
        if a[0] < 0 < a[1] or b[0] < 0 < b[1]:
            centre = _twice_centre(a, b, d)
            above = _better(1, above, line_of(*d), centre, d)
            below = _better(-1, below, line_of(-d[1], -d[0]), centre, d)
        table.append((x, y, above, below))
    return table


def _twice_centre(
    a: tuple[int, int], b: tuple[int, int], d: tuple[int, int]
) -> tuple[int, int, int]:
    """Twice the middles of x, y and d; that of a stable unit follows from the other two."""
    twice_x, twice_y, twice_d = sum(a), sum(b), sum(d)
    if not a[0] < 0 < a[1]:
        twice_x = twice_y + twice_d
    elif not b[0] < 0 < b[1]:
        twice_y = twice_x - twice_d
    return twice_x, twice_y, twice_d


def _better(
    sign: int, alone: Plane, line: Line, centre: tuple[int, int, int], d: tuple[int, int]
) -> Plane:
    """The plane that the line of d gives, where it is clearly better at the centre, else `alone`.

    `sign` is 1 for planes above and -1 for planes below. Any choice is sound; this is the one that
    whoever writes certificates expects.
    """
    slope, offset = line[0], sign * line[2]
    twice_x, twice_y, twice_d = centre
    gain = alone[0] * twice_x + alone[1] * twice_y + 2 * alone[2] - (slope * twice_d + 2 * offset)
    if PLANE_GAIN * sign * gain > (2 * (d[1] - d[0]) << UPPER_SLOPE_BITS):
        return slope, -slope, offset
    return alone


def relaxed_pair(cs: list[int], ks: list[int], planes: list[Planes]) -> tuple[Sparse, Sparse, int]:
    """Coefficients on x and on y, and a constant, that are at least sum c a + k b."""
    on_x: Sparse = []
    on_y: Sparse = []
    shift = 0
    for j, (c, k) in enumerate(zip(cs, ks, strict=True)):
        if not c and not k:
            continue
        x, y, above, below = planes[j]
        p = q = common = 0
        if c > 0 > k:
            common = c if c < -k else -k
            slope_x, slope_y, constant = above
        elif c < 0 < k:
            common = c if c > -k else -k
            slope_x, slope_y, constant = below
        if common:
            p, q = common * slope_x, common * slope_y
            shift += common * constant
            c -= common
            k += common
        if c > 0:
            p += c * x[0]
            shift += c * x[2]
        elif c:
            p += c * x[1]
        if k > 0:
            q += k * y[0]
            shift += k * y[2]
        elif k:
            q += k * y[1]
        if p:
            on_x.append((j, p >> UPPER_SLOPE_BITS))
        if q:
            on_y.append((j, q >> UPPER_SLOPE_BITS))
    return on_x, on_y, shift
