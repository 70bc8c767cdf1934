"""Lines above and below a relu, and what they make of coefficients on activations.

A unit has pre-activation z between proved bounds, lower <= z <= upper, and activation h = relu(z):

    h <= s z + t     for s in [0, 1] and t = max(-s lower, (1 - s) upper)
    h >= a z         for a in [0, 1]

    c > 0:   c h <= c s z + c t          c < 0:   c h <= c a z

Sound because relu is convex, so a line that is no lower at both ends is above it, and because
relu(z) >= z and relu(z) >= 0. A unit with lower >= 0 has h = z, one with upper <= 0 has h = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from rectifold_check.agreed import (
    LOWER_SLOPE_BITS,
    STEEP_LOWER,
    STEEP_UPPER,
    UPPER_SLOPE_BITS,
)

ONE = 1 << UPPER_SLOPE_BITS

Line = tuple[int, int, int]
"""(s, a, t): slopes in units of 2^-UPPER_SLOPE_BITS, t in units of 2^-(bits + UPPER_SLOPE_BITS)."""

Sparse = list[tuple[int, int]]
"""(index of a unit, coefficient) of those whose coefficient is not 0."""


class Bounds(list[tuple[int, int]]):
    """(lower, upper) of the pre-activation of each unit of a layer, in units of 2^-bits."""

    @cached_property
    def lines(self) -> list[Line | None]:
        """The lines of each unit, None for an inactive one; found when they are first asked for."""
        return [line_of(low, high) if high > 0 else None for low, high in self]

    def put(self, unit: int, low: int, high: int) -> None:
        """Replace the bounds of one unit."""
        self[unit] = low, high
        self.forget()

    def forget(self) -> None:
        """Drop what was found from the bounds that are now replaced."""
        self.__dict__.clear()


def line_of(low: int, high: int) -> Line:
    """The lines of relu on [low, high], the lower one with the slope that nobody has to name."""
    if high <= 0:
        return 0, 0, 0
    if low >= 0:
        return ONE, ONE, 0
    slope = (high << UPPER_SLOPE_BITS) // (high - low)
    return (
        slope,
        ONE if STEEP_UPPER * high > -STEEP_LOWER * low else 0,
        max(-slope * low, (ONE - slope) * high),
    )


def relaxed(c: Iterable[int], lines: Sequence[Line | None]) -> tuple[Sparse, int]:
    """Coefficients on z, and a constant, so that sum c h <= sum (coefficient z) + constant.

    `c` are coefficients on the activations of a layer and `lines` its units' lines. The constant is
    in units of 2^-(2 bits + UPPER_SLOPE_BITS), where c is in units of 2^-bits.
    """
    on_z: Sparse = []
    shift = 0
    for j, value in enumerate(c):
        if value and (line := lines[j]) is not None:
            if value > 0:
                shift += value * line[2]
                on_z.append((j, value * line[0] >> UPPER_SLOPE_BITS))
            elif line[1]:
                on_z.append((j, value))
    return on_z, shift


def relaxed_in_case(
    c: Iterable[int],
    lines: Sequence[Line | None],
    slopes: Mapping[int, int],
    fixed: Mapping[int, tuple[int, int]],
) -> tuple[Sparse, int]:
    """The same where units have lower slopes of their own, or a phase that is given.

    `slopes` has the lower slope of some units, in units of 2^-LOWER_SLOPE_BITS. `fixed` has the
    phase, 1 (z >= 0, so h = z) or -1 (z <= 0, so h = 0), of others, and a number of the phase's
    sign, or 0: that many times z is at least 0, and is added.
    """
    on_z: Sparse = []
    shift = 0
    for j, value in enumerate(c):
        if j in fixed:
            phase, pushed = fixed[j]
            total = (value if phase > 0 else 0) + pushed
            if total:
                on_z.append((j, total))
        elif value and (line := lines[j]) is not None:
            if value > 0:
                shift += value * line[2]
                on_z.append((j, value * line[0] >> UPPER_SLOPE_BITS))
            elif j in slopes and line[0] < ONE:
                on_z.append((j, value * slopes[j] >> LOWER_SLOPE_BITS))
            elif line[1]:
                on_z.append((j, value))
    return on_z, shift
