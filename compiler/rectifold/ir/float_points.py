"""A point for other programs: in their floats, inside the domain, where what it is to show still
holds, exactly.

    x = 1/3 in [1/3, 1]   →   0.3333333333333333 is outside; 0.33333333333333337 is inside

Rounding a point may leave the domain or undo what it shows. So candidates near it are tried (each
coordinate rounded up and down, a few units in the last place further, along equations of the
domain), and each is judged exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import numpy.typing as npt

from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Constraint, Domain

Shows = Callable[[Sequence[Fraction]], bool]
FloatType = type[np.float32] | type[np.float64]
FloatPoint = npt.NDArray[np.floating]

_CORNERS = 6  # coordinates up to which every choice of rounding up or down is tried
_DIRECTION_TRIES = 48  # random choices of directions, for each distance
_DISTANCES = (0, 1, 4, 16, 256, 2**14)  # in units in the last place
_GRIDS = (0, 8, 16, 24, 40)  # fractional bits of coordinates that equations are solved with
_MOST_SHOWN = 64  # candidates inside the domain that are judged: each is an exact evaluation


def float_point(
    domain: Domain, point: Sequence[Fraction], kind: FloatType, shows: Shows
) -> FloatPoint | None:
    """A point of `domain` in numbers of `kind`, near `point`, for which `shows` holds; None if none
    was found.
    """
    if any(first > last for first, last in _float_ranges(domain, kind)):
        return None
    seen: set[tuple[float, ...]] = set()
    for candidate in _points_near(domain, point, kind):
        key = tuple(float(v) for v in candidate)
        if key in seen or len(seen) >= _MOST_SHOWN or not all(np.isfinite(key)):
            continue
        exact = [Fraction(v) for v in key]
        if not domain.contains(exact):
            continue
        seen.add(key)
        if shows(exact):
            return np.array(candidate, dtype=kind)
    return None


def input_without_floats(domain: Domain, kind: FloatType) -> int | None:
    """The first input whose range holds no number of `kind`: then no point of the domain has such
    coordinates.
    """
    return next(
        (k for k, (first, last) in enumerate(_float_ranges(domain, kind)) if first > last), None
    )


def _float_ranges(domain: Domain, kind: FloatType) -> list[tuple[np.floating, np.floating]]:
    """Per input the first and the last finite number of `kind` in its range."""
    most = kind(np.finfo(kind).max)
    return [
        (
            -most if low is None else -_down(-low, kind),
            most if high is None else _down(high, kind),
        )
        for low, high in zip(domain.lower, domain.upper, strict=True)
    ]


def _down(value: Fraction, kind: FloatType) -> np.floating:
    """The largest number of `kind` that is not above `value` (-inf below the range)."""
    with np.errstate(over="ignore"):
        near = kind(nearest_float(value))
    if near == np.inf:
        near = kind(np.finfo(kind).max)
    while np.isfinite(near) and Fraction(float(near)) > value:
        near = np.nextafter(near, kind(-np.inf))
    return near


def _points_near(
    domain: Domain, point: Sequence[Fraction], kind: FloatType
) -> Iterator[list[np.floating]]:
    """The nearest point first, then ever more daring ones."""
    ranges = _float_ranges(domain, kind)
    sides = [(_down(v, kind), -_down(-v, kind)) for v in point]
    near = [
        a if v - _exact_value(a) <= _exact_value(b) - v else b
        for v, (a, b) in zip(point, sides, strict=True)
    ]
    yield _clipped(near, ranges)
    for choice in _choices(len(point)):
        yield _clipped([side[bit] for side, bit in zip(sides, choice, strict=True)], ranges)
    yield from _along_equations(domain, point, kind, ranges)
    for distance in _DISTANCES[1:]:
        yield _clipped(_moved(near, _inward(domain, point), distance, kind), ranges)
        for choice in _choices(len(point)):
            yield _clipped(_moved(near, [2 * bit - 1 for bit in choice], distance, kind), ranges)


def _exact_value(value: np.floating) -> Fraction:
    """Its value; a number far beyond for what is infinite."""
    return Fraction(float(np.nan_to_num(np.float64(value)))) * (1 if np.isfinite(value) else 4)


def _choices(size: int) -> Iterator[tuple[int, ...]]:
    if size <= _CORNERS:
        yield from product((0, 1), repeat=size)
        return
    random = Random(size)
    for _ in range(_DIRECTION_TRIES):
        yield tuple(random.randint(0, 1) for _ in range(size))


def _clipped(
    values: Sequence[np.floating], ranges: Sequence[tuple[np.floating, np.floating]]
) -> list[np.floating]:
    return [min(max(v, first), last) for v, (first, last) in zip(values, ranges, strict=True)]


def _moved(
    near: Sequence[np.floating], signs: Sequence[int], distance: int, kind: FloatType
) -> list[np.floating]:
    with np.errstate(over="ignore"):
        return [
            kind(v + sign * distance * np.spacing(np.abs(v)))
            for v, sign in zip(near, signs, strict=True)
        ]


def _inward(domain: Domain, point: Sequence[Fraction]) -> list[int]:
    """Per input the direction that leads away from the constraints that the point just keeps."""
    pull = [Fraction(0)] * len(point)
    for row in domain.constraints:
        if (
            sum((c * x for c, x in zip(row.coefficients, point, strict=True)), Fraction(0))
            == row.bound
        ):
            pull = [p - c for p, c in zip(pull, row.coefficients, strict=True)]
    return [(p > 0) - (p < 0) for p in pull]


def _along_equations(
    domain: Domain,
    point: Sequence[Fraction],
    kind: FloatType,
    ranges: Sequence[tuple[np.floating, np.floating]],
) -> Iterator[list[np.floating]]:
    """Points of few bits that keep the domain's equations, as far as each has a coordinate to solve
    it for.
    """
    equations = _equations(domain)
    for bits in _GRIDS if equations else ():
        grid = [Fraction(round(v * 2**bits), 2**bits) for v in point]
        for row in equations:
            k = max(j for j, c in enumerate(row.coefficients) if c)
            rest = sum(
                (
                    c * x
                    for j, (c, x) in enumerate(zip(row.coefficients, grid, strict=True))
                    if j != k
                ),
                Fraction(0),
            )
            grid[k] = (row.bound - rest) / row.coefficients[k]
        yield _clipped([_down(v, kind) for v in grid], ranges)


def _equations(domain: Domain) -> list[Constraint]:
    """Rows that stand with both signs."""
    opposite = {(tuple(-c for c in row.coefficients), -row.bound) for row in domain.constraints}
    return [
        row
        for row in domain.constraints
        if (row.coefficients, row.bound) in opposite and any(row.coefficients)
    ]
