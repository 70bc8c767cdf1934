"""Functions as sums of maxima of affine forms, and what relu makes of one.

    m + relu(x3 − m), m = max(x1, x2)      →      max(x1, x2, x3)

Derivation: docs/mathematics.md#sums-of-maxima. With P the part of a sum that has positive factors
and Q that with negative ones, relu(P − Q) = max(P, Q) − Q: P and Q are convex, so max(P, Q) is the
maximum of all the forms of which either is one, and what a network adds later often cancels −Q.
Equal maxima are one part. Where the forms are too many, relu(P − Q) is a part itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.two_layers.form import AffineForm, Hinge, weighted_sum
from rectifold.two_layers.maxima import MOST_ARGUMENTS
from rectifold.two_layers.maxima_sums.corners import Ends, needed, normal, range_of, sums_of

Range = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Sum:
    """affine + Σ factor · part, by the numbers of parts; no factor is 0."""

    affine: AffineForm
    parts: Mapping[int, Fraction] = field(default_factory=dict)

    def plus(self, other: Sum, factor: Fraction = Fraction(1)) -> Sum:
        """self + factor · other."""
        parts = dict(self.parts)
        for number, own in other.parts.items():
            parts[number] = parts.get(number, Fraction(0)) + factor * own
        affine = weighted_sum((1, self.affine), (factor, other.affine))
        return Sum(affine, {number: c for number, c in parts.items() if c})

    def times(self, factor: Fraction) -> Sum:
        """factor · self."""
        return Sum((Fraction(0),) * len(self.affine)).plus(self, factor) if factor != 1 else self


@dataclass(frozen=True, eq=False)
class Part:
    """low + relu(inner), which is the maximum of the `corners` if those are known.

    `depth`: hidden layers that are enough for it. `range`: what it is between on the box.
    """

    inner: Sum
    low: Sum
    corners: tuple[Hinge, ...] | None
    depth: int
    range: Range


def depth_of_maximum(count: int) -> int | None:
    """Hidden layers known to be enough for a maximum of so many forms; None for more than three."""
    if count <= 2:
        return 1
    if count <= MOST_ARGUMENTS:
        return 2
    return 3 if count <= 2 * MOST_ARGUMENTS else None


class Parts:
    """All parts that were met on a box, each once; for a form of at most so many `layers`."""

    def __init__(self, ends: Ends, layers: int) -> None:
        self.ends = ends
        self.layers = layers
        self.found: list[Part] = []
        self._numbers: dict[object, int] = {}
        self._zero: AffineForm = (Fraction(0),) * (len(ends) + 1)

    def depth(self, total: Sum) -> int:
        """Hidden layers that are enough for a sum."""
        return max((self.found[number].depth for number in total.parts), default=0)

    def range(self, total: Sum) -> Range:
        """Bounds of a sum on the box."""
        low, high = range_of(total.affine, self.ends)
        for number, c in total.parts.items():
            least, most = self.found[number].range
            low += c * (least if c > 0 else most)
            high += c * (most if c > 0 else least)
        return low, high

    def relu(self, total: Sum) -> Sum:
        """relu of a sum. Raises InputError where it has too many layers."""
        low, high = self.range(total)
        if high <= 0:
            return Sum(self._zero)
        if low >= 0:
            return total
        negative = Sum(self._zero, {k: -c for k, c in total.parts.items() if c < 0})
        upper = self._forms(Sum(total.affine, {k: c for k, c in total.parts.items() if c > 0}))
        lower = self._forms(negative)
        if upper is None or lower is None:
            return self._itself(total)
        kept = needed(list(dict.fromkeys([*upper, *lower])), self.ends)
        if set(kept) <= set(upper):
            return total
        if set(kept) <= set(lower):
            return Sum(self._zero)
        return self._maximum(kept, total, negative).plus(negative, Fraction(-1))

    def _forms(self, total: Sum) -> list[AffineForm] | None:
        """The forms of which a sum with positive factors is the maximum; None for too many."""
        sets: list[list[AffineForm]] = [[total.affine]]
        for number, c in total.parts.items():
            corners = self.found[number].corners
            if corners is None:
                return None
            sets.append([tuple(c * v for v in corner) for corner in corners])
        return sums_of(sets, SHALLOW_EFFORT.summed_forms)

    def _maximum(self, forms: list[AffineForm], inner: Sum, low: Sum) -> Sum:
        """The maximum of forms, which is low + relu(inner)."""
        corners, base, scale = normal(forms)
        number = self._numbers.get(corners)
        if number is None:
            inner, low = inner.times(1 / scale), low.plus(Sum(base), Fraction(-1)).times(1 / scale)
            ranges = [range_of(corner, self.ends) for corner in corners]
            ends = max(low for low, _ in ranges), max(high for _, high in ranges)
            known = depth_of_maximum(len(corners))
            depth = max(self.depth(low), 1 + self.depth(inner))
            depth = depth if known is None else min(known, depth)
            number = self._add(corners, Part(inner, low, corners, depth, ends))
        return Sum(base, {number: scale})

    def _itself(self, total: Sum) -> Sum:
        """relu(total) as a part: relu(−z) is relu(z) − z, and relu(s z) is s relu(z) for s > 0."""
        first = total.parts[min(total.parts)]
        inner = total.times(1 / first)
        key = inner.affine, tuple(sorted(inner.parts.items()))
        number = self._numbers.get(key)
        if number is None:
            low, high = self.range(inner)
            zero = Fraction(0)
            ends = max(low, zero), max(high, zero)
            depth = 1 + self.depth(inner)
            if depth > self.layers:
                raise InputError(
                    f"a unit above {counted(depth - 1, 'hidden layer')} is the maximum of more "
                    f"than {SHALLOW_EFFORT.summed_forms} affine forms, too many to be one of "
                    f"{self.layers} layers"
                )
            number = self._add(key, Part(inner, Sum(self._zero), None, depth, ends))
        part = Sum(self._zero, {number: abs(first)})
        return part if first > 0 else part.plus(total)

    def _add(self, key: object, part: Part) -> int:
        self._numbers[key] = len(self.found)
        self.found.append(part)
        return len(self.found) - 1
