"""The set of inputs a statement is about: a box, cut by closed linear constraints.

    in [[0, 1], [-1, 1]]   assume x[0] + 2*x[1] <= 3/2

Every number is exact. An end that is None is infinite. A domain is a closed set; whether it has a
point is asked elsewhere (it needs a solver), only an empty *box* is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.literals import parse_rational
from rectifold.exact.numerals import counted, readable, round_down, round_up
from rectifold.runtime.arrays import as_floats
from rectifold.runtime.caps import CAPS


class DomainError(InputError):
    """A domain that is no domain (a lower end above the upper one, a wrong length). The message
    says where.
    """


@dataclass(frozen=True)
class Constraint:
    """Σ coefficients_k · x_k ≤ bound."""

    coefficients: tuple[Fraction, ...]
    bound: Fraction

    def holds_at(self, point: Sequence[Fraction]) -> bool:
        return (
            sum((c * x for c, x in zip(self.coefficients, point, strict=True) if c), Fraction(0))
            <= self.bound
        )

    def integers(self) -> tuple[list[int], int]:
        """The same constraint in integers: the row times its common denominator.

        >>> Constraint((Fraction(1, 2), Fraction(2)), Fraction(1, 3)).integers()
        ([3, 12], 2)
        """
        numbers = [*self.coefficients, self.bound]
        common = lcm(*(v.denominator for v in numbers))
        *row, bound = (v.numerator * (common // v.denominator) for v in numbers)
        return row, bound


@dataclass(frozen=True)
class Domain:
    """lower ≤ x ≤ upper (None: no end) and every constraint. Raises DomainError when a range is
    empty.
    """

    lower: tuple[Fraction | None, ...]
    upper: tuple[Fraction | None, ...]
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        if len(self.lower) != len(self.upper):
            raise DomainError(
                f"{counted(len(self.lower), 'lower end')} but "
                f"{counted(len(self.upper), 'upper end')}"
            )
        for k, (low, high) in enumerate(zip(self.lower, self.upper, strict=True)):
            if low is not None and high is not None and low > high:
                raise DomainError(
                    f"input {k} has the empty range [{readable(low)}, {readable(high)}]: its "
                    "lower end is above its upper end"
                )
        for constraint in self.constraints:
            if len(constraint.coefficients) != self.size:
                raise DomainError(
                    f"a constraint speaks of {counted(len(constraint.coefficients), 'input')}, "
                    f"the domain has {self.size}"
                )

    @staticmethod
    def everywhere(size: int) -> Domain:
        """R^size."""
        return Domain((None,) * size, (None,) * size)

    @staticmethod
    def cube(low: Fraction | int, high: Fraction | int, size: int) -> Domain:
        """[low, high]^size."""
        return Domain((Fraction(low),) * size, (Fraction(high),) * size)

    @classmethod
    def of(cls, X: object, margin: Fraction | float | str = 0) -> Domain:
        """The box of a data set: samples first, then any shape, read in the order of memory (C).

        `margin` widens every range at both ends: a number in the data's unit, or a text such as
        "10%" of each range. Ends are exact. Raises DomainError for data without samples, with NaN
        or infinities, and for a margin that is negative or no number.
        """
        samples = _samples(X)
        low = [Fraction(v) for v in samples.min(axis=0).tolist()]
        high = [Fraction(v) for v in samples.max(axis=0).tolist()]
        fixed, share = _margin(margin)
        wider = [fixed + share * (b - a) for a, b in zip(low, high, strict=True)]
        return cls(
            tuple(a - m for a, m in zip(low, wider, strict=True)),
            tuple(b + m for b, m in zip(high, wider, strict=True)),
        )

    @property
    def size(self) -> int:
        return len(self.lower)

    @property
    def is_bounded(self) -> bool:
        return None not in self.lower and None not in self.upper

    @cached_property
    def fixed(self) -> dict[int, Fraction]:
        """The inputs whose range is one point."""
        return {
            k: low
            for k, (low, high) in enumerate(zip(self.lower, self.upper, strict=True))
            if low is not None and low == high
        }

    @cached_property
    def float_box(self) -> tuple[Floats, Floats]:
        """(lo, hi) float64, rounded outward: contains the box. Infinite where there is no end."""
        low = [-np.inf if v is None else round_down(v) for v in self.lower]
        high = [np.inf if v is None else round_up(v) for v in self.upper]
        return np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)

    @cached_property
    def is_float_box(self) -> bool:
        """Both ends of every range are float64 numbers (or absent): every float inside `float_box`
        is in the box.
        """
        return all(v is None or round_down(v) == v for v in self.lower + self.upper)

    def contains(self, point: Sequence[Fraction]) -> bool:
        inside = all(
            (low is None or low <= x) and (high is None or x <= high)
            for low, x, high in zip(self.lower, point, self.upper, strict=True)
        )
        return inside and all(constraint.holds_at(point) for constraint in self.constraints)

    def clamp(self, point: Sequence[float]) -> list[Fraction]:
        """The exact point of the box nearest to the floats `point`, coordinate by coordinate (0 for
        NaN).
        """
        clamped = []
        for low, x, high in zip(self.lower, point, self.upper, strict=True):
            value = Fraction(float(np.nan_to_num(x)))
            value = low if low is not None and value < low else value
            clamped.append(high if high is not None and value > high else value)
        return clamped

    def describe(self) -> str:
        """One line for people: as it is written in the language, unless there are many ranges or
        long numbers.
        """
        ranges = [
            f"[{_end_text(a, '-')}, {_end_text(b, '')}]"
            for a, b in zip(self.lower, self.upper, strict=True)
        ]
        if not ranges:
            return "no inputs"
        several = (
            f"[{', '.join(ranges)}]"
            if self.size <= CAPS.listed_ranges
            else f"a box of {self.size} ranges"
        )
        text = f"{ranges[0]}^{self.size}" if len(set(ranges)) == 1 else several
        return text + (
            f" with {counted(len(self.constraints), 'linear constraint')}"
            if self.constraints
            else ""
        )


def _samples(X: object) -> Floats:
    """The data as one row of float64 numbers per sample."""
    try:
        data = as_floats(np.asarray(X), "the data set")
    except ValueError as error:  # rows of different lengths, or an InputError of as_floats
        raise DomainError(
            str(error)
            if isinstance(error, InputError)
            else "the data set has rows of different lengths; give a rectangular array"
        ) from None
    if data.ndim < 2:
        raise DomainError(
            f"the data set has the shape {data.shape}; samples first and then the inputs are "
            "expected (X[None] is one sample, X[:, None] samples of one input)"
        )
    if data.size == 0:
        raise DomainError(f"the data set has the shape {data.shape}: it has no numbers")
    return data.reshape(len(data), -1)


def _margin(margin: Fraction | float | str) -> tuple[Fraction, Fraction]:
    """(absolute, share of the range) of a margin: 0.5, "1/2", "10%"."""
    text = margin.strip() if isinstance(margin, str) else ""
    try:
        exact = margin if isinstance(margin, str | Fraction | int) else float(margin)
        value = parse_rational(text.removesuffix("%")) if text else Fraction(exact)
    except (ValueError, OverflowError, TypeError):
        raise DomainError(
            f'the margin is {str(margin)[:40]!r}; a number, or a text such as "10%", is expected'
        ) from None
    if value < 0:
        raise DomainError(f"the margin is {str(margin)[:40]}; it is at least 0")
    return (Fraction(0), value / 100) if text.endswith("%") else (value, Fraction(0))


def _end_text(value: Fraction | None, sign: str) -> str:
    return f"{sign}inf" if value is None else readable(value)
