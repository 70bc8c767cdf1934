"""Fans that no sheet took: a balanced fan of m lines is m − 2 fans of three lines, one unit each.

Derivation: docs/mathematics.md#two-inputs.

    lines L1, L2 and L3 = a L2 + b L1 through a point      →      m relu(L3 − b relu(L1))

That unit bends on L3 where L1 < 0, on L2 where L1 > 0, and on L1 where L3 > 0, so it takes all of
L3 from the fan. The last three lines balance, because the gradient comes back to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.two_layers.form import Hinge, Unit, Weights
from rectifold.two_layers.plane.jumps import EdgeJumps
from rectifold.two_layers.plane.lines import PlanePoint, ahead, direction


def units_of_fans(jumps: EdgeJumps, points: Sequence[PlanePoint], hinges: set[Hinge]) -> list[Unit]:
    """Units that take the fans at these points; lines that are among `hinges` are pivots first."""
    known = set(hinges)
    return [unit for point in points for unit in _units_at(jumps.fans[point], known)]


def _units_at(weights: dict[Hinge, Weights], hinges: set[Hinge]) -> Iterator[Unit]:
    """Units for one fan. New pivots are added to `hinges`."""
    fan = dict(weights)
    while fan:
        lines = sorted(fan, key=lambda line: (line not in hinges, line))
        if len(lines) < 3:
            raise AssertionError("a fan does not balance")
        pivot, other, gone = lines[:3]
        unit, taken = _three_lines(fan, pivot, other, gone)
        hinges.add(pivot)
        yield unit
        for line, d in taken.items():
            left = tuple(a - b for a, b in zip(fan[line], d, strict=True))
            if any(left):
                fan[line] = left
            else:
                del fan[line]


def _three_lines(
    fan: dict[Hinge, Weights], pivot: Hinge, other: Hinge, gone: Hinge
) -> tuple[Unit, dict[Hinge, Weights]]:
    """The unit that takes all of `gone`, and what it takes of each line.

    gone = scale · other + part · pivot, and the unit is relu(gone − part · relu(pivot)).
    """
    det = other[0] * pivot[1] - other[1] * pivot[0]
    part = Fraction(other[0] * gone[1] - other[1] * gone[0], det)
    scale = Fraction(gone[0] * pivot[1] - gone[1] * pivot[0], det)
    # the unit bends on `gone` where the pivot is negative, on `other` where it is positive
    towards = 1 if ahead(gone, 1, pivot) > 0 else -1
    weights = tuple(-towards * d for d in fan[gone])
    unit = Unit(weights, tuple(Fraction(v) for v in gone), ((pivot, -part),))
    beyond = 1 if ahead(other, 1, pivot) > 0 else -1
    px, py = direction(pivot)
    positive = 1 if gone[0] * px + gone[1] * py > 0 else -1
    taken = {
        gone: fan[gone],
        other: tuple(w * abs(scale) * beyond for w in weights),
        pivot: tuple(w * -part * positive for w in weights),
    }
    return unit, taken
