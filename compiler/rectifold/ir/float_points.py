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

from rectifold.effort.search import FloatPointEffort
from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Constraint, Domain

Shows = Callable[[Sequence[Fraction]], bool]
FloatType = type[np.float32] | type[np.float64]
FloatPoint = npt.NDArray[np.floating]


def float_point(
    domain: Domain,
    point: Sequence[Fraction],
    kind: FloatType,
    shows: Shows,
    effort: FloatPointEffort = FloatPointEffort(),
) -> FloatPoint | None:
    """A point of `domain` in numbers of `kind`, near `point`, for which `shows` holds; None if none
    was found.
    """
    if any(first > last for first, last in _float_ranges(domain, kind)):
        return None
    seen: set[tuple[float, ...]] = set()
    for candidate in _points_near(domain, point, kind, effort):
        key = tuple(float(v) for v in candidate)
        if key in seen or len(seen) >= effort.judged or not all(np.isfinite(key)):
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
    domain: Domain, point: Sequence[Fraction], kind: FloatType, effort: FloatPointEffort
) -> Iterator[list[np.floating]]:
    """The nearest point first, then ever more daring ones."""
    ranges = _float_ranges(domain, kind)
    sides = [(_down(v, kind), -_down(-v, kind)) for v in point]
    near = [
        a if v - _exact_value(a) <= _exact_value(b) - v else b
        for v, (a, b) in zip(point, sides, strict=True)
    ]
    yield _clipped(near, ranges)
    for choice in _choices(len(point), effort):
        yield _clipped([side[bit] for side, bit in zip(sides, choice, strict=True)], ranges)
    for bits in effort.grids if _equations(domain) else ():
        yield _clipped(_along_equations(domain, point, kind, bits), ranges)
    for distance in effort.distances:
        yield _clipped(_moved(near, _inward(domain, point), distance, kind), ranges)
        for choice in _choices(len(point), effort):
            yield _clipped(_moved(near, [2 * bit - 1 for bit in choice], distance, kind), ranges)


def _exact_value(value: np.floating) -> Fraction:
    """Its value; a number far beyond for what is infinite."""
    return Fraction(float(np.nan_to_num(np.float64(value)))) * (1 if np.isfinite(value) else 4)


def _choices(size: int, effort: FloatPointEffort) -> Iterator[tuple[int, ...]]:
    if size <= effort.corners:
        yield from product((0, 1), repeat=size)
        return
    random = Random(size)
    for _ in range(effort.direction_tries):
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
    domain: Domain, point: Sequence[Fraction], kind: FloatType, bits: int
) -> list[np.floating]:
    """A point of so many fractional bits that keeps the domain's equations, as far as each has a
    coordinate to solve it for.
    """
    grid = [Fraction(round(v * 2**bits), 2**bits) for v in point]
    for row in _equations(domain):
        k = max(j for j, c in enumerate(row.coefficients) if c)
        products = (
            c * x for j, (c, x) in enumerate(zip(row.coefficients, grid, strict=True)) if j != k
        )
        grid[k] = (row.bound - sum(products, Fraction(0))) / row.coefficients[k]
    return [_down(v, kind) for v in grid]


def _equations(domain: Domain) -> list[Constraint]:
    """Rows that stand with both signs."""
    opposite = {(tuple(-c for c in row.coefficients), -row.bound) for row in domain.constraints}
    return [
        row
        for row in domain.constraints
        if (row.coefficients, row.bound) in opposite and any(row.coefficients)
    ]
